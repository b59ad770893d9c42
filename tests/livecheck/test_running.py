"""How many at once, how often, how long: with a clock that tests turn."""

from __future__ import annotations

import time
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING

import pytest

from destinations.livecheck import runner
from destinations.livecheck.ratelimit import RateLimited, RateLimiter
from destinations.livecheck.registry.port import Code, Leg, Plan, Step
from destinations.livecheck.runner import Question, Recent
from tests.livecheck.world import last
from tests.services import composition
from tests.services.scripted import ends, report

if TYPE_CHECKING:
    from collections.abc import Sequence

    from destinations.livecheck.registry.port import Report
    from destinations.livecheck.result import Last
    from tests.services.scripted import Scripted

CLOSED = ends(Step.CONNECT, Code.NO_CONNECTION)
SLOW = ends(Step.CONNECT, Code.OUT_OF_TIME, ok=None)


class Clock:
    """A clock that moves when somebody pauses, or when a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.pauses: list[float] = []

    def __call__(self) -> float:
        return self.now

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


def question(name: str) -> Question:
    return Question(name, Plan(name, Leg(), Leg()))


def questions(count: int) -> list[Question]:
    return [question(f"d-{number:02}") for number in range(count)]


class Gate:
    """Holds every check until it is opened, and tells when so many are inside."""

    def __init__(self, wanted: int) -> None:
        self.full, self.open = Event(), Event()
        self._wanted, self._lock, self._inside = wanted, Lock(), 0

    def __call__(self, _plan: Plan) -> Report:
        with self._lock:
            self._inside += 1
            if self._inside == self._wanted:
                self.full.set()
        assert self.open.wait(20)
        return report()


def test_eight_run_at_once_and_who_finds_no_place_is_told(
    registries: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "WAIT_SECONDS", 0.01)
    gate, checks = Gate(8), composition.new_checks()
    registries.answers = {f"d-{number:02}": gate for number in range(8)}
    threads = [Thread(target=checks.one, args=(one,), kwargs={"sees_all": True}) for one in questions(8)]
    for thread in threads:
        thread.start()
    assert gate.full.wait(20)
    with pytest.raises(RateLimited) as told:
        checks.one(question("late"), sees_all=True)
    assert (told.value.status, told.value.fix) == (503, "Try again in 10 seconds.")
    gate.open.set()
    for thread in threads:
        thread.join(20)
    assert registries.most == 8
    assert checks.one(question("late"), sees_all=True).name == "late"


def test_several_take_six_places_and_leave_two_for_somebody_who_waits(registries: Scripted) -> None:
    gate, checks = Gate(6), composition.new_checks()
    registries.answers = {f"d-{number:02}": gate for number in range(20)}
    found: list[Last] = []
    jobs = [checks.several(questions(20), sees_all=True, keep=found.extend) for _ in range(2)]
    assert gate.full.wait(20)
    assert checks.one(question("mine"), sees_all=True).name == "mine"
    assert all(map(checks.is_running, jobs))
    gate.open.set()
    checks.finish(20)
    assert registries.most <= 7
    assert not any(map(checks.is_running, jobs))
    assert {(one.name, one.job) for one in found} == {(one.name, job) for one in questions(20) for job in jobs}


def test_there_is_a_limit_to_checks_of_several(registries: Scripted) -> None:
    gate, checks = Gate(1), composition.new_checks()
    registries.answers = {"d-00": gate}
    for _ in range(runner.JOBS_AT_ONCE):
        checks.several(questions(1), sees_all=True, keep=lambda _found: None)
    with pytest.raises(RateLimited):
        checks.several(questions(1), sees_all=True, keep=lambda _found: None)
    gate.open.set()
    checks.finish(20)


def test_a_mistake_of_the_portal_ends_one_check_and_not_the_others(
    registries: Scripted, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_plan: Plan) -> Report:
        raise RuntimeError("words that nobody should read")

    registries.answers = {"d-00": broken}
    assert [one.name for one in composition.new_checks().all_of(questions(3))] == ["d-01", "d-02"]
    assert "d-00 ended with RuntimeError" in caplog.text
    assert "words that nobody" not in caplog.text


@pytest.mark.parametrize("took", [0.001, 2.0, 10.0])
@pytest.mark.parametrize(
    "answer", [CLOSED, SLOW, ends(Step.LOGIN, Code.TOKEN_SERVICE_FAILS)], ids=["closed", "slow", "token"]
)
def test_what_the_time_would_tell_is_answered_after_the_same_time(
    registries: Scripted, answer: Report, took: float
) -> None:
    clock = Clock()
    checks = composition.new_checks(clock=clock, pause=clock.pause)

    def late(_plan: Plan) -> Report:
        clock.now += took
        return answer

    registries.answers = {"one": late}
    checks.one(question("one"), sees_all=False)
    assert clock.now == pytest.approx(1000.0 + runner.SLOT_SECONDS)
    before = clock.now
    checks.one(question("one"), sees_all=True)
    assert clock.now == pytest.approx(before + took)


def test_a_proven_registry_is_answered_at_once(registries: Scripted) -> None:
    clock = Clock()
    registries.answers = {"one": ends(Step.PUSH, Code.MAY_NOT_PUSH)}
    composition.new_checks(clock=clock, pause=clock.pause).one(question("one"), sees_all=False)
    assert clock.pauses in ([], [0.0])


def test_who_asked_decides_what_the_network_may_tell(registries: Scripted) -> None:
    checks = composition.new_checks(pause=lambda _: None)
    checks.one(question("admin"), sees_all=True)
    checks.one(question("manager"), sees_all=False)
    checks.all_of([question("command")])
    checks.in_background(question("interval"))
    for sees_all, name in ((True, "admins"), (False, "managers")):
        checks.several([question(name)], sees_all=sees_all, keep=lambda _found: None)
    checks.finish(20)
    assert {one.name: one.sees_all for one in registries.asked} == {
        "admin": True, "command": True, "admins": True, "manager": False, "interval": False, "managers": False,
    }  # fmt: skip


def test_a_manager_never_waits_for_a_place_that_somebody_elses_check_sets_free(registries: Scripted) -> None:
    """Else whoever fills the places learns by their own server when those checks end."""
    gate, checks = Gate(6), composition.new_checks(pause=lambda _: None)
    registries.answers = {f"d-{number:02}": gate for number in range(6)}
    checks.several(questions(6), sees_all=False, keep=lambda _found: None)
    assert gate.full.wait(20)
    mine = Gate(8)
    registries.answers |= {f"m-{number}": mine for number in range(8)}
    threads = [
        Thread(target=checks.one, args=(question(f"m-{number}"),), kwargs={"sees_all": False}) for number in range(8)
    ]
    for thread in threads:
        thread.start()
    assert mine.full.wait(20)
    gate.open.set()
    mine.open.set()
    for thread in threads:
        thread.join(20)
    checks.finish(20)


@pytest.mark.parametrize("took", [0.0, 0.8])
def test_rounds_of_two_managers_take_turns_at_times_that_tell_nothing(
    registries: Scripted, monkeypatch: pytest.MonkeyPatch, took: float
) -> None:
    monkeypatch.setattr(runner, "SLOT_SECONDS", 2.0)
    began: list[tuple[str, float]] = []

    def late(plan: Plan) -> Report:
        began.append((plan.name[0], time.monotonic()))
        time.sleep(took)
        return CLOSED

    registries.answers = {f"{job}-{number}": late for job in "ab" for number in range(6)}
    checks = composition.new_checks()
    for job in "ab":
        checks.several([question(f"{job}-{number}") for number in range(6)], sees_all=False, keep=lambda _found: None)
    checks.finish(20)
    first = {job: min(at for name, at in began if name == job) for job in "ab"}
    assert abs(first["b"] - first["a"]) == pytest.approx(2.0, abs=0.7)


def test_an_answer_that_is_held_back_takes_no_place(registries: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "AT_ONCE", 1)
    held, go = Event(), Event()

    def pause(_seconds: float) -> None:
        held.set()
        assert go.wait(20)

    checks = composition.new_checks(pause=pause)
    registries.answers = {"one": CLOSED}
    thread = Thread(target=checks.one, args=(question("one"),), kwargs={"sees_all": False})
    thread.start()
    assert held.wait(20)
    assert checks.one(question("two"), sees_all=True).name == "two"
    go.set()
    thread.join(20)


def test_several_of_somebody_who_does_not_see_all_come_in_rounds_that_tell_nothing(registries: Scripted) -> None:
    """Whatever the registries do, results arrive at the same moments, and rounds begin at the same moments."""
    seen: list[list[tuple[float, tuple[str, ...]]]] = []
    for answer, took in ((CLOSED, 0.0), (SLOW, 10.0), (report(), 0.3)):
        clock, arrived = Clock(), list[tuple[float, tuple[str, ...]]]()
        checks = composition.new_checks(clock=clock, pause=clock.pause)
        lock, rounds = Lock(), set[float]()

        def late(_plan: Plan, *, clock: Clock = clock, took: float = took, answer: Report = answer,
                 lock: Lock = lock, rounds: set[float] = rounds) -> Report:  # fmt: skip
            with lock:
                if clock.now not in rounds:  # once a round: they run side by side
                    clock.now += took
                    rounds.add(clock.now)
            return answer

        def keep(
            found: Sequence[Last], *, clock: Clock = clock, arrived: list[tuple[float, tuple[str, ...]]] = arrived
        ) -> None:
            arrived.append((round(clock.now, 6), tuple(sorted(one.name for one in found))))

        registries.answers = {one.name: late for one in questions(8)}
        checks.several(questions(8), sees_all=False, keep=keep)
        checks.finish(20)
        seen.append(arrived)
    assert seen[0] == seen[1] == seen[2]
    assert [at for at, _ in seen[0]] == [1011.0, 1022.0]
    assert [len(names) for _, names in seen[0]] == [6, 2]


def test_the_time_of_a_result_is_when_it_was_asked_for(registries: Scripted) -> None:
    found: list[Last] = []
    checks = composition.new_checks(pause=lambda _: None)
    registries.answers = {"d-00": CLOSED}
    checks.several(questions(9), sees_all=False, keep=found.extend)
    checks.finish(20)
    assert len({one.report.checked_at for one in found}) == 1


def test_ten_a_minute_for_each_person_and_the_wait_is_told() -> None:
    clock = Clock()
    often = RateLimiter(clock=clock)
    for _ in range(10):
        often.admit("epinio:ann")
        clock.now += 1
    with pytest.raises(RateLimited) as told:
        often.admit("epinio:ann")
    assert (told.value.status, told.value.seconds) == (429, 50)
    often.admit("epinio:bob")
    clock.now += 50.1
    often.admit("epinio:ann")


def test_memory_is_bounded() -> None:
    clock = Clock()
    often, recent = RateLimiter(clock=clock, capacity=3), Recent(capacity=3)
    for number in range(50):
        often.admit(f"person-{number}")
        recent.put(last(f"d-{number}"))
    assert len(often._window) == 3  # noqa: SLF001 - the bound itself
    assert recent.newer("d-46", None) is None
    assert recent.newer("d-49", None)
