"""“Prepare an ExternalSecret”: filled in by Go's templates and sprig it is a destination that Epinio accepts."""

from __future__ import annotations

import json
import subprocess
from base64 import b64decode, b64encode
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from destinations import names
from destinations.model import Credentials, Snapshot, Verdict
from destinations.secret import codec, docker_config
from destinations.verdict.judge import judge
from edrportal.demo.cluster import certificate
from tests.gitops.controller import real
from tests.services.parts import TEMPLATES

if TYPE_CHECKING:
    from django.test import Client

    from destinations.cluster.memory import InMemoryCluster

ADDRESS = "/gitops/external-secret"
DESCRIPTION = 'a {{ .description }} with "quotes" and }}'


def typed(**changed: Any) -> dict[str, Any]:
    return {
        "name": "one", "host": "registry.example.com:5000", "organization": "team", "description": DESCRIPTION,
        "store": "vault", "store_kind": "ClusterSecretStore", "username_key": "epinio/one", "username_property": "user",
        "password_key": "epinio/one", "password_property": "token", "api_version": "external-secrets.io/v1", **changed,
    }  # fmt: skip


def documents(answer: Any) -> list[dict[str, Any]]:
    assert answer.status_code == 200, answer.content.decode()
    assert answer.headers["Content-Disposition"] == 'attachment; filename="one.external.yaml"'
    assert answer.headers["Cache-Control"] == "no-store"
    return list(yaml.safe_load_all(answer.content.decode()))


def rendered(template: str, username: str, password: str) -> str:
    """Return a template filled in as the operator does."""
    asked = json.dumps({"Template": template, "Values": {"username": username, "password": password}})
    return subprocess.check_output([real(TEMPLATES)], input=asked.encode()).decode()


def secret_of(external: dict[str, Any], username: str, password: str) -> dict[str, Any]:
    """Return the Secret that the operator makes."""
    target = external["spec"]["target"]
    template = target["template"]
    metadata = {
        key: {name: rendered(value, username, password) for name, value in found.items()}
        for key, found in template["metadata"].items()
    }
    data = {
        key: b64encode(rendered(one, username, password).encode()).decode() for key, one in template["data"].items()
    }
    place = {"name": target["name"], "namespace": external["metadata"]["namespace"]}
    return {"kind": "Secret", "metadata": {**place, **metadata}, "type": template["type"], "data": data}


@pytest.mark.parametrize(
    "password", ["plain", 'quo"te\\', "<&>'`", "{{ .username }}", "$1 %s %d", "zwölf ☃", "two\nlines\n", " x "]
)
def test_the_template_makes_an_accepted_destination_of_any_password(
    client: Client, portal: InMemoryCluster, password: str
) -> None:
    assert portal.list_secrets() == []
    (external,) = documents(client.post(ADDRESS, typed()))
    made = codec.read_secret(secret_of(external, 'rob"ot', password))
    assert docker_config.stored_credentials(made) == Credentials('rob"ot', password)
    entry = json.loads(made.data[names.CONFIG_KEY])["auths"]["registry.example.com:5000"]
    assert b64decode(entry["auth"]).decode() == f'rob"ot:{password}'
    assert made.annotations[names.DESCRIPTION_ANNOTATION] == DESCRIPTION
    assert made.labels == {names.REGISTRY_LABEL: "true"}
    found = judge(made, Snapshot.of([made], datetime.now(UTC)))
    assert found.verdict in {Verdict.ACCEPTED, Verdict.AT_RISK}
    assert found.url == "registry.example.com:5000/team"


@pytest.mark.parametrize("version", ["external-secrets.io/v1", "external-secrets.io/v1beta1"])
def test_it_names_store_and_remote_keys_and_holds_no_value(
    client: Client, portal: InMemoryCluster, version: str
) -> None:
    (external,) = documents(client.post(ADDRESS, typed(api_version=version, username_property="")))
    assert (external["apiVersion"], external["kind"]) == (version, "ExternalSecret")
    spec = external["spec"]
    assert spec["secretStoreRef"] == {"name": "vault", "kind": "ClusterSecretStore"}
    assert spec["data"] == [
        {"secretKey": "username", "remoteRef": {"key": "epinio/one"}},
        {"secretKey": "password", "remoteRef": {"key": "epinio/one", "property": "token"}},
    ]
    assert portal.list_secrets() == []


def test_a_bundle_is_a_secret_of_its_own_that_the_destination_names(client: Client, portal: InMemoryCluster) -> None:
    pem = certificate(datetime.now(UTC), days=900).decode()
    ca, external = documents(client.post(ADDRESS, typed(bundle_text=pem)))
    assert ca["stringData"] == {names.BUNDLE_KEY: pem}
    made = codec.read_secret(secret_of(external, "robot", "x"))
    assert codec.certs_name(made) == ca["metadata"]["name"]
    assert portal.list_secrets() == []


def test_a_destination_that_is_there_is_prepared_with_what_is_public_of_it(
    client: Client, portal: InMemoryCluster
) -> None:
    config = docker_config.new("registry.example.com", Credentials("robot", "canary-stored"))
    labels, annotations = {names.REGISTRY_LABEL: "true"}, {names.ORGANIZATION_ANNOTATION: "team"}
    data = {names.CONFIG_KEY: b64encode(config).decode(), names.CERTS_KEY: b64encode(b"ca").decode()}
    ca = {"metadata": {"name": "ca"}, "data": {"tls.crt": b64encode(certificate(datetime.now(UTC), days=90)).decode()}}
    portal.load([ca, {"metadata": {"name": "one", "labels": labels, "annotations": annotations}, "data": data}])
    page = client.get(f"{ADDRESS}?from=one").content.decode()
    assert 'value="registry.example.com"' in page
    answer = client.post(ADDRESS, typed())
    (external,) = documents(answer)
    assert external["spec"]["target"]["template"]["data"]["certs"] == "ca"
    assert "canary-stored" not in page + answer.content.decode()


@pytest.mark.parametrize(
    ("field", "text"),
    [("store", "Not A Name"), ("store", ""), ("password_key", ""), ("host", "https://x"), ("name", "A")],
)
def test_what_is_wrong_is_told_in_the_form(client: Client, portal: InMemoryCluster, field: str, text: str) -> None:
    page = client.post(ADDRESS, typed(**{field: text}))
    assert (page.status_code, "Content-Disposition" in page.headers) == (422, False)
    assert f'id="id_{field}_error"' in page.content.decode()
    assert portal.list_secrets() == []


def test_no_field_takes_a_password(client: Client, portal: InMemoryCluster) -> None:
    page = client.get(ADDRESS).content.decode()
    assert 'type="password"' not in page
    answer = client.post(ADDRESS, typed(password="canary-typed", import_text='{"auths": {}}', username="canary-user"))
    assert b"canary-" not in answer.content
    assert portal.list_secrets() == []


def test_everything_that_is_wrong_is_told_in_one_round(client: Client, portal: InMemoryCluster) -> None:
    portal.namespaces = {"workspace": "uid"}
    bad = {"name": "A", "host": "https://x", "organization": "Team", "store": "Not A Name", "team": "no-such-namespace",
           "expires_on": "2020-01-01"}  # fmt: skip
    page = client.post(ADDRESS, typed(**bad)).content.decode()
    assert [field for field in bad if f'id="id_{field}_error"' not in page] == []
    assert 'name="expires_confirmed"' in page
