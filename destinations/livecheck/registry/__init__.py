"""The live check's hands: the only code of the portal that opens sockets to registries."""
