"""People who open pages at a steady pace, beside scripts that list everything without a pause, and their answers."""

from __future__ import annotations

import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import urllib3

from tests.services.portals import HOST

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LISTERS, PAGES_A_SECOND = 8, 20
COUNT = 1000
"""How many destinations there are, made by benchmarks.scene."""
_HONEST = (
    "Too many requests come from your address at once.",
    "Too many requests came at once: the portal is busy with ",
)
_PAGES = (
    "/",
    "/?page=7",
    "/?q=registry-0001&sort=name",
    "/destinations/registry-00123",
    "/destinations.csv",
    "/api/me",
)
_PAGERS = 32


class Crowd:
    """Asks, and keeps what came: an answer by its status, what was no answer by its name, and refusals that are not honest."""

    def __init__(self, url: str, cookie: str, enter: Callable[[], None] = lambda: None) -> None:
        """`enter` is called at the beginning of each thread that asks."""
        self._url, self._enter = url, enter
        self._headers = {"Host": HOST, "X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.7", "Cookie": cookie}
        self._pool = urllib3.PoolManager(retries=False, timeout=60, maxsize=64)
        self.lists: Counter[int] = Counter()
        self.pages: Counter[int] = Counter()
        self.refused: Counter[str] = Counter()
        self.wrong: list[str] = []

    def come(self, seconds: float) -> Iterator[None]:
        """Have all of them ask for so long; yields now and then until the last one has its answer."""
        end = time.monotonic() + seconds
        asking = [threading.Thread(target=self._list_until, args=(end, number)) for number in range(LISTERS)]
        asking.append(threading.Thread(target=self._page_until, args=(end,)))
        for one in asking:
            one.start()
        while any(one.is_alive() for one in asking):
            yield
            time.sleep(0.2)

    def __str__(self) -> str:
        """Say it in a line."""
        return f"lists {dict(self.lists)}, pages {dict(self.pages)}, refused {dict(self.refused)}"

    def _list_until(self, end: float, number: int) -> None:
        self._enter()
        while time.monotonic() < end:
            body = self._ask("/api/destinations", self.lists, **({"Accept-Encoding": "gzip"} if number % 2 else {}))
            if body and body.count(b'"last_check": ') != COUNT:
                self.wrong.append("a list that is not whole")

    def _page_until(self, end: float) -> None:
        began, number = time.monotonic(), 0
        with ThreadPoolExecutor(_PAGERS, initializer=self._enter) as threads:
            while (due := began + number / PAGES_A_SECOND) < end:
                time.sleep(max(0.0, due - time.monotonic()))
                threads.submit(self._ask, _PAGES[number % len(_PAGES)], self.pages)
                number += 1

    def _ask(self, path: str, found: Counter[int], **headers: str) -> bytes:
        try:
            answer = self._pool.request("GET", self._url + path, headers=self._headers | headers, redirect=False)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            self.wrong.append(f"{path}: {type(error).__name__}")
            return b""
        found[answer.status] += 1
        text = answer.data.decode() if answer.status != 200 else ""
        refused = (
            answer.status in {429, 503} and any(words in text for words in _HONEST) and "Retry-After" in answer.headers
        )
        if refused:
            self.refused[path] += 1
        elif answer.status != 200:
            self.wrong.append(f"{path}: {answer.status} {text[:200]}")
        return answer.data if answer.status == 200 else b""
