"""The warning webhook: TLS on a port of its own, which only the API server has to reach."""
