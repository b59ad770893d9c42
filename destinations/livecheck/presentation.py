"""A result as a page shows it: the path, what is wrong, the chain, and how old it is. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import takewhile

from destinations.livecheck import explanations, fingerprint
from destinations.livecheck import result as chain
from destinations.livecheck.registry.port import Code, Outcome, Report, Side, StageResult, Step
from destinations.livecheck.result import Last, for_others
from destinations.model import Secret, Snapshot
from destinations.overview import table
from destinations.overview.answer import CheckSummary, Result
from destinations.secret.codec import rfc3339
from destinations.secret.keys import SigningKeys
from destinations.secret.mask import masked
from destinations.verdict.certificates import CertificateSummary, Health

_Pair = tuple[StageResult | None, StageResult | None]

_TOOLS = {Side.CHART: "Helm, chart", Side.IMAGE: "skopeo, image", Side.BOTH: ""}
_BLURRED = {Step.RESOLVE, Step.CONNECT, Step.TLS}
"""Drawn as one with the registry where it is hidden which of them failed."""
_SIDES = {Side.CHART: (Side.CHART,), Side.IMAGE: (Side.IMAGE,), Side.BOTH: (Side.CHART, Side.IMAGE)}
_WORST = ("failed", "unsure", "open", "ok")
_KINDS = {Outcome.PASS: "works", Outcome.FAIL: "fails", Outcome.UNKNOWN: "at-risk"}
_RESULTS = {Outcome.PASS: Result.PASSED, Outcome.FAIL: Result.FAILED, Outcome.UNKNOWN: Result.INCONCLUSIVE}
_REJECTIONS = {
    Code.WANTS_OTHER,
    Code.NO_CREDENTIALS,
    Code.HALF_CREDENTIALS,
    Code.WRONG_CREDENTIALS,
    Code.MAY_NOT_PUSH,
    Code.NO_REPOSITORY,
    Code.CREATOR_FAILS,
}
"""What a registry refuses; with all else that fails, nobody knows what it would do."""
_ROTATED = {Code.NO_CREDENTIALS, Code.HALF_CREDENTIALS, Code.WRONG_CREDENTIALS}
_EDITED = {
    Code.NO_SUCH_NAME,
    Code.BAD_HOST,
    Code.MIXED_ADDRESSES,
    Code.UNKNOWN_AUTHORITY,
    Code.NAME_MISMATCH,
    Code.PLAIN_HTTP,
    Code.NO_TLS,
    Code.NOT_A_REGISTRY,
    Code.REDIRECTS,
    Code.BAD_ANSWER,
    Code.MAY_NOT_PUSH,
    Code.NO_REGISTRY,
}


@dataclass(frozen=True, slots=True)
class Stop:
    """One stage of the drawn path: its name, its state, how long it took, and words if the state alone says too little."""

    label: str
    state: str
    ms: int | None = None
    words: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a stage found, in words. `bad` where it fails; without a fix there is nothing to do."""

    label: str
    tool: str
    message: str
    fix: str
    state: str
    ms: int | None = None


@dataclass(frozen=True, slots=True)
class FixGroup:
    """What to do, once, and every finding that it helps against. `state` is the worst of them."""

    fix: str
    state: str
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """A result for a page. `kind` is the CSS word of its status.

    `path` is what both tools find alike, `forks` each one's way from there; `findings` are those to act on, `advised` the
    same by what to do, `everything` all.
    """

    name: str
    headline: str
    status: str
    kind: str
    at: str
    age: str
    app: str
    outdated: bool
    stored: bool
    path: tuple[Stop, ...] = ()
    forks: tuple[tuple[str, tuple[Stop, ...]], ...] = ()
    findings: tuple[Finding, ...] = ()
    advised: tuple[FixGroup, ...] = ()
    everything: tuple[Finding, ...] = ()
    chain: tuple[tuple[CertificateSummary, Health], ...] = ()

    @property
    def fails(self) -> bool:
        return self.kind == "fails"


def brief(last: Last, *, now: datetime, sees_all: bool, outdated: bool) -> Shown:
    """Return a result for a table: what follows for chart and image, and its age."""
    report = last.report if sees_all else for_others(last.report)
    kind = "disabled" if outdated else _KINDS[_worst(report)]
    at = rfc3339(report.checked_at)
    return Shown(
        last.name, explanations.headline(report.chart, report.image), "Outdated" if outdated else _status(report), kind,
        at, table.ago(report.checked_at, now), last.app, outdated, last.stored,
    )  # fmt: skip


def whole(last: Last, *, now: datetime, sees_all: bool, outdated: bool = False) -> Shown:
    report = last.report if sees_all else for_others(last.report)
    short = brief(last, now=now, sees_all=sees_all, outdated=outdated)
    stages = _merged(report.stages)
    everything = tuple(map(_finding, stages))
    is_hidden = any(stage.code is Code.NO_REGISTRY for stage in report.stages)
    labels = {step: label for step, label in explanations.STEPS.items() if step not in _BLURRED or not is_hidden}
    if is_hidden:
        labels[Step.REGISTRY] = explanations.REACH
    steps = list(labels)
    ways = {step: (_of(report.stages, step, Side.CHART), _of(report.stages, step, Side.IMAGE)) for step in steps}
    common = list(takewhile(lambda step: _is_alike(*ways[step]), steps))
    return Shown(
        short.name, short.headline, short.status, short.kind, short.at, short.age, short.app, outdated, last.stored,
        path=tuple(_stop(labels[step], chart) for step, (chart, _) in ways.items() if step in common),
        forks=_forks(ways, common, labels),
        findings=tuple(dict.fromkeys(one for one in everything if one.fix)),
        advised=_advised(stages),
        everything=everything,
        chain=tuple((one, one.health(now)) for one in chain.read(report.chain)),
    )  # fmt: skip


def is_outdated(last: Last, secret: Secret, snapshot: Snapshot, keys: SigningKeys) -> bool:
    """Return whether the destination changed since; where there was no key to bind the result with, nobody knows: yes."""
    return not last.fingerprint or not fingerprint.matches(last.fingerprint, secret, snapshot.secrets, keys)


def summary(last: Last, *, sees_all: bool) -> CheckSummary:
    """Return what a result adds to the verdict: its first stage that fails, or else the first that is not certain.

    Hosts and the like are left out of the message: it is the same on each replica, and for each destination with this cause.
    """
    report = last.report if sees_all else for_others(last.report)
    result = _RESULTS[_worst(report)]
    stages = [stage for stage in report.stages if stage.code is not Code.NOT_REACHED]
    at_registry = _at_registry([stage for stage in stages if stage.step is not Step.SECRETS])
    wanted = {Result.FAILED: (False,), Result.INCONCLUSIVE: (None,)}.get(result, ())
    found = next((stage for stage in sorted(stages, key=_position) if stage.ok in wanted and wanted), None)
    if found is None:
        return CheckSummary(report.checked_at, result, last.app, registry=at_registry)
    said = explanations.said(replace(found, detail={}))
    return CheckSummary(
        report.checked_at, result, last.app,
        stage=found.step.value,
        label=_label(found),
        message=masked(said.message),
        fix=said.fix,
        is_rejection=found.code in _REJECTIONS,
        page="rotate" if found.code in _ROTATED else "edit" if found.code in _EDITED else "destination",
        registry=at_registry,
        has_logged_in=_passes(stages, Step.LOGIN),
    )  # fmt: skip


def _position(stage: StageResult) -> int:
    return list(Step).index(stage.step)


def _at_registry(stages: Sequence[StageResult]) -> Result:
    if any(stage.ok is False for stage in stages):
        return Result.FAILED
    return Result.PASSED if _passes(stages, Step.PUSH) else Result.INCONCLUSIVE


def _passes(stages: Sequence[StageResult], step: Step) -> bool:
    """Return whether chart and image both get through a step."""
    through = {side for stage in stages if stage.step is step and stage.ok for side in _SIDES[stage.side]}
    return len(through) == len(_SIDES[Side.BOTH])


def row(last: Last, *, sees_all: bool = True) -> dict[str, object]:
    """Return a result in the shape of the JSON interface and of `manage.py livecheck --format json`."""
    report = last.report if sees_all else for_others(last.report)
    return {
        "name": last.name,
        "fingerprint": last.fingerprint,
        "checked_at": rfc3339(report.checked_at),
        "app": last.app,
        "chart": report.chart.value,
        "image": report.image.value,
        "stages": [_stage_row(stage) for stage in report.stages],
        "not_tested": list(explanations.NOT_TESTED),
    }


def _stage_row(stage: StageResult) -> dict[str, object]:
    said = explanations.said(stage)
    return {
        "stage": stage.step.value,
        "side": stage.side.value,
        "ok": stage.ok,
        "ms": stage.ms,
        "message": said.message,
        "fix": said.fix,
    }


def _worst(report: Report) -> Outcome:
    found = {report.chart, report.image}
    return next(one for one in (Outcome.FAIL, Outcome.UNKNOWN, Outcome.PASS) if one in found)


def _status(report: Report) -> str:
    """Return a few words for a badge; green only where both are proven."""
    if report.chart is report.image:
        return {Outcome.PASS: "Passed", Outcome.FAIL: "Failed", Outcome.UNKNOWN: "Inconclusive"}[report.chart]
    said = {Outcome.PASS: "passes", Outcome.FAIL: "fails", Outcome.UNKNOWN: "inconclusive"}
    return f"Chart {said[report.chart]}, image {said[report.image]}"


def _merged(stages: Sequence[StageResult]) -> list[StageResult]:
    """Return the stages with what both tools found alike as one."""
    found: list[StageResult] = []
    for stage in stages:
        twin = next((one for one in found if one.step is stage.step and _facts(one) == _facts(stage)), None)
        if twin is None:
            found.append(stage)
        else:
            found[found.index(twin)] = replace(twin, side=Side.BOTH)
    return found


def _advised(stages: Sequence[StageResult]) -> tuple[FixGroup, ...]:
    groups = ((fix, tuple(map(_finding, found))) for fix, found in explanations.by_fix(stages).items())
    return tuple(FixGroup(fix, min((one.state for one in found), key=_WORST.index), found) for fix, found in groups)


def _facts(stage: StageResult) -> tuple[Code, bool | None, dict[str, str]]:
    return stage.code, stage.ok, dict(stage.detail)


def _is_alike(chart: StageResult | None, image: StageResult | None) -> bool:
    return chart is image or bool(chart and image and (chart.code, chart.ok) == (image.code, image.ok))


def _forks(
    ways: Mapping[Step, _Pair], common: Sequence[Step], labels: Mapping[Step, str]
) -> tuple[tuple[str, tuple[Stop, ...]], ...]:
    """Return each tool's own way, none where both find the same to the end."""
    rest = {step: pair for step, pair in ways.items() if step not in common}
    if not rest:
        return ()
    chart = tuple(_stop(labels[step], pair[0]) for step, pair in rest.items())
    image = tuple(_stop(labels[step], pair[1]) for step, pair in rest.items())
    return (_TOOLS[Side.CHART], chart), (_TOOLS[Side.IMAGE], image)


def _of(stages: Sequence[StageResult], step: Step, side: Side) -> StageResult | None:
    """Return what one side found in a step; where it is split, the one that is not well."""
    found = [one for one in stages if one.step is step and one.side in {side, Side.BOTH}]
    return next((one for one in found if one.ok is not True), found[0] if found else None)


def _stop(label: str, stage: StageResult | None) -> Stop:
    return Stop(label, _state(stage), stage.ms if stage else None)


def _state(stage: StageResult | None) -> str:
    if stage is None or stage.code is Code.NOT_REACHED:
        return "open"
    return "unsure" if stage.ok is None else "ok" if stage.ok else "failed"


def _finding(stage: StageResult) -> Finding:
    said = explanations.said(stage)
    return Finding(_label(stage), _TOOLS[stage.side], said.message, said.fix, _state(stage), stage.ms)


def _label(stage: StageResult) -> str:
    return explanations.REACH if stage.code is Code.NO_REGISTRY else explanations.STEPS[stage.step]
