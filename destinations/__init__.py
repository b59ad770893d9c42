"""The subject: export destinations, what Epinio will do with them, and how they are changed."""
