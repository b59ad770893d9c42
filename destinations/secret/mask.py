"""Masks the password that may be before an @ in a host key, which Epinio itself prints. Pure."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from destinations.model import Judgement

MASK = "•••"
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_MAX_NAME = 253
_MAX_MESSAGE = 1000
_BETWEEN = re.compile(r"(\s+)")
_START = re.compile(r"[\"'<`(]*(?:[A-Za-z][A-Za-z0-9+.-]*://)?")


def masked(text: str) -> str:
    """Return a sentence with `user:password@` as `user:•••@`; rather a piece of a path too much than too little."""
    if "@" not in text:
        return text
    return "".join(masked_key(part) if index % 2 == 0 else part for index, part in enumerate(_BETWEEN.split(text)))


def masked_key(key: str) -> str:
    """Return a host key, or an address that begins with one, in the same way; spaces belong to it."""
    match = _START.match(key)
    start = match[0] if match else ""
    before, at, after = key[len(start) :].rpartition("@")
    user, colon, _ = before.partition(":")
    return f"{start}{user}:{MASK}{at}{after}" if colon else key


def masked_everywhere(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(value, str):
        return masked(value)
    if isinstance(value, dict):
        return {key: masked_everywhere(member) for key, member in value.items()}
    return [masked_everywhere(member) for member in value] if isinstance(value, list) else value


def masked_name(name: str) -> str:
    """Return the name of a Secret, or the mask where it can be none: a whole certificate or key may be there."""
    return name if len(name) <= _MAX_NAME and "\n" not in name.rstrip() else MASK


def masked_judgement(judgement: Judgement) -> Judgement:
    """Return the judgment for a page: without the password of a host key, whole or in pieces of Epinio's messages."""
    url = masked_key(judgement.url or "")
    cut = judgement.url is None or url != judgement.url  # of one that is not listed the host key is not known here

    def said(text: str | None) -> str | None:
        if text is None or len(text) > _MAX_MESSAGE or "PRIVATE KEY" in text:
            return text and MASK
        return _QUOTED.sub(lambda match: match[0] if match[0][1:-1] in url else f'"{MASK}"', text) if cut else text

    return replace(
        judgement,
        url=url if judgement.url is not None else None,
        listing_error=said(judgement.listing_error),
        error=said(judgement.error),
        checks=tuple(replace(one, error=said(one.error)) for one in judgement.checks),
    )
