"""What a watch knows at one moment, and which names changed between two such moments."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from threading import Lock

from destinations import names
from destinations.model import Secret

_REMEMBERED = 1000


class Journal:
    """The names that changed, in order, those of the last thousand changes. Safe for threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._names: deque[str] = deque(maxlen=_REMEMBERED)
        self.number = 0

    def note(self, changed: Iterable[str]) -> None:
        with self._lock:
            for name in changed:
                self._names.append(name)
                self.number += 1

    def begin(self) -> None:
        """Forget everything: from here on nobody knows what changed since an earlier moment."""
        with self._lock:
            self._names.clear()
            self.number += 1

    def since(self, number: int) -> frozenset[str] | None:
        """Return the names that changed after a moment, None where that is not known any more."""
        with self._lock:
            missed = self.number - number
            return frozenset(list(self._names)[-missed:] if missed else ()) if missed <= len(self._names) else None


class KnownSecrets(dict[str, Secret]):
    """The Secrets that a watch knows at one moment, by name: never changed, the next moment is another object.

    `number` grows with each change. `users` are those with the label of Epinio's users.
    """

    __slots__ = ("_journal", "number", "users")

    def __init__(self, secrets: Mapping[str, Secret], journal: Journal, earlier: KnownSecrets | None) -> None:
        super().__init__(secrets)
        self._journal = journal
        self.number = journal.number
        self.users = self._users(earlier)

    def changed_since(self, earlier: KnownSecrets) -> frozenset[str] | None:
        """Return the names that may be others than then, None where any may be."""
        return self._journal.since(earlier.number) if earlier._journal is self._journal else None

    def is_before(self, other: KnownSecrets) -> bool:
        """Return whether the same watch knew this earlier."""
        return other._journal is self._journal and self.number < other.number

    def _users(self, earlier: KnownSecrets | None) -> tuple[Secret, ...]:
        changed = self.changed_since(earlier) if earlier is not None else None
        if earlier is None or changed is None:
            return tuple(filter(_is_user, self.values()))
        if not any(one and _is_user(one) for name in changed for one in (earlier.get(name), self.get(name))):
            return earlier.users
        there = {secret.name for secret in earlier.users} | changed
        return tuple(self[name] for name in sorted(there) if name in self and _is_user(self[name]))


def users_among(secrets: Mapping[str, Secret]) -> tuple[Secret, ...]:
    """Return those with the label of Epinio's users, whatever its value."""
    return secrets.users if isinstance(secrets, KnownSecrets) else tuple(filter(_is_user, secrets.values()))


def _is_user(secret: Secret) -> bool:
    return names.USER_LABEL in secret.labels
