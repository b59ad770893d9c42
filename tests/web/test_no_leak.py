"""A walk through everything that the portal shows, says and logs, with a canary wherever a secret can stand."""

from __future__ import annotations

import html
import io
import json
import logging
import subprocess
import sys
import traceback
from base64 import b64encode
from contextlib import suppress
from copy import copy
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.test import Client
from django.urls import get_resolver

from destinations import names, repairs
from destinations.actions import Edit, Rotation, writes
from destinations.cluster import port
from destinations.cluster.memory import InMemoryCluster
from destinations.input import validation
from destinations.input.leak import paste
from destinations.input.leak.search import search
from destinations.model import Credentials, Draft, Snapshot
from destinations.overview import table
from destinations.repairs import Choice
from destinations.web import forms
from destinations.web.leak.case import LeakCase, Lookup
from edrportal.demo import exports
from edrportal.demo.cluster import certificate
from edrportal.telemetry.logs import JsonFormatter
from tests.gitops.controller import Controller
from tests.services import composition, leaks
from tests.services.leaks import canary, find

if TYPE_CHECKING:
    from collections.abc import Iterator

    from destinations.cluster.kube.adapter import KubernetesCluster
    from destinations.cluster.port import Cluster
    from tests.services.apiserver import ApiServer

PEM = certificate(datetime.now(UTC), days=300).decode()
SEALING = Controller.make().certificate.decode()
REMOTE = {
    "name": "external", "store": "vault", "store_kind": "SecretStore", "api_version": "external-secrets.io/v1",
    "username_key": "robot", "password_key": "robot",
}  # fmt: skip
HOST = "registry.example.com"
TYPED = canary("typed")
STORED = canary("stored")
KEY = f"-----BEGIN PRIVATE KEY-----\n{canary('key', special=False)}\n-----END PRIVATE KEY-----\n"
NONCE = "n" * 24


def auth(password: str) -> str:
    return b64encode(f"robot:{password}".encode()).decode()


@cache
def manifests() -> list[dict[str, Any]]:
    """Return a namespace with a canary wherever a secret can stand."""

    def config(**changed: Any) -> str:
        entry = {"auth": auth(STORED), "username": "robot", "password": STORED, **changed}
        return json.dumps({"auths": {HOST: entry}})

    def destination(
        name: str, text: str | bytes, *, more: dict[str, str] | None = None, notes: dict[str, str] | None = None
    ) -> dict[str, Any]:
        raw = text if isinstance(text, bytes) else text.encode()
        return {
            "metadata": {
                "name": name,
                "labels": {names.REGISTRY_LABEL: "true"},
                "annotations": {names.ORGANIZATION_ANNOTATION: "team", **(notes or {})},
            },
            "data": {names.CONFIG_KEY: b64encode(raw).decode()},
            "stringData": more or {},
        }

    applied = json.dumps({"stringData": {names.CONFIG_KEY: config(password=canary("applied"))}})
    in_host = canary("userinfo", special=False)
    return [
        destination("one", config()),
        destination("half", config(auth=auth(canary("auth")))),
        destination("token", config(identitytoken=canary("token"))),
        destination("applied", config(), notes={names.LAST_APPLIED_ANNOTATION: applied}),
        destination(
            "keys", "", more={"config.json": config(password=canary("other key")), "tls.key": canary("tls.key")}
        ),
        destination("broken", f'{{"auths": {canary("broken")}'),
        destination("bytes", b"\xff\xfe" + canary("bytes").encode()),
        destination(
            "two", json.dumps({"auths": {HOST: {"password": canary("two")}, "b.example.com": {}}, "credsStore": "x"})
        ),
        destination("userinfo", json.dumps({"auths": {f"u:{in_host}@{HOST}": {"auth": auth("p")}}})),
        destination("number", f'{{"auths":{{"{HOST}":{{"password":["{canary("list", special=False)}"]}}}}}}'),
        destination("certs", config(), more={"certs": "tls"}),
        destination(
            "slash",
            json.dumps(
                {"auths": {f"u:{canary('a slash', special=False)}/{canary('b slash', special=False)}@{HOST}": {}}}
            ),
        ),
        destination(
            "quote",
            json.dumps({"auths": {f'u:{canary("quote", special=False)}" {canary("blank", special=False)}@{HOST}': {}}}),
        ),
        destination("key-in-certs", config(), more={"certs": KEY}),
        destination(
            "kapp",
            config(),
            notes={
                "kapp.k14s.io/original": applied,
                "banzaicloud.com/last-applied": b64encode(applied.encode()).decode(),
            },
        ),
        destination(
            "in-organization",
            config(),
            notes={names.ORGANIZATION_ANNOTATION: f"u:{canary('organization', special=False)}@x"},
        ),
        {"metadata": {"name": "tls"}, "stringData": {"tls.crt": PEM + KEY, "tls.key": KEY}},
        {"metadata": {"name": "foreign"}, "stringData": {"password": canary("foreign"), ".dockerconfigjson": STORED}},
    ]


class Walk:
    """Everything that was shown, said and logged on the way."""

    def __init__(self) -> None:
        self.found: dict[str, bytes] = {}
        self.client = Client(raise_request_exception=False)
        self._log = io.StringIO()
        self._handler = logging.StreamHandler(self._log)
        self._handler.setFormatter(JsonFormatter())

    def __enter__(self) -> Self:
        root = logging.getLogger()
        self._level = root.level
        root.addHandler(self._handler)
        root.setLevel(logging.DEBUG)
        return self

    def __exit__(self, *_: object) -> None:
        logging.getLogger().removeHandler(self._handler)
        logging.getLogger().setLevel(self._level)

    def keep(self, where: str, value: object) -> None:
        text = value if isinstance(value, bytes) else str(value).encode("utf-8", "backslashreplace")
        self.found[f"{where} #{len(self.found)}"] = text

    def ask(self, path: str, form: dict[str, Any] | None = None) -> Any:
        answer = self.client.get(path) if form is None else self.client.post(path, form)
        self.keep(f"{path} {answer.status_code}", answer.content)
        self.keep(f"{path} headers", f"{answer.headers} {answer.cookies.output()}")
        return answer

    def check(self, *, at_least: int = 20) -> None:
        self.keep("log", self._log.getvalue())
        hits = {where: found for where, text in self.found.items() if (found := find(text))}
        assert not hits, hits
        assert len(self.found) > at_least

    @property
    def logged(self) -> str:
        return self._log.getvalue()


def imported() -> list[dict[str, Any]]:
    """Return forms with an import that fails, one that has to be chosen from, and one looked at without being saved."""
    entry = {"auth": auth(TYPED), "identitytoken": TYPED}
    one, two = (
        json.dumps({"auths": {HOST: entry}}),
        json.dumps({"auths": {HOST: entry, f"u:{TYPED}@b.example.com": entry}}),
    )
    blank = {"password": "", "host": ""}
    return [
        {**blank, "import_text": one, "name": "Bad name"},
        {**blank, "import_text": two},
        {**blank, "import_text": f"{one} trailing"},
        {**blank, "import_text": two, "import_host": "b.example.com", "organization": ""},
        {**blank, "import_text": one, "show": "preview"},
        {**blank, "import_text": two, "show": "import"},
        {**blank, "import_text": f"{one} trailing", "show": "import"},
        {"import_text": one},
        {
            **blank,
            "import_file": SimpleUploadedFile("robot.json", json.dumps({"name": "a:b", "secret": TYPED}).encode()),
        },
    ]


def requests(secrets_: dict[str, Any]) -> dict[str, list[tuple[str, dict[str, Any] | None]]]:
    """Return what is asked under each name of the resolver: a new name has to be entered here."""
    one = secrets_["one"]
    seen = {"uid": one.uid, "resource_version": one.resource_version, "nonce": NONCE}
    stale = {**seen, "resource_version": "0"}
    typed = {"username": "robot", "password": TYPED, **seen}
    new = {"name": "fresh", "host": HOST, "organization": "team", **typed}
    everybody = [f"/destinations/{name}" for name in secrets_]
    return {
        "overview": [("/", None), ("/?q=robot&status=fails", None)],
        "csv": [("/destinations.csv", None), ("/destinations.csv?q=robot&sort=-expiry", None)],
        "session": [("/session", None)],
        "preview": [("/preview", {"host": HOST, "organization": "team", "password": TYPED})],
        "external-secret": [
            ("/gitops/external-secret", None),
            *((f"/gitops/external-secret?from={name}", None) for name in secrets_),
            ("/gitops/external-secret", {**new, "password": TYPED, "username": TYPED}),
            ("/gitops/external-secret", {**new, **REMOTE, "password": TYPED}),
            ("/gitops/external-secret", {**new, **REMOTE, "name": "one", "password": TYPED}),
        ],
        "new": [
            ("/destinations/new", None),
            *((f"/destinations/new?from={name}", None) for name in secrets_),
            ("/destinations/new", {**new, "show": "preview"}),
            ("/destinations/new", {**new, "show": "preview", "host": f"u:{TYPED}@h.example.com"}),
            ("/destinations/new", {**new, "host": f"u:{TYPED}@h.example.com", "bundle_text": PEM + KEY}),
            ("/destinations/new", {**new, "password": f" {TYPED}"}),
            ("/destinations/new", {**new, "name": "one"}),
            ("/destinations/new", {**new, "name": "checked", "check": "first"}),
            ("/destinations/new", {**new, "name": "unchecked", "check_failed": "1"}),
            ("/destinations/new", {**new, "bundle_text": PEM}),
            *(("/destinations/new", {**new, **form}) for form in imported()),
            ("/destinations/new", {**new, "name": "sealed", "download": "sealed", "seal_certificate": SEALING}),
            ("/destinations/new", {**new, "name": "sealed", "download": "checked", "seal_certificate": SEALING}),
            ("/destinations/new", {**new, "name": "sealed", "download": "sealed", "seal_certificate": SEALING + KEY}),
            ("/destinations/new?preset=harbor", None),
        ],
        "live": [("/live", None)],
        "row": [(f"{path}/row", None) for path in everybody],
        "certificates": [
            ("/certificates/look", {"bundle_text": PEM + KEY}),
            ("/certificates/look", {"bundle_file": SimpleUploadedFile("k", KEY.encode())}),
        ],
        "sealing-certificate": [
            ("/certificates/controller", {"seal_certificate": SEALING + KEY}),
            ("/certificates/controller", {"seal_certificate_file": SimpleUploadedFile("k", KEY.encode())}),
            ("/certificates/controller", {"show": "controller"}),
            ("/destinations/new", {**new, "name": "sealed", "show": "controller", "seal_certificate": SEALING + KEY}),
        ],
        "destination": [(path, None) for path in everybody],
        "destination-any-name": [("/destinations/new/", None)],
        "rotate": [
            *((f"{path}/rotate", None) for path in everybody),
            ("/destinations/one/rotate", {**typed, "bundle_choice": "keep", "username": "a:b"}),
            ("/destinations/one/rotate", {**typed, "bundle_choice": "keep", **stale}),
            ("/destinations/one/rotate", {**typed, "bundle_choice": "keep", **stale, "check": "first"}),
            ("/destinations/one/rotate", {**typed, "bundle_choice": "replace", "bundle_text": PEM}),
            ("/destinations/one/rotate", {**typed, "bundle_text": PEM + KEY, "show": "certificates"}),
        ],
        "edit": [
            *((f"{path}/edit", None) for path in everybody),
            ("/destinations/half/edit", {**typed, "host": "other.example.com", "organization": "team", **stale}),
            ("/destinations/half/edit", {**typed, "host": "https://x", "organization": "A", "password": ""}),
            ("/destinations/half/edit", {**typed, "host": f"u:{TYPED}@x", "bundle_text": KEY, "show": "certificates"}),
        ],
        "repair": [
            *((f"{path}/repair", None) for path in everybody),
            ("/destinations/half/repair", {**stale, "fix-auth-from-password": "auth-from-password"}),
            ("/destinations/half/repair", {**seen, "fix-auth-from-password": "auth-from-password", "show": "1"}),
            ("/destinations/half/repair", {**seen, "try": "both"}),
        ],
        "check": [
            (f"{path}/check", {"namespace": TYPED, "application": "shop"} if number else {})
            for number, path in enumerate(everybody[:9])
        ],
        "checks": [
            ("/check", {"all": "1"}),
            ("/check", {"chosen": TYPED}),
            (f"/check?job={canary('job', special=False)}", None),
        ],
        "switch": [
            ("/switch", {"to": "off", "nonce": NONCE, "chosen": f"one {one.uid} 0"}),
            ("/switch", {"to": "off", "nonce": NONCE, "chosen": TYPED}),
        ],
        "sweep": [("/certificates/remove", {})],
        "delete": [
            *((f"{path}/delete", None) for path in everybody),
            ("/destinations/one/delete", {"confirmation": TYPED, **seen}),
            ("/destinations/one/delete", {"confirmation": "one", **stale}),
        ],
        "assign": [
            *((f"{path}/assign", None) for path in everybody),
            ("/destinations/one/assign", {"team": TYPED, "nonce": NONCE, **seen}),
            ("/destinations/one/assign", {"team": "team-a", "nonce": NONCE, **stale}),
        ],
        "team": [("/team/", None)],
        "teams": [
            ("/teams", None),
            ("/teams", {"team": TYPED, "to": "on"}),
            ("/teams", {"team": "team-a", "to": "off"}),
        ],
        "leak": [
            ("/leak", None),
            *(
                ("/leak", {"value": value})
                for value in (TYPED, STORED, f"password={STORED}", auth(STORED), KEY, "x", "")
            ),
            ("/leak", {"same": "one"}),
            ("/leak", {"same": TYPED}),
            ("/leak", {"value": STORED, "state": TYPED}),
        ],
        "leak-response": [
            *(
                ("/leak/response", {**typed, "state": leak_case(secrets_), "chosen": chosen, **wish})
                for chosen in (f"one {one.uid} 0", TYPED)
                for wish in ({"action": "rotate"}, {"action": "disable", "confirmed": "1"}, {"action": "enable"})
            ),
            ("/leak/response", {**typed, "state": TYPED, "action": "rotate"}),
        ],
        "leak-report": [
            ("/leak/report", {"state": leak_case(secrets_), "format": "json"}),
            ("/leak/report", {"state": leak_case(secrets_), "format": "markdown"}),
            ("/leak/report", {"state": TYPED}),
        ],
        "api": [("/api/destinations", None), ("/api/destinations", {"password": TYPED})],
        "api-rotate": [("/api/destinations/one/rotate", {"password": TYPED})],
        "api-check": [("/api/destinations/one/check", {"app": TYPED})],
        "api-me": [("/api/me", None)],
        "signin": [("/signin", None), ("/signin", {"username": TYPED, "password": TYPED})],
        "signout": [("/signout", {})],
        "oidc-start": [("/oidc/start", None)],
        "oidc-callback": [
            (f"/oidc/callback?code={canary('code', special=False)}&state={canary('state', special=False)}", None)
        ],
        "demo-signin": [("/demo/signin", {"as": TYPED})],
        "healthz": [("/healthz", None)],
        "readyz": [("/readyz", None)],
    }


def leak_case(secrets_: dict[str, Any]) -> str:
    """Return the signed state of a page that found the stored canary everywhere."""
    holders = search(paste.read(STORED.encode()), list(secrets_.values()))
    return LeakCase().with_lookup(Lookup("2026-01-01T00:00:00Z", "root", "a value", 1, len(holders)), holders).signed()


def go(walk: Walk, cluster: Cluster, filled: dict[str, Any]) -> None:
    with composition.use(cluster):
        for asked in requests(filled).values():
            for path, form in asked:
                walk.ask(path, form)
                walk.ask("/")  # where messages are shown


def load_exports(cluster: InMemoryCluster) -> None:
    """Let an export to every destination fail, with canaries in the job's arguments and its log."""
    keys = f"-----BEGIN PRIVATE KEY-----\n{canary('log key', special=False)}\n-----END PRIVATE KEY-----\n"
    told = json.dumps({"auth": auth(canary("log auth")), "password": canary("log password")})
    for secret in cluster.list_secrets():
        config = secret.data.get(names.CONFIG_KEY, b"").decode("utf-8", "replace")
        known = STORED if json.dumps(STORED) in config else ""
        log = f"{told}\n{keys}Authorization: Basic {auth(canary('log header'))}\nBearer {canary('bearer')}\n"
        log += f"https://u:{canary('log url', special=False)}@{HOST}/v2/\n"
        log += "".join(f"told {one}.\n" for one in (config, *spelled(known)))
        target = f"u:{canary('argument', special=False)}@{HOST}/{known}/team/workspace-shop-image:1"
        job = exports.job(secret.name, target, datetime.now(UTC) + timedelta(minutes=1), outcome="Failed")
        pod = exports.pod(job, "Failed", "Error")
        cluster.exports.load([job], [pod])
        cluster.exports.logs[pod["metadata"]["name"]] = log


def spelled(text: str) -> list[str]:
    raw = text.encode()
    return [
        text,
        raw.hex(),
        b64encode(b"u:" + raw).decode(),
        json.dumps(text),
        quote(text),
        html.escape(text),
        repr(text),
    ]


def filled() -> tuple[InMemoryCluster, dict[str, Any]]:
    cluster = InMemoryCluster()
    cluster.load(manifests())
    load_exports(cluster)
    return cluster, {secret.name: secret for secret in cluster.list_secrets()}


def test_every_address_is_walked() -> None:
    _, found = filled()
    patterns = {pattern.name for pattern in get_resolver().url_patterns if hasattr(pattern, "name")}
    nested = {name for name in get_resolver().reverse_dict if isinstance(name, str)}
    assert (patterns | nested) - {None} == set(requests(found))


def test_no_page_header_cookie_or_log_holds_a_secret() -> None:
    cluster, found = filled()
    with Walk() as walk:
        go(walk, cluster, found)
    assert cluster.get_secret("fresh").data  # the walk did write
    assert "Conflict" in walk.logged
    assert any(b"Last lines of its log" in text for text in walk.found.values())
    walk.check()


class Failing(InMemoryCluster):
    """Reads, and fails every write; or fails from the first read on."""

    def __init__(self, error: Exception, *, reads: bool) -> None:
        super().__init__()
        self.error, self.reads = error, reads

    def _fail(self, *_: Any, **__: Any) -> Any:
        raise copy(self.error)  # raised anew, one exception's traceback would grow with every failure of the walk

    create_secret = replace_secret = delete_secret = _fail

    def list_secrets(self) -> Any:
        return super().list_secrets() if self.reads else self._fail()

    def get_secret(self, name: str) -> Any:
        return super().get_secret(name) if self.reads else self._fail()


def errors() -> Iterator[Exception]:
    for kind in vars(port).values():
        if isinstance(kind, type) and issubclass(kind, port.ClusterError):
            yield kind("Reason", status=418)
    yield RuntimeError(f"the client was working on {STORED} {auth(TYPED)}")


@pytest.mark.plants_a_leak  # pytest's own log of the unexpected exceptions holds their words; the portal's does not
@pytest.mark.parametrize("error", list(errors()), ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("reads", [True, False])
def test_no_failure_tells_a_secret(error: Exception, monkeypatch: pytest.MonkeyPatch, *, reads: bool) -> None:
    monkeypatch.setattr(writes, "PAUSES", (0.0,))
    cluster = Failing(error, reads=reads)
    cluster.load(manifests())
    if reads:
        load_exports(cluster)
    found = {secret.name: secret for secret in InMemoryCluster.list_secrets(cluster)}
    with Walk() as walk:
        go(walk, cluster, found)
    if not isinstance(error, port.ClusterError):
        assert f"{type(error).__name__} at " in walk.logged
    walk.check()


@pytest.mark.plants_a_leak
def test_the_scan_finds_a_leak_on_a_page_in_a_log_and_in_an_exception() -> None:
    for plant in ("page", "log", "exception"):
        with Walk() as walk:
            for number in range(30):
                walk.keep("innocent", number)
            if plant == "page":
                walk.keep("page", f"<p>{TYPED}</p>".encode())
            elif plant == "log":
                logging.getLogger("planted").debug("password=%s", TYPED)
            else:
                walk.keep("exception", repr(ValueError(TYPED)))
        with pytest.raises(AssertionError) as caught:
            walk.check()
        assert TYPED not in str(caught.value)


def test_no_repr_of_anything_holds_a_secret() -> None:
    _, found = filled()
    now = datetime.now(UTC)
    choice = Choice(frozenset({"auth-from-password", "own-certificates"}))
    with Walk() as walk:
        for secret in found.values():
            walk.keep("secret", repr(secret))
            fixed = repairs.apply(secret, Snapshot(found, now), choice)
            walk.keep("fixed", (fixed, repairs.difference(secret, fixed.secret)))
            walk.keep("proposals", repairs.proposals(secret, Snapshot(found, now)))
            walk.keep("row", table.row(secret, Snapshot(found, now)).reason)
        credentials = Credentials("robot", TYPED)
        rotation, edit = (
            Rotation("robot", TYPED, KEY.encode()),
            Edit(HOST, "t", KEY.encode(), username="u", password=TYPED),
        )
        draft = Draft("n", HOST, "t", credentials, KEY.encode())
        form = forms.NewForm({"name": "n", "password": TYPED, "bundle_text": KEY}, rules=composition.reads())
        for one in (
            credentials,
            rotation,
            edit,
            draft,
            form,
            form.errors,
            validation.check_password(f" {TYPED}", choice=""),
        ):
            walk.keep(type(one).__name__, (repr(one), str(one) if not isinstance(one, forms.NewForm) else ""))
        for error in (port.Conflict("Conflict", status=409), writes.Unknown("Unknown")):
            try:
                raise error
            except port.ClusterError as caught:
                walk.keep("traceback", "".join(traceback.format_exception(caught)))
    walk.check()


def test_no_command_prints_a_secret(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    cluster, found = filled()
    listed = json.dumps({"kind": "List", "items": [{"kind": "Secret", **secret.manifest} for secret in found.values()]})
    with Walk() as walk:
        for text in (listed, f"{listed}{STORED}", f"kind: Secret\nmetadata: [{STORED}", f"- {STORED}: !!binary x"):
            monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
            with pytest.raises(SystemExit):
                call_command("verdict")
            walk.keep("verdict", capsys.readouterr())
        with composition.use(cluster):
            for name, password in (("one", TYPED), ("half", f" {TYPED}"), ("nope", TYPED), ("broken", TYPED)):
                monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(password.encode())))
                with suppress(SystemExit):
                    call_command("rotate", name, "--password-stdin", "--username", "robot")
                walk.keep("rotate", capsys.readouterr())
            for value in (STORED, TYPED, KEY, "x", json.dumps({"auths": {HOST: {"auth": auth(STORED)}}})):
                monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(value.encode())))
                with suppress(SystemExit):
                    call_command("find_credential", "--format", "json")
                walk.keep("find-credential", capsys.readouterr())
            monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(TYPED.encode())))
            with suppress(SystemExit):
                call_command("rotate", "--same-as", "one", "--password-stdin", "--username", "robot")
            walk.keep("rotate --same-as", capsys.readouterr())
    walk.check(at_least=8)


def test_the_json_of_the_command_line_is_epinios_own_words_and_the_interface_masks_them() -> None:
    cluster, _ = filled()
    with composition.use(cluster):
        shown = {row["name"]: row for row in Client().get("/api/destinations").json()}
    assert shown["userinfo"]["url"] == f"u:•••@{HOST}/team"


@pytest.mark.cluster
def test_nothing_leaks_on_a_real_api_server(kubernetes_cluster: KubernetesCluster, api_server: ApiServer) -> None:
    for manifest in manifests():
        kubernetes_cluster.create_secret(manifest)
    found = {secret.name: secret for secret in kubernetes_cluster.list_secrets()}
    with Walk() as walk:
        go(walk, kubernetes_cluster, found)
        namespace = kubernetes_cluster.namespace
        events = api_server.request("GET", f"/api/v1/namespaces/{namespace}/events")["items"]
        walk.keep("events", json.dumps(events))
        walk.keep("audit log", api_server.audit_log.read_bytes())
    assert events == []
    walk.check()


def test_the_served_portal_logs_no_secret_and_one_line_for_each_event() -> None:
    """Run the demo as users do, send it odd paths and a failing form, and read its log."""
    code = (
        "import django; django.setup()\n"
        "from django.test import Client\n"
        "client = Client(raise_request_exception=False)\n"
        "client.get('/nowhere/a%0d%0aERROR%20forged%1b[31m')\n"
        f"client.post('/destinations/new', {{'password': {TYPED!r}}})\n"
    )
    environment = {"DJANGO_SETTINGS_MODULE": "tests.settings", "PYTHONPATH": ".", "EDRPORTAL_CLUSTER": "memory"}
    ran = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60, check=True
    )
    lines = ran.stderr.splitlines()
    assert len(lines) == 2
    assert r"\r\nERROR forged\x1b[31m" in json.loads(lines[0])["message"]
    assert leaks.find(ran.stderr.encode()) == []
