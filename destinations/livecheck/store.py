"""How a result is in the ConfigMap: one line, no message, nothing that a registry said. Pure.

`TIME CHART IMAGE APP FINGERPRINT JOB STAGE…`, parted by spaces, with `-` for what is empty; a stage is
`step:side:+|-|?:code:milliseconds`. About 300 bytes a destination.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from threading import Lock

from destinations.cluster.config_maps import update
from destinations.cluster.port import ClusterError, ConfigMaps
from destinations.livecheck.registry.port import Code, Outcome, Report, Side, StageResult, Step
from destinations.livecheck.result import Last
from destinations.model import Secret
from destinations.names import CHECKS_CONFIG_MAP
from destinations.secret import codec
from destinations.secret.codec import rfc3339

_FIELDS = 6
_OK = {True: "+", False: "-", None: "?"}
_READ_OK = {sign: ok for ok, sign in _OK.items()}
_MAX_LINE = 2000


def line(last: Last) -> str:
    report = last.report
    parts = [rfc3339(report.checked_at), report.chart, report.image, last.app, last.fingerprint or "-", last.job or "-"]
    return " ".join((*parts, *map(_stage, report.stages)))


@lru_cache(maxsize=512)  # the overview reads the same lines again and again
def read(name: str, text: str) -> Last | None:
    """Return a result, None for what this portal did not write or a newer one writes otherwise."""
    parts = text.split(" ")
    if len(text) > _MAX_LINE or len(parts) < _FIELDS:
        return None
    at, chart, image, app, fingerprint, job, *stages = parts
    try:
        when = datetime.fromisoformat(at)
        if when.tzinfo is None:
            return None
        report = Report(tuple(map(_read_stage, stages)), Outcome(chart), Outcome(image), when)
    except (ValueError, KeyError):
        return None
    return Last(name, report, app, "" if fingerprint == "-" else fingerprint, "" if job == "-" else job)


def _stage(stage: StageResult) -> str:
    return f"{stage.step}:{stage.side}:{_OK[stage.ok]}:{stage.code}:{'' if stage.ms is None else stage.ms}"


def _read_stage(text: str) -> StageResult:
    step, side, ok, code, ms = text.split(":")
    return StageResult(Step(step), Side(side), _READ_OK[ok], Code(code), int(ms) if ms else None)


_LOG = logging.getLogger(__name__)
MAX_BYTES = 800_000
"""Of all names and results together; a ConfigMap holds 1 MiB."""
_UNSEEN = timedelta(minutes=1)


class Results:
    """The results of one portal, read from its ConfigMaps."""

    def __init__(self, config_maps: Iterable[Secret]) -> None:
        found = next((one for one in config_maps if one.name == CHECKS_CONFIG_MAP), None)
        self.lines: Mapping[str, bytes] = found.data if found else {}
        """The results as they are stored, by destination."""

    def of(self, name: str) -> Last | None:
        text = self.lines.get(name)
        return None if text is None else read(name, text.decode("utf-8", "replace"))

    def of_job(self, job: str) -> list[Last]:
        """Return the results of a check of several, by name."""
        mark = f" {job} ".encode()
        found = (self.of(name) for name, text in sorted(self.lines.items()) if mark in text)
        return [one for one in found if one and one.job == job]


@dataclass(slots=True)
class _Batch:
    """Results that go into one write, and whether that succeeded (None: not tried yet)."""

    lines: dict[str, str] = field(default_factory=dict)
    written: bool | None = None


class Writer:
    """Writes results to one of the ConfigMaps; safe for threads.

    `secrets` returns the namespace's Secrets; results of destinations that are not among them are dropped.
    """

    def __init__(self, config_maps: Callable[[], ConfigMaps], secrets: Callable[[], Iterable[Secret]]) -> None:
        self._config_maps = config_maps
        self._secrets = secrets
        self._batch = _Batch()
        self._guard = Lock()
        self._writing = Lock()

    def write(self, results: Iterable[Last]) -> bool:
        """Keep results, drop those of destinations that are gone, and say whether they are there for everyone.

        Never raises for what a cluster does.
        """
        with self._guard:
            batch = self._batch
            batch.lines |= {one.name: line(one) for one in results}
        with self._writing:
            if batch.written is None:
                with self._guard:
                    self._batch = _Batch()
                batch.written = self._written(batch.lines)
            return batch.written

    def _written(self, lines: Mapping[str, str]) -> bool:
        try:
            maps = self._config_maps()
            update(maps, CHECKS_CONFIG_MAP, lambda old: bounded({**self._current(old), **lines}))
        except ClusterError as error:
            _LOG.warning("the results of live checks cannot be stored (%s)", error.reason)
            return False
        return True

    def _current(self, lines: Mapping[str, str]) -> Mapping[str, str]:
        """Return the results that are still of something: the namespace is not read for no results."""
        if not lines:
            return {}
        existing = {secret.name for secret in self._secrets() if codec.is_destination(secret)}
        return pruned(lines, existing, datetime.now(UTC))


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
