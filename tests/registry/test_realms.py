"""A registry names its token service; where it leads inwards, astray or nowhere, nobody goes."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

import pytest

from destinations.livecheck.registry import network, probe
from destinations.livecheck.registry.guard import Rules
from destinations.livecheck.registry.port import Code, Outcome, Side, Step
from tests.registry.asking import ANY_PORT, Authority, check, code, grants, jwt, plan, serving, wants, with_tokens

if TYPE_CHECKING:
    from collections.abc import Callable

    from destinations.livecheck.deadline import Deadline
    from tests.registry.asking import Asked, Reply, Server

HOSTILE = (
    "http://127.0.0.1:{port}/token",
    "https://169.254.169.254/latest/meta-data",
    "https://100.100.100.200/token",
    "https://224.0.0.1/token",
    "https://0.0.0.0:{port}/token",
    "https://[::ffff:127.0.0.1]:{port}/token",
    "https://2130706433:{port}/token",
    "https://0x7f.1:{port}/token",
    "https://robot@127.0.0.1:{port}/token",
    "https://127.0.0.1:{port}#@registry.example.com/",
    "https://127.0.0.1:{port}\\\\.example.com/",
    "https://127.0.0.1:{port}/token with blanks",
    "https:///token",
    "//127.0.0.1:{port}/token",
    "file:///etc/passwd",
    "gopher://127.0.0.1:{port}/",
    "https://[::1%25lo]:{port}/",
    "https://metadata.google.internal/token",
    "https://127.0.0.1:99999/token",
)


def only(*addresses: str) -> Callable[[str, Deadline], list[Any]]:
    return lambda name, deadline: [ip_address(address) for address in addresses]


@pytest.mark.parametrize("realm", HOSTILE)
def test_a_hostile_realm_is_refused_and_never_dialled(
    realm: str, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    dialled: list[str] = []
    connect = network.connect

    def watched(approved: Any, watch: Any) -> Any:
        dialled.extend(map(str, approved.addresses))
        return connect(approved, watch)

    monkeypatch.setattr(network, "connect", watched)

    def says(asked: Asked) -> Reply:
        return wants(f'Bearer realm="{realm.format(port=asked.host.rpartition(":")[2])}",service="s"')

    with serving(says, authority.context()) as server:
        report = check(plan(server.port, authority.trust), resolve=only("169.254.169.254"))
    ends = [code(report, Step.LOGIN, side) for side in (Side.CHART, Side.IMAGE)]
    assert [end and end[0] for end in ends] == [Code.REALM_REFUSED] * 2
    assert dialled == ["127.0.0.1"]
    assert server.passwords == []


def test_no_realm_at_a_port_that_is_not_allowed_is_dialled(authority: Authority) -> None:
    with serving(grants, authority.context()) as tokens:
        realm = f'Bearer realm="https://127.0.0.1:{tokens.port}/token"'
        with serving(lambda asked: wants(realm), authority.context()) as server:
            rules = Rules(frozenset({server.port}), networks=(), allow_loopback=True)
            report = check(plan(server.port, authority.trust), rules=rules)
    assert code(report, Step.LOGIN, Side.IMAGE) == (Code.REALM_REFUSED, None)
    assert tokens.asked == []


def elsewhere(tokens: Server) -> Callable[[Asked], Reply]:
    """Return a registry under a name whose token service has another."""
    return lambda asked: wants(f'Bearer realm="https://auth.example.com:{tokens.port}/token",service="s"')


def test_a_public_registry_leads_into_no_private_network(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "is_inner", lambda address: str(address) == "127.0.0.2")
    context = authority.context("registry.example.com", "auth.example.com")
    names = {"registry.example.com": "127.0.0.1", "auth.example.com": "127.0.0.2"}
    with serving(grants, context, address="127.0.0.2") as tokens:
        with serving(elsewhere(tokens), context) as server:
            asked = plan(server.port, authority.trust, host="registry.example.com")
            report = check(asked, resolve=lambda name, _: [ip_address(names[name])])
        assert code(report, Step.LOGIN, Side.IMAGE) == (Code.REALM_REFUSED, None)
        assert tokens.asked == []


def test_a_token_service_under_another_name_is_asked_by_that_name(authority: Authority) -> None:
    context = authority.context("registry.example.com", "auth.example.com")

    with serving(grants, context, address="127.0.0.2") as tokens:

        def says(asked: Asked) -> Reply:
            return elsewhere(tokens)(asked) if not asked.authorization else (404, {}, b"")

        names = {"registry.example.com": "127.0.0.1", "auth.example.com": "127.0.0.2"}
        with serving(says, context) as server:
            asked = plan(server.port, authority.trust, host="registry.example.com")
            report = check(asked, resolve=lambda name, _: [ip_address(names[name])])
        assert report.image is Outcome.PASS
        assert {one.host for one in tokens.asked} == {f"auth.example.com:{tokens.port}"}
        assert server.passwords == []


def test_a_realm_keeps_its_query_and_gets_what_each_tool_asks(authority: Authority) -> None:
    says = with_tokens(grants, path="/token?tenant=a%20b")

    def at(asked: Asked) -> Reply:
        return grants(asked) if asked.path.startswith("/token") else says(asked)

    with serving(at, authority.context()) as server:
        check(plan(server.port, authority.trust))
    helm, push, skopeo = (one.path for one in server.seen("GET /token"))
    assert helm == "/token?tenant=a+b&service=s"
    assert push == helm + "&scope=repository%3Ateam%2Fworkspace-shop-chart%3Apull%2Cpush"
    assert skopeo == (
        "/token?tenant=a+b&account=robot&service=s&scope=repository%3Ateam%2Fworkspace-shop-image%3Apull%2Cpush"
    )


def test_helm_asks_by_post_where_get_is_not_served(authority: Authority) -> None:
    def token(asked: Asked) -> Reply:
        return (405, {}, b"") if asked.method == "GET" else (200, {}, {"access_token": "opaque"})

    with serving(with_tokens(token), authority.context()) as server:
        report = check(plan(server.port, authority.trust))
    assert (report.chart, report.image) == (Outcome.PASS, Outcome.FAIL)
    assert "grant_type=password" in server.seen("POST /token")[0].body


def test_an_identity_token_goes_before_the_password_for_skopeo_alone(authority: Authority) -> None:
    def token(asked: Asked) -> Reply:
        if asked.method == "POST":
            return 200, {}, {"token": jwt("team/workspace-shop-image", "pull", "push")}
        return grants(asked)

    with serving(with_tokens(token), authority.context()) as server:
        asked = plan(server.port, authority.trust)
        report = check(replace(asked, image=replace(asked.image, identity_token="refresh-me")))
    assert (report.chart, report.image) == (Outcome.PASS, Outcome.PASS)
    (posted,) = server.seen("POST /token")
    assert "grant_type=refresh_token&refresh_token=refresh-me&client_id=containers%2Fimage" in posted.body
    assert posted.authorization == ""


def quay(asked: Asked, *, exists: bool) -> Reply:
    if asked.path.startswith("/v2/auth"):
        return 200, {}, {"token": "opaque"}
    if "/tags/list" in asked.path:
        return (200 if exists else 404), {}, {}
    return with_tokens(grants, path="/v2/auth")(asked)


@pytest.mark.parametrize("status", [401, 403])
def test_a_creator_at_quay_hears_that_helm_fails_before_a_repository_is_made(authority: Authority, status: int) -> None:
    """tests/data/field/01-quay-creator.yaml: Helm asks HEAD manifest, a token for pull, HEAD manifest, and ends."""

    def says(asked: Asked) -> Reply:
        if "/manifests/" in asked.path and asked.authorization:
            return status, {}, {"errors": [{"code": "UNAUTHORIZED"}]}
        return quay(asked, exists=False)

    with serving(says, authority.context()) as server:
        report = check(plan(server.port, authority.trust))
    assert code(report, Step.PUSH, Side.CHART) == (Code.CREATOR_FAILS, False)
    assert code(report, Step.LOGIN, Side.IMAGE) == (Code.WOULD_CREATE, None)
    assert (report.chart, report.image) == (Outcome.FAIL, Outcome.UNKNOWN)
    assert [one for one in server.seen("GET /v2/auth") if "push" in one.path] == []
    (looked,) = server.seen("HEAD /v2/team")
    assert "/manifests/sha256:" in looked.path
    assert looked.authorization == "Bearer opaque"


@pytest.mark.parametrize("exists", [True, False])
def test_push_is_asked_of_quay_only_for_a_repository_that_exists(authority: Authority, *, exists: bool) -> None:
    with serving(lambda asked: quay(asked, exists=exists), authority.context()) as server:
        report = check(plan(server.port, authority.trust))
    pushes = [one for one in server.seen("GET /v2/auth") if "push" in one.path]
    assert len(pushes) == (2 if exists else 0)
    assert report.chart is report.image is (Outcome.PASS if exists else Outcome.UNKNOWN)
    assert code(report, Step.PUSH, Side.CHART) == ((Code.MAY_PUSH, True) if exists else (Code.WOULD_CREATE, None))
    assert [one for one in server.asked if one.is_upload] == ([] if not exists else server.seen("POST /v2/team"))


def test_an_older_epinio_may_take_a_realm_that_the_portal_does_not(authority: Authority) -> None:
    with serving(lambda asked: wants('Bearer realm="http://127.0.0.1/token"'), authority.context()) as server:
        report = check(replace(plan(server.port, authority.trust), lenient=True), rules=ANY_PORT)
    assert code(report, Step.LOGIN, Side.CHART) == (Code.REALM_REFUSED, None)


def test_nobody_creates_nothing_at_quay(authority: Authority) -> None:
    with serving(lambda asked: quay(asked, exists=False), authority.context()) as server:
        check(plan(server.port, authority.trust, username="", password=""))
    assert [one.path for one in server.asked if "tags" in one.path] == []
    assert [one for one in server.seen("GET /v2/auth") if "push" in one.path]


def test_skopeo_shows_a_token_service_no_half_of_its_credentials(authority: Authority) -> None:
    with serving(with_tokens(grants), authority.context()) as server:
        check(plan(server.port, authority.trust, password=""))
    helm, skopeo = server.seen("GET /token")
    assert helm.authorization.startswith("Basic ")
    assert (skopeo.authorization, "account=robot" in skopeo.path) == ("", True)
