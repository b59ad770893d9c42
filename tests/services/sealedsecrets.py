"""The real sealed-secrets controller on loopback, for a real API server that reaches it as it reaches a Pod."""

from __future__ import annotations

import os
import shlex
import urllib.error
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import yaml

from destinations.cluster.services import ServiceAddress
from tests.services.apiserver import ApiServer, api_server
from tests.services.egress import Egress, egress
from tests.services.parts import SEALED_SECRETS, program, source
from tests.services.processes import free_port, running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CONTROLLER = ServiceAddress("kube-system", "sealed-secrets-controller")
"""Where the controller's own manifest puts it."""
_MODULE = "github.com/bitnami-labs/sealed-secrets"
_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"


@dataclass(frozen=True, slots=True)
class SealingCluster:
    """A real API server, the way from it to Pods, and the port of the controller on loopback."""

    server: ApiServer
    egress: Egress
    port: int


@contextmanager
def sealing_cluster(directory: Path) -> Iterator[SealingCluster]:
    """Run all of it for as long as the block lasts, with the controller's own CRD. Raises parts.Missing."""
    binary = program(SEALED_SECRETS)
    definition = source(SEALED_SECRETS, _MODULE) / "helm" / "sealed-secrets" / "crds" / "bitnami.com_sealedsecrets.yaml"
    with egress(directory) as way, api_server(directory, way.flag) as server:
        crd = yaml.safe_load(definition.read_text())
        server.request("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", crd)
        port = free_port()
        command = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"]), "sh", "-ec"]
        script = _as_in_a_pod(server, directory, [str(binary), *_flags(port)])
        with running(
            [*command, script], log=directory / "controller.log", ready=lambda: _is_healthy(port), seconds=120
        ):
            way.serve(server, CONTROLLER, port)
            yield SealingCluster(server, way, port)


def _flags(port: int) -> list[str]:
    here = "127.0.0.1"
    return [f"--listen-addr={here}:{port}", f"--listen-metrics-addr={here}:{free_port()}", "--key-size=2048"]


def _as_in_a_pod(server: ApiServer, directory: Path, command: list[str]) -> str:
    """Return a script that runs a command where a ServiceAccount's files are, seen by it alone."""
    (directory / "token").write_text(server.token)
    (directory / "token").chmod(0o600)
    address = urlsplit(server.url)
    lines = [
        "mount -t tmpfs tmpfs /var/run",
        f"mkdir -p {_ACCOUNT}",
        f"cp {shlex.quote(str(directory / 'token'))} {_ACCOUNT}/token",
        f"cp {shlex.quote(str(server.ca))} {_ACCOUNT}/ca.crt",
        f"export KUBERNETES_SERVICE_HOST={address.hostname} KUBERNETES_SERVICE_PORT={address.port}",
        f"export POD_NAMESPACE={CONTROLLER.namespace}",
        f"exec {shlex.join(command)}",
    ]
    return "\n".join(lines)


def _is_healthy(port: int) -> bool:
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/v1/cert.pem", timeout=2).close()
    except (urllib.error.URLError, OSError):
        return False
    return True
