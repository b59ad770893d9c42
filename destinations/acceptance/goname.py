"""Which names Go reads in a certificate: `parseName` and `parseASN1String` (src/crypto/x509/parser.go)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from destinations.acceptance.der import OID, SEQUENCE, SET

if TYPE_CHECKING:
    from collections.abc import Callable

    from destinations.acceptance.der import Element

_UTF8_STRING, _PRINTABLE_STRING = 0x0C, 0x13
_SHORT = 0x80
_PRINTABLE = re.compile(rb"[a-zA-Z0-9'()*+,\-./ :=?&]*")
_NUMERIC = re.compile(rb"[0-9 ]*")
_RESERVED = ({0xFFFE, 0xFFFF}, range(0xFDD0, 0xFDF0), range(0xD800, 0xE000))


def is_name(name: Element) -> bool:
    """Say whether Go reads this name. Raises DERError for what is no DER."""
    return name.tag == SEQUENCE and all(
        part.tag == SET and all(_is_attribute(attribute) for attribute in part.children()) for part in name.children()
    )


def readable(content: bytes, name: Element) -> bytes:
    """Return a certificate with texts of this name retagged that Go reads and `cryptography` does not.

    Go lets `*` and `&` stand in a PrintableString, as some CA certificates have them. Only to look at, never to store.
    """
    for part in name.children():
        for attribute in part.children():
            kind, value = attribute.children()[:2]
            if kind.tag == OID and value.tag == _PRINTABLE_STRING and len(value.content) < _SHORT:
                ending = bytes([len(value.content)]) + value.content
                content = content.replace(bytes([_PRINTABLE_STRING]) + ending, bytes([_UTF8_STRING]) + ending)
    return content


def _is_attribute(attribute: Element) -> bool:
    if attribute.tag != SEQUENCE:
        return False
    kind, value, *_ = [*attribute.children(), attribute, attribute]
    reads = _STRINGS.get(value.tag)
    return kind.tag == OID and reads is not None and reads(value.content)


def _is_utf8(value: bytes) -> bool:
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True


def _is_bmp(value: bytes) -> bool:
    points = [int.from_bytes(value[at : at + 2]) for at in range(0, len(value), 2)]
    return len(value) % 2 == 0 and not any(point in reserved for point in points for reserved in _RESERVED)


_STRINGS: dict[int, Callable[[bytes], bool]] = {
    _UTF8_STRING: _is_utf8,
    0x12: lambda value: _NUMERIC.fullmatch(value) is not None,
    _PRINTABLE_STRING: lambda value: _PRINTABLE.fullmatch(value) is not None,
    0x14: lambda _: True,  # T61String, read as Latin-1
    0x16: lambda value: value.isascii(),
    0x1E: _is_bmp,
}
