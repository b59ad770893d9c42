"""`manage.py rotate`: for scripts, with the form's write protocol and exit codes that tell outcomes apart."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from django.core.management import call_command

from destinations import names
from destinations.actions import writes
from destinations.cluster.memory import InMemoryCluster
from destinations.cluster.port import NO_CONFIGURATION, Ambiguous, Conflict, Forbidden, Unreachable
from edrportal.demo.cluster import certificate
from tests.services import composition
from tests.services.leaks import known

if TYPE_CHECKING:
    from pathlib import Path

    from destinations.model import Secret

PASSWORD = known("canary-cli-8841")
HOST = "registry.example.com"


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writes, "PAUSES", (0.0, 0.0))


def fill(cluster: InMemoryCluster) -> None:
    config = json.dumps({"auths": {HOST: {"username": "robot", "password": "old", "auth": "cm9ib3Q6b2xk"}}})
    metadata = {
        "name": "one",
        "labels": {names.REGISTRY_LABEL: "true"},
        "annotations": {names.ORGANIZATION_ANNOTATION: "team", names.EXPIRY_ANNOTATION: "2020-01-01"},
    }
    cluster.load([{"metadata": metadata, "stringData": {names.CONFIG_KEY: config}}])


def run(monkeypatch: pytest.MonkeyPatch, stdin: bytes, *arguments: str) -> int:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(stdin)))
    try:
        call_command("rotate", "one", *arguments)
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def entry(cluster: InMemoryCluster) -> dict[str, str]:
    found: dict[str, str] = json.loads(cluster.get_secret("one").data[names.CONFIG_KEY])["auths"][HOST]
    return found


@pytest.mark.parametrize("ending", ["", "\n", "\r\n"])
def test_a_rotation_from_standard_input(
    portal: InMemoryCluster, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], ending: str
) -> None:
    fill(portal)
    assert run(monkeypatch, (PASSWORD + ending).encode(), "--username", "AWS", "--password-stdin") == 0
    assert (entry(portal)["username"], entry(portal)["password"]) == ("AWS", PASSWORD)
    shown = capsys.readouterr()
    assert "were rotated" in shown.out
    assert PASSWORD not in shown.out + shown.err
    assert names.EXPIRY_ANNOTATION not in portal.get_secret("one").annotations
    assert "command line" in portal.get_secret("one").annotations[names.CHANGED_BY_ANNOTATION]


def test_a_json_key_of_many_lines_is_kept_as_it_is(portal: InMemoryCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(portal)
    key = '{\n  "type": "service_account",\n  "private_key_id": "1"\n}'
    assert run(monkeypatch, key.encode() + b"\n", "--username", "_json_key", "--password-stdin") == 0
    assert entry(portal)["password"] == key


def test_a_bundle_and_an_expiry(portal: InMemoryCluster, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fill(portal)
    file = tmp_path / "ca.pem"
    file.write_bytes(certificate(datetime.now(UTC), days=30))
    options = ("--password-stdin", "--bundle", str(file), "--expires-on", "2099-01-31")
    assert run(monkeypatch, b"p\n", *options) == 0
    secret = portal.get_secret("one")
    assert portal.get_secret(secret.data[names.CERTS_KEY].decode()).data == {names.BUNDLE_KEY: file.read_bytes()}
    assert secret.annotations[names.EXPIRY_ANNOTATION] == "2099-01-31"
    assert entry(portal)["username"] == "robot"
    assert run(monkeypatch, b"p2\n", "--password-stdin", "--remove-bundle") == 0
    assert names.CERTS_KEY not in portal.get_secret("one").data
    assert portal.get_secret("one").annotations[names.EXPIRY_ANNOTATION] == "2099-01-31"


@pytest.mark.parametrize(
    ("stdin", "options", "words"),
    [
        (b"p", [], "--password-stdin"),
        (b"", ["--password-stdin"], "Check that the command before the pipe succeeded"),
        (b"\n", ["--password-stdin"], "Check that the command before the pipe succeeded"),
        (b" p", ["--password-stdin"], "leading or trailing spaces"),
        (b"p\n\n", ["--password-stdin"], "more than one line break"),
        (b"\xff", ["--password-stdin"], "not valid UTF-8"),
        (b"a\x00b", ["--password-stdin"], "NUL"),
        (b"x" * 70_000, ["--password-stdin"], "64 KiB"),
        (b"p", ["--password-stdin", "--username", "a:b"], "colon"),
        (b"p", ["--password-stdin", "--username", ""], "--username"),
        (b"p", ["--password-stdin", "--bundle", "/nowhere"], "cannot be read"),
        (b"p", ["--password-stdin", "--bundle", "/dev/null"], "It is empty"),
        (b"p", ["--password-stdin", "--bundle", "x", "--remove-bundle"], "not both"),
        (b"p", ["--password-stdin", "--expires-on", "soon"], "YYYY-MM-DD"),
    ],
)
def test_what_cannot_be_used_ends_with_two_and_changes_nothing(  # noqa: PLR0917 - fixtures are arguments
    portal: InMemoryCluster, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    stdin: bytes, options: list[str], words: str,
) -> None:  # fmt: skip
    fill(portal)
    version = portal.get_secret("one").resource_version
    assert run(monkeypatch, stdin, *options) == 2
    assert words in capsys.readouterr().err
    assert portal.get_secret("one").resource_version == version


class Failing(InMemoryCluster):
    """Fails every PUT."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    def replace_secret(self, manifest: Any) -> Secret:  # noqa: ARG002 - the port's
        raise self.error


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        (Conflict("Conflict", status=409), 1, "Someone changed"),
        (Forbidden("Forbidden", status=403, verb="update"), 2, "no permission to update"),
        (Unreachable("NotSent"), 2, "does not answer"),
        (Unreachable(NO_CONFIGURATION), 2, "no usable kubeconfig"),
        (Ambiguous("NoUsableAnswer"), 3, "not known whether"),
    ],
)
def test_outcomes_have_their_own_status(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: Exception, status: int, words: str
) -> None:
    cluster = Failing(error)
    fill(cluster)
    with composition.use(cluster):
        assert run(monkeypatch, PASSWORD.encode(), "--password-stdin") == status
    shown = capsys.readouterr()
    assert words in shown.err
    assert PASSWORD not in shown.out + shown.err


def test_what_is_no_destination_or_not_ours_is_refused(
    portal: InMemoryCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(monkeypatch, b"p", "--password-stdin", "--username", "u") == 1
    portal.load([{"metadata": {"name": "one"}}])
    assert run(monkeypatch, b"p", "--password-stdin", "--username", "u") == 1
    labels = {names.REGISTRY_LABEL: "true", "argocd.argoproj.io/instance": "x"}
    portal.load([{"metadata": {"name": "one", "labels": labels}}])
    assert run(monkeypatch, b"p", "--password-stdin", "--username", "u") == 1


def test_ctrl_c_in_the_write_is_an_unknown_outcome(
    portal: InMemoryCluster, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(_: Any) -> Any:
        raise KeyboardInterrupt

    fill(portal)
    monkeypatch.setattr(portal, "replace_secret", interrupted)
    assert run(monkeypatch, PASSWORD.encode(), "--password-stdin") == 3
    assert "Interrupted, so it is not known whether the change was written" in capsys.readouterr().err


def test_what_is_not_there_is_named(
    portal: InMemoryCluster, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert portal.list_secrets() == []
    assert run(monkeypatch, b"p", "--password-stdin", "--username", "u") == 1
    assert "There is no destination 'one' in the namespace 'epinio'" in capsys.readouterr().err
