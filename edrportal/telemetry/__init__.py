"""What the portal looks like from outside, on a port of its own."""
