"""What a text of certificates may be wrapped in: UTF-16, a byte order mark, base64, escapes of a URL or of HTML. Pure."""

from __future__ import annotations

import html
import re
import warnings
from dataclasses import dataclass
from urllib.parse import unquote

from cryptography.exceptions import InternalError, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, load_der_private_key, pkcs7

from destinations.golang import gox509
from destinations.golang.gobase64 import decode_leniently
from destinations.golang.gox509 import GoCertificate

_BASE64_TEXT = re.compile(r"[A-Za-z0-9+/_\s-]*={0,2}")
_BASE64_OF_PEM = re.compile(r"LS0tLS1CRUdJTi[A-Za-z0-9+/]*={0,2}")
"""base64 of `-----BEGIN `: a block inside a manifest."""
_LONG_RUN = re.compile(r"[A-Za-z0-9+/]{200,}={0,2}")
"""What may be a block in base64 that begins with a comment or an empty line; most are bodies on one line."""
_DER = {bytes([0x30, size]) for size in (0x80, 0x81, 0x82, 0x83)}
_LEAST = 40
_MAX_LAYERS = 4


@dataclass(frozen=True, slots=True)
class Unwrapped:
    """The text inside, or the bytes (`data`) if there is no text; and what had to be done, as clauses."""

    text: str
    data: bytes
    notes: tuple[str, ...]


def unwrap(raw: bytes) -> Unwrapped:
    """Return what the bytes hold. A text that is not UTF-8 keeps its foreign bytes as surrogates."""
    notes: list[str] = []
    data, text = raw, ""
    for _ in range(_MAX_LAYERS):
        text, said = _text(data)
        inner, decoded = _decoded(text)
        notes += [*said, *decoded]
        if inner is None:
            break
        data = inner
    text, said = _unescaped(text)
    return Unwrapped(text, data, tuple(dict.fromkeys([*notes, *said])))


def _text(data: bytes) -> tuple[str, list[str]]:
    codec, name = "utf-8", ""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        codec, name = "utf-16", "UTF-16"
    elif b"\0-\0-\0-" in data[:400] or b"-\0-\0-\0" in data[:400]:
        big = data.find(b"\0-\0-") % 2 == 0 and data[:1] == b"\0"
        codec, name = ("utf-16-be" if big else "utf-16-le"), "UTF-16"
    text = data.decode(codec, "surrogateescape" if codec == "utf-8" else "replace")
    said = ["It was UTF-16 text and was converted."] if name else []
    if "\ufeff" in text:
        text = text.replace("\ufeff", "")
        said += [] if name else ["A byte order mark was removed."]
    return text, said


def _decoded(text: str) -> tuple[bytes | None, list[str]]:
    """Return what is in base64 as a whole or in part, where a PEM text or DER is inside."""
    whole = text.strip().strip("\"'")
    if len(whole) >= _LEAST and _BASE64_TEXT.fullmatch(whole):
        found = decode_leniently(whole)
        if found and (b"BEGIN " in found or found[:14] == b"LS0tLS1CRUdJTi"):
            return found, ["It was base64-encoded once too often and was decoded."]
        if found and found[:2] in _DER:
            return found, ["It had no BEGIN and END lines, which were added."]
    inner = _BASE64_OF_PEM.sub(_replacement, text) if "LS0tLS1CRUdJTi" in text else text
    inner = _LONG_RUN.sub(_replacement_of_run, inner)
    if inner == text:
        return None, []
    return inner.encode("utf-8", "surrogateescape"), ["A part that was base64-encoded was decoded."]


def _replacement(found: re.Match[str]) -> str:
    inner = decode_leniently(found[0])
    return found[0] if inner is None else "\n" + inner.decode("utf-8", "surrogateescape") + "\n"


def _replacement_of_run(found: re.Match[str]) -> str:
    inner = decode_leniently(found[0]) or b""
    return _replacement(found) if b"-----BEGIN " in inner or inner[:14] == b"LS0tLS1CRUdJTi" else found[0]


def _unescaped(text: str) -> tuple[str, list[str]]:
    said = ["Escaped characters were replaced."]
    if re.search(r"BEGIN(?:%20|\+)[A-Z0-9]", text):
        return unquote(text.replace("BEGIN+", "BEGIN ").replace("END+", "END ")), said
    if re.search(r"&#(?:[0-9]{1,5}|x[0-9A-Fa-f]{1,5});", text):
        return html.unescape(text), said
    return text, []


_CAPITALS = re.compile(rb"[A-Z0-9 ]{17,}")  # as many as the shortest line of a key has: BEGIN PRIVATE KEY
_BASE64_LINE = re.compile(r"[A-Za-z0-9+/]+={0,2}")
_JSON = {"\\u002b": "+", "\\u002B": "+", "\\u002f": "/", "\\u002F": "/", "\\u003d": "=", "\\u003D": "=", "\\/": "/"}
_JOINER = re.compile(r"[\"'][ \t]*[+.][ \t]*$")
_HEADER = re.compile(r"[A-Za-z][A-Za-z0-9 -]{0,40}:")
EDGE = " \t\f\x1a\u00a0\u200b\u200c\u200d\u2060\"'`,;\\"
COMMENT_SIGNS = "#;*>|!%"
PKCS7 = bytes.fromhex("2a864886f70d010702")
_LONG = 128
ESCAPED_BREAK = re.compile(r"\\{1,4}[rnt]")


def is_key(content: bytes) -> bool:
    """Return whether there is a private key: as PEM, or as DER alone."""
    if _names_a_key(content):
        return True
    if content[:1] != b"\x30":
        return False
    try:
        load_der_private_key(content, None)
    except TypeError:  # encrypted
        return True
    except (ValueError, UnsupportedAlgorithm, InternalError):
        return False
    return True


def _names_a_key(content: bytes) -> bool:
    """Return whether a line `BEGIN … PRIVATE KEY` or the end of one is there, also within a line."""
    if b"PRIVATE KEY" not in content:
        return False
    return b"PRIVATE KEY-----" in content or any(
        b"PRIVATE KEY" in run.partition(b"BEGIN ")[2] for run in _CAPITALS.findall(content)
    )


def of_file(data: bytes) -> tuple[GoCertificate, ...]:
    """Return the certificates of DER, one after the other, or of PKCS#7."""
    if data[:1] != b"\x30":
        return ()
    if PKCS7 in data[:64]:
        return _of_pkcs7(data)
    found, rest = [], data
    while rest:
        size = _size(rest)
        parsed = gox509.parse(rest[:size]) if 0 < size <= len(rest) else None
        if parsed is None:
            return ()
        found.append(parsed)
        rest = rest[size:].lstrip(b"\r\n\0")
    return tuple(found)


def of_block(label: str, der: bytes) -> tuple[GoCertificate, ...]:
    """Return the certificates in the bytes of one block, none where they are not whole."""
    if PKCS7 in der[:64]:
        return _of_pkcs7(der)
    parsed = gox509.parse(der)
    if parsed is None and label == "TRUSTED CERTIFICATE":  # what OpenSSL trusts it for is behind it
        parsed = gox509.parse(der[: _size(der)])
    return (parsed,) if parsed else ()


def _of_pkcs7(der: bytes) -> tuple[GoCertificate, ...]:
    """Return all certificates, none where Go refuses one of them."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            held = pkcs7.load_der_pkcs7_certificates(der)
            found = [gox509.parse(one.public_bytes(Encoding.DER)) for one in held]
    except (ValueError, UnsupportedAlgorithm, InternalError):
        return ()
    return tuple(one for one in found if one) if all(found) else ()


def _size(der: bytes) -> int:
    """Return how long the element at the beginning is, 0 where that cannot be told."""
    if len(der) < 2:  # noqa: PLR2004 - tag and length
        return 0
    if der[1] < _LONG:
        return 2 + der[1]
    count = der[1] - _LONG
    return 2 + count + int.from_bytes(der[2 : 2 + count], "big") if 0 < count <= 4 else 0  # noqa: PLR2004


def body(text: str, prefix: str) -> tuple[str, bool]:
    """Return the base64 of a block without what does not belong to it, and whether header lines were dropped."""
    sign = prefix.strip()
    for escaped, char in _JSON.items():
        text = text.replace(escaped, char)
    kept: list[str] = []
    dropped = False
    for line in (part for whole in text.splitlines() for part in ESCAPED_BREAK.split(_JOINER.sub("", whole))):
        plain = line.strip(EDGE)
        if not plain:
            continue
        if sign and len(sign) <= 3:  # noqa: PLR2004 - a comment sign, no text
            plain = plain.removeprefix(sign).strip(EDGE)
        if not kept and _HEADER.match(plain):
            dropped = True
            continue
        kept.append(plain.lstrip(COMMENT_SIGNS).strip(EDGE))
    return "".join(kept), dropped


def tail(text: str) -> bytes | None:
    """Return the base64 that ends before an END line without a BEGIN line."""
    kept: list[str] = []
    for line in reversed(text.splitlines()):
        plain = line.strip(EDGE)
        if plain and not is_base64(plain):
            break
        kept.append(plain)
    return decode_leniently("".join(reversed(kept)))


def is_base64(line: str) -> bool:
    return _BASE64_LINE.fullmatch(line) is not None
