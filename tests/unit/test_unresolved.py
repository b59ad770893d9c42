"""Manifests of a repository whose Secret is not in them yet: named and left out, and the rest judged."""

from __future__ import annotations

import json
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
import yaml

from destinations.secret import placeholders
from tests.unit.test_verdict_command import CONFIG, SECRET, run

FIELD = Path(__file__).parent.parent / "data" / "field"


def manifest(name: str = "templated", **parts: object) -> dict[str, Any]:
    return {**SECRET, "metadata": {**SECRET["metadata"], "name": name}, **parts}  # type: ignore[dict-item]


def config(host: str = "registry.example.com", **entry: str) -> str:
    return json.dumps({"auths": {host: {"auth": "cm9ib3Q6cw==", **entry}}})


def encoded(text: str) -> str:
    return b64encode(text.encode()).decode()


def judged(*documents: object) -> tuple[int, list[str], str]:
    done = run("--format", "json", text="\n---\n".join(yaml.safe_dump(one) for one in documents))
    return done.returncode, [row["name"] for row in json.loads(done.stdout or "[]")], done.stderr


MADE_BY_A_CONTROLLER = [
    {"kind": "SealedSecret", "metadata": {"name": "x"}},
    {"kind": "ExternalSecret", "apiVersion": "external-secrets.io/v1", "metadata": {"name": "x"}},
    {"kind": "ClusterExternalSecret", "metadata": {"name": "x"}},
    {"kind": "VaultStaticSecret", "metadata": {"name": "x"}},
    {"kind": "VaultDynamicSecret", "metadata": {"name": "x"}},
    {"kind": "VaultSecret", "apiVersion": "ricoberger.de/v1alpha1", "metadata": {"name": "x"}},
    {"kind": "SopsSecret", "apiVersion": "isindir.github.com/v1alpha3", "metadata": {"name": "x"}},
    {"kind": "OnePasswordItem", "metadata": {"name": "x"}},
    {"kind": "InfisicalSecret", "metadata": {"name": "x"}},
    {"kind": "AzureKeyVaultSecret", "apiVersion": "spv.no/v2beta1", "metadata": {"name": "x"}},
    {"kind": "Certificate", "apiVersion": "cert-manager.io/v1", "metadata": {"name": "x"}, "spec": {"secretName": "x"}},
    {"kind": "Kustomization", "apiVersion": "kustomize.config.k8s.io/v1beta1", "secretGenerator": [{"name": "x"}]},
    {"secretGenerator": [{"name": "x"}]},
    {"kind": "ksops", "apiVersion": "viaduct.ai/v1", "metadata": {"name": "x"}},
]

ENCRYPTED_OR_TEMPLATED = {
    "sops": manifest(data={".dockerconfigjson": "ENC[AES256_GCM,data:SU5W,iv:SU5W,tag:SU5W,type:str]"}, stringData=None),
    "sops-mark": manifest(sops={"mac": "ENC[AES256_GCM,data:SU5W]", "version": "3.9.0"}),
    "sops-whole": {"kind": "ENC[AES256_GCM,data:SU5W]", "metadata": {"name": "ENC[x]"}, "sops": {"mac": "ENC[x]"}},
    "sops-string": manifest(stringData={".dockerconfigjson": "ENC[AES256_GCM,data:SU5W,type:str]"}),
    "vault-plugin": manifest(stringData={".dockerconfigjson": "<path:kv/data/harbor#config>"}),
    "vault-plugin-modifier": manifest(stringData={".dockerconfigjson": config(auth="<path:kv/data/h#auth | base64encode>")}),
    "vault-plugin-base64": manifest(data={".dockerconfigjson": encoded("<path:kv/data/harbor#config>")}, stringData=None),
    "vault-plugin-raw": manifest(data={".dockerconfigjson": "<path:kv/data/h#config | base64encode>"}, stringData=None),
    "vault-webhook": manifest(data={".dockerconfigjson": encoded(config(auth="vault:secret/data/h#auth"))}, stringData=None),
    "flux": manifest(stringData={".dockerconfigjson": "${DOCKER_CONFIG}"}),
    "flux-default": manifest(stringData={".dockerconfigjson": config(host="${REGISTRY:=registry.example.com}:5000")}),
    "flux-data": manifest(data={".dockerconfigjson": "${DOCKER_CONFIG_BASE64}"}, stringData=None),
    "flux-json": manifest(stringData={".dockerconfigjson": '{"auths": ${AUTHS}}'}),
    "pipeline": manifest(stringData={".dockerconfigjson": config(auth="$(REGISTRY_AUTH)")}),
    "template": manifest(stringData={".dockerconfigjson": "{{ .Values.dockerConfig }}"}),
    "vals": manifest(stringData={".dockerconfigjson": "ref+vault://secret/harbor#/config"}),
    "one-password": manifest(stringData={".dockerconfigjson": "op://infra/harbor/config"}),
    "certs": manifest(stringData={".dockerconfigjson": CONFIG, "certs": "${CA_SECRET}"}),
    "organization": {**manifest(), "metadata": {"name": "x", "annotations": {"epinio.io/registry-namespace": "${TEAM}"}}},
}  # fmt: skip


@pytest.mark.parametrize("document", MADE_BY_A_CONTROLLER, ids=lambda one: str(one.get("kind")))
def test_a_kind_that_makes_a_secret_is_named_and_the_rest_judged(document: dict[str, Any]) -> None:
    assert placeholders.reason(document)
    assert not placeholders.reason({**SECRET, "metadata": {**SECRET["metadata"]}})  # type: ignore[dict-item]


@pytest.mark.parametrize("document", ENCRYPTED_OR_TEMPLATED.values(), ids=ENCRYPTED_OR_TEMPLATED)
def test_what_a_tool_fills_in_later_is_not_judged_as_it_is(document: dict[str, Any]) -> None:
    assert placeholders.reason({key: value for key, value in document.items() if value is not None})


def test_everything_of_these_kinds_at_once_leaves_the_sound_one_judged() -> None:
    templated = [{**one, "metadata": {**one["metadata"], "name": name}} for name, one in ENCRYPTED_OR_TEMPLATED.items()]
    status, names, said = judged(*MADE_BY_A_CONTROLLER, *templated, manifest("sound"))
    assert (status, names) == (0, ["sound"])
    assert len(said.strip().splitlines()) == len(MADE_BY_A_CONTROLLER) + len(templated)
    assert all(line.endswith("not judged") for line in said.strip().splitlines())


@pytest.mark.parametrize(
    "document",
    [
        manifest(stringData={".dockerconfigjson": config(username="ci", password="${REGISTRY_PASSWORD}")}),
        manifest(data={".dockerconfigjson": encoded(config(host="${HOST}"))}, stringData=None),
        {**manifest(stringData={".dockerconfigjson": "${X}"}), "metadata": {"name": "x", "uid": "1-2"}},
        {**manifest(), "metadata": {"name": "x", "annotations": {"note": "see {{ docs }} and ${THIS}"}}},
        *(
            {
                **manifest(data={".dockerconfigjson": encoded(config())}, stringData=None),
                "metadata": {"name": "x", "annotations": {"epinio.io/registry-namespace": organization}},
            }
            for organization in ("{{7*7}}", "${X}", "$(X)", "<path:a#b>")
        ),
        {"kind": "SecretStore", "metadata": {"name": "x"}},
        {"kind": "PushSecret", "metadata": {"name": "x"}},
        {"kind": "ConfigMap", "metadata": {"name": "x"}, "data": {"x": "${Y}"}},
        {
            **manifest(stringData={".dockerconfigjson": "${X}"}),
            "metadata": {"name": "x", "annotations": {"kustomize.toolkit.fluxcd.io/substitute": "disabled"}},
        },
    ],
)
def test_what_epinio_will_read_as_it_is_gets_judged(document: dict[str, Any]) -> None:
    assert not placeholders.reason({key: value for key, value in document.items() if value is not None})


def test_a_destination_whose_certificates_are_made_later_is_not_said_to_lack_them() -> None:
    certificate = {
        "kind": "Certificate",
        "metadata": {"name": "harbor", "namespace": "epinio"},
        "spec": {"secretName": "harbor-tls"},
    }
    destination = manifest("needs-it", stringData={".dockerconfigjson": CONFIG, "certs": "harbor-tls"})
    status, names, said = judged(certificate, destination, manifest("sound"))
    assert (status, names) == (0, ["sound"])
    assert "'needs-it' refers to the certificate Secret 'harbor-tls'" in said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("$ANSIBLE_VAULT;1.1;AES256\n6162\n", "Ansible Vault"),
        ("-----BEGIN AGE ENCRYPTED FILE-----\nabc\n", "age"),
        ("-----BEGIN PGP MESSAGE-----\nabc\n", "PGP"),
    ],
)
def test_an_encrypted_file_is_named_and_the_others_are_judged(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "encrypted.yaml").write_text(text)
    (tmp_path / "sound.yaml").write_text(yaml.safe_dump(SECRET))
    done = run(str(tmp_path / "encrypted.yaml"), str(tmp_path / "sound.yaml"))
    assert (done.returncode, said in done.stderr, "encrypted.yaml" in done.stderr) == (0, True, True)
    assert "accepted" in done.stdout


def test_git_crypt_and_templates_are_told_by_name(tmp_path: Path) -> None:
    (tmp_path / "locked.yaml").write_bytes(b"\x00GITCRYPT\x00\x1f\x9c")
    assert "git-crypt unlock" in run(str(tmp_path / "locked.yaml")).stderr
    assert "render it first" in run(text="kind: Secret\nmetadata: {{ .Values.x }}\n").stderr


def test_the_reported_sops_file_leaves_the_plain_destination_judged() -> None:
    done = run("--format", "json", str(FIELD / "18-sops.yaml"))
    assert [(row["name"], row["verdict"]) for row in json.loads(done.stdout)] == [("plain", "accepted")]
    assert (done.returncode, "SOPS" in done.stderr) == (0, True)


def test_the_reported_generators_are_named_and_end_with_a_status_of_their_own() -> None:
    done = run(str(FIELD / "19-nothing-judged.yaml"))
    assert (done.returncode, done.stdout) == (3, "")
    assert "VaultStaticSecret 'harbor'" in done.stderr
    assert "kubectl kustomize" in done.stderr
    assert "No export destination to judge" in done.stderr


def test_a_template_that_was_stored_as_the_organization_is_judged_as_it_is() -> None:
    metadata = {**SECRET["metadata"], "annotations": {"epinio.io/registry-namespace": "{{ .Values.org }}"}}  # type: ignore[dict-item]
    stored = {**SECRET, "metadata": metadata, "stringData": {}, "data": {".dockerconfigjson": encoded(CONFIG)}}
    assert judged(stored)[1] == ["one"]
    assert judged({**SECRET, "metadata": metadata})[1] == []


def test_a_value_of_ansible_vault_inside_a_manifest_leaves_the_others_judged() -> None:
    text = (
        yaml.safe_dump(manifest("sound"))
        + """---
kind: Secret
metadata: {name: inline, labels: {epinio.io/api-export-registry: "true"}}
stringData:
  .dockerconfigjson: !vault |
    $ANSIBLE_VAULT;1.1;AES256
    6162636465
"""
    )
    done = run("--format", "json", text=text)
    assert (done.returncode, [row["name"] for row in json.loads(done.stdout)]) == (0, ["sound"])
    assert "'inline' has a value that is encrypted with Ansible Vault" in done.stderr


def test_what_has_no_kind_is_not_called_by_one() -> None:
    done = run(text='{"data": "ENC[AES256_GCM,data:SU5W]", "sops": {"mac": "ENC[x]", "version": "3.9.0"}}')
    assert done.stderr.startswith("A document is encrypted with SOPS")
