"""The rows of what is known of a namespace, and what refers to what: follows a watch, or lists, by what changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from destinations import access
from destinations.cluster.known import KnownSecrets
from destinations.model import EpinioVersion, Secret, Snapshot
from destinations.overview.index.rowcache import ALWAYS, NEVER, CachedRow, RowCache
from destinations.overview.table import Row
from destinations.secret import codec


class NamespaceRows:
    """Not safe for threads but for `rows.get`: see `Index`."""

    def __init__(self, cache: RowCache) -> None:
        self._cache = cache
        self.secrets: KnownSecrets | None = None
        self.rows: dict[str, CachedRow] = {}
        self.teams: frozenset[str] = frozenset()
        """The teams that destinations belong to: the same object until there is another one, or one less."""
        self._version: EpinioVersion | None = None
        self._users: dict[str, set[str]] = {}  # of each Secret, the names of those whose key `certs` names it
        self._certificates: set[str] = set()
        self._unused: set[str] = set()
        self._teams = Counter[str]()
        self._since, self._until = ALWAYS, NEVER

    def row(self, name: str) -> Row | None:
        found = self.rows.get(name)
        return found.row if found else None

    @property
    def unused(self) -> list[Secret]:
        """The portal's certificate Secrets that nothing names, by name."""
        secrets: Mapping[str, Secret] = self.secrets or {}
        return [secrets[name] for name in sorted(self._unused)]

    def follow(self, snapshot: Snapshot) -> Collection[str]:
        """Be at least as new as a snapshot, and return the names whose rows are others now."""
        asked = snapshot.secrets
        if not isinstance(asked, KnownSecrets):
            raise TypeError
        secrets = self.secrets if self.secrets is not None and asked.is_before(self.secrets) else asked
        present = replace(snapshot, secrets=secrets)
        names = self._touched(secrets)
        if snapshot.version != self._version:
            names |= self.rows.keys()
        if not self._since <= snapshot.now < self._until:
            names |= {name for name, kept in self.rows.items() if not kept.holds(snapshot.now)}
            self._since, self._until = ALWAYS, NEVER
            self._bound(kept for name, kept in self.rows.items() if name not in names)
        changed = {name for name in names if self._renew(name, present)}
        self.secrets, self._version = secrets, snapshot.version
        if self._teams.keys() != self.teams:
            self.teams = frozenset(self._teams)
        return changed

    def _touched(self, secrets: KnownSecrets) -> set[str]:
        """Return the names of what is another now, and of those that use it as their certificates."""
        old: Mapping[str, Secret] = self.secrets or {}
        names = secrets.changed_since(self.secrets) if self.secrets is not None else None
        others = [
            name
            for name in (old.keys() | secrets if names is None else names)
            if old.get(name) is not secrets.get(name)
        ]
        for name in others:
            self._refer(name, old.get(name), secrets.get(name))
        return {user for name in others for user in (name, *self._users.get(name, ()))}

    def _refer(self, name: str, old: Secret | None, new: Secret | None) -> None:
        before, now = (codec.certs_name(one) if one else "" for one in (old, new))
        if before and before != now:
            self._users[before].discard(name)
            if not self._users[before]:
                del self._users[before]
        if now:
            self._users.setdefault(now, set()).add(name)
        if new and codec.is_portal_certificate(new):
            self._certificates.add(name)
        else:
            self._certificates.discard(name)
        for one in filter(None, (name, before, now)):
            is_unused = one in self._certificates and one not in self._users
            (self._unused.add if is_unused else self._unused.discard)(one)

    def _renew(self, name: str, snapshot: Snapshot) -> bool:
        """Judge a destination, and return whether its row is another one now."""
        old, secret = self.rows.pop(name, None), snapshot.secrets.get(name)
        new = self._cache.cached(secret, snapshot) if secret and codec.is_destination(secret) else None
        for kept, by in ((old, -1), (new, 1)):
            if kept and (team := access.team_of(kept.row.secret)):
                self._teams[team] += by
                if not self._teams[team]:
                    del self._teams[team]
        if new:
            self.rows[name] = new
            self._bound([new])
        return (old and old.row) is not (new and new.row)

    def _bound(self, kept: Iterable[CachedRow]) -> None:
        """Note between which times nothing changes by itself."""
        for one in kept:
            self._since, self._until = max(self._since, one.since), min(self._until, one.until)
