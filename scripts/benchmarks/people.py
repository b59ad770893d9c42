"""What the sign-in costs: against its bcrypt, for every page, and for other people while many sign in."""

from __future__ import annotations

import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import bcrypt
import urllib3
from django.test import Client

from destinations.cluster.memory import InMemoryCluster
from destinations.cluster.reflector import Reflector
from destinations.secret.trim import trim_config_map
from edrportal.signin.middleware import AuthenticationMiddleware
from edrportal.signin.roles import ADMIN
from edrportal.signin.users import Principal
from scripts.benchmarks import scene
from scripts.benchmarks.portal import Portal, portal
from scripts.benchmarks.report import Figure, interleaved, p99, spread
from tests.services import composition

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.services.apiserver import ApiServer

_COUNT = 1000
_ROUNDS = 40
_BCRYPT_RATIO = 1.5
_PAGE_MS = 1.0
_RATE = 35
_SECONDS = 20
_GOAL_MS = 500
_PAGES_A_SECOND = 5


def figures(server: ApiServer, directory: Path) -> Iterator[Figure]:
    """Measure and yield."""
    namespace = server.new_namespace()
    scene.fill(server, namespace, _COUNT)
    with portal(str(server.kubeconfig), namespace, directory / "people.log") as served:
        for _ in range(5):  # the first page judges everything; what follows is about the sign-ins
            time.sleep(0.5)
            served.get()
        yield _ratio(served)
        yield from _flood(served, scene.crowd(server, namespace, 100))
    yield _page()


def _ratio(served: Portal) -> Figure:
    stored = bcrypt.hashpw(scene.PASSWORD.encode(), bcrypt.gensalt(10))
    send = _sender(served)
    hashed, signed = interleaved(_ROUNDS, (lambda: bcrypt.checkpw(scene.PASSWORD.encode(), stored), send))
    ratio = statistics.median(signed) / statistics.median(hashed)
    measured = f"{spread(signed)}, {ratio:.2f} x the bcrypt of {statistics.median(hashed):.1f} ms"
    return Figure(
        f"a sign-in, {_COUNT:,} destinations", measured, f"<= {_BCRYPT_RATIO:g} x", good=ratio <= _BCRYPT_RATIO
    )


def _flood(served: Portal, people: list[str]) -> Iterator[Figure]:
    """Ask for other pages while so many people sign in every second; count who was asked to come again."""
    send, statuses = _sender(served), []
    times: list[float] = []
    pool = urllib3.PoolManager(retries=False, timeout=30, maxsize=8)
    client = Portal(served.url, served.process, pool, served.cookies)
    began = time.monotonic()
    with ThreadPoolExecutor(64) as threads, ThreadPoolExecutor(8) as others:
        for number in range(_RATE * _SECONDS):
            time.sleep(max(0.0, began + number / _RATE - time.monotonic()))
            statuses.append(threads.submit(send, people[number % len(people)]))
            if number % (_RATE // _PAGES_A_SECOND) == 0:
                others.submit(_timed_page, client, times)
    found = [one.result() for one in statuses]
    yield Figure(
        f"other pages while {_RATE} people sign in every second for {_SECONDS} s",
        f"{spread(times)}; {found.count(302)} of {len(found)} got in at once, {found.count(503)} were asked to try again",
        f"p99 <= {_GOAL_MS} ms",
        p99(times) <= _GOAL_MS,
    )


def _timed_page(client: Portal, times: list[float]) -> None:
    started = time.perf_counter()
    client.get("/")
    times.append((time.perf_counter() - started) * 1000)


def _sender(served: Portal) -> Callable[..., int]:
    """Return what posts the sign-in form."""
    pool = urllib3.PoolManager(retries=False, timeout=60, maxsize=64)
    page = pool.request("GET", f"{served.url}/signin")
    token = page.data.decode().partition('csrfmiddlewaretoken" value="')[2].partition('"')[0]
    cookie = page.headers["Set-Cookie"].partition(";")[0]
    form = {"csrfmiddlewaretoken": token, "password": scene.PASSWORD}

    def send(name: str = scene.USER) -> int:
        fields = {**form, "username": name}
        url = f"{served.url}/signin"
        return pool.request("POST", url, fields=fields, headers={"Cookie": cookie}, redirect=False).status

    return send


def _page() -> Figure:
    """Compare the processor's time of a page with and without finding out who asks, in this process."""
    cluster = InMemoryCluster()
    cluster.load([scene.administrator(), *scene.manifests(_COUNT)])
    watches = Reflector(cluster), Reflector(cluster.config_maps, shrink=trim_config_map)
    real = AuthenticationMiddleware.find
    somebody = Principal("benchmark", "epinio", (ADMIN,), ())
    with composition.use(cluster, *watches):
        client = Client()
        client.post("/signin", {"username": scene.USER, "password": scene.PASSWORD})
        for watch in watches:
            watch.secrets()
        time.sleep(1)
        costs: tuple[list[float], list[float]] = ([], [])
        for number in range(200):
            AuthenticationMiddleware.find = real if number % 2 else lambda *_: somebody  # type: ignore[method-assign]
            started = time.process_time()
            client.get("/api/me")
            costs[number % 2].append((time.process_time() - started) * 1000)
        AuthenticationMiddleware.find = real  # type: ignore[method-assign]
        for watch in watches:
            watch.close()
    more = statistics.median(costs[1]) - statistics.median(costs[0])
    what = f"processor time that the session check adds to a page, {_COUNT:,} destinations"
    return Figure(what, f"{more:.2f} ms", f"<= {_PAGE_MS:g} ms", more <= _PAGE_MS)
