"""Texts that cost more than they are long, if anything lets them: nested, repeated, without an end, or standing for others."""

from __future__ import annotations

import json
from base64 import b64encode
from functools import cache

from tests.malformed import patterns

MIB = 1024 * 1024
BOMB = "a0: &a0 {k: v}\n" + "".join(
    f"a{level}: &a{level} {{<<: [{', '.join([f'*a{level - 1}'] * 9)}]}}\n" for level in range(1, 21)
)
"""Twenty lines, of which eight took 700 MB."""
_PIECES = {
    "JSON lists": "[", "JSON objects": '{"a":', "JSON pairs": '{"":0},', "JSON escapes": '"\\u0041",', "YAML flow": "{a: ",
    "YAML items": "- ", "YAML questions": "? ", "YAML lines": "- a\n", "YAML documents": "---\n", "YAML tags": "!!a ",
    "YAML anchors": "&a ", "YAML aliases": "*a ", "PEM begins": "-----BEGIN CERTIFICATE-----\n", "PEM key": "BEGIN PRIVATE KEY ",
    "PEM ends": "\n-----END CERTIFICATE-----", "PEM headers": "-----BEGIN CERTIFICATE-----\na: b\n", "BEGIN": "BEGIN ",
    "TOML tables": "[a]\n", "TOML dots": "a.a.", "one long line": "a", "one long number": "1", "base 60": "1:0", "blanks": " ",
    "line breaks": "\r\n", "commas": ",", "quotes": '"', "backslashes": "\\", "percent": "%25", "dots": ".", "slashes": "/",
    "colons": ":", "hyphens": "-", "at signs": "@", "brackets": "[%", "markup": "<a&", "escape": "\x1b[0m", "control": "\x01\x7f",
    "not ASCII": "\xe9\u20ac", "turned around": "\u202e", "many bytes": "\U0001f600", "NUL": "a\0",
}  # fmt: skip


@cache
def structures(size: int) -> dict[str, str]:
    """Return nested, repeated and endless texts of about this many characters, by what they are."""
    repeated = {name: piece * (size // len(piece)) for name, piece in _PIECES.items()}
    nested = size // 8
    twice = b64encode(b64encode(b"-----BEGIN CERTIFICATE-----\n" * (size // 50))).decode()
    return repeated | {
        "merge bomb": BOMB,
        "alias bomb": BOMB.replace("<<: ", "x: "),
        "nested flow": "[" * nested + "]" * nested,
        "nested objects": '{"a":' * nested + "1" + "}" * nested,
        "objects in a list": f"[{('{},' * (size // 3))[:-1]}]",
        "a member after the other": json.dumps({f"a{at}": "" for at in range(size // 16)}),
        "numbers that collide": "".join(f"{at * (2**61 - 1)}: a\n" for at in range(1, size // 28)),
        "directives": "".join(f"%TAG !{at:x}! x\n" for at in range(size // 16)),
        "base64 in base64": twice[:size],
        "every letter once": "".join(chr(0x4E00 + at) for at in range(min(size // 3, 20_000))),
        "letters in labels": ".".join(
            "".join(chr(0x4E00 + at) for at in range(1000)) for _ in range(min(size // 3000, 80))
        ),
        "Punycode": "xn--" + "a" * (size - 16) + ".\xe9",
    }


def tokens(size: int, *, every: int = 1, first: int = 0) -> dict[str, str]:
    """Return what the parts of the code's own patterns take, repeated: all, or every so manyth beginning with one."""
    found = sorted({token for one in patterns.patterns() if one.source for token in patterns.tokens(one)})
    return {f"{one!a} again and again": one * (size // len(one)) for one in found[first % every :: every]}
