"""The whole sign-in with a certified provider, without pages and without a browser."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from edrportal.signin.oidc import flow, transport
from edrportal.signin.oidc import reasons as why
from edrportal.signin.oidc.flow import Identity, OidcTrouble, Provider
from edrportal.signin.oidc.roles import read
from tests.services.leaks import canary, known
from tests.services.oidc_provider import REDIRECT
from tests.services.stopwatch import Stopwatch

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.services.oidc_provider import OidcProvider

pytestmark = [pytest.mark.people, pytest.mark.oidc]
ALICE = {
    "email": "alice@epinio.io",
    "email_verified": True,
    "name": "Alice",
    "groups": ["org:admins", "org:developers"],
    "federated_claims": {"connector_id": "github", "user_id": "7"},
}
MAPPING = read(b"""\
- connectorId: github
  groups:
  - {id: "org:developers", roles: [user]}
  - {id: "org:admins", roles: [admin]}
""")


@pytest.fixture
def provider(dex: OidcProvider) -> Provider:
    flow.forget()
    dex.control(users={"alice": ALICE, "eve": {**ALICE, "email_verified": False}}, shift=0, silent=False)
    return Provider(dex.issuer, "", "portal", dex.secret, str(dex.ca), REDIRECT)


def returned(dex: OidcProvider, url: str, user: str = "alice") -> dict[str, list[str]]:
    return parse_qs(urlsplit(dex.log_in(url, user)).query)


def signed_in(dex: OidcProvider, provider: Provider, user: str = "alice") -> Identity:
    begun = flow.start(provider)
    return flow.finish(provider, begun.kept, returned(dex, begun.url, user))


def trouble_of(dex: OidcProvider, provider: Provider, user: str = "alice") -> why.Reason:
    with pytest.raises(OidcTrouble) as caught:
        signed_in(dex, provider, user)
    return caught.value.reason


def test_a_person_comes_back_with_groups_that_give_roles(dex: OidcProvider, provider: Provider) -> None:
    found = signed_in(dex, provider)
    assert found == Identity("alice", "alice@epinio.io", "Alice", "github", ("org:admins", "org:developers"))
    assert MAPPING.roles(found.connector_id, found.groups) == ("user", "admin")
    dex.control(users={"alice": {**ALICE, "groups": ["org:developers"]}})
    found = signed_in(dex, provider)
    assert MAPPING.roles(found.connector_id, found.groups) == ("user",)


def test_a_public_client_signs_in_by_pkce_alone(dex: OidcProvider, provider: Provider) -> None:
    public = replace(provider, client_id="portal-public", client_secret="")
    begun = flow.start(public)
    query = returned(dex, begun.url)
    with pytest.raises(OidcTrouble) as caught:
        flow.finish(public, begun.kept | {"code_verifier": "v" * 43}, query)
    assert caught.value.reason == why.USED_CODE
    assert signed_in(dex, public).email == "alice@epinio.io"


@pytest.mark.parametrize(("user", "reason"), [("nobody", why.DENIED), ("eve", why.UNVERIFIED)])
def test_who_is_denied_or_unverified_stays_outside(
    dex: OidcProvider, provider: Provider, user: str, reason: why.Reason
) -> None:
    assert trouble_of(dex, provider, user) == reason


def test_state_code_and_nonce_belong_to_one_sign_in(dex: OidcProvider, provider: Provider) -> None:
    first, second = flow.start(provider), flow.start(provider)
    query = returned(dex, first.url)
    for kept, brought, reason in (
        (second.kept, query, why.WRONG_STATE),
        (first.kept, {**query, "state": query["state"] * 2}, why.WRONG_STATE),
        (first.kept, {**query, "code": query["code"] * 2}, why.NO_CODE),
        (first.kept | {"nonce": second.kept["nonce"]}, query, why.OTHER_SIGN_IN),
        (first.kept, query, why.USED_CODE),
    ):
        with pytest.raises(OidcTrouble) as caught:
            flow.finish(provider, kept, brought)
        assert caught.value.reason == reason


def test_keys_may_change_twice_without_a_restart(dex: OidcProvider, provider: Provider) -> None:
    assert signed_in(dex, provider).subject == "alice"
    dex.control(rotate=True)
    assert signed_in(dex, provider).subject == "alice"
    dex.control(rotate=True)
    assert trouble_of(dex, provider) == why.FORGED  # within ten seconds of the last question
    flow.forget()
    assert signed_in(dex, provider).subject == "alice"


@pytest.mark.parametrize("shift", [30, -30, -630])
def test_half_a_minute_of_skew_does_no_harm(dex: OidcProvider, provider: Provider, shift: int) -> None:
    dex.control(shift=shift)
    assert signed_in(dex, provider).subject == "alice"


@pytest.mark.parametrize("shift", [120, -720])
def test_two_minutes_of_skew_are_said_to_be_the_clocks(dex: OidcProvider, provider: Provider, shift: int) -> None:
    dex.control(shift=shift)
    assert trouble_of(dex, provider) == why.CLOCK


def test_a_provider_that_falls_silent_is_noticed_in_two_seconds(dex: OidcProvider, provider: Provider) -> None:
    begun = flow.start(provider)
    query = returned(dex, begun.url)
    dex.control(silent=True)
    flow.forget()
    started = Stopwatch()
    trouble = flow.reachable(provider)
    assert trouble
    assert trouble.reason == why.SLOW
    assert started.seconds < 3
    with pytest.raises(OidcTrouble) as caught:
        flow.finish(provider, begun.kept, query)
    assert caught.value.reason == why.SLOW
    dex.control(silent=False)
    flow.forget()
    assert flow.reachable(provider) is None


def test_another_secret_is_recognised(dex: OidcProvider, provider: Provider) -> None:
    other = replace(provider, client_secret=canary("another secret", special=False))
    assert trouble_of(dex, other) == why.UNKNOWN_CLIENT
    assert "staticClients" in why.UNKNOWN_CLIENT.fix


def test_the_portal_asks_another_address_than_browsers(dex: OidcProvider, provider: Provider) -> None:
    inside = replace(provider, endpoint=dex.issuer.replace("127.0.0.1", "localhost"))
    assert flow.start(inside).url.startswith(f"{dex.issuer}/")
    assert signed_in(dex, inside) == signed_in(dex, provider)
    outside = replace(provider, issuer=inside.endpoint, endpoint=dex.issuer)
    assert trouble_of(dex, outside) == why.OTHER_ISSUER


def test_a_certificate_of_nobody_known_is_not_trusted(dex: OidcProvider, provider: Provider) -> None:
    assert trouble_of(dex, replace(provider, ca_file="")) == why.UNTRUSTED


def test_codes_tokens_and_verifiers_are_not_logged(
    dex: OidcProvider, provider: Provider, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets: list[str] = [dex.secret]
    exchange = transport.exchange

    def watched(*arguments: Any) -> Mapping[str, Any]:
        answer = exchange(*arguments)
        secrets.extend(known(answer[name]) for name in ("id_token", "access_token"))
        return answer

    monkeypatch.setattr(transport, "exchange", watched)
    begun = flow.start(provider)
    query = returned(dex, begun.url)
    secrets += [known(begun.kept["code_verifier"]), known(query["code"][0])]
    caplog.clear()
    for logger in ("", "urllib3"):
        caplog.set_level("DEBUG", logger)
    flow.finish(provider, begun.kept, query)
    with pytest.raises(OidcTrouble):
        flow.finish(provider, begun.kept, query)
    assert len(secrets) == 5
    assert "POST /dex/token" in caplog.text
    assert not [secret for secret in [*secrets, *begun.kept.values()] if secret in caplog.text]
