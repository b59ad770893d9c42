"""What is known of the Secrets at one moment, by a watch or by lists, and which names changed between two such moments."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock

from destinations import names
from destinations.cluster.port import Unread
from destinations.model import Secret

_REMEMBERED = 1000
REMEMBERED_SECONDS = 60.0
"""After a minute without another list nothing is kept of it: there may be passwords in it that were rotated since."""


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
    """The Secrets that are known at one moment, by name: never changed, the next moment is another object.

    `number` grows with each change. `users` are those with the label of Epinio's users.
    """

    __slots__ = ("journal", "number", "users")

    def __init__(self, secrets: Mapping[str, Secret], journal: Journal, earlier: KnownSecrets | None) -> None:
        super().__init__(secrets)
        self.journal = journal
        self.number = journal.number
        self.users = self._users(earlier)

    def changed_since(self, earlier: KnownSecrets) -> frozenset[str] | None:
        """Return the names that may be others than then, None where any may be."""
        return self.journal.since(earlier.number) if earlier.journal is self.journal else None

    def is_before(self, other: KnownSecrets) -> bool:
        """Return whether the same watch, or the same lists, knew this earlier."""
        return other.journal is self.journal and self.number < other.number

    def _users(self, earlier: KnownSecrets | None) -> tuple[Secret, ...]:
        changed = self.changed_since(earlier) if earlier is not None else None
        if earlier is None or changed is None:
            return tuple(filter(_is_user, self.values()))
        if not any(one and _is_user(one) for name in changed for one in (earlier.get(name), self.get(name))):
            return earlier.users
        there = {secret.name for secret in earlier.users} | changed
        return tuple(self[name] for name in sorted(there) if name in self and _is_user(self[name]))


@dataclass(frozen=True, slots=True)
class Listed:
    """What one list of the namespace showed; `number` grows from list to list."""

    number: int
    secrets: Sequence[Unread] = field(repr=False)


class Listings:
    """Lists one after the other, and what they show in the shape of what a watch knows.

    What has not changed since the list before stays the object that it was, or is that of the watch, which `watched`
    returns: the same Secret has the same uid and resourceVersion. `shrink` cuts down what is kept of the others. Safe for
    threads, but for `read`.
    """

    def __init__(
        self,
        read: Callable[[], Sequence[Unread]],
        shrink: Callable[[Secret], Secret],
        watched: Callable[[], Mapping[str, Secret]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._read, self._shrink, self._watched, self._clock = read, shrink, watched, clock
        self._lock = Lock()
        self._journal = Journal()
        self._numbers = 0
        self._known, self._shown = KnownSecrets({}, self._journal, None), 0
        self._asked_at = clock()

    def read(self) -> Listed:
        """Raise what the list raises."""
        self._numbers += 1
        return Listed(self._numbers, self._read())

    def known(self, listed: Listed) -> KnownSecrets:
        """Return what a list showed, or a later one that was asked about before."""
        with self._lock:
            self._asked_at = self._clock()
            if listed.number > self._shown:
                watched, old = self._watched(), self._known
                new = {one.name: self._kept(one, watched, old) for one in listed.secrets}
                self._journal.note(name for name in old.keys() | new if old.get(name) is not new.get(name))
                self._known, self._shown = KnownSecrets(new, self._journal, old), listed.number
            return self._known

    def rest(self) -> None:
        """Forget the last list after a while in which the watch was enough."""
        with self._lock:
            if self._known and self._clock() - self._asked_at > REMEMBERED_SECONDS:
                self._journal.begin()
                self._known, self._shown = KnownSecrets({}, self._journal, None), 0

    def _kept(self, listed: Unread, *known: Mapping[str, Secret]) -> Secret:
        for secrets in known:
            there = secrets.get(listed.name)
            if there and (there.uid, there.resource_version) == (listed.uid, listed.resource_version):
                return there
        return self._shrink(listed.read())


def _is_user(secret: Secret) -> bool:
    return names.USER_LABEL in secret.labels
