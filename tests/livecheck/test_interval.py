"""The checks that nobody asks for: each destination once, and never a reason that an account is locked."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import StringIO
from threading import Event
from typing import TYPE_CHECKING, Any

import pytest
from django.core.management import call_command

from destinations import names
from destinations.actions import checks, schedule
from destinations.cluster.memory import InMemoryCluster
from destinations.cluster.port import Unreachable
from destinations.livecheck import runner
from destinations.livecheck.registry.port import Code, Step
from destinations.model import Credentials, Snapshot
from destinations.secret import codec, docker_config
from edrportal.management.server import Server
from tests.livecheck.world import destination
from tests.services import composition
from tests.services.scripted import ends, report

if TYPE_CHECKING:
    from destinations.livecheck.registry.port import Plan, Report
    from tests.services.scripted import Scripted

HOUR = timedelta(hours=1)
REFUSED = ends(Step.LOGIN, Code.WRONG_CREDENTIALS)


def run(times: int, *, at: datetime | None = None) -> None:
    for _ in range(times):
        schedule.step(composition.portal(), HOUR, at or datetime.now(UTC))


def asked(registries: Scripted) -> list[str]:
    return [plan.name for plan in registries.asked]


def test_each_destination_is_checked_once_and_again_after_the_interval(
    portal: InMemoryCluster, registries: Scripted
) -> None:
    portal.load([destination("one"), destination("two")])
    run(5)
    assert sorted(asked(registries)) == ["one", "two"]
    assert composition.results().of("two")
    run(5, at=datetime.now(UTC) + HOUR)
    assert len(asked(registries)) >= 4
    assert registries.most == 1


def test_a_result_that_tells_by_its_time_is_held_back_before_it_is_shown(
    portal: InMemoryCluster, registries: Scripted
) -> None:
    registries.answers = {
        "closed": ends(Step.CONNECT, Code.NO_CONNECTION),
        "token": ends(Step.LOGIN, Code.OUT_OF_TIME, ok=None),
    }
    for name, expected in (("closed", runner.SLOT_SECONDS), ("token", runner.SLOT_SECONDS), ("good", 0.0)):
        held: list[tuple[float, bool]] = []

        def hold(seconds: float, name: str = name, held: list[tuple[float, bool]] = held) -> None:
            held.append((seconds, composition.results().of(name) is None))

        portal.load([destination(name)])
        schedule.step(composition.portal(), HOUR, datetime.now(UTC), hold)
        assert [seconds for seconds, _ in held] == pytest.approx([expected], abs=2.0)
        assert [unseen for _, unseen in held] == [True]
        assert composition.results().of(name)


def test_what_another_replica_checked_is_left_alone(portal: InMemoryCluster, registries: Scripted) -> None:
    portal.load([destination("one")])
    found = {one.name: one for one in portal.list_secrets()}
    question = checks.of_stored(composition.portal(), found["one"], Snapshot(found, datetime.now(UTC)))
    composition.writer().write(composition.new_checks().all_of([question]))
    registries.asked.clear()
    run(3)
    assert asked(registries) == []


def test_after_a_refused_password_nothing_is_asked_until_it_changes(
    portal: InMemoryCluster, registries: Scripted
) -> None:
    portal.load([destination("one")])
    registries.answers = {"one": REFUSED}
    for hour in range(100):
        run(1, at=datetime.now(UTC) + hour * HOUR)
    assert asked(registries) == ["one"]
    secret = portal.get_secret("one")
    config = docker_config.new("registry.example.com", Credentials("robot", "another"))
    portal.replace_secret(codec.changed(secret, data={names.CONFIG_KEY: config}))
    run(1)
    assert asked(registries) == ["one", "one"]


def test_other_destinations_with_the_refused_account_are_left_alone_too(
    portal: InMemoryCluster, registries: Scripted
) -> None:
    """Ten destinations with one account and an old password would lock it by one refusal each."""
    portal.load([destination(f"same-{number}") for number in range(10)])
    portal.load([destination("other-user", user="somebody"), destination("other-host", host="other.example.com")])
    registries.answers = {f"same-{number}": REFUSED for number in range(10)}
    run(40)
    names_ = asked(registries)
    assert sum(name.startswith("same") for name in names_) == 1
    assert {"other-user", "other-host"} <= set(names_)


def test_a_registry_that_wants_fewer_requests_gets_fewer(portal: InMemoryCluster, registries: Scripted) -> None:
    portal.load([destination("one")])
    registries.answers = {"one": ends(Step.REGISTRY, Code.TOO_MANY_REQUESTS, ok=None)}
    run(1)
    run(3, at=datetime.now(UTC) + 2 * HOUR)
    assert len(asked(registries)) == 1
    run(1, at=datetime.now(UTC) + 5 * HOUR)
    assert len(asked(registries)) == 2


def test_it_is_off_unless_it_is_wanted_and_outlives_a_silent_cluster(
    portal: InMemoryCluster, registries: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert schedule.start(composition.portal, 0) is None
    portal.load([destination("one")])
    silent = [Unreachable("NoUsableAnswer")]
    list_secrets = InMemoryCluster.list_secrets

    def troubled(self: InMemoryCluster) -> object:
        if silent:
            raise silent.pop()
        return list_secrets(self)

    monkeypatch.setattr(InMemoryCluster, "list_secrets", troubled)
    monkeypatch.setattr(schedule, "_SHORTEST_PAUSE", 0.001)
    stop, checked = Event(), Event()

    def answer(_plan: Plan) -> Report:
        checked.set()
        return report()

    registries.answers = {"one": answer}
    thread = schedule.start(composition.portal, 1, stop)
    assert thread
    assert checked.wait(20)
    stop.set()
    thread.join(30)
    assert not thread.is_alive()


def test_the_server_begins_with_it_in_the_process_that_serves(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    served: list[Server] = []
    begun: list[int] = []
    monkeypatch.setattr(Server, "run", lambda self: served.append(self))  # noqa: PLW0108 - a bound method takes no self
    monkeypatch.setattr(schedule, "start", lambda _, minutes: begun.append(minutes))
    stated = replace(settings.ENVIRONMENT.registry, check_interval_minutes=30)
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, registry=stated)
    call_command("serve", bind="127.0.0.1:8000", stdout=StringIO())
    assert begun == []
    served[0].started()
    assert begun == [30]
