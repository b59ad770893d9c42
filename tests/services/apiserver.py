"""A real kube-apiserver with etcd on loopback, with RBAC, service account tokens and an audit log."""

from __future__ import annotations

import json
import secrets
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import urllib3

from tests.services.leaks import known
from tests.services.parts import ETCD, KUBE_APISERVER, program
from tests.services.pki import Pki, make_pki
from tests.services.processes import free_port, running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_POLICY = """\
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules: [{level: Metadata}]
"""


@dataclass(frozen=True, slots=True)
class ApiServer:
    """Where the API server is and who may ask it.

    `token` is an administrator's, `outsider_token` belongs to a user without any right; `kubeconfig` holds both as
    the contexts `admin` (current) and `outsider`; `audit_log` has one JSON object a line; `etcd` is the store's address.
    """

    url: str
    ca: Path
    kubeconfig: Path
    audit_log: Path
    etcd: str
    pki: Pki
    token: str = field(repr=False)
    outsider_token: str = field(repr=False)

    def request(self, method: str, path: str, body: Any = None) -> Any:
        """Ask as the administrator, past the portal; return the decoded answer and raise for a failure."""
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        with urllib3.PoolManager(ca_certs=str(self.ca), retries=False, timeout=10) as pool:
            answer = pool.request(method, self.url + path, headers=headers, body=json.dumps(body) if body else None)
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status}")
        return answer.json()

    def compact(self) -> None:
        """Have etcd forget every revision but the last, as it does every few minutes."""
        with urllib3.PoolManager(retries=False, timeout=10) as pool:
            found = pool.request("POST", f"{self.etcd}/v3/kv/range", body=json.dumps({"key": "AA=="})).json()
            revision = {"revision": found["header"]["revision"], "physical": True}
            answer = pool.request("POST", f"{self.etcd}/v3/kv/compaction", body=json.dumps(revision))
        if answer.status != 200:
            raise RuntimeError(f"compaction: {answer.status}")

    def new_namespace(self) -> str:
        """Create a namespace of a name never used before and return the name."""
        name = f"epinio-{secrets.token_hex(5)}"
        self.request("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
        return name


@contextmanager
def api_server(directory: Path, *more_flags: str) -> Iterator[ApiServer]:
    """Run etcd and kube-apiserver for as long as the block lasts. Raises parts.Missing."""
    apiserver, etcd = program(KUBE_APISERVER), program(ETCD)
    client, peer = free_port(), free_port()
    with running(
        [str(etcd), *_etcd_flags(directory, client, peer)],
        log=directory / "etcd.log",
        ready=lambda: _answers(f"http://127.0.0.1:{client}/health", b'"true"'),
        seconds=60,
    ):
        server = _prepare(directory, free_port(), f"http://127.0.0.1:{client}")
        with running(
            [str(apiserver), *_apiserver_flags(directory, server, client), *more_flags],
            log=directory / "kube-apiserver.log",
            ready=lambda: _answers(f"{server.url}/readyz", b"ok", ca=server.ca),
            seconds=120,
        ):
            yield server


def _prepare(directory: Path, port: int, etcd: str) -> ApiServer:
    pki = make_pki(directory)
    server = ApiServer(
        url=f"https://127.0.0.1:{port}",
        ca=pki.ca,
        kubeconfig=directory / "kubeconfig",
        audit_log=directory / "audit.log",
        etcd=etcd,
        pki=pki,
        token=known(secrets.token_hex(16)),
        outsider_token=secrets.token_hex(16),
    )
    users = f'{server.token},admin,uid-admin,"system:masters"\n{server.outsider_token},outsider,uid-outsider\n'
    (directory / "tokens.csv").write_text(users)
    (directory / "audit-policy.yaml").write_text(_POLICY)
    server.kubeconfig.write_text(json.dumps(_kubeconfig(server)))
    return server


def _kubeconfig(server: ApiServer) -> dict[str, Any]:
    tokens = {"admin": server.token, "outsider": server.outsider_token}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "admin",
        "clusters": [{"name": "tests", "cluster": {"server": server.url, "certificate-authority": str(server.ca)}}],
        "users": [{"name": name, "user": {"token": token}} for name, token in tokens.items()],
        "contexts": [{"name": name, "context": {"cluster": "tests", "user": name}} for name in tokens],
    }


def _etcd_flags(directory: Path, client: int, peer: int) -> list[str]:
    here, there = f"http://127.0.0.1:{client}", f"http://127.0.0.1:{peer}"
    return [
        "--name=test",
        f"--data-dir={directory / 'etcd'}",
        "--unsafe-no-fsync",
        f"--listen-client-urls={here}",
        f"--advertise-client-urls={here}",
        f"--listen-peer-urls={there}",
        f"--initial-advertise-peer-urls={there}",
        f"--initial-cluster=test={there}",
        "--log-level=warn",
    ]


def _apiserver_flags(directory: Path, server: ApiServer, etcd_port: int) -> list[str]:
    return [
        "--bind-address=127.0.0.1",
        "--advertise-address=127.0.0.1",
        f"--secure-port={server.url.rpartition(':')[2]}",
        f"--etcd-servers=http://127.0.0.1:{etcd_port}",
        f"--tls-cert-file={server.pki.certificate}",
        f"--tls-private-key-file={server.pki.key}",
        f"--client-ca-file={server.ca}",
        f"--token-auth-file={directory / 'tokens.csv'}",
        "--authorization-mode=RBAC",
        "--disable-admission-plugins=ServiceAccount",
        f"--service-account-issuer={server.url}",
        f"--service-account-key-file={server.pki.token_public_key}",
        f"--service-account-signing-key-file={server.pki.token_key}",
        f"--api-audiences={server.url}",
        "--service-cluster-ip-range=10.96.0.0/24",
        "--endpoint-reconciler-type=none",
        f"--audit-policy-file={directory / 'audit-policy.yaml'}",
        f"--audit-log-path={server.audit_log}",
    ]


def _answers(url: str, word: bytes, *, ca: Path | None = None) -> bool:
    with urllib3.PoolManager(ca_certs=str(ca) if ca else None, retries=False, timeout=2) as pool:
        try:
            answer = pool.request("GET", url)
        except urllib3.exceptions.HTTPError:
            return False
    return answer.status == 200 and word in answer.data
