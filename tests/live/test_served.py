"""The stream as it is served: with a limit, and ended with the server."""

from __future__ import annotations

import os
import re
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
            pool.headers = {"Cookie": signed_in(url, pool)}
            yield process, url, pool


def signed_in(url: str, pool: urllib3.PoolManager) -> str:
    """Return the cookies of someone who pressed a button of the demo's sign-in page."""
    page = pool.request("GET", f"{url}/signin")
    token = re.search(rb'name="csrfmiddlewaretoken" value="([^"]+)"', page.data)
    assert token
    cookies = [page.headers["Set-Cookie"].partition(";")[0]]
    fields = {"csrfmiddlewaretoken": token[1].decode(), "as": "administrator"}
    headers = {"Cookie": cookies[0], "Origin": url}
    answer = pool.request("POST", f"{url}/demo/signin", fields=fields, headers=headers, encode_multipart=False)
    assert answer.status == 302
    cookies += [one.partition(";")[0] for one in answer.headers.getlist("Set-Cookie")]
    return "; ".join({one.partition("=")[0]: one for one in cookies}.values())


def stream(url: str, pool: urllib3.PoolManager) -> urllib3.BaseHTTPResponse:
    return pool.request(
        "GET", f"{url}/live", preload_content=False, headers={**pool.headers, "Accept-Encoding": "gzip"}
    )


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
        page = pool.request("GET", url).data
        assert b"Export destinations" in page
        assert b"data-live=" not in page
        assert b"live.js" not in page
