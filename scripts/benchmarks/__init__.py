"""The parts of `make benchmark`."""
