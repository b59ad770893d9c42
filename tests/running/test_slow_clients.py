"""Clients that send slowly or nothing: nobody else notices, on any port, and nothing of them stays (H1).

The short form has 50 of each kind for one round of deadlines, the full one 200 for three.
"""

from __future__ import annotations

import http.client
import json
import os
import ssl
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.services.effort import times
from tests.services.pki import issue
from tests.services.portals import HOST, Served, served
from tests.services.processes import free_port
from tests.services.slow import slow_clients

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = [pytest.mark.people, pytest.mark.timeout(600)]
COUNT = times(50, 200)
SECONDS = times(14, 40)
A_SECOND = 20
P99_MS = times(2500, 500)  # beside other tests the processor is waited for, too
GROWTH_MIB, BACK_SECONDS = 30, 15
SPARE_FILES = 8
QUESTION = json.dumps({"request": {"uid": "u", "object": {"metadata": {"name": "a"}, "data": {}}}}).encode()


@dataclass(frozen=True, slots=True)
class Site:
    """A portal without a cluster of its own, with all three ports."""

    portal: Served
    webhook: int
    process: int
    context: ssl.SSLContext

    @property
    def files(self) -> int:
        """How many files and connections the process that serves has open."""
        return len(os.listdir(f"/proc/{self.process}/fd"))  # noqa: PTH208 - their number

    @property
    def threads(self) -> int:
        return len(os.listdir(f"/proc/{self.process}/task"))  # noqa: PTH208


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    directory = tmp_path_factory.mktemp("slow")
    ca = issue("slow clients", ca=True)
    leaf = issue("127.0.0.1", by=ca, names=["127.0.0.1"])
    (directory / "tls.crt").write_bytes(leaf.pem)
    (directory / "tls.key").write_bytes(leaf.key_pem)
    port = free_port()
    stated = {
        "EDRPORTAL_CLUSTER": "memory",
        "EDRPORTAL_WEBHOOK_PORT": str(port),
        "EDRPORTAL_WEBHOOK_CERTIFICATE_FILE": str(directory / "tls.crt"),
        "EDRPORTAL_WEBHOOK_KEY_FILE": str(directory / "tls.key"),
    }
    with served("", "epinio", directory / "portal.log", **stated) as portal:
        children = Path(f"/proc/{portal.process}/task/{portal.process}/children").read_text(encoding="ascii")
        trusting = ssl.create_default_context(cadata=ca.pem.decode())
        yield Site(portal, port, int(children.split()[0]), trusting)


def page(_site: Site, port: int) -> None:
    asked(port, "/signin", Host=HOST)


def probe(_site: Site, port: int) -> None:
    asked(port, "/healthz")


def question(site: Site, port: int) -> None:
    asked(port, "/warn", QUESTION, context=site.context)


def asked(
    port: int, path: str, body: bytes | None = None, *, context: ssl.SSLContext | None = None, **headers: str
) -> None:
    """Ask on a connection of its own. Raises OSError or HTTPException where there is no answer, with another than 200."""
    connection = (
        http.client.HTTPSConnection("127.0.0.1", port, timeout=10, context=context)
        if context
        else http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    )
    try:
        connection.request("POST" if body else "GET", path, body, headers)
        answer = connection.getresponse()
        answer.read()
        if answer.status != 200:
            raise OSError(answer.status)
    finally:
        connection.close()


PORTS: dict[str, tuple[Callable[[Site, int], None], Callable[[Site], int], bool, str]] = {
    "pages": (page, lambda site: int(site.portal.url.rpartition(":")[2]), False, "/signin"),
    "metrics": (probe, lambda site: int(site.portal.platform.rpartition(":")[2]), False, "/metrics"),
    "webhook": (question, lambda site: site.webhook, True, "/warn"),
}


@pytest.mark.parametrize("which", PORTS)
def test_nobody_notices_slow_and_silent_clients(site: Site, which: str) -> None:
    ask, port_of, tls, path = PORTS[which]
    port = port_of(site)
    for _ in range(20):
        ask(site, port)
    took: list[float] = []
    failed: list[str] = []

    def one() -> None:
        began = time.perf_counter()
        try:
            ask(site, port)
        except (http.client.HTTPException, OSError) as error:
            failed.append(repr(error)[:100])
        took.append((time.perf_counter() - began) * 1000)

    memory, files, most, busiest = site.portal.memory("VmRSS"), site.files, 0.0, 0
    with slow_clients(port, COUNT, SECONDS, tls=tls, path=path), ThreadPoolExecutor(20) as pool:
        time.sleep(1.5)  # until they all are there
        began = time.monotonic()
        for number in range((SECONDS - 2) * A_SECOND):
            pool.submit(one)
            most, busiest = max(most, site.portal.memory("VmRSS")), max(busiest, site.files)
            time.sleep(max(0.0, began + number / A_SECOND - time.monotonic()))
        pool.shutdown()
        ended = time.monotonic()
        while site.files > files + SPARE_FILES and time.monotonic() < ended + BACK_SECONDS:
            time.sleep(0.1)
        back = time.monotonic() - ended
        left = site.files - files
    took.sort()
    p99 = took[int(len(took) * 0.99)]
    print(  # noqa: T201 - figures
        f"{which}: 3 x {COUNT} slow clients for {SECONDS} s ({busiest - files} connections at most), beside them "
        f"{len(took)} requests: {len(failed)} failed, p50 {statistics.median(took):.0f} ms, p99 {p99:.0f} ms, largest "
        f"{took[-1]:.0f} ms; memory {memory:.0f} -> {most:.0f} MiB, {site.threads} threads; back after {back:.1f} s"
    )
    assert failed == []
    assert p99 <= P99_MS
    assert most - memory <= GROWTH_MIB
    assert left <= SPARE_FILES
    assert busiest - files > 100  # they were there
