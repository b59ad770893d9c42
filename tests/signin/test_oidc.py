"""Single sign-on in the portal's pages, against a real, certified provider."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client, override_settings

from edrportal.configuration.environment import Environment
from edrportal.signin.oidc import flow
from edrportal.signin.oidc.flow import OidcTrouble, Provider
from tests.services.leaks import canary, known
from tests.services.oidc_provider import REDIRECT, OidcProvider
from tests.services.stopwatch import Stopwatch
from tests.signin import world

if TYPE_CHECKING:
    from collections.abc import Iterator

    from destinations.cluster.memory import InMemoryCluster

pytestmark = [pytest.mark.people, pytest.mark.oidc]
MAPPING = """
- connectorId: ldap
  groups:
  - id: admins
    roles: [admin]
  - id: team-a
    roles: ["exporter:team-a"]
"""
ALICE = "alice@example.com"
MAX = "max@example.com"
"""There is an Epinio user of this name."""
PEOPLE = {
    ALICE: {"email": ALICE, "email_verified": True, "name": "Alice", "groups": ["team-a"],
            "federated_claims": {"connector_id": "ldap"}},
    "bob@example.com": {"email": "bob@example.com", "email_verified": True, "groups": []},
    "eve@example.com": {"email": "eve@example.com", "email_verified": False},
    "mute@example.com": {},
    MAX: {"email": MAX, "email_verified": True},
    "uid=mallory": {"email": "administrator", "email_verified": True},
}  # fmt: skip


def epinio_user(called: str = "user-max", roles: str = "exporter:team-a", **data: str) -> dict[str, Any]:
    """Return a user of Max's address, as Epinio makes one for people of the provider: without a password."""
    made = world.user("max", roles)
    made["metadata"]["name"] = called
    return {**made, "stringData": {"username": MAX, **data}}


@pytest.fixture
def sso(dex: OidcProvider, people: InMemoryCluster) -> Iterator[OidcProvider]:
    """The provider with its people, configured as Epinio's chart does it."""
    flow.forget()
    dex.control(users=PEOPLE, shift=0, silent=False)
    people.load(
        [
            epinio_user(),
            {
                "metadata": {"name": "dex-config"},
                "stringData": {"issuer": dex.issuer, "endpoint": dex.issuer, "rolesMapping": MAPPING},
            },
        ]
    )
    variables = {
        "EDRPORTAL_PUBLIC_URL": "http://testserver",
        "EDRPORTAL_ALLOW_PLAIN_HTTP": "true",
        "EDRPORTAL_OIDC_CLIENT_ID": "portal",
        "EDRPORTAL_OIDC_CLIENT_SECRET": dex.secret,
        "EDRPORTAL_OIDC_CA_FILE": str(dex.ca),
    }
    with override_settings(ENVIRONMENT=Environment.read(variables)):
        yield dex
    dex.control(silent=False, shift=0)


def started(client: Client, back: str = "/") -> str:
    answer = client.get("/oidc/start", {"next": back})
    assert answer.status_code == 302, answer.content.decode()
    return str(answer.headers["Location"])


def sign_in(dex: OidcProvider, user: str, back: str = "/") -> tuple[Client, Any]:
    client = Client()
    return client, client.get(dex.log_in(started(client, back), user))


def configured(people: InMemoryCluster, **data: str) -> None:
    manifest = dict(people.get_secret("dex-config").manifest)
    people.replace_secret({**manifest, "stringData": data})
    flow.forget()


def test_groups_become_roles_and_the_way_leads_back(sso: OidcProvider) -> None:
    client, answer = sign_in(sso, ALICE, "/destinations/a-one")
    assert answer.status_code == 200
    assert 'content="0;url=/destinations/a-one"' in answer.content.decode()
    me = client.get("/api/me").json()
    assert (me["username"], me["roles"], me["teams"]) == (
        ALICE,
        ["exporter:team-a"],
        [{"name": "team-a", "may_manage": True}],
    )
    assert client.get("/destinations/a-one").status_code == 200
    assert client.get("/destinations/b-one").status_code == 404
    page = Client().get("/signin").content.decode()
    assert "/oidc/start?next=" in page


def test_the_browser_is_sent_with_a_challenge_and_never_with_the_verifier(sso: OidcProvider) -> None:
    client = Client()
    url = started(client)
    assert url.startswith(f"{sso.issuer}/auth?")
    assert "code_challenge_method=S256" in url
    assert "code_verifier" not in url
    assert "groups" in url
    assert "federated%3Aid" in url
    morsel = client.cookies["edrportal-oidc"]
    assert (morsel["samesite"], morsel["httponly"], morsel["max-age"]) == ("Lax", True, 600)


def test_a_group_that_was_taken_away_is_gone_at_the_next_sign_in(sso: OidcProvider) -> None:
    sso.control(users={**PEOPLE, ALICE: {**PEOPLE[ALICE], "groups": ["admins"]}})
    client, _ = sign_in(sso, ALICE)
    assert client.get("/api/me").json()["administrator"]
    sso.control(users={**PEOPLE, ALICE: {**PEOPLE[ALICE], "groups": []}})
    client, _ = sign_in(sso, ALICE)
    assert client.get("/api/me").json()["roles"] == ["user"]  # no Secret, no match: the default role


def test_without_a_match_the_roles_of_the_secret_stay(sso: OidcProvider) -> None:
    client, _ = sign_in(sso, MAX)
    assert client.get("/api/me").json()["roles"] == ["exporter:team-a"]


def test_groups_that_were_too_many_for_the_token_are_told_where_roles_depend_on_them(
    sso: OidcProvider, people: InMemoryCluster
) -> None:
    many = {key: value for key, value in PEOPLE[ALICE].items() if key != "groups"}
    sso.control(users={**PEOPLE, ALICE: {**many, "hasgroups": True}})
    client, answer = sign_in(sso, ALICE)
    page = answer.content.decode()
    assert (answer.status_code, "too many for one token" in page) == (403, True), page
    assert client.get("/api/me").status_code == 401
    configured(people, issuer=sso.issuer, endpoint=sso.issuer, rolesMapping="")
    client, answer = sign_in(sso, ALICE)
    assert client.get("/api/me").json()["roles"] == ["user"]


def test_the_session_ends_with_the_user(sso: OidcProvider, people: InMemoryCluster) -> None:
    client, _ = sign_in(sso, MAX)
    stored = people.get_secret("user-max")
    people.delete_secret(stored.name, uid=stored.uid, resource_version=stored.resource_version)
    assert client.get("/api/me").status_code == 401
    assert sso.issuer


def test_the_session_ends_with_the_mapping_that_its_roles_come_from(sso: OidcProvider, people: InMemoryCluster) -> None:
    sso.control(users={**PEOPLE, ALICE: {**PEOPLE[ALICE], "groups": ["admins"]}})
    client, _ = sign_in(sso, ALICE)
    by_password = world.sign_in("manager")
    assert client.get("/api/me").json()["administrator"]
    configured(people, rolesMapping=MAPPING.replace("[admin]", "[view_only]"))
    assert client.get("/api/me").status_code == 401
    assert by_password.get("/api/me").status_code == 200


def test_the_portal_creates_no_user(sso: OidcProvider, people: InMemoryCluster) -> None:
    before = {secret.name for secret in people.list_secrets()}
    sign_in(sso, "bob@example.com")
    assert {secret.name for secret in people.list_secrets()} == before


@pytest.mark.parametrize(
    ("user", "said"),
    [
        ("nobody there", "rejected your sign-in"),
        ("eve@example.com", "has not verified"),
        ("mute@example.com", "no usable email"),
        ("uid=mallory", "is not valid, and Epinio would take you for a user of that name"),
    ],
)
def test_who_is_denied_unverified_or_unknown_stays_outside(sso: OidcProvider, user: str, said: str) -> None:
    client, answer = sign_in(sso, user)
    assert answer.status_code == 403
    assert said in answer.content.decode()
    assert "<script>" not in answer.content.decode()
    assert client.get("/team/").status_code == 302


def test_several_users_of_the_address_let_nobody_in(sso: OidcProvider, people: InMemoryCluster) -> None:
    people.load([epinio_user("twin", "admin")])
    _, answer = sign_in(sso, MAX)
    assert answer.status_code == 403
    assert "Several Epinio users" in answer.content.decode()


@pytest.mark.parametrize(
    "spoil", ["state", "no state", "two states", "no usable code", "two codes", "no cookie", "other cookie"]
)
def test_an_answer_that_does_not_belong_here_is_refused(sso: OidcProvider, spoil: str) -> None:
    client = Client()
    back = sso.log_in(started(client), ALICE)
    changed = {
        "state": back.replace("state=", "state=x"),
        "no state": back.replace("state=", "x="),
        "two states": back + "&state=x",
        "no usable code": back.replace("code=", "x="),
        "two codes": back + "&code=x",
    }.get(spoil, back)
    if spoil == "no cookie":
        client = Client()
    if spoil == "other cookie":
        client = Client()
        started(client)
    answer = client.get(changed)
    assert answer.status_code == 403
    assert client.get("/team/").status_code == 302
    assert client.get(back).status_code == 403  # the flow's cookie is used up


def test_a_code_is_used_once(sso: OidcProvider) -> None:
    client = Client()
    back = sso.log_in(started(client), ALICE)
    kept = client.cookies["edrportal-oidc"].value
    assert client.get(back).status_code == 200
    client.cookies["edrportal-oidc"] = kept
    answer = client.get(back)
    assert answer.status_code == 403
    assert "already used" in answer.content.decode()


def test_a_nonce_of_another_sign_in_is_refused(sso: OidcProvider) -> None:
    provider = Provider(sso.issuer, sso.issuer, "portal", sso.secret, str(sso.ca), REDIRECT)
    begun = flow.start(provider)
    back = sso.log_in(begun.url, ALICE)
    query = parse_qs(urlsplit(back).query)
    with pytest.raises(OidcTrouble, match="belongs to another sign-in"):
        flow.finish(provider, {**begun.kept, "nonce": "another"}, query)


def test_keys_that_changed_are_asked_for_again(sso: OidcProvider) -> None:
    assert sign_in(sso, ALICE)[1].status_code == 200
    sso.control(rotate=True)
    assert sign_in(sso, ALICE)[1].status_code == 200


@pytest.mark.parametrize(("shift", "status"), [(30, 200), (-30, 200), (120, 403), (-720, 403)])
def test_clocks_may_differ_by_a_minute(sso: OidcProvider, shift: int, status: int) -> None:
    sso.control(shift=shift)
    _, answer = sign_in(sso, ALICE)
    assert answer.status_code == status
    assert status == 200 or "clocks" in answer.content.decode()


def test_a_silent_provider_leaves_the_other_way_in(sso: OidcProvider) -> None:
    sso.control(silent=True)
    begun = Stopwatch()
    page = Client().get("/signin")
    assert begun.seconds < 3
    assert page.status_code == 200
    assert "is not available" in page.content.decode()
    assert "timed out" in page.content.decode()
    assert world.sign_in("manager").get("/team/").status_code == 200
    assert Client().get("/oidc/start").status_code == 503


def test_a_provider_that_is_down_is_said_to_be(sso: OidcProvider, people: InMemoryCluster) -> None:
    configured(people, issuer="https://127.0.0.1:1/dex", endpoint="https://127.0.0.1:1/dex")
    assert "does not answer" in Client().get("/signin").content.decode()
    assert sso.issuer


def test_a_client_that_the_provider_does_not_know_is_recognised(sso: OidcProvider) -> None:
    from django.conf import settings  # noqa: PLC0415 - what the fixture made of them

    stated = replace(
        settings.ENVIRONMENT, oidc=replace(settings.ENVIRONMENT.oidc, client_secret=known("quite-another-secret"))
    )
    with override_settings(ENVIRONMENT=stated):
        _, answer = sign_in(sso, ALICE)
    assert answer.status_code == 403
    assert "staticClients" in answer.content.decode()


def test_another_name_for_the_same_provider_is_asked_in_the_back(sso: OidcProvider, people: InMemoryCluster) -> None:
    configured(people, endpoint=sso.issuer.replace("127.0.0.1", "localhost"))
    client, answer = sign_in(sso, ALICE)
    assert answer.status_code == 200
    assert client.get("/api/me").json()["username"] == ALICE


def test_another_issuer_than_expected_is_refused(sso: OidcProvider, people: InMemoryCluster) -> None:
    configured(people, issuer=sso.issuer.replace("127.0.0.1", "localhost"))
    assert "another name (issuer)" in Client().get("/signin").content.decode()


def test_a_certificate_of_nobody_known_is_not_trusted(sso: OidcProvider) -> None:
    provider = Provider(sso.issuer, sso.issuer, "portal", sso.secret, "", REDIRECT)
    with pytest.raises(OidcTrouble, match="does not trust"):
        flow.start(provider)


def test_a_mapping_that_is_a_map_lets_nobody_in_and_says_so(sso: OidcProvider, people: InMemoryCluster) -> None:
    configured(people, rolesMapping="ldap:\n  admins: [admin]\n")
    _, answer = sign_in(sso, ALICE)
    assert answer.status_code == 403
    assert "is a map, as on a page of Epinio&#x27;s documentation" in answer.content.decode()
    assert sso.issuer


def test_no_code_token_or_secret_stands_in_the_log(sso: OidcProvider, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    client = Client()
    back = sso.log_in(started(client), ALICE)
    code = next(part for part in back.partition("?")[2].split("&") if part.startswith("code=")).removeprefix("code=")
    assert client.get(back).status_code == 200
    client.get("/oidc/callback", {"code": canary("a code", special=False), "state": "x"})
    ours = "\n".join(record.getMessage() for record in caplog.records if not record.name.startswith("urllib3"))
    for secret in (code, sso.secret):
        assert secret not in ours


@pytest.fixture
def apart(sso: OidcProvider) -> Iterator[OidcProvider]:
    """The same, but for people with a password."""
    from django.conf import settings  # noqa: PLC0415 - what the other fixture made of them

    oidc_stated = replace(settings.ENVIRONMENT.oidc, refuses_password_users=True)
    with override_settings(ENVIRONMENT=replace(settings.ENVIRONMENT, oidc=oidc_stated)):
        yield sso


def test_a_user_with_a_password_is_reached_by_single_sign_on_unless_the_portal_keeps_them_apart(
    sso: OidcProvider, people: InMemoryCluster
) -> None:
    people.replace_secret({**people.get_secret("user-max").manifest, "stringData": {"password": world.hashed("x")}})
    client, answer = sign_in(sso, MAX)
    assert (answer.status_code, client.get("/api/me").json()["username"]) == (200, MAX)


@pytest.mark.parametrize("password", [world.hashed("x"), "no hash at all", " "], ids=["hash", "text", "blank"])
def test_kept_apart_nobody_becomes_a_user_with_a_password(
    apart: OidcProvider, people: InMemoryCluster, password: str
) -> None:
    client, answer = sign_in(apart, MAX)
    assert (answer.status_code, client.get("/api/me").status_code) == (200, 200)
    people.replace_secret({**people.get_secret("user-max").manifest, "stringData": {"password": password}})
    assert client.get("/api/me").status_code == 401
    client, answer = sign_in(apart, MAX)
    assert answer.status_code == 403
    assert "keeps the two apart" in answer.content.decode()
    assert client.get("/team/").status_code == 302


def test_kept_apart_a_second_secret_without_a_password_opens_nothing(
    apart: OidcProvider, people: InMemoryCluster
) -> None:
    people.load([epinio_user("twin", "admin", password=world.hashed("x"))])
    assert sign_in(apart, MAX)[1].status_code == 403


def test_kept_apart_the_others_sign_in_as_before(apart: OidcProvider) -> None:
    client, answer = sign_in(apart, ALICE)
    assert (answer.status_code, client.get("/api/me").json()["roles"]) == (200, ["exporter:team-a"])
    assert world.sign_in("manager").get("/team/").status_code == 200


def test_people_are_kept_apart_only_where_that_is_said() -> None:
    for stated, expected in {"true": True, "false": False, "": False}.items():
        found = Environment.read({"EDRPORTAL_OIDC_REFUSE_PASSWORD_USERS": stated})
        assert found.oidc.refuses_password_users is expected
    assert not Environment.read({}).oidc.refuses_password_users
