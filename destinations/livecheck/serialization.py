"""How a result stands in the ConfigMap: one line, no message, nothing that a registry said. Pure.

`TIME CHART IMAGE APP FINGERPRINT JOB STAGE…`, parted by blanks, with `-` for what is empty; a stage is
`step:side:+|-|?:code:milliseconds`. About 300 bytes a destination.
"""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache

from destinations.livecheck.registry.port import Code, Outcome, Report, Side, StageResult, Step
from destinations.livecheck.result import Last
from destinations.secret.codec import rfc3339

_FIELDS = 6
_OK = {True: "+", False: "-", None: "?"}
_READ_OK = {sign: ok for ok, sign in _OK.items()}
_MAX_LINE = 2000


def line(last: Last) -> str:
    """Return a result as it is kept."""
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
