"""The API server's watch on the wire: one JSON object a line, until the server ends the stream."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from urllib3.exceptions import HTTPError

from destinations.cluster import wire
from destinations.cluster.port import Change, Unreachable
from destinations.model import Secret
from destinations.secret.codec import read_secret

_CHUNK = 64 * 1024
_KINDS = {"ADDED", "MODIFIED", "DELETED"}


def _read_secret(item: Any) -> Secret:  # noqa: ANN401 - whatever stands in the stream
    return read_secret(wire.with_kind(item))


def changes(answer: Any, read: Callable[[Any], Secret] = _read_secret) -> Iterator[Change]:  # noqa: ANN401
    """Yield the changes in a response of urllib3 and close it; `read` makes the value of an object.

    A cut, a silence, half a line or a word of trouble raises Unreachable; a stream that ends in order just ends.
    """
    for line in _lines(answer):
        yield _change(line, read)


def _lines(answer: Any) -> Iterator[bytes]:  # noqa: ANN401
    rest = bytearray()
    broken = False
    try:
        for chunk in answer.stream(_CHUNK, decode_content=True):
            rest += chunk
            if b"\n" in chunk:
                *whole, rest = rest.split(b"\n")
                yield from (bytes(line) for line in whole if line)
    except (HTTPError, OSError):
        broken = True  # not `raise … from None` here: even a context of the client's may hold a body
    finally:
        answer.close()
    if broken or rest:
        raise Unreachable("WatchBroke")


def _change(line: bytes, read: Callable[[Any], Secret]) -> Change:
    try:
        event = json.loads(line)
        kind, item = event["type"], event["object"]
        if kind == "ERROR":
            change = Unreachable("Expired", status=int(item.get("code") or 0))
        elif kind == "BOOKMARK":
            return Change(item["metadata"]["resourceVersion"])
        elif kind in _KINDS:
            return Change(item["metadata"]["resourceVersion"], read(item), kind == "DELETED")
        else:
            change = Unreachable("NoUsableAnswer", status=200)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        change = Unreachable("NoUsableAnswer", status=200)
    raise change
