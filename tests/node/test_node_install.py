"""From nothing to the first destination, by the words of the documents, where Pod Security and NetworkPolicies are enforced."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from typing import TYPE_CHECKING, Any

import pytest

from destinations import names
from tests.services.leaks import canary
from tests.services.node.cluster import CommandError
from tests.services.node.controller import controller
from tests.services.node.forwarding import forwarded
from tests.services.node.release import INSTALL, PASSWORD, PERSON, Release
from tests.services.node.typed import command
from tests.services.node.visitor import Visitor

if TYPE_CHECKING:
    from tests.services.node.cluster import Cluster

LOOKS = """
import os, socket
wanted = ("CapEff", "Seccomp:", "NoNewPrivs")
print(os.getuid(), [line.split()[1] for line in open("/proc/self/status") if line.startswith(wanted)])
"""
KNOCKS = """
import socket, sys, time
def reached(address, port):
    try:
        socket.create_connection((address, port), 5).close()
    except OSError:
        return False
    return True
end = time.monotonic() + float(sys.argv[2])
while time.monotonic() < end and not any(reached(sys.argv[1], port) for port in (8000, 9090)):
    pass
print([port for port in (8000, 9090) if reached(sys.argv[1], port)])
"""


def stored(release: Release, name: str) -> dict[str, Any]:
    data = release.cluster.get("secret", name, namespace=release.namespace)["data"]
    found: dict[str, Any] = json.loads(b64decode(data[names.CONFIG_KEY]))
    return found


def test_the_pods_have_no_right_on_the_machine(release: Release) -> None:
    where = ["exec", "-i", "-n", release.namespace, "deployment/edrportal", "--"]
    said = release.cluster.kubectl(*where, "python", "-", stdin=LOOKS).strip()
    assert said == "10001 ['0000000000000000', '1', '2']"
    with pytest.raises(CommandError, match="Read-only file system"):
        release.cluster.kubectl(*where, "python", "-c", "open('/app/x', 'w')")


def test_helm_test_passes_ten_times_of_ten(release: Release) -> None:
    said = [release.type(command(INSTALL, "helm test")) for _ in range(10)]
    assert all("Phase:          Succeeded" in one for one in said)


@pytest.mark.parametrize(("namespace", "reached"), [("nginx", "[8000]"), ("monitoring", "[9090]"), ("elsewhere", "[]")])
def test_only_those_that_the_policy_names_reach_a_pod(release: Release, namespace: str, reached: str) -> None:
    node = release.cluster
    (one, *_) = release.pods()
    address = node.get("pod", one, namespace=release.namespace)["status"]["podIP"]
    node.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
    patience = "60" if reached != "[]" else "10"  # a policy knows a new pod a moment late
    container = {
        "name": "knocks",
        "image": "registry.example.com/edrportal:0.1.0",
        "command": ["python", "-c", KNOCKS, address, patience],
    }
    spec = {"restartPolicy": "Never", "containers": [container]}
    node.apply({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "knocks"}, "spec": spec}, namespace=namespace)
    node.kubectl("wait", "-n", namespace, "pod/knocks", "--for=jsonpath={.status.phase}=Succeeded", "--timeout=110s")
    assert node.kubectl("logs", "-n", namespace, "knocks").strip() == reached
    node.kubectl("delete", "namespace", namespace, "--wait=false")


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_the_first_destination_is_added_by_the_form_through_a_forwarded_port(release: Release, host: str) -> None:
    secret, name = canary("typed into the form"), f"harbor-{host.replace('.', '-')}"
    url = f"http://{host}:8080"
    with forwarded(release.cluster, command(INSTALL, "kubectl port-forward")):
        person = Visitor(release.cluster.first.machine.init, url, {"Host": f"{host}:8080", "Origin": url})
        person.sign_in(PERSON, PASSWORD)
        typed = {"host": "registry.example.com", "organization": "org", "username": "robot", "password": secret}
        answer = person.send("/destinations/new", name=name, **typed)
        assert answer.status == 303, answer.data.decode()[-2000:]
        assert name in person.ask("GET", "/").data.decode()
    entry = stored(release, name)["auths"]["registry.example.com"]
    assert (entry["username"], entry["password"] == secret) == ("robot", True)


def test_the_first_destination_is_added_by_a_script(release: Release) -> None:
    secret = canary("sent by a script", special=False)
    body = {
        "name": "by-script",
        "host": "registry.example.com",
        "organization": "org",
        "username": "robot",
        "password": secret,
    }
    person = b64encode(f"{PERSON}:{PASSWORD}".encode()).decode()
    address = release.cluster.get("service", "edrportal", namespace=release.namespace)["spec"]["clusterIP"]
    headers = {"Authorization": f"Basic {person}", "Content-Type": "application/json"}
    script = Visitor(
        controller(release.cluster),
        f"http://{address}",
        {"Host": "edrportal.example.com", "X-Forwarded-Proto": "https", **headers},
    )
    answer = script.call("POST", "/api/destinations", json.dumps(body))
    assert (answer.status, answer.json()["verdict"]) == (201, "accepted")
    assert stored(release, "by-script")["auths"]["registry.example.com"]["password"] == secret


@pytest.mark.usefixtures("image")
def test_uninstalling_leaves_what_the_documents_say_and_what_is_epinios(node: Cluster) -> None:
    release = Release.prepared(node, "leaving")
    release.install()
    release.type(command(INSTALL, "helm test"))
    person = release.visitor()
    typed = {"host": "registry.example.com", "organization": "org", "username": "robot", "password": "pw"}
    assert person.send("/destinations/new", name="kept", **typed).status == 303

    def pods() -> set[str]:
        return {one["metadata"]["name"] for one in node.get("pods", namespace=release.namespace)["items"]}

    release.type(command("docs/operate.md", "helm uninstall"))
    kinds = "pods,deployments,services,ingresses,secrets,configmaps,roles,rolebindings,serviceaccounts,networkpolicies"
    left = "app.kubernetes.io/instance=edrportal"
    node.await_("the pods are gone", lambda: pods() <= {"edrportal-test"})
    found = {one["metadata"]["name"] for one in node.get(kinds, "-l", left, namespace=release.namespace)["items"]}
    kept = {"edrportal-sessions", "edrportal-teams", "edrportal-checks", "edrportal-key"}
    assert found - {"edrportal-test"} == kept
    assert node.get("secret", "kept", namespace=release.namespace)
    admission = "validatingadmissionpolicies,validatingadmissionpolicybindings,validatingwebhookconfigurations"
    assert "leaving" not in json.dumps(node.get(admission, "-l", left)["items"])
    for kind in ("configmap", "secret", "pod"):
        release.type(command("docs/operate.md", f"kubectl delete {kind}"))
    assert not node.get(kinds, "-l", left, namespace=release.namespace)["items"]
    node.kubectl("delete", "namespace", release.namespace, "--wait=false")
