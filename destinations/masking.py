"""Masks the password that may stand before an @ in a host key, which Epinio itself prints. Pure."""

from __future__ import annotations

import re
from typing import Any

MASK = "•••"
_BETWEEN = re.compile(r"(\s+)")
_START = re.compile(r"[\"'<`(]*(?:[A-Za-z][A-Za-z0-9+.-]*://)?")


def masked(text: str) -> str:
    """Return a sentence with `user:password@` as `user:•••@`; rather a piece of a path too much than too little."""
    if "@" not in text:
        return text
    return "".join(masked_key(part) if index % 2 == 0 else part for index, part in enumerate(_BETWEEN.split(text)))


def masked_key(key: str) -> str:
    """Return a host key, or an address that begins with one, in the same way; blanks belong to it."""
    match = _START.match(key)
    start = match[0] if match else ""
    before, at, after = key[len(start) :].rpartition("@")
    user, colon, _ = before.partition(":")
    return f"{start}{user}:{MASK}{at}{after}" if colon else key


def masked_everywhere(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Return a JSON value with every text in it masked."""
    if isinstance(value, str):
        return masked(value)
    if isinstance(value, dict):
        return {key: masked_everywhere(member) for key, member in value.items()}
    return [masked_everywhere(member) for member in value] if isinstance(value, list) else value
