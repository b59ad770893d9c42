"""“Read it from the controller”: what both adapters promise of it, and what the forms show, whatever the Service returns."""

from __future__ import annotations

import socket
import subprocess
import threading
import time
from base64 import b64decode
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from destinations.cluster.kube.adapter import KubernetesCluster
from destinations.cluster.memory import InMemoryCluster
from destinations.cluster.port import TOO_LONG, ClusterError, Forbidden, NotFound, Unreachable
from destinations.cluster.services import MOST_CERTIFICATE_BYTES, ServiceAddress
from destinations.secret.sealed import certificate
from edrportal import composition as process
from tests.gitops.controller import Controller, real
from tests.services import composition
from tests.services.leaks import known
from tests.services.parts import KUBESEAL
from tests.services.processes import free_port
from tests.services.sealedsecrets import CONTROLLER, SealingCluster
from tests.services.stopwatch import Stopwatch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from django.test import Client

PASSWORD = known("canary-typed-8814")
PLACE = "/certificates/controller"
READ = {"show": "controller"}
GOOD = Controller.make()


@dataclass(frozen=True, slots=True)
class Reply:
    """What a Service returns: a status, a body and headers; a `drip` of so many seconds between bytes."""

    status: int = 200
    body: bytes = GOOD.certificate
    headers: tuple[tuple[str, str], ...] = ()
    drip: float = 0.0


@contextmanager
def serving(reply: Reply) -> Iterator[tuple[int, list[str]]]:
    """A server that gives every request this answer: its port, and the paths that it was asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(reply.status)
            for name, value in (("Content-Length", str(len(reply.body))), *reply.headers):
                self.send_header(name, value)
            self.end_headers()
            for start in range(0, len(reply.body), 1 if reply.drip else 1 << 20):
                self.wfile.write(reply.body[start : start + (1 if reply.drip else 1 << 20)])
                self.wfile.flush()
                time.sleep(reply.drip)

        def log_message(self, *_: Any) -> None:
            pass

    class Quiet(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: Any) -> None:
            """Who asks may hang up."""

    server = Quiet(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield server.server_port, asked
    finally:
        server.shutdown()
        server.server_close()


def service(number: Iterator[int] = iter(range(10_000))) -> ServiceAddress:  # noqa: B008 - one counter for all
    """Return the address of a Service that no other test has."""
    return ServiceAddress("default", f"controller-{next(number)}")


def adapter(sealing: SealingCluster, context: str = "") -> KubernetesCluster:
    return KubernetesCluster.from_kubeconfig(str(sealing.server.kubeconfig), namespace="default", context=context)


World = tuple[Any, "Callable[[ServiceAddress, bytes], None]"]


@pytest.fixture(params=["memory", pytest.param("kubernetes", marks=pytest.mark.cluster)])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    """Each adapter, and how a controller with a certificate comes to be behind a Service of it."""
    if request.param == "memory":
        memory = InMemoryCluster()
        yield memory, memory.controllers.__setitem__
        return
    sealing: SealingCluster = request.getfixturevalue("sealing")
    open_: list[Any] = []

    def serve(address: ServiceAddress, body: bytes) -> None:
        block = serving(Reply(body=body))
        open_.append(block)
        sealing.egress.serve(sealing.server, address, block.__enter__()[0], named=address.port)

    yield adapter(sealing), serve
    for block in open_:
        block.__exit__(None, None, None)


@pytest.mark.parametrize("body", [GOOD.certificate, b"", b"\xff\x00 anything", b"x" * MOST_CERTIFICATE_BYTES])
def test_what_the_controller_serves_comes_as_it_is(world: World, body: bytes) -> None:
    cluster, serve = world
    address = service()
    serve(address, body)
    assert cluster.sealing_certificate(address, seconds=5) == body


def test_a_port_with_a_name_is_asked_by_that_name(world: World) -> None:
    cluster, serve = world
    address = replace(service(), port="http")
    serve(address, GOOD.certificate)
    assert cluster.sealing_certificate(address, seconds=5) == GOOD.certificate
    with pytest.raises(ClusterError):
        cluster.sealing_certificate(replace(address, port=""), seconds=5)


def test_a_service_that_is_not_there_is_not_found(world: World) -> None:
    with pytest.raises(NotFound):
        world[0].sealing_certificate(service(), seconds=5)


def test_more_than_the_bound_is_not_read(world: World) -> None:
    cluster, serve = world
    address = service()
    serve(address, b"x" * (MOST_CERTIFICATE_BYTES + 1))
    with pytest.raises(Unreachable) as error:
        cluster.sealing_certificate(address, seconds=5)
    assert error.value.reason == TOO_LONG


@pytest.mark.parametrize("text", ["a/b", "kube-system/sealed-secrets-controller", "ns/name:http", "ns/name:8080"])
def test_an_address_is_written_as_it_is_read(text: str) -> None:
    assert str(ServiceAddress.parse(text)) == text


@pytest.mark.parametrize(
    "text",
    ["", "a", "/", "a/", "/a", "a/b/c", "a/b:", "a/b:c/d", "a/b:c:d", "a/..", "../a", "A/b", "a b/c", "a/b ", "a/b?x",
     "a/b#x", "a/%2e", "a/b:" + "p" * 16, "a" * 64 + "/b", "a/b\n", "https://a/b", "{name}/b", "a/b.c"],
)  # fmt: skip
def test_what_could_lead_elsewhere_is_no_address(text: str) -> None:
    assert ServiceAddress.parse(text) is None


@pytest.mark.cluster
def test_the_real_controllers_certificate_is_the_one_that_kubeseal_fetches(sealing: SealingCluster) -> None:
    command = [real(KUBESEAL), "--fetch-cert", "--kubeconfig", str(sealing.server.kubeconfig)]
    fetched = subprocess.check_output(command)
    assert adapter(sealing).sealing_certificate(CONTROLLER, seconds=5) == fetched


@pytest.mark.cluster
def test_only_who_has_the_right_to_the_proxy_of_this_service_may_read(sealing: SealingCluster) -> None:
    outsider = adapter(sealing, "outsider")
    with pytest.raises(Forbidden):
        outsider.sealing_certificate(CONTROLLER, seconds=5)
    rules = "/apis/rbac.authorization.k8s.io/v1/namespaces/kube-system"
    role = {"name": "seal-reader"}
    rule = {"apiGroups": [""], "resources": ["services/proxy"], "resourceNames": [CONTROLLER.proxied], "verbs": ["get"]}
    sealing.server.request("POST", f"{rules}/roles", {"metadata": role, "rules": [rule]})
    subject = {"kind": "User", "name": "outsider", "apiGroup": "rbac.authorization.k8s.io"}
    bound = {"kind": "Role", "name": role["name"], "apiGroup": "rbac.authorization.k8s.io"}
    body = {"metadata": role, "roleRef": bound, "subjects": [subject]}
    sealing.server.request("POST", f"{rules}/rolebindings", body)
    deadline = time.monotonic() + 60
    while True:
        try:
            assert b"CERTIFICATE" in outsider.sealing_certificate(CONTROLLER, seconds=5)
            break
        except Forbidden:
            assert time.monotonic() < deadline
            time.sleep(0.1)
    with pytest.raises(Forbidden):
        outsider.sealing_certificate(ServiceAddress("kube-system", "another"), seconds=5)
    sealing.server.request("DELETE", f"{rules}/rolebindings/{role['name']}")


DRIPS = Reply(body=b"x" * 1000, drip=0.2)
TROUBLES: dict[str, tuple[Reply | None, str]] = {
    "no Pod": (None, "reaches no Pod of"),
    "nobody listens": (Reply(status=-1), "reaches no Pod of"),
    "another server": (Reply(404, b"not here"), "not the one of a sealed-secrets controller"),
    "the controller refuses": (Reply(403, b"canary-body-1"), "no permission to read the certificate"),
    "the controller fails": (Reply(500, b"canary-body-2"), "HTTP status 500"),
    "a failure without an end": (replace(DRIPS, status=500), "HTTP status 500"),
    "a redirect": (Reply(302, b"", (("Location", "http://127.0.0.1:1/v1/cert.pem"),)), "redirects to another address"),
    "an answer without an end": (DRIPS, "no complete answer within"),
    "too long": (Reply(body=b"x" * 200_000), "more than 64 KiB"),
    "nothing": (Reply(body=b""), "It is empty"),
    "garbage": (Reply(body=b"<html>canary-body-3</html>"), "It has no PEM block"),
    "a private key": (Reply(body=GOOD.certificate + GOOD.key), "contains a private key"),
    "an expired certificate": (Reply(body=Controller.make(days=-3).certificate), "expired on"),
    "an elliptic key": (Reply(body=Controller.make(curve=True).certificate), "not RSA"),
    "a short key": (Reply(body=Controller.make(bits=1024).certificate), "1024 bits"),
}


def typed(**changed: Any) -> dict[str, Any]:
    return {
        "name": "one", "host": "registry.example.com", "organization": "team", "username": "robot",
        "password": PASSWORD, "nonce": "n" * 24, "seal_scope": "cluster-wide", "seal_certificate": "# typed by hand",
        **changed,
    }  # fmt: skip


@contextmanager
def portal_of(cluster: Any, controller: ServiceAddress | None) -> Iterator[None]:
    with composition.use(cluster), process.use(replace(composition.portal(), sealing_controller=controller)):
        yield


@pytest.fixture
def stated(settings: Any) -> Callable[[ServiceAddress | None], None]:
    """State the controller in the settings."""

    def state(controller: ServiceAddress | None) -> None:
        text = str(controller) if controller else ""
        settings.ENVIRONMENT = replace(settings.ENVIRONMENT, sealed_secrets_controller=text)

    return state


State = "Callable[[ServiceAddress | None], None]"


@pytest.mark.cluster
@pytest.mark.parametrize("case", TROUBLES)
def test_every_failure_says_what_to_do_and_nothing_typed_is_lost(
    client: Client, sealing: SealingCluster, stated: Any, case: str
) -> None:
    """Through a real API server, whatever is behind it."""
    reply, words = TROUBLES[case]
    address = service()
    stated(address)
    with composition.use(adapter(sealing)), serving(reply or Reply()) as (port, asked):
        behind = None if reply is None else free_port() if reply.status < 0 else port
        sealing.egress.serve(sealing.server, address, behind)
        took = Stopwatch()
        fragment = client.post(PLACE, READ)
        assert took.seconds < 20
        page = client.post("/destinations/new", typed(**READ))
    assert (fragment.status_code, page.status_code) == (200, 200)
    assert len(asked) == (0 if reply is None or reply.status < 0 else 2)
    for text in (fragment.content.decode(), page.content.decode()):
        assert words in text
        assert str(address) in text or "no Service" in text
        assert "kubeseal --fetch-cert" in text
        assert "canary-body" not in text
        assert PASSWORD not in text
        assert "PRIVATE KEY-----" not in text
    shown = page.content.decode()
    assert "# typed by hand" in shown
    assert 'value="registry.example.com"' in shown
    assert 'value="cluster-wide" checked' in shown.replace(" required", "").replace('" id="id_seal_scope_2"', '"')
    assert "hx-swap-oob" not in fragment.content.decode()


def test_a_service_that_is_not_there_and_a_refused_token_are_told(client: Client, stated: Any) -> None:
    cluster, address = InMemoryCluster(), service()
    stated(address)
    with composition.use(cluster):
        assert f"no Service {address.name}" in client.post(PLACE, READ).content.decode()
        cluster.controllers[address] = Forbidden("Forbidden", status=401)
        assert "rejected the portal&#x27;s token" in client.post(PLACE, READ).content.decode()
        cluster.controllers[address] = Forbidden("Forbidden", status=403)
        text = client.post(PLACE, READ).content.decode()
        assert address.proxied in text
        assert "optional.sealedSecretsController" in text


@pytest.mark.cluster
@pytest.mark.parametrize("form", ["new", "rotate", "edit"])
def test_the_certificate_is_shown_before_use_and_unseals(
    client: Client, sealing: SealingCluster, stated: Any, form: str
) -> None:
    stated(CONTROLLER)
    namespace = sealing.server.new_namespace()
    cluster = KubernetesCluster.from_kubeconfig(str(sealing.server.kubeconfig), namespace=namespace)
    with composition.use(cluster):
        place = "/destinations/new"
        if form != "new":
            assert client.post(place, typed(seal_certificate="", password="first")).status_code == 303
            place = f"/destinations/one/{form}"
        held = {} if form == "new" else {"bundle_choice": "keep", **seen(cluster)}
        shown = client.post(place, typed(**READ, **held)).content.decode()
        served = cluster.sealing_certificate(CONTROLLER, seconds=5)
        made = certificate.read(served, datetime.now(UTC))
        for word in (
            made.summary.fingerprint,
            f"{made.summary.not_after:%Y-%m-%d}",
            "(no name), as sealed-secrets makes it",
        ):
            assert word in shown
        assert f"Read from <code>{CONTROLLER}</code>" in shown
        assert made.pem in shown
        assert PASSWORD not in shown
        fragment = client.post(PLACE, READ).content.decode()
        assert made.pem in fragment
        assert 'hx-swap-oob="innerHTML:#seal-fields"' in fragment
        file = client.post(place, typed(download="sealed", seal_certificate=made.pem, **held))
        assert file.status_code == 200, file.content.decode()
        (document,) = yaml.safe_load_all(file.content.decode())
        root = f"/apis/bitnami.com/v1alpha1/namespaces/{namespace}/sealedsecrets"
        if form == "new":
            sealing.server.request("POST", root, document)
            secret = awaited(lambda: cluster.get_secret("one"))
            assert PASSWORD.encode() in b64decode(secret.manifest["data"][".dockerconfigjson"])


def seen(cluster: Any) -> dict[str, str]:
    secret = cluster.get_secret("one")
    return {"uid": secret.uid, "resource_version": secret.resource_version}


def awaited(get: Callable[[], Any], *, seconds: float = 60) -> Any:
    deadline = time.monotonic() + seconds
    while True:
        try:
            return get()
        except NotFound:
            assert time.monotonic() < deadline
            time.sleep(0.1)


def test_without_the_setting_nothing_is_offered_and_nothing_is_asked(client: Client) -> None:
    cluster = InMemoryCluster()
    cluster.controllers[CONTROLLER] = GOOD.certificate
    with composition.use(cluster):
        page = client.get("/destinations/new").content.decode()
        assert "Read it from the controller" not in page
        assert GOOD.certificate.decode() not in client.post(PLACE, READ).content.decode()
        assert GOOD.certificate.decode() not in client.post("/destinations/new", typed(**READ)).content.decode()


def test_a_pasted_and_a_chosen_certificate_are_shown_before_use(client: Client, portal: InMemoryCluster) -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile  # noqa: PLC0415

    assert portal.list_secrets() == []
    made = certificate.read(GOOD.certificate, datetime.now(UTC))
    pasted = {"seal_certificate": GOOD.certificate.decode()}
    chosen = {"seal_certificate": "", "seal_certificate_file": SimpleUploadedFile("c.pem", GOOD.certificate)}
    assert made.summary.fingerprint in client.post(PLACE, pasted).content.decode()
    assert made.summary.fingerprint in client.post(PLACE, chosen).content.decode()
    for show in ("sealing", "certificates", "preview"):
        page = client.post("/destinations/new", typed(show=show, **pasted)).content.decode()
        assert made.summary.fingerprint in page
        assert made.pem in page
    chosen["seal_certificate_file"] = SimpleUploadedFile("c.pem", GOOD.certificate)
    page = client.post("/destinations/new", typed(show="sealing", **chosen)).content.decode()
    assert made.pem in page  # no file has to be chosen again
    page = client.post("/destinations/new", typed(name="Not A Name", **pasted)).content.decode()
    assert made.pem in page  # a save that fails does not lose it
    page = client.post(PLACE, {"seal_certificate": GOOD.certificate.decode() + GOOD.key.decode()}).content.decode()
    assert "contains a private key" in page
    assert "PRIVATE KEY-----" not in page
    page = client.post("/destinations/new", typed(show="sealing", seal_certificate=GOOD.key.decode())).content.decode()
    assert "contains a private key" in page
    assert "PRIVATE KEY-----" not in page


def test_nobody_is_asked_directly(client: Client, stated: Any) -> None:
    """The portal opens no connection of its own to a controller."""
    address = service()
    stated(address)
    cluster = InMemoryCluster()
    cluster.controllers[address] = GOOD.certificate
    opened: list[Any] = []
    original = socket.socket.connect

    def connect(self: socket.socket, where: Any) -> Any:
        opened.append(where)
        return original(self, where)

    with pytest.MonkeyPatch.context() as patch, composition.use(cluster):
        patch.setattr(socket.socket, "connect", connect)
        assert certificate.read(GOOD.certificate, datetime.now(UTC)).summary.fingerprint in (
            client.post(PLACE, READ).content.decode()
        )
    assert opened == []
