"""An independent reader of destinations: it asks the API server itself and shares no code with the portal.

The tests write values that carry their generation: user `u-7`, password `p-7`, a bundle whose subject ends in `g-7`.
"""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import urllib3
from cryptography import x509

if TYPE_CHECKING:
    from tests.services.apiserver import ApiServer


@dataclass(frozen=True, slots=True)
class State:
    """What is stored: the generations of each part, and what stands beside."""

    generations: frozenset[str]
    label: str
    organization: str
    host: str
    certs: str
    resource_version: str

    @property
    def generation(self) -> str:
        """The one generation that all parts have. Raises AssertionError for a mixture."""
        assert len(self.generations) == 1, f"a mixture of {sorted(self.generations)}"
        return next(iter(self.generations))


class Reader:
    """Reads one namespace with an administrator's token."""

    def __init__(self, api_server: ApiServer, namespace: str) -> None:
        """Keep one connection."""
        self._pool = urllib3.PoolManager(ca_certs=str(api_server.ca), retries=False, timeout=20)
        self._url = f"{api_server.url}/api/v1/namespaces/{namespace}/secrets"
        self._headers = {"Authorization": f"Bearer {api_server.token}", "Content-Type": "application/json"}

    def all(self) -> dict[str, dict[str, Any]]:
        """Return every Secret as JSON, by name."""
        answer = self._pool.request("GET", self._url, headers=self._headers)
        return {item["metadata"]["name"]: item for item in json.loads(answer.data)["items"]}

    def put(self, secret: dict[str, Any]) -> int:
        """Replace a Secret as a stranger would; return the status."""
        url = f"{self._url}/{secret['metadata']['name']}"
        body = {"apiVersion": "v1", "kind": "Secret", **secret}
        return int(self._pool.request("PUT", url, body=json.dumps(body), headers=self._headers).status)

    def post(self, secret: dict[str, Any]) -> int:
        """Create a Secret; return the status."""
        body = {"apiVersion": "v1", "kind": "Secret", **secret}
        return int(self._pool.request("POST", self._url, body=json.dumps(body), headers=self._headers).status)

    def remove(self, name: str) -> int:
        """Delete a Secret; return the status."""
        return int(self._pool.request("DELETE", f"{self._url}/{name}", headers=self._headers).status)

    def state(self, name: str, everything: dict[str, dict[str, Any]] | None = None) -> State | None:
        """Return what is stored of a destination, or None where it does not exist. Raises AssertionError if torn."""
        found = everything if everything is not None else self.all()
        if name not in found:
            return None
        secret = found[name]
        data = {key: base64.b64decode(value) for key, value in (secret.get("data") or {}).items()}
        auths = json.loads(data[".dockerconfigjson"])["auths"]
        ((host, entry),) = auths.items()
        user, _, password = base64.b64decode(entry["auth"]).decode().partition(":")
        assert (user, password) == (entry["username"], entry["password"]), "auth is out of step"
        generations = {user.removeprefix("u-"), password.removeprefix("p-")}
        certs = data.get("certs", b"").decode()
        if certs:
            assert certs in found, "certs names a Secret that does not exist"
            generations.add(subject_generation(base64.b64decode(found[certs]["data"]["tls.crt"])))
        metadata = secret["metadata"]
        return State(
            frozenset(generations),
            metadata["labels"]["epinio.io/api-export-registry"],
            metadata["annotations"].get("epinio.io/registry-namespace", ""),
            host,
            certs,
            metadata["resourceVersion"],
        )


def subject_generation(pem: bytes) -> str:
    """Return the generation in the subject of the first certificate."""
    subject = x509.load_pem_x509_certificate(pem).subject.rfc4514_string()
    found = re.search(r"g-(\w+)", subject)
    assert found, subject
    return found[1]
