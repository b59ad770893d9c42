"""How Go handles a string where Python differs: `strconv.Quote` (`%q`) and `strings.TrimSpace`; and how it refuses one."""

from __future__ import annotations

import re


class GoError(ValueError):
    """What Go, or a program in Go, does not read; the message is its own."""


_SHORT = {
    '"': '\\"',
    "\\": "\\\\",
    "\a": "\\a",
    "\b": "\\b",
    "\f": "\\f",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "\v": "\\v",
}


_LONE = re.compile("[\ud800-\udfff]")


def to_valid_utf8(text: str) -> str:
    """Return `text` with U+FFFD for half a surrogate pair, and for a byte that is not UTF-8, as Go reads both."""
    return _LONE.sub("\ufffd", text)


def quote(text: str) -> str:
    r"""Return `text` as Go's `%q` prints it.

    Bytes that are not UTF-8 are expected as Python's surrogate escapes and come out as `\\xff`.
    """
    if text.isprintable() and '"' not in text and "\\" not in text:
        return f'"{text}"'
    return '"' + "".join(_SHORT.get(char) or _spell(char) for char in text) + '"'


def _spell(char: str) -> str:
    if char.isprintable():
        return char
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:  # noqa: PLR2004 - a byte that is no UTF-8, as Python escapes it
        return f"\\x{code - 0xDC00:02x}"
    if code < 0x80:  # noqa: PLR2004 - ASCII
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"  # noqa: PLR2004 - the basic plane


_SPACE = "\t\n\v\f\r \x85\xa0\u1680" + "".join(map(chr, range(0x2000, 0x200B))) + "\u2028\u2029\u202f\u205f\u3000"


def trim_space(text: str) -> str:
    """Return `text` as Go's `strings.TrimSpace` does: `unicode.IsSpace` is not quite Python's white space."""
    return text.strip(_SPACE)
