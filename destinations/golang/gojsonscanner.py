"""Go's reader of JSON, with its grammar, limits and messages (src/encoding/json/scanner.go): what it reads, and how.

Unlike Python's reader it refuses `NaN`, replaces invalid UTF-8 and lone surrogates by U+FFFD, keeps the last of
duplicate keys, leaves numbers as text, and reads 10,000 levels without recursion.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TypeAlias

from destinations.golang.gostrings import GoError, quote, to_valid_utf8

MAX_DEPTH = 10_000


@dataclass(frozen=True, slots=True)
class Number:
    """A number as written in the document."""

    text: str


class Object(dict[str, "Value"]):
    """A JSON object as Go keeps it in a map: the last of duplicate keys. `pairs` has them all, in order."""

    _repeated: list[tuple[str, Value]] | None = None

    @classmethod
    def of(cls, pairs: list[tuple[str, Value]]) -> Object:
        made = cls(pairs)
        if len(made) != len(pairs):
            made._repeated = pairs
        return made

    @property
    def pairs(self) -> list[tuple[str, Value]]:
        """Every member of the document, in order; kept apart only where a key is there twice, since most are not."""
        return list(self.items()) if self._repeated is None else self._repeated

    def add(self, key: str, value: Value) -> None:
        if self._repeated is None and key in self:
            self._repeated = self.pairs
        if self._repeated is not None:
            self._repeated.append((key, value))
        self[key] = value


Value: TypeAlias = "None | bool | str | Number | list[Value] | dict[str, Value]"  # noqa: RUF036 - in the order of a JSON scalar

_SPACE = re.compile(rb"[ \t\r\n]*")
_PLAIN_STRING = re.compile(rb'"([^"\\\x00-\x1f]*)"')
_STRING = re.compile(rb'"((?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4}))*)"')
_STRING_START = re.compile(rb'"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4}))*')
_NUMBER = re.compile(rb"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|(.))")
_LITERALS: dict[bytes, tuple[bytes, bool | None]] = {
    b"t": (b"true", True),
    b"f": (b"false", False),
    b"n": (b"null", None),
}
_SHORT = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_PAIRS = re.compile("([\ud800-\udbff])([\udc00-\udfff])")


def _text(raw: bytes) -> str:
    """Return UTF-8 text as Go reads it: every byte that is not UTF-8 becomes one U+FFFD."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return to_valid_utf8(raw.decode("utf-8", "surrogateescape"))


_READ_ON = Number("")  # not a value: the next one has still to be read


class Scanner:
    """One pass over one document with an explicit stack in place of recursion."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0
        self.stack: list[tuple[list[Value] | Object, str]] = []

    def document(self) -> Value:
        """Return the value of the whole document. Raises GoError with Go's own words."""
        value = self._value()
        while self.stack:
            value = self._value() if value is _READ_ON else self._place(value)
        self._skip()
        if self.at < len(self.data):
            raise self._error("after top-level value")
        return value

    def _place(self, value: Value) -> Value:
        """Put a finished value into its container; return the next finished value, if there is one."""
        container, key = self.stack[-1]
        if isinstance(container, Object):
            container.add(key, value)
            if self._next(b"}", "after object key:value pair"):
                return self._close()
            return self._member()
        container.append(value)
        if self._next(b"]", "after array element"):
            return self._close()
        return _READ_ON

    def _close(self) -> Value:
        return self.stack.pop()[0]

    def _next(self, closing: bytes, context: str) -> bool:
        """Step over `closing` (True) or a comma (False)."""
        char = self._peek()
        if char not in (closing, b","):
            raise self._error(context)
        self.at += 1
        return char == closing

    def _value(self) -> Value:
        """Read a value; a container that is not empty is opened and comes back as _READ_ON."""
        char = self._peek()
        if char == b'"':
            return self._string()
        if char in (b"{", b"["):
            return self._open(char)
        if char in _LITERALS:
            return self._literal(*_LITERALS[char])
        if char == b"-" or char.isdigit():
            return self._number()
        raise self._error("looking for beginning of value")

    def _open(self, char: bytes) -> Value:
        self.at += 1
        if len(self.stack) >= MAX_DEPTH:
            raise GoError(f"invalid character '{char.decode()}' exceeded max depth")
        if char == b"{":
            if self._peek() == b"}":
                self.at += 1
                return Object()
            self.stack.append((Object(), ""))
            return self._member()
        if self._peek() == b"]":
            self.at += 1
            return []
        self.stack.append(([], ""))
        return _READ_ON

    def _member(self) -> Value:
        if self._peek() != b'"':
            raise self._error("looking for beginning of object key string")
        key = self._string()
        if self._peek() != b":":
            raise self._error("after object key")
        self.at += 1
        self.stack[-1] = (self.stack[-1][0], key)
        return _READ_ON

    def _string(self) -> str:
        match = _PLAIN_STRING.match(self.data, self.at)
        if match:
            self.at = match.end()
            return _text(match[1])
        match = _STRING.match(self.data, self.at)
        if not match:
            raise self._string_error()
        self.at = match.end()
        return _unescape(_text(match[1]))

    def _number(self) -> Number:
        match = _NUMBER.match(self.data, self.at)
        if not match:  # a lone minus sign
            self.at += 1
            raise self._error("in numeric literal")
        self.at = match.end()
        following = self.data[self.at : self.at + 1]
        if following == b"." and not (match[1] or match[2]):
            self.at += 1
            raise self._error("after decimal point in numeric literal")
        if following in (b"e", b"E") and not match[2]:
            self.at += 2 if self.data[self.at + 1 : self.at + 2] in (b"+", b"-") else 1
            raise self._error("in exponent of numeric literal")
        return Number(match[0].decode())

    def _literal(self, word: bytes, value: bool | None) -> bool | None:  # noqa: FBT001 - it is the value read
        for index, expected in enumerate(word):
            if self.data[self.at + index : self.at + index + 1] != bytes([expected]):
                self.at += index
                raise self._error(f"in literal {word.decode()} (expecting {_quote_char(expected)})")
        self.at += len(word)
        return value

    def _skip(self) -> None:
        match = _SPACE.match(self.data, self.at)
        self.at = match.end() if match else self.at

    def _peek(self) -> bytes:
        char = self.data[self.at : self.at + 1]
        if char in b" \t\r\n" and char:
            self._skip()
            char = self.data[self.at : self.at + 1]
        if not char:
            raise GoError("unexpected end of JSON input")
        return char

    def _string_error(self) -> GoError:
        match = _STRING_START.match(self.data, self.at)
        self.at = match.end() if match else self.at
        if self.data[self.at : self.at + 1] != b"\\":
            return self._error("in string literal")
        self.at += 1
        if self.data[self.at : self.at + 1] != b"u":
            return self._error("in string escape code")
        self.at += 1
        while re.match(rb"[0-9A-Fa-f]", self.data[self.at : self.at + 1]):
            self.at += 1
        return self._error("in \\u hexadecimal character escape")

    def _error(self, context: str) -> GoError:
        if self.at < len(self.data):
            return GoError(f"invalid character {_quote_char(self.data[self.at])} {context}")
        if context == "in string literal":
            return GoError("unexpected end of JSON input")
        return GoError(f"invalid character ' ' {context}")  # at its end Go's scanner goes on with a space


def _quote_char(byte: int) -> str:
    if chr(byte) == "'":
        return "'\\''"
    if chr(byte) == '"':
        return "'\"'"
    return f"'{quote(chr(byte))[1:-1]}'"


def _unescape(text: str) -> str:
    return to_valid_utf8(_PAIRS.sub(_join_pair, _ESCAPE.sub(_replace_escape, text)))


def _replace_escape(match: re.Match[str]) -> str:
    return chr(int(match[1], 16)) if match[1] else _SHORT.get(match[2], match[2])


def _join_pair(match: re.Match[str]) -> str:
    return chr(0x10000 + ((ord(match[1]) - 0xD800) << 10) + ord(match[2]) - 0xDC00)
