"""What a client may cost: seconds, connections, bytes."""

from __future__ import annotations

from dataclasses import dataclass
from random import SystemRandom

HEAD_SECONDS = 10.0
"""From the connection, or from the first byte on a kept one, to the end of the headers; a TLS handshake has as many."""
BODY_SECONDS = 10.0
"""From the end of the headers to the end of the body."""
SPREAD_SECONDS = 1.5
"""Up to so much more, each time by chance: those who came all at once are not all turned out, and back, at once."""
TAKEN_SECONDS = 30.0
"""A client that has not once taken all of what was sent to it within these is hung up on."""
KEEP_SECONDS = 75.0
"""Longer than proxies keep an idle connection (60 s is usual), so that they close it and never send into a closed one."""
LINGER_SECONDS = 1.0
"""A connection is closed for writing first, and this later for good: else its answer could be lost on the way."""
HEAD_BYTES = 32 * 1024
HEADERS = 100
ADDRESS_BYTES = 8 * 1024
UNREAD_BYTES = 16 * 1024 * 1024
"""Of the bodies of all connections that are still being read."""
UNSENT_BYTES = 32 * 1024 * 1024
"""Of the answers of all connections that their clients have not taken."""


def spread(seconds: float) -> float:
    return seconds + SystemRandom().random() * SPREAD_SECONDS


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one port: connections in all and of one peer, requests at once of one forwarded address, bytes of a body.

    Behind proxies the peer is a proxy, which may have all connections; then requests are counted by who it names.
    """

    connections: int
    per_address: int
    body: int
    hops: int = 0

    @property
    def per_peer(self) -> int:
        return self.connections if self.hops else self.per_address


REFUSAL = "edrportal.refusal"
"""The name in the environment (WSGI): empty where the request has a place, missing under another server."""
BUSY, CROWDED = "busy", "crowded"
TAKEN = "edrportal.taken"
"""The name beside it: by what the places are taken that a busy portal has for such requests, in words."""
