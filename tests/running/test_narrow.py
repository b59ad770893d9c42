"""Little room: no disk to write to, a full one, 256 MiB of memory, a fifth of a processor, a clock that jumps (F38, F39)."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from destinations import names
from destinations.cluster.kube.adapter import KubernetesCluster
from destinations.cluster.memory import InMemoryCluster
from tests.chart.test_chart_runs import Browser
from tests.services import composition
from tests.services.effort import times
from tests.services.portals import Served, hidden, served
from tests.signin import world

if TYPE_CHECKING:
    from pathlib import Path

    from tests.services.apiserver import ApiServer

pytestmark = [pytest.mark.people, pytest.mark.timeout(3600)]
SHM = "/dev/shm"  # noqa: S108 - what stays writable in a pod
READ_ONLY = "mount -o remount,ro,bind / && mount --bind /tmp /tmp && mount -o remount,ro,bind /tmp"
FULL = "export TMPDIR=/var/tmp && mount -t tmpfs -o size=4k tmpfs $TMPDIR && ! cat /dev/zero > $TMPDIR/all 2>&-"
TYPED = {"host": "registry.example.com", "organization": "org", "username": "robot", "password": "pw"}
LIMIT_MIB = 256


def in_room(mounts: str) -> list[str]:
    """Return what runs a command under other mounts; where nobody may do that, one that can make no file larger."""
    unshare = shutil.which("unshare")
    if unshare and subprocess.run([unshare, "-m", "true"], check=False).returncode == 0:
        return [unshare, "-m", "sh", "-c", f'{mounts}; exec "$@"', "sh"]
    return ["prlimit", "--fsize=0"]


@pytest.fixture
def filled(api_server: ApiServer) -> KubernetesCluster:
    cluster = KubernetesCluster.from_kubeconfig(str(api_server.kubeconfig), namespace=api_server.new_namespace())
    world.fill(cluster, world.secrets(), world.config_maps())
    return cluster


def signed_in(portal: Served) -> Browser:
    person = Browser(portal.url)
    assert person.send("/signin", username="administrator", password=world.PASSWORD).status == 302
    return person


@pytest.mark.cluster
@pytest.mark.parametrize("mounts", [READ_ONLY, FULL], ids=["read-only", "full"])
def test_f38_no_disk_is_needed(api_server: ApiServer, filled: KubernetesCluster, tmp_path: Path, mounts: str) -> None:
    kubeconfig = api_server.kubeconfig.read_text()
    place = f"{SHM}/{filled.namespace}"
    os.mkdir(place)  # noqa: PTH102 - beside its removal
    try:
        for file in (api_server.kubeconfig, api_server.ca):
            shutil.copy(file, place)
        moved = f"{place}/{api_server.kubeconfig.name}"
        with open(moved, "w", encoding="utf-8") as out:  # noqa: PTH123
            out.write(kubeconfig.replace(str(api_server.ca), f"{place}/{api_server.ca.name}"))
        with served(moved, filled.namespace, tmp_path / "portal.log", around=in_room(mounts)) as portal:
            person = signed_in(portal)
            assert person.send("/destinations/new", name="added", **TYPED).status == 303
            page = person.ask("GET", "/destinations/added/rotate").data.decode()
            form = {**hidden(page), "username": "robot", "password": "x" * 500_000, "bundle_choice": "keep"}
            assert person.ask("POST", "/destinations/added/rotate", **form).status == 422  # too long, and told so
            assert person.ask("GET", "/?after=write").status == 200
    finally:
        shutil.rmtree(place)
    assert filled.get_secret("added").name == "added"


def large(number: int) -> dict[str, object]:
    """Return a Secret of half a megabyte, as some operator beside the portal may keep it."""
    return {"metadata": {"name": f"large-{number}"}, "data": {"ballast": b64encode(os.urandom(366_000)).decode()}}


@pytest.mark.cluster
def test_f39_two_hundred_large_secrets_are_read_and_changed_within_the_limit(
    api_server: ApiServer, filled: KubernetesCluster, tmp_path: Path
) -> None:
    for number in range(200):
        filled.create_secret({"apiVersion": "v1", "kind": "Secret", **large(number)})
    with served(str(api_server.kubeconfig), filled.namespace, tmp_path / "portal.log") as portal:
        person = signed_in(portal)
        for number in range(times(3, 50)):
            assert person.ask("GET", "/").status == 200
            assert "a-one" in person.ask("GET", "/?after=write").data.decode()  # read directly, all of it
            page = person.ask("GET", "/destinations/a-one/rotate").data.decode()
            form = {**hidden(page), "username": f"robot-{number}", "password": "next", "bundle_choice": "keep"}
            assert person.ask("POST", "/destinations/a-one/rotate", **form).status == 303
        assert len(filled.get_secret("large-0").data["ballast"]) == 366_000
        most = portal.memory()
    print(f"200 Secrets of 500 KB: {most:.0f} MiB at most")  # noqa: T201 - a figure
    assert most < LIMIT_MIB


@pytest.mark.cluster
def test_f39_a_fifth_of_a_processor_is_slow_and_right(
    api_server: ApiServer, filled: KubernetesCluster, tmp_path: Path
) -> None:
    with served(str(api_server.kubeconfig), filled.namespace, tmp_path / "portal.log") as portal:
        done = threading.Event()
        squeezing = threading.Thread(target=squeeze, args=(portal.process, 0.2, done))
        squeezing.start()
        try:
            person = signed_in(portal)
            for number in range(times(3, 30)):
                added = person.send("/destinations/new", name=f"slow-{number}", **TYPED)
                assert added.status == 303
                assert f"slow-{number}" in person.ask("GET", added.headers["Location"]).data.decode()
        finally:
            done.set()
            squeezing.join()
    assert {f"slow-{number}" for number in range(times(3, 30))} <= {one.name for one in filled.list_secrets()}


def squeeze(process: int, share: float, done: threading.Event) -> None:
    """Let the children of a process run for that share of the time only, in slices of the kernel's 100 ms."""
    with open(f"/proc/{process}/task/{process}/children", encoding="ascii") as file:  # noqa: PTH123
        children = [int(child) for child in file.read().split()]
    while not done.is_set():
        for word, seconds in ((signal.SIGSTOP, 0.1 * (1 - share)), (signal.SIGCONT, 0.1 * share)):
            for child in children:
                os.kill(child, word)
            time.sleep(seconds)


class Jumped(datetime):
    """A clock that was set anew."""

    by = timedelta()

    @classmethod
    def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
        return datetime.now(UTC) + cls.by if tz else datetime.now().astimezone() + cls.by


@pytest.mark.parametrize("hours", [-1, 1, -24 * 365, 24 * 365])
def test_f38_a_clock_that_jumps_ends_a_session_at_most(hours: int, monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = InMemoryCluster()
    world.fill(cluster, world.secrets(), world.config_maps())
    with composition.use(cluster):
        client = world.sign_in("administrator")
        monkeypatch.setattr(Jumped, "by", timedelta(hours=hours))
        for place, module in list(sys.modules.items()):
            if place.startswith(("edrportal.", "destinations.")) and getattr(module, "datetime", None) is datetime:
                monkeypatch.setattr(module, "datetime", Jumped)
        assert client.get("/").status_code in {200, 302}
        again = world.sign_in("administrator")
        assert again.get("/").status_code == 200
        assert names.REGISTRY_LABEL in cluster.get_secret("shared").labels
