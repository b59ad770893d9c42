"""The certificates that a registry presents, by the portal's own reading of them, and which one is missing. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from destinations.golang import gox509
from destinations.livecheck.registry.port import Code, Outcome, Plan, Report, Side, StageResult, Step
from destinations.verdict import certificates
from destinations.verdict.certificates import CertificateSummary

_MAX = 10


def read(chain: Sequence[bytes]) -> list[CertificateSummary]:
    """Return the certificates of a chain in DER, without those that Go cannot read."""
    parsed = (gox509.parse(der) for der in chain[:_MAX])
    return [certificates.describe(one) for one in parsed if one is not None]


def missing(chain: Sequence[bytes]) -> str:
    """Return the name of the CA that a chain leads to and that nobody trusts, empty where nothing was presented."""
    found = read(chain)
    if not found:
        return ""
    one = found[0]
    for _ in found:
        above = next((other for other in found if other.subject == one.issuer), None)
        if above is None or above == one:
            break
        one = above
    return one.issuer


_BEFORE_A_REGISTRY = (Step.RESOLVE, Step.CONNECT, Step.TLS, Step.REGISTRY)
_ELSEWHERE = {Code.TOKEN_SERVICE_FAILS, Code.REALM_REFUSED, Code.OUT_OF_TIME}
_INTERNAL = {"address", "realm"}
_ORDER = tuple(Step)
_LEGS = (Side.CHART, Side.IMAGE)


@dataclass(frozen=True, slots=True)
class Last:
    """A report, with the application that it was made for, and what it is bound to.

    `fingerprint` is empty where there is no key to make one with; `job` is the check of several that it belongs to. The
    time of a check is when it was asked for. `stored` is false where the cluster did not let the portal keep it.
    """

    name: str
    report: Report
    app: str
    fingerprint: str = field(default="", repr=False)
    job: str = ""
    stored: bool = True

    @property
    def outcomes(self) -> tuple[Outcome, Outcome]:
        """What will happen to the chart, and to the image."""
        return self.report.chart, self.report.image

    @property
    def fails(self) -> bool:
        """Whether chart or image would fail."""
        return Outcome.FAIL in self.outcomes

    def has(self, code: Code) -> bool:
        return any(stage.code is code for stage in self.report.stages)


def with_names(report: Report, plan: Plan) -> Report:
    """Return the report with the names that its sentences need and that are not kept: host, repository, the missing CA."""
    legs = {Side.CHART: (plan.chart,), Side.IMAGE: (plan.image,), Side.BOTH: (plan.chart, plan.image)}
    ca = missing(report.chain)

    def named(stage: StageResult) -> StageResult:
        names = {"host": legs[stage.side][0].host}
        if stage.step is Step.PUSH:
            names["repository"] = " and ".join(leg.repository for leg in legs[stage.side] if leg.repository)
        if stage.code is Code.UNKNOWN_AUTHORITY:
            names["missing"] = ca
        return replace(stage, detail={**names, **stage.detail})

    return replace(report, stages=tuple(map(named, report.stages)))


def for_others(report: Report) -> Report:
    """Return what people who are no administrators learn of a report.

    Whatever fails before a registry was proven is one same stage, without a duration: else the check would tell them
    which ports of an internal network are open. The same goes for the token service, whose address the registry names.
    """
    hidden = _hidden(report)
    told = [_without_internals(one) for stage in report.stages for one in _kept(stage, hidden)]
    if hidden:
        side = Side.BOTH if len(hidden) == len(_LEGS) else hidden[0]
        told.append(StageResult(Step.REGISTRY, side, ok=False, code=Code.NO_REGISTRY))
    return replace(
        report,
        stages=tuple(sorted(told, key=lambda stage: _ORDER.index(stage.step))),
        chart=_outcome(report, Side.CHART, hidden),
        image=_outcome(report, Side.IMAGE, hidden),
        chain=() if len(hidden) == len(_LEGS) else report.chain,
    )


def tells_by_time(report: Report) -> bool:
    """Return whether how long the check took tells more than `for_others` does."""
    return bool(_hidden(report)) or any(map(_is_elsewhere, report.stages))


def _hidden(report: Report) -> list[Side]:
    """Return the sides for which no registry was proven.

    Where both tools share a connection, and one of them proved a registry there, what the other one finds is no secret.
    """
    broken = [side for side in _LEGS if any(_breaks(stage, side) for stage in report.stages)]
    shared = any(one.step is Step.CONNECT and one.side is Side.BOTH and one.ok for one in report.stages)
    proven = any(one.step is Step.REGISTRY and one.ok for one in report.stages)
    return [] if shared and proven else broken


def _breaks(stage: StageResult, side: Side) -> bool:
    early = stage.step in _BEFORE_A_REGISTRY and stage.code is not Code.NOT_REACHED
    return early and not stage.ok and stage.side in {side, Side.BOTH}


def _kept(stage: StageResult, hidden: list[Side]) -> list[StageResult]:
    """Return what of a stage stays: nothing, the stage, or the side of it that is not hidden."""
    if stage.step is Step.SECRETS or not hidden:
        return [stage]
    sides = [side for side in _LEGS if stage.side in {side, Side.BOTH} and side not in hidden]
    return [replace(stage, side=sides[0])] if len(sides) == 1 else [stage] if sides else []


def _is_elsewhere(stage: StageResult) -> bool:
    return stage.step in {Step.LOGIN, Step.PUSH} and stage.code in _ELSEWHERE


def _without_internals(stage: StageResult) -> StageResult:
    if _is_elsewhere(stage):
        return replace(stage, ok=None, code=Code.TOKEN_SERVICE_FAILS, ms=None, detail={})
    return replace(stage, detail={key: value for key, value in stage.detail.items() if key not in _INTERNAL})


def _outcome(report: Report, side: Side, hidden: list[Side]) -> Outcome:
    if side in hidden:
        return Outcome.FAIL
    mine = [stage for stage in report.stages if stage.side in {side, Side.BOTH}]
    unclear = any(map(_is_elsewhere, mine)) and not any(one.ok is False and not _is_elsewhere(one) for one in mine)
    return Outcome.UNKNOWN if unclear else report.chart if side is Side.CHART else report.image
