"""A real node, on which the portal runs as Pods: the whole room is skipped where no node can be, and runs beside no other."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.services.node.cluster import PROJECT, Cluster, cluster
from tests.services.node.host import Host, inhabitants, process_namespace
from tests.services.node.layout import NODES, PODS, SERVICES
from tests.services.node.namespaces import cgroups, lacking
from tests.services.node.release import Release, build, push
from tests.services.parts import Missing

HERE = Path(__file__).parent
ENDLESS = 900
"""Seconds after which a test hangs: the first one builds the image."""
LOOPBACK = ("127.0.0.0/8", "::1", "localhost")

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.services.node.images import Builder


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let these tests reach the addresses of a node, which are in its own network alone, and give them time."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.allow_hosts([*LOOPBACK, NODES, SERVICES, PODS]))
            item.add_marker(pytest.mark.timeout(ENDLESS))


@pytest.fixture(scope="session")
def node() -> Iterator[Cluster]:
    """A cluster of one node, of which nothing is left afterwards."""
    try:
        if reason := lacking():
            raise Missing(reason)  # noqa: TRY301 - told as what is found missing later
        before = Host.now()
        with cluster() as made:
            namespace = process_namespace(made.first.machine.init)
            yield made
    except Missing as error:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(str(error))
    assert not inhabitants([namespace])
    assert not [path for path in cgroups() if path.name == made.first.machine.cgroup]
    assert not made.directory.exists()
    assert Host.now() == before


@pytest.fixture(scope="session")
def revision() -> str:
    """The commit that the image is built from."""
    asked = ["git", "rev-parse", "HEAD"]
    return subprocess.run(asked, cwd=PROJECT, capture_output=True, text=True, check=False).stdout.strip()


@pytest.fixture(scope="session")
def image(node: Cluster, revision: str) -> Builder:
    """The image, built from the Dockerfile and pushed to the registry of the documents."""
    del revision  # noted before
    made = build()
    push(node, made)
    return made


@pytest.fixture(scope="session")
def release(node: Cluster, image: Builder) -> Release:
    """The portal, installed as docs/install.md says, in a namespace that enforces `restricted`."""
    del image  # pushed
    made = Release.prepared(node, "epinio")
    said = made.install()
    assert "would violate PodSecurity" not in said
    return made
