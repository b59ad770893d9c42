r"""Finds the BEGIN and END lines of PEM blocks also where Go does not: in mid-line, with wrong dashes, commented, escaped. Pure.

Every search is linear in the text, whatever it holds.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

DASHES = "-\u00ad\u2010\u2011\u2012\u2013\u2014\u2015\u2043\u2212\ufe58\ufe63\uff0d\udc96\udc97"
"""What mail programs, word processors and Windows-1252 (as surrogates) make of hyphens."""
_KNOWN = re.compile(
    r"(?:(?:TRUSTED|X\.?509|NEW) )?CERTIFICATE(?: REQUEST)?S?|PKCS ?#?7(?: SIGNED DATA)?|CMS|X509 CRL"
    r"|(?:[A-Z0-9]+ ){0,4}(?:PRIVATE|PUBLIC) KEY(?: BLOCK)?"
)
_WORD = re.compile(
    r"(?<![A-Za-z])(BEGIN|END)[ \t\u00a0]{0,8}([A-Za-z0-9#.]{1,30}(?:[ \t\u00a0]{1,3}[A-Za-z0-9#.]{1,30}){0,5})",
    re.IGNORECASE,
)
_LINE = re.compile(r"\r\n|\r|\n")
_OF_CERTIFICATES = re.compile(r"(?:TRUSTED |X\.?509 |NEW )?CERTIFICATE|PKCS|CMS")
_MAX_DASHES = 200
_FIVE = "-----"
_FEWEST = 2


@dataclass(frozen=True, slots=True)
class Mark:
    """One BEGIN or END line: its label in capitals, its place, and whether it is written as the standard has it."""

    begins: bool
    label: str
    start: int
    stop: int
    exact: bool

    @property
    def is_private_key(self) -> bool:
        return "PRIVATE KEY" in self.label


@dataclass(frozen=True, slots=True)
class Piece:
    """What is between two marks: a block, whole or with one of its ends missing, or (without either) text beside it."""

    begin: Mark | None
    end: Mark | None
    start: int
    stop: int


class Lines:
    """The lines of a text, by position; CR alone ends one, too."""

    def __init__(self, text: str) -> None:
        self._starts = [0, *(found.end() for found in _LINE.finditer(text))]

    def number(self, at: int) -> int:
        """Return the number of the line at a position, from 1."""
        return bisect_right(self._starts, at)

    def start(self, at: int) -> int:
        return self._starts[bisect_right(self._starts, at) - 1]


def marks(text: str) -> list[Mark]:
    found: list[Mark] = []
    for word in _WORD.finditer(text):
        mark = _mark(text, word, found[-1].stop if found else 0)
        if mark:
            found.append(mark)
    return found


def pieces(text: str) -> Iterator[Piece]:
    """Take the text apart at its marks; every character but those of the marks is in one piece."""
    at, opened = 0, None
    for mark in marks(text):
        if mark.begins:
            yield Piece(opened, None, at, mark.start)
            opened = mark
        else:
            yield Piece(opened, mark, at, mark.start)
            opened = None
        at = mark.stop
    yield Piece(opened, None, at, len(text))


def begun(content: bytes) -> int:
    """Return how many blocks a text begins that should hold certificates."""
    if b"BEGIN" not in content:
        return 0
    found = (mark for mark in marks(content.decode("utf-8", "surrogateescape")) if mark.begins)
    return sum(bool(_OF_CERTIFICATES.match(mark.label)) and "REQUEST" not in mark.label for mark in found)


def _mark(text: str, word: re.Match[str], since: int) -> Mark | None:
    label = " ".join(word[2].upper().split())
    start, left = _run(text, word.start(), since, step=-1)
    stop, right = _run(text, word.end(), len(text), step=1)
    exact = word[0] == f"{word[1].upper()} {label}" and text[start : word.start()] == _FIVE == text[word.end() : stop]
    known = _KNOWN.fullmatch(label)
    if not exact and not (known and (len(left + right) >= _FEWEST or _stands_alone(text, word))):
        return None
    return Mark(word[1].upper() == "BEGIN", label, start, stop, exact)


def _run(text: str, at: int, limit: int, *, step: int) -> tuple[int, str]:
    """Return where the dashes beside a position end, and the dashes; of those between an END and a BEGIN, five go to each."""
    edge, dashes = at, ""
    for _ in range(_MAX_DASHES):
        place = edge - 1 if step < 0 else edge
        if edge == limit or not (text[place] in DASHES or (not dashes and text[place] in " \\")):
            break
        edge += step
        if text[place] in DASHES:
            dashes += text[place]
    if not dashes:
        return at, ""
    return (
        (edge, dashes) if step < 0 or len(dashes) <= len(_FIVE) or not _WORD.match(text, edge) else (at + 5, dashes[:5])
    )


def _stands_alone(text: str, word: re.Match[str]) -> bool:
    """Return whether the line holds nothing else."""
    before = text[max(0, word.start() - 1) : word.start()]
    after = text[word.end() : word.end() + 1]
    return before in {"", "\n", "\r"} and after in {"", "\n", "\r"}
