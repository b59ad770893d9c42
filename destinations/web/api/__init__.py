"""The JSON interface for scripts."""
