"""Where things are on a node: addresses, names and files, as its parts and the tests agree on them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

NODES = "10.66.0.0/24"
SERVICES = "10.96.0.0/16"
API_SERVICE = "10.96.0.1"
DNS_SERVICE = "10.96.0.10"
PODS = "10.244.0.0/16"
REGISTRY = "registry.example.com"
"""The registry that the documents push to and pull from: it runs on the first node."""
MIRRORED = ("public.ecr.aws",)
"""Registries of the documents that images are pulled from; the tests' registry holds stand-ins of them."""
PAUSE_IMAGE = f"{REGISTRY}/pause:1"
STATE = Path("/run/node")
"""In the node's own memory: containers, pods and volumes, which end with it."""


@dataclass(frozen=True, slots=True)
class Layout:
    """One node: its number, from 1, and the directory on the host that all nodes of a cluster share."""

    index: int
    shared: Path

    @property
    def name(self) -> str:
        """The node's name, and that of its machine."""
        return f"node{self.index}"

    @property
    def address(self) -> str:
        """The address of the machine."""
        return f"10.66.0.{self.index}"

    @property
    def pods(self) -> str:
        """The range of its pods."""
        return f"10.244.{self.index}.0/24"

    @property
    def directory(self) -> Path:
        """Where its settings and logs are on the host."""
        return self.shared / self.name

    @property
    def pki(self) -> Path:
        """Where certificates and kubeconfigs are."""
        return self.shared / "pki"


FIRST_ADDRESS = Layout(1, Path()).address
API = f"https://{FIRST_ADDRESS}:6443"
NAMES = {REGISTRY: FIRST_ADDRESS, **dict.fromkeys(MIRRORED, FIRST_ADDRESS)}
