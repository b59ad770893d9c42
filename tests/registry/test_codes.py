"""What a registry says becomes one code for each tool, and what follows of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from destinations.livecheck.registry.port import Code, Outcome, Side, StageResult, Step
from destinations.livecheck.registry.probe import outcome
from tests.registry.asking import (
    BASIC,
    DISTRIBUTION,
    NOT_FOUND,
    basic,
    check,
    code,
    found,
    grants,
    jwt,
    plan,
    serving,
    wants,
    with_tokens,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.registry.asking import Asked, Authority, Reply

PASS, FAIL, UNKNOWN = Outcome.PASS, Outcome.FAIL, Outcome.UNKNOWN
LOGIN, PUSH, REGISTRY = Step.LOGIN, Step.PUSH, Step.REGISTRY


def always(status: int, body: object = b"", **headers: str) -> Callable[[Asked], Reply]:
    return lambda asked: (status, headers, body)


def when(where: str, reply: Reply, otherwise: Callable[[Asked], Reply]) -> Callable[[Asked], Reply]:
    """Answer so what begins like this and shows something, and else as a good registry does."""
    return lambda asked: reply if asked.where.startswith(where) and asked.authorization else otherwise(asked)


def anonymous(asked: Asked) -> Reply:
    return basic(replace(asked, authorization=asked.authorization or BASIC))


def readable_by_all(asked: Asked) -> Reply:
    """Take everything but uploads from everybody."""
    return anonymous(asked) if asked.method in {"GET", "HEAD"} else basic(asked)


TOKEN = with_tokens(grants)
NO_TOKEN: Reply = (200, {}, {"token": ""})
READS = with_tokens(lambda asked: (200, {}, {"token": jwt("team/workspace-shop-chart", "pull")}))
ENDS: dict[str, tuple[Callable[[Asked], Reply], Step, Code, bool | None, Outcome]] = {
    "Basic": (basic, PUSH, Code.MAY_PUSH, True, PASS),
    "a token": (TOKEN, PUSH, Code.MAY_PUSH, True, PASS),
    "a token for reading": (READS, PUSH, Code.MAY_NOT_PUSH, False, FAIL),
    "an empty token": (with_tokens(lambda asked: NO_TOKEN), LOGIN, Code.TOKEN_SERVICE_FAILS, False, FAIL),
    "a token that is no text": (
        with_tokens(lambda asked: (200, {}, {"token": ["x"]})), LOGIN, Code.TOKEN_SERVICE_FAILS, False, FAIL),
    "a token that breaks a header": (
        with_tokens(lambda asked: (200, {}, {"token": "a\r\nX: y"})), LOGIN, Code.TOKEN_SERVICE_FAILS, False, FAIL),
    "a token service in HTML": (
        with_tokens(lambda asked: (200, {}, b"<html>")), LOGIN, Code.TOKEN_SERVICE_FAILS, False, FAIL),
    "a token service in deep JSON": (
        with_tokens(lambda asked: (200, {}, b"[" * 50_000)), LOGIN, Code.TOKEN_SERVICE_FAILS, False, FAIL),
    "a token service that breaks": (with_tokens(always(503)), LOGIN, Code.SERVER_ERROR, False, FAIL),
    "a busy token service": (with_tokens(always(429)), LOGIN, Code.TOO_MANY_REQUESTS, False, FAIL),
    "a token service elsewhere": (
        with_tokens(always(302, Location="https://127.0.0.1:1/")), LOGIN, Code.REDIRECTS, None, UNKNOWN),
    "a token service that refuses": (with_tokens(always(401)), LOGIN, Code.WRONG_CREDENTIALS, False, FAIL),
    "a token service that forbids": (with_tokens(always(403)), LOGIN, Code.WRONG_CREDENTIALS, False, FAIL),
    "no realm": (lambda asked: wants("Bearer"), LOGIN, Code.TOKEN_SERVICE_FAILS, False, FAIL),
    "Negotiate": (lambda asked: wants("Negotiate"), REGISTRY, Code.WANTS_OTHER, False, FAIL),
    "401 without a word": (always(401), REGISTRY, Code.WANTS_OTHER, False, FAIL),
    "a wrong password": (lambda asked: wants("Basic"), LOGIN, Code.WRONG_CREDENTIALS, False, FAIL),
    "a password that is forbidden": (when("GET", (403, {}, b""), basic), LOGIN, Code.WRONG_CREDENTIALS, False, FAIL),
    "404 after the login": (when("GET", NOT_FOUND, basic), LOGIN, Code.BAD_ANSWER, False, FAIL),
    "a page": (always(200, b"<html>", Content_Type="text/html"), REGISTRY, Code.NOT_A_REGISTRY, False, FAIL),
    "404": (always(404), REGISTRY, Code.NOT_A_REGISTRY, False, FAIL),
    "403": (always(403), REGISTRY, Code.NOT_A_REGISTRY, False, FAIL),
    "429": (always(429), REGISTRY, Code.TOO_MANY_REQUESTS, False, FAIL),
    "500": (always(500), REGISTRY, Code.SERVER_ERROR, False, FAIL),
    "a status of its own": (always(999), REGISTRY, Code.SERVER_ERROR, False, FAIL),
    "no right to look": (when("HEAD", (403, {}, b""), basic), PUSH, Code.MAY_NOT_PUSH, False, FAIL),
    "nothing to look at": (when("HEAD", (400, {}, b""), basic), PUSH, Code.BAD_ANSWER, False, FAIL),
    "500 where it looks": (when("HEAD", (500, {}, b""), basic), PUSH, Code.SERVER_ERROR, False, FAIL),
    "no right to finish": (when("PUT", (401, {}, b""), basic), PUSH, Code.MAY_NOT_PUSH, False, FAIL),
    "no right to open": (when("POST", (403, {}, b""), basic), PUSH, Code.MAY_NOT_PUSH, False, FAIL),
    "busy at the upload": (when("POST", (429, {}, b""), basic), PUSH, Code.TOO_MANY_REQUESTS, False, FAIL),
    "no repository, as ECR says": (when("POST", NOT_FOUND, basic), PUSH, Code.NO_REPOSITORY, False, FAIL),
    "an upload nowhere": (when("POST", (202, {}, b""), basic), PUSH, Code.BAD_ANSWER, False, FAIL),
    "201 for an upload": (when("POST", (201, {"Location": "/x"}, b""), basic), PUSH, Code.BAD_ANSWER, False, FAIL),
    "an upload that stays": (when("DELETE", (405, {}, b""), basic), PUSH, Code.UPLOAD_LEFT, True, PASS),
    "open to all": (anonymous, PUSH, Code.MAY_PUSH_ANONYMOUSLY, True, PASS),
    "a redirect to itself": (always(301, Location="/v2"), REGISTRY, Code.REDIRECTS, None, UNKNOWN),
    "a redirect elsewhere": (always(307, Location="https://a.example"), REGISTRY, Code.REDIRECTS, False, FAIL),
}  # fmt: skip


@pytest.mark.parametrize("what", ENDS)
def test_both_tools_end_where_the_registry_lets_them(what: str, authority: Authority) -> None:
    says, step, expected, ok, follows = ENDS[what]
    with serving(says, authority.context()) as server:
        report = check(plan(server.port, authority.trust))
    if what == "a token for reading":  # it names the chart's repository alone, and not that of the image
        assert code(report, LOGIN, Side.IMAGE) == (Code.LOGGED_IN, True)
    assert [code(report, step, side) for side in (Side.CHART, Side.IMAGE)] == [(expected, ok)] * 2, found(report)
    assert (report.chart, report.image) == (follows, follows)


def test_each_stage_says_what_it_found(authority: Authority) -> None:
    with serving(TOKEN, authority.context()) as server:
        report = check(plan(server.port, authority.trust))
    assert [(one.step, one.code, dict(one.detail)) for one in report.stages if one.side is not Side.IMAGE] == [
        (Step.SECRETS, Code.READY, {}),
        (Step.RESOLVE, Code.RESOLVED, {"address": "127.0.0.1"}),
        (Step.CONNECT, Code.CONNECTED, {"address": "127.0.0.1"}),
        (Step.TLS, Code.TRUSTED, {}),
        (REGISTRY, Code.WANTS_TOKEN, {}),
        (LOGIN, Code.LOGGED_IN, {}),
        (PUSH, Code.MAY_PUSH, {"repository": "team/workspace-shop-chart"}),
    ]
    assert all(one.ms is not None and 0 <= one.ms < 5000 for one in report.stages if one.step is not Step.SECRETS)


def test_who_may_read_without_a_password_has_proven_nothing_of_it(authority: Authority) -> None:
    with serving(always(200, {}, **DISTRIBUTION), authority.context()) as server:
        report = check(plan(server.port, authority.trust))
    assert code(report, REGISTRY, Side.CHART) == (Code.WANTS_NOTHING, True)
    assert [code(report, LOGIN, side) for side in (Side.CHART, Side.IMAGE)] == [(Code.NOT_CHECKED, None)] * 2


def test_helm_shows_its_password_where_the_upload_asks_for_it_and_skopeo_never_does(authority: Authority) -> None:
    with serving(readable_by_all, authority.context()) as server:
        report = check(plan(server.port, authority.trust))
    assert code(report, PUSH, Side.CHART) == (Code.MAY_PUSH, True)
    assert code(report, PUSH, Side.IMAGE) == (Code.MAY_NOT_PUSH, False)


def test_skopeo_answers_a_challenge_that_comes_with_200(authority: Authority) -> None:
    def says(asked: Asked) -> Reply:
        return (200, {"WWW-Authenticate": "Basic"}, {}) if not asked.authorization else basic(asked)

    with serving(says, authority.context()) as server:
        report = check(plan(server.port, authority.trust))
    assert code(report, LOGIN, Side.CHART) == (Code.NOT_CHECKED, None)
    assert code(report, LOGIN, Side.IMAGE) == (Code.LOGGED_IN, True)


@pytest.mark.parametrize(
    ("username", "password", "helm", "skopeo"),
    [
        ("", "", Code.NO_CREDENTIALS, Code.NO_CREDENTIALS),
        ("robot", "", Code.HALF_CREDENTIALS, Code.WRONG_CREDENTIALS),
        ("", "x", Code.HALF_CREDENTIALS, Code.WRONG_CREDENTIALS),
    ],
)
def test_who_has_no_credentials_hears_it(
    username: str, password: str, helm: Code, skopeo: Code, authority: Authority
) -> None:
    with serving(basic, authority.context()) as server:
        report = check(plan(server.port, authority.trust, username=username, password=password))
    assert code(report, LOGIN, Side.CHART) == (helm, False)
    assert code(report, LOGIN, Side.IMAGE) == (skopeo, False)


def test_a_token_for_nobody_is_no_login(authority: Authority) -> None:
    says = with_tokens(lambda asked: (200, {}, {"token": "x"}))
    with serving(says, authority.context()) as server:
        report = check(plan(server.port, authority.trust, username="", password=""))
    assert [code(report, LOGIN, side) for side in (Side.CHART, Side.IMAGE)] == [(Code.NO_CREDENTIALS, None)] * 2


def stage(step: Step, side: Side, *, ok: bool | None) -> StageResult:
    return StageResult(step, side, ok, Code.READY)


@pytest.mark.parametrize(
    ("stages", "chart", "image"),
    [
        ([], UNKNOWN, UNKNOWN),
        ([stage(PUSH, Side.BOTH, ok=True)], PASS, PASS),
        ([stage(PUSH, Side.CHART, ok=True)], PASS, UNKNOWN),
        ([stage(PUSH, Side.CHART, ok=True), stage(PUSH, Side.IMAGE, ok=False)], PASS, FAIL),
        ([stage(LOGIN, Side.BOTH, ok=True)], UNKNOWN, UNKNOWN),
        ([stage(LOGIN, Side.BOTH, ok=None), stage(PUSH, Side.BOTH, ok=True)], PASS, PASS),
        ([stage(Step.SECRETS, Side.BOTH, ok=False), stage(PUSH, Side.BOTH, ok=True)], FAIL, FAIL),
        ([stage(PUSH, Side.IMAGE, ok=None)], UNKNOWN, UNKNOWN),
    ],
)
def test_one_failure_fails_and_only_a_proven_push_passes(
    stages: list[StageResult], chart: Outcome, image: Outcome
) -> None:
    assert (outcome(tuple(stages), Side.CHART), outcome(tuple(stages), Side.IMAGE)) == (chart, image)
