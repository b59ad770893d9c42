"""Settings from the environment, checked when a server starts."""
