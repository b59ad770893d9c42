"""Registries that answer what a test wants, and remember what they were asked."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from threading import Lock
from typing import TYPE_CHECKING

from destinations.livecheck.registry.port import Code, Report, Side, StageResult, Step
from destinations.livecheck.registry.probe import outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from destinations.livecheck.registry.port import Plan

_ORDER = tuple(Step)
GOOD = (
    StageResult(Step.SECRETS, Side.BOTH, ok=True, code=Code.READY),
    StageResult(Step.RESOLVE, Side.BOTH, ok=True, code=Code.RESOLVED, ms=2, detail={"address": "192.0.2.7"}),
    StageResult(Step.CONNECT, Side.BOTH, ok=True, code=Code.CONNECTED, ms=3, detail={"address": "192.0.2.7"}),
    StageResult(Step.TLS, Side.BOTH, ok=True, code=Code.TRUSTED, ms=5),
    StageResult(Step.REGISTRY, Side.BOTH, ok=True, code=Code.WANTS_BASIC, ms=4),
    StageResult(Step.LOGIN, Side.BOTH, ok=True, code=Code.LOGGED_IN, ms=6),
    StageResult(Step.PUSH, Side.BOTH, ok=True, code=Code.MAY_PUSH, ms=7),
)


def report(*ends: StageResult, chain: tuple[bytes, ...] = ()) -> Report:
    """Return what a check finds that goes well until these stages, which end their sides."""
    found = list(ends)
    for good in GOOD:
        for side in (Side.CHART, Side.IMAGE):
            own = [one for one in ends if one.side in {side, Side.BOTH}]
            if all(_ORDER.index(good.step) < _ORDER.index(one.step) for one in own):
                found.append(StageResult(good.step, side, ok=True, code=good.code, ms=good.ms, detail=good.detail))
    stages = tuple(sorted(_merged(found), key=lambda one: _ORDER.index(one.step)))
    return Report(stages, outcome(stages, Side.CHART), outcome(stages, Side.IMAGE), datetime.now(UTC), chain)


def ends(
    step: Step, code: Code, side: Side = Side.BOTH, *, ok: bool | None = False, ms: int | None = 8, **detail: str
) -> Report:
    """Return what a check finds that ends at one stage."""
    return report(StageResult(step, side, ok, code, ms, detail))


def _merged(found: list[StageResult]) -> list[StageResult]:
    """Put the two sides of a stage together, as a prober does where both go the same way."""
    good = {one.step: one for one in GOOD}
    sides = {
        step: {one.side for one in found if one.step is step and one == replace(good[step], side=one.side)}
        for step in good
    }
    twins = {step for step, known in sides.items() if known == {Side.CHART, Side.IMAGE}}
    return [one for one in found if one.step not in twins] + [good[step] for step in twins]


class Scripted:
    """Answers by the destination's name, else with a check that goes well."""

    def __init__(self) -> None:
        self.answers: dict[str, Report | Callable[[Plan], Report]] = {}
        self.asked: list[Plan] = []
        self.most = 0
        self._now = 0
        self._lock = Lock()

    def check(self, plan: Plan) -> Report:
        """Note the plan, and how many are under way at once."""
        with self._lock:
            self.asked.append(plan)
            self._now += 1
            self.most = max(self.most, self._now)
        try:
            answer = self.answers.get(plan.name, report())
            return answer(plan) if callable(answer) else answer
        finally:
            with self._lock:
                self._now -= 1
