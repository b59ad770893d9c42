"""Rows of the overview are written once for what they show: never one person's for another, never an old one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from destinations import names
from destinations.web.pages import overview
from tests.signin import world

if TYPE_CHECKING:
    from django.test import Client

    from destinations.cluster.memory import InMemoryCluster

pytestmark = pytest.mark.people


def row(client: Client, path: str = "/") -> str:
    page = client.get(path).content.decode()
    return re.search(r'<tr data-name="a-one">.*?</tr>', page, re.DOTALL)[0]  # type: ignore[index] # it is there


@pytest.mark.parametrize("path", ["/", "/destinations/a-one/row"])
@pytest.mark.parametrize("order", [("administrator", "viewer"), ("viewer", "administrator")])
def test_a_box_is_for_those_who_may_change_it_whoever_looked_first(
    people: InMemoryCluster, path: str, order: tuple[str, str]
) -> None:
    assert people.get_secret("a-one").name == "a-one"
    disabled = {name: "disabled" in row(world.sign_in(name), path) for name in order}
    assert disabled == {"administrator": False, "viewer": True}


def test_a_changed_secret_is_another_row_and_the_same_one_is_not_written_again(
    people: InMemoryCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = world.sign_in("administrator")
    before = row(client)
    with monkeypatch.context() as patched:
        patched.delattr(overview, "render_to_string")
        assert row(client) == before
    manifest = dict(people.get_secret("a-one").manifest)
    labels = {**manifest["metadata"]["labels"], names.REGISTRY_LABEL: "false"}
    people.load([{**manifest, "metadata": {**manifest["metadata"], "labels": labels}}])
    assert "Disabled" in row(client)
    assert "Disabled" not in before
