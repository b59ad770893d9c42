"""The adapter to a real cluster: the only code that imports the Kubernetes client."""
