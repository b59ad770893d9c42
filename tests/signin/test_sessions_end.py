"""What ends a session for good: a sign-out at any moment, and the single sign-on that it came from."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.core.signing import Signer
from django.test import Client, override_settings

from destinations.cluster.port import Unreachable
from destinations.portal import Reads
from edrportal.configuration.environment import Environment
from edrportal.signin import accounts, sessions
from tests.services import composition
from tests.signin import world

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from destinations.cluster.memory import InMemoryCluster

pytestmark = pytest.mark.people
COOKIE = "edrportal-session"
ANN = "ann@example.com"
MAPPING = "- connectorId: ldap\n  groups:\n  - {id: a, roles: ['exporter:team-a']}\n"
SSO = {
    "EDRPORTAL_PUBLIC_URL": "http://testserver",
    "EDRPORTAL_ALLOW_PLAIN_HTTP": "true",
    "EDRPORTAL_OIDC_CLIENT_ID": "portal",
}


def status(text: str) -> int:
    client = Client()
    client.cookies[COOKIE] = text
    return int(client.get("/team/").status_code)


def sign_out(text: str) -> Any:
    client = Client()
    client.cookies[COOKIE] = text
    return client.post("/signout")


def replace(cluster: InMemoryCluster, name: str, **changes: Any) -> None:
    """Replace a Secret's annotations (`roles`), or its data."""
    manifest = dict(cluster.get_secret(name).manifest)
    if "roles" in changes:
        manifest["metadata"] = {**manifest["metadata"], "annotations": {"epinio.io/roles": changes["roles"]}}
        cluster.replace_secret(manifest)
    else:
        cluster.replace_secret({**manifest, "stringData": changes})


def remove(cluster: InMemoryCluster, name: str) -> None:
    stored = cluster.get_secret(name)
    cluster.delete_secret(name, uid=stored.uid, resource_version=stored.resource_version)


def roles(cluster: InMemoryCluster) -> Callable[[], object]:
    replace(cluster, "user-manager", roles="view_only")
    return lambda: replace(cluster, "user-manager", roles="exporter:team-a")


def password(cluster: InMemoryCluster) -> Callable[[], object]:
    replace(cluster, "user-manager", password=world.hashed("another"))
    return lambda: replace(cluster, "user-manager", password=world.hashed(world.PASSWORD))


def twin(cluster: InMemoryCluster) -> Callable[[], object]:
    second = world.user("manager", "admin")
    second["metadata"]["name"] = "twin"
    cluster.load([second])
    return lambda: remove(cluster, "twin")


def unusable(cluster: InMemoryCluster) -> Callable[[], object]:
    manifest = dict(cluster.get_secret("user-manager").manifest)
    cluster.replace_secret({**manifest, "metadata": {**manifest["metadata"], "annotations": {}}})
    return lambda: replace(cluster, "user-manager", roles="exporter:team-a")


def unlabeled(cluster: InMemoryCluster) -> Callable[[], object]:
    manifest = dict(cluster.get_secret("user-manager").manifest)
    cluster.replace_secret({**manifest, "metadata": {**manifest["metadata"], "labels": {}}})
    labels = manifest["metadata"]["labels"]

    def back() -> None:
        now = dict(cluster.get_secret("user-manager").manifest)
        cluster.replace_secret({**now, "metadata": {**now["metadata"], "labels": labels}})

    return back


@pytest.mark.parametrize("change", [roles, password, twin, unusable, unlabeled])
def test_a_sign_out_is_final_also_while_the_session_does_not_count(
    people: InMemoryCluster, change: Callable[[InMemoryCluster], Callable[[], object]]
) -> None:
    stolen = world.sign_in("manager").cookies[COOKIE].value
    back = change(people)
    assert status(stolen) == 302
    answer = sign_out(stolen)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/signin?out=1")
    back()
    assert status(stolen) == 302
    assert world.sign_in("manager").get("/team/").status_code == 200


def test_a_change_that_is_taken_back_without_a_sign_out_lets_the_session_go_on(people: InMemoryCluster) -> None:
    text = world.sign_in("manager").cookies[COOKIE].value
    back = roles(people)
    assert status(text) == 302
    back()
    assert status(text) == 200


def test_a_sign_out_with_a_copy_that_was_idle_ends_the_one_that_was_not(people: InMemoryCluster) -> None:
    active = world.sign_in("manager").cookies[COOKIE].value
    told = Signer(salt="edrportal.session").unsign_object(active)
    told |= {"b": told["b"] - 1_800_000}
    active = Signer(salt="edrportal.session").sign_object(told)
    idle = Signer(salt="edrportal.session").sign_object({**told, "a": told["a"] - 1_700})
    assert (status(active), status(idle)) == (200, 302)
    assert sign_out(idle).headers["Location"] == "/signin?out=1"
    assert status(active) == 302
    assert people.get_secret("shared").name == "shared"


def test_a_cookie_that_is_forged_or_too_old_signs_nobody_out_and_the_page_claims_no_more(
    people: InMemoryCluster,
) -> None:
    good = world.sign_in("manager").cookies[COOKIE].value
    told = Signer(salt="edrportal.session").unsign_object(good)
    old = Signer(salt="edrportal.session").sign_object({**told, "b": told["b"] - 9 * 3_600_000})
    for text in ("", "forged", good[:-1] + ("A" if good[-1] != "A" else "B"), old):
        answer = sign_out(text)
        assert answer.headers["Location"] == "/signin?out=here", text
        page = Client().get(answer.headers["Location"]).content.decode()
        assert "signed out of this browser" in page
        assert "of every browser" not in page
    assert status(good) == 200
    assert people.get_secret("shared").name == "shared"


def test_a_cookie_that_is_void_already_writes_nothing_more(people: InMemoryCluster) -> None:
    text = world.sign_in("manager").cookies[COOKIE].value
    sign_out(text)
    version = people.config_maps.get("edrportal-sessions").resource_version
    for _ in range(3):
        assert sign_out(text).headers["Location"] == "/signin?out=1"
    assert people.config_maps.get("edrportal-sessions").resource_version == version


def test_a_sign_out_that_cannot_be_looked_up_is_not_called_one(
    people: InMemoryCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = world.sign_in("manager").cookies[COOKIE].value
    roles(people)

    def silent(*_: Any, **__: Any) -> None:
        raise Unreachable("NoUsableAnswer")

    with monkeypatch.context() as broken:
        broken.setattr(Reads, "config_maps", property(silent))
        answer = sign_out(text)
    assert answer.status_code == 503
    assert "You are not signed out yet" in answer.content.decode()


def dex(**changes: str) -> dict[str, Any]:
    data = {"issuer": "https://auth.example", "endpoint": "https://auth.example", "rolesMapping": MAPPING, **changes}
    return {"metadata": {"name": "dex-config"}, "stringData": data}


@pytest.fixture
def ann(people: InMemoryCluster) -> Iterator[str]:
    """The cookie of somebody who signed in at the provider."""
    people.load([dex()])
    with override_settings(ENVIRONMENT=Environment.read(SSO)):
        user = accounts.identify(composition.reads(), ANN, ["exporter:team-a"])
        assert user
        text = sessions.encode(accounts.begin(composition.reads(), user, accounts.OIDC, matched=["exporter:team-a"]))
        assert status(text) == 200
        yield text
        assert status(text) == 200  # whatever changed in between was put back


@pytest.mark.parametrize(
    "changed",
    [
        {"EDRPORTAL_OIDC_CLIENT_ID": ""},
        {"EDRPORTAL_OIDC_CLIENT_ID": "another"},
        {"EDRPORTAL_OIDC_ISSUER": "https://elsewhere.example"},
        {"EDRPORTAL_PUBLIC_URL": "http://portal.example.com", "EDRPORTAL_ALLOW_PLAIN_HTTP": ""},
    ],
)
def test_a_session_ends_with_the_single_sign_on_that_it_came_from(
    people: InMemoryCluster, ann: str, changed: dict[str, str]
) -> None:
    own = world.sign_in("manager").cookies[COOKIE].value
    with override_settings(ENVIRONMENT=Environment.read(SSO | changed), ALLOWED_HOSTS=["*"]):
        assert status(ann) == 302
        assert status(own) == 200  # that of somebody with a password goes on
    assert people.get_secret("shared").name == "shared"


@pytest.mark.parametrize("changed", [{"issuer": "https://elsewhere.example"}, {"issuer": ""}, {"rolesMapping": "[]"}])
def test_a_session_ends_when_epinio_names_another_provider_or_mapping(
    people: InMemoryCluster, ann: str, changed: dict[str, str]
) -> None:
    replace(people, "dex-config", **changed)
    assert status(ann) == 302
    replace(people, "dex-config", **dex()["stringData"])


def test_a_session_ends_while_the_provider_is_not_configured(people: InMemoryCluster, ann: str) -> None:
    remove(people, "dex-config")
    assert status(ann) == 302
    people.load([dex()])


def test_another_way_to_the_same_provider_ends_no_session(people: InMemoryCluster, ann: str) -> None:
    replace(people, "dex-config", endpoint="https://dex.epinio")
    assert status(ann) == 200


def test_a_session_of_before_the_provider_counted_ends(ann: str) -> None:
    user = accounts.identify(composition.reads(), ANN, ["exporter:team-a"])
    assert user
    before = sessions.begin(
        dataclasses.replace(user, client=None), accounts.OIDC, datetime.now(UTC), matched=["exporter:team-a"]
    )
    assert status(sessions.encode(before)) == 302
    assert status(ann) == 200


@pytest.mark.parametrize("put_back", [True, False])
def test_a_sign_out_is_final_while_the_mapping_or_the_provider_is_another(
    people: InMemoryCluster, *, put_back: bool
) -> None:
    people.load([dex()])
    with override_settings(ENVIRONMENT=Environment.read(SSO)):
        user = accounts.identify(composition.reads(), ANN, ["exporter:team-a"])
        assert user
        text = sessions.encode(accounts.begin(composition.reads(), user, accounts.OIDC, matched=["exporter:team-a"]))
        replace(people, "dex-config", rolesMapping="[]")
        if put_back:
            assert sign_out(text).headers["Location"] == "/signin?out=1"
        replace(people, "dex-config", rolesMapping=MAPPING)
        if put_back:
            assert status(text) == 302
        with override_settings(ENVIRONMENT=Environment.read(SSO | {"EDRPORTAL_OIDC_CLIENT_ID": ""})):
            assert sign_out(text).headers["Location"] == "/signin?out=1"
        assert status(text) == 302


def test_only_a_session_that_counts_is_active(people: InMemoryCluster) -> None:
    text = world.sign_in("manager").cookies[COOKIE].value
    now = datetime.now(UTC)
    assert sessions.decode(text, now + timedelta(minutes=14))
    assert not sessions.decode(text, now + timedelta(minutes=16))
    assert sessions.signed(text, now + timedelta(minutes=16))
    assert not sessions.signed(text, now + timedelta(hours=9))
    assert people.get_secret("shared").name == "shared"
