"""The kept Secrets: what the watch sees, when they are not to be served, and what a broken watch does to them."""

from __future__ import annotations

import json
import threading
import time
from base64 import b64encode
from typing import TYPE_CHECKING, Any

import pytest

from destinations import names
from destinations.cluster.kube.adapter import KubernetesCluster
from destinations.cluster.memory import InMemoryCluster
from destinations.cluster.port import Forbidden, Unreachable, WatchEvent
from destinations.cluster.reflector import Reflector
from tests.services.tcpproxy import TcpProxy, kubeconfig_through, tcp_proxy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from destinations.cluster.port import Cluster
    from destinations.model import Secret
    from tests.services.apiserver import ApiServer


def manifest(name: str = "one", **members: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "type": "Opaque", **members}


def replaced(secret: Secret, text: str) -> dict[str, Any]:
    return {**dict(secret.manifest), "data": {names.CERTS_KEY: b64encode(text.encode()).decode()}}


def shown(watched: Reflector) -> dict[str, bytes] | None:
    kept = watched.secrets()
    return None if kept is None else {one.name: one.data.get(names.CERTS_KEY, b"") for one in kept}


def until(happens: Callable[[], bool], seconds: float = 30) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if happens():
            return True
        time.sleep(0.01)
    return False


class Clock:
    def __init__(self) -> None:
        self.at = 1000.0

    def __call__(self) -> float:
        return self.at


class Scripted(InMemoryCluster):
    """Watches as it is told, so that a test decides what the watch has seen; `hold` keeps it silent."""

    def __init__(self) -> None:
        super().__init__()
        self.hold = threading.Event()
        self.lists = 0
        self.streams = 0
        self.broken = False
        self.refusal = 0
        self.odd_version = ""

    def list_with_version(self, shrink: Any) -> Any:
        self.lists += 1
        if self.broken:
            raise Unreachable("NoUsableAnswer")
        if self.refusal == 401:
            raise Forbidden("Forbidden", status=self.refusal)
        return super().list_with_version(shrink)

    def watch(self, resource_version: str, *, seconds: int) -> Iterator[WatchEvent]:
        if self.refusal:
            raise Forbidden("Forbidden", status=self.refusal)
        yield WatchEvent(self.odd_version or resource_version)
        self.streams += 1
        self.hold.wait(10)
        if self.broken:
            raise Unreachable("WatchBroke", status=410)
        if self.odd_version:
            return
        yield from super().watch(resource_version, seconds=0 * seconds)


@pytest.fixture
def scripted() -> Iterator[tuple[Scripted, Reflector, Clock]]:
    cluster, clock = Scripted(), Clock()
    cluster.create_secret(manifest("old"))
    watched = Reflector(cluster, clock=clock)
    yield cluster, watched, clock
    watched.close()
    cluster.hold.set()


def test_the_watch_sees_what_others_do(cluster: Cluster, request: pytest.FixtureRequest) -> None:
    first = cluster.create_secret(manifest("one"))
    watched = Reflector(cluster)
    request.addfinalizer(watched.close)
    assert shown(watched) in (None, {"one": b""})  # the first list may be there already
    assert until(lambda: shown(watched) == {"one": b""})
    cluster.create_secret(manifest("two"))
    assert until(lambda: shown(watched) == {"one": b"", "two": b""})
    new = cluster.replace_secret(replaced(first, "x"))
    assert until(lambda: shown(watched) == {"one": b"x", "two": b""})
    cluster.delete_secret("one", uid=new.uid, resource_version=new.resource_version)
    assert until(lambda: shown(watched) == {"two": b""})
    age = watched.age()
    assert age is not None
    assert age < 5


def test_nobody_is_shown_less_than_this_process_wrote(cluster: Cluster, request: pytest.FixtureRequest) -> None:
    secret = cluster.create_secret(manifest("one"))
    watched = Reflector(cluster)
    request.addfinalizer(watched.close)
    assert until(lambda: shown(watched) is not None)
    for number in range(100):
        secret = cluster.replace_secret(replaced(secret, str(number)))
        assert shown(watched) in (None, {"one": str(number).encode()})
    cluster.delete_secret("one", uid=secret.uid, resource_version=secret.resource_version)
    assert shown(watched) in (None, {})
    assert until(lambda: shown(watched) == {})


def test_a_write_that_the_watch_has_not_seen_is_read_directly(scripted: Any) -> None:
    cluster, watched, _ = scripted
    assert until(lambda: shown(watched) == {"old": b""})
    made = cluster.create_secret(manifest("new"))
    assert watched.secrets() is None
    cluster.hold.set()
    assert until(lambda: shown(watched) == {"old": b"", "new": b""})
    cluster.hold.clear()
    time.sleep(0.05)
    cluster.delete_secret("new", uid=made.uid, resource_version=made.resource_version)
    assert shown(watched) in (None, {"old": b""})
    cluster.hold.set()
    assert until(lambda: shown(watched) == {"old": b""})


def test_a_version_that_is_no_number_is_read_directly(scripted: Any) -> None:
    cluster, watched, _ = scripted
    cluster.odd_version = "abc"
    watched.secrets()
    assert until(lambda: cluster.streams == 1)
    assert watched.secrets() is None


def test_what_was_not_proved_for_five_seconds_is_not_served(scripted: Any) -> None:
    cluster, watched, clock = scripted
    assert until(lambda: shown(watched) == {"old": b""} and cluster.streams == 1)
    clock.at += 4.9
    assert shown(watched) == {"old": b""}
    clock.at += 0.2
    assert watched.secrets() is None
    cluster.hold.set()
    assert until(lambda: shown(watched) == {"old": b""})


def test_a_version_that_is_gone_is_listed_anew(scripted: Any) -> None:
    cluster, watched, clock = scripted
    assert until(lambda: shown(watched) == {"old": b""})
    cluster.broken = True
    cluster.hold.set()
    assert until(lambda: cluster.lists > 2)
    cluster.load([manifest("meanwhile")])
    clock.at += 6
    assert watched.secrets() is None
    cluster.broken = False
    assert until(lambda: shown(watched) == {"old": b"", "meanwhile": b""})


def test_a_cluster_that_fails_is_asked_less_and_less(scripted: Any) -> None:
    cluster, watched, _ = scripted
    cluster.broken = True
    watched.secrets()
    time.sleep(1.5)
    assert cluster.lists <= 4
    assert until(lambda: cluster.lists > 1)


def test_who_may_not_watch_reads_directly_and_is_not_listed_for_in_vain(scripted: Any) -> None:
    cluster, watched, _ = scripted
    cluster.refusal = 403
    watched.secrets()
    assert until(lambda: cluster.lists == 1)
    time.sleep(0.5)
    assert watched.secrets() is None
    assert cluster.lists == 1


def test_a_refused_token_takes_nothing_away_while_what_is_kept_is_fresh(scripted: Any) -> None:
    cluster, watched, clock = scripted
    watched.secrets()
    assert until(lambda: cluster.streams > 0)
    cluster.refusal = 401
    cluster.hold.set()
    assert until(lambda: cluster.lists > 2)
    assert shown(watched) == {"old": b""}
    clock.at += 5.1
    assert watched.secrets() is None
    cluster.refusal = 0
    assert until(lambda: shown(watched) == {"old": b""})


def test_only_what_is_judged_is_kept(scripted: Any) -> None:
    cluster, watched, _ = scripted
    annotations = {names.LAST_APPLIED_ANNOTATION: json.dumps({"data": {names.CONFIG_KEY: "canary"}}), "mine": "kept"}
    text = {"large": "x" * 100_000, "key": "-----BEGIN PRIVATE KEY-----\ncanary", names.CERTS_KEY: "ca"}
    cluster.load([{**manifest(stringData=text), "metadata": {"name": "one", "annotations": annotations}}])
    watched.secrets()
    assert until(lambda: watched.secrets() is not None)
    one = next(secret for secret in watched.secrets() if secret.name == "one")
    assert one.data == {"large": b"", "key": b"PRIVATE KEY-----", names.CERTS_KEY: b"ca"}
    assert one.annotations == {names.LAST_APPLIED_ANNOTATION: names.CONFIG_KEY, "mine": "kept"}
    assert not one.manifest


def test_a_closed_watch_asks_nothing_more(scripted: Any) -> None:
    cluster, watched, _ = scripted
    assert until(lambda: watched.secrets() is not None)
    watched.close()
    cluster.hold.set()
    asked = cluster.lists
    assert watched.secrets() is None
    time.sleep(0.3)
    assert cluster.lists == asked


class Behind:
    """A watch on a real API server behind a proxy, and the way past the proxy."""

    def __init__(self, api_server: ApiServer, proxy: TcpProxy, directory: Path) -> None:
        self.proxy = proxy
        namespace = api_server.new_namespace()
        self.direct = KubernetesCluster.from_kubeconfig(str(api_server.kubeconfig), namespace=namespace)
        through = KubernetesCluster.from_kubeconfig(
            kubeconfig_through(proxy, api_server, directory), namespace=namespace
        )
        self.watched = Reflector(through)


@pytest.fixture
def behind(api_server: ApiServer, tmp_path: Path) -> Iterator[Behind]:
    with tcp_proxy(api_server) as proxy:
        found = Behind(api_server, proxy, tmp_path)
        yield found
        found.watched.close()


@pytest.mark.cluster
def test_a_watch_that_is_cut_again_and_again_ends_up_right_and_is_never_partial(behind: Behind) -> None:
    for number in range(5):
        behind.direct.create_secret(manifest(f"base-{number}"))
    assert until(lambda: shown(behind.watched) is not None)
    expected = {f"base-{number}" for number in range(5)}
    for number in range(8):
        behind.proxy.cut()
        behind.direct.create_secret(manifest(f"new-{number}"))
        expected.add(f"new-{number}")
        end = time.monotonic() + 0.5
        while time.monotonic() < end:
            kept = shown(behind.watched)
            assert kept is None or {f"base-{number}" for number in range(5)} <= set(kept)
            time.sleep(0.02)
    assert until(lambda: set(shown(behind.watched) or ()) == expected)


@pytest.mark.alone
@pytest.mark.cluster
def test_a_connection_that_falls_silent_is_not_believed_for_more_than_five_seconds(behind: Behind) -> None:
    behind.direct.create_secret(manifest("one"))
    assert until(lambda: shown(behind.watched) == {"one": b""})
    behind.proxy.silent = True
    fell_silent = time.monotonic()
    behind.direct.create_secret(manifest("two"))
    last_served = fell_silent
    while time.monotonic() < fell_silent + 8:
        if behind.watched.secrets() is not None:
            last_served = time.monotonic()
        time.sleep(0.02)
    assert last_served - fell_silent <= 5.1
    behind.proxy.silent = False
    assert until(lambda: shown(behind.watched) == {"one": b"", "two": b""})


@pytest.mark.alone
@pytest.mark.cluster
def test_a_quiet_cluster_is_proved_alive_all_the_time(behind: Behind) -> None:
    behind.direct.create_secret(manifest("one"))
    assert until(lambda: shown(behind.watched) is not None)
    end = time.monotonic() + 12
    while time.monotonic() < end:
        assert behind.watched.secrets() is not None
        time.sleep(0.02)
    assert behind.proxy.accepted <= 4
