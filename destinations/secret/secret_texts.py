"""Which texts of a destination's Secret may be secret, so that they can be taken out of what others wrote. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from destinations.golang import gobase64, gojsonmemo
from destinations.golang.gojson import GoJSONError, Number, Value
from destinations.model import Secret
from destinations.names import CONFIG_KEY
from destinations.verdict.parsing import field_name, members

_NO_SECRETS = {"username", "email"}


def secrets_of(secret: Secret, *, most: int = 1_000_000) -> frozenset[str]:
    """Return what may be secret in a destination's configuration: every value but names, and passwords in host keys.

    Of a configuration that cannot be read, every longer word. No more is read once there are more than `most`.
    """
    content = secret.data.get(CONFIG_KEY, b"")
    found: set[str] = set()
    try:
        leaves = _leaves(gojsonmemo.parse(content))
    except GoJSONError:
        leaves = (word[0] for word in re.finditer(r'[^\s"{}\[\],:]{8,}', content.decode("utf-8", "replace")))
    for leaf in leaves:
        found.add(leaf)
        if len(found) > most:
            break
    return frozenset(found)


def _leaves(document: Value) -> Iterator[str]:
    waiting = [("", document)]
    while waiting:  # not by recursion: a document nests as deep as somebody likes
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
