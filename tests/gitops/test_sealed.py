"""“Download as SealedSecret”: what the real kubeseal unseals is what a save would have written, and nothing is written."""

from __future__ import annotations

import json
import logging
from base64 import b64decode, b64encode
from datetime import UTC, datetime
from io import StringIO
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command

from destinations import names
from destinations.cluster.memory import InMemoryCluster
from edrportal.demo.cluster import certificate
from tests.gitops.controller import Controller
from tests.services.leaks import known

if TYPE_CHECKING:
    from pathlib import Path

    from django.test import Client

PASSWORD = known('canary-"seal"-pass-4471')
SCOPES = ("strict", "namespace-wide", "cluster-wide")
PORTALS = {names.MANAGED_BY_LABEL, names.KIND_LABEL}
BOOKKEEPING = {
    names.WRITE_ID_ANNOTATION,
    names.CHANGED_AT_ANNOTATION,
    names.CHANGED_BY_ANNOTATION,
    names.HISTORY_ANNOTATION,
    names.ROTATED_AT_ANNOTATION,
}


@pytest.fixture(scope="module")
def controller() -> Controller:
    return Controller.make()


def typed(controller: Controller, **changed: Any) -> dict[str, Any]:
    return {
        "name": "one", "host": "registry.example.com", "organization": "team", "username": 'rob"ot',
        "password": PASSWORD, "nonce": "n" * 24, "expires_on": "2031-01-31", "description": "a {{ description }}",
        "seal_certificate": controller.certificate.decode(), "download": "sealed", **changed,
    }  # fmt: skip


def rotation(portal: InMemoryCluster, controller: Controller, **changed: Any) -> dict[str, Any]:
    secret = portal.get_secret("one")
    seen = {"uid": secret.uid, "resource_version": secret.resource_version, "bundle_choice": "keep"}
    return {**typed(controller), **seen, **changed}


def text_of(answer: Any) -> str:
    assert answer.status_code == 200, answer.content.decode()
    assert answer.headers["Content-Disposition"] == 'attachment; filename="one.sealed.yaml"'
    assert answer.headers["Cache-Control"] == "no-store"
    return str(answer.content.decode())


def plain(secret: dict[str, Any]) -> dict[str, Any]:
    """Return what Epinio and the pages read of a Secret, without the portal's bookkeeping and the scope."""
    metadata = secret["metadata"]
    labels = {key: value for key, value in (metadata.get("labels") or {}).items() if key not in PORTALS}
    kept = {
        key: value
        for key, value in (metadata.get("annotations") or {}).items()
        if key not in BOOKKEEPING and not key.startswith("sealedsecrets.")
    }
    data = {key: b64decode(value) for key, value in secret["data"].items() if key != names.CERTS_KEY}
    return {"labels": labels, "annotations": kept, "data": data, "type": secret["type"]}


def verdicts(secrets: list[dict[str, Any]], directory: Path) -> list[dict[str, Any]]:
    file = directory / "unsealed.json"
    file.write_text(json.dumps({"kind": "List", "items": secrets}))
    out = StringIO()
    call_command("verdict", str(file), "--format", "json", stdout=out)
    found: list[dict[str, Any]] = json.loads(out.getvalue())
    return found


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("bundle", [b"", certificate(datetime.now(UTC), days=900)], ids=["without", "with bundle"])
def test_what_kubeseal_unseals_is_accepted_and_what_a_save_would_have_written(  # noqa: PLR0917 - fixtures
    client: Client, portal: InMemoryCluster, controller: Controller, tmp_path: Path, scope: str, bundle: bytes
) -> None:
    form = typed(controller, seal_scope=scope, bundle_text=bundle.decode())
    text = text_of(client.post("/destinations/new", form))
    assert portal.list_secrets() == []
    unsealed = controller.unseal(text, tmp_path)
    del form["download"]
    assert client.post("/destinations/new", form).status_code == 303
    saved = {secret.name: dict(secret.manifest) for secret in portal.list_secrets()}
    assert len(unsealed) == len(saved) == (2 if bundle else 1)
    (destination,) = (one for one in unsealed if one["metadata"]["name"] == "one")
    assert plain(destination) == plain(saved["one"])
    if bundle:
        (ca,) = (one for one in unsealed if one is not destination)
        (saved_ca,) = (one for name, one in saved.items() if name != "one")
        assert b64decode(destination["data"]["certs"]).decode() == ca["metadata"]["name"]
        assert plain(ca) == plain(saved_ca)
    (verdict,) = verdicts(unsealed, tmp_path)
    assert verdict["verdict"] == "accepted"


@pytest.mark.parametrize("scope", SCOPES)
def test_the_scope_is_noted_in_both_places_as_kubeseal_does(
    client: Client, portal: InMemoryCluster, controller: Controller, scope: str
) -> None:
    assert portal.list_secrets() == []
    text = text_of(client.post("/destinations/new", typed(controller, seal_scope=scope)))
    (document,) = yaml.safe_load_all(text)
    note = {} if scope == "strict" else {f"sealedsecrets.bitnami.com/{scope}": "true"}
    template = document["spec"]["template"]["metadata"]
    assert (document["metadata"].get("annotations") or {}) == note
    assert {key: value for key, value in template["annotations"].items() if "sealed" in key} == note
    assert template["labels"] == {names.REGISTRY_LABEL: "true"}
    assert template["annotations"][names.ORGANIZATION_ANNOTATION] == "team"
    assert (document["apiVersion"], document["kind"]) == ("bitnami.com/v1alpha1", "SealedSecret")
    assert template["name"] == document["metadata"]["name"] == "one"
    assert template["namespace"] == document["metadata"]["namespace"] == "epinio"


def test_a_renamed_file_unseals_only_within_its_scope(
    client: Client, portal: InMemoryCluster, controller: Controller, tmp_path: Path
) -> None:
    assert portal.list_secrets() == []
    moves = {"name": {"name": "two"}, "namespace": {"name": "two", "namespace": "elsewhere"}}
    may = {"strict": set(), "namespace-wide": {"name"}, "cluster-wide": {"name", "namespace"}}
    for scope in SCOPES:
        text = text_of(client.post("/destinations/new", typed(controller, seal_scope=scope)))
        for move, place in moves.items():
            document = yaml.safe_load(text)
            document["metadata"].update(place)
            try:
                controller.unseal(yaml.safe_dump(document), tmp_path)
                unseals = True
            except Exception:  # noqa: BLE001 - kubeseal's refusal
                unseals = False
            assert unseals is (move in may[scope]), (scope, move)


@pytest.mark.parametrize(
    "mark",
    [
        {"labels": {"argocd.argoproj.io/instance": "x"}},
        {"labels": {"kustomize.toolkit.fluxcd.io/name": "x"}},
        {
            "ownerReferences": [
                {"kind": "SealedSecret", "name": "one", "apiVersion": "bitnami.com/v1alpha1", "uid": "u"}
            ]
        },
    ],
    ids=["Argo CD", "Flux", "Sealed Secrets"],
)
def test_a_destination_that_git_owns_is_rotated_by_a_file(
    client: Client, portal: InMemoryCluster, controller: Controller, tmp_path: Path, mark: dict[str, Any]
) -> None:
    form = typed(controller, password="old-password", bundle_text=certificate(datetime.now(UTC), days=900).decode())
    del form["download"]
    client.post("/destinations/new", form)
    manifest = dict(portal.get_secret("one").manifest)
    labels = {**manifest["metadata"]["labels"], **mark.get("labels", {}), "app": "shop"}
    manifest["metadata"] = {**manifest["metadata"], **mark, "labels": labels}
    portal.load([manifest])
    before = portal.list_secrets()

    page = client.get("/destinations/one/rotate").content.decode()
    assert "Download as SealedSecret" in page
    assert ">Rotate</button>" not in page
    refused = rotation(portal, controller)
    del refused["download"]
    assert client.post("/destinations/one/rotate", refused).status_code == 409

    text = text_of(client.post("/destinations/one/rotate", rotation(portal, controller, username="robot")))
    assert portal.list_secrets() == before
    (unsealed,) = controller.unseal(text, tmp_path)
    entry = json.loads(b64decode(unsealed["data"][names.CONFIG_KEY]))["auths"]["registry.example.com"]
    assert (entry["username"], entry["password"]) == ("robot", PASSWORD)
    certs = portal.get_secret("one").data[names.CERTS_KEY]
    assert b64decode(unsealed["data"]["certs"]) == certs
    assert unsealed["metadata"]["labels"] == {names.REGISTRY_LABEL: "true", "app": "shop"}
    ca = dict(portal.get_secret(certs.decode()).manifest)
    (verdict,) = verdicts([unsealed, {**ca, "kind": "Secret"}], tmp_path)
    assert verdict["verdict"] == "accepted"

    fresh = certificate(datetime.now(UTC), days=800, name="New CA").decode()
    changed = rotation(portal, controller, bundle_choice="replace", bundle_text=fresh)
    for address in ("rotate", "edit"):
        both = controller.unseal(text_of(client.post(f"/destinations/one/{address}", changed)), tmp_path)
        assert verdicts(both, tmp_path)[0]["verdict"] == "accepted"
        assert b64decode(both[1]["data"]["certs"]).decode() == both[0]["metadata"]["name"] != certs.decode()
        assert "labels" not in both[0]["metadata"]  # or the portal would collect what the controller keeps
    assert portal.list_secrets() == before


def test_no_stored_credential_and_no_other_stored_value_gets_into_a_file(
    client: Client, portal: InMemoryCluster, controller: Controller, tmp_path: Path
) -> None:
    """A person could name a key of their own, and decrypt what they may not see."""
    entry = {"username": "robot", "password": known("canary-stored-551"), "registrytoken": known("canary-token-552")}
    config = json.dumps({"auths": {"registry.example.com": entry}, "HttpHeaders": {"X": known("canary-header-553")}})
    labels = {names.REGISTRY_LABEL: "true"}
    annotations = {names.ORGANIZATION_ANNOTATION: "team", "vendor/copy": known("canary-copy-554")}
    data = {names.CONFIG_KEY: config, "other": known("canary-other-555")}
    encoded = {key: b64encode(value.encode()).decode() for key, value in data.items()}
    portal.load([{"metadata": {"name": "one", "labels": labels, "annotations": annotations}, "data": encoded}])
    for address in ("rotate", "edit"):
        kept = client.post(f"/destinations/one/{address}", rotation(portal, controller, password="", username=""))
        assert kept.status_code == 422
        assert "Content-Disposition" not in kept.headers
        kept = client.post(f"/destinations/one/{address}", rotation(portal, controller, password="", username="robot"))
        assert kept.status_code == 422
        assert "a file never contains the stored" in kept.content.decode()
        text = text_of(client.post(f"/destinations/one/{address}", rotation(portal, controller)))
        unsealed = controller.unseal(text, tmp_path)
        assert "canary-copy" not in text
        assert not [n for n in range(551, 556) if f"-{n}" in text]
        for secret in unsealed:
            for value in secret["data"].values():
                assert not [n for n in range(551, 556) if f"-{n}" in b64decode(value).decode()]
        for words in ("other keys", "other annotations", "other members"):
            assert words in text


def test_a_certificate_that_is_no_use_is_refused_in_words_and_nothing_is_lost(
    client: Client, portal: InMemoryCluster, controller: Controller
) -> None:
    pem, key = controller.certificate.decode(), controller.key.decode()
    cases = {
        "": "Paste the certificate",
        "nonsense": "kubeseal --fetch-cert",
        Controller.make(days=-3).certificate.decode(): "expired on",
        Controller.make(curve=True).certificate.decode(): "not RSA",
        Controller.make(bits=1024).certificate.decode(): "1024 bits",
        f"{pem.replace('MII', 'AAA', 1)}{pem}": "A certificate in it is damaged",
        f"{pem}{pem.replace('MII', 'AAA', 1)}": "A certificate in it is damaged",
        f"{pem}{key}": "contains a private key",
        key: "contains a private key",
    }
    for text, words in cases.items():
        page = client.post("/destinations/new", typed(controller, seal_certificate=text))
        assert page.status_code == 422, words
        shown = page.content.decode()
        assert words in shown
        assert 'value="registry.example.com"' in shown
        assert PASSWORD not in shown
        assert "RSA PRIVATE KEY" not in shown
    given = {"seal_certificate_file": SimpleUploadedFile("cert.pem", controller.certificate)}
    assert client.post("/destinations/new", typed(controller, **given)).status_code == 422
    two = [SimpleUploadedFile(name, controller.certificate) for name in ("one.pem", "two.pem")]
    page = client.post("/destinations/new", typed(controller, seal_certificate="", seal_certificate_file=two))
    assert "You chose several files" in page.content.decode()
    given = {"seal_certificate_file": SimpleUploadedFile("cert.pem", controller.certificate)}
    text_of(client.post("/destinations/new", typed(controller, seal_certificate="", **given)))
    assert portal.list_secrets() == []


def test_of_several_certificates_the_first_is_used_and_the_file_says_so(
    client: Client, portal: InMemoryCluster, controller: Controller, tmp_path: Path
) -> None:
    assert portal.list_secrets() == []
    pem = controller.certificate + Controller.make().certificate
    text = text_of(client.post("/destinations/new", typed(controller, seal_certificate=pem.decode())))
    assert "# The text has 2 certificates. The first one was used" in text
    assert controller.unseal(text, tmp_path)


def test_a_file_passes_what_a_save_passes(client: Client, portal: InMemoryCluster, controller: Controller) -> None:
    for wrong in ({"host": "https://registry.example.com"}, {"organization": ""}, {"name": "Not A Name"}):
        page = client.post("/destinations/new", typed(controller, **wrong))
        assert (page.status_code, "Content-Disposition" in page.headers) == (422, False), wrong
    saved = typed(controller)
    del saved["download"]
    client.post("/destinations/new", saved)
    taken = client.post("/destinations/new", typed(controller))
    assert taken.status_code == 409
    assert "is taken by a destination" in taken.content.decode()
    assert len(portal.list_secrets()) == 1


def test_a_file_leaves_a_line_in_the_audit_log_without_a_value(
    client: Client, portal: InMemoryCluster, controller: Controller, caplog: pytest.LogCaptureFixture
) -> None:
    assert portal.list_secrets() == []
    with caplog.at_level(logging.INFO):
        text_of(client.post("/destinations/new", typed(controller)))
        client.post("/destinations/new", typed(controller, seal_certificate=""))
    logged = [record.getMessage() for record in caplog.records]
    lines = [json.loads(one) for one in logged if '"action": "seal"' in one]
    assert [(line["outcome"], line["target"], line["reason"]) for line in lines] == [
        ("done", "one", "strict"),
        ("refused", "one", "Certificate"),
    ]
    assert PASSWORD not in caplog.text
