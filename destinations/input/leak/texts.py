"""Every text in a value, whatever wraps it: members of JSON, base64, the two halves of a pair, words. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

from destinations.golang import gojson
from destinations.golang.gobase64 import decode_leniently
from destinations.golang.gojson import Number, Value
from destinations.golang.gostrings import GoError
from destinations.verdict.parsing import field_name, members

MEMBERS = ("password", "auth", "identitytoken", "registrytoken", "username")
"""The members of an entry that a page may name; any other name may be a secret itself."""
HOST = "host"
_NAMES = {"username", "email", HOST}
_MAX_LAYERS = 5
_MAX_PIECES = 200_000
_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]+={0,2}")
_LEAST_BASE64 = 8
_WORD = re.compile(r"[^\s\"'`,;<>{}\[\]()]+")
_QUOTED = re.compile(r'"(?:[^"\\]+|\\.)*+"?', re.DOTALL)
"""A JSON text, or the beginning of one that has no end: so that none is looked for from each quotation mark again.

Possessive: there is no way back to remember, which took 30 MiB for 256 KiB.
"""
_USERINFO = re.compile(r"://([^/\s:@]{0,256}):([^/\s@]{1,4096})@")


@dataclass(frozen=True, slots=True)
class Fragment:
    """One text: the member of an entry that holds it (empty for another place), and the host key of that entry.

    `is_name` is true for a user name, an address, or a host: known to more people than a secret.
    """

    text: bytes = field(repr=False)
    member: str = ""
    host: str = field(default="", repr=False)
    is_name: bool = False


def pieces(content: bytes, member: str = "", host: str = "", *, most: int = _MAX_PIECES) -> Iterator[Fragment]:
    """Yield the content itself and every text that is wrapped in it, outer ones first; no more than so many."""
    waiting = [(Fragment(content, member, host, member in _NAMES), 0)]
    for _ in range(most):
        if not waiting:
            return
        piece, layer = waiting.pop()
        yield piece
        if layer < _MAX_LAYERS and piece.text:
            waiting += [(inner, layer + 1) for inner in islice(_inside(piece), most)]


def encoded(text: str) -> bytes:
    """Return a text as UTF-8; bytes that were not UTF-8 before are themselves again, and half characters are replaced."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace")


def words(text: str) -> Iterator[str]:
    """Yield the words of a line of a log or a command: between spaces and quotation marks, and after `=` and `:`.

    What is in quotation marks is a word, too, as JSON reads it.
    """
    for found in _QUOTED.finditer(text):
        try:
            word = json.loads(found[0], strict=False)
        except ValueError:
            continue
        yield str(word)
    for user, password in _USERINFO.findall(text):
        yield from (user, password)
    for found in _WORD.finditer(text):
        word = found[0]
        yield word
        yield word.rstrip(".:!?")
        for sign in "=:":
            before, separator, after = word.partition(sign)
            if separator:
                yield from (before, after)


def _inside(piece: Fragment) -> Iterator[Fragment]:
    bare = piece.text.strip().removeprefix(b"\xef\xbb\xbf")
    if bare[:1] in {b"{", b"[", b'"'}:
        yield from _of_json(bare, piece)
    elif len(bare) >= _LEAST_BASE64 and _BASE64.fullmatch(b"".join(bare.split())):
        decoded = decode_leniently(bare.decode("ascii"))
        if decoded and (piece.member == "auth" or decoded.lstrip()[:1] == b"{" or b":" in decoded):
            yield Fragment(decoded, piece.member, piece.host, piece.is_name)
            yield from _pair(decoded, piece)


def _pair(decoded: bytes, piece: Fragment) -> Iterator[Fragment]:
    username, colon, password = decoded.partition(b":")
    if colon and decoded[:1] != b"{":
        yield Fragment(username, "username", piece.host, is_name=True)
        yield Fragment(password, piece.member, piece.host)
        if password.endswith(b"\0"):  # Docker pads with it
            yield Fragment(password.rstrip(b"\0"), piece.member, piece.host)


def _of_json(content: bytes, piece: Fragment) -> Iterator[Fragment]:
    try:
        document = gojson.parse(content)
    except GoError:
        for word in words(content.decode("utf-8", "surrogateescape")):
            yield Fragment(encoded(word), "", piece.host)
        return
    waiting: list[tuple[str, Value, str, bool]] = [(piece.member, document, piece.host, False)]
    while waiting:  # not by recursion: a document nests as deep as someone likes
        name, value, host, is_section = waiting.pop()
        if isinstance(value, dict):
            for key, member in members(value):
                if is_section:
                    yield from _of_host(key)
                waiting.append(("" if is_section else key, member, key if is_section else host, _is_auths(key)))
        elif isinstance(value, list):
            waiting += [(name, member, host, False) for member in value]
        elif isinstance(value, str | Number):
            text = value.text if isinstance(value, Number) else value
            known = field_name(name)
            shown = known if known in MEMBERS else ""
            yield Fragment(encoded(text), shown, host, known in _NAMES)


def _of_host(key: str) -> Iterator[Fragment]:
    raw = encoded(key)
    yield Fragment(raw, HOST, is_name=True)
    userinfo, at, _ = raw.partition(b"://")[2].rpartition(b"@") if b"://" in raw else raw.rpartition(b"@")
    if at:
        username, _, password = userinfo.partition(b":")
        yield Fragment(username, HOST, is_name=True)
        yield Fragment(password, HOST)


def _is_auths(key: str) -> bool:
    return field_name(key) == "auths"
