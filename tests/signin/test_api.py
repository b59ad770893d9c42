"""The JSON interface: who it lets do what, sending a thing twice, and bad input."""

from __future__ import annotations

import html
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client, override_settings

from destinations import names
from destinations.actions import writes
from destinations.cluster.memory import InMemoryCluster
from destinations.cluster.port import Ambiguous, Unreachable
from destinations.overview import rows
from destinations.secret import codec, docker_config
from edrportal import middleware
from edrportal.configuration.environment import Environment
from tests.malformed import bundles, fields
from tests.services.leaks import canary
from tests.signin import world
from tests.signin.world import basic

pytestmark = pytest.mark.people
TYPED = canary("typed into the API")
NEW = {"name": "fresh", "host": "registry.example.com", "username": "robot", "password": TYPED, "organization": "org"}


def ask(path: str, name: str, body: object = None, *, key: str = "", raw: bytes | None = None) -> Any:
    headers: dict[str, Any] = {"HTTP_AUTHORIZATION": basic(name)}
    if key:
        headers["HTTP_IDEMPOTENCY_KEY"] = key
    if body is None and raw is None:
        return Client().get(path, **headers)
    text = raw if raw is not None else json.dumps(body)
    return Client().post(path, text, content_type="application/json", **headers)


def test_everybody_is_told_who_they_are(people: InMemoryCluster) -> None:
    assert people.get_secret("shared").name == "shared"
    assert ask("/api/me", "manager").json() == {
        "username": "manager",
        "roles": ["exporter:team-a"],
        "administrator": False,
        "may_list_export_registries": False,
        "may_export_from": ["team-a"],
        "teams": [{"name": "team-a", "may_manage": True}],
    }
    assert ask("/api/me", "administrator").json()["may_export_from"] is None
    assert ask("/api/me", "exporter").json()["teams"] == [{"name": "team-b", "may_manage": False}]
    assert ask("/api/me", "viewer").json()["may_export_from"] == []


@pytest.mark.parametrize(
    ("role", "shown"),
    [
        ("administrator", {"a-one", "b-one", "shared", "orphaned"}),
        ("viewer", {"a-one", "b-one", "shared", "orphaned"}),
        ("manager", {"a-one", "shared"}),
        ("exporter", {"b-one", "shared"}),
        ("nobody", set()),
    ],
)
def test_everybody_gets_the_rows_that_exist_for_them(people: InMemoryCluster, role: str, shown: set[str]) -> None:
    assert people.get_secret("shared").name == "shared"
    assert {row["name"] for row in ask("/api/destinations", role).json()} == shown


HEADERS = [
    "", "Basic", "Basic x", "Basic !!!!", "Bearer x", "Basic " + "A" * 10_000, "Basic OnNlY3JldA==",
    basic("manager", "no"), basic("", world.PASSWORD), basic("manager", ""),
]  # fmt: skip


@pytest.mark.parametrize("header", HEADERS)
def test_without_an_account_there_is_nothing(people: InMemoryCluster, header: str) -> None:
    assert people.get_secret("shared").name == "shared"
    headers: dict[str, Any] = {"HTTP_AUTHORIZATION": header} if header else {}
    for path in ("/api/me", "/api/destinations"):
        answer = Client().get(path, **headers)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].startswith("Basic ")
        assert set(answer.json()) == {"error", "fix"}


def test_a_password_with_every_page_makes_no_session_and_counts_nowhere_else(people: InMemoryCluster) -> None:
    assert people.get_secret("shared").name == "shared"
    assert not ask("/api/me", "manager").cookies
    assert Client().get("/team/", HTTP_AUTHORIZATION=basic("manager")).status_code == 302


def test_wrong_passwords_are_limited_as_on_the_page(people: InMemoryCluster) -> None:
    assert people.get_secret("shared").name == "shared"
    for _ in range(5):
        assert Client().get("/api/me", HTTP_AUTHORIZATION=basic("manager", "wrong")).status_code == 401
    answer = ask("/api/me", "manager")
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 0
    assert ask("/api/me", "viewer").status_code == 200


def test_a_pipeline_gets_in_from_where_it_got_in_before_whoever_guesses_elsewhere(people: InMemoryCluster) -> None:
    def call(forwarded: str, password: str = world.PASSWORD) -> int:
        header = basic("manager", password)
        answer = Client().get("/api/me", HTTP_AUTHORIZATION=header, HTTP_X_FORWARDED_FOR=forwarded)
        return int(answer.status_code)

    with override_settings(ENVIRONMENT=Environment.read({"EDRPORTAL_PROXY_HOPS": "1"})):
        assert call("192.0.2.10") == 200
        for number in range(5):
            assert call(f"192.0.2.10, 203.0.113.{number}", "wrong") == 401  # what is written in front counts nothing
        assert call("203.0.113.77") == 429
        assert call("192.0.2.10, 203.0.113.77") == 429
        for _ in range(10):
            assert call("192.0.2.10") == 200
        assert call("203.0.113.77", "wrong") == 429
    assert people.get_secret("shared").name == "shared"


def test_a_cookie_alone_writes_nothing_from_another_site(people: InMemoryCluster) -> None:
    client = world.sign_in("administrator")
    answer = client.post("/api/destinations", json.dumps(NEW), content_type="application/json")
    assert answer.status_code == 401
    assert "fresh" not in {secret.name for secret in people.list_secrets()}


def test_an_administrator_adds_and_rotates(people: InMemoryCluster) -> None:
    answer = ask("/api/destinations", "administrator", {**NEW, "team": "team-b", "credentials_expire_on": "2030-01-31"})
    assert answer.status_code == 201, answer.json()
    assert answer.json()["verdict"] == "accepted"
    stored = people.get_secret("fresh")
    assert stored.labels[names.TEAM_LABEL] == "team-b"
    assert stored.annotations[names.EXPIRY_ANNOTATION] == "2030-01-31"
    assert stored.annotations[names.CHANGED_BY_ANNOTATION] == "administrator"
    answer = ask("/api/destinations/fresh/rotate", "administrator", {"password": "next"})
    assert answer.status_code == 200
    credentials = docker_config.stored_credentials(people.get_secret("fresh"))
    assert credentials
    assert (credentials.username, credentials.password) == ("robot", "next")
    assert TYPED not in answer.content.decode()


@pytest.mark.parametrize(
    ("stored", "sent", "left"),
    [
        ("2030-01-31", {}, "2030-01-31"),
        ("2030-01-31", {"credentials_expire_on": None}, "2030-01-31"),
        ("2030-01-31", {"credentials_expire_on": ""}, None),
        ("2030-01-31", {"credentials_expire_on": "2031-01-31"}, "2031-01-31"),
        (f"{datetime.now(UTC):%Y-%m-%d}", {}, f"{datetime.now(UTC):%Y-%m-%d}"),
        ("2020-01-01", {}, None),
        ("soon", {}, "soon"),
        (None, {}, None),
    ],
)
def test_a_rotation_leaves_an_end_that_is_still_ahead(
    people: InMemoryCluster, stored: str | None, sent: dict[str, str | None], left: str | None
) -> None:
    one = world.destination("dated")
    one["metadata"]["annotations"] |= {names.EXPIRY_ANNOTATION: stored} if stored else {}
    people.load([one])
    for _ in range(2):  # sent twice it is one write
        answer = ask("/api/destinations/dated/rotate", "administrator", {"password": "next", **sent}, key="k")
        assert answer.status_code == 200, answer.json()
        assert people.get_secret("dated").annotations.get(names.EXPIRY_ANNOTATION) == left
    assert len(json.loads(people.get_secret("dated").annotations[names.HISTORY_ANNOTATION])) == 2


def test_a_manager_adds_for_the_own_team_by_its_prefix_and_for_no_other(people: InMemoryCluster) -> None:
    answer = ask("/api/destinations", "manager", {**NEW, "team": "team-a"})
    assert (answer.status_code, answer.json()["name"]) == (201, "team-a-fresh")
    assert people.get_secret("team-a-fresh").labels[names.TEAM_LABEL] == "team-a"
    for team in ("team-b", "gone", "", "x" * 64, "a.b", TYPED):
        answer = ask("/api/destinations", "manager", {**NEW, "name": "z", "team": team})
        assert answer.status_code in {400, 403}, team
        assert TYPED not in answer.content.decode()
    assert ask("/api/destinations", "manager", {**NEW, "name": "z"}).status_code == 400
    assert ask("/api/destinations", "exporter", {**NEW, "team": "team-b"}).status_code == 403


def test_members_that_are_not_asked_for_change_nothing(people: InMemoryCluster) -> None:
    extras: list[dict[str, Any]] = [
        {"labels": {}},
        {"certs": "dex-config"},
        {"uid": "x"},
        {"resource_version": "1"},
        {"nonce": "n" * 24},
    ]
    for extra in extras:
        answer = ask("/api/destinations", "administrator", {**NEW, **extra})
        assert answer.status_code == 400
    assert "fresh" not in {secret.name for secret in people.list_secrets()}


@pytest.mark.parametrize(
    ("stored", "sent", "kept"),
    [
        ("2099-01-31", {}, "2099-01-31"),
        ("2099-01-31", {"credentials_expire_on": None}, "2099-01-31"),
        ("2099-01-31", {"credentials_expire_on": ""}, None),
        ("2099-01-31", {"credentials_expire_on": "2098-01-31"}, "2098-01-31"),
        ("2020-01-31", {}, None),
        ("soon", {}, "soon"),  # no date, so nobody knows that it has passed
        ("", {}, None),
    ],
)
def test_a_stated_end_stays_while_it_is_ahead(
    people: InMemoryCluster, stored: str, sent: dict[str, Any], kept: str | None
) -> None:
    assert ask("/api/destinations", "administrator", NEW).status_code == 201
    secret = people.get_secret("fresh")
    people.replace_secret(codec.changed(secret, annotations={names.EXPIRY_ANNOTATION: stored or None}))
    assert (
        ask("/api/destinations/fresh/rotate", "administrator", {"password": "p-1", **sent}, key="k").status_code == 200
    )
    assert people.get_secret("fresh").annotations.get(names.EXPIRY_ANNOTATION) == kept
    assert (
        ask("/api/destinations/fresh/rotate", "administrator", {"password": "p-1", **sent}, key="k").status_code == 200
    )
    assert len(json.loads(people.get_secret("fresh").annotations[names.HISTORY_ANNOTATION])) == 2


def test_a_key_is_one_write_whatever_end_was_stated_in_between(people: InMemoryCluster) -> None:
    assert ask("/api/destinations", "administrator", NEW).status_code == 201
    rotate = "/api/destinations/fresh/rotate"
    assert ask(rotate, "administrator", {"password": "p-1"}, key="one").status_code == 200
    later = {"password": "p-2", "credentials_expire_on": "2099-01-31"}
    assert ask(rotate, "administrator", later, key="two").status_code == 200
    assert ask(rotate, "administrator", {"password": "p-1"}, key="one").status_code == 200
    credentials = docker_config.stored_credentials(people.get_secret("fresh"))
    assert credentials
    assert credentials.password == "p-2"


@pytest.mark.parametrize(
    ("said", "status"),
    [("yes", 201), ("Yes", 201), ("on", 201), ("true", 201), ("no", 400), ("NO", 400), ("off", 400), ("0", 400),
     ("false", 400), ("", 400), (None, 400), ("perhaps", 400)],
)  # fmt: skip
def test_only_a_yes_confirms_odd_credentials(people: InMemoryCluster, said: str | None, status: int) -> None:
    odd = {**NEW, "password": "changeme", "credentials_confirmed": said}
    assert ask("/api/destinations", "administrator", odd).status_code == status
    assert ("fresh" in {secret.name for secret in people.list_secrets()}) == (status == 201)


def test_a_member_that_is_there_twice_is_called_so(people: InMemoryCluster) -> None:
    assert people.get_secret("shared").name == "shared"
    told = ask("/api/destinations", "administrator", raw=b'{"name": "a", "name": "b"}').json()
    assert told["error"] == "A member is in the body twice."


@pytest.mark.parametrize(("name", "status"), [("b-one", 404), ("not-there", 404), ("orphaned", 404), ("shared", 403)])
def test_a_manager_rotates_nothing_else(people: InMemoryCluster, name: str, status: int) -> None:
    before = [(secret.name, secret.resource_version) for secret in people.list_secrets()]
    assert ask(f"/api/destinations/{name}/rotate", "manager", {"password": "x"}).status_code == status
    assert [(secret.name, secret.resource_version) for secret in people.list_secrets()] == before


def test_a_taken_name_sounds_alike_whatever_has_it(people: InMemoryCluster) -> None:
    people.load([{"metadata": {"name": "team-a-plain"}}, world.destination("team-a-theirs", "team-b")])
    told = {
        ask("/api/destinations", "manager", {**NEW, "name": name, "team": "team-a"}).content.replace(name.encode(), b"")
        for name in ("plain", "theirs")
    }
    assert len(told) == 1
    assert b"is not available" in told.pop()


def test_the_same_key_and_content_are_one_write(people: InMemoryCluster) -> None:
    for _ in range(3):
        assert ask("/api/destinations", "administrator", NEW, key="one").status_code == 201
    assert ask("/api/destinations", "administrator", {**NEW, "password": "other"}, key="one").status_code == 409
    assert ask("/api/destinations", "administrator", NEW, key="two").status_code == 409
    version = people.get_secret("fresh").resource_version
    for _ in range(3):
        assert ask("/api/destinations/fresh/rotate", "administrator", {"password": "p"}, key="r1").status_code == 200
    rotated = people.get_secret("fresh")
    assert rotated.resource_version != version
    assert len(json.loads(rotated.annotations[names.HISTORY_ANNOTATION])) == 2
    answer = ask("/api/destinations/fresh/rotate", "administrator", {"password": "q"}, key="r1")
    assert answer.status_code == 409
    assert "other content" in answer.json()["error"]
    assert ask("/api/destinations/fresh/rotate", "administrator", {"password": "q"}, key="r2").status_code == 200
    assert ask("/api/destinations/fresh/rotate", "administrator", {"password": "p"}, key="r1").status_code == 200
    credentials = docker_config.stored_credentials(people.get_secret("fresh"))
    assert credentials
    assert credentials.password == "q"  # the first content under r1 was written before, and is not written anew


def test_another_persons_key_is_another_key(people: InMemoryCluster) -> None:
    people.load([world.user("second", "admin")])
    assert ask("/api/destinations", "administrator", NEW, key="one").status_code == 201
    assert ask("/api/destinations", "second", NEW, key="one").status_code == 409


@pytest.mark.parametrize("key", [" ", "ä", "x" * 256, "a b", "\t"])
def test_a_key_that_cannot_be_used_is_refused(people: InMemoryCluster, key: str) -> None:
    assert ask("/api/destinations", "administrator", NEW, key=key).status_code == 400
    assert "fresh" not in {secret.name for secret in people.list_secrets()}


@pytest.mark.parametrize(
    "raw",
    [b"", b"{", b"[]", b"7", b"null", b'"x"', b"\xff\xfe", b'{"name": 7}', b'{"name": ["x"]}', b'{"name": "a", "name": "b"}',
     b'{"password": "a\\u0000b"}', b'{"password": "\\ud800"}', b"[" * 100_000, b'{"x": NaN}', b"name=new&host=h"],
)  # fmt: skip
def test_a_body_that_cannot_be_read_is_refused_in_words(people: InMemoryCluster, raw: bytes) -> None:
    for path in ("/api/destinations", "/api/destinations/shared/rotate"):
        answer = ask(path, "administrator", raw=raw)
        assert answer.status_code == 400, path
        assert set(answer.json()) == {"error", "fix"}
    assert people.get_secret("shared").name == "shared"


ODD: list[tuple[int, str, str, dict[str, Any]]] = [
    (404, "GET", "/api/nothing", {}),
    (404, "GET", "/api/destinations/", {}),
    (404, "GET", "/api/destinations/a-one", {}),
    (405, "PUT", "/api/destinations", {}),
    (405, "GET", "/api/destinations/a-one/rotate", {}),
    (405, "OPTIONS", "/api/me", {}),
    *((405, method, "/api/me", {}) for method in ("POST", "PUT", "PATCH", "DELETE", "PURGE")),
    (400, "GET", "/api/me", {"HTTP_HOST": "evil.example"}),
    (400, "POST", "/api/destinations", {"CONTENT_LENGTH": "many"}),
    (411, "POST", "/api/destinations", {"HTTP_TRANSFER_ENCODING": "chunked"}),
    (413, "POST", "/api/destinations", {"CONTENT_LENGTH": "1048577"}),
]


@pytest.mark.parametrize(("status", "method", "path", "extra"), ODD)
def test_whatever_fails_is_told_to_a_script_in_json(
    people: InMemoryCluster, status: int, method: str, path: str, extra: dict[str, Any]
) -> None:
    assert people.get_secret("a-one").name == "a-one"
    answer = Client().generic(method, path, HTTP_AUTHORIZATION=basic("administrator"), **extra)
    assert answer.status_code == status
    assert set(answer.json()) == {"error", "fix"}
    assert status != 405 or answer.headers["Allow"]
    assert "overview" not in answer.json()["fix"]
    assert "form" not in answer.json()["error"] or status == 413


def test_a_fault_and_a_busy_portal_are_told_in_json_too(
    people: InMemoryCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert people.get_secret("a-one").name == "a-one"

    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError

    with monkeypatch.context() as broken:
        broken.setattr(rows, "row", fail)
        client = Client(raise_request_exception=False)
        answer = client.get("/api/destinations", HTTP_AUTHORIZATION=basic("administrator"))
    assert (answer.status_code, set(answer.json())) == (500, {"error", "fix"})
    monkeypatch.setattr(middleware, "PAGES_AT_ONCE", 0)
    monkeypatch.setattr(middleware, "WAIT_SECONDS", 0)
    answer = ask("/api/me", "administrator")
    assert (answer.status_code, set(answer.json()), answer.headers["Retry-After"]) == (503, {"error", "fix"}, "5")


def test_another_content_type_is_refused(people: InMemoryCluster) -> None:
    assert people.get_secret("shared").name == "shared"
    answer = Client().post("/api/destinations", NEW, HTTP_AUTHORIZATION=basic("administrator"))
    assert answer.status_code == 400


def test_an_unknown_outcome_is_called_so(people: InMemoryCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writes, "PAUSES", (0.0,))

    def lost(*_: Any) -> None:
        raise Ambiguous("NoUsableAnswer")

    monkeypatch.setattr(InMemoryCluster, "replace_secret", lost)
    answer = ask("/api/destinations/shared/rotate", "administrator", {"password": "x"})
    assert (answer.status_code, answer.json()["outcome"]) == (503, "unknown")
    assert people.get_secret("shared").name == "shared"


def test_a_silent_cluster_is_503_without_a_claim(people: InMemoryCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    def silent(*_: Any) -> None:
        raise Unreachable("NoUsableAnswer")

    assert people.get_secret("shared").name == "shared"
    monkeypatch.setattr(InMemoryCluster, "list_secrets", silent)
    answer = ask("/api/destinations", "administrator")
    assert answer.status_code == 503
    assert "outcome" not in answer.json()


EVERY = [
    pytest.param(field, odd, id=f"{field}-{fields.label(odd)}") for field, odds in fields.TYPED.items() for odd in odds
]


@pytest.mark.parametrize(("field", "odd"), EVERY)
def test_every_odd_field_is_refused_in_words_or_stored_byte_for_byte(
    people: InMemoryCluster, field: str, odd: fields.Odd
) -> None:
    people.load([{"metadata": {"name": "admin-user"}, "data": {"password": "eA=="}}])
    before = people.list_secrets()
    answer = ask("/api/destinations", "administrator", {**NEW, "name": "one", field: odd.value})
    if odd.form == fields.ACCEPTED:
        assert answer.status_code == 201, answer.json()
        assert odd.value in stored(people)
        return
    told = html.unescape(json.dumps(answer.json(), ensure_ascii=False)).replace(chr(92) * 2, chr(92))
    assert answer.status_code in {400, 409}
    assert odd.form.replace('"', "") in told.replace(chr(92) + '"', "") or "no form can send" in told
    assert TYPED not in told
    assert people.list_secrets() == before


def stored(cluster: InMemoryCluster) -> list[str]:
    secret = cluster.get_secret("one")
    held = docker_config.stored_credentials(secret)
    assert held
    return [
        docker_config.host_key(secret),
        secret.annotations[names.ORGANIZATION_ANNOTATION],
        held.username,
        held.password,
        secret.name,
    ]


@pytest.mark.parametrize("field", ["username", "password"])
def test_odd_credentials_rotate_nothing(people: InMemoryCluster, field: str) -> None:
    for odd in fields.TYPED[field]:
        if odd.form == fields.ACCEPTED or (field, odd.value) == ("username", ""):
            continue
        version = people.get_secret("shared").resource_version
        answer = ask("/api/destinations/shared/rotate", "administrator", {"password": TYPED, field: odd.value})
        assert answer.status_code == 400, odd
        assert people.get_secret("shared").resource_version == version


def text_of(bundle: bundles.Bundle) -> str | None:
    """Return what JSON can hold, or None."""
    try:
        text = bundle.content.decode()
    except UnicodeDecodeError:
        return None
    return text if text.strip() and "\0" not in text else None


TEXTS = [one for one in bundles.BUNDLES if text_of(one)]


@pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")
@pytest.mark.parametrize("bundle", TEXTS, ids=bundles.label)
def test_every_odd_bundle_is_refused_in_words_or_stored_anew(people: InMemoryCluster, bundle: bundles.Bundle) -> None:
    before = people.list_secrets()
    answer = ask("/api/destinations", "administrator", {**NEW, "name": "one", "bundle": text_of(bundle)})
    if bundle.form == fields.ACCEPTED:
        assert answer.status_code == 201, answer.json()
        certs = people.get_secret("one").data[names.CERTS_KEY].decode()
        assert people.get_secret(certs).data == {names.BUNDLE_KEY: bundle.stored}
        return
    assert answer.status_code == 400
    assert bundle.form in " ".join(answer.json()["fields"]["bundle"])
    assert people.list_secrets() == before


def test_a_rotation_names_no_destination_whose_password_somebody_else_typed(people: InMemoryCluster) -> None:
    """All of them have the same password: an administrator is told where, a manager learns nothing of the own team's."""
    people.load([world.destination("a-two", "team-a", uid="uid-a")])
    for role, named in (("manager", set()), ("administrator", {"b-one", "shared", "orphaned"})):
        name = "a-one" if role == "manager" else "a-two"
        notes = " ".join(ask(f"/api/destinations/{name}/rotate", role, {"password": f"new-{role}"}).json()["notes"])
        assert {one for one in ("a-one", "a-two", "b-one", "shared", "orphaned") if one in notes} == named
