"""A leaked credential: what was pasted, where it is stored, and which destinations have the same credentials. Pure."""
