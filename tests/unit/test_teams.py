"""Who may see and change which destination, and what happens to those of a namespace that is gone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from destinations import names
from destinations.access import Authority, self_service
from destinations.actions import Change, Denied, add, delete
from destinations.actions.common import Seen
from destinations.cluster.lookups import UNKNOWN, Namespaces
from destinations.cluster.memory import InMemoryCluster
from destinations.cluster.port import Forbidden, NotFound, Unreachable
from destinations.model import Credentials, Draft, Secret, UserError

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Person:
    is_administrator: bool = False
    may_list: bool = False
    namespaces: tuple[str, ...] = ("team",)

    def may_export(self, namespace: str) -> bool:
        return self.is_administrator or namespace in self.namespaces

    def exports(self) -> list[str] | None:
        return None if self.is_administrator else list(self.namespaces)


def authority(uid: str | None = "now", *, enabled: str | None = "now", person: Person | None = None) -> Authority:
    switched = {} if enabled is None else {"team": enabled}
    return Authority(person or Person(), switched, lambda _: uid)


def owned(uid: str = "") -> Secret:
    annotations = {names.TEAM_UID_ANNOTATION: uid} if uid else {}
    return Secret("one", labels={names.REGISTRY_LABEL: "true", names.TEAM_LABEL: "team"}, annotations=annotations)


@pytest.mark.parametrize(
    ("uid", "enabled", "noted", "expected"),
    [
        ("now", "now", "now", True),
        ("now", "now", "", True),  # by hand, without a note: nobody can tell
        (
            "now",
            "now",
            "before",
            False,
        ),  # the namespace was made anew, and enabled anew: what was the old team's is nobody's
        ("now", "before", "now", False),
        ("now", None, "now", False),
        ("now", "", "now", False),  # enabled while namespaces could not be read: confirmed anew
        (None, "now", "now", False),
        (UNKNOWN, "now", "before", True),  # the portal may not look: an administrator confirmed it
        (UNKNOWN, "", "", True),
        (UNKNOWN, None, "", False),
    ],
)
def test_a_manager_changes_what_is_the_teams_still(
    uid: str | None, enabled: str | None, noted: str, *, expected: bool
) -> None:
    assert authority(uid, enabled=enabled).changes(owned(noted)) is expected
    assert authority(uid, enabled=enabled, person=Person(is_administrator=True)).changes(owned(noted))
    assert not authority(uid, enabled=enabled, person=Person(may_list=True, namespaces=())).changes(owned(noted))


def test_what_is_nobodys_is_there_for_administrators_and_viewers_alone() -> None:
    gone = owned("before")
    assert not authority().sees(gone)
    assert authority(person=Person(is_administrator=True)).sees(gone)
    assert authority(person=Person(may_list=True)).sees(gone)


def test_a_shared_destination_is_changed_by_administrators_alone() -> None:
    shared = Secret("one", labels={names.REGISTRY_LABEL: "true"})
    assert authority().sees(shared)
    assert not authority().changes(shared)
    assert not authority(person=Person(namespaces=())).sees(shared)


@pytest.mark.parametrize("team", ["", "other"])
def test_the_action_itself_refuses_another_team(team: str) -> None:
    cluster = InMemoryCluster()
    draft = Draft("one", "registry.example.com", "o", Credentials("u", "p"), team=team)
    with pytest.raises(Denied):
        add(cluster, draft, Change("w", "ann", NOW, authority()))
    assert cluster.list_secrets() == []


def test_the_action_itself_refuses_to_delete_what_is_another_teams() -> None:
    cluster = InMemoryCluster()
    cluster.load([{"metadata": {"name": "one", "labels": {names.REGISTRY_LABEL: "true"}}}])
    seen = Seen.of(cluster.get_secret("one"))
    with pytest.raises(Denied):
        delete(cluster, "one", seen=seen, permit=authority())
    with pytest.raises(NotFound):
        delete(cluster, "one", seen=seen, permit=authority(person=Person(namespaces=())))
    assert cluster.get_secret("one").name == "one"


def test_a_taken_name_tells_a_manager_nothing() -> None:
    cluster = InMemoryCluster()
    cluster.load([{"metadata": {"name": "one"}}])
    draft = Draft("one", "registry.example.com", "o", Credentials("u", "p"), team="team")
    with pytest.raises(UserError, match="is not available") as caught:
        add(cluster, draft, Change("w", "ann", NOW, authority()))
    assert caught.value.reason == "NameTaken"


def test_self_service_is_what_the_config_map_says() -> None:
    found = Secret(names.TEAMS_CONFIG_MAP, data={"a": b"uid", "b": b""})
    assert self_service([Secret("x", data={"c": b""}), found]) == {"a": "uid", "b": ""}
    assert self_service([]) == {}


class Answering(InMemoryCluster):
    def __init__(self, *answers: str | Exception) -> None:
        super().__init__()
        self.answers = list(answers)

    def namespace_uid(self, name: str) -> str:
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return f"{name}-{answer}"


def test_a_uid_is_asked_for_every_few_seconds() -> None:
    now = [0.0]
    found = Namespaces(Answering("1", "2", NotFound("NotFound"), Forbidden("Forbidden")), clock=lambda: now[0])
    said = []
    for moment in (0.0, 4.9, 5.1, 10.2, 15.3):
        now[0] = moment
        said.append(found.uid("a"))
    assert said == ["a-1", "a-1", "a-2", None, UNKNOWN]


def test_a_cluster_that_does_not_answer_lets_nobody_manage() -> None:
    found = Namespaces(Answering(Unreachable("NoUsableAnswer")))
    with pytest.raises(Unreachable):
        Authority(Person(), {"team": "x"}, found.uid).changes(owned())
