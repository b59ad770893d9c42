"""docs/install.md, followed from its first line to its last: its commands in their order."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.services.node.forwarding import forwarded
from tests.services.node.release import INSTALL, PASSWORD, PERSON, Release, build, push
from tests.services.node.typed import commands
from tests.services.node.visitor import Visitor

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.services.node.cluster import Cluster

OTHER_BUILDERS = ("docker ", "podman ")
"""The document has the same line for buildah, which is typed instead."""
URL = "http://localhost:8080"


def sign_in_through_the_forwarded_port(release: Release, line: str) -> None:
    here = line.replace("-n epinio", f"-n {release.namespace}")
    with forwarded(release.cluster, here):
        Visitor(release.cluster.first.machine.init, URL, {"Host": "localhost:8080", "Origin": URL}).sign_in(
            PERSON, PASSWORD
        )


@pytest.fixture(scope="module")
def guided(node: Cluster, image: object) -> Iterator[Release]:
    """A namespace in which nobody has installed anything yet."""
    del image  # built once, so that its layers are there
    release = Release.prepared(node, "guided")
    yield release
    node.kubectl("delete", "namespace", release.namespace, "--wait=false")


def test_the_commands_of_install_lead_from_a_clone_to_a_signed_in_person(guided: Release) -> None:
    lines = commands(INSTALL)
    assert len(lines) > 6
    tools = dict.fromkeys(line.split()[0] for line in lines)
    assert list(tools)[:4] == ["make", "docker", "helm", "kubectl"]
    for line in lines:
        if line.startswith("make image"):
            made = build()
        elif line.startswith(OTHER_BUILDERS):
            assert re.sub(r"^\w+", "buildah", line) in lines
            push(guided.cluster, made, re.sub(r"^\w+", "buildah", line))
        elif line.startswith("buildah"):
            push(guided.cluster, made, line)
        elif line.startswith("kubectl port-forward"):
            sign_in_through_the_forwarded_port(guided, line)
        else:
            said = guided.type(line)
            assert "would violate" not in said
