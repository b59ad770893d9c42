"""Every command of README and docs, typed as written into a shell in a fresh clone, on a real API server.

The packages are there already, and docker and aws only note what they are called with.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import urllib.error
import urllib.request
from base64 import b64encode
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from destinations import names
from destinations.model import Credentials
from destinations.secret import docker_config
from tests.services.apiserver import api_server
from tests.services.leaks import canary
from tests.services.parts import HELM, KUBECTL, Missing, program
from tests.services.processes import free_port, running

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.cluster
PASSWORD = canary("typed", special=False)
NAMESPACE = "epinio"
NOT_CLONED = shutil.ignore_patterns(
    ".git", ".venv", "*_cache", "__pycache__", ".hypothesis", "staticfiles", ".coverage*"
)


def commands(document: str) -> list[str]:
    """Return the indented lines of a document outside of fenced blocks: what it tells people to type."""
    text = re.sub(r"(?ms)^ *```.*?^ *```", "", Path(document).read_text())
    return re.findall(r"(?m)^(?: {4}| {7})([a-z.].*)$", text)


@dataclass(frozen=True)
class Shell:
    """A shell in a fresh clone, where nothing is activated or set but KUBECONFIG and PORT."""

    clone: Path
    path: str
    kubeconfig: Path
    port: int

    @property
    def environment(self) -> dict[str, str]:
        home = str(self.clone.parent)
        return {"PATH": self.path, "HOME": home, "KUBECONFIG": str(self.kubeconfig), "PORT": str(self.port)}

    def type(self, line: str) -> subprocess.CompletedProcess[str]:
        """Type a line and wait for its end."""
        ran = subprocess.run(
            ["sh", "-c", line],
            cwd=self.clone,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert "Traceback" not in ran.stderr
        return ran

    def answers(self) -> bool:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=1).close()
        except (urllib.error.URLError, OSError):
            return False
        return True


def destination(name: str) -> dict[str, Any]:
    """Return a destination on loopback, which a check never asks."""
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": name,
            "labels": {names.REGISTRY_LABEL: "true"},
            "annotations": {names.ORGANIZATION_ANNOTATION: "team"},
        },
        "data": {
            names.CONFIG_KEY: b64encode(docker_config.new("127.0.0.1:5000", Credentials("AWS", PASSWORD))).decode()
        },
    }


def script(path: Path, text: str) -> None:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    directory = tmp_path_factory.mktemp("typed")
    clone, programs = directory / "clone", directory / "bin"
    shutil.copytree(".", clone, ignore=NOT_CLONED)
    programs.mkdir()
    script(programs / "docker", f'echo "$@" >> {directory}/docker.txt')
    script(programs / "aws", f"echo {PASSWORD}")
    python = clone / ".venv" / "bin" / "python"
    script(programs / "edrportal", f'PYTHONPATH={clone} exec {python} -c "from edrportal.cli import main; main()" "$@"')
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", python.parent.parent], check=True)
    (installed,) = (clone / ".venv" / "lib").glob("python*/site-packages")
    (installed / "packages.pth").write_text(sysconfig.get_paths()["purelib"])
    (clone / ".venv" / "run").touch()
    try:
        (programs / "kubectl").symlink_to(program(KUBECTL))
        (programs / "helm").symlink_to(program(HELM))
        with api_server(directory) as server:
            server.request("POST", "/api/v1/namespaces", {"metadata": {"name": NAMESPACE}})
            server.request("POST", f"/api/v1/namespaces/{NAMESPACE}/secrets", destination("production"))
            yield Shell(clone, f"{programs}:/usr/local/bin:/usr/bin:/bin", server.kubeconfig, free_port())
    except Missing as error:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(str(error))


SERVES = ("make demo", "make run")
JUDGES = {"kubectl get secrets -n epinio -o json | .venv/bin/python manage.py verdict": 0,
          "kubectl get secrets -n epinio -o json | edrportal verdict": 0,
          "kubectl get secrets -n epinio -o json | edrportal verdict --format json": 0,
          "edrportal verdict --format json destinations/*.yaml": 0,
          ".venv/bin/python manage.py livecheck --all": 0,
          "edrportal livecheck --all --fail-on unknown --format json": 1}  # fmt: skip
BUILDS = (
    "make image IMAGE=registry.example.com/edrportal:0.1.0",
    "docker push registry.example.com/edrportal:0.1.0",
    "make image IMAGE=registry.example.com/mirror/edrportal:0.1.0",
    "docker save registry.example.com/mirror/edrportal:0.1.0 > edrportal.tar",
    "docker load < edrportal.tar",
    "docker push registry.example.com/mirror/edrportal:0.1.0",
)
ROTATES = "aws ecr get-login-password | edrportal rotate production --username AWS --password-stdin"
RELEASES = (
    (
        "helm install edrportal deploy/chart --namespace epinio --set image.registry=registry.example.com"
        " --set global.domain=example.com"
    ),
    "kubectl create secret generic edrportal-oidc --namespace epinio --from-literal=client-secret=…",
    (
        "helm upgrade edrportal deploy/chart --namespace epinio --reuse-values --set oidc.clientId=edrportal"
        " --set oidc.existingSecret=edrportal-oidc"
    ),
    "helm upgrade edrportal deploy/chart --namespace epinio --values values.yaml",
    (
        "helm upgrade edrportal deploy/chart --namespace epinio --reuse-values"
        " --set optional.sealedSecretsController=kube-system/sealed-secrets-controller"
    ),
    "kubectl rollout restart deployment/edrportal --namespace epinio",
    "helm uninstall edrportal --namespace epinio",
    "kubectl delete configmap edrportal-sessions edrportal-teams edrportal-checks --namespace epinio",
    "kubectl delete secret edrportal-key --namespace epinio",
    "kubectl delete pod edrportal-test --namespace epinio --ignore-not-found",
    "helm install edrportal deploy/chart --namespace epinio --values values.yaml",
)
"""In this order."""
_SEALING = "a sealed-secrets controller: tests/gitops/test_documented.py"
NEEDS_MORE = {
    "epinio app export --registry NAME APP": "Epinio",
    "kubectl rollout status deployment/edrportal --namespace epinio": "a node",
    "helm test edrportal --namespace epinio": "a node",
    "buildah push registry.example.com/edrportal:0.1.0": "a node",
    "podman push registry.example.com/edrportal:0.1.0": "podman",
    "kubectl port-forward -n epinio svc/edrportal 8080:80": "a node",
    "kubeseal --fetch-cert > controller.pem": _SEALING,
    "git add production.sealed.yaml": _SEALING,
    'git commit --message "Add the destination production"': _SEALING,
    "kubectl apply --filename production.sealed.yaml": _SEALING,
    "kubectl annotate secret production -n epinio sealedsecrets.bitnami.com/managed=true": _SEALING,
    "kubeseal --recovery-unseal --recovery-private-key controller.key < production.sealed.yaml": _SEALING,
    "awk '/^---/ {n++} n != 1' production.sealed.yaml | kubeseal --recovery-unseal --recovery-private-key controller.key": (
        _SEALING
    ),
}
DOCUMENTS = ["README.md", *sorted(map(str, Path("docs").glob("*.md")))]


def test_every_command_of_the_documents_is_typed_here() -> None:
    typed = {*SERVES, *JUDGES, *BUILDS, *RELEASES, ROTATES, "make venv"}
    written = {line for document in DOCUMENTS for line in commands(document)}
    assert written - typed == set(NEEDS_MORE)
    assert typed <= written


def test_the_virtual_environment_is_made(shell: Shell) -> None:
    ran = shell.type("make venv")
    assert (ran.returncode, ran.stderr) == (0, "")


@pytest.mark.parametrize("line", SERVES)
def test_the_portal_is_served(shell: Shell, line: str, tmp_path: Path) -> None:
    shell = replace(shell, port=free_port())  # taken only now: other tests look for free ones, too
    command = ["env", "-i", "-C", str(shell.clone), *map("=".join, shell.environment.items()), *line.split()]
    with running(command, log=tmp_path / "serve.log", ready=shell.answers, seconds=60):
        page = urllib.request.urlopen(f"http://127.0.0.1:{shell.port}/signin", timeout=10).read().decode()
    assert "<form" in page
    assert ('value="administrator"' in page) == (line == "make demo")


@pytest.mark.parametrize(("line", "status"), JUDGES.items())
def test_destinations_are_judged_and_checked(shell: Shell, line: str, status: int) -> None:
    own = shell.clone / "destinations" / "own.yaml"
    own.write_text(json.dumps(destination("production")))
    ran = shell.type(line)
    own.unlink()
    assert (ran.returncode, "production" in ran.stdout) == (status, True), ran.stderr
    assert PASSWORD not in ran.stdout + ran.stderr


def test_an_image_is_built_carried_over_and_pushed(shell: Shell) -> None:
    assert [line for line in BUILDS if shell.type(line).returncode] == []
    called = (shell.clone.parent / "docker.txt").read_text().splitlines()
    builds = [line for line in called if line.startswith("build ")]
    assert [line.partition("--tag ")[2] for line in builds] == [
        f"{line.partition('=')[2]} ." for line in BUILDS if "IMAGE=" in line
    ]
    assert called[-1] == "push registry.example.com/mirror/edrportal:0.1.0"


def test_a_destination_is_rotated(shell: Shell) -> None:
    ran = shell.type(ROTATES)
    assert ran.returncode == 0, ran.stderr
    assert "production" in ran.stdout


def test_the_portal_is_installed_upgraded_and_removed(shell: Shell) -> None:
    values = {"image": {"registry": "registry.example.com"}, "global": {"domain": "example.com"}, "replicaCount": 3}
    (shell.clone / "values.yaml").write_text(json.dumps(values))
    for line in RELEASES:
        ran = shell.type(line)
        assert ran.returncode == 0, (line, ran.stderr)
