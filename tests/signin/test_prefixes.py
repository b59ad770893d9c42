"""A destination of one team cannot be named as those of another are."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from django.test import Client

from destinations import names
from destinations.cluster.memory import InMemoryCluster
from destinations.cluster.port import Forbidden
from tests.gitops import test_external
from tests.services import composition
from tests.services.leaks import canary
from tests.signin import world

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.people
TYPED = canary("typed for a prefix")
DRAFT = {"host": "registry.example.com", "username": "robot", "organization": "org", "password": TYPED}
NONCE = {"nonce": "n" * 24}
CONFIG = {"auths": {"registry.example.com": {"username": "robot", "password": TYPED}}}


@pytest.fixture
def teams(people: InMemoryCluster) -> Iterator[InMemoryCluster]:
    """Beside team-a there are longer ones: enabled, not enabled, and enabled without a namespace."""
    people.namespaces |= {"team-a-b": "uid-ab", "team-a-later": "uid-later", "team-a-b-c": "uid-abc"}
    enabled = people.config_maps.get(names.TEAMS_CONFIG_MAP)
    data = {"team-a": "uid-a", "team-a-b": "uid-ab", "team-a-gone": "uid-old"}
    people.config_maps.replace({**enabled.manifest, "data": data})
    people.load([world.user("of-two", "exporter:team-a,exporter:team-a-b")])
    with composition.use(people):
        yield people


TAKEN = [
    "team-a-b-harbor",
    "b-harbor",
    "team-a-later-x",
    "later-x",
    "gone-x",
    "b-c-x",
    "b-c",
    "team-a-b-x.y",
    "later-a.b",
]
FREE = {
    "harbor": "team-a-harbor",
    "b": "team-a-b",
    "bb-harbor": "team-a-bb-harbor",
    "b.harbor": "team-a-b.harbor",
    "unknown-x": "team-a-unknown-x",
    "team-b-x": "team-a-team-b-x",
    "team-a": "team-a-team-a",
}


def names_of(people: InMemoryCluster) -> set[str]:
    return {secret.name for secret in people.list_secrets()}


def api(body: dict[str, str], who: str = "manager") -> Any:
    return Client().post(
        "/api/destinations", json.dumps(body), content_type="application/json", HTTP_AUTHORIZATION=world.basic(who)
    )


@pytest.mark.parametrize("way", ["form", "copy", "import", "api"])
@pytest.mark.parametrize("name", TAKEN)
def test_a_manager_takes_no_longer_teams_prefix(teams: InMemoryCluster, name: str, way: str) -> None:
    before = names_of(teams)
    fields = {**DRAFT, "name": name, "team": "team-a"}
    if way == "api":
        answer = api(fields)
        assert (answer.status_code, list(answer.json()["fields"])) == (400, ["name"])
    else:
        if way == "import":
            fields = {"name": name, "team": "team-a", "organization": "org", "import_text": json.dumps(CONFIG)}
        path = "/destinations/new?from=a-one" if way == "copy" else "/destinations/new"
        answer = world.sign_in("manager").post(path, fields | NONCE)
        assert answer.status_code == 422
    told = answer.content.decode()
    assert "Choose another name" in told
    assert TYPED not in told
    assert names_of(teams) == before


@pytest.mark.parametrize("name", FREE)
def test_other_names_are_free(teams: InMemoryCluster, name: str) -> None:
    answer = api({**DRAFT, "name": name, "team": "team-a"})
    assert (answer.status_code, answer.json()["name"]) == (201, FREE[name])
    assert teams.get_secret(FREE[name]).labels[names.TEAM_LABEL] == "team-a"


def test_who_manages_the_longer_team_too_adds_for_that_one(teams: InMemoryCluster) -> None:
    assert api({**DRAFT, "name": "team-a-b-harbor", "team": "team-a"}, "of-two").status_code == 400
    assert api({**DRAFT, "name": "team-a-b-harbor", "team": "team-a-b"}, "of-two").status_code == 201
    assert teams.get_secret("team-a-b-harbor").labels[names.TEAM_LABEL] == "team-a-b"
    assert api({**DRAFT, "name": "team-a-b-c-x", "team": "team-a-b"}, "of-two").status_code == 400


def test_an_administrator_names_a_destination_as_they_like(teams: InMemoryCluster) -> None:
    assert api({**DRAFT, "name": "team-a-b-harbor", "team": "team-a"}, "administrator").status_code == 201
    assert teams.get_secret("team-a-b-harbor").name == "team-a-b-harbor"


def test_where_the_portal_may_not_look_the_enabled_teams_count(
    teams: InMemoryCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbidden(*_: Any) -> str:
        raise Forbidden("Forbidden", status=403)

    monkeypatch.setattr(InMemoryCluster, "namespace_uid", forbidden)
    with composition.use(teams):
        assert api({**DRAFT, "name": "b-harbor", "team": "team-a"}).status_code == 400
        assert api({**DRAFT, "name": "later-harbor", "team": "team-a"}).status_code == 201


def test_a_long_name_of_many_parts_asks_for_few_namespaces(
    teams: InMemoryCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    real = InMemoryCluster.namespace_uid

    def noted(self: InMemoryCluster, name: str) -> str:
        asked.append(name)
        return real(self, name)

    monkeypatch.setattr(InMemoryCluster, "namespace_uid", noted)
    with composition.use(teams):
        api({**DRAFT, "name": "x-" * 110 + "x", "team": "team-a"})
    assert len(asked) <= 32
    assert max(map(len, asked)) <= 63


def test_a_file_for_a_destination_of_the_team_has_the_name_that_it_has(people: InMemoryCluster) -> None:
    """An administrator may have given the team one whose name does not begin with the team's."""
    people.load([world.destination("harbor", "team-a", uid="uid-a")])
    client, typed = world.sign_in("manager"), test_external.typed
    for name, made in (("harbor", "harbor"), ("new", "team-a-new")):
        answer = client.post(test_external.ADDRESS, typed(name=name, team="team-a"))
        assert answer.headers["Content-Disposition"] == f'attachment; filename="{made}.external.yaml"'
        (external,) = yaml.safe_load_all(answer.content)
        assert external["metadata"]["name"] == external["spec"]["target"]["name"] == made
