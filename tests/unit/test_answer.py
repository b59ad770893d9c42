"""One answer for each destination: the worse of the verdict and the last check that fits, never more than was proven."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from destinations.livecheck import explanations, presentation
from destinations.livecheck.registry.port import Code, Report, Side, StageResult, Step
from destinations.overview import answer, table
from destinations.overview.answer import FRESH, SKEW, CheckSummary, Prediction, Result, join
from destinations.overview.progress import CheckedLine, grouped
from tests.livecheck.world import last
from tests.services.scripted import ends, report

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
PASSES, UNCLEAR = report(), ends(Step.PUSH, Code.WOULD_CREATE, ok=None)
REFUSED, NO_NAME = ends(Step.LOGIN, Code.WRONG_CREDENTIALS), ends(Step.RESOLVE, Code.NO_SUCH_NAME)


def check(found: Report, age: timedelta = timedelta(minutes=5), *, sees_all: bool = True) -> CheckSummary:
    return presentation.summary(last("one", found, at=NOW - age), sees_all=sees_all)


def kind(verdict: str, found: Report | None, age: timedelta = timedelta(minutes=5)) -> str:
    return join(Prediction(verdict), check(found, age) if found else None, NOW).kind


@pytest.mark.parametrize(
    ("verdict", "answers"),
    [
        ("accepted", ["accepted", "works", "accepted", "rejected", "check-failed"]),
        ("at-risk", ["at-risk", "at-risk", "at-risk", "rejected", "check-failed"]),
        ("fails", ["fails"] * 5),
        ("hidden", ["hidden"] * 5),
        ("disabled", ["disabled"] * 5),
    ],
)
def test_the_answer_is_the_worse_of_verdict_and_check(verdict: str, answers: list[str]) -> None:
    assert [kind(verdict, one) for one in (None, PASSES, UNCLEAR, REFUSED, NO_NAME)] == answers


@pytest.mark.parametrize(
    ("age", "passes"),
    [(-SECOND, "works"), (FRESH - SECOND, "works"), (FRESH, "accepted"), (timedelta(days=400), "accepted")],
)
def test_an_old_check_proves_no_pass_and_a_known_failure_stays(age: timedelta, passes: str) -> None:
    good, bad = (join(Prediction("accepted"), check(one, age), NOW) for one in (PASSES, REFUSED))
    assert (good.kind, bad.kind) == (passes, "rejected")
    assert (good.is_old, bad.is_old) == (age >= FRESH, age >= FRESH)


@pytest.mark.parametrize(
    ("ahead", "passes"),
    [(SECOND, "works"), (SKEW, "works"), (SKEW + SECOND, "accepted"), (timedelta(days=400), "accepted")],
)
def test_a_check_from_the_future_has_no_age_and_proves_no_pass(ahead: timedelta, passes: str) -> None:
    good, bad = (join(Prediction("accepted"), check(one, -ahead), NOW) for one in (PASSES, REFUSED))
    assert (good.kind, bad.kind) == (passes, "rejected")
    assert bad.doubt == ("so its age is not known" if ahead > SKEW else "")
    assert table.ago(NOW + ahead, NOW) == ("at a time in the future" if ahead > SKEW else "just now")


@pytest.mark.parametrize("at", [-FRESH, FRESH, SKEW, SKEW + SECOND, SKEW - SECOND, timedelta(), timedelta(days=9)])
def test_between_two_turns_a_check_proves_the_same(at: timedelta) -> None:
    first, second = answer.turns(check(PASSES, -at))
    for turn in (first, second):
        before, after = (join(Prediction("accepted"), check(PASSES, -at), one).kind for one in (turn - SECOND, turn))
        assert {before, after} == {"accepted", "works"}
    assert first < second


def test_how_long_a_check_counts_is_a_setting() -> None:
    an_hour = timedelta(hours=1)
    assert join(Prediction("accepted"), check(PASSES, an_hour), NOW, an_hour).kind == "accepted"
    assert join(Prediction("accepted"), check(PASSES, an_hour - SECOND), NOW, an_hour).kind == "works"
    assert [*answer.turns(check(PASSES, an_hour), an_hour)][-1] == NOW


def test_after_an_inconclusive_check_nothing_is_called_unchecked_and_it_says_why() -> None:
    found = join(Prediction("accepted"), check(UNCLEAR), NOW)
    assert (found.kind, found.status, found.words) == (
        "accepted", "Accepted, not checked", "Accepted, check inconclusive",
    )  # fmt: skip
    assert found.reason == (
        "The check is inconclusive. Push: The registry does not have the repository yet. Asking for push permission could "
        "create that, as in Quay, so the check did not ask."
    )
    assert (found.fix[:31], found.stage) == ("Check with an application that ", "push")
    old = join(Prediction("accepted"), check(UNCLEAR, timedelta(days=3)), NOW)
    assert (old.words, old.is_old) == ("Accepted, check inconclusive", True)
    for other in (None, check(PASSES, timedelta(days=3))):
        plain = join(Prediction("accepted"), other, NOW)
        assert (plain.words, plain.reason) == ("Accepted, not checked", "")
    warned = join(Prediction("at-risk", "A warning.", "Fix it."), check(UNCLEAR), NOW)
    assert (warned.words, warned.reason) == ("Accepted, with warnings", "A warning.")


def test_no_sentence_of_a_check_says_a_word_twice_or_keeps_a_bracket() -> None:
    for step, code, ok, side in EVERY_STOP:
        message = explanations.said(StageResult(step, side, ok=ok, code=code)).message
        assert not re.search(r"(?i)\b(\w+ ?\w*) \1\b|[\[\]{}]|  ", message), message


EVERY_STOP = [
    (step, code, ok, side)
    for step, code, ok, side in product(Step, Code, (False, None), Side)
    if step is not Step.SECRETS and code is not Code.NOT_REACHED
]


def test_no_check_that_fails_or_proves_nothing_is_ever_green() -> None:
    for step, code, ok, side in EVERY_STOP:
        for age in (timedelta(), timedelta(days=3)):
            found = kind("accepted", ends(step, code, side, ok=ok), age)
            assert found in ({"rejected", "check-failed"} if ok is False else {"accepted"}), (step, code, side)


def test_the_registry_rejects_only_what_it_answered_itself() -> None:
    early = {Step.RESOLVE, Step.CONNECT, Step.TLS}
    network = {Code.NO_SUCH_NAME, Code.ADDRESS_REFUSED, Code.NO_CONNECTION, Code.UNKNOWN_AUTHORITY, Code.OUT_OF_TIME,
               Code.TOKEN_SERVICE_FAILS, Code.SERVER_ERROR, Code.TOO_MANY_REQUESTS}  # fmt: skip
    for step, code in product(early, network):
        assert kind("accepted", ends(step, code)) == "check-failed"
    for code in network:
        assert kind("accepted", ends(Step.LOGIN, code)) == "check-failed"
    for step, code in [(Step.LOGIN, Code.WRONG_CREDENTIALS), (Step.PUSH, Code.MAY_NOT_PUSH)]:
        assert kind("accepted", ends(step, code)) == "rejected"


def test_what_the_portal_itself_does_not_dare_says_nothing_of_the_registry() -> None:
    for code in (Code.ADDRESS_REFUSED, Code.PORT_REFUSED, Code.MIXED_ADDRESSES):
        found = join(Prediction("accepted"), check(ends(Step.RESOLVE, code, ok=None)), NOW)
        assert (found.kind, found.check and found.check.result) == ("accepted", Result.INCONCLUSIVE)


def test_the_reason_is_the_first_stage_that_fails_and_names_no_host() -> None:
    image = ends(Step.PUSH, Code.MAY_NOT_PUSH, Side.IMAGE, repository="acme/secret-app", host="registry.example.com")
    found = join(Prediction("accepted"), check(image), NOW)
    assert (found.stage, found.page) == ("push", "edit")
    assert found.reason == "Push: The account may not push to the repository."
    assert found.fix.startswith("Give the account permission")
    refused = join(Prediction("at-risk", "A warning.", "Fix it."), check(REFUSED), NOW)
    assert (refused.stage, refused.page) == ("login", "rotate")
    assert refused.reason.startswith("Login: The registry rejected the user name or password")


def test_the_reason_of_a_verdict_is_worse_than_that_of_a_check() -> None:
    found = join(Prediction("fails", "Half a login.", "Rotate.", "login"), check(NO_NAME), NOW)
    assert (found.reason, found.fix, found.stage, found.page) == ("Half a login.", "Rotate.", "login", "repair")
    assert found.check


@pytest.mark.parametrize("found", [NO_NAME, ends(Step.CONNECT, Code.NO_CONNECTION), ends(Step.TLS, Code.NO_TLS)])
def test_others_learn_that_no_registry_was_reached_and_not_where_it_ended(found: Report) -> None:
    told = check(found, sees_all=False)
    assert (told.label, told.stage) == ("Reach the registry", "registry")
    assert join(Prediction("accepted"), told, NOW).kind == "check-failed"
    assert told == check(ends(Step.RESOLVE, Code.ADDRESS_REFUSED, ok=None), sees_all=False)


def line(name: str, verdict: str, found: Report | None, *, changed: bool = False) -> CheckedLine:
    summary = check(found or PASSES)
    joined = join(Prediction(verdict), None if changed else summary, NOW)
    return CheckedLine(name, joined, summary, may_change=True)


def test_equal_causes_are_together_with_the_worst_first_and_disabled_ones_last() -> None:
    lines = [
        line("z-good", "accepted", PASSES), line("off", "disabled", NO_NAME), line("n2", "accepted", NO_NAME),
        line("w1", "accepted", REFUSED), line("n1", "at-risk", NO_NAME), line("n3", "accepted", NO_NAME),
        line("cut", "accepted", ends(Step.TLS, Code.NO_TLS)), line("maybe", "accepted", UNCLEAR),
        line("moved", "accepted", REFUSED, changed=True),
    ]  # fmt: skip
    groups = grouped(lines)
    assert [[one.name for one in group.lines] for group in groups] == [
        ["w1"], ["n1", "n2", "n3"], ["cut"], ["maybe"], ["moved"], ["z-good"], ["off"],
    ]  # fmt: skip
    assert groups[1].reason == "DNS: The host has no address in the portal's DNS."
    assert groups[3].reason.startswith("The check is inconclusive. Push: ")
    assert groups[3].status == "Accepted, check inconclusive"
    assert groups[4].reason == "It has changed since this check."
    assert groups[6].reason.startswith("No export works while it is disabled")
    assert [one.outcome for one in groups[6].lines] == ["disabled"]
