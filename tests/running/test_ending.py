"""SIGTERM under load: nobody who asked goes without an answer, and the process is gone within ten seconds (F38)."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from destinations.cluster.kube.adapter import KubernetesCluster
from tests.chart.test_chart_runs import Browser
from tests.services.effort import times
from tests.services.portals import HOST, Served, hidden, served
from tests.services.tcpproxy import kubeconfig_through, tcp_proxy
from tests.signin import world

if TYPE_CHECKING:
    from pathlib import Path

    from tests.services.apiserver import ApiServer

pytestmark = [pytest.mark.people, pytest.mark.cluster, pytest.mark.timeout(3600)]
HEADERS = {"Host": HOST, "X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.7"}
WITHIN_SECONDS = 10


@pytest.fixture
def namespace(api_server: ApiServer) -> str:
    made = api_server.new_namespace()
    cluster = KubernetesCluster.from_kubeconfig(str(api_server.kubeconfig), namespace=made)
    world.fill(cluster, world.secrets(), world.config_maps())
    return made


class Clients:
    """Clients that ask and ask, on kept connections or on new ones, until nobody listens any more."""

    def __init__(self, portal: Served) -> None:
        self._address = portal.url.removeprefix("http://")
        self.answers: Counter[int] = Counter()
        self.lost: list[str] = []
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []

    def begin(self, count: int, *, kept: bool) -> None:
        for _ in range(count):
            thread = threading.Thread(target=self._run, args=(kept,), daemon=True)
            thread.start()
            self._threads.append(thread)

    def wait(self) -> None:
        for thread in self._threads:
            thread.join(WITHIN_SECONDS + 5)

    def _run(self, kept: bool) -> None:  # noqa: FBT001 - a thread's argument
        connection: http.client.HTTPConnection | None = None
        while True:
            if connection is None or connection.sock is None or not kept:
                if connection:
                    connection.close()
                connection = http.client.HTTPConnection(self._address, timeout=WITHIN_SECONDS)
                try:
                    connection.connect()
                except ConnectionError:
                    return  # refused: nothing was asked, and whoever sends requests here tries another replica
            try:
                connection.request("GET", "/signin", headers=HEADERS)
                answer = connection.getresponse()
                answer.read()
            except (OSError, http.client.HTTPException) as error:
                with self._lock:
                    self.lost.append(type(error).__name__)
                return
            with self._lock:
                self.answers[answer.status] += 1


def alive(process: int) -> bool:
    try:
        return os.waitpid(process, os.WNOHANG) == (0, 0)
    except ChildProcessError:
        return False


def ended_within(portal: Served, began: float) -> float:
    """Wait for the end; return how long it took."""
    while alive(portal.process):
        assert time.monotonic() - began < WITHIN_SECONDS + 5
        time.sleep(0.02)
    return time.monotonic() - began


def test_f38_nobody_goes_without_an_answer_and_a_slow_write_is_finished(
    api_server: ApiServer, namespace: str, tmp_path: Path
) -> None:
    cluster = KubernetesCluster.from_kubeconfig(str(api_server.kubeconfig), namespace=namespace)
    for round_ in range(times(2, 20)):
        with tcp_proxy(api_server) as slow:
            config = kubeconfig_through(slow, api_server, tmp_path)
            log = tmp_path / f"portal-{round_}.log"
            with served(config, namespace, log) as portal, ThreadPoolExecutor(1) as pool:
                person = Browser(portal.url)
                assert person.send("/signin", username="administrator", password=world.PASSWORD).status == 302
                clients = Clients(portal)
                clients.begin(4, kept=True)
                clients.begin(4, kept=False)
                slow.delay = 0.8  # of each request to the API server: the write takes a few of them
                typed = {"host": "registry.example.com", "organization": "org", "username": "robot", "password": "pw"}
                page = person.ask("GET", "/destinations/new").data.decode()
                form = {**hidden(page), **typed, "name": f"late-{round_}"}
                writing = pool.submit(person.ask, "POST", "/destinations/new", **form)
                time.sleep(0.5)
                began = time.monotonic()
                os.kill(portal.process, signal.SIGTERM)
                clients.wait()
                took = ended_within(portal, began)
            assert clients.lost == []
            assert set(clients.answers) == {200}
            assert writing.result(WITHIN_SECONDS).status == 303
            assert cluster.get_secret(f"late-{round_}").name == f"late-{round_}"
            assert took < WITHIN_SECONDS
            print(f"{sum(clients.answers.values())} answers, 0 lost, ended after {took:.1f} s")  # noqa: T201 - a figure


def test_f38_what_hangs_does_not_keep_the_process(api_server: ApiServer, namespace: str, tmp_path: Path) -> None:
    with tcp_proxy(api_server) as slow:
        config = kubeconfig_through(slow, api_server, tmp_path)
        with served(config, namespace, tmp_path / "portal.log") as portal:
            host, _, port = portal.url.removeprefix("http://").partition(":")
            with socket.create_connection((host, int(port))) as half, socket.create_connection((host, int(port))):
                half.sendall(b"POST /signin HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nhalf")
                slow.silent = True
                began = time.monotonic()
                os.kill(portal.process, signal.SIGTERM)
                assert ended_within(portal, began) < WITHIN_SECONDS
