"""Destinations that something else manages, or that are immutable: what can be done with each is seen before it is tried."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from destinations import names
from destinations.cluster.memory import InMemoryCluster
from destinations.livecheck.registry.port import Code, Step
from destinations.secret.trim import trim_for_cache
from tests.livecheck.world import destination, keep
from tests.services import composition
from tests.services.scripted import ends
from tests.signin import world

if TYPE_CHECKING:
    from django.test import Client

OWNERS: dict[str, dict[str, Any]] = {
    "Argo CD": {"labels": {"argocd.argoproj.io/instance": "x"}},
    "Flux": {"labels": {"kustomize.toolkit.fluxcd.io/name": "x"}},
    "Helm": {"annotations": {"meta.helm.sh/release-name": "x"}},
    "Sealed Secrets": {"ownerReferences": [{"kind": "SealedSecret", "name": "one"}]},
    "External Secrets": {"ownerReferences": [{"kind": "ExternalSecret", "name": "one"}]},
    "their-controller": {
        "managedFields": [{"manager": "their-controller", "operation": "Apply", "fieldsV1": {"f:data": {}}}]
    },
}


def owned(metadata: dict[str, Any], made: dict[str, Any] | None = None) -> dict[str, Any]:
    made = made or destination("one")
    inner = made["metadata"]
    labels = {**inner["labels"], **metadata.get("labels", {})}
    annotations = {**inner["annotations"], **metadata.get("annotations", {})}
    return {**made, "metadata": {**inner, **metadata, "labels": labels, "annotations": annotations}}


def offered(page: str) -> dict[str, bool]:
    """Return each button of a destination's head, and whether it can be pressed."""
    head = page.partition('id="part-head"')[2].partition('id="part-verdict"')[0]
    found = re.findall(r"<(a|button)([^>]*)>\s*([^<]+?)\s*</\1>", head)
    return {text: " disabled " not in f"{attributes} " for _, attributes, text in found if "class=" in attributes}


@pytest.mark.parametrize("manager", OWNERS)
def test_it_is_said_beforehand_what_the_portal_does_not_change(
    client: Client, portal: InMemoryCluster, manager: str
) -> None:
    portal.load([owned(OWNERS[manager])])
    page = client.get("/destinations/one").content.decode()
    assert offered(page) == {
        "Rotate (file)…": True, "Edit (file)…": True, "Duplicate": True,
        "Disable": False, "Team…": False, "Delete…": False,
    }  # fmt: skip
    assert f"<b>{manager} manages this destination.</b>" in page
    for way in ("rotate", "edit"):
        form = client.get(f"/destinations/one/{way}").content.decode()
        assert "Download as SealedSecret" in form
        assert "Check, then save" not in form
    for explained in ("assign", "delete"):
        assert manager in client.get(f"/destinations/one/{explained}").content.decode()


@pytest.mark.parametrize("manager", OWNERS)
def test_the_list_names_who_manages_it_also_from_the_watch(
    client: Client, portal: InMemoryCluster, manager: str
) -> None:
    portal.load([owned(OWNERS[manager]), destination("two")])
    assert client.get("/").content.decode().count(f"managed by {manager}") == 1
    kept = trim_for_cache(portal.get_secret("one"))
    assert kept.manifest == {}
    assert kept.owner is not None
    assert kept.owner.name == manager
    assert trim_for_cache(portal.get_secret("two")).owner is None


def test_an_immutable_one_can_be_deleted_and_copied(client: Client, portal: InMemoryCluster) -> None:
    portal.load([{**destination("one"), "immutable": True}])
    page = client.get("/destinations/one").content.decode()
    assert offered(page) == {
        "Rotate credentials": False, "Edit": False, "Duplicate": True,
        "Disable": False, "Team…": False, "Delete…": True,
    }  # fmt: skip
    assert "To change it, delete it and add it again." in page
    assert '<span class="reason">immutable</span>' in client.get("/").content.decode()


def test_the_results_of_checks_offer_no_step_that_is_none(client: Client, portal: InMemoryCluster) -> None:
    for name, metadata in (("one", OWNERS["Argo CD"]), ("two", {})):
        made = destination(name)
        made["metadata"]["annotations"][names.ORGANIZATION_ANNOTATION] = "Upper"
        portal.load([owned(metadata, made)])
    answer = client.post("/check", {"all": "1"})
    composition.checks().finish(20)
    page = client.get(answer.headers["Location"]).content.decode()
    assert 'aria-label="Repair two"' in page
    assert 'aria-label="Open one"' in page
    assert 'aria-label="Repair one"' not in page


@pytest.mark.parametrize(
    ("change", "advice"),
    [
        ({"labels": {names.REGISTRY_LABEL: "false"}}, "Change it in the Git repository that Argo CD syncs."),
        ({"annotations": {names.ORGANIZATION_ANNOTATION: "Up"}}, "Change it in the Git repository that Argo CD syncs."),
        ({}, ""),
    ],
)
def test_a_team_reads_where_to_change_it_only_where_it_has_to(
    client: Client, portal: InMemoryCluster, change: dict[str, Any], advice: str
) -> None:
    made = owned(change, destination("one"))
    portal.load([owned(OWNERS["Argo CD"], made)])
    page = client.get("/team/").content.decode()
    assert advice in page
    assert ("<b>Next:</b>" in page) == bool(advice)


@pytest.mark.people
@pytest.mark.parametrize("role", ["manager", "exporter", "viewer"])
def test_everyone_sees_who_manages_it_and_managers_the_file(role: str) -> None:
    cluster = InMemoryCluster()
    cluster.namespaces = {"team-a": "uid-a", "team-b": "uid-b"}
    secrets = [
        owned(OWNERS["Argo CD"], one) if one["metadata"]["name"] in {"a-one", "shared"} else one
        for one in world.secrets()
    ]
    world.fill(cluster, secrets, world.config_maps())
    with composition.use(cluster):
        client = world.sign_in(role)
        shared = client.get("/destinations/shared").content.decode()
        assert "<b>Argo CD manages this destination.</b>" in shared
        assert "make a file" not in shared
        assert not any(offered(shared).values())
        if role == "manager":
            assert offered(client.get("/destinations/a-one").content.decode())["Rotate (file)…"]
            team = client.get("/team/").content.decode()
            assert "It is managed by Argo CD, so the portal does not change it." in team
            assert "/destinations/a-one/rotate" not in team


@pytest.mark.parametrize("is_off", [True, False])
@pytest.mark.people
def test_a_button_that_cannot_be_pressed_names_what_it_would_do(*, is_off: bool) -> None:
    cluster = InMemoryCluster()
    cluster.namespaces = {"team-a": "uid-a", "team-b": "uid-b"}
    world.fill(cluster, world.secrets(), world.config_maps())
    if is_off:
        labels = {names.REGISTRY_LABEL: "false"}
        cluster.load([owned({"labels": labels}, world.destination("shared"))])
    with composition.use(cluster):
        found = offered(world.sign_in("viewer").get("/destinations/shared").content.decode())
        assert ("Enable" in found, "Disable" in found) == (is_off, not is_off)


def test_a_filter_says_what_it_counts(client: Client, portal: InMemoryCluster) -> None:
    portal.load([destination("one"), destination("two")])
    keep("one", ends(Step.PUSH, Code.MAY_PUSH, ok=None))
    page = client.get("/?answer=accepted").content.decode()
    assert "Accepted, check inconclusive" in page
    assert "<b>Accepted, not checked:</b> Nothing in the Secrets stops an export." in page
    assert "none, an old, or an inconclusive one.</p>" in page
    assert "an inconclusive one.</p>" not in client.get("/").content.decode()
