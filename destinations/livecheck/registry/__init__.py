"""The network side of the live check: the only code of the portal that opens sockets to registries."""
