"""What kubectl shows after the portal wrote: what Epinio's documentation asks for."""

from __future__ import annotations

import subprocess
from base64 import b64decode
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from destinations import actions, names
from destinations.actions import Change, Rotation, Seen
from destinations.model import Credentials, Draft
from edrportal.demo.cluster import certificate
from tests.services.parts import KUBECTL, program

if TYPE_CHECKING:
    from destinations.cluster.kube.adapter import KubernetesCluster
    from tests.services.apiserver import ApiServer

pytestmark = pytest.mark.cluster
NOW = datetime.now(UTC)


def test_kubectl_shows_what_was_added_rotated_and_deleted(
    api_server: ApiServer, kubernetes_cluster: KubernetesCluster
) -> None:
    def kubectl(*arguments: str) -> Any:
        command = [str(program(KUBECTL)), f"--kubeconfig={api_server.kubeconfig}", "-n", kubernetes_cluster.namespace]
        done = subprocess.run([*command, *arguments], capture_output=True, text=True, check=True)
        return yaml.safe_load(done.stdout)

    pem = certificate(NOW, days=300)
    draft = Draft("one", "registry.example.com", "team", Credentials("robot", "päss"), bundle=pem)
    actions.add(kubernetes_cluster, draft, Change("w" * 20, "somebody", NOW))
    shown = kubectl("get", "secret", "one", "-o", "yaml")
    assert shown["type"] == "Opaque"
    assert shown["metadata"]["labels"] == {names.REGISTRY_LABEL: "true", names.MANAGED_BY_LABEL: "edrportal"}
    assert shown["metadata"]["annotations"][names.ORGANIZATION_ANNOTATION] == "team"
    assert b64decode(shown["data"][names.CONFIG_KEY]).decode() == (
        '{"auths":{"registry.example.com":{"auth":"cm9ib3Q6cMOkc3M=","username":"robot","password":"päss"}}}'
    )
    bundle = kubectl("get", "secret", b64decode(shown["data"]["certs"]).decode(), "-o", "yaml")
    assert {key: b64decode(value) for key, value in bundle["data"].items()} == {"tls.crt": pem}

    seen = Seen(shown["metadata"]["uid"], shown["metadata"]["resourceVersion"])
    rotation = Rotation("robot2", "second", b"")
    actions.rotate(kubernetes_cluster, "one", rotation, seen=seen, change=Change("x" * 20, "somebody", NOW))
    after = kubectl("get", "secret", "one", "-o", "yaml")
    assert set(after["data"]) == {names.CONFIG_KEY}
    assert b64decode(after["data"][names.CONFIG_KEY]).decode() == (
        '{"auths":{"registry.example.com":{"auth":"cm9ib3QyOnNlY29uZA==","username":"robot2","password":"second"}}}'
    )
    assert after["metadata"]["uid"] == shown["metadata"]["uid"]

    seen = Seen(after["metadata"]["uid"], after["metadata"]["resourceVersion"])
    actions.delete(kubernetes_cluster, "one", seen=seen)
    assert "one" not in [item["metadata"]["name"] for item in kubectl("get", "secrets", "-o", "yaml")["items"]]
