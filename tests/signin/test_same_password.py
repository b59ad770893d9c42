"""Where a replaced password is stored, too, is told to administrators, and to whoever typed it in both places."""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client

from destinations import actions, names
from destinations.actions import Change, Rotation, Seen
from destinations.cluster.kube.adapter import KubernetesCluster
from destinations.model import Credentials, Draft, Secret
from destinations.secret import docker_config, history, owners
from tests.services.leaks import canary
from tests.services.reader import Reader
from tests.signin import world
from tests.signin.test_permissions import addresses

if TYPE_CHECKING:
    from collections.abc import Callable

    from destinations.cluster.memory import InMemoryCluster
    from tests.services.apiserver import ApiServer

pytestmark = pytest.mark.people
SECRET = canary("in two places", special=False)
_nonces = count(10_000_000)
DRAFT = {"host": "registry.example.com", "username": "robot", "organization": "org", "team": "team-a"}


def call(path: str, body: dict[str, str], who: str) -> Any:
    return Client().post(path, json.dumps(body), content_type="application/json", HTTP_AUTHORIZATION=world.basic(who))


def add(name: str, who: str, password: str = SECRET) -> None:
    answer = call("/api/destinations", {**DRAFT, "name": f"team-a-{name}", "password": password}, who)
    assert answer.status_code == 201, answer.json()


def rotate(name: str, who: str, password: str) -> list[str]:
    answer = call(f"/api/destinations/{name}/rotate", {"password": password}, who)
    assert answer.status_code == 200, answer.json()
    notes: list[str] = answer.json()["notes"]
    return notes


def guess(who: str, name: str = "team-a-own") -> str:
    """Rotate a destination to a guess that is right, and away again; return what that tells."""
    told = rotate(name, who, SECRET) + rotate(name, who, "away")
    return " ".join(told)


def send(people: InMemoryCluster, path: str, name: str, *, refused: bool = False, **fields: Any) -> None:
    secret = people.get_secret(name)
    seen = {"uid": secret.uid, "resource_version": secret.resource_version, "nonce": f"nonce-of-a-form-{next(_nonces)}"}
    data = {"bundle_choice": "keep", **seen, **fields}
    answer = world.sign_in("manager").post(path.format(name=name), data)
    assert answer.status_code == (422 if refused else 303), answer.content.decode()[:5000]


def nothing(_: InMemoryCluster) -> None:
    """Only guess."""


def describe(people: InMemoryCluster) -> None:
    send(people, "/destinations/{name}/edit", "team-a-theirs", **target(), description="mine now")


def rename_the_account(people: InMemoryCluster) -> None:
    send(people, "/destinations/{name}/edit", "team-a-theirs", **target(), username="another")


def rename_the_account_in_a_rotation(people: InMemoryCluster) -> None:
    send(people, "/destinations/{name}/rotate", "team-a-theirs", refused=True, username="another", password="")


def state_an_end(people: InMemoryCluster) -> None:
    send(people, "/destinations/{name}/edit", "team-a-theirs", **target(), expires_on="2030-01-31")


def switch(people: InMemoryCluster) -> None:
    for to in ("off", "on"):
        secret = people.get_secret("team-a-theirs")
        chosen = f"{secret.name} {secret.uid} {secret.resource_version}"
        send(people, "/switch", "team-a-theirs", to=to, chosen=chosen)


def target() -> dict[str, Any]:
    return {"host": "registry.example.com", "organization": "org"}


TRICKS = [nothing, describe, rename_the_account, rename_the_account_in_a_rotation, state_an_end, switch]


@pytest.mark.parametrize("trick", TRICKS)
def test_a_manager_cannot_try_what_an_administrator_stored(
    people: InMemoryCluster, trick: Callable[[InMemoryCluster], None]
) -> None:
    add("theirs", "administrator")
    add("own", "manager", "begin")
    trick(people)
    assert "team-a-theirs" not in guess("manager")
    held = docker_config.stored_credentials(people.get_secret("team-a-theirs"))
    assert held
    assert held.password == SECRET


def test_a_manager_cannot_try_what_stood_in_the_own_destination_before(people: InMemoryCluster) -> None:
    assert people.get_secret("shared").name == "shared"
    add("own", "administrator")
    add("second", "manager", SECRET)
    assert not rotate("team-a-own", "manager", "away")


def test_who_typed_both_is_told(people: InMemoryCluster) -> None:
    add("own", "manager")
    add("second", "manager")
    describe_second = {**target(), "description": "still mine"}
    send(people, "/destinations/{name}/edit", "team-a-second", **describe_second)
    assert rotate("team-a-own", "manager", "away") == [
        "The old password is also stored in team-a-second: rotate there, too."
    ]


def test_another_manager_is_not_told(people: InMemoryCluster) -> None:
    people.load([world.user("second", "exporter:team-a")])
    add("theirs", "second")
    add("own", "manager", "begin")
    assert "team-a-theirs" not in guess("manager")


def test_an_administrator_is_told_of_all(people: InMemoryCluster) -> None:
    add("theirs", "manager")
    people.load([_by_hand("by-hand")])
    add("own", "administrator", "begin")
    assert "also stored in by-hand, team-a-theirs" in guess("administrator")


def same(who: str, name: str) -> tuple[str, str]:
    """Return what a destination's page and the overview's filter tell of the same credentials."""
    client = world.sign_in(who)
    section = (
        client.get(f"/destinations/{name}").content.decode().partition("Same credentials as")[2].partition("</p>")[0]
    )
    return section, client.get(f"/?same={name}").content.decode()


def test_the_same_credentials_are_shown_by_the_same_rule(people: InMemoryCluster) -> None:
    add("theirs", "administrator")
    add("own", "manager")
    assert people.get_secret("shared").name == "shared"
    section, table = same("manager", "team-a-own")
    assert section == ""
    assert "team-a-theirs" not in table
    add("second", "manager")
    section, table = same("manager", "team-a-own")
    assert "team-a-second" in section
    assert "team-a-theirs" not in section + table
    section, table = same("administrator", "team-a-own")
    assert "team-a-theirs" in section
    assert 'data-name="team-a-theirs"' in table


@pytest.mark.parametrize("who", ["viewer", "exporter", "nobody"])
def test_who_changes_nothing_learns_of_no_same_credentials(people: InMemoryCluster, who: str) -> None:
    add("own", "administrator")
    add("second", "administrator")
    assert people.get_secret("shared").name == "shared"
    section, table = same(who, "team-a-own")
    assert section == ""
    assert "team-a-second" not in table


def _by_hand(name: str, **metadata: Any) -> dict[str, Any]:
    made = world.destination(name, "team-a", uid="uid-a")
    config = docker_config.new("registry.example.com", Credentials("robot", SECRET)).decode()
    return {**made, "metadata": {**made["metadata"], **metadata}, "stringData": {names.CONFIG_KEY: config}}


@pytest.mark.parametrize("by", ["manager", "", "somebody"])
def test_of_what_no_history_proves_a_manager_is_told_nothing(people: InMemoryCluster, by: str) -> None:
    made = _by_hand("team-a-theirs")
    made["metadata"]["annotations"] |= {
        names.CHANGED_BY_ANNOTATION: by,
        names.HISTORY_ANNOTATION: f'[{{"at":"2026-01-01T00:00:00Z","by":"{by}","did":"rotated","id":"x"}}]',
    }
    people.load([made])
    add("own", "manager", "begin")
    assert "team-a-theirs" not in guess("manager")


def test_a_password_that_somebody_wrote_by_kubectl_since_is_not_told(people: InMemoryCluster) -> None:
    add("theirs", "manager", "first")
    stored = people.get_secret("team-a-theirs")
    people.delete_secret(stored.name, uid=stored.uid, resource_version=stored.resource_version)
    fields = {"manager": "kubectl-edit", "operation": "Update", "fieldsType": "FieldsV1", "time": "2026-01-01T00:00:00Z",
              "fieldsV1": {"f:data": {".": {}, f"f:{names.CONFIG_KEY}": {}}}}  # fmt: skip
    metadata = {key: stored.manifest["metadata"][key] for key in ("labels", "annotations")}
    people.load([_by_hand("team-a-theirs", **metadata, managedFields=[fields])])
    assert history.password_by(people.get_secret("team-a-theirs")) == "manager"
    add("own", "manager", "begin")
    assert "team-a-theirs" not in guess("manager")


def test_credentials_that_are_written_around_what_somebody_wrote_by_kubectl_prove_nothing(
    people: InMemoryCluster,
) -> None:
    """Such as by a repair, or a new user name: the portal is the last manager of the field then."""
    add("theirs", "manager", "first")
    stored = people.get_secret("team-a-theirs")
    config = docker_config.new("registry.example.com", Credentials("robot", SECRET)).decode()
    manifest = {key: value for key, value in stored.manifest.items() if key != "data"}
    people.replace_secret({**manifest, "stringData": {names.CONFIG_KEY: config}})
    rename_the_account(people)
    add("own", "manager", "begin")
    assert "team-a-theirs" not in guess("manager")


@pytest.mark.cluster
def test_a_real_api_server_says_who_wrote_the_credentials_last(api_server: ApiServer) -> None:
    namespace = api_server.new_namespace()
    cluster = KubernetesCluster.from_kubeconfig(str(api_server.kubeconfig), namespace=namespace)
    stranger = Reader(api_server, namespace)
    change = Change("one-write-id", "ann", datetime.now(UTC))
    draft = Draft("mine", "registry.example.com", "org", Credentials("robot", SECRET))
    actions.add(cluster, draft, change)
    assert owners.last_change(cluster.get_secret("mine")).person == "ann"
    assert owners.wrote_credentials(cluster.get_secret("mine"))
    described = stranger.all()["mine"]
    described["metadata"]["annotations"]["edrportal/description"] = "by kubectl"
    assert stranger.put(described) == 200
    assert owners.wrote_credentials(cluster.get_secret("mine"))
    rewritten = stranger.all()["mine"]
    config = docker_config.new("registry.example.com", Credentials("robot", "another"))
    rewritten["data"][names.CONFIG_KEY] = b64encode(config).decode()
    assert stranger.put(rewritten) == 200
    assert history.password_by(cluster.get_secret("mine")) == "ann"
    assert not owners.wrote_credentials(cluster.get_secret("mine"))
    seen = Seen.of(cluster.get_secret("mine"))
    actions.rotate(cluster, "mine", Rotation("robot", "third"), seen=seen, change=replace(change, write_id="two"))
    stored = next(one for one in cluster.list_secrets() if one.name == "mine")
    assert owners.wrote_credentials(stored)


def test_no_page_or_answer_compares_passwords_of_two_destinations(people: InMemoryCluster) -> None:
    def told(password: str) -> str:
        config = docker_config.new("registry.example.com", Credentials(world.ACCOUNT, password)).decode()
        manifest = dict(people.get_secret("a-one").manifest)
        manifest.pop("data")
        people.replace_secret({**manifest, "stringData": {names.CONFIG_KEY: config}})
        found = []
        for path in sorted(addresses().values()):
            if path in {"/live", "/signin", "/session"} or path.startswith(("/oidc", "/static")):
                continue
            answer = client.get(path.format(name="a-one"))
            found.append(f"{path} {answer.status_code} {len(answer.content)}")
        return "\n".join(found)

    people.load([_by_hand("team-a-theirs")])
    client = world.sign_in("manager")
    same, other = told(SECRET), told(SECRET[::-1])
    assert same == other


def test_an_entry_says_who_typed_a_password_and_older_ones_never_do() -> None:
    entry = history.Entry("t", "ann", "rotated", "i", history.TYPED)
    later = history.Entry("u", "bob", "edited: description", "j")
    text = history.append_entry((entry,), later)
    secret = Secret("x", annotations={names.HISTORY_ANNOTATION: text})
    assert history.read(secret) == (entry, later)
    assert history.password_by(secret) == "ann"
    kept = history.append_entry((entry,), history.Entry("u", "ann", "rotated", "j", history.KEPT))
    assert not history.password_by(Secret("x", annotations={names.HISTORY_ANNOTATION: kept}))
    old = Secret("x", annotations={names.HISTORY_ANNOTATION: history.append_entry((), later)})
    assert history.password_by(old) == ""


def test_the_csv_names_accounts_to_those_who_may_change_them_alone(people: InMemoryCluster) -> None:
    assert people.get_secret("shared").name == "shared"
    address = "/destinations.csv?accounts=1"
    assert world.ACCOUNT in world.sign_in("administrator").get(address).content.decode()
    rows = world.sign_in("manager").get(address).content.decode().splitlines()
    assert [row.partition(",")[0] for row in rows if world.ACCOUNT in row] == ['"a-one"']
    assert world.ACCOUNT not in world.sign_in("viewer").get(address).content.decode()
