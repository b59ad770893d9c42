"""A Kubernetes cluster on which Pods run: one node, or two, each on a machine of its own (see namespaces.py)."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.services.node import components
from tests.services.node.layout import Layout
from tests.services.node.namespaces import own_directory
from tests.services.node.network import network_of
from tests.services.node.node import (
    Node,
    connect,
    disconnect,
    enforce_policies,
    node_on,
    prepare,
    start_control_plane,
    start_node,
    start_registry,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.services.node.pki import Authority

PROJECT = Path(__file__).parents[3]


class CommandError(Exception):
    """A command on the node failed; the text is what it printed."""


@dataclass(slots=True)
class Cluster:
    """A cluster of one node at first. Whatever is asked of it is asked on that node, as an administrator."""

    directory: Path
    authority: Authority
    first: Node

    @property
    def kubeconfig(self) -> Path:
        """An administrator's; its server is reached on the nodes alone."""
        return self.first.layout.pki / "admin.kubeconfig"

    def run(self, *command: str, stdin: str = "", seconds: float = 120, directory: Path = PROJECT) -> str:
        """Run a command, in the project's directory; return what it printed. Raises CommandError."""
        done = subprocess.run(
            self.first.machine.inside(command, directory=directory),
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=seconds,
        )
        if done.returncode:
            raise CommandError(f"{' '.join(command)[:300]}: {done.stdout[-4000:]}{done.stderr[-4000:]}")
        return done.stdout

    def kubectl(self, *arguments: str, stdin: str = "", seconds: float = 120) -> str:
        """Run kubectl; return what it printed. Raises CommandError."""
        return self.run("kubectl", *arguments, stdin=stdin, seconds=seconds)

    def kubectl_says(self, *arguments: str, stdin: str = "") -> str:
        """Run kubectl; return what it printed with its warnings. Raises CommandError."""
        return self.run("sh", "-c", 'exec kubectl "$@" 2>&1', "kubectl", *arguments, stdin=stdin)

    def apply(self, *objects: dict[str, Any], namespace: str = "") -> None:
        """Apply objects, into a namespace where they name none."""
        where = ["-n", namespace] if namespace else []
        self.kubectl("apply", *where, "-f", "-", stdin="\n---\n".join(json.dumps(one) for one in objects))

    def get(self, *what: str, namespace: str = "default") -> Any:
        """Return an object, or a list of them, by its kind and name."""
        return json.loads(self.kubectl("get", "-n", namespace, "-o", "json", *what))

    def network(self) -> Any:
        """Return a context in which this thread opens its sockets on the first node."""
        return network_of(self.first.machine.init)

    @contextmanager
    def without(self, component: str) -> Iterator[None]:
        """Have the API server or etcd away until the block ends, and answer again then."""
        self.first.stop(component)
        try:
            yield
        finally:
            start_control_plane(self.first, component)

    @contextmanager
    def second(self) -> Iterator[Node]:
        """Add a second node until the block ends."""
        layout = Layout(2, self.directory)
        shutil.rmtree(layout.directory, ignore_errors=True)  # of an earlier second node
        with node_on(layout, self.authority) as node:
            connect(self.first, node)
            start_node(node)
            self._await_ready(layout.name)
            enforce_policies(node)
            try:
                yield node
            finally:
                node.stop("kubelet")  # else it would make itself known again
                self.kubectl("delete", "node", layout.name)
                disconnect(self.first, layout)

    def await_(self, what: str, fulfilled: Callable[[], bool], *, seconds: float = 180, every: float = 0.2) -> float:
        """Wait until something is so; return how many seconds that took. Raises TimeoutError."""
        began = time.monotonic()
        while not fulfilled():
            if time.monotonic() - began > seconds:
                raise TimeoutError(f"{what}: not within {seconds:g} s")
            time.sleep(every)
        return time.monotonic() - began

    def _await_ready(self, name: str) -> None:
        def ready() -> bool:
            found = [one for one in self.get("nodes")["items"] if one["metadata"]["name"] == name]
            return any(
                one["type"] == "Ready" and one["status"] == "True"
                for node in found
                for one in node["status"]["conditions"]
            )

        self.await_(f"{name} ready", ready)


@contextmanager
def cluster() -> Iterator[Cluster]:
    """Run a cluster of one node until the block ends. Raises parts.Missing."""
    with own_directory() as made:
        directory = Path(made)
        layout = Layout(1, directory)
        authority = prepare(layout)
        with node_on(layout, authority) as node:
            start_control_plane(node)
            start_registry(node)
            start_node(node)
            started = Cluster(directory, authority, node)
            _start_services(started)
            yield started


def _start_services(started: Cluster) -> None:
    """Start what a cluster has once, and wait until pods can be made."""
    layout = started.first.layout
    for component in (components.controller_manager, components.scheduler, components.name_server):
        started.first.start(component(layout))
    started.apply(*components.dns_objects(), namespace="kube-system")
    started._await_ready(layout.name)  # noqa: SLF001 - a part of it
    enforce_policies(started.first)
    started.await_("a ServiceAccount", lambda: bool(started.get("serviceaccounts")["items"]))
