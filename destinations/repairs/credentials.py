"""Fixes of user name and password themselves: what a shell or an editor added is taken away, after a question."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable

from destinations.golang.gojson import Object, Value
from destinations.model import Secret
from destinations.repairs.common import Case, Fix
from destinations.repairs.document import with_entry
from destinations.repairs.entry import decoded, entry_of, strictly
from destinations.verdict import parsing, suspects, tokens

_QUOTES = "\"'`\u201c\u201d\u201e\u2018\u2019\u201a\u00ab\u00bb\\"
_ZERO_WIDTH = re.compile("[\u200b-\u200f\u2060\ufeff]")


def line_breaks(secret: Secret, _case: Case) -> list[Fix]:
    """Take line breaks away from the ends."""
    title = "Remove leading and trailing line breaks from user name and password, if they are not part of them."
    return _texts(secret, suspects.LINE_BREAK, title, lambda text: suspects.WRITTEN_BREAK.sub("", text.strip("\r\n")))


def invisible(secret: Secret, _case: Case) -> list[Fix]:
    """Take away byte order marks and characters without width."""
    title = "Remove invisible characters from user name and password."
    return _texts(secret, suspects.INVISIBLE, title, lambda text: _ZERO_WIDTH.sub("", text))


def quotes(secret: Secret, _case: Case) -> list[Fix]:
    """Take away the quotation marks around a text."""
    title = "Remove the quotation marks around user name and password, if they are not part of them."
    return _texts(secret, suspects.QUOTED, title, lambda text: text.strip().strip(_QUOTES))


def robot(secret: Secret, _case: Case) -> list[Fix]:
    """Write the sign of a robot's name once and plain, where it is doubled or escaped."""
    found = entry_of(secret)
    if found is None:
        return []
    changed = _changed(found[2], lambda name: tokens.repair_robot_name(name, found[1]), str)
    return _fix(
        secret,
        found,
        changed,
        "robot-name",
        "Write the robot account's name as the registry shows it, with a single sign.",
    )


def _texts(secret: Secret, code: str, title: str, mend: Callable[[str], str]) -> list[Fix]:
    found = entry_of(secret)
    if found is None:
        return []

    def mended(text: str) -> str:
        return mend(text) if any(one.code == code for one in suspects.suspects(text)) else text

    return _fix(secret, found, _changed(found[2], mended, mended), code, title)


def _changed(entry: Object, of_user: Callable[[str], str], of_password: Callable[[str], str]) -> Object:
    """Return the entry with its texts repaired where they are: plain, and in `auth`. Nothing is emptied."""
    kept: list[tuple[str, Value]] = []
    for key, value in entry.items():
        name = parsing.field_name(key)
        changed = value
        if isinstance(value, str) and name == "username":
            changed = of_user(value)
        elif isinstance(value, str) and name == "password":
            changed = of_password(value)
        elif isinstance(value, str) and name == "auth" and (pair := strictly(value) or decoded(value)):
            new = (of_user(pair[0]), of_password(pair[1]))
            changed = value if new == pair or not all(new) else b64encode(":".join(new).encode()).decode()
        kept.append((key, changed or value))
    return Object.of(kept)


def _fix(secret: Secret, found: tuple[Object, str, Object], changed: Object, code: str, title: str) -> list[Fix]:
    document, host, entry = found
    if changed == entry:
        return []
    return [Fix(code, title, with_entry(secret, document, host, changed), certain=False)]
