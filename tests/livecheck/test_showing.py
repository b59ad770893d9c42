"""What a page shows of a result: which certificate is missing, what both tools find alike, and where they part."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from destinations.livecheck import presentation, result
from destinations.livecheck.registry.port import Code, Leg, Plan, Report, Side, StageResult, Step
from destinations.livecheck.result import Last, with_names
from destinations.livecheck.text import render
from tests.livecheck.world import last
from tests.services.pki import issue
from tests.services.scripted import ends, report

ROOT = issue("Root", ca=True)
INTERMEDIATE = issue("Intermediate", by=ROOT, ca=True)
LEAF = issue("leaf", by=INTERMEDIATE, names=("registry.example.com",))
OTHER = issue("Other", ca=True)
PLAN = Plan("one", Leg("registry.example.com", "team/chart"), Leg("registry.example.com", "team/image"))


@pytest.mark.parametrize(
    ("presented", "missing"),
    [
        ([LEAF], "CN=Intermediate"),
        ([LEAF, INTERMEDIATE], "CN=Root"),
        ([LEAF, INTERMEDIATE, ROOT], "CN=Root"),
        ([LEAF, ROOT, INTERMEDIATE], "CN=Root"),
        ([LEAF, OTHER], "CN=Intermediate"),
        ([OTHER], "CN=Other"),
        ([], ""),
    ],
)
def test_the_ca_that_nobody_trusts_is_named(presented: list[object], missing: str) -> None:
    assert result.missing([one.der for one in presented]) == missing  # type: ignore[attr-defined]


def test_what_is_no_certificate_is_left_out() -> None:
    assert result.missing([b"", b"no certificate"]) == ""
    assert [one.subject for one in result.read([b"x", LEAF.der])] == ["CN=leaf"]


def named(found: Report) -> Last:
    return last("one", with_names(found, PLAN))


def whole(found: Report) -> presentation.Shown:
    return presentation.whole(named(found), now=datetime.now(UTC), sees_all=True)


def test_the_names_that_sentences_need_come_from_the_plan_and_the_chain() -> None:
    found = ends(Step.TLS, Code.UNKNOWN_AUTHORITY)
    shown = whole(Report(found.stages, found.chart, found.image, found.checked_at, (LEAF.der,)))
    assert shown.findings[0].message == (
        "Helm and skopeo trust no CA that signed the certificate of registry.example.com; the missing CA is CN=Intermediate."
    )
    pushes = [one.message for one in whole(report()).everything][-1:]
    assert pushes == ["Helm and skopeo may push to team/chart and team/image."]
    stated = ends(Step.PUSH, Code.MAY_NOT_PUSH, Side.IMAGE, repository="as/asked")
    assert whole(stated).findings[0].message == "The account may not push to as/asked."


def test_one_trouble_of_both_tools_is_told_once() -> None:
    wrong = [StageResult(Step.LOGIN, side, ok=False, code=Code.WRONG_CREDENTIALS) for side in (Side.CHART, Side.IMAGE)]
    shown = whole(report(*wrong))
    assert [(one.tool, one.label) for one in shown.findings] == [("", "Login")]
    assert [(one.label, one.state) for one in shown.path][-2:] == [("Login", "failed"), ("Push", "open")]
    assert shown.forks == ()


def test_the_same_advice_for_both_tools_is_given_once() -> None:
    denied = [
        StageResult(Step.PUSH, side, ok=False, code=Code.MAY_NOT_PUSH, detail={"repository": f"team/{side.value}"})
        for side in (Side.CHART, Side.IMAGE)
    ]
    (group,) = whole(report(*denied)).advised
    assert [(one.tool, one.message) for one in group.findings] == [
        ("Helm, chart", "The account may not push to team/chart."),
        ("skopeo, image", "The account may not push to team/image."),
    ]
    assert group.fix.startswith("Give the account permission")
    text = render([last("one", report(*denied))], colour=False)
    assert text.count("Fix: Give the account permission") == 1
    assert text.index("push (image)") < text.index("Fix: ")


def test_what_both_tools_find_in_the_same_words_is_told_once_and_another_advice_apart() -> None:
    parts = [
        StageResult(Step.LOGIN, Side.CHART, ok=None, code=Code.NOT_CHECKED),
        StageResult(Step.PUSH, Side.CHART, ok=False, code=Code.MAY_NOT_PUSH, detail={"status": "401"}),
        StageResult(Step.PUSH, Side.IMAGE, ok=False, code=Code.MAY_NOT_PUSH, detail={"status": "403"}),
    ]
    shown = presentation.whole(last("one", report(*parts)), now=datetime.now(UTC), sees_all=True)
    assert [(one.state, [(each.label, each.tool) for each in one.findings]) for one in shown.advised] == [
        ("unsure", [("Login", "Helm, chart")]), ("failed", [("Push", "")]),
    ]  # fmt: skip


def test_where_the_tools_part_each_has_its_own_way() -> None:
    shown = whole(ends(Step.TLS, Code.UNKNOWN_AUTHORITY, Side.CHART))
    assert [one.label for one in shown.path] == ["Secrets", "DNS", "Connection"]
    (helm, chart), (skopeo, image) = shown.forks
    assert (helm, skopeo) == ("Helm, chart", "skopeo, image")
    assert [one.state for one in chart] == ["failed", "open", "open", "open"]
    assert [one.state for one in image] == ["ok", "ok", "ok", "ok"]


@pytest.mark.parametrize(
    ("found", "status", "kind"),
    [
        (report(), "Passed", "works"),
        (ends(Step.LOGIN, Code.WRONG_CREDENTIALS), "Failed", "fails"),
        (ends(Step.PUSH, Code.WOULD_CREATE, ok=None), "Inconclusive", "at-risk"),
        (ends(Step.PUSH, Code.WOULD_CREATE, Side.IMAGE, ok=None), "Chart passes, image inconclusive", "at-risk"),
        (ends(Step.PUSH, Code.MAY_NOT_PUSH, Side.CHART), "Chart fails, image passes", "fails"),
    ],
)
def test_a_badge_is_green_only_where_both_are_proven(found: Report, status: str, kind: str) -> None:
    shown = whole(found)
    assert (shown.status, shown.kind, shown.fails) == (status, kind, kind == "fails")
