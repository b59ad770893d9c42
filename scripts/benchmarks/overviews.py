"""The overview against the LIST that it shows: time, growth, size and memory, at an HTTP client."""

from __future__ import annotations

import gzip
import re
import statistics
import time
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import TYPE_CHECKING

import urllib3

from scripts.benchmarks import paints, scene
from scripts.benchmarks.portal import Portal, portal
from scripts.benchmarks.report import Figure, interleaved, spread

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.services.apiserver import ApiServer

SIZES = (10, 100, 1000, 5000)
MAIN = 1000
_ROUNDS = 100
_BIG_ROUNDS = 30
_CACHED_RATIO, _DIRECT_RATIO = 1.0, 3.0
_PAGE_KB, _MEMORY_MB = 60, 150
_SELECTOR = "fieldSelector=type%21%3Dhelm.sh%2Frelease.v1"


_FEW, _MANY = 100, 10_000
_FLAT_RATIO, _ASKED_RATIO, _MANY_MB = 1.5, 3.0, 200
_ASKED = ("?answer=at-risk", "?sort=-organization", "?sort=expiry&page=3", "?q=registry-0004", "?q=team-7&sort=-age")


def flat_figures(server: ApiServer, directory: Path) -> Iterator[Figure]:
    """Measure whether a page costs the same with any number: both portals at once, asked in turns."""
    with ExitStack() as stack:
        served = []
        for size in (_FEW, _MANY):
            namespace = server.new_namespace()
            scene.fill(server, namespace, size)
            log = directory / f"flat-{size}.log"
            served.append(stack.enter_context(portal(str(server.kubeconfig), namespace, log)))
            _settle(served[-1], size)
        few, many = served
        calls = [few.get, many.get, *(partial(many.get, f"/{asked}") for asked in _ASKED)]
        base, first, *asked = interleaved(_ROUNDS, calls)
        flat = statistics.median(first) / statistics.median(base)
        yield Figure(f"{_FEW:,} destinations: first page, beside {_MANY:,}", spread(base))
        yield Figure(f"{_MANY:,} destinations: first page", f"{spread(first)}, {flat:.2f} x that of {_FEW:,}",
                     f"<= {_FLAT_RATIO:g} x", flat <= _FLAT_RATIO)  # fmt: skip
        for query, times in zip(_ASKED, asked, strict=True):
            ratio = statistics.median(times) / statistics.median(base)
            told = f"{spread(times)}, {ratio:.2f} x the first page of {_FEW:,}"
            yield Figure(f"{_MANY:,} destinations: `{query}`", told, f"<= {_ASKED_RATIO:g} x", ratio <= _ASKED_RATIO)
        memory = many.memory()
        what = f"largest memory of the serving process with {_MANY:,} destinations"
        yield Figure(what, f"{memory:.0f} MB", f"<= {_MANY_MB} MB", memory <= _MANY_MB)


def figures(server: ApiServer, directory: Path, sizes: tuple[int, ...] = SIZES) -> Iterator[Figure]:
    """Measure and yield."""
    for size in sizes:
        namespace = server.new_namespace()
        scene.fill(server, namespace, size)
        scene.allow_all_but_watch(server, namespace)
        with (
            portal(str(server.kubeconfig), namespace, directory / f"cached-{size}.log") as cached,
            portal(str(server.kubeconfig), namespace, directory / f"direct-{size}.log", context="outsider") as direct,
            _raw_list(server, namespace) as raw,
        ):
            _settle(cached, size)
            _settle(direct, size)
            yield from _times(size, raw, cached, direct)
            if size == MAIN:
                yield from _weights(cached)
                yield from paints.figures(cached)


@contextmanager
def _raw_list(server: ApiServer, namespace: str) -> Iterator[Callable[[], bytes]]:
    url = f"{server.url}/api/v1/namespaces/{namespace}/secrets?pretty=false&{_SELECTOR}"
    headers = {"Authorization": f"Bearer {server.token}"}
    with urllib3.PoolManager(ca_certs=str(server.ca), retries=False, timeout=30) as pool:
        yield lambda: pool.request("GET", url, headers=headers).data


def _settle(served: Portal, size: int) -> None:
    """Ask until the page has true totals and the watch had its time."""
    for _ in range(3):
        page = gzip.decompress(served.get().data).decode()
        total = re.search(r">All</span> <b>(\d+)</b>", page)
        if not total or int(total[1]) != size or page.count('<th scope="row">') != min(size, 50):
            raise RuntimeError("the overview does not show what is there")
        time.sleep(0.5)


def _times(size: int, raw: Callable[[], bytes], cached: Portal, direct: Portal) -> Iterator[Figure]:
    rounds = _ROUNDS if size <= MAIN else _BIG_ROUNDS
    plain, kept, read = interleaved(rounds, (raw, cached.get, direct.get))
    base = statistics.median(plain)
    yield Figure(f"{size:,} destinations: raw LIST", spread(plain))
    for what, times, goal in (("from the watch", kept, _CACHED_RATIO), ("read directly", read, _DIRECT_RATIO)):
        ratio = statistics.median(times) / base
        stated = (f"<= {goal:g} x", ratio <= goal) if size == MAIN else ("-", None)
        yield Figure(f"{size:,} destinations: first page {what}", f"{spread(times)}, {ratio:.2f} x the LIST", *stated)


def _weights(served: Portal) -> Iterator[Figure]:
    page = served.get()
    links = re.findall(r'(?:src|href)="(/static/[^"]+)"', gzip.decompress(page.data).decode())
    size = (len(page.data) + sum(len(served.get(link).data) for link in set(links))) / 1024
    yield Figure(
        f"first page of {MAIN:,} destinations with its {len(set(links))} assets, gzipped",
        f"{size:.1f} KB (HTML {len(page.data) / 1024:.1f} KB)",
        f"<= {_PAGE_KB} KB",
        size <= _PAGE_KB,
    )
    memory = served.memory()
    what = f"largest memory of the serving process with {MAIN:,} destinations"
    yield Figure(what, f"{memory:.0f} MB", f"<= {_MEMORY_MB} MB", memory <= _MEMORY_MB)
