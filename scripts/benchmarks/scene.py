"""What is measured on: destinations by the thousand, every third with a certificate secret of its own."""

from __future__ import annotations

import json
import secrets as secrets_
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

import bcrypt
import urllib3

from destinations import names
from destinations.model import Credentials, Draft
from destinations.secret import codec
from edrportal.demo.cluster import certificate

if TYPE_CHECKING:
    from tests.services.apiserver import ApiServer

_BUNDLES = 10
_THREADS = 8
USER, PASSWORD = "benchmark", secrets_.token_urlsafe(12)


def manifests(count: int) -> list[dict[str, Any]]:
    """Return the manifests of so many destinations and of their certificate secrets: sound, risky, failing, disabled."""
    now = datetime.now(UTC)
    bundles = [certificate(now, days=10 + 100 * number, name=f"CA {number}") for number in range(_BUNDLES)]
    made = []
    for number in range(count):
        name = f"registry-{number:05}"
        certs = f"{name}-ca" if number % 3 == 0 else ""
        host = "harbor" if number % 7 == 0 else f"registry-{number}.example.com"
        draft = Draft(name, host, f"team-{number % 20}", Credentials("robot", f"password-{number}"))
        manifest = codec.authentication_secret(draft, namespace="epinio", certs=certs, stamps={})
        if number % 11 == 0:
            manifest["metadata"]["labels"][names.REGISTRY_LABEL] = "false"
        made.append(manifest)
        if certs:
            bundle = bundles[number % _BUNDLES]
            made.append(codec.certificate_secret(certs, namespace="epinio", bundle=bundle, stamps={}))
    return made


@cache
def _hash() -> str:
    return bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(10)).decode()


def crowd(server: ApiServer, namespace: str, count: int) -> list[str]:
    """Create so many users, and return their names."""
    found = [f"person-{number}" for number in range(count)]
    for name in found:
        server.request("POST", f"/api/v1/namespaces/{namespace}/secrets", administrator(name))
    return found


def administrator(name: str = USER) -> dict[str, Any]:
    """Return an Epinio user as whom everything is asked; the hash has the cost that Epinio's have."""
    return {
        "metadata": {
            "name": f"user-{name}",
            "labels": {names.USER_LABEL: "true"},
            "annotations": {names.ROLES_ANNOTATION: "admin"},
        },
        "stringData": {"username": name, "password": _hash()},
    }


def fill(server: ApiServer, namespace: str, count: int) -> None:
    """Create them on the API server, past the portal."""
    local = threading.local()

    def create(manifest: dict[str, Any]) -> None:
        if not hasattr(local, "pool"):
            local.pool = urllib3.PoolManager(ca_certs=str(server.ca), retries=False, timeout=10)
        manifest["metadata"]["namespace"] = namespace
        answer = local.pool.request(
            "POST",
            f"{server.url}/api/v1/namespaces/{namespace}/secrets",
            body=json.dumps(manifest),
            headers={"Authorization": f"Bearer {server.token}", "Content-Type": "application/json"},
        )
        if answer.status != 201:  # noqa: PLR2004
            raise RuntimeError(f"{manifest['metadata']['name']}: {answer.status}")

    with ThreadPoolExecutor(_THREADS) as threads:
        list(threads.map(create, [administrator(), *manifests(count)]))


def allow_all_but_watch(server: ApiServer, namespace: str) -> None:
    """Let the user `outsider` do with Secrets what the portal does, except to watch: its portal reads directly."""
    base = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}"
    verbs = ["get", "list", "create", "update", "delete"]
    rule = {"apiGroups": [""], "resources": ["secrets", "configmaps"], "verbs": verbs}
    server.request("POST", f"{base}/roles", {"metadata": {"name": "no-watch"}, "rules": [rule]})
    subject = {"kind": "User", "name": "outsider", "apiGroup": "rbac.authorization.k8s.io"}
    role = {"kind": "Role", "name": "no-watch", "apiGroup": "rbac.authorization.k8s.io"}
    binding = {"metadata": {"name": "no-watch"}, "subjects": [subject], "roleRef": role}
    server.request("POST", f"{base}/rolebindings", binding)
