"""Secrets and the values in them: read, written, cut down and hidden. Pure."""
