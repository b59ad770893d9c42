"""The last result of each destination, for every replica: one ConfigMap, bounded, updated with conflict retry.

Results that arrive while a write is under way go into the next one together: many checks are few writes.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import uniform
from threading import Lock

from destinations.cluster.port import AlreadyExists, Ambiguous, ClusterError, ConfigMaps, Conflict, NotFound
from destinations.livecheck import serialization
from destinations.livecheck.result import Last
from destinations.model import Secret
from destinations.names import CHECKS_CONFIG_MAP, MANAGED_BY_LABEL, MANAGED_BY_PORTAL
from destinations.secret import codec
from destinations.web import current

_LOG = logging.getLogger(__name__)
MAX_BYTES = 800_000
"""Of all names and results together; a ConfigMap holds 1 MiB."""
_ATTEMPTS = 20
_PAUSE_SECONDS = 0.02
_UNSEEN = timedelta(minutes=1)


class Results:
    """The results of one portal, read from its ConfigMaps."""

    def __init__(self, config_maps: Iterable[Secret]) -> None:
        """Keep what stands there; a result is read when it is asked for."""
        found = next((one for one in config_maps if one.name == CHECKS_CONFIG_MAP), None)
        self._lines: Mapping[str, bytes] = found.data if found else {}

    def of(self, name: str) -> Last | None:
        """Return the last result of a destination."""
        text = self._lines.get(name)
        return None if text is None else serialization.read(name, text.decode("utf-8", "replace"))

    def of_job(self, job: str) -> list[Last]:
        """Return the results of a check of several, by name."""
        mark = f" {job} ".encode()
        found = (self.of(name) for name, text in sorted(self._lines.items()) if mark in text)
        return [one for one in found if one and one.job == job]


@dataclass(slots=True)
class _Batch:
    """Results that go into one write, and whether that succeeded (None: not tried yet)."""

    lines: dict[str, str] = field(default_factory=dict)
    written: bool | None = None


class Writer:
    """Writes results; safe for threads."""

    def __init__(self) -> None:
        """Begin with nothing to write."""
        self._batch = _Batch()
        self._guard = Lock()
        self._writing = Lock()

    def write(self, results: Iterable[Last]) -> bool:
        """Keep results, drop those of destinations that are gone, and say whether they are there for everybody.

        Never raises for what a cluster does.
        """
        with self._guard:
            batch = self._batch
            batch.lines |= {one.name: serialization.line(one) for one in results}
        with self._writing:
            if batch.written is None:
                with self._guard:
                    self._batch = _Batch()
                batch.written = _written(batch.lines)
            return batch.written


WRITER = Writer()


def _written(lines: Mapping[str, str]) -> bool:
    try:
        _patiently(current.cluster().config_maps, lines)
    except ClusterError as error:
        _LOG.warning("no live check can be kept (%s)", error.reason)
        return False
    return True


def _patiently(config_maps: ConfigMaps, new: Mapping[str, str]) -> None:
    """Write until it is there: an answer that never came is read again, since writing it twice does no harm."""
    for attempt in range(_ATTEMPTS):
        try:
            return _write(config_maps, new)
        except (Conflict, AlreadyExists, Ambiguous):
            if attempt == _ATTEMPTS - 1:
                raise
            time.sleep(_PAUSE_SECONDS * uniform(0, attempt))  # noqa: S311 - only keeps replicas out of step
    raise AssertionError  # the last attempt returns or raises


def _write(config_maps: ConfigMaps, new: Mapping[str, str]) -> None:
    try:
        found = config_maps.get(CHECKS_CONFIG_MAP)
    except NotFound:
        metadata = {"name": CHECKS_CONFIG_MAP, "labels": {MANAGED_BY_LABEL: MANAGED_BY_PORTAL}}
        config_maps.create({"metadata": metadata, "data": bounded(new)})
        return
    old: Mapping[str, str] = found.manifest.get("data") or {}
    there = {one.name for one in current.secrets_to_show() if codec.is_destination(one)}
    config_maps.replace({**found.manifest, "data": bounded({**pruned(old, there, datetime.now(UTC)), **new})})


def pruned(lines: Mapping[str, str], there: Collection[str], now: datetime) -> dict[str, str]:
    """Return the results of destinations that exist; of a new one this replica may not know yet."""
    young = codec.rfc3339(now - _UNSEEN)
    return {name: text for name, text in lines.items() if name in there or text > young}


def bounded(lines: Mapping[str, str]) -> dict[str, str]:
    """Return the newest results that fit; a line begins with its time."""
    room, fitting = MAX_BYTES, {}
    for name, text in sorted(lines.items(), key=lambda item: item[1], reverse=True):
        room -= len(name.encode()) + len(text.encode())
        if room < 0:
            break
        fitting[name] = text
    return fitting
