"""What our own server tells the application of a request that it did not read, or found no place for."""

from __future__ import annotations

REFUSAL = "edrportal.refusal"
"""The name in the environment (WSGI): empty where the request has a place, missing under another server."""
BUSY, CROWDED = "busy", "crowded"
