"""The CronJob and the Job that the documents show, word by word, in namespaces that enforce `restricted`."""

from __future__ import annotations

import json
from base64 import b64decode
from typing import TYPE_CHECKING, Any

from destinations import names
from tests.services.leaks import canary
from tests.services.node.images import BASE
from tests.services.node.layout import REGISTRY
from tests.services.node.release import RESTRICTED
from tests.services.node.typed import manifest
from tests.signin import world

if TYPE_CHECKING:
    from tests.services.node.cluster import Cluster
    from tests.services.node.images import Builder
    from tests.services.node.release import Release

ECR = "123456789012.dkr.ecr.eu-central-1.amazonaws.com"
STAND_IN = """#!/bin/sh
# Answers as the AWS CLI does, and needs a home to write to as that does.
mkdir -p "$HOME/.aws/cli/cache" || exit 1
[ "$*" = "ecr get-login-password" ] && cat /token-of-the-stand-in
"""


def stood_in(release: Release, image: Builder, token: str) -> None:
    """Push a stand-in for the AWS CLI, which runs as root unless told otherwise, as theirs does."""
    name = f"{REGISTRY}/aws-cli/aws-cli"
    (image.store / "aws").write_text(STAND_IN)
    (image.store / "token").write_text(token + "\n")
    container = image.run("buildah", "from", BASE).strip()
    image.run("buildah", "copy", "--chmod", "755", container, str(image.store / "aws"), "/usr/local/bin/aws")
    image.run("buildah", "copy", "--chmod", "644", container, str(image.store / "token"), "/token-of-the-stand-in")
    image.run("buildah", "commit", "--quiet", "--rm", container, name)
    release.push(image, name)
    for file in ("aws", "token"):
        (image.store / file).unlink()


def finished(node: Cluster, namespace: str, job: str) -> str:
    """Wait for the end of a Job; return `Complete` or `Failed`."""

    def ends() -> list[str]:
        conditions = node.get("job", job, namespace=namespace)["status"].get("conditions", [])
        return [one["type"] for one in conditions if one["status"] == "True" and one["type"] in {"Complete", "Failed"}]

    node.await_(f"the end of {job}", lambda: bool(ends()), seconds=300)
    return ends()[0]


def test_the_cron_job_for_ecr_rotates_its_destination(release: Release, image: Builder) -> None:
    node, token = release.cluster, canary("token of ecr", special=False)
    stood_in(release, image, token)
    destination = world.destination("production")
    destination["stringData"][names.CONFIG_KEY] = json.dumps({"auths": {ECR: {"username": "AWS", "password": "old"}}})
    node.apply({"apiVersion": "v1", "kind": "Secret", **destination}, namespace=release.namespace)
    shown = manifest("CronJob", "rotate-ecr")
    assert shown["metadata"]["namespace"] == release.namespace
    said = node.kubectl_says("apply", "-f", "-", stdin=json.dumps(shown))
    assert "Warning" not in said
    node.kubectl("create", "job", "-n", release.namespace, "--from=cronjob/rotate-ecr", "rotate-now")
    assert finished(node, release.namespace, "rotate-now") == "Complete"
    data = node.get("secret", "production", namespace=release.namespace)["data"]
    (entry,) = json.loads(b64decode(data[names.CONFIG_KEY]))["auths"].values()
    assert (entry["username"], entry["password"] == token) == ("AWS", True)


def test_the_job_of_argo_cd_judges_what_is_to_be_synced(release: Release) -> None:
    node, namespace = release.cluster, "synced"
    node.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace, "labels": RESTRICTED}})
    good = {"apiVersion": "v1", "kind": "Secret", **world.destination("good")}
    for content, end in ((good, "Complete"), ({**good, "stringData": {}}, "Failed")):
        files = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "destinations"}}
        node.apply({**files, "data": {"good.yaml": json.dumps(content)}}, namespace=namespace)
        shown: dict[str, Any] = manifest("Job", "verdict-")
        said = node.kubectl_says("create", "-n", namespace, "-f", "-", "-o", "name", stdin=json.dumps(shown))
        assert "Warning" not in said
        assert finished(node, namespace, said.strip().rpartition("/")[2]) == end
    node.kubectl("delete", "namespace", namespace, "--wait=false")
