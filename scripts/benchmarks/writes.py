"""Rotations through the form at a fixed rate, before an API server that takes its time."""

from __future__ import annotations

import re
import secrets
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import urllib3

from scripts.benchmarks import scene
from scripts.benchmarks.portal import Portal, portal
from scripts.benchmarks.report import Figure, p99, spread
from tests.services.tcpproxy import kubeconfig_through, tcp_proxy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.services.apiserver import ApiServer

_COUNT = 1000
_DELAY_SECONDS = 0.1
_RATE = 2
_SECONDS = 40
_GOAL_MS = 1000
_THREADS = 8


def figures(server: ApiServer, directory: Path) -> Iterator[Figure]:
    """Measure and yield."""
    namespace = server.new_namespace()
    scene.fill(server, namespace, _COUNT)
    with tcp_proxy(server) as proxy:
        proxy.delay = _DELAY_SECONDS
        kubeconfig = kubeconfig_through(proxy, server, directory)
        with portal(kubeconfig, namespace, directory / "writes.log") as served:
            times = _rotations(server, served, namespace)
    what = (
        f"a rotation through the form, {_RATE} a second for {_SECONDS} s, {_COUNT:,} destinations, "
        f"API server delayed by {_DELAY_SECONDS * 1000:.0f} ms a request"
    )
    yield Figure(what, spread(times), f"p99 <= {_GOAL_MS / 1000:g} s", p99(times) <= _GOAL_MS)


def _rotations(server: ApiServer, served: Portal, namespace: str) -> list[float]:
    listed = server.request("GET", f"/api/v1/namespaces/{namespace}/secrets")["items"]
    found = (item["metadata"] for item in listed)
    chosen = [one for one in found if one["name"].startswith("registry-") and not one["name"].endswith("-ca")]
    form = _Form(served, chosen[0]["name"])
    form.send(chosen[-1])
    began = time.monotonic()
    with ThreadPoolExecutor(_THREADS) as threads:
        sent = []
        for number in range(_RATE * _SECONDS):
            time.sleep(max(0.0, began + number / _RATE - time.monotonic()))
            sent.append(threads.submit(form.send, chosen[number]))
        return [one.result() for one in sent]


class _Form:
    """The form of a rotation, as a browser sends it: with its cookie and its token."""

    def __init__(self, served: Portal, name: str) -> None:
        self._url = served.url
        self._pool = urllib3.PoolManager(retries=False, timeout=30, maxsize=_THREADS)
        self._cookie = served.cookie
        page = self._pool.request("GET", f"{self._url}/destinations/{name}/rotate", headers={"Cookie": self._cookie})
        found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.data.decode())
        if not found:
            raise RuntimeError("the form has no token")
        self._token = found[1]

    def send(self, metadata: dict[str, Any]) -> float:
        """Rotate one destination; return the milliseconds until the answer, which has to be a success."""
        typed = {
            "csrfmiddlewaretoken": self._token, "username": "robot", "password": secrets.token_urlsafe(12),
            "bundle_choice": "keep", "nonce": secrets.token_urlsafe(24), "uid": metadata["uid"],
            "resource_version": metadata["resourceVersion"],
        }  # fmt: skip
        headers = {"Cookie": self._cookie, "Content-Type": "application/x-www-form-urlencoded"}
        url = f"{self._url}/destinations/{metadata['name']}/rotate"
        started = time.perf_counter()
        answer = self._pool.request("POST", url, body=urlencode(typed), headers=headers, redirect=False)
        if answer.status != 303:  # noqa: PLR2004
            raise RuntimeError(f"a rotation got {answer.status}")
        return (time.perf_counter() - started) * 1000
