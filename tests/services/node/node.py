"""A node of a cluster: its machine, its settings, and those of its processes that run."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tests.services.node import components, settings
from tests.services.node.images import pause_archive
from tests.services.node.layout import API, API_SERVICE, FIRST_ADDRESS, NAMES, REGISTRY, SERVICES, Layout
from tests.services.node.namespaces import Machine, machine
from tests.services.node.network import status
from tests.services.node.packages import packages
from tests.services.node.parts import ALL
from tests.services.node.pki import Authority
from tests.services.parts import program
from tests.services.processes import running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.services.node.components import Component

_AUDIT_POLICY = """\
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules: [{level: Metadata}]
"""


@dataclass(slots=True)
class Node:
    """A node, and those of its processes that run."""

    layout: Layout
    machine: Machine
    _processes: dict[str, ExitStack] = field(default_factory=dict)

    def start(self, component: Component, ready: Callable[[], bool] = lambda: True) -> None:
        """Start a process and wait until it is ready. Raises RuntimeError with the end of its log."""
        stack = ExitStack()
        log = self.layout.directory / f"{component.name}.log"
        command = self.machine.inside(component.command)
        stack.enter_context(running(command, log=log, ready=ready, seconds=180))
        self._processes[component.name] = stack

    def stop(self, name: str) -> None:
        """Kill a process."""
        self._processes.pop(name).close()

    def restart_kubelet(self) -> None:
        """Start the kubelet anew: it asks for new tokens of all ServiceAccounts, and no pod is touched."""
        self.stop("kubelet")
        self.start(components.kubelet(self.layout))

    def stop_all(self) -> None:
        """Kill every process, the latest first."""
        while self._processes:
            self._processes.popitem()[1].close()


def prepare(layout: Layout) -> Authority:
    """Write what all nodes share."""
    for place in (layout.pki, layout.shared / "bin", layout.shared / "home"):
        place.mkdir()
    for part in ALL:
        (layout.shared / "bin" / part.name).symlink_to(program(part))
    (layout.shared / "audit-policy.yaml").write_text(_AUDIT_POLICY)
    authority = Authority.new(layout.pki)
    services = ["kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"]
    authority.issue(
        "apiserver", "kube-apiserver", names=[FIRST_ADDRESS, "127.0.0.1", API_SERVICE, "localhost", *services]
    )
    authority.issue("apiserver-kubelet", "kube-apiserver-kubelet-client", group="system:masters")
    authority.kubeconfig("admin", API, "admin", group="system:masters")
    for name in ("controller-manager", "scheduler", "proxy"):
        authority.kubeconfig(name, API, f"system:kube-{name}")
    certificate, key = authority.issue("registry", REGISTRY, names=list(NAMES))
    config = {
        "version": "0.1",
        "log": {"level": "error", "accesslog": {"disabled": True}},
        "storage": {"filesystem": {"rootdirectory": "/run/node/registry"}},
        "http": {
            "addr": f"{FIRST_ADDRESS}:443",
            "secret": "tests",
            "tls": {"certificate": str(certificate), "key": str(key)},
        },
    }
    (layout.shared / "registry.json").write_text(json.dumps(config))
    return authority


@contextmanager
def node_on(layout: Layout, authority: Authority) -> Iterator[Node]:
    """Make a machine and the settings of a node on it; end everything with the block."""
    layout.directory.mkdir(exist_ok=True)
    authority.issue(
        layout.name, f"system:node:{layout.name}", group="system:nodes", names=[layout.name, layout.address]
    )
    authority.kubeconfig(layout.name, API, f"system:node:{layout.name}", group="system:nodes")
    unpacked = packages()
    environment = unpacked.environment()
    environment |= {
        "PATH": f"{layout.shared / 'bin'}{os.pathsep}{environment['PATH']}",
        "HOME": str(layout.shared / "home"),
        "KUBECONFIG": str(layout.pki / "admin.kubeconfig"),
        "SSL_CERT_FILE": str(authority.certificate),
        "LANG": "C.UTF-8",
    }
    hosts = {"127.0.0.1": "localhost", "10.66.0.1": f"node1 {' '.join(NAMES)}", "10.66.0.2": "node2"}
    given = {
        "NODE_ADDRESS": layout.address,
        "NODE_SERVICES": SERVICES,
        "NODE_DNS": FIRST_ADDRESS,
        "NODE_HOSTS": "".join(f"{address} {names}\\n" for address, names in hosts.items()),
    }
    with machine(layout.name, layout.directory, environment, given) as made:
        settings.write(layout, runc=unpacked.program("runc"), plugins=unpacked.plugins(), cgroup=made.cgroup)
        node = Node(layout, made)
        try:
            yield node
        finally:
            node.stop_all()


def start_control_plane(node: Node, only: str = "") -> None:
    """Start etcd and the API server, or the one of them that was stopped; return when the API server answers."""
    layout, init = node.layout, node.machine.init
    if only != "kube-apiserver":
        node.start(components.etcd(), lambda: status(init, "http://127.0.0.1:2379/health") == 200)
    if only != "etcd":
        node.start(components.api_server(layout))
    deadline = time.monotonic() + 180
    while status(init, f"{API}/readyz", ca=layout.pki / "ca.crt") != 200:
        if time.monotonic() > deadline:
            raise RuntimeError((layout.directory / "kube-apiserver.log").read_text()[-2000:])
        time.sleep(0.1)


def start_registry(node: Node) -> None:
    ca = node.layout.pki / "ca.crt"
    url = f"https://{FIRST_ADDRESS}/v2/"
    node.start(components.registry(node.layout), lambda: status(node.machine.init, url, ca=ca, name=REGISTRY) == 200)


def start_node(node: Node) -> None:
    """Start what makes a machine a node."""
    layout = node.layout
    socket = Path(f"/proc/{node.machine.init}/root/run/containerd/containerd.sock")
    node.start(components.containerd(layout), socket.exists)
    archive = layout.directory / "pause.tar"
    pause_archive(archive)
    subprocess.run(
        node.machine.inside(["ctr", "--namespace", "k8s.io", "images", "import", "--local", str(archive)]),
        check=True,
        capture_output=True,
        timeout=60,
    )
    for component in (components.kubelet, components.proxy):
        node.start(component(layout))


def enforce_policies(node: Node) -> None:
    """Start what enforces NetworkPolicies, on a node that the API server knows; return when it does."""
    ruleset = node.machine.inside(["nft", "list", "ruleset"])

    def acts() -> bool:
        return b"KUBE-ROUTER-FORWARD" in subprocess.run(ruleset, capture_output=True, check=False, timeout=20).stdout

    node.start(components.router(node.layout), acts)


def connect(first: Node, second: Node) -> None:
    """Lay a cable between two machines, and tell each where the other's pods are."""
    names = ("cable1", "cable2")
    enter = ["nsenter", "-t", str(first.machine.init), "-n"]
    commands = [
        [*enter, "ip", "link", "add", names[0], "type", "veth", "peer", names[1], "netns", str(second.machine.init)]
    ]
    commands.append([*enter, "ip", "neighbour", "flush", "nud", "permanent"])  # of one that was cut off
    for node, other, name in ((first, second, names[0]), (second, first, names[1])):
        inside = ["nsenter", "-t", str(node.machine.init), "-n", "ip"]
        commands.append([*inside, "link", "set", name, "master", "br0", "up"])
        commands.append([*inside, "route", "replace", other.layout.pods, "via", other.layout.address])
    for command in commands:
        subprocess.run(command, check=True, capture_output=True, timeout=10)


def disconnect(first: Node, second: Layout) -> None:
    """Take the cable to a second machine away, with what `cut_power` told the first one about its address."""
    enter = ["nsenter", "-t", str(first.machine.init), "-n", "ip"]
    for command in (["link", "del", "cable1"], ["neighbour", "del", second.address, "dev", "br0"]):
        subprocess.run([*enter, *command], check=False, capture_output=True, timeout=10)  # it may be gone already


def cut_power(first: Node, second: Node) -> None:
    """End the second machine as a power cut does: no packet leaves it any more, and none that goes there is refused.

    The first machine keeps its link-layer address, as a router in between does: whoever connects to it hears nothing at all.
    """
    enter = ["nsenter", "-t", str(first.machine.init), "-n", "ip"]
    address = Path(f"/proc/{second.machine.init}/root/sys/class/net/br0/address").read_text(encoding="ascii").strip()
    where = [second.layout.address, "lladdr", address, "dev", "br0", "nud", "permanent"]
    for command in ([*enter, "neighbour", "replace", *where], [*enter, "link", "set", "cable1", "down"]):
        subprocess.run(command, check=True, capture_output=True, timeout=10)
    os.kill(second.machine.init, signal.SIGKILL)
