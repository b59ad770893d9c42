"""The last actions on a destination, kept on the Secret itself; and what they prove about a write. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import sha256

from destinations.model import Secret
from destinations.names import HISTORY_ANNOTATION, WRITE_ID_ANNOTATION

JOIN = "+"
"""Between the ids of one write, one by each signing key that the portal knew: any of them names the write."""
LENGTH = 20
MAX_BYTES = 8 * 1024
FENCE = "fence-"
"""How the write id of a fence begins: see `actions.writes`."""
_KEYS = ("at", "by", "did", "id")
_PASSWORD = "password"  # noqa: S105 - the name of a member
TYPED, KEPT = "typed", "kept"


@dataclass(frozen=True, slots=True)
class Entry:
    """One action: when (RFC 3339), who, what, and the mark of its write id.

    `password` is TYPED where this person gave the password, KEPT where the credentials were written around the one that
    was stored, and empty where they stayed as they were, and in entries of older versions.
    """

    at: str
    by: str
    did: str
    id: str
    password: str = ""


def read(secret: Secret) -> tuple[Entry, ...]:
    """Return the entries, oldest first; nothing for an annotation that is missing or was spoiled by hand."""
    try:
        found = json.loads(secret.annotations.get(HISTORY_ANNOTATION) or "[]")
        return tuple(
            Entry(**{key: str(entry[key]) for key in _KEYS}, password=str(entry.get(_PASSWORD, ""))) for entry in found
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return ()


def password_by(secret: Secret) -> str:
    """Return who typed the stored password, as far as the portal's own writes tell; empty where they do not.

    Credentials that were written around a stored password say nothing: others may have changed it before.
    """
    last = next((entry for entry in reversed(read(secret)) if entry.password), None)
    return last.by if last and last.password == TYPED else ""


def append_entry(entries: tuple[Entry, ...], entry: Entry) -> str:
    """Return the annotation with one more entry: at most 20, at most 8 KiB, the oldest go first."""
    kept = [*entries, entry][-LENGTH:]
    while len(text := _dumps(kept)) > MAX_BYTES and len(kept) > 1:
        kept.pop(0)
    return text


def mark(write_id: str) -> str:
    """Return the short form of a write id that an entry carries, of several ids that of each."""
    return JOIN.join(sha256(one.encode()).hexdigest()[:12] for one in write_id.split(JOIN))


def holds(secret: Secret, write_id: str) -> bool:
    """Return whether the write of this id is in the Secret: as the last one, or as one that others followed."""
    if names_same_write(secret.annotations.get(WRITE_ID_ANNOTATION, ""), write_id):
        return True
    return any(names_same_write(entry.id, mark(write_id)) for entry in read(secret))


def names_same_write(one: str, other: str) -> bool:
    """Return whether two write ids, or two marks, have an id in common: replicas may know different signing keys."""
    return bool(set(filter(None, one.split(JOIN))) & set(other.split(JOIN)))


def excludes(secret: Secret, old: Secret, write_id: str) -> bool:
    """Return whether the Secret proves that the write of this id, made on top of `old`, never happened.

    It does where its chain of the portal's writes is whole without it: a stranger who had replaced the Secret after
    that write would have broken the chain.
    """
    if holds(secret, write_id):
        return False
    last = secret.annotations.get(WRITE_ID_ANNOTATION, "")
    if last == old.annotations.get(WRITE_ID_ANNOTATION, ""):
        return False  # someone edited it, or put a backup of `old` back: nobody can tell
    marks = [entry.id for entry in read(secret)]
    before = [entry.id for entry in read(old)]
    whole = bool(marks) and (last.startswith(FENCE) or mark(last) == marks[-1])
    return whole and (not before or before[-1] in marks)


def _dumps(entries: list[Entry]) -> str:
    return json.dumps([_members(entry) for entry in entries], separators=(",", ":"))


def _members(entry: Entry) -> dict[str, str]:
    members = {key: str(getattr(entry, key)) for key in _KEYS}
    return {**members, _PASSWORD: entry.password} if entry.password else members
