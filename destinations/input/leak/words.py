"""The words of a line of a log, a command, or a file of settings, however they are set off there. Pure."""

from __future__ import annotations

import html
import json
import re
import shlex
from collections.abc import Iterator
from itertools import islice

_LEAST = 4
"""Characters of a word."""
_ESCAPES = re.compile(r"\x1b\[[0-9;?]{0,20}[A-Za-z]")
_CONTROLS = dict.fromkeys((*range(9), *range(11, 32), 127), "\n")
_INVISIBLE = "\u00ad\u200b\u200c\u200d\u2060\ufeff"
_AROUND = "\"'`\u201c\u201d\u201e\u2018\u2019\u201a\u00ab\u00bb\u2039\u203a()<>[]{},;:.!?|*\\" + _INVISIBLE
_TOKEN = re.compile(r"\S+")
_WORD = re.compile(r"[^\s\"'`,;<>{}\[\]()|&?]+")
_QUOTED = re.compile(r'"(?:[^"\\]+|\\.)*+"?', re.DOTALL)
"""A JSON text, or the beginning of one that has no end: so that none is looked for from each quotation mark again.

Possessive: there is no way back to remember, which took 30 MiB for 256 KiB.
"""
_ENCLOSED = re.compile(r"'([^'\n]*+)'?|`([^`\n]*+)`?|>([^<>\n]*+)")
_REFERENCE = re.compile(r"&(?:lt|gt|amp|quot|apos|#[0-9x]{1,6});")
_TELLS = r"(?:pass|pwd|token|secret|api_?-?key|cred|auth)"
_LABEL = re.compile(r"([\w.-]{1,80}+)(?:[\"']?[ \t]{0,8}[=:][ \t]{0,8}|[ \t]{1,8})")
_VALUE = re.compile(r"\"([^\"\n]{1,4096}+)\"|'([^'\n]{1,4096}+)'|([^\s\"']\S{0,4095}+)")
_ABOUT = re.compile(r"(?i)existing|name|ref\b|helper|store|file|path|type|method|url|host|user|expir")
"""In the name of a member: it is about a secret, and none."""
_ASSIGNED = re.compile(r"\A[A-Za-z_][\w.-]{0,80}[=:]\s*")
_SECRET_NAME = re.compile(f"(?i){_TELLS}")
_DATE = re.compile(r"\d{4}-\d\d-\d\d(?:[T ][\d:.,+Z-]*)?")
_PLACE = re.compile(
    r"(?:[a-z+]{2,9}:)?//[^@]*|[a-z0-9-]+(?:\.[a-z0-9-]+)+(?::\d+)?(?:/\S*)?|[a-z0-9._-]+(?:[/:][a-z0-9._-]+)+"
)
_NUMBERED = re.compile(r"[A-Za-z][A-Za-z-]*[/-]v?\d[\d.]*|sha\d+:[0-9a-f]+")
_PLAIN_NAME = re.compile(r"[A-Za-z][a-z]*\d{0,3}(?:[-_.][A-Z]?[a-z]*\d{0,3})*")
_SURE = 8
_MOST_LABELS = 5_000
_MAX_LINE = 4096
_MAX_SHELL = 32 * 1024


def words(text: str) -> Iterator[str]:
    """Yield the words, each once: between spaces, quotation marks, tags and signs, and after `=`, `:` and a flag; and lines.

    What is in quotation marks is a word, too, as JSON and as a shell read it.
    """
    known: set[str] = set()
    for word in _every_word(_ESCAPES.sub("", text).translate(_CONTROLS)):
        if len(word) >= _LEAST and word not in known:
            known.add(word)
            yield word


def labelled(text: str) -> Iterator[str]:
    """Yield what a text itself calls a password or a token: `password: …`, `--token …`, `TOKEN=…`; no variable."""
    plain = _ESCAPES.sub("", text).translate(_CONTROLS)
    is_netrc = "machine" in plain and "login" in plain
    for label in islice(filter(lambda one: _says_secret(one, is_netrc=is_netrc), _LABEL.finditer(plain)), _MOST_LABELS):
        found = _VALUE.match(plain, label.end())
        value = next(filter(None, found.groups()), "").strip(_INVISIBLE) if found else ""
        for one in dict.fromkeys((value, value.rstrip(_AROUND))):
            if not one.startswith(("$", "{{", "%")) and any(map(str.isalnum, one)):
                yield one


def _says_secret(label: re.Match[str], *, is_netrc: bool) -> bool:
    name = label[1]
    if label[0].rstrip()[-1] in "=:":
        return name == "-p" or is_secret_name(name)
    return name == "-p" or (name[:2] == "--" and is_secret_name(name)) or (is_netrc and name == "password")


def is_secret_name(name: str) -> bool:
    """Return whether the name of a member is one of a password or a token."""
    return bool(_SECRET_NAME.search(name)) and not _ABOUT.search(name)


def is_telling(word: str) -> bool:
    """Return whether two texts hardly have this word in common by chance: letters with digits, no date, name, or address."""
    return any(map(_is_telling, _ASSIGNED.sub("", word, count=1).split()))


def _is_telling(word: str) -> bool:
    return (
        len(word) >= _SURE
        and any(map(str.isdigit, word))
        and any(map(str.isalpha, word))
        and not (_DATE.fullmatch(word) or _PLACE.fullmatch(word))
        and not (_NUMBERED.fullmatch(word) or _PLAIN_NAME.fullmatch(word))
    )


def _every_word(text: str) -> Iterator[str]:
    yield from _quoted(text)
    if _REFERENCE.search(text):
        yield from (word for token in _TOKEN.findall(html.unescape(text)) for word in _of_token(token))
    known: set[str] = set()
    for found in _TOKEN.finditer(text):
        token = found[0]
        if len(token) >= _LEAST and token not in known:
            known.add(token)
            yield from _of_token(token)
    yield from _of_lines(text)


def _quoted(text: str) -> Iterator[str]:
    for found in _QUOTED.finditer(text):
        if len(found[0]) > _LEAST:
            yield found[0][1:-1]
            try:
                yield str(json.loads(found[0], strict=False))
            except ValueError:
                continue
    for enclosed in _ENCLOSED.finditer(text):
        if len(enclosed[0]) > _LEAST:
            yield (enclosed[1] or enclosed[2] or enclosed[3] or "").strip()


def _of_token(token: str) -> Iterator[str]:
    yield token
    if token.isalnum():
        return
    bare = token.strip(_AROUND)
    yield bare
    yield from _after(bare)
    yield from _of_address(token)
    for sign in "|,;&":
        for part in token.split(sign) if sign in token else ():
            if len(part) >= _LEAST:
                yield from (part, part.strip(_AROUND), *_after(part))
    for found in _WORD.finditer(token):
        word = found[0]
        if len(word) >= _LEAST:
            yield from (word, word.rstrip(".:!?"), *_after(word))


def _after(word: str) -> Iterator[str]:
    """Yield what is behind a flag of one letter, and behind the first signs; a user name before a colon, too."""
    if word[:1] == "-" and word[1:2] not in {"", "-"}:
        yield word[2:]
    before, colon, _ = word.partition(":")
    if colon:
        yield before
    for sign in "=:":
        if after := word.partition(sign)[2]:
            yield from (after, after.strip(_AROUND))
            yield from (after.partition(again)[2] for again in "=:")


def _of_address(token: str) -> Iterator[str]:
    """Yield user name and password of a URL, also where the password has signs that it must not have there."""
    _, scheme, rest = token.partition("://")
    for userinfo in (rest.partition("/")[0].rpartition("@")[0], rest.rpartition("@")[0]) if scheme else ():
        username, _, password = userinfo.partition(":")
        yield from (username, password)


def _of_lines(text: str) -> Iterator[str]:
    """Yield whole lines, what is behind their first sign, cells of a table, and what a shell reads in quotation marks."""
    left = _MAX_SHELL
    for line in text.split("\n"):
        bare = line.strip()
        if not _LEAST <= len(bare) <= _MAX_LINE:
            continue
        yield bare
        yield bare.strip(_AROUND)
        for sign in (": ", ":", "="):
            after = bare.partition(sign)[2].strip()
            yield from (after, after.strip("\"'`"), after.strip(_AROUND)) if after else ()
        if bare.count("|") > 1:
            yield from map(str.strip, bare.split("|"))
        if "''" in bare:  # YAML doubles them
            yield from (one.strip(" '").replace("''", "'") for one in (bare, bare.partition(":")[2]))
        if left > 0 and any(sign in bare for sign in "\"'\\"):
            left -= len(bare)
            yield from _of_shell(bare)


def _of_shell(line: str) -> Iterator[str]:
    lexer = shlex.shlex(line, posix=True, punctuation_chars=False)
    lexer.whitespace_split, lexer.commenters = True, ""
    try:
        for word in lexer:
            yield word
            yield from _after(word)
    except ValueError:  # a quotation mark without its other one
        return
