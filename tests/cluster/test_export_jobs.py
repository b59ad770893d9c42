"""Export jobs, Pods and logs: what both adapters promise, and the real one where the API server is slow or odd."""

from __future__ import annotations

import json
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from kubernetes import client

from destinations.cluster import jobs, verbs
from destinations.cluster.kube import exports as real_exports
from destinations.cluster.kube.adapter import KubernetesCluster
from destinations.cluster.memory import InMemoryCluster
from destinations.cluster.memory import exports as memory_exports
from destinations.cluster.port import Forbidden, NotFound, Unreachable
from edrportal.demo import exports as demo_exports
from tests.services.exports import post
from tests.services.leaks import known
from tests.services.stopwatch import Stopwatch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from destinations.cluster.port import Cluster
    from tests.services.apiserver import ApiServer

    Put = Callable[..., None]

SECONDS = 5.0
IMAGE = "registry.example.com/team/workspace-shop-image:1234567890abcdef"
CANARY = known("canary-log-5521")


_began: list[datetime] = []


@pytest.fixture(autouse=True)
def began() -> None:
    """Take the time of a test when it runs, once: the names of jobs are made of it."""
    _began.append(datetime.now(UTC))


@pytest.fixture
def put(cluster: Cluster, request: pytest.FixtureRequest) -> Put:
    """Put jobs and Pods there as Epinio and Kubernetes would, past the portal."""
    if isinstance(cluster, InMemoryCluster):
        return cluster.exports.load
    server: ApiServer = request.getfixturevalue("api_server")

    def load(made: list[dict[str, Any]], pods: list[dict[str, Any]] = []) -> None:  # noqa: B006 - only read
        for path, manifests in (("apis/batch/v1", made), ("api/v1", pods)):
            for manifest in manifests:
                post(server, f"/{path}/namespaces/{cluster.namespace}/{manifest['kind'].lower()}s", manifest)

    return load


def job(destination: str = "one", *, minutes: int = 0, outcome: str = "", **options: Any) -> dict[str, Any]:
    began = _began[-1] + timedelta(minutes=minutes)
    return demo_exports.job(destination, IMAGE, began, outcome=outcome, **options)


def test_an_export_job_is_told_by_its_secret_its_target_and_its_outcome(cluster: Cluster, put: Put) -> None:
    put([job(certs="one-ca"), job("two", minutes=1, outcome="Failed"), job("three", minutes=2, outcome="Complete")])
    listing = cluster.exports.jobs(seconds=SECONDS)
    assert listing.complete
    assert {(one.secret, one.outcome) for one in listing.jobs} == {
        ("one", ""),
        ("two", "Failed"),
        ("three", "Complete"),
    }
    assert {one.target for one in listing.jobs} == {f"docker://{IMAGE}"}
    assert {one.container for one in listing.jobs} == {"oci-push"}
    assert all(one.created_at.endswith("Z") and bool(one.finished_at) == bool(one.outcome) for one in listing.jobs)
    assert [one.name for one in listing.jobs] == sorted(one.name for one in listing.jobs)


def test_other_jobs_are_left_out(cluster: Cluster, put: Put) -> None:
    staging = job()
    staging["metadata"]["labels"] = {jobs.COMPONENT_LABEL: "staging"}
    put([staging])
    assert cluster.exports.jobs(seconds=SECONDS) == jobs.JobListing(())


def test_the_pods_of_a_job_are_found_with_what_they_wait_for(cluster: Cluster, put: Put) -> None:
    one, two = job(), job("two", minutes=1)
    put([one, two], [demo_exports.pod(one, "Failed", "Error"), demo_exports.pod(two, "Pending")])
    (pod,) = cluster.exports.pods(one["metadata"]["name"], seconds=SECONDS)
    assert (pod.name, pod.phase, pod.reason) == (f"{one['metadata']['name']}-x7k2p", "Failed", "Error")
    assert cluster.exports.pods("missing", seconds=SECONDS) == ()


def test_a_container_that_has_not_begun_has_an_empty_log(cluster: Cluster, put: Put) -> None:
    put([job()], [demo_exports.pod(job(), "Pending")])
    (pod,) = cluster.exports.pods(job()["metadata"]["name"], seconds=SECONDS)
    assert cluster.exports.log(pod.name, "oci-push", lines=5, size=100, seconds=SECONDS) == ""


@pytest.mark.parametrize("name", ["missing", "..", "a/b"])
def test_there_is_no_log_of_a_pod_that_is_gone(cluster: Cluster, name: str) -> None:
    with pytest.raises(NotFound):
        cluster.exports.log(name, "oci-push", lines=5, size=100, seconds=SECONDS)


def test_more_jobs_than_are_looked_at_are_said_to_be_more(
    cluster: Cluster, put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (real_exports, memory_exports):
        monkeypatch.setattr(module, "MOST_JOBS", 4)
    monkeypatch.setattr(real_exports, "_PAGE", 2)
    put([job(minutes=minute) for minute in range(4)])
    listing = cluster.exports.jobs(seconds=SECONDS)
    assert (len(listing.jobs), listing.complete) == (4, True)
    put([job(minutes=9)])
    listing = cluster.exports.jobs(seconds=SECONDS)
    assert (len(listing.jobs), listing.complete) == (4, False)


@pytest.mark.cluster
def test_who_has_no_rights_is_told_which(api_server: ApiServer) -> None:
    outsider = KubernetesCluster.from_kubeconfig(
        str(api_server.kubeconfig), namespace=api_server.new_namespace(), context="outsider"
    ).exports
    calls: list[tuple[Callable[[], Any], str, str]] = [
        (lambda: outsider.jobs(seconds=SECONDS), "list", "Jobs"),
        (lambda: outsider.pods("one", seconds=SECONDS), "list", "Pods"),
        (lambda: outsider.log("one", "c", lines=1, size=1, seconds=SECONDS), "get", "pod logs"),
    ]
    for call, verb, resource in calls:
        with pytest.raises(Forbidden) as refused:
            call()
        assert (refused.value.verb, refused.value.resource) == (verb, resource)


@pytest.mark.cluster
def test_the_rules_of_the_table_are_enough_and_open_nothing_else(api_server: ApiServer) -> None:
    namespace = api_server.new_namespace()
    path = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}"
    group = "rbac.authorization.k8s.io"
    rules = yaml.safe_load(verbs.rules(verbs.of_part(verbs.EXPORTS)))
    api_server.request("POST", f"{path}/roles", {"metadata": {"name": "exports"}, "rules": rules})
    reference = {"apiGroup": group, "kind": "Role", "name": "exports"}
    subject = {"apiGroup": group, "kind": "User", "name": "outsider"}
    binding = {"metadata": {"name": "exports"}, "roleRef": reference, "subjects": [subject]}
    api_server.request("POST", f"{path}/rolebindings", binding)
    portal = KubernetesCluster.from_kubeconfig(str(api_server.kubeconfig), namespace=namespace, context="outsider")
    _until_allowed(lambda: portal.exports.jobs(seconds=SECONDS))
    assert portal.exports.pods("one", seconds=SECONDS) == ()
    with pytest.raises(NotFound):
        portal.exports.log("one", "c", lines=1, size=1, seconds=SECONDS)
    with pytest.raises(Forbidden):
        portal.list_secrets()


def _until_allowed(call: Callable[[], Any]) -> None:
    """Ask until the API server has taken notice of the new role, which it does within moments."""
    end = time.monotonic() + 20
    while time.monotonic() < end:
        with suppress(Forbidden):
            call()
            return
    call()


@contextmanager
def answering(
    body: bytes, *, status: int = 200, pause: float = 0.0
) -> Iterator[tuple[real_exports.KubernetesExports, list[str]]]:
    """An API server that gives every request this answer, byte by byte if there is a pause; and what was asked."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            for piece in [body] if not pause else [body[at : at + 1] for at in range(len(body))]:
                if stop.wait(pause) if pause else False:
                    return
                try:
                    self.wfile.write(piece)
                    self.wfile.flush()
                except OSError:
                    return

        def log_message(self, *_: Any) -> None:
            pass

    stop = threading.Event()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield exports_at(server.server_port), asked
    finally:
        stop.set()
        server.shutdown()
        server.server_close()


def exports_at(port: int) -> real_exports.KubernetesExports:
    configuration = client.Configuration()
    configuration.host = f"http://127.0.0.1:{port}"
    return KubernetesCluster(configuration, "epinio").exports


def test_a_log_is_asked_for_by_lines_and_bytes_and_comes_as_text() -> None:
    with answering("eins\nzw\xf6lf\n".encode() + b"\xff\n") as (exports, asked):
        assert exports.log("pod", "oci-push", lines=7, size=1000, seconds=SECONDS) == "eins\nzw\xf6lf\n\ufffd\n"
    (path,) = asked
    assert path.startswith("/api/v1/namespaces/epinio/pods/pod/log?")
    assert {"container=oci-push", "tailLines=7", "limitBytes=1000"} <= set(path.partition("?")[2].split("&"))


def test_a_log_is_cut_where_the_api_server_sends_more_and_refused_where_it_sends_far_more() -> None:
    with answering(b"x" * 15) as (exports, _):
        assert exports.log("pod", "c", lines=1, size=10, seconds=SECONDS) == "x" * 10
    with answering(b"x" * 25) as (exports, _), pytest.raises(Unreachable):
        exports.log("pod", "c", lines=1, size=10, seconds=SECONDS)


@pytest.mark.parametrize(
    ("status", "body"),
    [(500, CANARY), (404, CANARY), (200, CANARY), (200, "[]"), (200, json.dumps({"kind": "PodList"}) + "x")],
)
def test_an_answer_of_no_use_is_asked_for_once_and_leaves_no_word(status: int, body: str) -> None:
    with answering(body.encode(), status=status) as (exports, asked):
        with pytest.raises(Unreachable) as unread:
            exports.jobs(seconds=SECONDS)
        assert len(asked) == 1
    assert CANARY not in str(unread.value) + repr(unread.value.__context__) + repr(unread.value.__cause__)


def test_an_api_server_that_drips_is_given_up_in_time() -> None:
    with answering(b" " * 1000, pause=0.05) as (exports, _):
        for call in (
            lambda: exports.jobs(seconds=0.4),
            lambda: exports.pods("one", seconds=0.4),
            lambda: exports.log("one", "c", lines=1, size=5000, seconds=0.4),
        ):
            started = Stopwatch()
            with pytest.raises(Unreachable):
                call()
            assert started.seconds < 1.5


def test_an_api_server_that_is_silent_is_given_up_in_time() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        started = Stopwatch()
        with pytest.raises(Unreachable):
            exports_at(listener.getsockname()[1]).jobs(seconds=0.3)
        assert started.seconds < 1.5


def test_as_many_calls_at_once_as_there_are_pages_and_reviews_keep_their_connections(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with answering(b'{"kind":"JobList"}', pause=0.02) as (exports, asked), ThreadPoolExecutor(40) as pool:
        calls = [pool.submit(exports.jobs, seconds=SECONDS) for _ in range(40)]
        assert [call.result().jobs for call in calls] == [()] * 40
    assert len(asked) == 40
    assert not [record for record in caplog.records if record.name.startswith("urllib3")]
