"""The portal's Helm chart: rendered, and installed on a real API server by the real Helm."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import urllib3
import yaml

from tests.services.leaks import known
from tests.services.parts import HELM, program

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.services.apiserver import ApiServer

_PROJECT = Path(__file__).parents[2]
CHART = _PROJECT / "deploy" / "chart"
INSTALL = _PROJECT / "docs" / "install.md"
RELEASE = "edrportal"
KUBERNETES = "1.36"
OUTSIDE = "tests"
"""What `Installed.ask` calls itself, which is not the portal though it has its token."""
NEEDED = {"image": {"registry": "registry.example.com"}, "global": {"domain": "example.com"}}
"""What nobody can guess, and every install has to say."""


class HelmError(Exception):
    """Helm refused; the text is its own."""


def helm(*arguments: str, kubeconfig: Path | None = None, home: Path, values: Mapping[str, Any] | None = None) -> str:
    """Run Helm with the needed values and more; return what it printed. Raises HelmError and parts.Missing."""
    homes = {f"HELM_{kind}_HOME": str(home / kind.lower()) for kind in ("CONFIG", "CACHE", "DATA")}
    inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    environment = {**inherited, **homes} | ({"KUBECONFIG": str(kubeconfig)} if kubeconfig else {})
    given = [] if values is None else ["--values", "-"]
    ran = subprocess.run(
        [str(program(HELM)), *arguments, *given],
        cwd=_PROJECT,
        env=environment,
        input=None if values is None else yaml.safe_dump(merged(NEEDED, values)),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    if ran.returncode:
        raise HelmError(ran.stderr + ran.stdout)
    return ran.stdout


def render(
    home: Path, values: Mapping[str, Any] | None = None, *, kubernetes: str = KUBERNETES
) -> list[dict[str, Any]]:
    """Return every object of the chart with these values, hooks included, as no cluster would change them."""
    text = helm(
        "template", RELEASE, str(CHART), "-n", "epinio", "--kube-version", kubernetes, home=home, values=values or {}
    )
    return [one for one in yaml.safe_load_all(text) if one]


def one(objects: list[dict[str, Any]], kind: str, name: str = "") -> dict[str, Any]:
    """Return the only object of a kind, or the one of that name."""
    (found,) = (made for made in objects if made["kind"] == kind and name in {"", made["metadata"]["name"]})
    return found


def merged(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """Return values over values, as Helm does it: maps are merged, everything else is replaced."""
    both = {
        key: merged(old[key], new[key]) for key in new if isinstance(old.get(key), dict) and isinstance(new[key], dict)
    }
    return {**old, **new, **both}


@dataclass(frozen=True, slots=True)
class Installed:
    """A release in a namespace of its own, and a token of its ServiceAccount."""

    server: ApiServer
    namespace: str
    home: Path
    kubeconfig: Path
    token: str = field(repr=False, default="")

    @classmethod
    def new(cls, server: ApiServer, home: Path, values: Mapping[str, Any]) -> Installed:
        """Install the chart into a new namespace."""
        release = cls._at(server, home, server.new_namespace())
        release.helm("install", values)
        return release.with_token()

    @classmethod
    def documented(cls, server: ApiServer, home: Path) -> Installed:
        """Install the chart word by word as docs/install.md says, into the namespace that it names."""
        (command,) = re.findall(r"(?m)^    (helm install .*)$", INSTALL.read_text())
        arguments = shlex.split(command)[1:]
        namespace = arguments[arguments.index("--namespace") + 1]
        server.request("POST", "/api/v1/namespaces", {"metadata": {"name": namespace}})
        release = cls._at(server, home, namespace)
        helm(*arguments, kubeconfig=server.kubeconfig, home=release.home)
        return release.with_token()

    @classmethod
    def _at(cls, server: ApiServer, home: Path, namespace: str) -> Installed:
        own = home / namespace
        own.mkdir()
        return cls(server, namespace, own, own / "kubeconfig")

    def with_token(self) -> Installed:
        """Ask for a token as the kubelet would."""
        account = f"/api/v1/namespaces/{self.namespace}/serviceaccounts/{RELEASE}/token"
        asked = self.server.request("POST", account, {"spec": {"expirationSeconds": 3600}})
        token = known(asked["status"]["token"])
        self.kubeconfig.write_text(yaml.safe_dump(_kubeconfig(self.server, token)))
        return replace(self, token=token)

    def ask(self, method: str, path: str, body: Any = None, *, impersonate: str = "") -> tuple[int, str]:
        """Ask as the portal's ServiceAccount; return the status, and the message of a failure."""
        status, answer = self.answer(method, path, body, impersonate=impersonate)
        return status, str(answer.get("message", "")) if status >= 400 else ""

    def patch(self, path: str, body: Any) -> tuple[int, str]:
        """Ask for a merge patch as the portal's ServiceAccount; return as `ask` does."""
        status, answer = self.answer("PATCH", path, body, kind="application/merge-patch+json")
        return status, str(answer.get("message", "")) if status >= 400 else ""

    def answer(
        self, method: str, path: str, body: Any = None, *, impersonate: str = "", kind: str = "application/json"
    ) -> tuple[int, Any]:
        """Ask as the portal's ServiceAccount; return the status and the decoded answer."""
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": kind, "User-Agent": OUTSIDE}
        headers |= {"Impersonate-User": impersonate} if impersonate else {}
        with urllib3.PoolManager(ca_certs=str(self.server.ca), retries=False, timeout=10) as pool:
            content = json.dumps(body) if body else None
            answer = pool.request(method, self.server.url + path, headers=headers, body=content)
        return answer.status, answer.json()

    def guarded(self) -> Installed:
        """Return this once its admission policy acts, which takes the API server a moment; `readOnly` is no hindrance."""
        name = "edrportal-sessions"
        labeled = self.get(f"configmaps/{name}")
        labeled["metadata"]["labels"]["not-the-portals"] = "true"
        for _ in range(200):
            path = f"/api/v1/namespaces/{self.namespace}/configmaps/{name}?dryRun=All"
            status, message = self.ask("PUT", path, labeled)
            if status == 403 and "ValidatingAdmissionPolicy" in message:
                return self
            time.sleep(0.05)
        raise RuntimeError(f"the policy does not act: {status}")

    @property
    def user(self) -> str:
        """The name of the ServiceAccount as the API server's rules and logs have it."""
        return f"system:serviceaccount:{self.namespace}:{RELEASE}"

    def helm(self, verb: str, values: Mapping[str, Any] | None = None, *arguments: str) -> str:
        """Run a verb of Helm on the release as an administrator; `values` come with the chart."""
        chart = [] if values is None else [str(CHART)]
        where = ["-n", self.namespace, *arguments]
        return helm(verb, RELEASE, *chart, *where, kubeconfig=self.server.kubeconfig, home=self.home, values=values)

    def get(self, path: str) -> Any:
        """Return an object of the namespace, by its path after `/namespaces/NAMESPACE/`."""
        group, _, rest = path.rpartition(":")
        root = f"/apis/{group}" if group else "/api/v1"
        return self.server.request("GET", f"{root}/namespaces/{self.namespace}/{rest}")


def _kubeconfig(server: ApiServer, token: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "portal",
        "clusters": [{"name": "tests", "cluster": {"server": server.url, "certificate-authority": str(server.ca)}}],
        "users": [{"name": "portal", "user": {"token": token}}],
        "contexts": [{"name": "portal", "context": {"cluster": "tests", "user": "portal"}}],
    }
