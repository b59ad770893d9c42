"""Why TLS failed, more exactly than the handshake says: looks once more, and sends nothing that is secret."""

from __future__ import annotations

from destinations.livecheck.registry import trust, wire
from destinations.livecheck.registry.channel import Channel
from destinations.livecheck.registry.guard import Approved
from destinations.livecheck.registry.port import Code
from destinations.livecheck.registry.stops import Stop
from destinations.livecheck.registry.trouble import Trouble
from destinations.livecheck.registry.trust import TlsError
from destinations.livecheck.registry.watch import Watch

_HTTP = b"HTTP/"


def explained(error: TlsError, chain: tuple[bytes, ...]) -> Stop:
    """Return how the stage ends; `chain` is what the server presents."""
    if error.code is Code.NAME_MISMATCH and trust.has_only_a_common_name(chain):
        return Stop(Code.COMMON_NAME_ONLY)
    return Stop(error.code)


def chain_of(approved: Approved, watch: Watch) -> tuple[bytes, ...]:
    """Return the chain of a server that nobody trusts, empty where it shows none in time."""
    channel = Channel(approved, None, watch)
    try:
        return channel.handshake()
    except (trust.TlsError, Trouble):
        return ()
    finally:
        channel.close()


def speaks_plain_http(approved: Approved, watch: Watch) -> bool:
    """Say whether the port answers a bare request by HTTP without TLS, as Helm finds out too. Raises OutOfTime."""
    try:
        with wire.connect(approved, watch) as sock:
            wire.send(sock, f"GET /v2/ HTTP/1.0\r\nHost: {approved.name}\r\n\r\n".encode("ascii"), watch.deadline)
            with wire.Reader(sock, watch.deadline).makefile() as answer:
                return answer.read(len(_HTTP)) == _HTTP
    except Trouble:
        _ = watch.deadline.left
        return False
