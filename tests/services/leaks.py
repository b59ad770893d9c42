"""Canaries and the search for them: in ten encodings, also inside gzip members."""

from __future__ import annotations

import html
import json
import re
import secrets
import zlib
from base64 import b64decode, b64encode
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

if TYPE_CHECKING:
    from collections.abc import Iterator

_SPECIAL = "\"'&<%+\\ü"
_BEGINNING = "canary"
PIECE = 1 << 16
"""So many bytes of a gzip member are packed or unpacked at a time."""

_ID_BYTES = 6
_known: dict[str, str] = {}
_patterns: dict[str, dict[bytes, str]] = {}
_GZIP = b"\x1f\x8b\x08"
_BASE64_RUN = re.compile(rb"[A-Za-z0-9+/_-]{24,}")


@dataclass(frozen=True, slots=True)
class Hit:
    """Which canary was found, in which encoding, at which byte. Never the canary itself."""

    label: str
    encoding: str
    at: int


def known(text: str) -> str:
    """Return a text that from now on is looked for in all that the tests print."""
    _known[text] = f"{text[:3]}…{len(_known)}"
    return text


def canary(label: str, *, special: bool = True) -> str:
    """Return a new secret; `special` gives it characters that every encoding changes."""
    stem = _BEGINNING + secrets.token_hex(_ID_BYTES)
    for encoding, pattern in _stem_patterns(stem):
        _STEMS[encoding].labels[pattern] = label
    return stem + (f"{_SPECIAL}{secrets.token_hex(4)}" if special else "")


def find(haystack: bytes) -> list[Hit]:
    """Return every known text in the bytes; of a canary its beginning is enough, which is its own."""
    return list(
        dict.fromkeys(
            Hit(label, f"{encoding}{where}", start + at)
            for part, start, where in _parts(haystack)
            for label, encoding, at in (*_canaries_in(part), *_known_in(part))
        )
    )


def _canaries_in(part: bytes) -> Iterator[tuple[str, str, int]]:
    """Look for what all of the thousands begin with, and only there for which one it is."""
    for encoding, beginning in _STEMS.items():
        at = part.find(beginning.pattern)
        while at >= 0:
            if label := beginning.labels.get(part[at : at + beginning.length]):
                yield label, encoding, at
            at = part.find(beginning.pattern, at + 1)


def _known_in(part: bytes) -> Iterator[tuple[str, str, int]]:
    for text, label in _known.items():
        for pattern, encoding in _of(text).items():
            at = part.find(pattern)
            if at >= 0:
                yield label, encoding, at


def _parts(haystack: bytes) -> Iterator[tuple[bytes, int, str]]:
    """Yield the bytes, and what is packed into them by gzip, bare or in base64: where each piece begins, and in what."""
    yield haystack, 0, ""
    sources = [haystack]
    sources += [_decoded(run[0]) for at in _places(haystack, b"H4sI") if (run := _BASE64_RUN.match(haystack, at))]
    for source in sources:
        for at in _places(source, _GZIP):
            yield from _unpacked(memoryview(source)[at:])


def _places(haystack: bytes, word: bytes) -> Iterator[int]:
    at = haystack.find(word)
    while at >= 0:
        yield at
        at = haystack.find(word, at + 1)


def _unpacked(packed: memoryview) -> Iterator[tuple[bytes, int, str]]:
    """Yield what a member of gzip holds, however much that is, in pieces that overlap by the longest pattern."""
    longest = max(*(stem.length for stem in _STEMS.values()), *(len(one) for text in _known for one in _of(text)))
    inflating, piece, start = zlib.decompressobj(wbits=31), b"", 0
    with suppress(zlib.error):
        for at in range(0, len(packed), PIECE):
            rest: bytes | memoryview = packed[at : at + PIECE]
            while more := inflating.decompress(rest, PIECE):
                kept = piece[-longest:]
                start += len(piece) - len(kept)
                piece, rest = kept + more, inflating.unconsumed_tail
                yield piece, start, " in gzip"
            if inflating.eof:
                return


def _decoded(run: bytes) -> bytes:
    plain = run.replace(b"-", b"+").replace(b"_", b"/")
    return b64decode(plain[: len(plain) // 4 * 4])


def _of(text: str) -> dict[bytes, str]:
    """Return each different spelling of a text once, with the name of the first encoding that has it."""
    if text not in _patterns:
        spellings: dict[bytes, str] = {}
        for encoding, pattern in _spelled(text):
            spellings.setdefault(pattern, encoding)
        _patterns[text] = spellings
    return _patterns[text]


def _spelled(text: str) -> Iterator[tuple[str, bytes]]:
    raw = text.encode()
    yield "raw", raw
    for offset in range(3):
        piece = _inside_base64(raw, offset)
        yield f"base64 at {offset}", piece
        yield f"base64url at {offset}", piece.replace(b"+", b"-").replace(b"/", b"_")
    for name, quoted in (("URL", quote(text, safe="")), ("URL, slashes", quote(text)), ("form", quote_plus(text))):
        yield name, quoted.encode()
        yield f"{name}, lower", re.sub("%[0-9A-F]{2}", lambda match: match[0].lower(), quoted).encode()
    yield "JSON", json.dumps(text)[1:-1].encode()
    yield "JSON, UTF-8", json.dumps(text, ensure_ascii=False)[1:-1].encode()
    yield "HTML", html.escape(text).encode()
    yield "HTML, decimal", html.escape(text).replace("&#x27;", "&#39;").encode()
    yield "HTML, ASCII", html.escape(text).encode("ascii", "xmlcharrefreplace")
    yield "HTML of JSON", html.escape(json.dumps(text)[1:-1]).encode()
    yield "HTML of repr", html.escape(repr(text)[1:-1]).encode()
    yield "hex", raw.hex().encode()
    yield "HEX", raw.hex().upper().encode()
    yield "repr", repr(text)[1:-1].encode()
    yield "ascii", ascii(text)[1:-1].encode()
    yield "bytes repr", repr(raw)[2:-1].encode()
    yield "UTF-16", text.encode("utf-16-le")


def _inside_base64(raw: bytes, offset: int) -> bytes:
    """Return the part of a base64 text that the bytes determine alone where they begin at this offset of three."""
    coded = b64encode(b"\0" * offset + raw).rstrip(b"=")
    start = {0: 0, 1: 2, 2: 3}[offset]
    end = (offset + len(raw)) * 8 // 6
    return coded[start:end]


def _stem_patterns(text: str) -> Iterator[tuple[str, bytes]]:
    """Yield letters and digits as each encoding leaves or changes them; most leave them alone."""
    raw = text.encode()
    yield "plain", raw
    for offset in range(3):
        yield f"base64 at {offset}", _inside_base64(raw, offset)
    yield "hex", raw.hex().encode()
    yield "HEX", raw.hex().upper().encode()
    yield "UTF-16", text.encode("utf-16-le")


@dataclass(frozen=True, slots=True)
class _Stem:
    """What every canary begins with in one encoding, how long its own beginning is, and whose that is."""

    pattern: bytes
    length: int
    labels: dict[bytes, str] = field(default_factory=dict)


_STEMS = {
    encoding: _Stem(pattern, len(whole))
    for (encoding, pattern), (_, whole) in zip(
        _stem_patterns(_BEGINNING), _stem_patterns(_BEGINNING + "0" * 2 * _ID_BYTES), strict=True
    )
}
