"""`manage.py livecheck`: arguments, exit codes, and the shape of the JSON."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from django.core.management import call_command

from destinations import names
from destinations.cluster.memory import InMemoryCluster, InMemoryConfigMaps
from destinations.cluster.port import Forbidden, Unreachable
from destinations.livecheck.explanations import NOT_TESTED
from destinations.livecheck.registry.port import Code, Side, Step
from edrportal.configuration.environment import NO_KEY
from tests.livecheck.world import PASSWORD, destination
from tests.services import composition
from tests.services.scripted import ends

if TYPE_CHECKING:
    from destinations.livecheck.registry.port import Report
    from tests.services.scripted import Scripted

FAILS = ends(Step.PUSH, Code.MAY_NOT_PUSH, Side.IMAGE, repository="team/workspace-shop-image")
UNKNOWN = ends(Step.REGISTRY, Code.OUT_OF_TIME, ok=None)


@pytest.fixture(autouse=True)
def _two(portal: InMemoryCluster) -> None:
    portal.load([destination("one"), destination("two"), {"metadata": {"name": "no-destination"}}])


def run(*arguments: str) -> int:
    try:
        call_command("livecheck", *arguments)
    except SystemExit as end:
        return int(end.code or 0)
    return 0


@pytest.mark.parametrize(
    ("answer", "arguments", "status"),
    [
        (None, ["one"], 0),
        (None, ["--all", "--fail-on", "unknown"], 0),
        (FAILS, ["one"], 1),
        (FAILS, ["two"], 0),
        (FAILS, ["--all"], 1),
        (UNKNOWN, ["one"], 0),
        (UNKNOWN, ["one", "--fail-on", "unknown"], 1),
    ],
)
def test_the_exit_code_says_whether_something_would_fail(
    registries: Scripted, answer: Report | None, arguments: list[str], status: int
) -> None:
    registries.answers = {"one": answer} if answer else {}
    assert run(*arguments) == status


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["one", "--all"],
        ["nope"],
        ["no-destination"],
        ["one", "--app", "shop"],
        ["one", "--app", "A/b"],
        ["one", "--app", "a/"],
    ],
)
def test_unusable_input_asks_nobody(
    registries: Scripted, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    assert run(*arguments) == 2
    assert registries.asked == []
    assert capsys.readouterr().err.startswith("edrportal: ")


def test_a_silent_cluster_is_no_failure_of_a_registry(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def silent(*_: Any) -> Any:
        raise Unreachable("NoUsableAnswer")

    monkeypatch.setattr(InMemoryCluster, "list_secrets", silent)
    assert run("--all") == 2
    assert "does not answer" in capsys.readouterr().err


def test_the_json_has_exactly_the_stated_members(registries: Scripted, capsys: pytest.CaptureFixture[str]) -> None:
    registries.answers = {"two": FAILS}
    assert run("two", "one", "--app", "team-a/web", "--format", "json") == 1
    found = json.loads(capsys.readouterr().out)
    assert [one["name"] for one in found] == ["one", "two"]
    for one in found:
        assert set(one) == {"name", "fingerprint", "checked_at", "app", "chart", "image", "stages", "not_tested"}
        assert all(set(stage) == {"stage", "side", "ok", "ms", "message", "fix"} for stage in one["stages"])
        assert one["not_tested"] == list(NOT_TESTED)
        assert one["app"] == "team-a/web"
        assert one["checked_at"].endswith("Z")
        assert len(one["fingerprint"]) == 40
    assert (found[0]["chart"], found[0]["image"]) == ("pass", "pass")
    assert (found[1]["chart"], found[1]["image"]) == ("pass", "fail")
    assert {stage["side"] for stage in found[1]["stages"]} == {"both", "chart", "image"}
    pushes = {stage["side"]: stage["message"] for stage in found[1]["stages"] if stage["stage"] == "push"}
    assert pushes["chart"] == "Helm may push to team/team-a-web-chart."
    assert "team/workspace-shop-image" in pushes["image"]
    assert registries.asked[0].chart.repository == "team/team-a-web-chart"


def test_the_text_names_what_fails_what_to_do_and_what_no_check_knows(
    registries: Scripted, capsys: pytest.CaptureFixture[str]
) -> None:
    registries.answers = {"one": FAILS}
    assert run("--all") == 1
    shown = capsys.readouterr()
    assert "one  chart pass     image fail" in shown.out
    assert "push (image): The account may not push to team/workspace-shop-image." in shown.out
    assert "Fix: Give the account permission" in shown.out
    assert "Not tested:" in shown.out
    assert PASSWORD not in shown.out + shown.err


def test_the_results_are_kept_for_the_pages_and_leave_a_line_in_the_audit(
    registries: Scripted, caplog: pytest.LogCaptureFixture
) -> None:
    registries.answers = {"one": FAILS}
    run("--all")
    kept = composition.results()
    assert [kept.of(name) is not None for name in ("one", "two")] == [True, True]
    lines = [json.loads(one.message) for one in caplog.records if one.name == "edrportal.telemetry.logs"]
    assert sorted((one["action"], one["target"], one["reason"]) for one in lines) == [
        ("check", "one", "chart-pass-image-fail"),
        ("check", "two", "chart-pass-image-pass"),
    ]
    assert all(one["who"].startswith("command-line:") for one in lines)


def test_what_cannot_be_kept_is_said_and_fails_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(*_: Any) -> Any:
        raise Forbidden("Forbidden", status=403)

    monkeypatch.setattr(InMemoryConfigMaps, "get", refused)
    assert run("one") == 0
    assert "are not stored for the pages" in capsys.readouterr().err


def test_without_a_key_nothing_is_kept_that_passwords_could_be_tried_against(
    settings: Any, capsys: pytest.CaptureFixture[str], portal: InMemoryCluster
) -> None:
    settings.SECRET_KEY = NO_KEY
    assert run("one", "--format", "json") == 0
    shown = capsys.readouterr()
    assert json.loads(shown.out)[0]["fingerprint"] == ""
    assert "EDRPORTAL_SECRET_KEY" in shown.err
    assert names.CHECKS_CONFIG_MAP not in {one.name for one in portal.config_maps.list_secrets()}


def test_it_runs_without_any_setting() -> None:
    environment = {"PATH": os.environ["PATH"], "EDRPORTAL_CLUSTER": "memory"}
    ran = subprocess.run(
        [sys.executable, "manage.py", "livecheck", "--all", "--format", "json"],
        env=environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (ran.returncode, json.loads(ran.stdout)) == (0, [])
