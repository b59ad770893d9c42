"""The API server of a node, asked without kubectl: for what is done a thousand times, or often in a second."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import urllib3

from tests.services.node.layout import API
from tests.services.node.network import enter_network_of, network_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.services.node.cluster import Cluster

_THREADS = 8


@dataclass(frozen=True, slots=True)
class Administrator:
    """Somebody with a certificate that allows everything."""

    process: int
    pool: urllib3.PoolManager

    @classmethod
    def of(cls, cluster: Cluster) -> Administrator:
        """Issue the certificate."""
        certificate, key = cluster.authority.issue("administrator", "administrator", group="system:masters")
        pool = urllib3.PoolManager(
            ca_certs=str(cluster.authority.certificate),
            cert_file=str(certificate),
            key_file=str(key),
            maxsize=_THREADS,
            timeout=30,
        )
        return cls(cluster.first.machine.init, pool)

    def get(self, path: str) -> Any:
        """Return what the API server has there. Raises RuntimeError."""
        with network_of(self.process):
            return self._ask("GET", path)

    def create_secrets(self, namespace: str, manifests: Iterable[dict[str, Any]]) -> None:
        """Create Secrets past the portal, several at once. Raises RuntimeError."""
        path = f"/api/v1/namespaces/{namespace}/secrets"

        def create(manifest: dict[str, Any]) -> None:
            metadata = {**manifest["metadata"], "namespace": namespace}
            self._ask("POST", path, {"apiVersion": "v1", "kind": "Secret", **manifest, "metadata": metadata})

        with ThreadPoolExecutor(_THREADS, initializer=enter_network_of, initargs=(self.process,)) as threads:
            list(threads.map(create, manifests))

    def _ask(self, method: str, path: str, content: dict[str, Any] | None = None) -> Any:
        answer = (
            self.pool.request(method, API + path, json=content) if content else self.pool.request(method, API + path)
        )
        if answer.status not in {200, 201}:
            raise RuntimeError(f"{method} {path}: {answer.status}")
        return json.loads(answer.data)
