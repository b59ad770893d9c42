"""The token of a pod: replaced under load, expired, and refused for good, on a real API server.

A client that sends no token at all (T29: a release of it once did) fails all of it, since nobody is anonymous there.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client
from joserfc import jwt
from joserfc.jwk import ECKey
from kubernetes import client

from destinations.cluster.kube.adapter import KubernetesCluster
from destinations.cluster.kube.kubeconfig import LIFE_SECONDS, TokenFile
from destinations.cluster.port import Forbidden
from tests.cluster.test_export_jobs import answering
from tests.services import composition
from tests.services.effort import times
from tests.services.leaks import known

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.services.apiserver import ApiServer

A_SECOND = 20
LEEWAY = 60
"""The API server takes a token for so many seconds longer than it says."""


class Account:
    """A ServiceAccount that may do what it likes in a namespace of its own, and its token in a file."""

    def __init__(self, server: ApiServer, directory: Path) -> None:
        self.server, self.namespace = server, server.new_namespace()
        self.file = directory / "token"
        made = server.request(
            "POST", f"/api/v1/namespaces/{self.namespace}/serviceaccounts", {"metadata": {"name": "p"}}
        )
        self.uid = made["metadata"]["uid"]
        base = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{self.namespace}"
        reference = {"kind": "ClusterRole", "name": "cluster-admin", "apiGroup": "rbac.authorization.k8s.io"}
        subject = {"kind": "ServiceAccount", "name": "p", "namespace": self.namespace}
        binding = {"metadata": {"name": "p"}, "subjects": [subject], "roleRef": reference}
        server.request("POST", f"{base}/rolebindings", binding)

    def issue(self, seconds: float) -> None:
        """Put a token into the file, signed as the API server would, that lives so long."""
        now = int(time.time())
        claims = {
            "iss": self.server.url,
            "aud": [self.server.url],
            "sub": f"system:serviceaccount:{self.namespace}:p",
            "iat": now - 3600,
            "nbf": now - 3600,
            "exp": int(now + seconds - LEEWAY),
            "jti": str(time.monotonic_ns()),
            "kubernetes.io": {"namespace": self.namespace, "serviceaccount": {"name": "p", "uid": self.uid}},
        }
        key = ECKey.import_key(self.server.pki.token_key.read_bytes())
        fresh = self.file.with_suffix(".new")
        fresh.write_text(known(jwt.encode({"alg": "ES256"}, claims, key)) + "\n")
        fresh.replace(self.file)

    def cluster(self, source: TokenFile) -> KubernetesCluster:
        """Return a portal's way to the API server with the token of the file."""
        configuration = client.Configuration()
        configuration.host = self.server.url
        configuration.ssl_ca_cert = str(self.server.ca)
        return KubernetesCluster(configuration, self.namespace, token=source)


@pytest.fixture
def account(api_server: ApiServer, tmp_path: Path) -> Account:
    return Account(api_server, tmp_path)


def manifest(name: str) -> dict[str, Any]:
    return {"metadata": {"name": name}}


@pytest.mark.cluster
@pytest.mark.parametrize("what", ["read", "write", "watch"])
def test_f13_an_expired_token_is_read_again_and_the_call_goes_through(account: Account, what: str) -> None:
    account.issue(-10)
    cluster = account.cluster(TokenFile(account.file))
    account.issue(600)
    if what == "read":
        assert "p" not in {one.name for one in cluster.list_secrets()}
    elif what == "write":
        assert cluster.create_secret(manifest("one")).name == "one"
        assert cluster.get_secret("one").name == "one"
    else:
        assert next(cluster.watch("0", seconds=1)).resource_version == "0"


@pytest.mark.cluster
def test_f13_a_token_that_stays_refused_makes_readiness_red_and_not_liveness(account: Account) -> None:
    account.issue(-10)
    source = TokenFile(account.file)
    cluster = account.cluster(source)
    with pytest.raises(Forbidden):
        cluster.create_secret(manifest("one"))
    with composition.use(cluster):
        assert Client().get("/readyz").json()["cluster"] == "401 Forbidden"
        assert Client().get("/readyz").status_code == 503
        assert Client().get("/healthz").status_code == 200
        account.issue(600)
        assert Client().get("/readyz").status_code == 200
    assert [one.name for one in cluster.list_secrets()] == []  # and nothing was written meanwhile


@pytest.mark.cluster
def test_f14_no_call_fails_while_the_token_is_replaced_ten_times_at_twenty_calls_a_second(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The API server remembers a token for ten seconds; in full each one really expires before the next is asked for."""
    again: list[float] = []
    monkeypatch.setattr("destinations.cluster.kube.kubeconfig.TokenFile.read", _counting(again))
    every = times(14, 140) / 10
    account.issue(every + 0.5)
    source = TokenFile(account.file, clock=lambda: 0.0)  # never by time: only when refused
    cluster = account.cluster(source)
    cluster.create_secret(manifest("one"))
    with replaced(account, every), ThreadPoolExecutor(A_SECOND) as pool:
        began = time.monotonic()
        calls = []
        for number in range(int(10 * every * A_SECOND)):
            time.sleep(max(0.0, began + number / A_SECOND - time.monotonic()))
            calls.append(pool.submit(cluster.get_secret, "one"))
        assert {one.result().name for one in calls} == {"one"}
    assert len(again) >= 2, "no token was refused: the test shows nothing"
    print(f"{len(calls)} calls, 10 rotations, {len(again) - 1} tokens read again: 0 failures")  # noqa: T201 - a figure


def _counting(again: list[float]) -> Any:
    real = TokenFile.read

    def read(self: TokenFile) -> None:
        again.append(time.monotonic())
        real(self)

    return read


@contextmanager
def replaced(account: Account, every: float) -> Iterator[None]:
    """Put a new token into the file ten times, while the block does its work."""
    with ThreadPoolExecutor(1) as one:

        def run() -> None:
            for _ in range(10):
                time.sleep(every)
                account.issue(every + 2)

        done = one.submit(run)
        yield
        done.result()


def test_the_file_is_read_again_once_a_minute_by_a_clock_that_does_not_jump(tmp_path: Path) -> None:
    file, now = tmp_path / "token", [0.0]
    source, configuration = TokenFile(file, clock=lambda: now[0]), client.Configuration()
    file.write_text("first\n")
    source.attach(configuration)
    file.write_text("second\n")
    now[0] = LIFE_SECONDS - 0.1
    assert configuration.get_api_key_with_prefix("BearerToken") == "Bearer first"
    now[0] = LIFE_SECONDS
    assert configuration.get_api_key_with_prefix("BearerToken") == "Bearer second"


@pytest.mark.parametrize("content", [None, b"", b"\n", b"\xff\xfe"])
def test_a_file_that_is_of_no_use_just_now_leaves_the_token(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "token"
    file.write_text("first")
    source, configuration = TokenFile(file), client.Configuration()
    source.attach(configuration)
    file.unlink()
    if content is not None:
        file.write_bytes(content)
    source.read()
    assert configuration.get_api_key_with_prefix("BearerToken") == "Bearer first"


def test_a_call_with_a_token_that_comes_from_no_file_is_not_made_again() -> None:
    with answering(b"{}", status=401) as (exports, asked), pytest.raises(Forbidden):
        exports.jobs(seconds=5)
    assert len(asked) == 1
