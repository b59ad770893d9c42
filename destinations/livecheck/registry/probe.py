"""The live check itself: from the name to push permission, for Helm and skopeo at once where they go the same way."""

from __future__ import annotations

import functools
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from ipaddress import ip_address
from types import MappingProxyType
from typing import Any, Generic, TypeVar

from destinations.livecheck.deadline import Deadline
from destinations.livecheck.registry import helm, network, reach, skopeo
from destinations.livecheck.registry.channel import Channel
from destinations.livecheck.registry.guard import Approved, Resolve, Rules, is_inner
from destinations.livecheck.registry.network import Watch
from destinations.livecheck.registry.port import (
    DEADLINE_SECONDS,
    CheckStopped,
    Code,
    Leg,
    Outcome,
    Plan,
    Report,
    Side,
    StageResult,
    Step,
    Trust,
)
from destinations.livecheck.registry.reach import Reach
from destinations.livecheck.registry.session import CredentialCache, RegistrySession, ping
from destinations.livecheck.registry.trust import CERTIFICATE_CODES

_T = TypeVar("_T")
_TOOLS = {Side.CHART: helm, Side.IMAGE: skopeo}
_ORDER = {step: number for number, step in enumerate(Step)}


class NetworkRegistries:
    """Keeps the promises of `port.Registries`, on the network that the rules allow."""

    def __init__(self, rules: Rules, resolve: Resolve = network.resolve, seconds: float = DEADLINE_SECONDS) -> None:
        self._rules = rules
        self._resolve = resolve
        self._seconds = seconds

    def check(self, plan: Plan) -> Report:
        checked_at = datetime.now(UTC)
        with Watch(Deadline(self._seconds)) as watch:
            check = _Check(plan, self._rules, self._resolve, watch)
            check.run()
        stages = tuple(sorted(check.stages, key=lambda stage: _ORDER[stage.step]))
        return Report(stages, outcome(stages, Side.CHART), outcome(stages, Side.IMAGE), checked_at, check.chain)


def outcome(stages: tuple[StageResult, ...], side: Side) -> Outcome:
    """Return what follows for one side: one failure fails it, and only a proven right to push passes."""
    mine = [stage for stage in stages if stage.side in {side, Side.BOTH}]
    if any(stage.ok is False for stage in mine):
        return Outcome.FAIL
    pushes = [stage for stage in mine if stage.step is Step.PUSH]
    return Outcome.PASS if pushes and all(stage.ok for stage in pushes) else Outcome.UNKNOWN


@dataclass(frozen=True, slots=True)
class _StageOutput(Generic[_T]):
    code: Code
    value: _T
    ok: bool | None = True
    detail: Mapping[str, str] = field(default_factory=dict)


class _Check:
    def __init__(self, plan: Plan, rules: Rules, resolve: Resolve, watch: Watch) -> None:
        self._plan = plan
        once = functools.cache(lambda name, deadline: tuple(resolve(name, deadline)))  # a name leads to one place
        self._reach = Reach(rules, once, watch, is_inner, sees_all=plan.sees_all)
        self._watch = watch
        self._legs = {Side.CHART: plan.chart, Side.IMAGE: plan.image}
        self.stages: list[StageResult] = []
        self.chain: tuple[bytes, ...] = ()

    def run(self) -> None:
        for sides in self._group(tuple(self._legs), lambda leg: leg.stop):
            leg = self._legs[sides[0]]
            code, detail = (Code.NO_TARGET, {"message": leg.stop, "fix": leg.fix}) if leg.stop else (Code.READY, {})
            self._note(Step.SECRETS, sides, _StageOutput(code, leg, ok=not leg.stop, detail=detail))
        targets = tuple(side for side, leg in self._legs.items() if leg.host)
        hosts = self._group(targets, lambda leg: leg.host)
        for sides, approved in [(sides, self._approve(sides)) for sides in hosts]:  # all, before one is dialed
            if approved:
                self._go(sides, approved)

    def _group(self, sides: tuple[Side, ...], key: Callable[[Leg], object]) -> list[tuple[Side, ...]]:
        groups: dict[object, tuple[Side, ...]] = {}
        for side in sides:
            groups.setdefault(key(self._legs[side]), ())
            groups[key(self._legs[side])] += (side,)
        return list(groups.values())

    def _go(self, sides: tuple[Side, ...], approved: Approved) -> None:
        if self._is_silent(Step.CONNECT, sides):
            return
        connected = self._stage(Step.CONNECT, sides, lambda: self._connect(approved))
        if connected:
            origin, sock = connected
            cache = CredentialCache()
            for same in self._group(sides, lambda leg: leg.trust):
                if not self._is_silent(Step.TLS, same):
                    self._meet(same, Channel(origin, self._legs[same[0]].trust, self._watch, sock), cache)
                sock = None
        proven = any(
            stage.step is Step.REGISTRY and stage.ok for stage in self.stages if stage.side in {*sides, Side.BOTH}
        )
        self._reach.leave_host(proven=proven)

    def _is_silent(self, step: Step, sides: tuple[Side, ...]) -> bool:
        if self._reach.is_silent:
            self._note(step, sides, _StageOutput(Code.NOT_REACHED, value=None, ok=None))
        return self._reach.is_silent

    def _approve(self, sides: tuple[Side, ...]) -> Approved | None:
        def approve() -> _StageOutput[Approved]:
            approved = self._reach.host(self._legs[sides[0]].host)
            return _StageOutput(Code.RESOLVED, approved, detail={"address": str(approved.addresses[0])})

        return self._stage(Step.RESOLVE, sides, approve)

    def _connect(self, approved: Approved) -> _StageOutput[tuple[Approved, socket.socket | None]]:
        try:
            sock = network.connect(approved, self._watch)
        except CheckStopped:
            if approved.left_out:  # the tools try the other ones, too
                detail = {"address": str(approved.addresses[0])}
                raise CheckStopped(Code.NO_CONNECTION, ok=None, detail=detail) from None
            raise
        try:
            address = ip_address(sock.getpeername()[0])
        except OSError:  # it has hung up already
            sock.close()
            raise CheckStopped(Code.NO_CONNECTION) from None
        return _StageOutput(
            Code.CONNECTED, (replace(approved, addresses=(address,)), sock), detail={"address": str(address)}
        )

    def _meet(self, sides: tuple[Side, ...], channel: Channel, cache: CredentialCache) -> None:
        try:
            is_secure = self._stage(Step.TLS, sides, lambda: self._verify_tls(channel, self._legs[sides[0]].trust))
            first = self._stage(Step.REGISTRY, sides, lambda: _StageOutput(*ping(channel))) if is_secure else None
            if not first:
                return
            for side in sides:
                if not self._is_silent(Step.LOGIN, (side,)):
                    tokens = self._reach.tokens(channel.approved, self._legs[side].trust, channel.close)
                    self._push(
                        RegistrySession(side, self._legs[side], channel, first, tokens, cache, self._plan.lenient)
                    )
        finally:
            channel.close()

    def _verify_tls(self, channel: Channel, trust: Trust) -> _StageOutput[bool]:
        try:
            chain = channel.handshake()
        except CheckStopped as stop:
            chain = reach.chain_of(channel.approved, self._watch) if stop.code in CERTIFICATE_CODES else ()
            self.chain = self.chain or chain
            if stop.code is Code.NO_TLS and reach.speaks_plain_http(channel.approved, self._watch):
                falls_back = self._plan.lenient and trust.public
                raise CheckStopped(Code.PLAIN_HTTP, ok=None if falls_back else False, ok_image=False) from None
            raise reach.explain_tls(stop, chain) from None
        self.chain = self.chain or chain
        return _StageOutput(Code.TRUSTED, value=True)

    def _push(self, session: RegistrySession) -> None:
        tool, sides = _TOOLS[session.side], (session.side,)
        detail = {"repository": session.leg.repository}

        def log_in() -> _StageOutput[bool]:
            code, ok = tool.log_in(session)
            return _StageOutput(code, value=True, ok=ok)

        if self._stage(Step.LOGIN, sides, log_in):
            self._stage(Step.PUSH, sides, lambda: _StageOutput(tool.push(session), value=True, detail=detail), detail)

    def _stage(
        self,
        step: Step,
        sides: tuple[Side, ...],
        run: Callable[[], _StageOutput[_T]],
        detail: Mapping[str, str] = MappingProxyType({}),
    ) -> _T | None:
        """Run one stage and note how it ended; `detail` is known however it ends."""
        started = time.monotonic()
        try:
            output = run()
        except (CheckStopped, TimeoutError) as ended:
            stop = ended if isinstance(ended, CheckStopped) else CheckStopped(Code.OUT_OF_TIME)
            oks = {Side.CHART: stop.ok, Side.IMAGE: stop.ok_image}
            together = [sides] if len({oks[side] for side in sides}) == 1 else [(side,) for side in sides]
            for same in together:
                stopped = _StageOutput(stop.code, stop, ok=oks[same[0]], detail={**detail, **stop.detail})
                self._note(step, same, stopped, started)
            return None
        self._note(step, sides, output, started)
        return output.value

    def _note(
        self, step: Step, sides: tuple[Side, ...], output: _StageOutput[Any], started: float | None = None
    ) -> None:
        ms = None if started is None else round((time.monotonic() - started) * 1000)
        side = sides[0] if len(sides) == 1 else Side.BOTH
        self.stages.append(StageResult(step, side, output.ok, output.code, ms, output.detail))
