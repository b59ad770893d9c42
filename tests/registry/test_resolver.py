"""Names are resolved under a deadline, whatever the resolver does."""

from __future__ import annotations

import socket
import threading
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

import pytest

from destinations.livecheck.deadline import Deadline
from destinations.livecheck.registry import guard, network
from destinations.livecheck.registry.guard import Rules
from destinations.livecheck.registry.network import Resolver
from destinations.livecheck.registry.port import CheckStopped, Code
from tests.services.stopwatch import Stopwatch

if TYPE_CHECKING:
    from collections.abc import Iterator

RULES = Rules(frozenset({443}), networks=())


class Stuck:
    """A look-up that answers when the test is over, and at once for quick.example.com; `threads` did it."""

    def __init__(self) -> None:
        self.over = threading.Event()
        self.threads: list[threading.Thread] = []

    def __call__(self, name: str) -> list[str]:
        self.threads.append(threading.current_thread())
        if name != "quick.example.com":
            self.over.wait(20)
        return ["93.184.216.34"]


@pytest.fixture
def stuck() -> Iterator[Stuck]:
    look_up = Stuck()
    yield look_up
    look_up.over.set()


def approve(resolve: Resolver, seconds: float = 5, host: str = "registry.example.com") -> guard.Approved:
    return guard.approve(host, Deadline(seconds), RULES, resolve)


def test_a_slow_resolver_is_left_at_the_deadline(stuck: Stuck) -> None:
    began = Stopwatch()
    with pytest.raises(TimeoutError):
        approve(Resolver(stuck), seconds=0.1)
    assert began.seconds < 1


def test_a_name_takes_three_seconds_of_a_long_deadline_at_most(stuck: Stuck, monkeypatch: pytest.MonkeyPatch) -> None:
    assert network.LOOKUP_SECONDS <= 3
    monkeypatch.setattr(network, "LOOKUP_SECONDS", 0.1)
    began = Stopwatch()
    with pytest.raises(TimeoutError):
        approve(Resolver(stuck), seconds=60)
    assert began.seconds < 1


def test_look_ups_that_hang_are_few_and_the_next_is_not_begun(stuck: Stuck) -> None:
    assert network.MAX_LOOKUPS == 16
    names = Resolver(stuck, most=2)
    for _ in range(2):
        with pytest.raises(TimeoutError):
            approve(names, seconds=0.05)
    began = Stopwatch()
    with pytest.raises(TimeoutError):
        approve(names, host="quick.example.com")
    assert (began.seconds < 0.5, len(stuck.threads)) == (True, 2)


def test_a_look_up_that_came_back_makes_room(stuck: Stuck) -> None:
    names = Resolver(stuck, most=1)
    for _ in range(3):
        assert approve(names, host="quick.example.com").addresses == (ip_address("93.184.216.34"),)


def test_what_hangs_keeps_no_process_alive(stuck: Stuck) -> None:
    with pytest.raises(TimeoutError):
        approve(Resolver(stuck), seconds=0.05)
    assert [thread.daemon for thread in stuck.threads] == [True]


@pytest.mark.parametrize(
    "error",
    [
        socket.gaierror(socket.EAI_NONAME, "canary of a resolver"),
        socket.gaierror(socket.EAI_AGAIN, "SERVFAIL"),
        OSError(24, "too many open files"),
        UnicodeError("label too long"),
    ],
)
def test_a_failing_resolver_is_a_name_that_does_not_resolve(error: Exception) -> None:
    def look_up(_: str) -> list[str]:
        raise error

    with pytest.raises(CheckStopped) as caught:
        approve(Resolver(look_up))
    assert (caught.value.code, str(caught.value)) == (Code.NO_SUCH_NAME, "no-such-name")
    assert (caught.value.__cause__, caught.value.__suppress_context__) == (None, True)


@pytest.mark.parametrize("answer", [[], ["no address"]])
def test_an_answer_without_addresses_is_a_name_that_does_not_resolve(answer: list[str]) -> None:
    with pytest.raises(CheckStopped) as caught:
        approve(Resolver(lambda _: answer))
    assert caught.value.code == Code.NO_SUCH_NAME


def test_the_systems_resolver_is_asked_for_both_families_and_keeps_its_order(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def getaddrinfo(*question: Any, **more: Any) -> list[Any]:
        asked.append((question, more))
        return [(0, 0, 0, "", (address, 0)) for address in ("2606:2800::1", "93.184.216.34", "93.184.216.34")]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    found = guard.approve("registry.example.com", Deadline(5), RULES, network.resolve)
    assert found.addresses == (ip_address("2606:2800::1"), ip_address("93.184.216.34"))
    assert asked == [(("registry.example.com", None), {"type": socket.SOCK_STREAM})]
