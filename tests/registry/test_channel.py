"""One connection carries what it can, and nothing that counts is sent twice."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from destinations.livecheck.registry import network
from destinations.livecheck.registry.port import Code, Side, Step, Trust
from tests.registry.asking import Authority, check, code, plan
from tests.registry.talker import says, talking

if TYPE_CHECKING:
    import threading


def test_a_kept_connection_that_was_closed_is_opened_anew(authority: Authority) -> None:
    """As Go does: what was not answered is asked once more, but never what counts twice."""
    seen: list[str] = []

    def closes(sock: socket.socket, _: threading.Event) -> None:
        request = sock.recv(65536).decode()
        seen.append(request.partition(" ")[0])
        status = b"200 OK" if request.startswith("GET") else b"404 Not Found"
        sock.sendall(b"HTTP/1.1 " + status + b"\r\nContent-Type: application/json\r\nContent-Length: 0\r\n\r\n")

    with talking(closes, authority.context()) as talker:
        report = check(plan(talker.port, authority.trust))
    assert code(report, Step.PUSH, Side.CHART) == (Code.NO_REPOSITORY, False)
    assert seen == ["GET", "HEAD", "PUT", "PUT", "POST", "HEAD", "PUT", "POST"]


HONEST = {
    "to its end": b"\r\n\r\n{}",
    "of no length": b"\r\nContent-Length: -1\r\n\r\n{}",
    "and closed": b"\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}",
    "in chunks": b"\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
}


@pytest.mark.parametrize("protocol", [b"HTTP/1.0", b"HTTP/1.1"])
@pytest.mark.parametrize("how", HONEST)
def test_an_answer_is_read_however_it_ends(how: str, protocol: bytes, authority: Authority) -> None:
    with talking(says(protocol + b" 200 OK" + HONEST[how][:-2], HONEST[how][-2:]), authority.context()) as talker:
        report = check(plan(talker.port, authority.trust))
    assert code(report, Step.REGISTRY, Side.CHART) == (Code.WANTS_NOTHING, True)


def test_an_upload_that_gets_no_answer_is_not_opened_twice(authority: Authority) -> None:
    opened: list[str] = []

    def hangs_up(sock: socket.socket, _: threading.Event) -> None:
        while (request := sock.recv(65536).decode()) and not request.startswith("POST"):
            status = b"200 OK" if request.startswith("GET") else b"404 Not Found"
            sock.sendall(b"HTTP/1.1 " + status + b"\r\nContent-Type: application/json\r\nContent-Length: 0\r\n\r\n")
        opened.extend(["POST"] if request else [])

    with talking(hangs_up, authority.context()) as talker:
        report = check(plan(talker.port, authority.trust))
    assert code(report, Step.PUSH, Side.CHART) == (Code.BAD_ANSWER, False)
    assert len(opened) == 2  # by each tool once


def test_a_server_that_hangs_up_is_not_asked_again(authority: Authority) -> None:
    with talking(says(b""), authority.context()) as talker:
        report = check(plan(talker.port, authority.trust))
        assert talker.accepted == 1
    assert code(report, Step.REGISTRY, Side.CHART) == (Code.BAD_ANSWER, False)


def test_a_server_that_has_hung_up_already_ends_the_check(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "connect", lambda *_: socket.socket())
    report = check(plan(443, Trust()))
    assert code(report, Step.CONNECT, Side.CHART) == (Code.NO_CONNECTION, False)
