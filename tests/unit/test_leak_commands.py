"""Find a leaked credential, and rotate all that share it, from a terminal."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import pytest
from django.core.management import call_command

from destinations.livecheck.registry.port import Code, Step
from destinations.model import Credentials
from destinations.secret import docker_config
from edrportal.configuration.environment import Environment
from tests.services import composition
from tests.services.leaks import canary, find
from tests.services.scripted import ends
from tests.web.test_leak_pages import account, destination

if TYPE_CHECKING:
    from destinations.cluster.memory import InMemoryCluster
    from destinations.cluster.port import Cluster
    from tests.services.scripted import Scripted

LEAKED = canary("leaked")
NEW = canary("new")


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    def call(typed: str, *arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(typed.encode())))
        status = 0
        try:
            call_command(*arguments)
        except SystemExit as end:
            status = int(end.code or 0)
        out, err = capsys.readouterr()
        assert find((out + err).encode()) == []
        return status, out, err

    return call


def load(cluster: Cluster) -> None:
    for name in ("b-one", "a-two", "c-three"):
        cluster.create_secret(destination(name, account(LEAKED)))
    cluster.create_secret(destination("elsewhere", account(LEAKED, host="other.example.com")))
    cluster.create_secret(destination("clean", account(canary("another"))))


def test_it_prints_where_the_value_is_and_no_value(cluster: Cluster, run: Any) -> None:
    load(cluster)
    with composition.use(cluster):
        status, out, _ = run(f"{LEAKED}\n", "find_credential")
        assert status == 0
        assert [line.partition(":")[0] for line in out.splitlines()] == ["a-two", "b-one", "c-three", "elsewhere"]
        status, out, _ = run(LEAKED, "find_credential", "--format", "json")
        assert status == 0
        assert [one["name"] for one in json.loads(out)] == ["a-two", "b-one", "c-three", "elsewhere"]
        assert json.loads(out)[0]["places"] == ["auth", "password"]


@pytest.mark.parametrize(
    ("typed", "status", "words"),
    [("nowhere-at-all", 1, "No destination"), ("", 2, "Nothing was pasted"), ("abc", 2, "fewer than 4 characters"),
     ("x" * 300_000, 2, "larger than 256 KiB")],
)  # fmt: skip
def test_the_exit_codes_are_those_of_grep(
    portal: InMemoryCluster, run: Any, typed: str, status: int, words: str
) -> None:
    load(portal)
    assert run(typed, "find_credential")[0] == status
    assert words in run(typed, "find_credential")[2]


def test_all_with_the_same_credentials_are_rotated_the_named_one_last(cluster: Cluster, run: Any) -> None:
    load(cluster)
    with composition.use(cluster):
        status, out, _ = run(NEW, "rotate", "--same-as", "b-one", "--password-stdin")
    assert status == 0
    assert out.splitlines() == ["a-two: written", "b-one: written", "c-three: written"]
    for name in ("a-two", "b-one", "c-three"):
        assert docker_config.stored_credentials(cluster.get_secret(name)) == Credentials("robot", NEW)
    assert docker_config.stored_credentials(cluster.get_secret("elsewhere")) == Credentials("robot", LEAKED)
    versions = {name: int(cluster.get_secret(name).resource_version) for name in ("a-two", "b-one", "c-three")}
    assert max(versions, key=versions.__getitem__) == "b-one"


def test_what_is_left_over_is_found_again_by_the_same_command(
    portal: InMemoryCluster, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from destinations.cluster.port import Conflict  # noqa: PLC0415 - for this test alone

    load(portal)
    real = portal.replace_secret

    def but_one(manifest: Any) -> Any:
        if manifest["metadata"]["name"] == "c-three":
            raise Conflict("Conflict", status=409)
        return real(manifest)

    monkeypatch.setattr(portal, "replace_secret", but_one)
    status, out, _ = run(NEW, "rotate", "--same-as", "b-one", "--password-stdin")
    assert status == 1
    assert [line.partition(".")[0] for line in out.splitlines()] == [
        "a-two: written", "b-one: not written", "c-three: not written"
    ]  # fmt: skip
    monkeypatch.setattr(portal, "replace_secret", real)
    status, out, _ = run(NEW, "rotate", "--same-as", "b-one", "--password-stdin")
    assert (status, out.splitlines()) == (0, ["b-one: written", "c-three: written"])


def test_a_failed_check_rotates_nothing_unless_it_is_skipped(
    portal: InMemoryCluster, run: Any, registries: Scripted
) -> None:
    load(portal)
    registries.answers = {name: ends(Step.LOGIN, Code.WRONG_CREDENTIALS) for name in ("a-two", "b-one", "c-three")}
    status, out, _ = run(NEW, "rotate", "--same-as", "b-one", "--password-stdin")
    assert status == 1
    assert out.count("not written. Live check: An export would fail.") == 3
    assert run(NEW, "rotate", "--same-as", "b-one", "--password-stdin", "--skip-check")[0] == 0


@pytest.mark.parametrize(
    "arguments",
    [("--same-as", "b-one", "a-two"), (), ("a-two", "--skip-check"), ("--same-as", "b-one", "--remove-bundle")],
)
def test_arguments_that_contradict_each_other_are_refused(
    portal: InMemoryCluster, run: Any, arguments: tuple[str, ...]
) -> None:
    load(portal)
    assert run(NEW, "rotate", "--password-stdin", *arguments)[0] == 2


def test_the_password_that_is_stored_is_no_rotation(portal: InMemoryCluster, run: Any) -> None:
    load(portal)
    before = portal.get_secret("a-two")
    status, out, _ = run(LEAKED, "rotate", "--same-as", "b-one", "--password-stdin")
    assert status == 1
    assert out.count("not written. This is the password that is stored now") == 3
    assert portal.get_secret("a-two") == before


def test_a_date_in_the_past_is_warned_of(portal: InMemoryCluster, run: Any) -> None:
    load(portal)
    status, _, err = run(NEW, "rotate", "--same-as", "b-one", "--password-stdin", "--expires-on", "2020-01-01")
    assert status == 0
    assert err.count("Warning: 2020-01-01 is in the past.") == 1


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-le", "utf-16-be", "utf-8-sig"])
def test_what_a_pipe_on_windows_sends_is_found(
    portal: InMemoryCluster, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], codec: str
) -> None:
    load(portal)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(f"{LEAKED}\r\n".encode(codec))))
    call_command("find_credential")
    assert len(capsys.readouterr().out.splitlines()) == 4


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_the_line_break_of_a_pipe_is_no_part_of_the_value(portal: InMemoryCluster, run: Any, end: str) -> None:
    load(portal)
    _, out, _ = run(f"{LEAKED}{end}", "find_credential", "--format", "json")
    assert json.loads(out)[0]["places"] == ["auth", "password"]
    _, out, _ = run(f"{LEAKED}{end}{end}\n", "find_credential")
    assert "(without the spaces or line breaks around it)" in out or not end


def test_no_note_says_that_the_others_still_have_the_old_password(portal: InMemoryCluster, run: Any) -> None:
    for name in ("b-one", "a-two", "c-three"):
        portal.create_secret(destination(name, account(LEAKED)))
    status, _, err = run(NEW, "rotate", "--same-as", "b-one", "--password-stdin")
    assert (status, "also stored" in err) == (0, False)


@pytest.mark.parametrize("at", [1, 3])
def test_ctrl_c_in_a_write_tells_what_became_of_each(
    portal: InMemoryCluster, run: Any, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    load(portal)
    real, calls = portal.replace_secret, []

    def interrupted(manifest: Any) -> Any:
        calls.append(manifest["metadata"]["name"])
        if len(calls) == at:
            raise KeyboardInterrupt
        return real(manifest)

    monkeypatch.setattr(portal, "replace_secret", interrupted)
    status, out, _ = run(NEW, "rotate", "--same-as", "b-one", "--password-stdin")
    results = {line.partition(": ")[0]: line.partition(": ")[2].partition(".")[0] for line in out.splitlines()}
    assert status == 3
    assert results == (
        {"a-two": "not known", "b-one": "not written", "c-three": "not written"}
        if at == 1
        else {"a-two": "written", "b-one": "not known", "c-three": "written"}
    )


@pytest.mark.parametrize("name", ["EDRPORTAL_REGISTRY_PORTS", "EDRPORTAL_SKOPEO_ROOTS"])
def test_a_check_with_a_wrong_setting_is_no_failed_check(
    portal: InMemoryCluster, run: Any, settings: Any, name: str
) -> None:
    load(portal)
    settings.ENVIRONMENT = Environment.read({name: "/nope"})
    status, out, err = run(NEW, "rotate", "--same-as", "b-one", "--password-stdin")
    assert (status, out, name in err) == (2, "", True)
