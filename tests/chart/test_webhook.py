"""Warnings at kubectl apply: the real API server asks a portal that runs, and kubectl prints what it answers."""

from __future__ import annotations

import http.client
import json
import os
import ssl
import statistics
import subprocess
import time
from base64 import b64decode, b64encode
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
import urllib3
from cryptography import x509

from destinations import names
from destinations.model import Credentials
from destinations.secret import docker_config
from edrportal.demo.cluster import certificate
from edrportal.serving.certificate import Certificate
from edrportal.webhook.app import MAX_BYTES
from tests.services import charts
from tests.services.charts import HelmError, Installed
from tests.services.leaks import known
from tests.services.parts import KUBECTL, program
from tests.services.pki import Holder, issue
from tests.services.portals import served
from tests.services.processes import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.services.apiserver import ApiServer

pytestmark = pytest.mark.cluster
PASSWORD = known("canary-webhook-4410")
PEM = certificate(datetime.now(UTC), days=300)


class Site:
    """The release, the portal that answers for it, and somebody with kubectl."""

    def __init__(self, release: Installed, port: int, ca: Holder, log: Path, platform: str) -> None:
        self.release, self.port, self.ca, self.log, self.platform = release, port, ca, log, platform

    def kubectl(self, *arguments: str, body: Any = None) -> subprocess.CompletedProcess[str]:
        command = [
            str(program(KUBECTL)),
            f"--kubeconfig={self.release.server.kubeconfig}",
            "-n",
            self.release.namespace,
        ]
        given = None if body is None else json.dumps(body)
        return subprocess.run(
            [*command, *arguments],
            input=given,
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
            env={"HOME": str(self.log.parent), "PATH": os.environ["PATH"]},
        )

    def context(self) -> ssl.SSLContext:
        return ssl.create_default_context(cadata=self.ca.pem.decode())

    def post(self, body: bytes, path: str = "/warn", method: str = "POST") -> urllib3.BaseHTTPResponse:
        with urllib3.PoolManager(ssl_context=self.context(), retries=False, timeout=10) as pool:
            return pool.request(method, f"https://127.0.0.1:{self.port}{path}", body=body)


def secret(name: str, *, certs: str = "", organization: str | None = "team", label: str = "true") -> dict[str, Any]:
    config = docker_config.new("harbor.example.com", Credentials("robot$ci", PASSWORD))
    data = {names.CONFIG_KEY: b64encode(config).decode()} | (
        {"certs": b64encode(certs.encode()).decode()} if certs else {}
    )
    annotations = {} if organization is None else {names.ORGANIZATION_ANNOTATION: organization}
    metadata = {"name": name, "labels": {names.REGISTRY_LABEL: label}, "annotations": annotations}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": "Opaque", "data": data}


def bundle(name: str, content: bytes = PEM) -> dict[str, Any]:
    data = {"tls.crt": b64encode(content).decode()}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "type": "Opaque", "data": data}


@pytest.fixture(scope="module")
def site(api_server: ApiServer, helm_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Without a kubelet there is no Service: the API server is led to the portal's port, with a certificate for that."""
    directory = tmp_path_factory.mktemp("webhook")
    ca = issue("webhook", ca=True)
    leaf = issue("127.0.0.1", by=ca, names=["127.0.0.1"])
    (directory / "tls.crt").write_bytes(leaf.pem)
    (directory / "tls.key").write_bytes(leaf.key_pem)
    release = Installed.new(api_server, helm_home, {"webhook": {"enabled": True}}).guarded()
    port = free_port()
    path = f"/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/{release.namespace}-{charts.RELEASE}"
    made = api_server.request("GET", path)
    made["webhooks"][0]["clientConfig"] = {
        "url": f"https://127.0.0.1:{port}/warn",
        "caBundle": b64encode(ca.pem).decode(),
    }
    api_server.request("PUT", path, made)
    environment = {
        "EDRPORTAL_WEBHOOK_PORT": str(port),
        "EDRPORTAL_WEBHOOK_CERTIFICATE_FILE": str(directory / "tls.crt"),
        "EDRPORTAL_WEBHOOK_KEY_FILE": str(directory / "tls.key"),
    }
    log = directory / "portal.log"
    with served(str(release.kubeconfig), release.namespace, log, **environment) as portal:
        found = Site(release, port, ca, log, portal.platform)
        for _ in range(200):  # the API server learns of the webhook a moment later
            if (
                "Warning"
                in found.kubectl("apply", "--dry-run=server", "-f", "-", body=secret("a", organization=None)).stderr
            ):
                break
            time.sleep(0.05)
        yield found
    api_server.request("DELETE", path)


def test_whoever_applies_a_destination_that_epinio_hides_reads_why(site: Site) -> None:
    for name, more in (("hidden", []), ("b", ["--server-side"]), ("c", ["--dry-run=server"])):
        done = site.kubectl("apply", *more, "-f", "-", body=secret(name, organization=None))
        assert f"Warning: Epinio will hide '{name}': missing annotation 'epinio.io/registry-namespace'. " in done.stderr
        assert f"secret/{name}" in done.stdout
    done = site.kubectl("annotate", "secret", "hidden", f"{names.ORGANIZATION_ANNOTATION}=team")
    assert "Epinio will hide" not in done.stderr


def test_a_sound_destination_and_other_secrets_are_applied_in_silence(site: Site) -> None:
    assert site.kubectl("create", "-f", "-", body=secret("sound")).stderr == ""
    done = site.kubectl("create", "secret", "generic", "other", "--from-literal=a=b")
    assert done.stderr == ""
    assert site.kubectl("delete", "secret", "sound").stderr == ""


def test_certificates_that_destinations_use_are_told_when_they_are_spoiled_or_deleted(site: Site) -> None:
    site.kubectl("create", "-f", "-", body=bundle("used-ca"))
    for _ in range(100):  # the watch of the portal sees the certificates a moment later
        if site.kubectl("apply", "--dry-run=server", "-f", "-", body=secret("user", certs="used-ca")).stderr == "":
            break
        time.sleep(0.05)
    assert site.kubectl("create", "-f", "-", body=secret("user", certs="used-ca")).stderr == ""
    for _ in range(100):
        done = site.kubectl("apply", "--dry-run=server", "--force-conflicts", "--server-side", "-f", "-",
                            body=bundle("used-ca", b"no PEM"))  # fmt: skip
        if "Warning" in done.stderr:
            break
        time.sleep(0.05)
    assert "Warning: Epinio will list 'user', but exports to it will fail: " in done.stderr
    done = site.kubectl("delete", "secret", "used-ca")
    assert "Warning: Epinio will list 'user', but exports to it will fail: " in done.stderr
    assert 'secret "used-ca" deleted' in done.stdout


def test_what_the_portal_does_itself_asks_nobody(site: Site) -> None:
    before = reviews(site)
    status, _ = site.release.ask(
        "POST", f"/api/v1/namespaces/{site.release.namespace}/secrets", secret("own", organization=None)
    )
    assert status == 201
    assert reviews(site) == before


def reviews(site: Site) -> list[str]:
    with urllib3.PoolManager(retries=False, timeout=10) as pool:
        text = pool.request("GET", f"{site.platform}/metrics").data.decode()
    return [line for line in text.splitlines() if line.startswith("edrportal_reviews_total")]


def test_what_is_no_question_is_refused_and_what_cannot_be_judged_is_let_through(site: Site) -> None:
    statuses = [site.post(body, path, method).status for body, path, method in (
        (b"{}", "/warn", "GET"), (b"{}", "/other", "POST"), (b"{", "/warn", "POST"), (b"[]", "/warn", "POST"),
        (b"{}", "/warn", "POST"), (b"[" * 100_000, "/warn", "POST"), (b"\xff", "/warn", "POST"),
    )]  # fmt: skip
    assert statuses == [405, 404, 400, 400, 400, 400, 400]
    connection = http.client.HTTPSConnection("127.0.0.1", site.port, timeout=10, context=site.context())
    connection.putrequest("POST", "/warn")
    connection.putheader("Content-Length", str(MAX_BYTES + 1))
    connection.endheaders()
    assert connection.getresponse().status == 413
    connection.close()
    broken = {"request": {"uid": "u", "object": {"metadata": [], "data": {"a": "no base64"}}}}
    answer = site.post(json.dumps(broken).encode())
    assert answer.json()["response"] == {"uid": "u", "allowed": True}
    assert any(line.startswith('edrportal_reviews_total{outcome="failed"} ') for line in reviews(site))


def test_it_answers_in_a_moment(site: Site) -> None:
    question = json.dumps({"request": {"uid": "u", "object": secret("quick", organization=None)}}).encode()
    times = []
    for _ in range(30):
        began = time.perf_counter()
        assert site.post(question).json()["response"]["warnings"]
        times.append((time.perf_counter() - began) * 1000)
    print(f"a review with its TLS handshake: median {statistics.median(times):.1f} ms, largest {max(times):.1f} ms")  # noqa: T201


def test_neither_output_nor_log_nor_metrics_hold_a_secret(site: Site) -> None:
    done = site.kubectl("apply", "-f", "-", body=secret("leaky", organization=None))
    for text in (done.stdout, done.stderr, site.log.read_text(), "\n".join(reviews(site))):
        assert PASSWORD not in text
        assert b64encode(PASSWORD.encode()).decode() not in text


def test_where_nothing_answers_kubectl_goes_on_as_before(
    api_server: ApiServer, helm_home: Path, tmp_path: Path
) -> None:
    release = Installed.new(api_server, helm_home, {"webhook": {"enabled": True}})
    site = Site(release, 0, issue("none", ca=True), tmp_path / "log", "")
    time.sleep(1.0)  # by then the API server knows the webhook, whose Service leads nowhere
    began = time.monotonic()
    done = site.kubectl("create", "-f", "-", body=secret("alone", organization=None))
    assert "secret/alone created" in done.stdout
    assert time.monotonic() - began < 10
    (hook,) = api_server.request(
        "GET",
        f"/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/{release.namespace}-{charts.RELEASE}",
    )["webhooks"]
    assert (hook["failurePolicy"], hook["sideEffects"], hook["timeoutSeconds"]) == ("Ignore", "None", 2)
    release.helm("uninstall")


def test_the_charts_certificate_is_for_its_service_and_is_kept_by_an_upgrade(
    api_server: ApiServer, helm_home: Path
) -> None:
    release = Installed.new(api_server, helm_home, {"webhook": {"enabled": True}})
    before = release.get(f"secrets/{charts.RELEASE}-webhook")["data"]
    leaf = x509.load_pem_x509_certificate(b64decode(before["tls.crt"]))
    ca = x509.load_pem_x509_certificate(b64decode(before["ca.crt"]))
    leaf.verify_directly_issued_by(ca)
    alternative = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert alternative.get_values_for_type(x509.DNSName) == [f"{charts.RELEASE}-webhook.{release.namespace}.svc"]
    release.helm("upgrade", {"webhook": {"enabled": True}, "replicaCount": 3})
    assert release.get(f"secrets/{charts.RELEASE}-webhook")["data"] == before
    path = f"/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/{release.namespace}-{charts.RELEASE}"
    config = api_server.request("GET", path)["webhooks"][0]["clientConfig"]
    assert config["caBundle"] == before["ca.crt"]
    release.helm("upgrade", {})
    with pytest.raises(Exception, match="404"):
        api_server.request("GET", path)
    release.helm("uninstall")


def test_it_is_off_unless_it_is_wanted_and_an_own_certificate_needs_its_ca(helm_home: Path) -> None:
    assert "ValidatingWebhookConfiguration" not in {one["kind"] for one in charts.render(helm_home)}
    with pytest.raises(HelmError, match=r"Set webhook\.caBundle"):
        charts.render(helm_home, {"webhook": {"enabled": True, "existingSecret": "own"}})
    own = {"enabled": True, "existingSecret": "own", "caBundle": PEM.decode()}
    objects = charts.render(helm_home, {"webhook": own})
    (hook,) = charts.one(objects, "ValidatingWebhookConfiguration")["webhooks"]
    assert b64decode(hook["clientConfig"]["caBundle"]) == PEM
    volumes = charts.one(objects, "Deployment")["spec"]["template"]["spec"]["volumes"]
    assert [one["secret"]["secretName"] for one in volumes if one["name"] == "webhook"] == ["own"]


def test_a_renewed_certificate_is_used_without_a_restart(tmp_path: Path) -> None:
    ca = issue("ca", ca=True)
    files = tmp_path / "tls.crt", tmp_path / "tls.key"

    def write(leaf: Holder, moment: int) -> None:
        for file, content in zip(files, (leaf.pem, leaf.key_pem), strict=True):
            file.write_bytes(content)
            os.utime(file, (moment, moment))

    write(issue("a", by=ca, names=["127.0.0.1"]), 1000)
    held = Certificate(*map(str, files))
    first = held.context()
    assert held.context() is first
    files[0].write_bytes(issue("b", by=ca).pem)  # no pair with the key: half written
    assert held.context() is first
    write(issue("c", by=ca, names=["127.0.0.1"]), 2000)
    assert held.context() is not first
