"""The stream of a watch: WebSocket frames whole and in parts, connections that fall silent, ways that know no WebSocket."""

from __future__ import annotations

import socket
import threading
import time
from http.client import HTTPException
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, Request

from destinations.cluster import reflector
from destinations.cluster.kube import websocket
from destinations.cluster.kube.adapter import KubernetesCluster
from destinations.cluster.kube.websocket import WebSocket
from destinations.cluster.reflector import Reflector
from tests.cluster.test_watched import manifest, shown, until
from tests.services.faultproxy import Fault, fault_proxy
from tests.services.tcpproxy import kubeconfig_through, tcp_proxy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.services.apiserver import ApiServer

CLOSE = b"\x88\x00"


def accepted(received: bytes) -> WSConnection:
    """Return a client's end after the handshake, in whose last packet this came, too."""
    near, far = WSConnection(ConnectionType.CLIENT), WSConnection(ConnectionType.SERVER)
    far.receive_data(near.send(Request("api.example", "/")))
    assert isinstance(next(far.events()), Request)
    near.receive_data(far.send(AcceptConnection()) + received)
    assert isinstance(next(near.events()), AcceptConnection)
    return near


class Opened(WebSocket):
    """One end of a pair of sockets; `far` is the server's."""

    def __init__(self, received: bytes = b"") -> None:
        self.near, self.far = socket.socketpair()
        super().__init__(self.near, self.near, accepted(received))


@pytest.fixture
def opened() -> Iterator[Opened]:
    made = Opened()
    yield made
    made.near.close()
    made.far.close()


def frame(first: int, payload: bytes) -> bytes:
    if len(payload) < 126:
        return bytes((first, len(payload))) + payload
    size, mark = (2, 126) if len(payload) < 65536 else (8, 127)
    return bytes((first, mark)) + len(payload).to_bytes(size, "big") + payload


@pytest.mark.parametrize("length", [0, 1, 125, 126, 65535, 65536, 300_000])
def test_a_message_of_any_length_comes_whole(opened: Opened, length: int) -> None:
    text = b"x" * length
    sent = threading.Thread(target=opened.far.sendall, args=(frame(0x81, text) + CLOSE,))
    sent.start()
    assert list(opened.messages(5)) == [text]
    sent.join()


def test_a_message_in_parts_comes_whole_though_a_ping_comes_between(opened: Opened) -> None:
    opened.far.sendall(frame(0x01, b"one ") + frame(0x89, b"are you there") + frame(0x80, b"two") + CLOSE)
    assert list(opened.messages(5)) == [b"", b"one two"]
    sent = opened.far.recv(1000)
    assert sent[:2] == b"\x89\x80", "a ping, at once"
    head, mask, masked = sent[6:8], sent[8:12], sent[12:]
    assert head == bytes((0x8A, 0x80 | 13))
    assert bytes(byte ^ mask[place % 4] for place, byte in enumerate(masked)) == b"are you there"


def test_what_came_with_the_answer_is_read_first() -> None:
    one = Opened(frame(0x81, b"first"))
    one.far.sendall(CLOSE)
    assert list(one.messages(5)) == [b"first"]
    one.near.close()
    one.far.close()


@pytest.mark.parametrize(
    "sent",
    [
        b"\xc1\x00",
        b"\x81\x80abcd",
        b"\x81\x7f" + (1 << 63).to_bytes(8, "big"),
        b"\x80\x00",
        b"\x81\x01\xff",
        b"\x88\x02\x03\xf3",
    ],
    ids=["reserved", "masked", "length", "continued", "text", "error"],
)
def test_what_no_server_sends_ends_it(opened: Opened, sent: bytes) -> None:
    opened.far.sendall(sent)
    with pytest.raises(HTTPException):
        list(opened.messages(5))


@pytest.mark.parametrize("last", [0x80, 0x00], ids=["whole", "without an end"])
def test_a_message_is_kept_up_to_a_bound(opened: Opened, monkeypatch: pytest.MonkeyPatch, last: int) -> None:
    monkeypatch.setattr(websocket, "_MOST", 20_000)
    opened.far.sendall(frame(0x01, b"x" * 10_000) + frame(0x80, b"x" * 10_000))
    opened.far.sendall(frame(0x01, b"x" * 10_000) + frame(last, b"x" * 10_001))
    seen = opened.messages(5)
    assert len(next(seen)) == 20_000
    with pytest.raises(HTTPException):
        next(seen)


@pytest.mark.parametrize("value", ["one\r\nX-Other: two", "one\x00two"])
def test_a_token_that_is_no_header_is_not_told(value: str) -> None:
    near, far = socket.socketpair()
    with near, far:
        headers = {"authorization": f"Bearer {value}"}
        answer = websocket._switch(SimpleNamespace(sock=near), "https://api.example/watch", headers, 5)  # noqa: SLF001
    assert isinstance(answer, websocket.NoWebSocket)


def test_half_a_frame_is_no_end(opened: Opened) -> None:
    opened.far.sendall(frame(0x81, b"whole") + frame(0x81, b"half")[:3])
    opened.far.shutdown(socket.SHUT_WR)
    seen = opened.messages(5)
    assert next(seen) == b"whole"
    with pytest.raises(ConnectionResetError):
        next(seen)


def test_a_silent_end_is_lost_and_one_that_answers_pings_is_alive(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(websocket, "PING_SECONDS", 0.05)
    monkeypatch.setattr(websocket, "LOST_SECONDS", 2.0)
    seen = opened.messages(5)
    for _ in range(5):
        opened.far.sendall(frame(0x8A, b""))
        assert next(seen) == b""
    with pytest.raises(TimeoutError):
        next(seen)


def test_a_server_that_does_not_end_it_in_time_is_not_believed(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(websocket, "_OVERDUE_SECONDS", 1.0)
    opened.far.sendall(frame(0x8A, b"") * 3)
    seen = opened.messages(0)
    assert next(seen) == b""
    time.sleep(1.1)
    with pytest.raises(TimeoutError):
        next(seen)


@pytest.mark.alone
@pytest.mark.cluster
def test_a_stream_that_the_server_ends_goes_on_without_another_list(
    kubernetes_cluster: KubernetesCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reflector, "_STREAM_SECONDS", (1, 1))
    asked: list[str] = []
    for name in ("list_with_version", "watch"):
        method = getattr(kubernetes_cluster, name)

        def counted(*args: Any, name: str = name, method: Any = method, **options: Any) -> Any:
            asked.append(name)
            return method(*args, **options)

        monkeypatch.setattr(kubernetes_cluster, name, counted)
    watched = Reflector(kubernetes_cluster)
    names = set()
    for number in range(20):
        names.add(f"one-{number}")
        kubernetes_cluster.create_secret(manifest(f"one-{number}"))
        assert until(lambda: set(shown(watched) or ()) == names)
        time.sleep(0.2)
    watched.close()
    assert asked.count("list_with_version") == 1
    assert asked.count("watch") >= 3


@pytest.mark.alone
@pytest.mark.cluster
def test_a_watch_whose_own_connection_falls_silent_is_found_out_though_all_else_is_answered(
    api_server: ApiServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    namespace = api_server.new_namespace()
    direct = KubernetesCluster.from_kubeconfig(str(api_server.kubeconfig), namespace=namespace)
    with tcp_proxy(api_server) as proxy:
        through = KubernetesCluster.from_kubeconfig(
            kubeconfig_through(proxy, api_server, tmp_path), namespace=namespace
        )
        monkeypatch.setattr(through, "list_with_version", direct.list_with_version)
        watched = Reflector(through)
        direct.create_secret(manifest("one"))
        assert until(lambda: shown(watched) == {"one": b""} and watched.is_live())
        proxy.silent = True
        direct.create_secret(manifest("two"))
        began = last_stale = time.monotonic()
        while time.monotonic() < began + 9:
            if shown(watched) == {"one": b""}:
                last_stale = time.monotonic()
            time.sleep(0.02)
        watched.close()
        proxy.silent = False
    assert last_stale - began <= 5.1


@pytest.mark.alone
@pytest.mark.cluster
@pytest.mark.parametrize("answer", [200, 400, 403, 426, 502, "reset"])
def test_a_way_that_knows_no_websocket_is_watched_in_short_streams(api_server: ApiServer, answer: Any) -> None:
    namespace = api_server.new_namespace()
    direct = KubernetesCluster.from_kubeconfig(str(api_server.kubeconfig), namespace=namespace)
    with fault_proxy(api_server) as proxy:
        proxy.chooses = lambda _method, path: "watch=true" in path and "timeoutSeconds=3&" not in path
        proxy.standing = Fault(forward="no", answer=answer)
        watched = Reflector(proxy.cluster(namespace))
        assert until(lambda: watched.secrets() is not None)
        direct.create_secret(manifest("one"))
        assert until(lambda: shown(watched) == {"one": b""}, 20)
        end = time.monotonic() + 4
        while time.monotonic() < end:
            assert shown(watched) == {"one": b""}
            time.sleep(0.05)
        watched.close()
        watches = [path for _, path in proxy.seen if "watch=true" in path]
    assert len(watches) <= 6, "one upgrade that was refused, then one stream in three seconds"
