"""The section Exports: who sees what of it, and that no page depends on it."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from destinations import names
from destinations.cluster.port import ClusterError, Forbidden, NotFound, Unreachable
from destinations.web import exports
from edrportal.demo import exports as demo_exports
from edrportal.demo.cluster import demo_cluster
from tests.services import composition
from tests.services.leaks import canary, find
from tests.services.stopwatch import Stopwatch
from tests.signin import world

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.test import Client

    from destinations.cluster.memory import InMemoryCluster

IMAGE = "registry.example.com/org/workspace-shop-image:1234567890abcdef"
REASON = "x509: certificate signed by unknown authority"
FORBIDDEN = Forbidden("Forbidden", status=403, verb="list", resource="Jobs")


def add(  # what Epinio and Kubernetes would have made
    cluster: InMemoryCluster, name: str, *, minutes: float, outcome: str = "", log: str = "", reason: str = ""
) -> str:
    job = demo_exports.job(name, IMAGE, datetime.now(UTC) - timedelta(minutes=minutes), outcome=outcome)
    pod = demo_exports.pod(job, "Failed" if outcome else "Running", reason)
    cluster.exports.load([job], [pod])
    cluster.exports.logs[pod["metadata"]["name"]] = log
    return str(job["metadata"]["name"])


@pytest.fixture
def filled(portal: InMemoryCluster) -> InMemoryCluster:
    """People and destinations of every kind, made before every export."""
    portal.namespaces = world.UIDS
    made = {"creationTimestamp": "2026-01-01T00:00:00Z"}
    portal.load([{**one, "metadata": {**one["metadata"], **made}} for one in world.secrets()])
    portal.config_maps.load(world.config_maps())
    return portal


def section(page: Any) -> str:
    assert page.status_code == 200
    found = re.search(
        r'<section class="card" aria-labelledby="exports">.*?</section>', page.content.decode(), re.DOTALL
    )
    assert found
    return found[0]


def look(client: Client, name: str = "a-one") -> str:
    return section(client.get(f"/destinations/{name}"))


def test_the_demo_has_an_export_that_failed_and_one_that_runs(client: Client) -> None:
    with composition.use(demo_cluster(datetime.now(UTC))):
        failed, running, none = (look(client, name) for name in ("wrong-ca", "production", "quay"))
        rotate = client.get("/destinations/production/rotate").content.decode()
    assert "An export failed" in failed
    assert REASON in failed
    assert "<b>shop</b> in <b>workspace</b>" in failed
    assert "Kubernetes reports" not in failed
    assert "An export is running" in running
    assert "registry.example.com/platform/workspace-mail-image:0b7e2d9f4c61a835" in running
    assert "No running or failed exports." in none
    assert "An export is running" in rotate


def test_an_export_that_outlasted_epinio_is_told_from_one_that_runs(client: Client, filled: InMemoryCluster) -> None:
    add(filled, "a-one", minutes=13, log="Copying blob\n")
    add(filled, "a-one", minutes=2)
    shown = look(client)
    assert "An export is still running after 12 minutes" in shown
    assert "Copying blob" in shown
    assert shown.count("An export is running") == 1
    assert "The last known export" not in shown  # it is one of the two


def test_rotating_warns_of_an_export_that_runs_too_long_and_not_of_one_that_failed(
    client: Client, filled: InMemoryCluster
) -> None:
    add(filled, "a-one", minutes=1, outcome="Failed")
    assert "No image is being pushed now" in client.get("/destinations/a-one/rotate").content.decode()
    add(filled, "a-one", minutes=40)
    assert "An export is running" in client.get("/destinations/a-one/rotate").content.decode()


def test_a_configuration_of_very_many_values_keeps_its_logs_and_references_to_itself(
    client: Client, portal: InMemoryCluster
) -> None:
    made = world.destination("a-one")
    entries = {f"h{number}": {"auth": f"value-{number}"} for number in range(exports.MOST_SECRETS + 1)}
    portal.load([{**made, "stringData": {names.CONFIG_KEY: json.dumps({"auths": entries})}}])
    add(portal, "a-one", minutes=-1, outcome="Failed", log="told value-7\n")
    shown = look(client)
    assert "An export failed" in shown
    assert "too many values" in shown
    assert "value-7" not in shown
    assert IMAGE not in shown


def test_the_last_export_is_said_and_where_the_others_are_logged(client: Client, filled: InMemoryCluster) -> None:
    add(filled, "a-one", minutes=3, outcome="Complete")
    shown = look(client)
    assert IMAGE in shown
    assert "The last known export succeeded." in shown
    assert "kubectl logs -n epinio deployment/epinio-server" in shown


def test_only_the_newest_logs_are_read_and_only_so_many_are_listed(client: Client, filled: InMemoryCluster) -> None:
    for number in range(exports.SHOWN + 2):
        add(filled, "a-one", minutes=20 + number, outcome="Failed", log=f"line of {number}\n")
    shown = look(client)
    assert re.findall(r"line of \d+", shown) == ["line of 0", "line of 1", "line of 2"]
    assert shown.count("An export failed") == exports.SHOWN
    assert "Older exports that failed or are overdue: 2." in shown


@pytest.mark.people
@pytest.mark.parametrize(("person", "sees_details"), [("administrator", True), ("manager", True), ("viewer", False)])
def test_references_and_logs_are_for_those_who_may_change_it(
    filled: InMemoryCluster, person: str, *, sees_details: bool
) -> None:
    name = add(filled, "a-one", minutes=1, outcome="Failed", log=f"{REASON}\n", reason="OOMKilled")
    shown = look(world.sign_in(person))
    assert "An export failed" in shown
    for told in (REASON, IMAGE, "<b>shop</b>", name, "OOMKilled"):
        assert (told in shown) is sees_details, told


@pytest.mark.people
@pytest.mark.parametrize("person", ["administrator", "viewer"])
def test_without_the_right_an_administrator_reads_how_to_give_it(
    filled: InMemoryCluster, monkeypatch: pytest.MonkeyPatch, person: str
) -> None:
    fail(monkeypatch, filled, "jobs", FORBIDDEN)
    browser = world.sign_in(person)
    shown = look(browser)
    assert ("resources: [pods/log], verbs: [get]" in shown) is (person == "administrator")
    assert ("are not shown in this installation" in shown) is (person == "viewer")
    assert "kubectl logs" not in shown or person == "administrator"


def fail(monkeypatch: pytest.MonkeyPatch, cluster: InMemoryCluster, call: str, error: Exception) -> list[str]:
    asked = []

    def failing(*_: Any, **__: Any) -> Any:
        asked.append(call)
        raise error

    monkeypatch.setattr(cluster.exports, call, failing)
    return asked


def test_without_the_right_or_an_answer_rotating_warns_in_general(
    client: Client, filled: InMemoryCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "No image is being pushed now" in client.get("/destinations/a-one/rotate").content.decode()
    for error in (FORBIDDEN, Unreachable("NoUsableAnswer")):
        asked = fail(monkeypatch, filled, "jobs", error)
        page = client.get("/destinations/a-one/rotate").content.decode()
        assert "A running export may fail once" in page
        assert asked == ["jobs"]


def test_where_the_cluster_does_not_answer_the_page_says_so_and_stays(
    client: Client, filled: InMemoryCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = fail(monkeypatch, filled, "jobs", Unreachable("NoUsableAnswer"))
    shown = look(client)
    assert "did not return the export jobs in time" in shown
    assert "log of Epinio's server" in shown
    assert asked == ["jobs"]
    client.get("/")
    assert asked == ["jobs"], "the overview asks for jobs"


@pytest.mark.parametrize(
    ("failure", "said"),
    [
        (("log", FORBIDDEN), "no permission to read the logs"),
        (("pods", FORBIDDEN), "no permission to read the logs"),
        (("log", NotFound("NotFound", status=404)), "The Pod was deleted"),
        (("log", Unreachable("NoUsableAnswer")), "could not be read in time"),
        (("pods", ClusterError("Refused", status=418)), "could not be read in time"),
    ],
)
def test_a_log_that_cannot_be_read_is_missed_alone(
    client: Client,
    filled: InMemoryCluster,
    monkeypatch: pytest.MonkeyPatch,
    failure: tuple[str, ClusterError],
    said: str,
) -> None:
    add(filled, "a-one", minutes=1, outcome="Failed", log=REASON)
    fail(monkeypatch, filled, *failure)
    shown = look(client)
    assert "An export failed" in shown
    assert said in shown
    assert REASON not in shown


def test_a_job_without_a_pod_and_a_log_without_a_word_say_so(client: Client, filled: InMemoryCluster) -> None:
    filled.exports.load([demo_exports.job("a-one", IMAGE, datetime.now(UTC) - timedelta(minutes=1), outcome="Failed")])
    add(filled, "b-one", minutes=1, outcome="Failed", log="password=half a li")
    assert "The Pod was deleted" in look(client)
    assert "has nothing that can be shown" in look(client, "b-one")


def test_all_calls_of_a_section_share_one_time_limit(
    client: Client, filled: InMemoryCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = []
    clock = iter(range(0, 1000, 1))

    def slow(*_: Any, seconds: float, **__: Any) -> Any:
        given.append(seconds)
        raise Unreachable("NoUsableAnswer")

    for minutes in (1, 2, 3):
        add(filled, "a-one", minutes=minutes, outcome="Failed")
    monkeypatch.setattr(filled.exports, "pods", slow)
    monkeypatch.setattr(exports, "time", type("Clock", (), {"monotonic": staticmethod(lambda: next(clock))}))
    assert "could not be read in time" in look(client)
    assert given == [0.5, 0.0, 0.0]


def test_there_may_be_more_jobs_than_are_looked_at(
    client: Client, filled: InMemoryCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("destinations.cluster.memory.exports.MOST_JOBS", 1)
    add(filled, "a-one", minutes=1)
    add(filled, "a-one", minutes=2)
    assert "more export jobs than the portal reads" in look(client)


def test_a_page_waits_a_moment_for_a_silent_api_server_and_no_longer(
    client: Client, filled: InMemoryCluster, monkeypatch: pytest.MonkeyPatch, silent: Any
) -> None:
    monkeypatch.setattr(filled, "exports", silent)
    started = Stopwatch()
    assert "did not return the export jobs in time" in look(client)
    assert started.seconds < exports.SECONDS + 1


@pytest.fixture
def silent() -> Iterator[Any]:
    """The real adapter at a listener that accepts and says nothing."""
    import socket  # noqa: PLC0415

    from kubernetes import client as kubernetes  # noqa: PLC0415 - slow to import

    from destinations.cluster.kube.adapter import KubernetesCluster  # noqa: PLC0415

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        configuration = kubernetes.Configuration()
        configuration.host = f"http://127.0.0.1:{listener.getsockname()[1]}"
        yield KubernetesCluster(configuration, "epinio").exports


def test_what_a_log_says_is_text_and_no_markup(client: Client, filled: InMemoryCluster) -> None:
    secret = canary("in a log")
    add(filled, "a-one", minutes=1, outcome="Failed", log=f"<script>alert(1)</script> password={secret}\n\x1b[31mred\n")
    shown = look(client)
    assert "&lt;script&gt;" in shown
    assert "<script" not in shown
    assert "\x1b" not in shown
    assert not find(shown.encode())
