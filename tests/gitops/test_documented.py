"""docs/gitops.md, typed word by word: sealed, committed, applied, unsealed by the real controller, judged by the portal."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import textwrap
import time
from base64 import b64decode
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.core.files.uploadedfile import SimpleUploadedFile

from destinations import names
from destinations.cluster.kube.adapter import KubernetesCluster
from edrportal.demo.cluster import certificate
from tests.cluster.test_typed_commands import commands, script
from tests.gitops.controller import real
from tests.services import composition
from tests.services.leaks import known
from tests.services.parts import KUBECTL, KUBESEAL
from tests.signin import world

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client

    from destinations.cluster.memory import InMemoryCluster
    from tests.services.sealedsecrets import SealingCluster

pytestmark = pytest.mark.cluster
PAGE = "docs/gitops.md"
FILE = "production.sealed.yaml"
OLD, NEW = known("canary-first-2291"), known("canary-second-2292")
FETCH = "kubeseal --fetch-cert > controller.pem"
ADD = f"git add {FILE}"
COMMIT = 'git commit --message "Add the destination production"'
APPLY = f"kubectl apply --filename {FILE}"
JUDGE = "kubectl get secrets -n epinio -o json | edrportal verdict"
ALLOW = "kubectl annotate secret production -n epinio sealedsecrets.bitnami.com/managed=true"
LOOK = f"kubeseal --recovery-unseal --recovery-private-key controller.key < {FILE}"
SECOND = "awk '/^---/ {n++} n != 1' " + FILE + " | kubeseal --recovery-unseal --recovery-private-key controller.key"
UPGRADES = "helm upgrade edrportal deploy/chart"
"""Typed in tests/cluster/test_typed_commands.py, where the portal is installed."""


class Desk:
    """Someone's repository with Git, and a shell that has what the page names."""

    def __init__(self, directory: Path, kubeconfig: Path) -> None:
        self.directory = directory / "manifests"
        programs = directory / "bin"
        for made in (self.directory, programs):
            made.mkdir()
        (programs / "kubectl").symlink_to(real(KUBECTL))
        (programs / "kubeseal").symlink_to(real(KUBESEAL))
        here = Path.cwd()
        code = "from edrportal.cli import main; main()"
        script(programs / "edrportal", f'PYTHONPATH={here} exec {sys.executable} -c "{code}" "$@"')
        script(programs / "python", f'exec {sys.executable} "$@"')
        script(programs / "pip", f'echo "$@" >> {directory}/pip.txt')
        person = {f"GIT_{who}_{what}": "a@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
        self.environment = {"PATH": f"{programs}:/usr/local/bin:/usr/bin:/bin", "HOME": str(directory)} | person
        self.environment["KUBECONFIG"] = str(kubeconfig)
        self.type("git init --quiet")

    def type(self, line: str) -> str:
        """Type a line that has to succeed, and return what it prints."""
        ran = self.run(line)
        assert ran.returncode == 0, (line, ran.stderr)
        return ran.stdout

    def run(self, line: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["sh", "-c", line],
            cwd=self.directory,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )


def awaited(found: Callable[[], Any], *, seconds: float = 90) -> Any:
    deadline = time.monotonic() + seconds
    while not (one := found()):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return one


def typed(**changed: Any) -> dict[str, Any]:
    return {"host": "registry.example.com", "organization": "team", "username": "robot", "nonce": "n" * 24, **changed}


def file(desk: Desk, password: str, **changed: Any) -> dict[str, Any]:
    pem = (desk.directory / "controller.pem").read_bytes()
    given = {"download": "sealed", "seal_certificate_file": SimpleUploadedFile("controller.pem", pem)}
    return {**typed(password=password), **given, **changed}


def password_of(cluster: KubernetesCluster, name: str = "production") -> str:
    stored = {secret.name: secret for secret in cluster.list_secrets()}
    if name not in stored:
        return ""
    (entry,) = json.loads(stored[name].data[names.CONFIG_KEY])["auths"].values()
    return str(entry["password"])


def test_every_command_of_the_page_is_typed_here() -> None:
    written = {line for line in commands(PAGE) if not line.startswith(UPGRADES)}
    judged = f"`{JUDGE}`" in Path(PAGE).read_text().replace("\n", " ")
    assert judged
    assert written == {FETCH, ADD, COMMIT, APPLY, JUDGE, ALLOW, LOOK, SECOND}


def test_from_the_form_to_an_accepted_destination_by_the_words_of_the_page(
    client: Client, sealing: SealingCluster, tmp_path: Path
) -> None:
    server = sealing.server
    server.request("POST", "/api/v1/namespaces", {"metadata": {"name": "epinio"}})
    cluster = KubernetesCluster.from_kubeconfig(str(server.kubeconfig), namespace="epinio")
    desk = Desk(tmp_path, server.kubeconfig)
    path = desk.directory / FILE

    def keep(answer: Any) -> None:
        assert answer.status_code == 200, answer.content.decode()[-2000:]
        assert answer.headers["Content-Disposition"] == f'attachment; filename="{FILE}"'
        path.write_bytes(answer.content)
        for line in (ADD, COMMIT, APPLY):
            desk.type(line)

    with composition.use(cluster):
        desk.type(FETCH)
        keep(client.post("/destinations/new", file(desk, OLD, name="production")))
        awaited(lambda: password_of(cluster) == OLD)
        assert re.search(r"production\W.*accepted", desk.type(JUDGE), re.IGNORECASE)
        (listed,) = client.get("/api/destinations").json()
        assert (listed["name"], listed["verdict"], listed["answer"]) == ("production", "accepted", "accepted")
        assert "Sealed Secrets" in client.get("/destinations/production").content.decode()
        secret = cluster.get_secret("production")
        seen = {"uid": secret.uid, "resource_version": secret.resource_version, "bundle_choice": "keep"}
        assert client.post("/destinations/production/rotate", typed(password=NEW, **seen)).status_code == 409

        keep(client.post("/destinations/production/rotate", file(desk, NEW, **seen)))
        awaited(lambda: password_of(cluster) == NEW)
        assert re.search(r"production\W.*accepted", desk.type(JUDGE), re.IGNORECASE)
        assert len(desk.type("git log --oneline").splitlines()) == 2
        history = desk.type("git log --patch")
        assert OLD not in history
        assert NEW not in history

        take_key(desk)
        unsealed = json.loads(desk.type(LOOK))
        assert b64decode(unsealed["data"][names.CONFIG_KEY]) == cluster.get_secret("production").data[names.CONFIG_KEY]
        desk.type("kubectl delete sealedsecret production -n epinio --wait")
        desk.type("kubectl delete secret production -n epinio")  # no garbage collector runs here

        assert client.post("/destinations/new", typed(name="production", password=OLD)).status_code == 303
        secret = cluster.get_secret("production")
        seen = {"uid": secret.uid, "resource_version": secret.resource_version, "bundle_choice": "keep"}
        answer = client.post("/destinations/production/rotate", file(desk, NEW, **seen))
        assert ALLOW in answer.content.decode()
        keep(answer)
        asks = "kubectl get sealedsecret production -n epinio -o json"
        told = awaited(lambda: json.loads(desk.type(asks)).get("status", {}).get("conditions"))
        assert [one["status"] for one in told if one["type"] == "Synced"] == ["False"]
        assert password_of(cluster) == OLD
        desk.type("kubectl delete sealedsecret production -n epinio --wait")
        desk.type(ALLOW)
        desk.type(APPLY)
        awaited(lambda: password_of(cluster) == NEW)


def take_key(desk: Desk) -> None:
    """Leave the controller's private key where the page has it."""
    found = json.loads(desk.type("kubectl get secrets -n kube-system -o json"))["items"]
    (kept,) = (one for one in found if one["type"] == "kubernetes.io/tls")
    (desk.directory / "controller.key").write_bytes(b64decode(kept["data"]["tls.key"]))


def test_of_a_file_with_certificates_each_document_is_unsealed_as_the_page_says(
    client: Client, sealing: SealingCluster, portal: InMemoryCluster, tmp_path: Path
) -> None:
    desk = Desk(tmp_path, sealing.server.kubeconfig)
    desk.type(FETCH)
    take_key(desk)
    pem = certificate(datetime.now(UTC), days=900).decode()
    answer = client.post("/destinations/new", file(desk, OLD, name="production", bundle_text=pem))
    (desk.directory / FILE).write_bytes(answer.content)
    ca, unsealed = json.loads(desk.type(LOOK)), json.loads(desk.type(SECOND))
    assert b64decode(ca["data"][names.BUNDLE_KEY]).decode() == pem
    assert OLD in b64decode(unsealed["data"][names.CONFIG_KEY]).decode()
    assert b64decode(unsealed["data"][names.CERTS_KEY]).decode() == ca["metadata"]["name"]
    assert portal.list_secrets() == []


def test_a_file_that_kubectl_apply_refuses_for_its_size_says_how_it_is_applied(
    client: Client, sealing: SealingCluster, tmp_path: Path
) -> None:
    namespace = sealing.server.new_namespace()
    cluster = KubernetesCluster.from_kubeconfig(str(sealing.server.kubeconfig), namespace=namespace)
    desk = Desk(tmp_path, sealing.server.kubeconfig)
    desk.type(FETCH)
    path = desk.directory / FILE
    with composition.use(cluster):
        for names_of_it, is_large in ((5_000, False), (9_000, True)):
            pem = of_many_names(names_of_it)
            answer = client.post("/destinations/new", file(desk, NEW, name=f"of-{names_of_it}", bundle_text=pem))
            path.write_bytes(answer.content)
            assert (desk.run(APPLY).returncode != 0) is is_large
            assert ("kubectl apply --server-side" in answer.content.decode()) is is_large
            desk.type(f"{APPLY} --server-side --force-conflicts")
            awaited(lambda: password_of(cluster, f"of-{names_of_it}") == NEW)  # noqa: B023 - called at once
            (ca,) = (one for one in cluster.list_secrets() if one.name.startswith(f"of-{names_of_it}-ca"))
            assert ca.data[names.BUNDLE_KEY].decode() == pem


def of_many_names(count: int) -> str:
    """Return a CA certificate that is large by the names in it, as text."""
    key = ec.generate_private_key(ec.SECP256R1())
    name, now = x509.Name([]), datetime.now(UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    made = made.not_valid_before(now).not_valid_after(now + timedelta(days=900))
    made = made.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    also = [x509.DNSName(f"{number:05}.example.com") for number in range(count)]
    made = made.add_extension(x509.SubjectAlternativeName(also), critical=False)
    return made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


def blocks() -> list[Any]:
    found = re.findall(r"(?ms)^( *)```yaml\n(.*?)^\1```", Path(PAGE).read_text())
    return [yaml.safe_load(textwrap.dedent(text)) for _, text in found]


def test_the_hooks_of_the_page_stop_a_destination_that_would_fail(tmp_path: Path) -> None:
    """Those of pre-commit, GitHub Actions and GitLab CI; the Job of Argo CD runs on a node (tests/node/test_jobs.py)."""
    hook, actions, pipeline, job = blocks()
    assert job["kind"] == "Job"
    (pre_commit,) = (one["entry"] for repo in hook["repos"] for one in repo["hooks"])
    installs, kustomizes = (one["run"] for one in actions)
    (judges,) = pipeline["verdict"]["script"]
    desk = Desk(tmp_path, tmp_path / "no-cluster")
    desk.type(installs)
    assert (tmp_path / "pip.txt").read_text() == "install ./edrportal\n"
    directory = desk.directory / "destinations"
    directory.mkdir()
    (directory / "kustomization.yaml").write_text(yaml.safe_dump({"resources": ["one.yaml", "two.yaml"]}))
    two = {"apiVersion": "v1", "kind": "Secret", **world.destination("two")}
    (directory / "two.yaml").write_text(yaml.safe_dump(two))
    good = {"apiVersion": "v1", "kind": "Secret", **world.destination("good")}
    for content, passes in ((good, True), ({**good, "stringData": {}}, False)):
        (directory / "one.yaml").write_text(yaml.safe_dump(content))
        for line in (pre_commit, kustomizes, judges.replace("/app/", f"{Path.cwd()}/")):
            assert (desk.run(line).returncode == 0) is passes, line
