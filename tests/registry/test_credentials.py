"""A password goes once, to whom it belongs, and only when asked for; and no word of either side comes back."""

from __future__ import annotations

import logging
from dataclasses import replace
from ipaddress import ip_address
from typing import TYPE_CHECKING

import pytest

from destinations.livecheck.registry.channel import RegistryAnswer
from destinations.livecheck.registry.port import Code, Leg, Outcome, Side, Step, Trust
from destinations.livecheck.registry.session import CredentialCache, RegistrySession
from destinations.livecheck.registry.tokens import RegistryLogin
from tests.registry.asking import (
    BASIC,
    CANARY,
    CHART,
    OPEN,
    PASSWORD,
    USER,
    Authority,
    basic,
    check,
    code,
    grants,
    jwt,
    plan,
    serving,
    wants,
    with_tokens,
)
from tests.registry.talker import says, talking
from tests.services.pki import issue
from tests.services.stopwatch import Stopwatch

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.registry.asking import Asked, Reply

REDIRECTS = (301, 302, 303, 307, 308)
GOOD = {"Basic": basic, "a token": with_tokens(grants)}
REFUSES = {
    "Basic": lambda asked: wants("Basic"),
    "a token": with_tokens(lambda asked: (401, {}, b"")),
    "a token, 403": with_tokens(lambda asked: (403, {}, b"")),
    "a token by POST": with_tokens(lambda asked: (404 if asked.method == "GET" else 401, {}, b"")),
}


@pytest.mark.parametrize("how", REFUSES)
def test_a_wrong_password_is_tried_once_for_both_tools(how: str, authority: Authority) -> None:
    with serving(REFUSES[how], authority.context()) as server:
        report = check(plan(server.port, authority.trust))
    tried = {"a token by POST": ["GET", "POST"]}.get(how, ["GET"])
    assert [one.method for one in server.passwords] == tried
    assert [code(report, Step.LOGIN, side) for side in (Side.CHART, Side.IMAGE)] == [
        (Code.WRONG_CREDENTIALS, False)
    ] * 2


def test_a_wrong_password_is_tried_once_where_the_tools_trust_differently(authority: Authority) -> None:
    with serving(REFUSES["Basic"], authority.context()) as server:
        asked = plan(server.port, authority.trust)
        asked = replace(asked, image=replace(asked.image, trust=Trust(authority.trust.pems, public=True)))
        report = check(asked)
    assert len(server.passwords) == 1
    assert code(report, Step.LOGIN, Side.IMAGE) == (Code.WRONG_CREDENTIALS, False)


def test_another_password_of_the_other_tool_is_tried(authority: Authority) -> None:
    with serving(basic, authority.context()) as server:
        asked = plan(server.port, authority.trust)
        report = check(replace(asked, chart=replace(asked.chart, password="stale")))
    assert (report.chart, report.image) == (Outcome.FAIL, Outcome.PASS)


def test_who_got_a_token_is_refused_the_right_and_not_the_password(authority: Authority) -> None:
    def token(asked: Asked) -> Reply:
        return (403, {}, b"") if "chart" in asked.path else (200, {}, {"token": jwt("team/workspace-shop-image", "*")})

    with serving(with_tokens(token), authority.context()) as server:
        report = check(plan(server.port, authority.trust))
    assert code(report, Step.PUSH, Side.CHART) == (Code.MAY_NOT_PUSH, False)
    assert (report.chart, report.image) == (Outcome.FAIL, Outcome.PASS)


@pytest.mark.parametrize("how", GOOD)
def test_nothing_is_shown_before_the_registry_asks(how: str, authority: Authority) -> None:
    with serving(GOOD[how], authority.context()) as server:
        check(plan(server.port, authority.trust))
    assert (server.asked[0].where, server.asked[0].authorization) == ("GET /v2/", "")
    assert server.passwords


def test_a_registry_that_never_asks_never_hears_a_password(authority: Authority) -> None:
    with serving(lambda asked: OPEN, authority.context()) as server:
        check(plan(server.port, authority.trust))
    assert server.asked
    assert not any(one.authorization or PASSWORD in one.body for one in server.asked)


@pytest.mark.parametrize("how", GOOD)
def test_a_server_that_nobody_trusts_is_asked_nothing(how: str, authority: Authority) -> None:
    other = Trust((issue("other", ca=True).pem,), public=False)
    with serving(GOOD[how], authority.context()) as server:
        report = check(plan(server.port, other))
    assert code(report, Step.TLS, Side.CHART) == (Code.UNKNOWN_AUTHORITY, False)
    assert len(report.chain) == 1
    assert server.asked == []


def test_a_token_service_that_nobody_trusts_is_asked_nothing(authority: Authority, tmp_path: Path) -> None:
    stranger = Authority(tmp_path)
    with serving(grants, stranger.context()) as tokens:
        realm = f'Bearer realm="https://127.0.0.1:{tokens.port}/token"'
        with serving(lambda asked: wants(realm), authority.context()) as server:
            report = check(plan(server.port, authority.trust))
    assert code(report, Step.LOGIN, Side.CHART) == (Code.TOKEN_SERVICE_FAILS, False)
    assert tokens.asked == []


@pytest.mark.parametrize("status", REDIRECTS)
@pytest.mark.parametrize("where", ["GET /v2/", "GET /token", "HEAD", "PUT", "POST", "DELETE"])
def test_no_redirect_is_ever_followed(status: int, where: str, authority: Authority) -> None:
    with serving(grants, authority.context(), address="127.0.0.2") as other:
        away = (status, {"Location": f"https://127.0.0.2:{other.port}/v2/"}, b"")
        good = basic if where in {"HEAD", "PUT", "POST", "DELETE"} else with_tokens(grants)
        asks: Callable[[Asked], Reply] = lambda one: away if one.where.startswith(where) else good(one)  # noqa: E731
        with serving(asks, authority.context()) as server:
            report = check(plan(server.port, authority.trust))
    assert other.asked == []
    last = report.stages[-1]
    assert last.code is (Code.UPLOAD_LEFT if where == "DELETE" else Code.REDIRECTS)
    assert not last.ok or where == "DELETE"


@pytest.mark.parametrize(
    "location",
    [
        "https://127.0.0.2:{port}/v2/x",
        "//127.0.0.2:{port}/v2/x",
        "https://localhost:{port}/v2/x",
        "https://127.0.0.1@127.0.0.2:{port}/v2/x",
        "https://127.0.0.1:{own}@127.0.0.2:{port}/v2/x",
        "https://robot@127.0.0.1:{own}/v2/x",
        "http://127.0.0.1:{own}/v2/x",
        "https://127.0.0.1/v2/x",
        "https://127.0.0.1:99999/v2/x",
        "https://[127.0.0.1/v2/x",
        "/v2/a b",
        "ftp:x",
    ],
)
def test_an_upload_elsewhere_is_never_asked(location: str, authority: Authority) -> None:
    with serving(grants, authority.context(), address="127.0.0.2") as other:

        def asks(asked: Asked) -> Reply:
            own = asked.host.rpartition(":")[2]
            away = {"Location": location.format(port=other.port, own=own)}
            return (202, away, b"") if asked.is_upload else basic(asked)

        with serving(asks, authority.context()) as server:
            report = check(plan(server.port, authority.trust))
    assert other.asked == []
    assert server.seen("DELETE") == []
    assert code(report, Step.PUSH, Side.CHART) == (Code.UPLOAD_ELSEWHERE, False)


def test_neither_proxies_nor_a_netrc_are_used(
    authority: Authority, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / ".netrc"
    netrc.write_text("machine 127.0.0.1 login netrc password of-netrc\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(netrc))
    with talking(says()) as proxy, serving(with_tokens(grants), authority.context()) as server:
        for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        report = check(plan(server.port, authority.trust))
        assert proxy.accepted == 0
    assert report.chart is Outcome.PASS
    assert {one.authorization for one in server.asked if one.authorization.startswith("Basic")} == {BASIC}


@pytest.mark.parametrize("how", [*GOOD, *REFUSES])
def test_no_secret_and_no_word_of_the_server_comes_back(
    how: str, authority: Authority, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    with serving({**GOOD, **REFUSES}[how], authority.context()) as server:
        asked = plan(server.port, authority.trust)
        said = repr((asked, report := check(asked))) + str(report) + caplog.text + "".join(capfd.readouterr())
    details = [text for stage in report.stages for text in stage.detail.values()]
    assert not any(secret in said for secret in (PASSWORD, BASIC.removeprefix("Basic "), CANARY, "e30."))
    assert all(text in {"127.0.0.1", CHART, CHART.replace("-chart", "-image"), "401", "403"} for text in details)


def test_what_holds_a_password_does_not_show_it() -> None:
    leg = Leg("registry.example.com", CHART, USER, PASSWORD, "refresh-canary")
    account = RegistryLogin(USER, PASSWORD, "refresh-canary")
    known = CredentialCache(accepted={BASIC}, rejected={BASIC})
    visit = RegistrySession(Side.CHART, leg, None, None, None, known, authorization=BASIC, token="e30.x")  # type: ignore[arg-type]
    answer = RegistryAnswer(200, {"X": CANARY}, CANARY.encode())  # type: ignore[arg-type]
    text = "".join(map(repr, (leg, account, known, visit, answer))) + str(visit)
    assert not any(secret in text for secret in (PASSWORD, BASIC, "refresh-canary", "e30.x", CANARY))


def test_a_name_is_resolved_once_whoever_names_it(authority: Authority) -> None:
    looked: list[str] = []

    def resolve(name: str, _: object) -> list[object]:
        looked.append(name)
        return [ip_address("127.0.0.1")]

    with serving(with_tokens(grants), authority.context("localhost")) as server:
        report = check(plan(server.port, authority.trust, host="localhost"), resolve=resolve)
    assert (report.chart, looked) == (Outcome.PASS, ["localhost"])


@pytest.mark.parametrize("user", ["r\udcffbot", "röbot", "ro bot&x=y", "r\nbot"])
def test_any_user_name_can_be_sent(user: str, authority: Authority) -> None:
    service = with_tokens(lambda asked: (404 if asked.method == "GET" else 200, {}, {"access_token": "x"}))
    for asks in (basic, service):
        with serving(asks, authority.context()) as server:
            began = Stopwatch()
            report = check(plan(server.port, authority.trust, username=user))
        assert code(report, Step.REGISTRY, Side.IMAGE)
        assert began.seconds < 3
