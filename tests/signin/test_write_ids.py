"""The id of a write proves nothing about a password to whoever reads it, and still makes what is sent twice one write."""

from __future__ import annotations

import hmac
import json
from contextlib import contextmanager
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings
from django.test import Client, override_settings

from destinations import names
from destinations.livecheck import fingerprint
from destinations.secret import docker_config, history
from edrportal.signin.sessions import signing_keys
from tests.services import composition
from tests.services.leaks import canary
from tests.signin import world
from tests.signin.test_permissions import addresses

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from destinations.cluster.memory import InMemoryCluster

pytestmark = pytest.mark.people
SECRET = canary("set by an administrator")
OLD, NEW = settings.SECRET_KEY, "n" * 40
Keys = tuple[str, list[str]]
BEFORE: Keys = (OLD, [])
DURING: Keys = (NEW, [OLD])
AFTER: Keys = (NEW, [])
WITHOUT: Keys = ("x" * 40, [])
"""What replicas know of the keys before, during and after a change of the key, and after one without a fallback."""
CHANGES = [(BEFORE, DURING), (DURING, BEFORE), (DURING, AFTER), (AFTER, DURING), (DURING, DURING)]
DRAFT = {"host": "registry.example.com", "username": "robot", "organization": "org"}


@contextmanager
def replica(keys: Keys) -> Iterator[None]:
    with override_settings(SECRET_KEY=keys[0], SECRET_KEY_FALLBACKS=keys[1]):
        yield


def call(path: str, body: dict[str, str], *, who: str = "administrator", key: str = "build-417") -> Any:
    return Client().post(
        path,
        json.dumps(body),
        content_type="application/json",
        HTTP_AUTHORIZATION=world.basic(who),
        HTTP_IDEMPOTENCY_KEY=key,
    )


def nonce(number: int = 1) -> str:
    return f"nonce-of-a-form-{number:08}"


def seen(people: InMemoryCluster, name: str) -> dict[str, str]:
    secret = people.get_secret(name)
    return {"uid": secret.uid, "resource_version": secret.resource_version, "nonce": nonce(), "bundle_choice": "keep"}


def added_by_api(_: InMemoryCluster) -> Callable[[], int]:
    return lambda: call("/api/destinations", {**DRAFT, "name": "fresh", "password": SECRET}).status_code


def rotated_by_api(_: InMemoryCluster) -> Callable[[], int]:
    return lambda: call("/api/destinations/a-one/rotate", {"password": SECRET}).status_code


def by_form(path: str, data: dict[str, Any]) -> Callable[[], int]:
    """Sign in at each call: a session does not outlive every change of the key."""
    return lambda: world.sign_in("administrator").post(path, data).status_code


def added_by_form(_: InMemoryCluster) -> Callable[[], int]:
    return by_form("/destinations/new", {**DRAFT, "name": "fresh", "password": SECRET, "nonce": nonce()})


def rotated_by_form(people: InMemoryCluster) -> Callable[[], int]:
    data = {"username": "robot", "password": SECRET, **seen(people, "a-one")}
    return by_form("/destinations/a-one/rotate", data)


def edited_by_form(people: InMemoryCluster) -> Callable[[], int]:
    data = {**DRAFT, "host": "other.example.com", "password": SECRET, **seen(people, "a-one")}
    return by_form("/destinations/a-one/edit", data)


def switched(people: InMemoryCluster) -> Callable[[], int]:
    state = [f"{one} {(found := people.get_secret(one)).uid} {found.resource_version}" for one in ("a-one", "b-one")]
    return by_form("/switch", {"to": "off", "chosen": state, "nonce": nonce()})


ACTIONS = [added_by_api, rotated_by_api, added_by_form, rotated_by_form, edited_by_form, switched]


def versions(people: InMemoryCluster) -> dict[str, str]:
    return {secret.name: secret.resource_version for secret in people.list_secrets()}


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("keys", CHANGES)
def test_what_is_sent_twice_while_the_key_changes_is_one_write(
    people: InMemoryCluster,
    action: Callable[[InMemoryCluster], Callable[[], int]],
    keys: tuple[Keys, Keys],
) -> None:
    send, (first, second) = action(people), keys
    with replica(first):
        answer = send()
    assert answer in {200, 201, 303}
    written = versions(people)
    with replica(second):
        assert send() == answer
    assert versions(people) == written


@pytest.mark.parametrize("keys", CHANGES)
def test_a_write_below_others_is_found_under_each_key(people: InMemoryCluster, keys: tuple[Keys, Keys]) -> None:
    with replica(keys[0]):
        assert call("/api/destinations/a-one/rotate", {"password": SECRET}, key="r1").status_code == 200
        assert call("/api/destinations/a-one/rotate", {"password": "second"}, key="r2").status_code == 200
    written = versions(people)
    with replica(keys[1]):
        assert call("/api/destinations/a-one/rotate", {"password": SECRET}, key="r1").status_code == 200
    assert versions(people) == written


@pytest.mark.parametrize("keys", CHANGES)
def test_another_content_under_the_same_key_is_refused_while_the_signing_key_changes(
    people: InMemoryCluster, keys: tuple[Keys, Keys]
) -> None:
    with replica(keys[0]):
        assert call("/api/destinations/a-one/rotate", {"password": SECRET}).status_code == 200
    written = versions(people)
    with replica(keys[1]):
        answer = call("/api/destinations/a-one/rotate", {"password": "another"})
    assert answer.status_code == 409
    assert "other content" in answer.json()["error"]
    assert versions(people) == written


def test_a_key_that_is_replaced_without_a_fallback_gives_no_false_answer(people: InMemoryCluster) -> None:
    with replica(BEFORE):
        assert added_by_api(people)() == 201
        assert rotated_by_api(people)() == 200
    with replica(WITHOUT):
        assert added_by_api(people)() == 409  # there is one of that name
        assert rotated_by_api(people)() == 200  # written once more, with the same content
    stored = docker_config.stored_credentials(people.get_secret("a-one"))
    assert stored
    assert stored.password == SECRET


def test_the_id_of_another_person_or_scope_is_another(people: InMemoryCluster) -> None:
    people.load([world.user("second", "admin")])
    data = {"username": "robot", "password": SECRET, **seen(people, "a-one")}
    assert world.sign_in("administrator").post("/destinations/a-one/rotate", data).status_code == 303
    written = versions(people)
    assert world.sign_in("second").post("/destinations/a-one/rotate", data).status_code == 409
    assert versions(people) == written


def ids(people: InMemoryCluster, name: str) -> set[str]:
    secret = people.get_secret(name)
    found = {secret.annotations[names.WRITE_ID_ANNOTATION], *(one.id for one in history.read(secret))} - {"x"}
    return found | {part for one in found for part in one.split(history.JOIN)}


def known_recipes(key: str, path: str, fields: dict[str, Any]) -> set[str]:
    """Return what older versions made of a guess, which takes nothing but the guess."""
    made = sha256(f"epinio:administrator\n{path}\n{key}".encode()).hexdigest()[:48]
    typed = sorted(fields.items())
    found = set()
    for text in (repr(typed), repr([*typed, ("nonce", made)]), json.dumps(fields)):
        digest = hmac.new(made.encode(), text.encode(), "sha256").hexdigest()[:40]
        found |= {digest, f"k{made[:12]}-{digest}", sha256(f"k{made[:12]}-{digest}".encode()).hexdigest()[:12]}
    return found | {made[:12], f"k{made[:12]}"}


def test_no_id_can_be_made_without_the_signing_key(people: InMemoryCluster) -> None:
    recorded = []
    for key in (BEFORE, AFTER):
        with replica(key):
            assert call("/api/destinations/a-one/rotate", {"password": SECRET}, key="guessed").status_code == 200
            recorded.append(ids(people, "a-one"))
    assert not recorded[0] & (recorded[1] - recorded[0])
    last = people.get_secret("a-one").annotations[names.WRITE_ID_ANNOTATION]
    assert not any(last.startswith(mark) for mark in known_recipes("guessed", "/api/destinations/a-one/rotate", {}))


@pytest.mark.parametrize("keys", [BEFORE, AFTER])
def test_the_same_write_has_another_id_under_another_key(people: InMemoryCluster, keys: Keys) -> None:
    found = []
    for one in (keys, WITHOUT):
        with replica(one):
            assert call("/api/destinations/a-one/rotate", {"password": SECRET}).status_code == 200
            found.append(set(people.get_secret("a-one").annotations[names.WRITE_ID_ANNOTATION].split(history.JOIN)))
    assert not found[0] & found[1]
    assert not {part.partition("-")[0] for part in found[0]} & {part.partition("-")[0] for part in found[1]}


def old_ids(people: InMemoryCluster, name: str) -> set[str]:
    """Give a destination the ids that older versions made."""
    digest = "kdeadbeefcafe-" + "5a" * 20
    mark = sha256(digest.encode()).hexdigest()[:12]
    entry = f'[{{"at":"2026-01-01T00:00:00Z","by":"administrator","did":"rotated","id":"{mark}"}}]'
    manifest = dict(people.get_secret(name).manifest)
    annotations = {**manifest["metadata"]["annotations"], names.WRITE_ID_ANNOTATION: digest}
    manifest["metadata"] = {**manifest["metadata"], "annotations": {**annotations, names.HISTORY_ANNOTATION: entry}}
    people.replace_secret(manifest)
    return {digest, mark}


@pytest.mark.parametrize("made", ["by older versions", "by this one"])
@pytest.mark.parametrize("who", ["manager", "administrator"])
def test_no_page_file_or_answer_shows_the_id_of_a_write(people: InMemoryCluster, made: str, who: str) -> None:
    if made == "by this one":
        assert call("/api/destinations/a-one/rotate", {"password": SECRET}).status_code == 200
        hidden = ids(people, "a-one")
    else:
        hidden = old_ids(people, "a-one")
    client, header = world.sign_in(who), world.basic(who)
    told = b""
    for name, path in addresses().items():
        if name == "live":
            continue
        told += client.get(path.format(name="a-one")).content
        if path.startswith("/api/"):
            told += Client().get(path.format(name="a-one"), HTTP_AUTHORIZATION=header).content
    told += call("/api/destinations/a-one/rotate", {"password": "next"}, who=who, key="z").content
    assert names.CHANGED_BY_ANNOTATION.encode() in told  # the manifest stands there
    assert names.WRITE_ID_ANNOTATION.encode() not in told
    assert names.HISTORY_ANNOTATION.encode() not in told
    assert not [one for one in hidden if len(one) > 1 and one.encode() in told]


def test_ids_of_older_versions_stand_in_nobodys_way(people: InMemoryCluster) -> None:
    old_ids(people, "a-one")
    for key in ("one", "two"):
        assert call("/api/destinations/a-one/rotate", {"password": f"{SECRET}{key}"}, key=key).status_code == 200
    entries = history.read(people.get_secret("a-one"))
    assert [entry.did for entry in entries] == ["rotated", "rotated", "rotated"]


def test_a_check_never_holds_again_because_somebody_guessed_what_was_replaced(people: InMemoryCluster) -> None:
    assert call("/api/destinations/a-one/rotate", {"password": SECRET}).status_code == 200
    manifest = dict(people.get_secret("a-one").manifest)
    annotations = {**manifest["metadata"]["annotations"], names.ROTATED_AT_ANNOTATION: "2026-01-01T00:00:00Z"}
    people.replace_secret({**manifest, "metadata": {**manifest["metadata"], "annotations": annotations}})
    everything = {one.name: one for one in composition.reads().secrets}
    result = fingerprint.of(everything["a-one"], everything, signing_keys())
    for guess in ("wrong", SECRET):
        answer = call("/api/destinations/a-one/rotate", {"password": guess}, who="manager", key=guess[:6])
        assert answer.status_code == 200
        everything = {one.name: one for one in composition.reads().secrets}
        assert not fingerprint.matches(result, everything["a-one"], everything, signing_keys())
    assert everything["a-one"].data == people.get_secret("a-one").data


def test_a_hash_of_the_password_as_idempotency_key_stands_nowhere(people: InMemoryCluster) -> None:
    key = sha256(SECRET.encode()).hexdigest()
    assert call("/api/destinations/a-one/rotate", {"password": SECRET}, key=key).status_code == 200
    text = json.dumps(people.get_secret("a-one").manifest)
    made = sha256(f"epinio:administrator\n/api/destinations/a-one/rotate\n{key}".encode()).hexdigest()
    assert key[:12] not in text
    assert made[:12] not in text
