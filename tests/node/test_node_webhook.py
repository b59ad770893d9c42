"""Warnings at `kubectl apply`: the API server asks the portal through its ClusterIP."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from destinations import names
from tests.services.node.release import Release
from tests.signin import world

if TYPE_CHECKING:
    from tests.services.node.cluster import Cluster


@pytest.mark.usefixtures("image")
def test_whoever_applies_a_destination_is_warned_at_once(node: Cluster) -> None:
    release = Release.prepared(node, "warned")
    release.install("--set", "webhook.enabled=true")
    bad = {"apiVersion": "v1", "kind": "Secret", **world.destination("harbor")}
    bad["metadata"] = {**bad["metadata"], "annotations": {}}

    def apply() -> str:
        where = ["apply", "-n", release.namespace, "--dry-run=server", "-f", "-"]
        return node.kubectl_says(*where, stdin=json.dumps(bad))

    said: list[str] = []

    def warns() -> bool:
        said.append(apply())
        return "Warning: " in said[-1]

    node.await_("the API server knows the webhook", warns)
    assert "'harbor'" in said[-1]
    assert names.ORGANIZATION_ANNOTATION in said[-1]
    node.kubectl("delete", "namespace", release.namespace, "--wait=false")
