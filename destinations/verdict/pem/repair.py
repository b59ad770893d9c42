r"""Reads certificates out of what people paste or upload: all of them, or a reason with its line; nothing is left out silently.

A damaged block is taken where that is certain: its bytes are one certificate that Go takes, from the first to the last.
Pure, and linear in the input.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from destinations.golang import gox509
from destinations.golang.gobase64 import decode_leniently
from destinations.golang.gox509 import GoCertificate
from destinations.model import Advice
from destinations.verdict.pem import contents, marks
from destinations.verdict.pem.contents import Unwrapped
from destinations.verdict.pem.marks import Lines, Piece

_LOOSE = re.compile(r"MI[A-Za-z0-9+/]{58,}={0,2}")
"""A line that begins a certificate in base64."""
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0e-\x19\x1b-\x1f\x7f]")
_MAX_LINES = 5


@dataclass(frozen=True, slots=True)
class UnreadBlock:
    line: int
    advice: Advice


@dataclass(frozen=True, slots=True)
class Repaired:
    """The certificates, what was done to get at them (sentences), and what cannot be taken.

    Certificates and refusals together account for every block that was begun. Where both are empty there is not PEM.
    """

    certificates: tuple[GoCertificate, ...] = ()
    notes: tuple[str, ...] = ()
    refusals: tuple[UnreadBlock, ...] = ()
    has_private_key: bool = False


@dataclass(slots=True)
class _Findings:
    """What was found so far; `done` holds the numbers of the lines by what was done there."""

    text: str
    lines: Lines
    since: int = 0
    """Where the text before the next BEGIN line begins."""
    certificates: list[GoCertificate] = field(default_factory=list)
    refusals: list[UnreadBlock] = field(default_factory=list)
    done: dict[str, list[int]] = field(default_factory=dict)
    commented: list[int] = field(default_factory=list)

    def refuse(self, at: int, advice: Advice) -> None:
        self.refusals.append(UnreadBlock(self.lines.number(at), advice))

    def note(self, what: str, at: int) -> None:
        self.done.setdefault(what, []).append(self.lines.number(at))


_AGAIN = "Copy this certificate from its source again, including the BEGIN and END lines."
_UNREADABLE = Advice("Go cannot read a CERTIFICATE block: it is damaged.", _AGAIN)
_TRUNCATED = Advice("A block has a BEGIN line but no matching END line: it is cut off.", _AGAIN)
_NO_BEGIN = Advice("An END line has no BEGIN line before it: the start is missing.", _AGAIN)
_NO_CERTIFICATE = Advice("It contains a PEM block that is not a certificate.", "Keep only the CERTIFICATE blocks.")
_REQUEST = Advice("It contains a certificate request (CSR), which is not signed.", "Give the CA's certificate instead.")
_BAD_PKCS7 = Advice("It is a PKCS#7 block whose certificates cannot be read.",
              "Extract the certificates: openssl pkcs7 -print_certs -in FILE -out ca.pem")  # fmt: skip
_STRAY = Advice("There is base64 text without BEGIN and END lines, and it is not a whole certificate.", _AGAIN)
_BINARY = Advice("There is binary data next to the PEM blocks.", "Give text with PEM blocks, or only one binary file.")
_COMMENTED = Advice(
    "A certificate is commented out, but others are not.",
    "Remove it, or remove the comment signs from its lines to include it.",
)


def read(raw: bytes, *, leave_keys: bool = False) -> Repaired:
    """Return the certificates in `raw`, with what was done and what cannot be taken. Never raises.

    Where there is a private key nothing is taken, or, with `leave_keys`, everything but the keys.
    """
    found = contents.unwrap(raw)
    has_key = _holds_key(raw, found)
    if has_key and not leave_keys:
        return Repaired(has_private_key=True)
    whole = contents.of_file(found.data)
    if whole:
        what = "PKCS#7" if contents.PKCS7 in found.data[:64] else "binary form (DER)"
        was_text = any("BEGIN" in note for note in found.notes)
        said = found.notes if was_text else (*found.notes, f"The file was in {what} and was converted to PEM.")
        return Repaired(whole, said)
    if "BEGIN" not in found.text.upper() and _UNPRINTABLE.search(found.text):
        return Repaired()
    findings = _Findings(found.text, Lines(found.text))
    for piece in marks.pieces(found.text):
        if not (has_key and _is_of_key(piece)):
            _take(findings, piece)
        findings.since = piece.start
    if findings.commented and len(findings.commented) < len(findings.certificates):
        for at in findings.commented:
            findings.refuse(at, _COMMENTED)
    if not found.notes and not findings.refusals and _as_go_reads(raw, findings.certificates):
        return Repaired(tuple(findings.certificates), has_private_key=has_key)
    notes = (*found.notes, *_sentences(findings))
    return Repaired(tuple(findings.certificates), notes, tuple(findings.refusals), has_key)


def holds_private_key(raw: bytes) -> bool:
    """Return whether there is a private key in a text or file, also where it is encoded."""
    return _holds_key(raw, contents.unwrap(raw))


def _holds_key(raw: bytes, found: Unwrapped) -> bool:
    text = found.text.encode("utf-8", "surrogateescape")
    return any(map(contents.is_key, (raw, found.data, text, decode_leniently(found.text) or b"")))


def _is_of_key(piece: Piece) -> bool:
    mark = piece.begin or piece.end
    return mark is not None and (mark.is_private_key or mark.label.endswith("PARAMETERS"))


def _as_go_reads(raw: bytes, certificates: list[GoCertificate]) -> bool:
    return [one.der for one in gox509.usable_certificates(raw)] == [one.der for one in certificates]


def _take(findings: _Findings, piece: Piece) -> None:
    begin, end = piece.begin, piece.end
    if begin is None and (binary := _UNPRINTABLE.search(findings.text, piece.start, piece.stop)):
        findings.refuse(binary.start(), _BINARY)
        return
    if begin is None and end is None:
        _take_loose(findings, piece)
        return
    at = begin.start if begin else end.start  # type: ignore[union-attr]
    label = begin.label if begin else end.label  # type: ignore[union-attr]
    if "REQUEST" in label:
        findings.refuse(at, _REQUEST)
        return
    prefix = _prefix(findings, at) if begin else ""
    body = findings.text[piece.start : piece.stop]
    kept, dropped = contents.body(body, prefix)
    content = decode_leniently(kept) if begin else contents.tail(findings.text[piece.start : piece.stop])
    found = contents.of_block(label, content) if content and not _UNPRINTABLE.search(prefix + body) else ()
    if not found:
        findings.refuse(at, _why(label, has_begin=begin is not None, has_end=end is not None))
        return
    findings.certificates += found
    if _is_comment(prefix):
        findings.commented.append(at)
    _note(findings, piece, body, prefix, dropped=dropped)


def _is_comment(prefix: str) -> bool:
    return bool(prefix.strip()) and not prefix.strip(f" \t{contents.COMMENT_SIGNS}/-")


def _why(label: str, *, has_begin: bool, has_end: bool) -> Advice:
    if label.startswith(("PKCS", "CMS")):
        return _BAD_PKCS7
    if "CERTIFICATE" not in label:
        return _NO_CERTIFICATE
    if not has_begin:
        return _NO_BEGIN
    return _UNREADABLE if has_end else _TRUNCATED


def _prefix(findings: _Findings, at: int) -> str:
    """Return what is before BEGIN in its line, after an END that was joined to it."""
    line = findings.text[max(findings.since, findings.lines.start(at)) : at]
    for end in ("\\n", "\\r"):
        line = line.rpartition(end)[2]
    return line


def _take_loose(findings: _Findings, piece: Piece) -> None:
    """Take certificates in base64 that are beside the blocks, without BEGIN and END."""
    at, begun = piece.start, 0
    held: list[str] = []
    for line in [*findings.text[piece.start : piece.stop].splitlines(keepends=True), ""]:
        plain = line.strip().strip(contents.EDGE)
        if held and contents.is_base64(plain) and not (_LOOSE.fullmatch(plain) and held[-1].endswith("=")):
            held.append(plain)
        elif held:
            _finish_loose(findings, begun, "".join(held))
            held = []
        if not held and _LOOSE.fullmatch(plain):
            begun, held = at, [plain]
        at += len(line)


def _finish_loose(findings: _Findings, at: int, held: str) -> None:
    content = decode_leniently(held)
    found = contents.of_block("CERTIFICATE", content) if content else ()
    if not found:
        findings.refuse(at, _STRAY)
        return
    findings.certificates += found
    findings.note("BEGIN and END lines were added", at)


def _note(findings: _Findings, piece: Piece, body: str, prefix: str, *, dropped: bool) -> None:
    """Note what Go would not have read."""
    begin, end = piece.begin, piece.end
    mark = begin or end
    at = mark.start if mark else piece.start
    joined = begin is not None and 0 < findings.lines.start(at) < findings.since
    if mark and mark.label != "CERTIFICATE":
        holds_several = mark.label.startswith(("PKCS", "CMS"))
        what = "the certificates were extracted from" if holds_several else "the label was changed from"
        findings.note(f"{what} {mark.label}", at)
    if joined:
        findings.note("joined lines were separated", at)
    elif prefix:
        findings.note(_said_of(prefix), at)
    if "\n" not in body and "\r" not in body:
        escaped = contents.ESCAPED_BREAK.search(body)
        findings.note("\\n was replaced with line breaks" if escaped else "one long line was split", at)
    if begin is None or end is None:
        findings.note("a BEGIN line was added" if begin is None else "an END line was added", at)
    elif not (begin.exact and end.exact) and not joined:
        findings.note("the BEGIN and END lines were corrected", at)
    if dropped:
        findings.note("header lines were removed", at)
    if "\r" in body and "\n" not in body:
        findings.note("line breaks were converted", at)


def _said_of(prefix: str) -> str:
    if not prefix.strip():
        return "indentation was removed"
    return "comment signs were removed" if _is_comment(prefix) else "text before BEGIN was removed"


def _sentences(findings: _Findings) -> Iterator[str]:
    for what, numbers in findings.done.items():
        shown = list(dict.fromkeys(numbers))
        many = f" and {len(shown) - _MAX_LINES} more" if len(shown) > _MAX_LINES else ""
        where = f"line{'s' * (len(shown) > 1)} {', '.join(map(str, shown[:_MAX_LINES]))}{many}"
        yield f"{what[:1].upper()}{what[1:]} at {where}."
    if not findings.done and findings.certificates and not findings.refusals:
        yield "The certificates were rewritten as plain PEM."
