"""Who gets in and what they may do, as a real Epinio server answered."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from destinations.cluster.memory import InMemoryCluster
from edrportal.signin import accounts, users
from edrportal.signin.users import Principal
from tests.services import composition

NAMESPACES = ("workspace", "team", "other", "a", "b")
STRICTER = {"password-5"}
"""An empty password, which Epinio lets in."""


@cache
def recorded() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((Path(__file__).parent / "vectors.json").read_text())
    return found


def asked(vector: dict[str, Any]) -> dict[str, Any]:
    """Return what the portal says, in the shape of what Epinio said."""
    cluster = InMemoryCluster()
    cluster.config_maps.load(recorded()["roles"])
    cluster.load(vector["users"])
    with composition.use(cluster):
        try:
            user = accounts.authenticate(composition.reads(), vector["username"], vector["password"])
        except users.UnusableUser:
            return {"authenticated": False, "status": 500}
    if user is None:
        return {"authenticated": False, "status": 401}
    person = Principal.of(user, "epinio")
    return {
        "authenticated": True,
        "status": 200,
        "roles": person.role_ids,
        "administrator": person.is_administrator,
        "may_list_export_registries": person.may_list,
        "may_export_from": [one for one in NAMESPACES if person.may_export(one)],
    }


def test_all_cases_are_here() -> None:
    assert (len(recorded()["roles"]), len(recorded()["vectors"])) == (13, 119)


@pytest.mark.parametrize("vector", recorded()["vectors"], ids=lambda vector: vector["id"])
def test_the_portal_agrees_with_epinio(vector: dict[str, Any]) -> None:
    said = asked(vector)
    if vector["id"] in STRICTER:
        assert vector["expect"]["authenticated"]
        assert not said["authenticated"]
        return
    assert said == {key: vector["expect"][key] for key in said}
