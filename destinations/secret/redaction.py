"""Takes out of a foreign program's log whatever may be secret, before a person sees it. Pure.

Rather a harmless word too much is masked than a secret too little: a log is shown for the reason of a failure, and
that is in plain words.
"""

from __future__ import annotations

import html
import json
import re
import unicodedata
from base64 import b64encode
from collections.abc import Collection, Iterator
from urllib.parse import quote, quote_plus

from destinations.golang import gobase64, gojson
from destinations.golang.gojson import Number, Value
from destinations.golang.gostrings import GoError
from destinations.model import Secret
from destinations.names import CONFIG_KEY
from destinations.secret.mask import MASK, masked
from destinations.verdict.parsing import field_name, members

MAX_LINES = 20
MAX_LINE = 500
_SHORT = 4
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|.?)")
_UNSEEN = {"Cc", "Cf", "Co", "Cs", "Zl", "Zp"}
_KEY_BLOCKS = (
    re.compile(r"-----BEGIN[^-\n]*PRIVATE KEY-----.*?(?:-----END[^-\n]*-----|\Z)", re.DOTALL),
    re.compile(r"\A(?:(?!-----BEGIN).)*?-----END[^-\n]*PRIVATE KEY-----", re.DOTALL),
)
_NAMES = (
    r"pass(?:word|wd|phrase)?|pwd|secret|[\w-]{0,40}[_-]secret|[\w-]{0,40}token|api[_-]?key|access[_-]?key|private[_-]?key|"
    r"(?:dest-|src-)?creds|credentials?|auth|signature|sig|code"
)
_HEADERS = r"(?:proxy-)?authorization|(?:set-)?cookie|x-[\w-]{0,40}(?:token|auth|key)"
_QUOTED_OR_WORD = r"""(?:\\?"(?:[^"\\]|\\.)*"?|'[^']*'?|[^\s,;&"']+)"""
_PATTERNS = tuple(
    (re.compile(pattern, re.IGNORECASE), instead)
    for pattern, instead in (
        (rf"({_HEADERS})(\W*[:=]).*", rf"\1\2 {MASK}"),
        (r"\b(bearer|basic|negotiate)(\s+)(?!auth|realm|credential|token\b|challenge)\S{6,}", rf"\1\2{MASK}"),
        (rf"""(?<![\w-])((?:--)?(?:{_NAMES})\\?["']?\s*[:=]\s*){_QUOTED_OR_WORD}""", rf"\1{MASK}"),
        (r"(--(?:dest-|src-)?(?:creds|password|registry-token)\s+)\S+", rf"\1{MASK}"),
        (r"(://)[^/\s@]+@", rf"\1{MASK}@"),
        (r"\beyJ[\w-]+(?:\.[\w-]*)*", MASK),
        (r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", MASK),
    )
)
_RUN = re.compile(r"(sha256:[0-9a-f]{64}\b)|[A-Za-z0-9+/_-]{20,}={0,2}")
_PIECE = re.compile(r"[a-z0-9]{20,}")


def redact(text: str, secrets: Collection[str]) -> tuple[str, ...]:
    """Return the last lines of a log without control characters and secrets: `MAX_LINES` of `MAX_LINE` characters.

    `secrets` are texts to be masked in every encoding that is known here. What is behind the last line break is
    left out: it may be the beginning of a secret.
    """
    plain = _plain(text)
    whole = plain[: plain.rfind("\n") + 1]
    for pattern in _KEY_BLOCKS:
        whole = pattern.sub(MASK, whole)
    whole = without(whole, secrets)
    lines = [line for line in whole.split("\n") if line.strip()]
    return tuple(_cut(_guessed(line)) for line in lines[-MAX_LINES:])


def without(text: str, secrets: Collection[str]) -> str:
    """Return the text with these secrets masked in every encoding; a very short one only where it is alone."""
    spelled = {way for secret in secrets if secret for way in _spelled(secret)}
    if not spelled:
        return text
    ways = sorted(spelled, key=len, reverse=True)
    return re.sub(
        "|".join(way if len(way) >= _SHORT else rf"(?<!\w){way}(?!\w)" for way in map(re.escape, ways)), MASK, text
    )


def one_line(text: str, *, longest: int = MAX_LINE) -> str:
    """Return a text as one line without control characters, cut where it is too long."""
    return _cut(_plain(text).replace("\n", " "), longest)


def _plain(text: str) -> str:
    """Return the text without escape sequences and whatever else is not seen, its lines ended by a line feed alone."""
    found = _ESCAPES.sub("", text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " "))
    return "".join(one for one in found if one == "\n" or unicodedata.category(one) not in _UNSEEN)


def _guessed(line: str) -> str:
    for pattern, instead in _PATTERNS:
        line = pattern.sub(instead, line)
    return _RUN.sub(lambda match: match[0] if match[1] or not _is_random(match[0]) else MASK, masked(line))


def _is_random(run: str) -> bool:
    """Return whether a long word looks like a key or base64: both cases, or letters among digits for very long."""
    has_lower, has_upper = any(map(str.islower, run)), any(map(str.isupper, run))
    if run.endswith("=") or (has_upper and (has_lower or any(map(str.isdigit, run)))):
        return True
    return any(any(map(str.isdigit, piece)) for piece in _PIECE.findall(run))


def _spelled(secret: str) -> Iterator[str]:
    raw = secret.encode("utf-8", "replace")
    yield _plain(secret).strip("\n") or secret
    for offset in range(3):
        inside = _inside_base64(raw, offset)
        yield from (way for way in (inside, inside.replace("+", "-").replace("/", "_")) if len(way) >= _SHORT)
    for quoted in (quote(raw, safe=""), quote(raw), quote_plus(raw)):
        yield quoted
        yield re.sub("%[0-9A-F]{2}", lambda match: match[0].lower(), quoted)
    for whole in (False, True):
        told = json.dumps(secret, ensure_ascii=whole)[1:-1]
        yield told
        yield told.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")  # as Go writes it
        yield json.dumps(told)[1:-1]  # in a message that is quoted itself
    yield from (raw.hex(), raw.hex().upper(), html.escape(secret), repr(secret)[1:-1])


def _inside_base64(raw: bytes, offset: int) -> str:
    """Return what the bytes alone determine of a base64 text in which they begin at this offset of three."""
    start = -(-offset * 8 // 6)
    return b64encode(b"\0" * offset + raw).decode()[start : (offset + len(raw)) * 8 // 6]


def _cut(line: str, longest: int = MAX_LINE) -> str:
    return line if len(line) <= longest else f"{line[: longest - 1]}…"


_NO_SECRETS = {"username", "email"}


def secrets_of(secret: Secret, *, most: int = 1_000_000) -> frozenset[str]:
    """Return what may be secret in a destination's configuration: every value but names, and passwords in host keys.

    Of a configuration that cannot be read, every longer word. No more is read once there are more than `most`.
    """
    content = secret.data.get(CONFIG_KEY, b"")
    found: set[str] = set()
    try:
        leaves = _leaves(gojson.parse_once(content))
    except GoError:
        leaves = (word[0] for word in re.finditer(r'[^\s"{}\[\],:]{8,}', content.decode("utf-8", "replace")))
    for leaf in leaves:
        found.add(leaf)
        if len(found) > most:
            break
    return frozenset(found)


def _leaves(document: Value) -> Iterator[str]:
    waiting = [("", document)]
    while waiting:  # not by recursion: a document nests as deep as someone likes
        name, one = waiting.pop()
        if isinstance(one, dict):
            waiting += members(one)
            yield from (key.rpartition("@")[0].partition(":")[2] for key, _ in members(one) if "@" in key)
        elif isinstance(one, list):
            waiting += [(name, item) for item in one]
        elif isinstance(one, Number):
            yield one.text
        elif isinstance(one, str) and field_name(name) not in _NO_SECRETS:
            yield one
            yield _password_in(one)


def _password_in(auth: str) -> str:
    try:
        return gobase64.decode(auth).decode("utf-8", "replace").partition(":")[2]
    except ValueError:
        return ""
