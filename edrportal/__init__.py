"""The site: settings, addresses, logs."""
