"""A Secret with two hosts becomes two destinations by one press, and nothing of it is lost on the way."""

from __future__ import annotations

import json
import re
from html import unescape
from typing import TYPE_CHECKING, Any

import pytest

from destinations import names
from destinations.cluster.port import Conflict, Unreachable
from destinations.secret import history
from tests.services.leaks import known
from tests.web.test_daily_work import add, form

if TYPE_CHECKING:
    from django.test import Client

    from destinations.cluster.memory import InMemoryCluster

FIRST, SECOND = known("canary-split-first-1180"), known("canary-split-second-2291")
HOSTS = {
    "a.example.com": {"username": "one", "password": FIRST, "auth": "eA==", "email": "kept"},
    "b.example.com:8443": {"username": "two", "password": SECOND},
}


def load(
    portal: InMemoryCluster, name: str = "both", hosts: dict[str, Any] = HOSTS, labels: dict[str, str] | None = None
) -> None:
    metadata = {
        "name": name,
        "labels": {names.REGISTRY_LABEL: "true", **(labels or {})},
        "annotations": {
            names.ORGANIZATION_ANNOTATION: "team",
            names.DESCRIPTION_ANNOTATION: "words",
            names.EXPIRY_ANNOTATION: "2031-01-01",
            names.LAST_APPLIED_ANNOTATION: FIRST,
        },
    }
    portal.load([{"metadata": metadata, "stringData": {names.CONFIG_KEY: json.dumps({"auths": hosts}), "certs": "ca"}}])


def auths(portal: InMemoryCluster, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(portal.get_secret(name).data[names.CONFIG_KEY])["auths"]
    return found


def sent(client: Client, name: str = "both", **changed: Any) -> dict[str, Any]:
    page = client.get(f"/destinations/{name}/repair").content.decode()
    fields = form(client, f"/destinations/{name}/repair")
    hosts = re.findall(r'name="split_host" value="([^"]+)"', page)
    typed = re.findall(r'name="split_name"\s+value="([^"]+)"', page)
    return {**fields, "split": "1", "kept": hosts[0], "split_host": hosts, "split_name": typed, **changed}


def test_one_press_makes_two_destinations_with_both_passwords(client: Client, portal: InMemoryCluster) -> None:
    load(portal)
    page = client.get("/destinations/both/repair").content.decode()
    assert "Split into two destinations" in page
    assert FIRST not in page
    assert client.post("/destinations/both/repair", sent(client)).status_code == 303
    assert auths(portal, "both") == {"a.example.com": HOSTS["a.example.com"]}
    assert auths(portal, "both-b.example.com-8443") == {"b.example.com:8443": HOSTS["b.example.com:8443"]}
    old, new = portal.get_secret("both"), portal.get_secret("both-b.example.com-8443")
    for key in (names.ORGANIZATION_ANNOTATION, names.DESCRIPTION_ANNOTATION, names.EXPIRY_ANNOTATION):
        assert new.annotations[key] == old.annotations[key]
    assert new.data["certs"] == old.data["certs"] == b"ca"
    assert names.LAST_APPLIED_ANNOTATION not in old.annotations
    assert [entry.did for entry in history.read(new)] == ["split from both"]
    shown = client.get("/destinations/both").content.decode()
    assert "both keeps a.example.com. Created for the other host: both-b.example.com-8443." in shown


def test_the_other_host_may_stay_and_the_new_one_be_named(client: Client, portal: InMemoryCluster) -> None:
    load(portal)
    wanted = sent(client, kept="b.example.com:8443", split_name=["mine", "unused"])
    assert client.post("/destinations/both/repair", wanted).status_code == 303
    assert set(auths(portal, "both")) == {"b.example.com:8443"}
    assert set(auths(portal, "mine")) == {"a.example.com"}


def test_three_hosts_become_three(client: Client, portal: InMemoryCluster) -> None:
    load(portal, hosts={**HOSTS, "c.example.com": {"username": "three", "password": "x"}})
    assert client.post("/destinations/both/repair", sent(client)).status_code == 303
    assert len({one.name for one in portal.list_secrets()}) == 3


@pytest.mark.parametrize("name", ["both", "taken", "Not A Name", "new", "../x", ""])
def test_a_name_that_cannot_be_used_changes_nothing(client: Client, portal: InMemoryCluster, name: str) -> None:
    load(portal)
    add(client, name="taken")
    before = portal.list_secrets()
    answer = client.post("/destinations/both/repair", sent(client, split_name=["x", name or "new"]))
    assert answer.status_code in {409, 422}
    assert portal.list_secrets() == before
    assert SECOND not in answer.content.decode()


@pytest.mark.parametrize(
    "changed",
    [{"kept": "other.example.com"}, {"split_host": ["a.example.com"], "split_name": ["x"]}, {"split_host": [], "split_name": []},
     {"split_host": ["a.example.com", "evil.example.com"], "split_name": ["x", "y"]}],
)  # fmt: skip
def test_other_hosts_than_there_are_change_nothing(
    client: Client, portal: InMemoryCluster, changed: dict[str, Any]
) -> None:
    load(portal)
    before = portal.list_secrets()
    assert client.post("/destinations/both/repair", sent(client, **changed)).status_code == 409
    assert portal.list_secrets() == before


def test_a_stale_page_splits_nothing(client: Client, portal: InMemoryCluster) -> None:
    load(portal)
    fields = sent(client)
    load(portal)
    assert client.post("/destinations/both/repair", fields).status_code == 409
    assert [one.name for one in portal.list_secrets()] == ["both"]


@pytest.mark.parametrize("error", [Conflict("Conflict", status=409), Unreachable("Unreachable")])
def test_where_the_old_one_cannot_be_written_the_new_one_is_taken_back(
    client: Client, portal: InMemoryCluster, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    load(portal)
    fields = sent(client)

    def refuse(_: object) -> None:
        raise error

    monkeypatch.setattr(portal, "replace_secret", refuse)
    assert client.post("/destinations/both/repair", fields).status_code in {409, 503}
    assert [one.name for one in portal.list_secrets()] == ["both"]
    assert set(auths(portal, "both")) == set(HOSTS)


def test_a_form_sent_twice_splits_once(client: Client, portal: InMemoryCluster) -> None:
    load(portal)
    fields = sent(client)
    assert client.post("/destinations/both/repair", fields).status_code == 303
    before = portal.list_secrets()
    assert client.post("/destinations/both/repair", fields).status_code == 303
    assert portal.list_secrets() == before


def test_a_conflict_says_whose_value_is_which(client: Client, portal: InMemoryCluster) -> None:
    add(client)
    mine = form(client, "/destinations/one/edit", description="mine")
    theirs = form(client, "/destinations/one/edit", description="theirs <b>", expires_on="2031-01-01")
    assert client.post("/destinations/one/edit", theirs).status_code == 303
    answer = client.post("/destinations/one/edit", mine)
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "<b>Description</b>: theirs <q>theirs &lt;b&gt;</q>, yours <q>mine</q>" in page
    assert "<b>Expires on</b>: theirs <q>2031-01-01</q>, yours <i>nothing</i>" in page
    assert "type the password" not in page.split("<form")[1]
    assert "Review what differs, and save again." in page
    typed = client.post("/destinations/one/edit", {**mine, "password": FIRST})
    assert "type the password again" in typed.content.decode()
    assert FIRST not in typed.content.decode()
    assert portal.get_secret("one").annotations[names.DESCRIPTION_ANNOTATION] == "theirs <b>"


def test_every_wrong_name_is_named_beside_its_host_at_once(client: Client, portal: InMemoryCluster) -> None:
    hosts = {f"{letter}.example.com": {"username": letter, "password": FIRST} for letter in "abcdef"}
    load(portal, hosts=hosts)
    add(client, name="taken")
    before = portal.list_secrets()
    typed = ["unused", "Not A Name", "taken", "", "twice", "twice"]
    answer = client.post("/destinations/both/repair", sent(client, split_name=typed))
    page = unescape(answer.content.decode())
    assert answer.status_code == 422
    assert portal.list_secrets() == before
    assert re.findall(r'name="split_name"\s+value="([^"]*)"', page) == typed
    groups = page.split('<fieldset class="group">')[1:]
    told = [re.findall(r'class="field__error"[^>]*>([^<]+)<', group) for group in groups]
    rule = "Use lowercase letters, digits, dots, and hyphens, and start and end with a letter or digit."
    same = "Two destinations would have the same name."
    assert told == [[], [rule], ["The name taken is taken by a destination."], [rule], [same], [same]]
    assert ['aria-invalid="true"' in group for group in groups] == [False, *[True] * 5]
    right = [name.replace(" ", "-").lower() or "third" for name in typed[:2]] + ["free", "third", "fourth", "fifth"]
    assert client.post("/destinations/both/repair", sent(client, split_name=right)).status_code == 303


def test_without_a_host_that_stays_nothing_is_said_to_have_changed(client: Client, portal: InMemoryCluster) -> None:
    load(portal)
    before = portal.list_secrets()
    answer = client.post("/destinations/both/repair", sent(client, kept=""))
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Select the host that stays in both." in page
    assert "have changed" not in page
    assert portal.list_secrets() == before
