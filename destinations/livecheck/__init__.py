"""The live check: what to ask of a registry, what it means, and where the last result is kept."""
