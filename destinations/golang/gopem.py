"""Go's `encoding/pem`: which blocks `pem.Decode` finds, one after the other (src/encoding/pem/pem.go)."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator
from dataclasses import dataclass, field

from destinations.golang.gobase64 import WHOLE

_BEGIN = b"-----BEGIN "
_END = b"\n-----END "
_DASHES = b"-----"


@dataclass(frozen=True, slots=True)
class Block:
    type: bytes
    headers: dict[bytes, bytes]
    content: bytes = field(repr=False)


def blocks(data: bytes) -> Iterator[Block]:
    """Yield every block that Go finds, in time linear in the input."""
    at = 0
    while at < len(data):
        found = _decode(data, at)
        if found is None:
            return
        block, at = found
        yield block


def _decode(data: bytes, start: int) -> tuple[Block, int] | None:
    """Return the next block and where to go on; positions are absolute where Go cuts slices."""
    rest = trailer = start
    while rest <= trailer <= len(data):
        rest = trailer
        end = data.find(_END, rest)
        if end < 0:
            return None
        trailer = end + len(_END)
        begin = data.rfind(_BEGIN, rest, end)
        if begin < 0 or (begin > rest and data[begin - 1 : begin] != b"\n"):
            continue
        type_line, rest = _line(data, begin + len(_BEGIN))
        if not type_line.endswith(_DASHES):
            continue
        kind = type_line.removesuffix(_DASHES)
        headers, rest = _headers(data, rest)
        if rest >= len(data):
            return None
        if (headers and end < rest) or not _closes(data, trailer, kind):
            continue
        content = _content(data[rest:end]) if end > rest else b""
        if content is not None:
            return Block(kind, headers, content), _line(data, end + len(_END) - 1)[1]
    return None


def _line(data: bytes, at: int) -> tuple[bytes, int]:
    """Return the line at a position without its end and trailing spaces, and where the next one starts."""
    newline = data.find(b"\n", at)
    if newline < 0:
        return data[at:].rstrip(b" \t"), len(data)
    return data[at:newline].removesuffix(b"\r").rstrip(b" \t"), newline + 1


def _headers(data: bytes, at: int) -> tuple[dict[bytes, bytes], int]:
    headers: dict[bytes, bytes] = {}
    while at < len(data):
        line, following = _line(data, at)
        key, colon, value = line.partition(b":")
        if not colon:
            break
        headers[key.strip()] = value.strip()
        at = following
    return headers, at


def _closes(data: bytes, trailer: int, kind: bytes) -> bool:
    """Return whether the END line is of the same type, closed by five dashes and followed by nothing but spaces."""
    stop = trailer + len(kind) + len(_DASHES)
    return data[trailer:stop] == kind + _DASHES and not _line(data, stop)[0]


def _content(body: bytes) -> bytes | None:
    plain = body.translate(None, b" \t\r\n")
    return b64decode(plain) if WHOLE.fullmatch(plain) else None
