"""What the pages say of several destinations that were switched: what happened, what Epinio does then, and the way back."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from destinations import names
from destinations.actions import writes
from destinations.cluster.port import Forbidden, Unreachable
from destinations.livecheck.registry.port import Code, Step
from edrportal.demo.cluster import demo_cluster
from tests.services import composition
from tests.services.scripted import ends

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.test import Client

    from destinations.cluster.memory import InMemoryCluster
    from tests.services.scripted import Scripted

REJECTED = ends(Step.LOGIN, Code.WRONG_CREDENTIALS)


@pytest.fixture
def demo() -> Iterator[InMemoryCluster]:
    with composition.use(made := demo_cluster(datetime.now(UTC))):
        yield made


def chosen(demo: InMemoryCluster, *wanted: str) -> list[str]:
    return [f"{one.name} {one.uid} {one.resource_version}" for one in map(demo.get_secret, wanted)]


def switch(client: Client, to: str, **fields: object) -> str:
    """Send the bar, and return the page that follows as text without entities."""
    answer = client.post("/switch", {"to": to, "nonce": f"nonce-{to}-" + "s" * 20, **fields})
    assert answer.status_code == 303, answer.status_code
    return client.get(answer.headers["Location"]).content.decode()


def is_on(demo: InMemoryCluster, name: str) -> bool:
    return demo.get_secret(name).labels[names.REGISTRY_LABEL] == "true"


def test_what_stays_hidden_is_not_called_a_success(client: Client, demo: InMemoryCluster) -> None:
    page = switch(client, "on", chosen=chosen(demo, "two-hosts", "yes-label", "upper-case", "retired"))
    assert "two-hosts, upper-case were enabled already." in page
    assert "yes-label, retired are enabled, and Epinio accepts them." in page
    assert "<b>two-hosts</b> is enabled, but Epinio still hides it:" in page
    assert "<b>upper-case</b> is enabled, but an export will still fail:" in page
    assert 'href="/destinations/two-hosts/repair">Repair</a>' in page


def test_a_broken_one_alone_is_told_on_its_own_page(client: Client, demo: InMemoryCluster) -> None:
    switch(client, "off", chosen=chosen(demo, "no-annotation"), back="1")
    page = switch(client, "on", chosen=chosen(demo, "no-annotation"), back="1")
    assert "<b>no-annotation</b> is enabled, but Epinio still hides it:" in page
    assert "Epinio accepts it" not in page


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (["production"], "production is disabled: Epinio does not list it and refuses its name."),
        (["production", "quay"], "production, quay are disabled: Epinio does not list them and refuses their names."),
    ],
)
def test_one_and_several_are_spoken_of_rightly(
    client: Client, demo: InMemoryCluster, wanted: list[str], said: str
) -> None:
    assert said in switch(client, "off", chosen=chosen(demo, *wanted))


def test_undo_brings_back_what_was_switched_and_nothing_else(client: Client, demo: InMemoryCluster) -> None:
    page = switch(client, "off", chosen=chosen(demo, "production", "quay", "retired"))
    assert "retired was disabled already." in page
    back = re.findall(r'name="chosen" value="(\S+ - \d+)"', page)
    assert {one.split()[0] for one in back} == {"production", "quay"}
    assert re.search(r'<button[^>]*value="on">Undo</button>', page)
    assert "production, quay are enabled" in switch(client, "on", chosen=back)
    assert is_on(demo, "production")
    assert is_on(demo, "quay")
    assert not is_on(demo, "retired")


def test_an_undo_is_refused_where_someone_changed_the_destination_since(client: Client, demo: InMemoryCluster) -> None:
    page = switch(client, "off", chosen=chosen(demo, "production", "quay"))
    back = re.findall(r'name="chosen" value="(\S+ - \d+)"', page)
    stored = demo.get_secret("quay").manifest
    demo.replace_secret({**stored, "metadata": {**stored["metadata"], "annotations": {"theirs": "x"}}})
    page = switch(client, "on", chosen=back)
    assert "Not changed: quay." in page
    assert is_on(demo, "production")
    assert not is_on(demo, "quay")


def test_all_that_match_are_switched_and_nothing_beside_them(client: Client, demo: InMemoryCluster) -> None:
    page = client.get("/?q=registry.example.com").content.decode()
    (count,) = re.findall(r'name="every" value="(\d+)"', page)
    assert f"Select all {count} that match" in page
    switch(client, "off", every=count, shown="q=registry.example.com")
    off = {one.name for one in demo.list_secrets() if one.labels.get(names.REGISTRY_LABEL) == "false"}
    assert len(off - {"retired"}) == int(count)
    assert "quay" not in off


@pytest.mark.parametrize("shown", ["answer=rejected", "q=production", "same=production"])
def test_all_that_match_are_checked_and_nothing_beside_them(
    client: Client, demo: InMemoryCluster, registries: Scripted, shown: str
) -> None:
    registries.answers = {"production": REJECTED}
    client.post("/destinations/production/check", {"namespace": "workspace", "application": "shop"})
    registries.asked.clear()
    page = client.get(f"/?{shown}").content.decode()
    assert "Select all 1 that match" in page
    assert client.post("/check", {"every": "1", "shown": shown}).status_code == 303
    composition.checks().finish(20)
    assert [plan.name for plan in registries.asked] == ["production"]
    assert demo.get_secret("production").name == "production"


@pytest.mark.parametrize("key", ["q", "answer", "status", "sort", "same"])
def test_after_a_switch_the_same_search_is_shown(client: Client, demo: InMemoryCluster, key: str) -> None:
    value = "\U0001f511" * 200
    asked = {"to": "off", "nonce": "s" * 24, "chosen": chosen(demo, "quay"), "shown": urlencode({key: value})}
    answer = client.post("/switch", asked)
    assert parse_qs(urlsplit(answer.headers["Location"]).query)[key] == [value]


def test_a_list_that_changed_meanwhile_is_selected_again(client: Client, demo: InMemoryCluster) -> None:
    asked = {"to": "off", "nonce": "s" * 24, "every": "99", "shown": "q=quay"}
    answer = client.post("/switch", asked)
    assert answer.status_code == 422
    assert "the list has changed since you selected it" in answer.content.decode()
    assert is_on(demo, "quay")


def test_a_silent_cluster_is_not_asked_for_each_of_many(
    client: Client, demo: InMemoryCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted, asked = chosen(demo, "production", "quay", "retired"), []

    def silent(*_: object, **__: object) -> None:
        asked.append(1)
        raise Unreachable("NoUsableAnswer")

    monkeypatch.setattr(demo, "replace_secret", silent)
    monkeypatch.setattr(writes, "PAUSES", ())
    page = switch(client, "off", chosen=wanted)
    assert len(asked) == 1
    assert "Not changed: production." in page
    assert "Not tried: quay, retired. The cluster does not give usable answers." in page


def test_a_refusal_of_one_does_not_stop_the_others(
    client: Client, demo: InMemoryCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted, real = chosen(demo, "production", "quay"), demo.replace_secret

    def refuse(manifest: dict[str, Any]) -> Any:
        if manifest["metadata"]["name"] == "production":
            raise Forbidden("Forbidden", status=403, verb="update", resource="Secrets")
        return real(manifest)

    monkeypatch.setattr(demo, "replace_secret", refuse)
    page = switch(client, "off", chosen=wanted)
    assert "Not changed: production." in page
    assert "Not tried" not in page
    assert not is_on(demo, "quay")


def test_what_takes_too_long_ends_with_what_is_left(
    client: Client, demo: InMemoryCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writes, "SEVERAL_SECONDS", -1)
    page = switch(client, "off", chosen=chosen(demo, "production", "quay"))
    assert "Not tried: production, quay. The portal writes for 20 seconds at a time. Try the rest again now." in page
    assert is_on(demo, "production")


@pytest.mark.parametrize(("path", "said"), [("/switch", "Nothing was changed"), ("/check", "Nothing was checked")])
def test_nothing_selected_shows_the_overview_again(client: Client, demo: InMemoryCluster, path: str, said: str) -> None:
    answer = client.post(path, {"to": "off", "nonce": "s" * 24, "shown": "q=quay"})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert f"{said}: no destination was selected. Select at least one." in page
    assert 'data-name="quay"' in page
    assert 'data-name="production"' not in page
    assert is_on(demo, "quay")


def test_the_description_is_searched_and_downloaded(client: Client, demo: InMemoryCluster) -> None:
    stored = demo.get_secret("quay").manifest
    noted = {**stored["metadata"]["annotations"], names.DESCRIPTION_ANNOTATION: "For the Mirror"}
    demo.replace_secret({**stored, "metadata": {**stored["metadata"], "annotations": noted}})
    page = client.get("/?q=mirror").content.decode()
    assert re.findall(r'data-name="([^"]+)"', page) == ["quay"]
    rows = client.get("/destinations.csv?q=mirror").content.decode().splitlines()
    assert rows[0].endswith(',"description"')
    assert rows[1].endswith(',"For the Mirror"')


@pytest.mark.parametrize("order", ["name", "organization", "team", "status", "expiry"])
def test_every_order_can_be_turned_round_in_the_list(client: Client, demo: InMemoryCluster, order: str) -> None:
    assert demo.list_secrets()
    page = client.get("/").content.decode()
    assert f'<option value="{order}"' in page
    assert f'<option value="-{order}"' in page
