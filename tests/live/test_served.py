"""The stream as it is served: with a limit, and ended with the server."""

from __future__ import annotations

import os
import signal
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import urllib3

from tests.services.processes import free_port, running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pytest

ENDS_SECONDS = 5


@contextmanager
def demo(
    log: Path, monkeypatch: pytest.MonkeyPatch, **variables: str
) -> Iterator[tuple[int, str, urllib3.PoolManager]]:
    port = free_port()
    for name, value in {"PORT": str(port), "DJANGO_SETTINGS_MODULE": "edrportal.settings", **variables}.items():
        monkeypatch.setenv(name, value)
    url = f"http://127.0.0.1:{port}"
    with urllib3.PoolManager(retries=False, timeout=10, maxsize=10) as pool:

        def ready() -> bool:
            try:
                return bool(pool.request("GET", f"{url}/healthz").status == 200)
            except urllib3.exceptions.HTTPError:
                return False

        with running([sys.executable, "manage.py", "demo"], log=log, ready=ready, seconds=30) as process:
            yield process, url, pool


def stream(url: str, pool: urllib3.PoolManager) -> urllib3.BaseHTTPResponse:
    return pool.request("GET", f"{url}/live", preload_content=False, headers={"Accept-Encoding": "gzip"})


def test_a_server_that_is_told_to_end_ends_its_streams_and_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with demo(tmp_path / "log", monkeypatch) as (process, url, pool):
        answer = stream(url, pool)
        assert answer.read(16) == b"retry: 2000\n\neve"[:16] or answer.status == 200
        began = time.monotonic()
        os.kill(process, signal.SIGTERM)
        while answer.read(1024):
            assert time.monotonic() - began < ENDS_SECONDS
        assert time.monotonic() - began < ENDS_SECONDS


def test_pages_beyond_the_limit_are_told_to_poll_and_others_are_served(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with demo(tmp_path / "log", monkeypatch, EDRPORTAL_LIVE_PAGES="3") as (_, url, pool):
        open_pages = [stream(url, pool) for _ in range(3)]
        assert [one.status for one in open_pages] == [200] * 3
        assert (
            "Content-Encoding" not in open_pages[0].headers or open_pages[0].headers["Content-Encoding"] == "identity"
        )
        refused = stream(url, pool)
        assert (refused.status, refused.headers["Retry-After"]) == (503, "30")
        refused.drain_conn()
        open_pages[0].close()
        end = time.monotonic() + 15
        while (again := stream(url, pool)).status == 503:
            again.drain_conn()
            assert time.monotonic() < end, "a page that went away keeps its place"
            time.sleep(0.2)
        for one in (*open_pages[1:], again):
            one.close()


def test_without_places_no_page_tries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with demo(tmp_path / "log", monkeypatch, EDRPORTAL_LIVE_PAGES="0") as (_, url, pool):
        assert b"data-live=" not in pool.request("GET", url).data
        assert b"live.js" not in pool.request("GET", url).data
