"""The site: settings, addresses, logs."""

__version__ = "0.1.0"
