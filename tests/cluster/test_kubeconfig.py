"""Kubeconfigs as people have them: token files, plugins, several files, proxies in the environment."""

from __future__ import annotations

import json
import socket
import sys
import time
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from kubernetes.config import incluster_config

from destinations.actions import messages
from destinations.cluster.kube import kubeconfig
from destinations.cluster.kube.adapter import KubernetesCluster
from destinations.cluster.port import NO_CONFIGURATION, NO_CREDENTIAL, Forbidden, Unreachable
from tests.services.leaks import known

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.services.apiserver import ApiServer

FIELD = Path(__file__).parent.parent / "data" / "field"


@pytest.fixture
def server(api_server: ApiServer) -> ApiServer:
    return api_server


def token_of(server: ApiServer) -> str:
    return str(yaml.safe_load(server.kubeconfig.read_text())["users"][0]["user"]["token"])


def written(
    directory: Path, server: ApiServer | None, user: dict[str, Any], *, name: str = "config", **cluster: Any
) -> Path:
    url, ca = (server.url, str(server.ca)) if server else ("https://127.0.0.1:1", None)
    about = {"server": url, **({"certificate-authority": ca} if ca else {}), **cluster}
    file = directory / name
    file.write_text(
        yaml.safe_dump(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "current-context": "c",
                "contexts": [{"name": "c", "context": {"cluster": "k", "user": "u"}}],
                "clusters": [{"name": "k", "cluster": about}],
                "users": [{"name": "u", "user": user}],
            }
        )
    )
    return file


def plugin(directory: Path, answer: str) -> dict[str, Any]:
    """Return an `exec` section whose command prints what the file holds then, and counts how often it ran."""
    (directory / "answer").write_text(answer)
    script = directory / "plugin.py"
    script.write_text(
        "import pathlib, sys\n"
        f"here = pathlib.Path({str(directory)!r})\n"
        "(here / 'runs').open('a').write('x')\n"
        "text = (here / 'answer').read_text()\n"
        "sys.exit(text) if text.startswith('fail') else print(text)\n"
    )
    version = "client.authentication.k8s.io/v1"
    return {
        "exec": {"apiVersion": version, "command": sys.executable, "args": [str(script)], "interactiveMode": "Never"}
    }


def credential(token: str, **more: str) -> str:
    status = {"token": token, **more}
    return json.dumps({"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": status})


@pytest.mark.cluster
@pytest.mark.parametrize("end", ["", "\n", "\r\n", " \n\n"])
def test_a_token_file_that_ends_in_a_line_break_works(server: ApiServer, tmp_path: Path, end: str) -> None:
    (tmp_path / "token").write_bytes((token_of(server) + end).encode())
    stated = yaml.safe_load((FIELD / "30-kubeconfig-token-file.yaml").read_text())["users"][0]["user"]
    assert set(stated) == {"tokenFile"}
    file = written(tmp_path, server, {"tokenFile": str(tmp_path / "token")})
    cluster = KubernetesCluster.from_kubeconfig(str(file), namespace=server.new_namespace())
    assert cluster.list_secrets() == []


@pytest.mark.cluster
def test_a_token_that_stands_in_the_kubeconfig_is_trimmed_too(server: ApiServer, tmp_path: Path) -> None:
    file = written(tmp_path, server, {"token": token_of(server) + "\n"})
    assert KubernetesCluster.from_kubeconfig(str(file), namespace=server.new_namespace()).list_secrets() == []


@pytest.mark.cluster
@pytest.mark.parametrize("what", ["list", "write", "watch"])
def test_a_refused_token_of_a_plugin_is_asked_for_again(
    server: ApiServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    monkeypatch.setattr(kubeconfig, "_AGAIN_SECONDS", 0.0)
    file = written(tmp_path, server, plugin(tmp_path, credential(known("expired-token-of-a-plugin"))))
    cluster = KubernetesCluster.from_kubeconfig(str(file), namespace=server.new_namespace())
    with pytest.raises(Forbidden):
        cluster.list_secrets()
    (tmp_path / "answer").write_text(credential(token_of(server)))
    if what == "list":
        assert cluster.list_secrets() == []
    elif what == "write":
        assert cluster.create_secret({"metadata": {"name": "one"}}).name == "one"
    else:
        assert next(cluster.watch("0", seconds=1)).resource_version == "0"


@pytest.mark.cluster
def test_a_plugin_that_keeps_giving_a_refused_token_is_not_run_for_every_call(
    server: ApiServer, tmp_path: Path
) -> None:
    file = written(tmp_path, server, plugin(tmp_path, credential(known("refused-token-of-a-plugin"))))
    cluster = KubernetesCluster.from_kubeconfig(str(file), namespace="epinio")
    for _ in range(5):
        with pytest.raises(Forbidden) as caught:
            cluster.list_secrets()
    assert len((tmp_path / "runs").read_text()) == 1
    told = messages.for_error(caught.value)
    assert ("expired" in told.message, "no permission" in told.message) == (True, False)


@pytest.mark.cluster
def test_a_missing_permission_is_not_said_to_be_an_expired_token(server: ApiServer) -> None:
    weak = KubernetesCluster.from_kubeconfig(str(server.kubeconfig), namespace="epinio", context="outsider")
    with pytest.raises(Forbidden) as caught:
        weak.list_secrets()
    told = messages.for_error(caught.value)
    assert ("expired" in told.message, "The portal has no permission to list Secrets" in told.message) == (False, True)


@pytest.mark.parametrize(
    "user",
    [
        {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "no-such-plugin-anywhere"}},
        {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "false"}},
        {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "echo", "args": ["not json"]}},
        {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "echo", "args": ["{}"]}},
    ],
)
def test_a_plugin_that_gives_nothing_is_named_as_the_cause(tmp_path: Path, user: dict[str, Any]) -> None:
    with pytest.raises(Unreachable) as caught:
        KubernetesCluster.from_kubeconfig(str(written(tmp_path, None, user)), namespace="epinio")
    assert caught.value.reason == NO_CREDENTIAL
    assert "credential plugin" in messages.for_error(caught.value).message


@pytest.mark.cluster
def test_empty_files_in_the_list_are_passed_over(
    server: ApiServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "empty").write_text("")
    (tmp_path / "comment").write_text("# nothing yet\n")
    good = written(tmp_path, server, {"token": token_of(server)})
    monkeypatch.setenv("KUBECONFIG", f"{tmp_path / 'empty'}:{tmp_path / 'missing'}:{tmp_path / 'comment'}::{good}")
    assert KubernetesCluster.connect(namespace=server.new_namespace()).list_secrets() == []


@pytest.mark.parametrize("text", ["", "# only a comment", "[]", "a: [", "kind: Config", "\x00", "just text"])
def test_a_kubeconfig_of_nothing_says_that_no_cluster_is_known(tmp_path: Path, text: str) -> None:
    (tmp_path / "config").write_text(text)
    with pytest.raises(Unreachable) as caught:
        KubernetesCluster.from_kubeconfig(str(tmp_path / "config"), namespace="epinio")
    assert caught.value.reason == NO_CONFIGURATION


@pytest.fixture
def proxy() -> Iterator[tuple[str, list[bytes]]]:
    """A corporate proxy that lets nothing through, and what it was asked for."""
    asked: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(20)

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    connection.settimeout(1)
                    try:
                        asked.append(connection.recv(1000))
                        connection.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
                    except OSError:
                        asked.append(b"")

        thread = Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", asked
        listener.shutdown(socket.SHUT_RDWR)
    thread.join(5)


@pytest.mark.cluster
@pytest.mark.parametrize("way", ["kubeconfig", "pod"])
def test_no_call_to_the_cluster_goes_through_a_proxy_of_the_environment(
    server: ApiServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    proxy: tuple[str, list[bytes]],
    way: str,
) -> None:
    address, asked = proxy
    for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, address)
    monkeypatch.setenv("NO_PROXY", "localhost,.svc,.cluster.local")
    monkeypatch.delenv("no_proxy", raising=False)
    namespace = server.new_namespace()
    if way == "kubeconfig":
        cluster = KubernetesCluster.from_kubeconfig(str(server.kubeconfig), namespace=namespace)
    else:
        (tmp_path / "token").write_text(token_of(server))
        host, port = server.url.removeprefix("https://").split(":")
        monkeypatch.setattr(incluster_config, "SERVICE_TOKEN_FILENAME", str(tmp_path / "token"))
        monkeypatch.setattr(incluster_config, "SERVICE_CERT_FILENAME", str(server.ca))
        monkeypatch.setenv("KUBERNETES_SERVICE_HOST", host)
        monkeypatch.setenv("KUBERNETES_SERVICE_PORT", port)
        monkeypatch.delenv("KUBECONFIG", raising=False)
        cluster = KubernetesCluster.connect(namespace=namespace)
    assert cluster.list_secrets() == []
    assert cluster.create_secret({"metadata": {"name": "one"}}).name == "one"
    assert next(cluster.watch("0", seconds=1)).resource_version == "0"
    assert asked == []


@pytest.mark.cluster
def test_the_kubeconfigs_own_proxy_is_asked(server: ApiServer, tmp_path: Path, proxy: tuple[str, list[bytes]]) -> None:
    address, asked = proxy
    file = written(tmp_path, server, {"token": token_of(server)}, **{"proxy-url": address})
    cluster = KubernetesCluster.from_kubeconfig(str(file), namespace="epinio")
    with pytest.raises(Unreachable):
        cluster.ready()
    deadline = time.monotonic() + 5
    while not asked and time.monotonic() < deadline:
        time.sleep(0.01)
    assert asked[0].startswith(b"CONNECT 127.0.0.1:")
