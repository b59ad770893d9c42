"""The real adapter against an API server that misbehaves: our own errors, in time, and never a body in them."""

from __future__ import annotations

import threading
import traceback
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from kubernetes import client

from destinations.cluster.kube.adapter import KubernetesCluster
from destinations.cluster.port import Ambiguous, ClusterError, Forbidden, Unreachable
from tests.services.leaks import known
from tests.services.processes import free_port
from tests.services.stopwatch import Stopwatch

if TYPE_CHECKING:
    from collections.abc import Iterator

CANARY = known("canary-body-7781")
SEEN = {"metadata": {"name": "one", "uid": "u", "resourceVersion": "1"}}


@contextmanager
def answering(status: int, body: bytes, **headers: str) -> Iterator[tuple[KubernetesCluster, list[str]]]:
    """A server that gives every request this answer, and the requests it got; a status of 0 hangs up."""
    got: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            got.append(self.command)
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if not status:
                self.connection.close()
                return
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_PUT = do_POST = do_DELETE = answer  # noqa: N815 - the base class's names

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield cluster_at(server.server_port), got
    finally:
        server.shutdown()
        server.server_close()


def cluster_at(port: int) -> KubernetesCluster:
    configuration = client.Configuration()
    configuration.host = f"http://127.0.0.1:{port}"
    return KubernetesCluster(configuration, "epinio")


@pytest.mark.parametrize(
    ("status", "body", "headers"),
    [
        (500, CANARY.encode(), {}),
        (503, CANARY.encode(), {"Retry_After": "3600"}),
        (429, CANARY.encode(), {"Retry_After": "3600"}),
        (200, b"<html>" + CANARY.encode(), {}),
        (200, b'{"items": ["' + CANARY.encode(), {}),
        (200, b"[]", {}),
        (0, b"", {}),
    ],
)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_reads_are_tried_again_a_little_and_writes_never(status: int, body: bytes, headers: dict[str, str]) -> None:
    with answering(status, body, **headers) as (cluster, got):
        started = Stopwatch()
        with pytest.raises(Unreachable) as unread:
            cluster.list_secrets()
        assert started.seconds < 8
        assert got == ["GET"] * 3
        got.clear()
        with pytest.raises(Unreachable if status == 429 else Ambiguous) as unwritten:
            cluster.replace_secret(SEEN)
        assert got == ["PUT"]
    for error in (unread.value, unwritten.value):
        assert CANARY not in "".join(traceback.format_exception(error))
        assert error.__context__ is None or CANARY not in repr(error.__context__)


def test_a_refusal_keeps_no_body() -> None:
    with answering(403, CANARY.encode()) as (cluster, got):
        with pytest.raises(Forbidden) as refused:
            cluster.delete_secret("one", uid="u", resource_version="1")
        assert got == ["DELETE"]
        assert CANARY not in repr(refused.value) + str(refused.value)


def test_a_write_that_was_never_sent_is_not_ambiguous() -> None:
    with pytest.raises(Unreachable):
        cluster_at(free_port()).create_secret({"metadata": {"name": "one"}})


def test_an_api_server_that_never_answers_is_given_up_in_time() -> None:
    import socket  # noqa: PLC0415 - a listener that accepts and says nothing

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(8)
        started = Stopwatch()
        with pytest.raises(ClusterError):
            cluster_at(listener.getsockname()[1]).list_secrets()
        assert started.seconds < 10
