"""What someone pasted that leaked, in every form in which it may be stored. Pure; nothing here prints it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from destinations.golang import gojson
from destinations.golang.gobase64 import decode_leniently
from destinations.golang.gostrings import GoError
from destinations.input.leak import keypairs
from destinations.input.leak.texts import PEM, encoded, of_utf16, pieces, unescaped
from destinations.model import UserError

MAX_BYTES = 256 * 1024
LEAST = 4
"""Characters: anything shorter is in too many places by chance."""
_LEAST_WORD = 6
_MOST = 20_000
_MOST_PIECES = 200_000
_AROUND = "\"'`\u201c\u201d\u201e\u2018\u2019\u201a\u00ab\u00bb\u00ad\u200b\u200c\u200d\u2060\ufeff"
_UNUSABLE = 422
_HEADER = re.compile(r"(?i)(?:(?:proxy-)?authorization\s*:\s*)?(?:basic|bearer)\s+(\S.*)")
_DOCUMENT = re.compile(
    r"(?:\s|#[^\n]*+(?:\n|\Z))*+(?:[{\[]|---(?!-)|(?:apiVersion|kind|metadata|data|stringData|auths)\s*:)"
)
_CONTROLS = frozenset(map(chr, (*range(7), *range(14, 27), *range(28, 32), 127)))
_LEAST_CONTROLS, _MOST_CONTROLS = 8, 0.1
EMPTY = UserError("Nothing was pasted.", "Paste a token, a password, a user name, a file, or a private key.", _UNUSABLE)
SHORT = UserError(
    f"The value has fewer than {LEAST} characters, so it is found in too many places by chance.",
    "Paste the whole value.",
    _UNUSABLE,
)
LONG = UserError("The text is larger than 256 KiB.", "Paste only the part that contains the credentials.", _UNUSABLE)
MANY = UserError("The text contains too many values.", "Paste only the part that contains the credentials.", _UNUSABLE)
UNREADABLE = UserError(
    "The file is binary, so nothing in it can be compared.",
    "Export what it contains as text, for example a private key in PEM, and paste that.",
    _UNUSABLE,
)
NOTHING = UserError(
    "The file contains no password, no token, and no private key.",
    "If it names a credential helper (credsStore or credHelpers), docker login keeps the credentials there: "
    "paste the password or token itself.",
    _UNUSABLE,
)
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
    """Return what was pasted.

    Raises UserError (422) for nothing, too little, too much, a binary file, a file without credentials, and an encrypted
    key alone.
    """
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
    blocks = keypairs.blocks(forms)
    if len(blocks) > keypairs.MOST:
        raise MANY
    keys, locked = keypairs.of_blocks(blocks)
    keys |= _of_der(raw, text)
    is_document = _is_document(text) and _is_sound(text)
    if not keys:
        _refuse_unreadable(text, forms, is_document=is_document)
    alone = not (is_document or "\n" in text.strip())
    names = frozenset(form for form, how in forms.items() if how is not How.PART) if alone else frozenset()
    return Pasted(_kind(keys, locked, is_document=is_document), forms, names, keys)


def _refuse_unreadable(text: str, forms: Mapping[bytes, How], *, is_document: bool) -> None:
    """Raise UserError for a text without a private key in which nothing else can be compared either."""
    if "PRIVATE KEY-----" in text and not _outside_blocks(text):
        raise LOCKED
    if sum(map(_CONTROLS.__contains__, text)) > max(_LEAST_CONTROLS, _MOST_CONTROLS * len(text)):
        raise UNREADABLE
    whole = encoded(text.strip())
    if is_document and all(form.strip() in {whole, b""} for form in forms):
        raise NOTHING


def _is_sound(text: str) -> bool:
    """Return whether a document can be read; what begins like JSON may be a password."""
    if text.lstrip()[:1] not in "{[":
        return True
    try:
        gojson.parse(encoded(text))
    except GoError:
        return False
    return True


def _outside_blocks(text: str) -> str:
    """Return what is beside the PEM blocks of a text."""
    return PEM.sub("", text).strip()


def _of_der(raw: bytes, text: str) -> frozenset[bytes]:
    """Return the public key of a private key that was pasted as DER, or as base64 of it without its first and last line."""
    bare = text.strip()
    decoded = decode_leniently(bare) if bare.startswith("M") and bare.isascii() else None
    return keypairs.of_der(raw) | keypairs.of_der(decoded or b"")


def _kind(keys: frozenset[bytes], locked: int, *, is_document: bool) -> str:
    kind = "a private key" if keys else "a file with credentials" if is_document else "a value"
    return f"{kind} (an encrypted or damaged private key beside it was not compared)" if locked else kind


def _is_document(text: str) -> bool:
    return bool(_DOCUMENT.match(text))


def _text(raw: bytes) -> str:
    """Return the text with line feeds alone; what is not UTF-8 is read as Latin-1."""
    if text := of_utf16(raw):
        return text.removeprefix("\ufeff").replace("\r\n", "\n")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    return text.replace("\r\n", "\n")


def _all_forms(text: str, raw: bytes) -> Iterator[tuple[How, bytes]]:
    yield How.EXACT, raw
    bare = text.strip()
    decoded = list(_decoded(bare))
    for how, one in ((How.EXACT, text), (How.TRIMMED, bare), *decoded):
        for form in _encodings(one):
            yield how if form == encoded(one) else max(how, How.DECODED, key=RANKS.__getitem__), form
    inside = How.EXACT if _is_document(text) else How.PART if "\n" in bare else How.DECODED
    for one in dict.fromkeys([bare, *(other for _, other in decoded if "\n" not in bare)]):
        yield from _wrapped(one, inside)


def _wrapped(text: str, inside: How) -> Iterator[tuple[How, bytes]]:
    """Yield what is wrapped in a text and is no name. Raises UserError for too many."""
    known: set[bytes] = set()
    for number, piece in enumerate(pieces(encoded(text), most=_MOST_PIECES + 2)):
        if number > _MOST_PIECES:
            raise MANY
        if not number or piece.is_name or (piece.is_loose and len(piece.text) < _LEAST_WORD) or piece.text in known:
            continue
        known.add(piece.text)
        how = How.PART if piece.is_loose or piece.is_word else inside
        if piece.text != piece.text.strip():
            yield max(how, How.TRIMMED, key=RANKS.__getitem__), piece.text.strip()
        if piece.text.isascii():
            yield how, piece.text
        else:
            yield from ((how, form) for form in _encodings(piece.text.decode("utf-8", "surrogateescape")))


def _decoded(bare: str) -> Iterator[tuple[How, str]]:
    """Yield the text without quotation marks, the escapes of a URL, or the name of a header in front."""
    if (inner := bare.strip(_AROUND)) != bare:
        yield How.TRIMMED, inner
    if len(bare) > 1 and bare[0] == bare[-1] and bare[0] in "\"'`":
        yield How.TRIMMED, bare[1:-1]
    if "%" in bare and "-----BEGIN" not in bare:
        yield How.DECODED, _unescaped(bare)
        yield How.DECODED, _unescaped(bare.replace("+", " "))
    elif "+" in bare and "-----BEGIN" not in bare:
        yield How.DECODED, bare.replace("+", " ")
    if header := _HEADER.fullmatch(bare):
        yield How.DECODED, header[1]
    if "\\n" in bare:
        yield How.DECODED, bare.replace("\\r", "").replace("\\n", "\n")


def _unescaped(text: str) -> str:
    return unescaped(encoded(text)).decode("utf-8", "surrogateescape")


def _encodings(text: str) -> Iterator[bytes]:
    """Yield the text as UTF-8 and as Latin-1, with accents as one character and as two."""
    for one in dict.fromkeys([text, unicodedata.normalize("NFC", text), unicodedata.normalize("NFD", text)]):
        yield encoded(one)
        try:
            yield one.encode("latin-1")
        except UnicodeEncodeError:
            continue
