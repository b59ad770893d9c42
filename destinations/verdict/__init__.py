"""What Epinio will do with a destination: pure rules, one module per stage or per borrowed Go rule."""
