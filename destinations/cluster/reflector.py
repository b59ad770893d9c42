"""The namespace's Secrets kept up to date by one watch, for pages that only look: never stale, never partial.

Lists once, then watches on from that version, in streams of minutes that show every few seconds that they live. Every
answer of the API server (the list, the start and the end of a stream, a change, a sign of life) proves that nothing is
missing up to then; a connection that died without a word proves nothing.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from random import SystemRandom
from threading import Event, Lock, Thread

from destinations.cluster.known import Journal, KnownSecrets
from destinations.cluster.port import ClusterError, Forbidden, Listing, Shrink, Source, WatchEvent
from destinations.model import Secret
from destinations.secret.trim import trim_for_cache

Step = tuple[Secret | None, Secret | None]
Listener = Callable[[Sequence[Step] | None, Mapping[str, Secret]], None]

MAX_AGE_SECONDS = 5.0
LIVE_SECONDS = 3.5
"""Signs of life of a stream come oftener than this."""
_STREAM_SECONDS = (180, 300)  # at random, so that the replicas do not begin anew together
_FORBIDDEN_SECONDS = 60.0
_UNAUTHORIZED = 401
_DELETIONS = 1000
_STEADY_SECONDS = 2.0
_PAUSES = (0.2, 0.5, 1.0, 2.0, 5.0)


class Reflector:
    """Safe for threads; the watch starts with the first question and is a daemon."""

    def __init__(
        self, source: Source, *, shrink: Shrink = trim_for_cache, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._source = source
        self._shrink = shrink
        self._clock = clock
        self._lock = Lock()
        self._closed = Event()
        self._thread: Thread | None = None
        self._secrets: dict[str, Secret] | None = None
        self._journal = Journal()
        self._known: KnownSecrets | None = None
        self._version = ""
        self._proved_at = 0.0
        self._streams = False
        self._written = 0
        self._deleted: deque[str] = deque(maxlen=_DELETIONS)  # uids, which never come back
        self._uids: set[str] = set()
        self._listeners: list[Listener] = []
        source.on_write(self._expect)

    def secrets(self) -> tuple[Secret, ...] | None:
        """Return what `known` returns, without the names."""
        known = self.known()
        return None if known is None else tuple(known.values())

    def known(self) -> KnownSecrets | None:
        """Return every Secret but Helm's release records, cut down, or None where only a direct read will do.

        None means: not listed yet, no sign of life for five seconds, or behind what this process itself wrote. It is the
        same object until something changes.
        """
        self.start()
        with self._lock:
            if self._secrets is None or self._age() > MAX_AGE_SECONDS or self._is_behind():
                return None
            if self._known is None or self._known.number != self._journal.number:
                self._known = KnownSecrets(self._secrets, self._journal, self._known)
            return self._known

    def last(self) -> Mapping[str, Secret]:
        """Return what the last page was shown, current or not: to know again what a list shows, for nothing else."""
        with self._lock:
            return self._known or {}

    def age(self) -> float | None:
        """Return how many seconds ago the API server last proved that nothing is missing, None before it did."""
        with self._lock:
            return None if self._secrets is None else self._age()

    def is_live(self) -> bool:
        """Return whether a stream runs that has just shown that it lives: who asks the API server hears nothing new."""
        with self._lock:
            return self._secrets is not None and self._streams and self._age() <= LIVE_SECONDS

    def on_change(self, listener: Listener) -> None:
        """Tell the listener, in the watch's own thread, of each change with what is kept then; None for a new beginning."""
        self._listeners.append(listener)

    def close(self) -> None:
        """End the watch, at the latest with its next sign of life, and forget everything."""
        self._closed.set()
        with self._lock:
            self._secrets = self._known = None

    def start(self) -> None:
        with self._lock:
            if self._closed.is_set() or (self._thread and self._thread.is_alive()):
                return
            self._secrets = self._known = None
            self._thread = Thread(target=self._run, name="secrets-watch", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        failures = 0
        while not self._closed.is_set():
            started = self._clock()
            try:
                self._list()
                while not self._closed.is_set():
                    self._watch()
            except ClusterError as error:
                if _is_denied(error):  # who may not watch reads directly, and is not listed for in vain
                    with self._lock:
                        self._secrets = self._known = None
                    self._closed.wait(_FORBIDDEN_SECONDS)
                    continue
                failures = failures + 1 if self._clock() - started < _STEADY_SECONDS else 0
                self._closed.wait(_PAUSES[min(failures, len(_PAUSES) - 1)])

    def _list(self) -> None:
        sent_at = self._clock()
        listing = self._source.list_with_version(self._shrink)
        with self._lock:
            old = self._secrets
            steps = self._begin(listing, sent_at)
        if self._secrets is not None:
            self._tell(None if old is None else steps)

    def _tell(self, steps: Sequence[Step] | None) -> None:
        secrets = self._secrets
        if secrets is not None and (steps is None or steps):
            for listener in self._listeners:
                listener(steps, secrets)

    def _begin(self, listing: Listing, sent_at: float) -> Sequence[Step]:
        """Take over a list, and return what it shows to have changed; what has not stays the object that it was."""
        if self._closed.is_set():
            return ()
        old = self._secrets
        new = {secret.name: secret for secret in listing.secrets}
        if old is None:
            steps: Sequence[Step] = ()
            self._journal.begin()
        else:
            steps = _steps(old, new)
            changed = {one.name for step in steps for one in step if one}
            new = {name: secret if name in changed else old[name] for name, secret in new.items()}
            self._journal.note(changed)
        self._secrets = new
        self._uids = {secret.uid for secret in new.values()}
        self._version = listing.resource_version
        self._proved_at = sent_at
        return steps

    def _watch(self) -> None:
        try:
            for event in self._source.watch(self._version, seconds=SystemRandom().randint(*_STREAM_SECONDS)):
                with self._lock:
                    step = self._apply(event)
                    self._streams = True
                self._tell([step] if step else ())
                if self._closed.is_set():
                    return
        except ClusterError:
            self._streams = False
            raise
        self._proved_at = self._clock()

    def _apply(self, event: WatchEvent) -> Step | None:
        if self._secrets is None:
            return None
        step = None
        if event.secret:
            now = None if event.gone else self._shrink(event.secret)
            before = self._secrets.pop(event.secret.name, None)
            step = (before, now)
            if before:
                self._uids.discard(before.uid)
            if now:
                self._secrets[now.name] = now
                self._uids.add(now.uid)
            self._journal.note([event.secret.name])
        self._version = event.resource_version
        self._proved_at = self._clock()
        return step if step != (None, None) else None

    def _expect(self, uid: str, version: str) -> None:
        """Take note of what this process wrote: until the watch has seen it, pages read directly."""
        with self._lock:
            if version:
                self._written = max(self._written, _number(version) or 0)
            else:
                self._deleted.append(uid)

    def _is_behind(self) -> bool:
        version = _number(self._version)
        return version is None or version < self._written or not self._uids.isdisjoint(self._deleted)

    def _age(self) -> float:
        return self._clock() - self._proved_at


def _is_denied(error: ClusterError) -> bool:
    """Return whether a permission is missing. A refused token is an outage: a Pod that is deleted by force has one at once."""
    return isinstance(error, Forbidden) and error.status != _UNAUTHORIZED


def _steps(old: Mapping[str, Secret], new: Mapping[str, Secret]) -> list[Step]:
    """Return what a new list shows to have happened while nobody watched."""
    pairs = ((old.get(name), new.get(name)) for name in sorted(old.keys() | new.keys()))
    return [(before, now) for before, now in pairs if _state(before) != _state(now)]


def _state(secret: Secret | None) -> tuple[str, str] | None:
    return (secret.uid, secret.resource_version) if secret else None


def _number(version: str) -> int | None:
    """Return a resourceVersion as a number, None if it is not one: they are compared only for `not older than`."""
    return int(version) if version.isdecimal() and version.isascii() else None
