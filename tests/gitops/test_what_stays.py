"""A file for a destination that is there: what a save would have kept is kept, and no more is claimed than happened."""

from __future__ import annotations

import json
import subprocess
from base64 import b64decode, b64encode
from copy import deepcopy
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from destinations import names
from destinations.cluster.port import Unreachable
from destinations.secret import gitops
from edrportal.demo.cluster import certificate
from tests.gitops.controller import Controller, real
from tests.gitops.test_external import ADDRESS, documents
from tests.gitops.test_external import typed as typed_external
from tests.gitops.test_sealed import BOOKKEEPING, rotation, text_of, typed
from tests.services.parts import KUBESEAL

if TYPE_CHECKING:
    from pathlib import Path

    from django.test import Client

    from destinations.cluster.memory import InMemoryCluster
    from tests.services.scripted import Scripted

HOST, OLD = "registry.example.com", "old-password"
AUTH = b64encode(f"robot:{OLD}".encode()).decode()
ENTRY = {"username": "robot", "password": OLD, "auth": AUTH}
"""In the order in which `kubectl create secret docker-registry` writes them."""
SINCE = "2020-01-02T03:04:05Z"
SEALS = "sealedsecrets.bitnami.com/"
TOLD = {f"{SEALS}managed": "true", f"{SEALS}patch": "true", f"{SEALS}skip-set-owner-references": "true"}


@pytest.fixture(scope="module")
def controller() -> Controller:
    return Controller.make()


def stored(**changed: Any) -> dict[str, Any]:
    """Return a destination as it might be there: `entry`, `labels`, `annotations`, `data`, and members of the Secret."""
    config = json.dumps({"auths": {HOST: changed.pop("entry", ENTRY)}})
    data = {names.CONFIG_KEY: config, **changed.pop("data", {})}
    labels = {names.REGISTRY_LABEL: "true", **changed.pop("labels", {})}
    annotations = {names.ORGANIZATION_ANNOTATION: "team", **changed.pop("annotations", {})}
    return {
        "metadata": {"name": "one", "labels": labels, "annotations": annotations},
        "data": {key: b64encode(value.encode()).decode() for key, value in data.items()},
        "type": "Opaque",
        **changed,
    }


def ca(name: str) -> dict[str, Any]:
    pem = b64encode(certificate(datetime.now(UTC), days=900)).decode()
    return {"metadata": {"name": name}, "data": {names.BUNDLE_KEY: pem}}


KEPT: dict[str, dict[str, Any]] = {
    "the order of the members": {},
    "the order of some members": {"entry": {"password": OLD}},
    "the type of the Secret": {"type": "kubernetes.io/dockerconfigjson"},
    "a type of one's own": {"type": "example.com/registry"},
    "a foreign certificate Secret": {"data": {names.CERTS_KEY: "ca"}},
    "no certificate Secret": {"data": {names.CERTS_KEY: ""}},
    "labels": {"labels": {"app": "y", "example.com/on": "1e3", "app.kubernetes.io/instance": "shop"}},
    "the team": {"labels": {names.TEAM_LABEL: "shop"}, "annotations": {names.TEAM_UID_ANNOTATION: "uid"}},
    "the label of a disabled one": {"labels": {names.REGISTRY_LABEL: "false"}},
    "the date of the last rotation": {"annotations": {names.ROTATED_AT_ANNOTATION: SINCE}},
    "what the controller was told": {"annotations": TOLD},
}


def compared(secret: dict[str, Any]) -> dict[str, Any]:
    metadata = secret["metadata"]
    dates = {names.ROTATED_AT_ANNOTATION: metadata["annotations"].get(names.ROTATED_AT_ANNOTATION, "")[:16]}
    kept = {key: value for key, value in metadata["annotations"].items() if key not in BOOKKEEPING}
    data = {key: b64decode(value) for key, value in secret["data"].items() if value}
    return {"labels": metadata["labels"], "annotations": kept | dates, "data": data, "type": secret["type"]}


@pytest.mark.parametrize("password", [OLD, "another-password"])
@pytest.mark.parametrize("page", ["rotate", "edit"])
@pytest.mark.parametrize("case", KEPT)
def test_the_unsealed_secret_is_to_the_byte_what_the_save_writes(  # noqa: PLR0917 - fixtures
    client: Client, portal: InMemoryCluster, controller: Controller, tmp_path: Path, case: str, page: str, password: str
) -> None:
    """Where an administrator types the stored password, neither says that it was rotated."""
    portal.load([deepcopy(stored(**deepcopy(KEPT[case]))), ca("ca")])
    form = rotation(portal, controller, password=password, username="robot")
    (unsealed,) = controller.unseal(text_of(client.post(f"/destinations/one/{page}", form)), tmp_path)
    del form["download"]
    assert client.post(f"/destinations/one/{page}", form).status_code == 303
    saved = dict(portal.get_secret("one").manifest)
    assert compared(unsealed) == compared(saved)


@pytest.mark.parametrize("page", ["rotate", "edit"])
def test_an_immutable_secret_stays_one_and_the_file_says_what_it_takes(
    client: Client, portal: InMemoryCluster, controller: Controller, tmp_path: Path, page: str
) -> None:
    portal.load([stored(immutable=True, labels={"argocd.argoproj.io/instance": "x"})])
    text = text_of(client.post(f"/destinations/one/{page}", rotation(portal, controller)))
    (unsealed,) = controller.unseal(text, tmp_path)
    assert unsealed["immutable"] is True
    assert "# The stored Secret is immutable: delete it before" in text
    (external,) = documents(client.post(ADDRESS, typed_external()))
    assert external["spec"]["target"]["immutable"] is True


def test_the_manifests_on_the_page_keep_the_type_of_the_secret_too(client: Client, portal: InMemoryCluster) -> None:
    portal.load([stored(type="kubernetes.io/dockerconfigjson", immutable=True)])
    (document,) = yaml.safe_load_all(gitops.manifests(portal.get_secret("one"), {}))
    assert (document["type"], document["immutable"]) == ("kubernetes.io/dockerconfigjson", True)
    assert "type: kubernetes.io/dockerconfigjson" in client.get("/destinations/one").content.decode()


@pytest.mark.parametrize(
    "label",
    ["kapp.k14s.io/app", "applyset.kubernetes.io/part-of", "objectset.rio.cattle.io/hash", "velero.io/restore-name",
     "argocd.argoproj.io/instance", "kustomize.toolkit.fluxcd.io/name", "config.k8s.io/owning-inventory"],
)  # fmt: skip
def test_by_what_a_tool_knows_its_own_is_not_carried_over(
    client: Client, portal: InMemoryCluster, controller: Controller, label: str
) -> None:
    """The tool would take the controller's Secret for one of its own, and delete it."""
    portal.load([stored(labels={label: "x"})])
    assert label not in text_of(client.post("/destinations/one/rotate", rotation(portal, controller)))


def comments(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if line.startswith("#"))


def test_the_comments_say_what_there_is_to_do_and_nothing_else(
    client: Client, portal: InMemoryCluster, controller: Controller
) -> None:
    pem = certificate(datetime.now(UTC), days=900).decode()
    new = comments(text_of(client.post("/destinations/new", typed(controller, bundle_text=pem))))
    assert "file of the old one" not in new
    assert "Revoke" not in new
    portal.load([stored(labels={names.REGISTRY_LABEL: "false"}, data={names.CERTS_KEY: "ca"}), ca("ca")])
    said = comments(text_of(client.post("/destinations/one/rotate", rotation(portal, controller))))
    assert "Epinio hides this destination, also with this file" in said
    assert "Revoke the old credentials" in said
    assert "goes on naming the certificate Secret ca, which is not in this file" in said
    replaces = rotation(portal, controller, bundle_choice="replace", bundle_text=pem)
    said = comments(text_of(client.post("/destinations/one/rotate", replaces)))
    assert "remove the file of the old one" in said
    assert "goes on naming" not in said


@pytest.mark.parametrize("place", ["new", "rotate", "edit"])
def test_no_registry_is_asked_where_the_file_cannot_be_made_anyway(
    client: Client, portal: InMemoryCluster, registries: Scripted, controller: Controller, place: str
) -> None:
    portal.load([stored()])
    address = "/destinations/new" if place == "new" else f"/destinations/one/{place}"
    form = rotation(portal, controller, download="checked", seal_certificate="nonsense")
    page = client.post(address, form)
    assert page.status_code == 422
    assert "kubeseal --fetch-cert" in page.content.decode()
    assert registries.asked == []
    assert ("is taken by a destination" in page.content.decode()) is (place == "new")  # all at once


def test_an_external_secret_keeps_the_type_and_states_no_rotation(client: Client, portal: InMemoryCluster) -> None:
    """A date would stay while the store rotates: a token of twelve hours would be called expired for ever."""
    for since in ({}, {names.ROTATED_AT_ANNOTATION: SINCE}):
        portal.load([stored(annotations=since, type="kubernetes.io/dockerconfigjson")])
        (external,) = documents(client.post(ADDRESS, typed_external(host=HOST)))
        template = external["spec"]["target"]["template"]
        assert template["type"] == "kubernetes.io/dockerconfigjson"
        assert names.ROTATED_AT_ANNOTATION not in template["metadata"]["annotations"]
    (new,) = yaml.safe_load_all(client.post(ADDRESS, typed_external(name="two")).content)
    assert names.ROTATED_AT_ANNOTATION not in new["spec"]["target"]["template"]["metadata"]["annotations"]


@pytest.mark.parametrize(("now", "given"), [("shop", ""), ("shop", "blog"), ("", "blog")])
def test_an_external_secret_does_not_drop_another_team_silently(
    client: Client, portal: InMemoryCluster, now: str, given: str
) -> None:
    portal.namespaces = {"shop": "1", "blog": "2"}
    portal.load([stored(labels={names.TEAM_LABEL: now} if now else {})])
    page = client.post(ADDRESS, typed_external(team=given)).content.decode()
    assert 'id="id_team_error"' in page
    (external,) = documents(client.post(ADDRESS, typed_external(team=now)))
    assert external["spec"]["target"]["template"]["metadata"]["labels"].get(names.TEAM_LABEL, "") == now


def test_an_external_secret_of_a_taken_name_is_refused_with_all_else(client: Client, portal: InMemoryCluster) -> None:
    portal.load([{"metadata": {"name": "one"}, "data": {}}])
    page = client.post(ADDRESS, typed_external(store="")).content.decode()
    assert 'id="id_name_error"' in page
    assert 'id="id_store_error"' in page


@pytest.mark.parametrize("page", ["rotate", "edit"])
def test_a_file_by_a_page_that_is_out_of_date_takes_a_second_look_like_a_save(
    client: Client, portal: InMemoryCluster, controller: Controller, page: str
) -> None:
    """The file would undo what someone else changed."""
    portal.load([stored()])
    form = rotation(portal, controller, organization="mine")
    portal.load([stored(annotations={names.ORGANIZATION_ANNOTATION: "of-the-others"})])
    answer = client.post(f"/destinations/one/{page}", form)
    assert (answer.status_code, "Content-Disposition" in answer.headers) == (409, False)
    assert "Someone changed this destination" in answer.content.decode()
    assert ("of-the-others" in answer.content.decode()) is (page == "edit")
    text_of(client.post(f"/destinations/one/{page}", rotation(portal, controller, organization="mine")))


def test_an_edit_without_a_password_is_told_with_all_else(
    client: Client, portal: InMemoryCluster, controller: Controller
) -> None:
    portal.load([stored()])
    wrong = rotation(portal, controller, password="", username="robot", host="https://x", seal_certificate="nonsense")
    page = client.post("/destinations/one/edit", wrong)
    assert page.status_code == 422
    told = page.content.decode()
    assert "a file never contains the stored" in told
    assert 'id="id_host_error"' in told
    assert 'id="id_seal_certificate_error"' in told
    page = client.post("/destinations/one/edit", {**wrong, "host": HOST, "seal_certificate": ""})
    assert "a file never contains the stored" in page.content.decode()
    assert "Paste the certificate" in page.content.decode()


def test_a_cluster_that_does_not_answer_costs_nothing_that_was_typed(
    client: Client, portal: InMemoryCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise Unreachable("Unreachable", status=503)

    monkeypatch.setattr(portal, "list_secrets", fail)
    page = client.post(ADDRESS, typed_external())
    assert page.status_code == 503
    for typed_value in ("vault", "epinio/one", "token", "registry.example.com:5000"):
        assert f'value="{typed_value}"' in page.content.decode()


@pytest.mark.parametrize("scope", ["strict", "namespace-wide", "cluster-wide"])
def test_the_file_is_what_kubeseal_makes_of_the_same_secret(
    client: Client, portal: InMemoryCluster, controller: Controller, tmp_path: Path, scope: str
) -> None:
    """But for the encrypted bytes, which are by chance, and the times that kubeseal leaves empty."""
    labels, annotations = {"a": "1e3", "argocd.argoproj.io/instance": "x"}, {names.DESCRIPTION_ANNOTATION: "y", **TOLD}
    portal.load([stored(type="example.com/x", immutable=True, annotations=annotations, labels=labels)])
    text = text_of(client.post("/destinations/one/rotate", rotation(portal, controller, seal_scope=scope)))
    (secret,) = controller.unseal(text, tmp_path)
    secret["metadata"] = {key: value for key, value in secret["metadata"].items() if key != "ownerReferences"}
    (tmp_path / "controller.pem").write_bytes(controller.certificate)
    command = [real(KUBESEAL), "--cert", str(tmp_path / "controller.pem"), "--scope", scope, "--format", "yaml"]
    sealed = subprocess.check_output(command, input=json.dumps(secret).encode())
    ours, theirs = (_without_chance(yaml.safe_load(one)) for one in (text, sealed))
    assert ours == theirs


def _without_chance(document: dict[str, Any]) -> dict[str, Any]:
    document["spec"]["encryptedData"] = sorted(document["spec"]["encryptedData"])
    for metadata in (document["metadata"], document["spec"]["template"]["metadata"]):
        metadata.pop("creationTimestamp", None)
    return document
