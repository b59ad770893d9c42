"""Just enough DER to look at a certificate where `cryptography` is laxer than Go (X.690)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

INTEGER = 0x02
BIT_STRING = 0x03
NULL = 0x05
OID = 0x06
SEQUENCE = 0x30
SET = 0x31
_LONG_FORM = 0x80


class DERError(ValueError):
    """Bytes that are no DER."""


@dataclass(frozen=True, slots=True)
class Element:
    """One element: the tag byte and the content."""

    tag: int
    content: bytes

    def children(self) -> list[Element]:
        """Return the elements inside. Raises DERError."""
        return list(elements(self.content))


def elements(data: bytes) -> Iterator[Element]:
    """Yield the elements that stand one after the other. Raises DERError."""
    at = 0
    while at < len(data):
        tag, length, start = _head(data, at)
        at = start + length
        if at > len(data):
            raise DERError("truncated")
        yield Element(tag, data[start:at])


def _head(data: bytes, at: int) -> tuple[int, int, int]:
    if at + 2 > len(data):
        raise DERError("truncated")
    tag, first = data[at], data[at + 1]
    if first < _LONG_FORM:
        return tag, first, at + 2
    count = first - _LONG_FORM
    start = at + 2 + count
    if not count or start > len(data):
        raise DERError("bad length")
    return tag, int.from_bytes(data[at + 2 : start]), start
