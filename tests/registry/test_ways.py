"""The ways that a check goes before a registry speaks, and how it proves the right to push without leaving a trace."""

from __future__ import annotations

import socket
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from destinations.livecheck.registry.guard import Rules
from destinations.livecheck.registry.port import CheckStopped, Code, Leg, Outcome, Plan, Side, Step, Trust
from destinations.livecheck.registry.trust import context
from tests.registry.asking import (
    ANY_PORT,
    BASIC,
    DISTRIBUTION,
    OPEN,
    Authority,
    basic,
    check,
    code,
    found,
    grants,
    plan,
    serving,
    wants,
    with_tokens,
)

if TYPE_CHECKING:
    from tests.registry.asking import Asked, Reply

INVALID = {"errors": [{"code": "BLOB_UPLOAD_INVALID"}]}
UNSAID = (Code.NOT_REACHED, Code.NO_REGISTRY)
"""No prober says these: pages and stored results do."""


def unknown(_name: str, _: object) -> list[object]:
    raise CheckStopped(Code.NO_SUCH_NAME)


@pytest.mark.parametrize(
    ("host", "step", "ends", "ok"),
    [
        ("no.such.example.com:443", Step.RESOLVE, Code.NO_SUCH_NAME, False),
        ("a_b.example.com:443", Step.RESOLVE, Code.BAD_HOST, None),
        ("registry.example.com:22", Step.RESOLVE, Code.PORT_REFUSED, None),
        ("169.254.169.254:443", Step.RESOLVE, Code.ADDRESS_REFUSED, None),
        ("127.0.0.1:443", Step.RESOLVE, Code.ADDRESS_REFUSED, None),
    ],
)
def test_a_host_that_the_portal_does_not_dial_says_nothing_of_the_tools(
    host: str, step: Step, ends: Code, ok: object, dialled: list[object]
) -> None:
    leg = Leg(host, "team/chart")
    report = check(Plan("x", leg, leg), rules=Rules(frozenset({443}), networks=()), resolve=unknown)
    assert code(report, step, Side.CHART) == (ends, ok)
    assert report.chart is report.image is (Outcome.UNKNOWN if ok is None else Outcome.FAIL)
    assert dialled == []


def test_a_closed_port_ends_both_tools() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    report = check(plan(port, Trust()))
    assert code(report, Step.CONNECT, Side.IMAGE) == (Code.NO_CONNECTION, False)


def test_a_leg_that_the_secrets_end_says_why_and_is_not_gone(authority: Authority) -> None:
    with serving(basic, authority.context()) as server:
        asked = replace(plan(server.port, authority.trust), image=Leg(stop="It ends.", fix="Mend it."))
        report = check(asked)
    assert [(one.code, one.ok, dict(one.detail)) for one in report.stages if one.side is Side.IMAGE] == [
        (Code.NO_TARGET, False, {"message": "It ends.", "fix": "Mend it."})
    ]
    assert (report.chart, report.image) == (Outcome.PASS, Outcome.FAIL)


def test_a_leg_that_epinio_refuses_by_name_is_gone_and_fails(authority: Authority) -> None:
    with serving(basic, authority.context()) as server:
        report = check(plan(server.port, authority.trust, stop="Hidden.", fix="Show it."))
    assert code(report, Step.PUSH, Side.CHART) == (Code.MAY_PUSH, True)
    assert (report.chart, report.image) == (Outcome.FAIL, Outcome.FAIL)


def test_tools_with_different_hosts_go_each_their_way(authority: Authority) -> None:
    with serving(basic, authority.context()) as one, serving(basic, authority.context()) as other:
        asked = plan(one.port, authority.trust)
        report = check(replace(asked, image=plan(other.port, authority.trust).image))
    assert (report.chart, report.image) == (Outcome.PASS, Outcome.PASS)
    assert len([stage for stage in report.stages if stage.step is Step.TLS]) == 2
    assert code(report, Step.REGISTRY, Side.IMAGE) == (Code.WANTS_BASIC, True)
    assert one.passwords
    assert other.passwords
    assert [stage.step for stage in report.stages] == sorted((s.step for s in report.stages), key=list(Step).index)


def finishes(reply: Reply) -> object:
    return lambda asked: reply if asked.method == "PUT" and asked.authorization else basic(asked)


@pytest.mark.parametrize(
    ("reply", "opens"),
    [
        ((404, DISTRIBUTION, INVALID), False),
        ((404, {}, INVALID), True),
        ((400, DISTRIBUTION, INVALID), True),
        ((404, DISTRIBUTION, {"errors": [{"code": "NAME_UNKNOWN"}]}), True),
        ((404, DISTRIBUTION, {"errors": None}), True),
        ((404, DISTRIBUTION, b"["), True),
    ],
)
def test_no_upload_is_opened_where_an_invented_one_tells(reply: Reply, *, opens: bool, authority: Authority) -> None:
    with serving(finishes(reply), authority.context()) as server:  # type: ignore[arg-type]
        report = check(plan(server.port, authority.trust))
    assert code(report, Step.PUSH, Side.CHART) == (Code.MAY_PUSH, True)
    assert (len(server.seen("POST")), len(server.seen("DELETE"))) == ((2, 2) if opens else (0, 0))


def test_no_upload_is_opened_where_the_token_tells(authority: Authority) -> None:
    with serving(with_tokens(grants), authority.context()) as server:
        assert check(plan(server.port, authority.trust)).chart is Outcome.PASS
    assert {one.method for one in server.asked} == {"GET", "HEAD"}


def test_an_upload_is_cancelled_where_the_registry_put_it(authority: Authority) -> None:
    with serving(basic, authority.context()) as server:
        check(plan(server.port, authority.trust))
    cancelled = [one.path for one in server.seen("DELETE")]
    assert cancelled == [f"{one.path}1?_state=x" for one in server.seen("POST")]
    assert {one.authorization for one in server.seen("DELETE")} == {BASIC}
    assert len([one for one in server.passwords if one.where == "GET /v2/"]) == 1  # for both tools


def test_a_token_that_the_registry_does_not_take_is_the_services_fault(authority: Authority) -> None:
    def says(asked: Asked) -> Reply:
        return grants(asked) if asked.path.startswith("/token") else wants(f'Bearer realm="https://{asked.host}/token"')

    with serving(says, authority.context()) as server:
        report = check(plan(server.port, authority.trust))
    assert code(report, Step.LOGIN, Side.CHART) == (Code.TOKEN_SERVICE_FAILS, False)
    assert code(report, Step.PUSH, Side.IMAGE) == (Code.MAY_NOT_PUSH, False)


def test_helm_asks_for_the_scope_that_the_login_names(authority: Authority) -> None:
    def says(asked: Asked) -> Reply:
        if asked.path.startswith("/token"):
            return grants(asked)
        scope = "repository:user/image:pull"
        return OPEN if asked.authorization else wants(f'Bearer realm="https://{asked.host}/token",scope="{scope}"')

    with serving(says, authority.context()) as server:
        check(plan(server.port, authority.trust))
    assert server.seen("GET /token")[0].path == "/token?scope=repository%3Auser%2Fimage%3Apull"


def test_a_registry_that_asks_only_later_is_answered_by_helm(authority: Authority) -> None:
    def says(asked: Asked) -> Reply:
        if asked.path == "/v2/":
            return OPEN
        return basic(asked) if asked.authorization or asked.method != "HEAD" else wants("Negotiate")

    with serving(says, authority.context()) as server:
        report = check(plan(server.port, authority.trust))
    assert code(report, Step.PUSH, Side.CHART) == (Code.WANTS_OTHER, False), found(report)


def test_public_cas_are_trusted_only_where_the_tool_trusts_them(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = authority.directory / "public.pem"
    file.write_bytes(authority.ca.pem)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    context.cache_clear()
    with serving(basic, authority.context()) as server:
        public = check(plan(server.port, Trust()))
        private = check(plan(server.port, Trust((), public=False)))
    context.cache_clear()
    assert (public.chart, private.chart) == (Outcome.PASS, Outcome.FAIL)


def test_every_name_may_have_several_addresses(authority: Authority) -> None:
    with serving(basic, authority.context(), address="127.0.0.3") as server:
        addresses = [ip_address("127.0.0.2"), ip_address("127.0.0.3")]
        asked = plan(server.port, authority.trust, host="localhost")
        report = check(asked, rules=ANY_PORT, resolve=lambda *_: addresses)
    assert report.stages[2].detail == {"address": "127.0.0.3"}
    assert report.chart is Outcome.PASS


def test_every_code_stands_in_a_test_of_this_room() -> None:
    text = "".join(path.read_text() for path in Path(__file__).parent.glob("test_*.py"))
    assert [one for one in Code if one not in UNSAID and f"Code.{one.name}" not in text] == []


def test_each_tool_takes_the_token_that_it_looks_for_first(authority: Authority) -> None:
    says = with_tokens(lambda asked: (200, {}, {"token": "of-skopeo", "access_token": "of-helm"}))
    with serving(says, authority.context()) as server:
        check(plan(server.port, authority.trust))
    shown = {one.path.partition("-shop-")[2][:5]: one.authorization for one in server.seen("HEAD")}
    assert shown == {"chart": "Bearer of-helm", "image": "Bearer of-skopeo"}
