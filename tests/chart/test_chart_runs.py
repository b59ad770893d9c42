"""The portal as docs/install.md has it installed: its environment, its account, its probes, under the policy, over HTTP."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest
import urllib3

from destinations import names
from destinations.cluster.kube.adapter import KubernetesCluster
from destinations.cluster.reflector import MAX_AGE_SECONDS
from tests.services import charts
from tests.services.charts import Installed
from tests.services.processes import free_port, running
from tests.services.tcpproxy import tcp_proxy
from tests.signin import world

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.services.apiserver import ApiServer

pytestmark = [pytest.mark.people, pytest.mark.cluster]
HOST = "edrportal.example.com"


@dataclass
class Browser:
    """Somebody behind the ingress controller: TLS ends there, and the cookies come along.

    With another `origin` the browser comes by no proxy, as with `kubectl port-forward`.
    """

    url: str
    cookies: dict[str, str] = field(default_factory=dict)
    insecure: list[str] = field(default_factory=list)
    origin: str = f"https://{HOST}"

    def __post_init__(self) -> None:
        self._pool = urllib3.PoolManager(retries=False, timeout=20)

    def ask(self, method: str, path: str, **form: str) -> urllib3.BaseHTTPResponse:
        scheme, _, host = self.origin.partition("://")
        headers = {"Host": host}
        headers |= {"X-Forwarded-For": "192.0.2.7", "X-Forwarded-Proto": "https"} if scheme == "https" else {}
        headers |= {
            "Origin": self.origin,
            "Cookie": "; ".join(f"{key}={value}" for key, value in self.cookies.items()),
        }
        headers |= {"Content-Type": "application/x-www-form-urlencoded"}
        answer = self._pool.request(method, self.url + path, headers=headers, body=urlencode(form), redirect=False)
        for cookie in answer.headers.getlist("Set-Cookie"):
            key, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[key] = value
            self.insecure += [] if {"; secure", "; max-age=0"} & {*re.findall(r"; [^;]+", cookie.lower())} else [key]
        return answer

    def send(self, path: str, **form: str) -> urllib3.BaseHTTPResponse:
        """Open the page, and send its form with what was typed."""
        page = self.ask("GET", path).data.decode()
        hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page))
        return self.ask("POST", path, **{**hidden, **form})

    def close(self) -> None:
        self._pool.clear()


def container(objects: list[dict[str, Any]]) -> dict[str, Any]:
    (found,) = charts.one(objects, "Deployment")["spec"]["template"]["spec"]["containers"]
    return dict(found)


@contextmanager
def started(
    release: Installed, directory: Path, values: dict[str, Any], home: Path, *, metrics: int = 0
) -> Iterator[str]:
    """Run the portal with the environment of the Deployment; only what a kubelet would mount lies elsewhere."""
    stated = {one["name"]: one.get("value", "") for one in container(charts.render(home, values))["env"]}
    for name, content in (("key", "k" * 64), ("fallbacks", "")):
        (directory / name).write_text(content)
    stated |= {
        "EDRPORTAL_NAMESPACE": release.namespace,
        "EDRPORTAL_SECRET_KEY_FILE": str(directory / "key"),
        "EDRPORTAL_SECRET_KEY_FALLBACKS_FILE": str(directory / "fallbacks"),
        "KUBECONFIG": str(release.kubeconfig),
        "EDRPORTAL_METRICS_PORT": str(metrics or free_port()),  # the one of the values may be taken here
        "PATH": os.environ["PATH"],
    }
    port = free_port()
    command = ["env", "-i", *(f"{name}={value}" for name, value in stated.items())]
    command += [sys.executable, "manage.py", "serve", "--bind", f"127.0.0.1:{port}"]
    url = f"http://127.0.0.1:{port}"
    with running(command, log=directory / "portal.log", ready=lambda: probed(url, "/readyz"), seconds=60):
        yield url


def probed(url: str, path: str, host: str = "localhost") -> bool:
    with urllib3.PoolManager(retries=False, timeout=5) as pool:
        try:
            return bool(pool.request("GET", url + path, headers={"Host": host}).status == 200)
        except urllib3.exceptions.HTTPError:
            return False


@pytest.fixture(scope="module")
def release(api_server: ApiServer, helm_home: Path) -> Installed:
    made = Installed.documented(api_server, helm_home).guarded()
    filling = KubernetesCluster.from_kubeconfig(str(api_server.kubeconfig), namespace=made.namespace)
    maps = [one for one in world.config_maps() if one["metadata"]["name"] not in names.CONFIG_MAPS]
    world.fill(filling, world.secrets(), maps)
    return made


@pytest.fixture(scope="module")
def portal(release: Installed, helm_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with started(release, tmp_path_factory.mktemp("portal"), {}, helm_home) as url:
        yield url


@pytest.fixture
def person(portal: str) -> Iterator[Browser]:
    made = Browser(portal)
    yield made
    made.close()


def test_an_epinio_user_adds_a_destination_by_the_portal_as_it_is_installed(
    release: Installed, person: Browser
) -> None:
    assert person.send("/signin", username="administrator", password=world.PASSWORD).status == 302
    typed = {"host": "registry.example.com", "organization": "org", "username": "robot", "password": "pw"}
    answer = person.send("/destinations/new", name="harbor", **typed)
    assert answer.status == 303, answer.data.decode()[-2000:]
    assert release.get("secrets/harbor")["metadata"]["labels"][names.REGISTRY_LABEL] == "true"
    assert "harbor" in person.ask("GET", answer.headers["Location"]).data.decode()
    assert {"__Host-edrportal-csrf", "__Host-edrportal-session"} <= set(person.cookies)
    assert not person.insecure


@pytest.mark.parametrize("host", ["localhost:8080", "127.0.0.1:8080"])
def test_port_forward_leads_to_the_sign_in_and_to_the_forms(release: Installed, portal: str, host: str) -> None:
    """Browsers take Secure cookies from loopback over plain HTTP; here the cookies come along in any case."""
    person = Browser(portal, origin=f"http://{host}")
    try:
        assert person.send("/signin", username="administrator", password=world.PASSWORD).status == 302
        typed = {"host": "registry.example.com", "organization": "org", "username": "robot", "password": "pw"}
        name = f"by-{host.partition(':')[0].replace('.', '-')}"
        assert person.send("/destinations/new", name=name, **typed).status == 303
    finally:
        person.close()
    assert release.get(f"secrets/{name}")["metadata"]["labels"][names.REGISTRY_LABEL] == "true"


def test_the_portal_answers_itself_while_only_its_own_way_to_the_api_server_is_broken(
    api_server: ApiServer, release: Installed, helm_home: Path, tmp_path: Path
) -> None:
    """Readiness follows the API server (docs/operate.md says why), liveness does not, and a page says what is wrong."""
    with tcp_proxy(api_server) as proxy:
        through = tmp_path / "kubeconfig"
        own = api_server.url.rpartition(":")[2]
        through.write_text(release.kubeconfig.read_text().replace(f":{own}", f":{proxy.port}"))
        second = free_port()
        platform = f"http://127.0.0.1:{second}"
        with started(replace(release, kubeconfig=through), tmp_path, {}, helm_home, metrics=second) as url:
            assert probed(platform, "/readyz")
            proxy.close()
            time.sleep(MAX_AGE_SECONDS + 1)  # so long the watch is believed, and people sign in by it
            person = Browser(url)
            answer = person.send("/signin", username="administrator", password=world.PASSWORD)
            person.close()
            assert (probed(platform, "/readyz"), probed(url, "/readyz")) == (False, False)
            assert (probed(platform, "/healthz"), probed(url, "/healthz")) == (True, True)
    assert (answer.status, "The cluster does not answer" in answer.data.decode()) == (503, True)


def test_the_probes_of_the_chart_find_the_portal(portal: str, helm_home: Path) -> None:
    made = container(charts.render(helm_home))
    for name in ("startupProbe", "livenessProbe", "readinessProbe"):
        probe = made[name]["httpGet"]
        (header,) = probe["httpHeaders"]
        assert (header["name"], probed(portal, probe["path"], header["value"])) == ("Host", True)
    assert probed(portal, "/readyz", "10.42.0.7")  # a load balancer asks so
    assert not probed(portal, "/signin", "10.42.0.7")


def hook(home: Path, **stated: str) -> subprocess.CompletedProcess[str]:
    """Run the command of the `helm test` pod."""
    (test,) = charts.one(charts.render(home), "Pod")["spec"]["containers"]
    environment = {one["name"]: one["value"] for one in test["env"]} | {"SECONDS_TO_WAIT": "1"} | stated
    assert test["command"][0] == "python"
    command = [sys.executable, *test["command"][1:]]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_helm_test_passes_on_a_portal_that_works(portal: str, helm_home: Path) -> None:
    ran = hook(helm_home, PORTAL=portal)
    assert (ran.returncode, ran.stdout) == (0, "/healthz ok\n/readyz ok\n/signin ok\n"), ran.stderr


def test_helm_test_fails_where_nobody_answers(helm_home: Path) -> None:
    ran = hook(helm_home, PORTAL=f"http://127.0.0.1:{free_port()}")
    assert (ran.returncode, "/healthz: " in ran.stderr) == (1, True)


def test_without_tls_the_portal_starts_and_says_why_nobody_signs_in(
    release: Installed, helm_home: Path, tmp_path: Path
) -> None:
    with started(release, tmp_path, {"ingress": {"tls": {"enabled": False}}}, helm_home) as url:
        browser = Browser(url)
        answer = browser.ask("GET", "/signin")
        browser.close()
    assert (answer.status, "there is no TLS" in answer.data.decode()) == (403, True)
