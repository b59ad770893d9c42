"""A cluster in memory, for the demo and for tests: it passes the same contract tests as the one of Kubernetes."""

from destinations.cluster.memory.cluster import InMemoryCluster, InMemoryConfigMaps

__all__ = ["InMemoryCluster", "InMemoryConfigMaps"]
