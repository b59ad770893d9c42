"""Who is let in while the house is full, and who has to go for them: with a few connections instead of hundreds."""

from __future__ import annotations

import asyncio

import pytest

from edrportal.serving import limits
from edrportal.serving.limits import Limits
from tests.services.house import GET, connected, head, house, is_closed


@pytest.mark.parametrize("bounds", [Limits(5, 50, 100), Limits(50, 5, 100)], ids=["in all", "of one peer"])
def test_a_newcomer_takes_the_place_of_who_sends_nothing_and_never_of_who_waits_for_an_answer(bounds: Limits) -> None:
    async def run() -> None:
        async with house(bounds) as (_, port, application, _lane):
            waiting = [await connected(port, GET % b"slow") for _ in range(3)]
            kept = await connected(port, GET % b"quick")
            assert b"200 OK" in await head(kept)
            await kept[0].readexactly(2)
            silent = await connected(port)
            await asyncio.sleep(1.1)
            first = await connected(port, GET % b"quick")
            assert b"200 OK" in await head(first)
            assert await is_closed(silent)
            second = await connected(port, GET % b"slow")
            assert await is_closed(kept) or await is_closed(first)
            third = await connected(port, GET % b"slow")
            refused = await connected(port, GET % b"quick")
            assert await is_closed(refused)
            application.go_on.set()
            for one in (*waiting, second, third):
                assert b"200 OK" in await head(one)

    asyncio.run(run())


def test_behind_a_proxy_requests_are_counted_by_the_address_that_it_names() -> None:
    def named(address: str) -> bytes:
        return (GET % b"slow").replace(b"\r\n\r\n", f"\r\nX-Forwarded-For: {address}\r\n\r\n".encode())

    async def run() -> None:
        async with house(Limits(50, 2, 100, hops=1), places=8) as (_, port, application, _lane):
            streams = [await connected(port, named(one)) for one in ("192.0.2.1",) * 3 + ("192.0.2.2",) * 2]
            forged = await connected(port, named("192.0.2.9, 192.0.2.1"))
            application.go_on.set()
            for one in (*streams, forged):
                assert b"200 OK" in await head(one)
            assert sorted(application.refusals) == ["", "", "", "", "crowded", "crowded"]

    asyncio.run(run())


def test_who_finds_no_place_is_refused_in_time_and_takes_no_thread_meanwhile() -> None:
    async def run() -> None:
        async with house(Limits(50, 50, 100), places=2) as (_, port, application, lane):
            waiting = [await connected(port, GET % b"slow") for _ in range(2)]
            late = [await connected(port, GET % b"slow") for _ in range(2)]
            await asyncio.sleep(0.3)
            assert application.refusals[2:] == ["busy"] * len(application.refusals[2:])
            assert lane.stuck(asyncio.get_running_loop().time()) > 0.2
            application.go_on.set()
            for one in (*waiting, *late):
                await head(one)
            assert lane.stuck(asyncio.get_running_loop().time()) == 0
            assert application.refusals == ["", "", "busy", "busy"]

    asyncio.run(run())


def test_bodies_that_are_too_much_together_cost_the_largest_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    def post(stated: int, sent: int) -> bytes:
        return b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % stated + b"a" * sent

    async def run() -> None:
        monkeypatch.setattr(limits, "UNREAD_BYTES", 10_000)
        async with house(Limits(50, 50, 9_000)) as (_, port, _application, _lane):
            large = await connected(port, post(9_000, 6_000))
            small = await connected(port, post(9_000, 3_000))
            honest = await connected(port, post(2_000, 2_000))
            assert b"200 OK" in await head(honest)
            assert await is_closed(large)
            assert not await is_closed(small)

    asyncio.run(run())


def test_what_clients_do_not_take_is_bounded_together(monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> None:
        async with house(Limits(50, 50, 100)) as (door, port, _application, _lane):
            taking = await connected(port, GET % b"quick")
            await head(taking)
            monkeypatch.setattr("edrportal.serving.connection.Connection.unsent", 100)
            monkeypatch.setattr(limits, "UNSENT_BYTES", 150)
            other = await connected(port, GET % b"quick")
            door.sweep(asyncio.get_running_loop().time())
            assert [await is_closed(one) for one in (taking, other)].count(True) == 1

    asyncio.run(run())


@pytest.mark.parametrize("mistake", [ValueError, ConnectionAbortedError, ConnectionResetError, TimeoutError])
def test_a_mistake_of_the_application_is_no_hung_up_client(mistake: type[Exception]) -> None:
    async def run() -> None:
        async with house(Limits(50, 50, 100)) as (_, port, application, _lane):
            application.mistake = mistake
            assert (await head(await connected(port, GET % b"page"))).startswith(b"HTTP/1.1 500")

    asyncio.run(run())
