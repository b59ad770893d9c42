"""The portal on a node: its image built and pushed, and its chart installed, by the words of the documents."""

from __future__ import annotations

import json
import os
import re
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from edrportal import __version__
from tests.services.leaks import canary
from tests.services.node.cluster import PROJECT
from tests.services.node.controller import controller
from tests.services.node.images import Builder, builder
from tests.services.node.layout import REGISTRY
from tests.services.node.typed import command
from tests.services.node.visitor import Visitor
from tests.signin import world

if TYPE_CHECKING:
    from pathlib import Path

    from tests.services.node.cluster import Cluster

_ACCOUNT = "authentication.kubernetes.io"
INSTALL = "docs/install.md"
REPLICAS = 2
TEST = "test"
"""The component of the pod of `helm test`."""
SYSTEM_CAS = "/etc/ssl/certs/ca-certificates.crt"
PERSON = "administrator"
PASSWORD = canary("administrator on the node")
RESTRICTED = {"pod-security.kubernetes.io/enforce": "restricted", "pod-security.kubernetes.io/warn": "restricted"}
APART = (
    "BUILDAH_ISOLATION",
    "BUILDAH_LAYERS",
    "CONTAINERS_STORAGE_CONF",
    "CONTAINERS_REGISTRIES_CONF",
    "HOME",
    "TMPDIR",
)


def build(*, layers: bool = True) -> Builder:
    """Build the image as docs/install.md says, with the CAs that this machine believes. Raises parts.Missing.

    Without `layers` none that was built before is used.
    """
    made = builder()
    authorities = {"PIP_CERT": os.environ.get("PIP_CERT", SYSTEM_CAS), "SSL_CERT_FILE": SYSTEM_CAS}
    mirror = {"PIP_INDEX_URL": os.environ["PIP_INDEX_URL"]} if "PIP_INDEX_URL" in os.environ else {}
    made.run(
        *shlex.split(command(INSTALL, "make image")),
        directory=PROJECT,
        BUILDAH_LAYERS=str(layers).lower(),
        **authorities,
        **mirror,
    )
    return made


def push(cluster: Cluster, made: Builder, typed: str = "") -> None:
    """Push the image as docs/install.md says, or what is typed. Raises CommandError."""
    environment = {name: value for name, value in made.environment().items() if name in APART}
    variables = [f"{name}={value}" for name, value in environment.items()]
    cluster.run("env", *variables, *shlex.split(typed or command(INSTALL, "buildah push")), seconds=300)


@dataclass(frozen=True, slots=True)
class Release:
    """A release in a namespace with Epinio's administrator; `typed` is a directory in which documents' commands work."""

    cluster: Cluster
    namespace: str
    directory: Path

    @classmethod
    def prepared(cls, cluster: Cluster, namespace: str) -> Release:
        """Make the namespace, which enforces `restricted`, the administrator in it, and the directory."""
        labels = {**RESTRICTED, "kubernetes.io/metadata.name": namespace}
        cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace, "labels": labels}})
        user = world.user(PERSON, "admin", password=PASSWORD)
        cluster.apply({"apiVersion": "v1", "kind": "Secret", **user}, namespace=namespace)
        directory = cluster.directory / namespace
        directory.mkdir()
        (directory / "deploy").symlink_to(PROJECT / "deploy")
        (directory / "values.yaml").write_text(
            "image: {registry: registry.example.com}\nglobal: {domain: example.com}\n"
        )
        return cls(cluster, namespace, directory)

    def type(self, command: str, *, seconds: float = 300) -> str:
        """Type a command of a document, which means the namespace `epinio`; return what it prints. Raises CommandError."""
        here = re.sub(r"(--namespace|-n) epinio\b", rf"\1 {self.namespace}", command)
        return self.cluster.run("bash", "-euc", here, directory=self.directory, seconds=seconds)

    def install(self, *more: str) -> str:
        """Install as docs/install.md says, with more arguments, and wait as it says; return what Helm printed."""
        said = self.type(shlex.join([*shlex.split(command(INSTALL, "helm install")), *more]))
        self.rolled_out()
        return said

    def rolled_out(self) -> None:
        """Wait for the pods as docs/install.md says, and until the old ones are gone."""
        self.type(command(INSTALL, "kubectl rollout status"))

    def settled(self) -> None:
        """Wait for the pods, and until those that they replace are gone."""
        self.rolled_out()
        self.cluster.await_("pods are gone", lambda: len(self._pods()) == REPLICAS)

    def pods(self) -> list[str]:
        """Return the names of the pods that are not about to end."""
        return [one["metadata"]["name"] for one in self._pods() if "deletionTimestamp" not in one["metadata"]]

    def addresses(self) -> list[str]:
        """Return the addresses of the pods."""
        return [one["status"]["podIP"] for one in self._pods()]

    def ready(self) -> int:
        """Return how many pods Kubernetes holds to be ready."""
        return sum(container["ready"] for one in self._pods() for container in one["status"]["containerStatuses"])

    def ready_on(self, node: str) -> int:
        """Return how many pods that are ready a node runs."""
        conditions = [one["status"]["conditions"] for one in self._pods() if one["spec"].get("nodeName") == node]
        return sum(one["type"] == "Ready" and one["status"] == "True" for condition in conditions for one in condition)

    def containers(self) -> list[str]:
        """Return the ids of the containers."""
        return [container["containerID"] for one in self._pods() for container in one["status"]["containerStatuses"]]

    def nodes(self) -> set[str]:
        """Return the nodes that the pods are on."""
        return {one["spec"]["nodeName"] for one in self._pods()}

    def images(self) -> set[str]:
        """Return the images that the pods run."""
        return {container["image"] for one in self._pods() for container in one["spec"]["containers"]}

    def restarts(self) -> int:
        """Return how often containers were started anew."""
        return sum(
            container["restartCount"] for one in self._pods() for container in one["status"]["containerStatuses"]
        )

    def tokens(self) -> set[str]:
        """Return by which token of its ServiceAccount each pod asked the API server last, as the audit log calls them."""
        last: dict[str, str] = {}
        for line in (self.cluster.directory / "audit.log").read_text().splitlines():
            extra = json.loads(line)["user"].get("extra", {})
            if (pod := extra.get(f"{_ACCOUNT}/pod-name", [""])[0]).startswith("edrportal-"):
                last[pod] = extra[f"{_ACCOUNT}/credential-id"][0]
        return {last[pod] for pod in self.pods()}

    def _pods(self) -> list[dict[str, Any]]:
        labels = ["-l", f"app.kubernetes.io/name=edrportal,app.kubernetes.io/component!={TEST}"]
        found = self.cluster.get("pods", *labels, namespace=self.namespace)["items"]
        return [one for one in found if one["status"]["phase"] not in {"Succeeded", "Failed"}]

    @staticmethod
    def image(tag: str = __version__) -> str:
        """Return the image's name, with another tag if given."""
        return f"{REGISTRY}/edrportal:{tag}"

    def push(self, made: Builder, image: str) -> None:
        """Push another image of the builder's store."""
        push(self.cluster, made, f"buildah push {image}")

    def stranger(self) -> Visitor:
        """Return somebody behind an ingress controller, who has not signed in."""
        spec = self.cluster.get("service", "edrportal", namespace=self.namespace)["spec"]
        return Visitor(controller(self.cluster), f"http://{spec['clusterIP']}:{spec['ports'][0]['port']}")

    def visitor(self) -> Visitor:
        """Return somebody behind an ingress controller, who has signed in."""
        made = self.stranger()
        made.sign_in(PERSON, PASSWORD)
        return made
