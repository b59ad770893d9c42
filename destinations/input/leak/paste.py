"""What someone pasted that leaked, in every form in which it may be stored. Pure; nothing here prints it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from destinations.input.leak import keypairs
from destinations.input.leak.texts import encoded, pieces, words
from destinations.model import InputError, UserError
from destinations.secret import plainyaml

MAX_BYTES = 256 * 1024
LEAST = 4
"""Characters: anything shorter is in too many places by chance."""
_LEAST_WORD = 6
_ESCAPE = re.compile(rb"%([0-9A-Fa-f]{2})")
_MOST = 20_000
_UNUSABLE = 422
_HEADER = re.compile(r"(?i)\A\s*(?:(?:proxy-)?authorization\s*:\s*)?(?:basic|bearer)\s+(\S+)\s*\Z")
_DOCUMENT = re.compile(r"\A\s*(?:[{\[]|---|(?:apiVersion|kind|metadata|data|stringData|auths)\s*:)")
EMPTY = UserError("Nothing was pasted.", "Paste a token, a password, a user name, a file, or a private key.", _UNUSABLE)
SHORT = UserError(
    f"The value has fewer than {LEAST} characters, so it is found in too many places by chance.",
    "Paste the whole value.",
    _UNUSABLE,
)
LONG = UserError("The text is larger than 256 KiB.", "Paste only the part that contains the credentials.", _UNUSABLE)
MANY = UserError("The text contains too many values.", "Paste only the part that contains the credentials.", _UNUSABLE)
LOCKED = UserError(
    "The private key is encrypted or damaged, so its certificates cannot be found.",
    "Decrypt it first, for example with openssl pkey, and paste the result.",
    _UNUSABLE,
)


class How(StrEnum):
    """How the pasted text has to be read to be what is stored: from the closest to the loosest."""

    EXACT = ""
    TRIMMED = "without the spaces or line breaks around it"
    DECODED = "in another encoding"
    PART = "a part of what was pasted"


RANKS = {how: rank for rank, how in enumerate(How)}


@dataclass(frozen=True, slots=True)
class Pasted:
    """The forms of a pasted text, each with how it is one, and the public keys of the private keys in it.

    `names` has those forms that may also be a user name: those of a value that was pasted alone.
    """

    kind: str
    forms: dict[bytes, How] = field(repr=False)
    names: frozenset[bytes] = field(default=frozenset(), repr=False)
    keys: frozenset[bytes] = field(default=frozenset(), repr=False)


def read(raw: bytes) -> Pasted:
    """Return what was pasted. Raises UserError (422) for nothing, too little, too much, and an encrypted key alone."""
    if len(raw) > MAX_BYTES:
        raise LONG
    text = _text(raw)
    if not text.strip():
        raise EMPTY
    if len(text.strip()) < LEAST:
        raise SHORT
    forms: dict[bytes, How] = {}
    for how, form in _all_forms(text, raw):
        if len(form) >= LEAST and (form not in forms or RANKS[how] < RANKS[forms[form]]):
            forms[form] = how
        if len(forms) > _MOST:
            raise MANY
    keys = keypairs.of_private_keys(forms)
    if "PRIVATE KEY-----" in text and not keys:
        raise LOCKED
    alone = not (_is_document(text) or "\n" in text.strip())
    names = frozenset(form for form, how in forms.items() if how is not How.PART) if alone else frozenset()
    return Pasted(_kind(text, keys), forms, names, keys)


def _kind(text: str, keys: frozenset[bytes]) -> str:
    if keys:
        return "a private key"
    return "a file with credentials" if _is_document(text) else "a value"


def _is_document(text: str) -> bool:
    return bool(_DOCUMENT.match(text))


def _text(raw: bytes) -> str:
    """Return the text with line feeds alone; what is not UTF-8 is read as Latin-1."""
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return raw.decode("utf-16", "replace").replace("\r\n", "\n")
    for encoding, high in (("utf-16-le", raw[1::2]), ("utf-16-be", raw[::2])):  # as a pipe on Windows may send it
        if high and not high.strip(b"\0"):
            return raw.decode(encoding, "replace").replace("\r\n", "\n")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    return text.replace("\r\n", "\n")


def _all_forms(text: str, raw: bytes) -> Iterator[tuple[How, bytes]]:
    yield How.EXACT, raw
    bare = text.strip()
    for how, one in ((How.EXACT, text), (How.TRIMMED, bare), *_decoded(bare)):
        for form in _encodings(one):
            yield how if form == encoded(one) else max(how, How.DECODED, key=RANKS.__getitem__), form
        inside = How.EXACT if _is_document(text) else How.DECODED
        yield from ((inside, found) for found in _secrets_in(one, after=1))
    for one in _of_document(bare):
        yield from ((How.EXACT, found) for found in _secrets_in(one))
    for one in dict.fromkeys(words(bare)):
        yield from ((How.PART, form) for form in _of_word(one))


def _secrets_in(text: str, after: int = 0) -> Iterator[bytes]:
    """Yield what is wrapped in a text and is no name, without so many of the outermost. Raises UserError for too many."""
    for number, piece in enumerate(pieces(encoded(text), most=_MOST + 2)):
        if number > _MOST:
            raise MANY
        if number >= after and not piece.is_name:
            yield piece.text


def _decoded(bare: str) -> Iterator[tuple[How, str]]:
    """Yield the text without quotation marks, the escapes of a URL, or the name of a header in front."""
    if len(bare) > 1 and bare[0] == bare[-1] and bare[0] in "\"'`":
        yield How.TRIMMED, bare[1:-1]
    if "%" in bare:
        yield How.DECODED, _unescaped(bare)
        yield How.DECODED, _unescaped(bare.replace("+", " "))
    elif "+" in bare:
        yield How.DECODED, bare.replace("+", " ")
    if header := _HEADER.match(bare):
        yield How.DECODED, header[1]
    if "\\n" in bare:
        yield How.DECODED, bare.replace("\\r", "").replace("\\n", "\n")


def _unescaped(text: str) -> str:
    """Return the text of a part of a URL (RFC 3986); `urllib` takes 40 MiB for 256 KiB of percent signs."""
    raw = _ESCAPE.sub(lambda found: bytes.fromhex(found[1].decode()), encoded(text))
    return raw.decode("utf-8", "surrogateescape")


def _encodings(text: str) -> Iterator[bytes]:
    """Yield the text as UTF-8 and as Latin-1, with accents as one character and as two."""
    for one in dict.fromkeys([text, unicodedata.normalize("NFC", text), unicodedata.normalize("NFD", text)]):
        yield encoded(one)
        try:
            yield one.encode("latin-1")
        except UnicodeEncodeError:
            continue


def _of_document(bare: str) -> Iterator[str]:
    """Yield every text of a manifest in YAML but names; nothing for what is no document."""
    if not _is_document(bare) or bare[0] in "{[":  # JSON was read already
        return
    try:
        waiting: list[object] = list(plainyaml.load_all(bare, most=_MOST))
    except InputError:
        return
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            waiting += [value for key, value in one.items() if str(key).lower() not in {"username", "email", "name"}]
        elif isinstance(one, list):
            waiting += one
        elif isinstance(one, str):
            yield one


def _of_word(word: str) -> Iterator[bytes]:
    if len(word) < _LEAST_WORD:
        return
    yield from _encodings(word)
    if "%" in word:
        yield from _encodings(_unescaped(word))
    for piece in pieces(encoded(word)):
        if not piece.is_name and len(piece.text) >= _LEAST_WORD:
            yield piece.text
