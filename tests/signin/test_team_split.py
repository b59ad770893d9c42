"""A team's manager splits a destination of the team, and only into names that are the team's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from destinations import names
from tests.signin import world
from tests.web.test_split import load, sent

if TYPE_CHECKING:
    from destinations.cluster.memory import InMemoryCluster


@pytest.mark.people
def test_a_manager_splits_only_into_names_of_the_own_team(people: InMemoryCluster) -> None:
    load(people, "team-a-both", labels={names.TEAM_LABEL: "team-a"})
    manager = world.sign_in("manager")
    refused = manager.post("/destinations/team-a-both/repair", sent(manager, "team-a-both", split_name=["x", "mine"]))
    assert refused.status_code == 422
    assert "mine" not in {one.name for one in people.list_secrets()}
    assert manager.post("/destinations/team-a-both/repair", sent(manager, "team-a-both")).status_code == 303
    new = people.get_secret("team-a-both-b.example.com-8443")
    assert new.labels[names.TEAM_LABEL] == "team-a"
    load(people, "shared-both")
    assert manager.post("/destinations/shared-both/repair", {"split": "1"}).status_code == 403
