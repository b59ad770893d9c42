"""How requests come in: whole and in time or not at all, and only then to a thread that answers them."""
