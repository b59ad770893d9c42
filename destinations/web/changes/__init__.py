"""Pages that write or check."""
