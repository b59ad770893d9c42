"""DER as Go reads it: `String` of golang.org/x/crypto/cryptobyte (asn1.go, as Go 1.25.0 has it).

`cryptography`'s decoder does the reading. It is as strict as Go on lengths, integers, booleans and bit strings, but wants
to be given one element and nothing after it, where Go takes the first and often never looks at the rest. So the bytes are
cut where the element's own header says that it ends, and the decoder says whether the header is right.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, TypeVar

from cryptography.hazmat import asn1

from destinations.golang.gostrings import GoError

BOOLEAN, INTEGER, BIT_STRING, OCTET_STRING, OID = 0x01, 0x02, 0x03, 0x04, 0x06
UTC_TIME, GENERALIZED_TIME, SEQUENCE, SET = 0x17, 0x18, 0x30, 0x31
CONTEXT, CONSTRUCTED = 0x80, 0x20

_LONG_FORM = 0x80
_INT64 = range(-(2**63), 2**63)
_ARC = rb"[\x00-\x7f]|[\x81-\xff][\x80-\xff]{0,2}[\x00-\x7f]|[\x81-\x87][\x80-\xff]{3}[\x00-\x7f]"
_IDENTIFIER = re.compile(rb"(?:%b)+" % _ARC)
_DAY_TIME = rb"(0[1-9]|1[0-2])(\d\d)([01]\d|2[0-3])([0-5]\d)"
_ZONE = rb"(?:Z|(?!.0000)([+-])([01]\d|2[0-4])([0-5]\d))"  # Go writes a time again and wants the same text again
_TIMES = {
    UTC_TIME: re.compile(rb"(\d\d)" + _DAY_TIME + rb"([0-5]\d)?" + _ZONE),
    GENERALIZED_TIME: re.compile(rb"(\d{4})" + _DAY_TIME + rb"([0-5]\d)" + _ZONE),
}
_CENTURY, _CYCLE, _PIVOT = 100, 400, 50
_FIRST, _LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
_T = TypeVar("_T")


class Element(NamedTuple):
    """One element: its tag byte, its content, and the whole with its header."""

    tag: int
    content: bytes
    whole: bytes


class String:
    """Bytes that are read from the front; each method says what Go says (`otherwise`) where it raises GoError."""

    __slots__ = ("_at", "_data")

    def __init__(self, content: bytes) -> None:
        self._data, self._at = content, 0

    def __bool__(self) -> bool:
        return self._at < len(self._data)

    def peek(self, tag: int) -> bool:
        """`PeekASN1Tag`."""
        return self._at < len(self._data) and self._data[self._at] == tag

    def any(self, otherwise: str) -> Element:
        """`ReadAnyASN1` and `ReadAnyASN1Element`, of tags below 31."""
        end = self._end()
        whole = self._data[self._at : end]
        read = _decoded(asn1.TLV, whole, otherwise)
        if len(read.tag_bytes) > 1:
            raise GoError(otherwise)
        self._at = end
        return Element(whole[0], bytes(read.data), whole)

    def _end(self) -> int:
        """Return where the next element ends, by its header."""
        start = self._at + 2
        length = int.from_bytes(self._data[start - 1 : start])
        if length < _LONG_FORM:
            return start + length
        content = start + length - _LONG_FORM
        return content + int.from_bytes(self._data[start:content])

    def element(self, tag: int, otherwise: str) -> Element:
        """`ReadASN1Element`."""
        found = self.any(otherwise)
        if found.tag != tag:
            raise GoError(otherwise)
        return found

    def read(self, tag: int, otherwise: str) -> String:
        """`ReadASN1`: return the content of the next element, to be read in its turn."""
        return String(self.element(tag, otherwise).content)

    def optional(self, tag: int, otherwise: str) -> String | None:
        """`ReadOptionalASN1` and `SkipOptionalASN1`."""
        return self.read(tag, otherwise) if self.peek(tag) else None

    def integer(self, otherwise: str, *, tag: int = INTEGER, allowed: range | None = None) -> int:
        """`ReadASN1Integer`, of any size where no range is given, and `ReadASN1Int64WithTag`."""
        found = _decoded(int, bytes((INTEGER,)) + self.element(tag, otherwise).whole[1:], otherwise)
        if allowed is not None and found not in allowed:
            raise GoError(otherwise)
        return found

    def int64(self, otherwise: str, *, tag: int = INTEGER) -> int:
        """`ReadASN1Integer` into an `int`."""
        return self.integer(otherwise, tag=tag, allowed=_INT64)

    def boolean(self, otherwise: str) -> bool:
        """`ReadASN1Boolean`."""
        return _decoded(bool, self.element(BOOLEAN, otherwise).whole, otherwise)

    def bits(self, otherwise: str) -> bytes:
        """`ReadASN1BitString`, and `RightAlign` of what it reads."""
        found = _decoded(asn1.BitString, self.element(BIT_STRING, otherwise).whole, otherwise)
        content = found.as_bytes()
        return (int.from_bytes(content) >> found.padding_bits()).to_bytes(len(content))

    def identifier(self, otherwise: str) -> bytes:
        """`ReadASN1ObjectIdentifier`: return its content; every number fits 31 bits (`readBase128Int`)."""
        found = self.element(OID, otherwise).content
        if not _IDENTIFIER.fullmatch(found):
            raise GoError(otherwise)
        return found

    def time(self, tag: int, otherwise: str) -> datetime:
        """`ReadASN1UTCTime` and `ReadASN1GeneralizedTime`: return an aware time, cut to the years that Python has."""
        found = _TIMES[tag].fullmatch(self.element(tag, otherwise).content)
        if not found:
            raise GoError(otherwise)
        year, month, day, hour, minute, second, hours, minutes = (
            int(found[group] or 0) for group in (*range(1, 7), 8, 9)
        )
        if tag == UTC_TIME:
            year += 19 * _CENTURY if year >= _PIVOT else 20 * _CENTURY
        ahead = timedelta(hours=hours, minutes=minutes) * (-1 if found[7] == b"-" else 1)
        try:  # a year that Python has, too, with the same days
            moment = datetime(_CYCLE + year % _CYCLE, month, day, hour, minute, second, tzinfo=UTC)
        except ValueError:
            raise GoError(otherwise) from None
        try:
            return moment.replace(year=year) - ahead
        except (ValueError, OverflowError):
            return _LAST if year > 1 else _FIRST


def _decoded(kind: type[_T], whole: bytes, otherwise: str) -> _T:
    try:
        return asn1.decode_der(kind, whole)
    except ValueError:
        raise GoError(otherwise) from None
