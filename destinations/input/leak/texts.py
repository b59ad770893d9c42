"""Every text in a value, whatever wraps it: members of JSON and YAML, base64, the two halves of a pair, words. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import islice

from destinations import names
from destinations.golang import gojson
from destinations.golang.gobase64 import decode_leniently
from destinations.golang.gojson import Number, Value
from destinations.golang.gostrings import GoError
from destinations.input.leak.words import is_secret_name, is_telling, labelled, words
from destinations.model import InputError
from destinations.secret import plainyaml
from destinations.verdict.parsing import field_name, members

MEMBERS = ("password", "auth", "identitytoken", "registrytoken", "username")
"""The members of an entry that a page may name; any other name may be a secret itself."""
HOST = "host"
_NAMES = {"username", "email", HOST}
_OF_OBJECTS = {"apiversion", "kind", "type", "name", "namespace", "credsstore"}
_OF_OTHERS = {"metadata", "credhelpers"}
"""Sections whose members are no secrets, but for the copy of kubectl apply."""
_MAX_LAYERS = 7
_MAX_PIECES = 200_000
_MAX_YAML = 20_000
_MAX_WORDS = 256 * 1024
_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]+={0,2}")
_LEAST_BASE64 = 8
_ESCAPE = re.compile(rb"%([0-9A-Fa-f]{2})")
_YAML = re.compile(r"""(?m)^[ \t]{0,80}(?:- )?["']?[\w./@-]{1,200}["']?:(?:[ \t]|$)""")
_SCHEME = re.compile(rb"(?i)(?:(?:proxy-)?authorization\s{0,8}:\s{0,8})?(?:basic|bearer)\s{1,8}(\S+)")
PEM = re.compile(r"-----BEGIN [^-\n]{1,60}-----[^-]*+(?:-----END [^-\n]{1,60}-----)?")
_SIGN = re.compile(r"[\s=:|,;&<>(){}\[\]\"'`\0]")
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Fragment:
    """One text: the member of an entry that holds it (empty for another place), and the host key of that entry.

    `is_name` is true for a user name, an address, or a host: known to more people than a secret. `is_loose` is true for
    a word of a longer text, and for a member that does not say what it is: it may be anything. `is_word` is true for
    what was split already.
    """

    text: bytes = field(repr=False)
    member: str = ""
    host: str = field(default="", repr=False)
    is_name: bool = False
    is_loose: bool = False
    is_word: bool = False


def pieces(content: bytes, member: str = "", host: str = "", *, most: int = _MAX_PIECES) -> Iterator[Fragment]:
    """Yield the content itself and every text that is wrapped in it, outer ones first; no more than so many."""
    return pieces_of(Fragment(content, member, host, member in _NAMES), most=most)


def pieces_of(first: Fragment, *, most: int = _MAX_PIECES) -> Iterator[Fragment]:
    """Yield a fragment and every text that is wrapped in it, outer ones first; no more than so many."""
    waiting = [(first, 0)]
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


def unescaped(raw: bytes) -> bytes:
    """Return a part of a URL (RFC 3986) decoded; `urllib` takes 40 MiB for 256 KiB of percent signs."""
    return _ESCAPE.sub(lambda found: bytes.fromhex(found[1].decode()), raw)


def of_utf16(raw: bytes) -> str:
    """Return the text of bytes in UTF-16, with its mark or, where all of it is ASCII, without; empty for others."""
    raw = raw[: len(raw) // 2 * 2]  # a line break may have lost its half
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return raw.decode("utf-16", "replace")
    for codec, zeros in (("utf-16-le", raw[1::2]), ("utf-16-be", raw[::2])):
        if len(raw) >= _LEAST_BASE64 and not any(zeros):
            return raw.decode(codec, "replace")
    return ""


def _inside(piece: Fragment) -> Iterator[Fragment]:
    if text := of_utf16(piece.text):
        yield _like(piece, encoded(text))
        return
    bare = piece.text.strip().removeprefix(_BOM)
    if piece.text.startswith(_BOM):
        yield _like(piece, bare)
    if bare[:1] in {b"{", b"[", b'"'}:
        yield from _of_json(bare, piece)
        return
    if len(bare) >= _LEAST_BASE64 and _BASE64.fullmatch(b"".join(bare.split())):
        decoded = decode_leniently(bare.decode("ascii"))
        is_sure = decoded is not None and (piece.member == "auth" or _is_text(decoded))
        if decoded and (is_sure or decoded.lstrip()[:1] == b"{" or b":" in decoded):
            yield _like(piece, decoded, loose=False if is_sure else None)
            yield from _pair(decoded, piece)
        if is_sure:
            return
    yield from _of_line(bare, piece)


def _of_line(bare: bytes, piece: Fragment) -> Iterator[Fragment]:
    """Yield what is in a text that is neither JSON nor base64."""
    if len(bare) > 1 and bare[:1] == bare[-1:] and bare[:1] in b"'`":
        yield replace(_like(piece, bare[1:-1]), is_word=True)
    if b"%" in bare and (plain := unescaped(bare)) != bare:
        yield _like(piece, plain)
    if header := _SCHEME.fullmatch(bare):
        yield _like(piece, header[1], loose=False)
    if piece.member in {"auth", "username"}:
        yield from _pair(bare, piece)
    if not (piece.member or piece.is_name or piece.is_word):
        yield from _of_text(bare[:_MAX_WORDS].decode("utf-8", "surrogateescape"), piece)


def _like(piece: Fragment, text: bytes, *, loose: bool | None = None) -> Fragment:
    is_loose = piece.is_loose if loose is None else loose
    return replace(piece, text=text, is_loose=is_loose, is_word=piece.is_word and is_loose)


def _is_text(raw: bytes) -> bool:
    """Return whether bytes are a text that people or files have: what is base64 by chance hardly ever is one."""
    try:
        text = (of_utf16(raw) or raw.decode()).strip("\0")
    except UnicodeDecodeError:
        return False
    return all(one.isprintable() or one.isspace() for one in text)


def _pair(decoded: bytes, piece: Fragment) -> Iterator[Fragment]:
    username, colon, password = decoded.strip().partition(b":")
    if not colon or decoded[:1] == b"{":
        return
    if username[:1] in {b'"', b"'"} and password[-1:] == username[:1]:
        username, password = username[1:], password[:-1]
    yield Fragment(username, "username", piece.host, is_name=True)
    yield Fragment(password, piece.member, piece.host)
    if password.endswith(b"\0"):  # Docker pads with it
        yield Fragment(password.rstrip(b"\0"), piece.member, piece.host)


def _of_text(text: str, piece: Fragment) -> Iterator[Fragment]:
    """Yield the members of YAML, and the words of anything but a PEM block."""
    if not _SIGN.search(text):
        return
    if "\n" in text and _YAML.search(text):
        yield from _of_yaml(text, piece)
    rest = PEM.sub("\n", text) if "-----BEGIN" in text else text
    for one in dict.fromkeys(labelled(rest)):
        yield Fragment(encoded(one), "", piece.host, is_word=True)
    for word in words(rest):
        yield Fragment(encoded(word), "", piece.host, is_loose=True, is_word=True)


def _of_yaml(text: str, piece: Fragment) -> Iterator[Fragment]:
    try:
        documents = plainyaml.load_all(text, most=_MAX_YAML)
    except InputError:
        return
    for document in documents:
        yield from _of_document(document, replace(piece, is_loose=True))


def _of_json(content: bytes, piece: Fragment) -> Iterator[Fragment]:
    try:
        document = gojson.parse(content)
    except GoError:
        if len(content) > 1 and content[:1] == content[-1:] == b'"':
            yield replace(_like(piece, content[1:-1]), is_word=True)
        if not (piece.member or piece.is_name or piece.is_word):
            yield from _of_text(content[:_MAX_WORDS].decode("utf-8", "surrogateescape"), piece)
        return
    yield from _of_document(document, piece)


def _of_document(document: Value, piece: Fragment) -> Iterator[Fragment]:
    waiting: list[tuple[str, Value, str, str]] = [(piece.member, document, piece.host, "")]
    while waiting:  # not by recursion: a document nests as deep as someone likes
        name, value, host, section = waiting.pop()
        if isinstance(value, dict):
            for given, member in members(value):
                key = str(given)
                if is_telling(key):
                    yield Fragment(encoded(key), "", host, is_loose=True, is_word=True)
                if section == "auths":
                    yield from _of_host(key)
                    waiting.append(("", member, key, ""))
                else:
                    waiting.append((key, member, host, _section(key, section)))
        elif isinstance(value, list):
            waiting += [(name, member, host, section) for member in value]
        elif isinstance(value, str | Number | int | float) and not isinstance(value, bool):
            text = value.text if isinstance(value, Number) else str(value)
            is_loose = piece.is_loose if value is document else not is_secret_name(name)
            yield _member(name, text, host, is_loose=is_loose, is_meta=section in _OF_OTHERS)


def _member(name: str, text: str, host: str, *, is_loose: bool, is_meta: bool) -> Fragment:
    known = field_name(name)
    shown = known if known in MEMBERS else ""
    is_name = known in _NAMES or known in _OF_OBJECTS or (is_meta and name != names.LAST_APPLIED_ANNOTATION)
    return Fragment(encoded(text), shown, host, is_name, is_loose and not shown)


def _section(key: str, around: str) -> str:
    """Return what a member is part of: the hosts, the metadata of an object, or nothing of these."""
    known = field_name(key)
    if known == "auths" or known in _OF_OTHERS:
        return known
    return around if around in _OF_OTHERS else ""


def _of_host(key: str) -> Iterator[Fragment]:
    raw = encoded(key)
    yield Fragment(raw, HOST, is_name=True)
    userinfo, at, _ = raw.partition(b"://")[2].rpartition(b"@") if b"://" in raw else raw.rpartition(b"@")
    if at:
        username, _, password = userinfo.partition(b":")
        yield Fragment(username, HOST, is_name=True)
        yield Fragment(password, HOST)
        if b"%" in userinfo:
            yield Fragment(unescaped(username), HOST, is_name=True)
            yield Fragment(unescaped(password), HOST)
