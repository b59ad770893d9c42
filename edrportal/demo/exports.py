"""Export jobs as Epinio makes them, for the demo and for tests: one that failed, and one that runs."""

from __future__ import annotations

from datetime import datetime, timedelta
from hashlib import sha1
from typing import Any

from destinations.cluster.jobs import COMPONENT_EXPORT, COMPONENT_LABEL, CREDENTIALS_VOLUME, JOB_LABEL
from destinations.cluster.memory.exports import InMemoryExports
from destinations.secret import codec

_LOG = """\
Getting image source signatures
Copying blob sha256:4abcf20661432fb2d719aaf90656f55c287f8ca915dc1c92ec14ff61e67fbaf8
time="{at}" level=fatal msg="trying to reuse blob at destination: pinging container registry registry.internal.example: \
Get \\"https://registry.internal.example/v2/\\": tls: failed to verify certificate: x509: certificate signed by unknown \
authority"
"""


def load(exports: InMemoryExports, now: datetime) -> None:
    began = now - timedelta(hours=5)
    image = "registry.internal.example/team-b/workspace-shop-image:8f1d3c5b7a902e46"
    failed = job("wrong-ca", image, began, outcome="Failed")
    runs = "registry.example.com/platform/workspace-mail-image:0b7e2d9f4c61a835"
    running = job("production", runs, now - timedelta(minutes=2))
    exports.load([failed, running], [pod(failed, "Failed", "Error"), pod(running, "Running")])
    exports.logs[f"{failed['metadata']['name']}-x7k2p"] = _LOG.format(at=codec.rfc3339(began + timedelta(seconds=9)))


def job(destination: str, image: str, began: datetime, *, outcome: str = "", certs: str = "") -> dict[str, Any]:
    """Return an export job for a destination, begun at a time; `outcome` is `Failed`, `Complete` or empty."""
    nano = f"{began.timestamp():.6f}".replace(".", "") + "000"
    name = f"oci-push-image-{nano}"[:22] + "-" + sha1(f"{nano}{destination}".encode()).hexdigest()  # noqa: S324 - as Epinio does
    labels = {
        "app.kubernetes.io/name": name,
        "app.kubernetes.io/part-of": "epinio",
        "app.kubernetes.io/managed-by": "epinio",
        COMPONENT_LABEL: COMPONENT_EXPORT,
    }
    made: dict[str, Any] = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name, "labels": labels, "creationTimestamp": codec.rfc3339(began)},
        "spec": {
            "backoffLimit": 0,
            "template": {"metadata": {"labels": labels}, "spec": _pod_spec(destination, image, certs)},
        },
    }
    if outcome:
        ended = codec.rfc3339(began + timedelta(seconds=10))
        made["status"] = {"conditions": [{"type": outcome, "status": "True", "lastTransitionTime": ended}]}
    return made


def pod(of_job: dict[str, Any], phase: str, reason: str = "") -> dict[str, Any]:
    name, template = of_job["metadata"]["name"], of_job["spec"]["template"]
    state = {"terminated": {"reason": reason, "exitCode": 1}} if reason else {}
    status = {"phase": phase, "containerStatuses": [{"name": "oci-push", "state": state}]}
    labels = {**template["metadata"]["labels"], JOB_LABEL: name}
    created = of_job["metadata"]["creationTimestamp"]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": f"{name}-x7k2p", "labels": labels, "creationTimestamp": created},
        "spec": template["spec"],
        "status": status,
    }


def _pod_spec(destination: str, image: str, certs: str) -> dict[str, Any]:
    items = [{"key": ".dockerconfigjson", "path": "auth.json"}]
    volumes: list[dict[str, Any]] = [
        {"name": "image-export-volume", "persistentVolumeClaim": {"claimName": "image-export-pvc"}},
        {"name": CREDENTIALS_VOLUME, "secret": {"secretName": destination, "items": items}},
    ]
    if certs:
        volumes.append({"name": "registry-cert-volume", "secret": {"secretName": certs}})
    archive = "docker-archive:/workspace/oci-export-1-image.tar"
    args = ["copy", "--dest-authfile=/root/containers/auth.json", archive, f"docker://{image}"]
    container = {"name": "oci-push", "image": "quay.io/skopeo/stable", "command": ["skopeo"], "args": args}
    return {"restartPolicy": "Never", "containers": [container], "volumes": volumes}
