"""The overview's rows with their counts and orders, kept by what changed, so that a page costs the same with any number."""
