"""The pages: requests in, HTML and JSON out."""
