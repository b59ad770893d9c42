"""The demo: an in-memory cluster of telling destinations, and a registry on loopback."""
