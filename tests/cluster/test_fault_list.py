"""The faults of clusters and of people, one by one, through the portal's pages on a real API server."""

from __future__ import annotations

import json
import socket
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client

from destinations import actions
from destinations.actions import Seen, writes
from destinations.cluster.kube.adapter import KubernetesCluster
from destinations.cluster.port import Conflict, NotFound
from tests.services import composition
from tests.services.faultproxy import DROP_AFTER, DROP_BEFORE, Fault, FaultProxy, fault_proxy, status_body
from tests.services.processes import free_port
from tests.services.reader import Reader
from tests.services.stopwatch import Stopwatch
from tests.soak import scene

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.services.apiserver import ApiServer

pytestmark = pytest.mark.cluster
PASSWORD = "p-new"


class Place:
    """A namespace with a destination, the portal's pages on it through a fault proxy, and an independent reader."""

    def __init__(self, api_server: ApiServer, proxy: FaultProxy) -> None:
        self.namespace = api_server.new_namespace()
        self.reader = Reader(api_server, self.namespace)
        self.proxy = proxy
        self.cluster = proxy.cluster(self.namespace)
        self.client = Client()
        for manifest in scene.manifests("old"):
            self.reader.post(manifest)

    def rotation(self, **changed: str) -> dict[str, str]:
        metadata = self.reader.all()[scene.NAME]["metadata"]
        return {
            "username": "u-new", "password": PASSWORD, "bundle_choice": "replace",
            "bundle_text": scene.bundle("new").decode(), "nonce": "n" * 24, "uid": metadata["uid"],
            "resource_version": metadata["resourceVersion"], **changed,
        }  # fmt: skip

    def rotate(self, **changed: str) -> Any:
        return self.client.post(f"/destinations/{scene.NAME}/rotate", self.rotation(**changed))

    def generation(self) -> str:
        state = self.reader.state(scene.NAME)
        assert state
        return state.generation

    def names(self) -> set[str]:
        return set(self.reader.all())


@pytest.fixture
def place(api_server: ApiServer) -> Iterator[Place]:
    with fault_proxy(api_server) as proxy:
        found = Place(api_server, proxy)
        with composition.use(found.cluster):
            yield found


@contextmanager
def at(port: int) -> Iterator[Client]:
    """The pages on an API server at this port."""
    from kubernetes import client  # noqa: PLC0415 - slow to import

    configuration = client.Configuration()
    configuration.host = f"http://127.0.0.1:{port}"
    with composition.use(KubernetesCluster(configuration, "epinio")):
        yield Client()


@contextmanager
def black_hole() -> Iterator[int]:
    """A port whose queue is full, so that a new connection is never answered."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.settimeout(0)
            filler.connect_ex(listener.getsockname())
        try:
            yield listener.getsockname()[1]
        finally:
            for filler in fillers:
                filler.close()


def test_f1_f2_a_cluster_that_is_down_or_silent_is_said_within_three_seconds() -> None:
    form = {"name": "kept-name", "host": "registry.example.com", "organization": "kept-team", "username": "u",
            "password": PASSWORD, "nonce": "n" * 24}  # fmt: skip
    with black_hole() as silent:
        for port in (free_port(), silent):
            with at(port) as client:
                started = Stopwatch()
                page = client.get("/")
                assert started.seconds < 3
                assert page.status_code == 503
                assert "does not answer. Nothing was changed" in page.content.decode()
                assert client.get("/healthz").status_code == 200
                assert client.get("/readyz").status_code == 503
                saved = client.post("/destinations/new", form)
                assert saved.status_code == 503
                assert "kept-name" in saved.content.decode()
                assert "kept-team" in saved.content.decode()
                assert PASSWORD not in saved.content.decode()


def test_f3_a_slow_cluster_works_within_the_budget_and_is_given_up_beyond_it(place: Place) -> None:
    place.proxy.chooses = lambda method, _: method == "GET"
    place.proxy.script.append(Fault(delay=4.5))
    assert place.client.get("/").status_code == 200
    place.proxy.standing = Fault(delay=6)
    started = Stopwatch()
    assert place.client.get("/").status_code == 503
    assert started.seconds < 6


def test_f3_fifty_slow_pages_leave_the_probe_alone(place: Place) -> None:
    from edrportal.management.server import PLACES  # noqa: PLC0415
    from edrportal.middleware import PAGES_AT_ONCE  # noqa: PLC0415

    assert sum(places.count for places in PLACES) >= PAGES_AT_ONCE + 8
    place.proxy.chooses = lambda method, _: method == "GET"
    place.proxy.standing = Fault(delay=3)
    answers: list[int] = []
    handler = Client().handler
    handler.load_middleware()

    def ask() -> None:
        client = Client()
        client.handler = handler
        answers.append(client.get("/").status_code)

    threads = [threading.Thread(target=ask) for _ in range(50)]
    for thread in threads:
        thread.start()
    client = Client()
    client.handler = handler
    time.sleep(0.7)
    started = Stopwatch()
    assert client.get("/healthz").status_code == 200
    assert started.seconds < 1
    for thread in threads:
        thread.join()
    assert answers.count(200) == PAGES_AT_ONCE
    assert answers.count(503) == 50 - PAGES_AT_ONCE


def test_f4_a_conflict_names_who_changed_it_and_keeps_what_was_typed(place: Place) -> None:
    stale = place.rotation(username="u-kept")
    secret = place.reader.all()[scene.NAME]
    secret["metadata"]["annotations"]["mine"] = "1"
    assert place.reader.put(secret) == 200
    answer = place.client.post(f"/destinations/{scene.NAME}/rotate", stale)
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "u-kept" in page
    assert "Last change" in page
    assert "python-urllib3" in page  # the stranger's field manager
    assert PASSWORD not in page
    assert place.generation() == "old"
    assert place.names() == {scene.NAME, f"{scene.NAME}-ca-old"}


def test_f5_a_taken_name_is_never_updated(place: Place) -> None:
    form = {"name": f"{scene.NAME}-ca-old", "host": "registry.example.com", "organization": "t", "username": "u",
            "password": PASSWORD, "nonce": "n" * 24}  # fmt: skip
    before = place.reader.all()
    answer = place.client.post("/destinations/new", form)
    assert answer.status_code == 409
    assert "Choose another name" in answer.content.decode()
    assert place.reader.all() == before


def test_f6_an_applied_rotation_without_an_answer_is_told_as_done_once(place: Place) -> None:
    place.proxy.chooses = lambda method, path: method == "PUT" and scene.NAME in path
    place.proxy.script.append(DROP_AFTER)
    answer = place.rotate()
    assert answer.status_code == 303
    assert place.generation() == "new"
    assert [method for method, _ in place.proxy.seen].count(
        "PUT"
    ) == 2  # the rotation, and the release of the old bundle


def test_f7_f8_an_applied_addition_and_deletion_without_an_answer_are_done(place: Place) -> None:
    place.proxy.script.append(DROP_AFTER)
    form = {"name": "two", "host": "registry.example.com", "organization": "t", "username": "u-x",
            "password": "p-x", "nonce": "n" * 24}  # fmt: skip
    assert place.client.post("/destinations/new", form).status_code == 303
    metadata = place.reader.all()["two"]["metadata"]
    place.proxy.script.append(DROP_AFTER)
    seen = {"confirmation": "two", "uid": metadata["uid"], "resource_version": metadata["resourceVersion"]}
    assert place.client.post("/destinations/two/delete", seen).status_code == 303
    assert "two" not in place.names()


def test_f9_a_rotation_that_never_arrived_is_told_as_not_written_and_never_will_be(place: Place) -> None:
    place.proxy.chooses = lambda method, path: method == "PUT"
    place.proxy.script.append(DROP_BEFORE)
    answer = place.rotate()
    assert answer.status_code == 503
    assert "nothing was changed, now or later" in answer.content.decode()
    assert place.generation() == "old"
    assert place.names() == {scene.NAME, f"{scene.NAME}-ca-old"}
    assert place.rotate(nonce="m" * 24).status_code == 303


@pytest.mark.parametrize("seconds", ["1", "3600"])
def test_f10_an_overloaded_cluster_is_asked_a_little_and_written_to_once(place: Place, seconds: str) -> None:
    place.proxy.chooses = lambda method, path: True
    place.proxy.standing = Fault(forward="no", answer=429, headers={"Retry-After": seconds})
    started = Stopwatch()
    assert place.client.get("/").status_code == 503
    assert started.seconds < 3
    place.proxy.chooses = lambda method, path: method in {"PUT", "POST"}
    place.proxy.seen.clear()
    answer = place.rotate()
    assert answer.status_code == 503
    assert "overloaded" in answer.content.decode()
    asked = [method for method, path in place.proxy.seen if "/secrets" in path]
    assert asked == ["GET", "GET", "POST", "GET"]  # the right, what is written over, the write, what became of it
    assert place.generation() == "old"


@pytest.mark.parametrize("status", [500, 503, 504])
@pytest.mark.parametrize("forward", ["yes", "no"])
def test_f11_an_error_in_the_middle_of_a_write_is_looked_into(place: Place, status: int, forward: str) -> None:
    place.proxy.chooses = lambda method, path: method == "PUT" and scene.NAME in path
    place.proxy.script.append(Fault(forward=forward, answer=status, body=status_body("InternalError")))
    answer = place.rotate()
    assert answer.status_code == (303 if forward == "yes" else 503)
    assert place.generation() == ("new" if forward == "yes" else "old")


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (502, b"<html>p-old</html>"),
        (200, b"<html>p-old</html>"),
        (200, b""),
        (200, b'{"kind": "SecretList", "items": [{"p-old'),
        (200, b'{"kind": "PodList", "apiVersion": "v1", "items": []}'),
        (200, b"[]"),
    ],
)
def test_f12_an_answer_that_is_none_is_said_and_never_shown_as_an_empty_cluster(
    place: Place, status: int, body: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    place.proxy.chooses = lambda method, _: method == "GET"
    place.proxy.standing = Fault(forward="no", answer=status, body=body)
    for path in ("/", f"/destinations/{scene.NAME}", f"/destinations/{scene.NAME}/rotate"):
        page = place.client.get(path)
        assert page.status_code == 503
        assert "does not answer" in page.content.decode()
        assert "p-old" not in page.content.decode() + caplog.text


def test_f15_a_missing_right_is_named(api_server: ApiServer) -> None:
    outsider = KubernetesCluster.from_kubeconfig(
        str(api_server.kubeconfig), namespace=api_server.new_namespace(), context="outsider"
    )
    with composition.use(outsider):
        page = Client().get("/")
        one = Client().get("/destinations/one/rotate")
    assert page.status_code == 502
    for answer in (page, one):  # what is asked for first; signin/test_real.py has the rights that come after it
        assert "The portal has no permission to list ConfigMaps" in answer.content.decode()


def test_f16_what_is_too_large_is_refused_in_words_and_leaves_nothing(place: Place) -> None:
    secret = place.reader.all()[scene.NAME]
    held = sum(len(value) * 3 // 4 for value in secret["data"].values())
    secret["stringData"] = {"other": "x" * (1024 * 1024 - held - 30)}
    assert place.reader.put(secret) == 200
    answer = place.rotate(password="p-new" + "x" * 100)
    assert answer.status_code == 422
    assert "too large" in answer.content.decode()
    assert place.generation() == "old"
    assert place.names() == {scene.NAME, f"{scene.NAME}-ca-old"}


def test_f17_an_immutable_destination_is_explained_and_never_recreated(place: Place) -> None:
    secret = place.reader.all()[scene.NAME]
    assert place.reader.put({**secret, "immutable": True}) == 200
    assert 'type="password"' not in place.client.get(f"/destinations/{scene.NAME}/rotate").content.decode()
    answer = place.rotate()
    assert answer.status_code == 409
    assert "immutable" in answer.content.decode()
    assert place.reader.all()[scene.NAME]["metadata"]["uid"] == secret["metadata"]["uid"]


def test_f18_a_policy_that_denies_is_said_in_our_words(place: Place, api_server: ApiServer) -> None:
    name = f"deny-{place.namespace}"
    policies = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies"
    match = {
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": place.namespace}},
        "resourceRules": [
            {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["UPDATE"], "resources": ["secrets"]}
        ],
    }
    spec = {
        "failurePolicy": "Fail",
        "matchConstraints": match,
        "validations": [{"expression": "false", "message": "canary words of a policy"}],
    }
    api_server.request("POST", policies, {"metadata": {"name": name}, "spec": spec})
    binding = {"policyName": name, "validationActions": ["Deny"]}
    api_server.request(
        "POST", f"{policies.removesuffix('ies')}ybindings", {"metadata": {"name": name}, "spec": binding}
    )
    try:
        _wait(lambda: place.reader.put(place.reader.all()[scene.NAME]) == 422)
        answer = place.rotate()
    finally:
        api_server.request("DELETE", f"{policies}/{name}")
        api_server.request("DELETE", f"{policies.removesuffix('ies')}ybindings/{name}")
    assert answer.status_code == 422
    assert "admission policy" in answer.content.decode()
    assert "canary words" not in answer.content.decode()
    assert place.generation() == "old"
    assert place.names() == {scene.NAME, f"{scene.NAME}-ca-old"}


def test_f18_a_webhook_that_does_not_answer_is_no_lie(place: Place, api_server: ApiServer) -> None:
    name = f"hook-{place.namespace}"
    path = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations"
    webhook = {
        "name": "silent.example.com",
        "clientConfig": {"url": f"https://127.0.0.1:{free_port()}/"},
        "timeoutSeconds": 1,
        "failurePolicy": "Fail",
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": place.namespace}},
        "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["UPDATE"], "resources": ["secrets"]}],
    }
    api_server.request("POST", path, {"metadata": {"name": name}, "webhooks": [webhook]})
    try:
        _wait(lambda: place.reader.put(place.reader.all()[scene.NAME]) == 500)
        answer = place.rotate()
    finally:
        api_server.request("DELETE", f"{path}/{name}")
    assert answer.status_code == 503
    assert "not known whether" in answer.content.decode()
    assert place.generation() == "old"


class _Between:
    """A cluster where something happens just before the PUT."""

    def __init__(self, cluster: KubernetesCluster, act: Callable[[], object]) -> None:
        self._cluster, self._act = cluster, act

    def __getattr__(self, name: str) -> Any:
        if name == "replace_secret":
            self._act()
        return getattr(self._cluster, name)


def test_f19_what_was_deleted_in_between_is_never_recreated(place: Place) -> None:
    seen = Seen.of(place.cluster.get_secret(scene.NAME))
    between: Any = _Between(place.cluster, lambda: place.reader.remove(scene.NAME))
    with pytest.raises(NotFound):
        scene.act_on("rotate", between, seen, "new")
    assert place.names() == {f"{scene.NAME}-ca-old"}


def test_f20_a_recreated_secret_is_another_one(place: Place) -> None:
    def recreate() -> None:
        if place.generation() == "old":
            place.reader.remove(scene.NAME)
            place.reader.post(scene.manifests("other")[0])
            place.reader.post(scene.manifests("other")[1])

    seen = Seen.of(place.cluster.get_secret(scene.NAME))
    between: Any = _Between(place.cluster, recreate)
    with pytest.raises(Conflict):
        scene.act_on("rotate", between, seen, "new")
    with pytest.raises(Conflict):
        actions.delete(place.cluster, scene.NAME, seen=seen)
    assert place.generation() == "other"


def test_f20_an_ambiguous_rotation_of_a_recreated_secret_is_a_conflict(place: Place) -> None:
    old = place.cluster.get_secret(scene.NAME)
    place.reader.remove(scene.NAME)
    place.reader.post(scene.manifests("other")[0])
    place.reader.post(scene.manifests("other")[1])
    place.proxy.script.append(DROP_BEFORE)
    with pytest.raises(writes.Recreated):
        writes.replace(place.cluster, old, {**old.manifest, "metadata": {**old.manifest["metadata"], "annotations": {
            **old.annotations, "edrportal/write-id": "x"}}})  # fmt: skip
    assert place.generation() == "other"


def test_f22_a_list_whose_token_expires_is_begun_again_and_never_partial(
    place: Place, api_server: ApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(place.cluster, "_page", 20)
    for number in range(60):
        place.reader.post({"metadata": {"name": f"s{number}"}})
    compacted = 0

    def compact_between_pages(method: str, path: str) -> bool:
        nonlocal compacted
        if method == "GET" and "continue=" in path and not compacted:
            compacted += 1
            place.reader.post({"metadata": {"name": "while-listing"}})
            api_server.compact()
            place.proxy.script.append(Fault(forward="no", answer=410, body=status_body("Expired")))
            return True
        return False

    place.proxy.chooses = compact_between_pages
    found = {secret.name for secret in place.cluster.list_secrets()}
    assert compacted
    assert found == set(place.reader.all())


def test_f26_at_every_instant_of_a_rotation_the_destination_is_whole(place: Place) -> None:
    running = threading.Event()
    problems: list[BaseException] = []
    looked = 0

    def watch() -> None:
        nonlocal looked
        reader = place.reader
        while not running.is_set():
            try:
                state = reader.state(scene.NAME)
                assert state
                assert state.generation
                looked += 1
            except BaseException as error:  # noqa: BLE001 - for the assertion below
                problems.append(error)
                return

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        for number in range(25):
            scene.act("rotate", place.cluster, f"n{number}")
    finally:
        running.set()
        watcher.join()
    assert not problems
    assert looked > 20
    assert place.generation() == "n24"


def test_f27_a_shared_certificate_secret_stays_while_something_names_it(place: Place) -> None:
    other = scene.manifests("old", name="two")[1]
    other["data"]["certs"] = scene.manifests("old")[1]["data"]["certs"]
    place.reader.post(other)
    first = actions.delete(place.cluster, scene.NAME, seen=Seen.of(place.cluster.get_secret(scene.NAME)))
    assert "two uses it" in first.notes[0]
    assert place.names() == {"two", f"{scene.NAME}-ca-old"}
    actions.delete(place.cluster, "two", seen=Seen.of(place.cluster.get_secret("two")))
    assert place.names() == set()


def _wait(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "the API server never took the policy up"
        time.sleep(0.1)


def test_the_proxy_is_a_proxy(place: Place) -> None:
    assert json.loads(json.dumps(sorted(place.names()))) == [scene.NAME, f"{scene.NAME}-ca-old"]
    assert [secret.name for secret in place.cluster.list_secrets()] == [scene.NAME, f"{scene.NAME}-ca-old"]
