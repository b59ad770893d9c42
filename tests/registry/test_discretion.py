"""What a team manager learns of ports inside, with a server of their own beside the check: nothing, on real sockets.

127.0.0.1 and 127.0.0.9 play public addresses, the rest of loopback an inner network. What the manager is told and when,
and what the server sees and when, has to be the same whether a port inside is open, silent, closed or filtered.
"""

from __future__ import annotations

import itertools
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from ipaddress import ip_address
from typing import TYPE_CHECKING

import pytest

from destinations.livecheck import runner
from destinations.livecheck.registry import probe
from destinations.livecheck.registry.guard import PRIVATE
from destinations.livecheck.registry.port import Code, Outcome, Side, Step
from destinations.livecheck.registry.probe import NetworkRegistries
from destinations.livecheck.result import for_others
from destinations.livecheck.runner import Question
from tests.registry import asking
from tests.registry.asking import (
    ANY_PORT,
    Authority,
    check,
    code,
    plan,
    serving,
    wants,
)
from tests.registry.attacker import INSIDE, KINDS, PUBLIC, attacking, target
from tests.services import composition

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from destinations.livecheck.registry.port import Plan, Report
    from destinations.livecheck.result import Last
    from tests.registry.asking import Asked, Reply

SECONDS, SLOT = 2.4, 3.0
RESOLUTION = 1.0
"""Less than half of what tells a filtered port from a closed one, and more than a busy machine is late."""
ELSEWHERE = "127.0.0.9"
"""Another public address."""
BESIDE = "127.0.0.3"
"""The server of the attacker where it runs inside, as an application of Epinio does."""
REGISTRY, SIBLING, STRANGER = "registry.example.com", "auth.example.com", "auth.elsewhere.example"

INNER_TOO = replace(ANY_PORT, networks=PRIVATE)

Seen = list[tuple[str, float]]
Observed = tuple[list[object], float, Seen]


@pytest.fixture(autouse=True)
def network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "is_inner", lambda address: str(address) not in {PUBLIC, ELSEWHERE})
    monkeypatch.setattr(runner, "SLOT_SECONDS", SLOT)


@dataclass(frozen=True, slots=True)
class Situation:
    """Where the attacker listens, what names lead to, and which token service it names, if any."""

    address: str
    names: dict[str, tuple[str, ...]]
    realm: str = ""
    target: str = INSIDE
    same_port: bool = False
    changes: Callable[[Plan, int, int], Plan] = lambda asked, attacker, port: asked
    basic_from: int = 1000
    """From this request on it wants Basic authentication instead."""


def two_trusts(asked: Plan, _attacker: int, _port: int) -> Plan:
    """Let both tools connect by themselves."""
    return replace(asked, image=replace(asked.image, trust=replace(asked.image.trust, public=True)))


def chart_inside(asked: Plan, _attacker: int, port: int) -> Plan:
    """Let Helm go to the port inside, and skopeo to the attacker."""
    return replace(asked, chart=replace(asked.chart, host=f"{INSIDE}:{port}"))


SITUATIONS: dict[str, Situation] = {
    "a name inside and outside": Situation(PUBLIC, {REGISTRY: (INSIDE, PUBLIC)}, same_port=True),
    "a name with two addresses inside": Situation(BESIDE, {REGISTRY: (INSIDE, BESIDE)}, same_port=True),
    "a name with two public addresses": Situation(
        PUBLIC, {REGISTRY: (ELSEWHERE, PUBLIC)}, target=ELSEWHERE, same_port=True
    ),
    "a token service on another port, inside": Situation(BESIDE, {REGISTRY: (BESIDE,)}, REGISTRY, target=BESIDE),
    "a token service of the domain": Situation(BESIDE, {REGISTRY: (BESIDE,), SIBLING: (INSIDE,)}, SIBLING),
    "a token service of another domain": Situation(BESIDE, {REGISTRY: (BESIDE,), STRANGER: (INSIDE,)}, STRANGER),
    "a token service by its address": Situation(BESIDE, {REGISTRY: (BESIDE,)}, INSIDE),
    "a token service with two addresses": Situation(BESIDE, {REGISTRY: (BESIDE,), SIBLING: (INSIDE, BESIDE)}, SIBLING),
    "a token service inside and outside": Situation(PUBLIC, {REGISTRY: (PUBLIC,), SIBLING: (INSIDE, PUBLIC)}, SIBLING),
    "a public registry that leads inwards": Situation(PUBLIC, {REGISTRY: (PUBLIC,), SIBLING: (INSIDE,)}, SIBLING),
    "a second connection afterwards": Situation(
        BESIDE, {REGISTRY: (BESIDE,), SIBLING: (INSIDE,)}, SIBLING, changes=two_trusts
    ),
    "a second connection with other wishes": Situation(
        BESIDE, {REGISTRY: (BESIDE,), SIBLING: (INSIDE,)}, SIBLING, changes=two_trusts, basic_from=1
    ),
    "a second host afterwards": Situation(BESIDE, {REGISTRY: (BESIDE,)}, changes=chart_inside),
}


@dataclass(frozen=True, slots=True)
class Registries:
    """One for each attacker, so that several checks run side by side."""

    by_port: dict[int, NetworkRegistries] = field(default_factory=dict)

    def check(self, asked: Plan) -> Report:
        return self.by_port[int(asked.image.host.rpartition(":")[2])].check(asked)


def observed(
    situation: Situation, kind: str, authority: Authority, registries: Registries, *, sees_all: bool = False
) -> Observed:
    """Return what the manager is told, after how long, and what the attacker saw until everything was over."""
    context = authority.context(REGISTRY, SIBLING, STRANGER)
    requests = itertools.count()
    port = 0

    def challenge(_head: str) -> str:
        if not situation.realm or next(requests) >= situation.basic_from:
            return 'Basic realm="x"'
        return f'Bearer realm="https://{situation.realm}:{port}/token",service="s"'

    with attacking(challenge, context, situation.address) as attacker:
        with target(kind, situation.target, attacker.port if situation.same_port else 0) as port:
            names = {name: [ip_address(one) for one in found] for name, found in situation.names.items()}
            asked = plan(attacker.port, authority.trust, host=REGISTRY)
            question = Question(REGISTRY, situation.changes(asked, attacker.port, port))
            registries.by_port[attacker.port] = NetworkRegistries(ANY_PORT, lambda name, _: names[name], SECONDS)
            attacker.begin()
            began = time.monotonic()
            last = composition.new_checks().one(question, sees_all=sees_all)
            seconds = time.monotonic() - began
        attacker.settle()
        return told(last), seconds, list(attacker.seen)


def told(last: Last) -> list[object]:
    report = for_others(last.report)
    return [report.chart, report.image, *((one.step, one.side, one.ok, one.code) for one in report.stages)]


@pytest.mark.parametrize("name", SITUATIONS)
def test_nothing_tells_an_open_port_inside_from_a_closed_one(name: str, authority: Authority) -> None:
    registries = Registries()
    with composition.use_registries(registries), ThreadPoolExecutor(len(KINDS)) as at_once:
        started = {
            kind: at_once.submit(observed, SITUATIONS[name], kind, authority, registries, sees_all=False)
            for kind in KINDS
        }
        outcomes = {kind: one.result() for kind, one in started.items()}
    first = outcomes["closed"]
    for kind, (words, seconds, seen) in outcomes.items():
        assert words == first[0], kind
        assert [event for event, _ in seen] == [event for event, _ in first[2]], kind
        assert seconds == pytest.approx(first[1], abs=RESOLUTION), kind
        for (event, at), (_, expected) in zip(seen, first[2], strict=True):
            assert at == pytest.approx(expected, abs=RESOLUTION), (kind, event)


def test_the_attackers_server_sees_what_there_is_to_see(authority: Authority) -> None:
    """Else every test above would pass: an administrator's check shows each of them apart."""

    registries, situation = Registries(), SITUATIONS["a second connection afterwards"]
    with composition.use_registries(registries):
        closed, filtered = (
            observed(situation, kind, authority, registries, sees_all=True)[2] for kind in ("closed", "filtered")
        )
    assert [event for event, _ in closed].count("connect") == 2
    assert [event for event, _ in filtered].count("connect") == 1
    assert filtered[-1][1] - closed[-1][1] > RESOLUTION


def of_manager(asked: Plan) -> Plan:
    return replace(asked, sees_all=False)


@pytest.mark.parametrize("service", [SIBLING, "example.com", f"auth.{REGISTRY}"])
def test_a_token_service_of_the_registrys_domain_inside_is_asked_as_gitlabs_is(
    authority: Authority, service: str
) -> None:
    with two_hosts(authority, service) as (asked, report):
        assert (report.chart, report.image) == (Outcome.PASS, Outcome.PASS)
        assert len(asked) == 3


@pytest.mark.parametrize("service", [STRANGER, "com", "notexample.com", "127.0.0.2"])
def test_another_token_service_inside_is_asked_for_administrators_alone(authority: Authority, service: str) -> None:
    with two_hosts(authority, service) as (asked, report):
        assert code(report, Step.LOGIN, Side.IMAGE) == (Code.REALM_REFUSED, None)
        assert asked == []


@contextmanager
def two_hosts(authority: Authority, service: str) -> Iterator[tuple[list[Asked], Report]]:
    """Check as a manager a registry inside whose token service has another name and another address inside."""
    context = authority.context(REGISTRY, service, "127.0.0.2")

    with serving(asking.grants, context, address=INSIDE) as tokens:

        def says(asked: Asked) -> Reply:
            if not asked.authorization:
                return wants(f'Bearer realm="https://{service}:{tokens.port}/token",service="s"')
            return asking.OPEN if asked.path == "/v2/" else asking.NOT_FOUND

        with serving(says, context, address=BESIDE) as server:
            names = {REGISTRY: BESIDE, service: INSIDE}
            asked = of_manager(plan(server.port, authority.trust, host=REGISTRY))
            yield tokens.asked, check(asked, resolve=lambda name, _: [ip_address(names[name])])


def test_a_registry_that_is_its_own_token_service_is_asked_as_harbors_is(authority: Authority) -> None:
    with serving(asking.with_tokens(asking.grants), authority.context(REGISTRY), address=INSIDE) as server:
        asked = of_manager(plan(server.port, authority.trust, host=REGISTRY))
        report = check(asked, resolve=lambda *_: [ip_address(INSIDE)])
    assert (report.chart, report.image) == (Outcome.PASS, Outcome.PASS)


@pytest.mark.parametrize("status", [302, 404, 429, 500, 503])
def test_whatever_else_answers_inside_is_told_like_a_closed_port(authority: Authority, status: int) -> None:
    context = authority.context(REGISTRY, SIBLING)
    names = {REGISTRY: BESIDE, SIBLING: INSIDE}
    reports = []
    with serving(lambda _: (status, {}, b""), context, address=INSIDE) as other, target("closed") as closed:
        for port in (other.port, closed):
            realm = f'Bearer realm="https://{SIBLING}:{port}/token",service="s"'
            with serving(partial(leads_to, realm), context, address=BESIDE) as server:
                asked = of_manager(plan(server.port, authority.trust, host=REGISTRY))
                reports.append(check(asked, resolve=lambda name, _: [ip_address(names[name])]))
    answered, refused = (asking.found(for_others(one)) for one in reports)
    assert answered == refused


def leads_to(realm: str, _asked: Asked) -> Reply:
    return wants(realm)


def test_the_registrys_own_name_leads_no_realm_to_another_address(authority: Authority) -> None:
    """The realm is judged by the address that was dialed: here the only one that is public."""
    answers = iter([[PUBLIC], [INSIDE], [INSIDE]])
    with serving(asking.grants, authority.context(REGISTRY), address=INSIDE) as inside:
        realm = f'Bearer realm="https://{REGISTRY}:{inside.port}/token",service="s"'
        with serving(lambda _: wants(realm), authority.context(REGISTRY)) as server:
            asked = plan(server.port, authority.trust, host=REGISTRY)
            report = check(asked, resolve=lambda *_: list(map(ip_address, next(answers))))
    assert code(report, Step.LOGIN, Side.IMAGE) == (Code.TOKEN_SERVICE_FAILS, False)
    assert inside.asked == []


@pytest.mark.parametrize("sees_all", [True, False])
def test_a_name_inside_and_outside_is_refused_for_everybody(
    authority: Authority, dialled: list[object], *, sees_all: bool
) -> None:
    for order in ([PUBLIC, INSIDE], [INSIDE, PUBLIC]):
        asked = replace(plan(443, authority.trust, host=REGISTRY), sees_all=sees_all)
        report = check(asked, resolve=lambda *_, order=order: list(map(ip_address, order)))
        assert code(report, Step.RESOLVE, Side.BOTH) == (Code.MIXED_ADDRESSES, None)
    assert dialled == []


@pytest.mark.parametrize(
    ("addresses", "sees_all", "tried"),
    [
        (("8.8.8.8", "9.9.9.9"), True, ["8.8.8.8", "9.9.9.9"]),
        (("8.8.8.8", "9.9.9.9"), False, ["8.8.8.8"]),
        (("10.1.2.3", "10.1.2.4"), True, ["10.1.2.3"]),
        (("10.1.2.3", "10.1.2.4"), False, ["10.1.2.3"]),
    ],
)
def test_several_addresses_are_tried_outside_and_for_people_who_see_all(
    authority: Authority, dialled: list[tuple[str, int]], monkeypatch: pytest.MonkeyPatch,
    addresses: tuple[str, ...], tried: list[str], *, sees_all: bool,
) -> None:  # fmt: skip
    monkeypatch.setattr(probe, "is_inner", lambda address: str(address).startswith("10."))
    asked = replace(plan(443, authority.trust, host=REGISTRY), sees_all=sees_all)
    report = check(asked, rules=INNER_TOO, resolve=lambda *_: list(map(ip_address, addresses)))
    assert [address for address, _ in dialled] == tried
    ok = None if len(tried) < len(addresses) else False  # an export tries them all
    assert code(report, Step.CONNECT, Side.BOTH) == (Code.NO_CONNECTION, ok)
