"""What Go's readers and writers do with a text, rule by rule. Pure."""
