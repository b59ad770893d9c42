"""The overview's filter: counts, search, order, and the same as a file and as JSON."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from destinations import names
from destinations.cluster.memory import InMemoryCluster
from destinations.model import Snapshot
from destinations.overview import rows as csvtable
from destinations.overview.filters import FIRST, ORDERS, Filter
from destinations.overview.table import rows
from destinations.secret.codec import rfc3339
from edrportal.demo.cluster import demo_cluster
from tests.services import composition

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.test import Client


NOW = datetime.now(UTC)


@pytest.fixture(autouse=True)
def demo() -> Iterator[InMemoryCluster]:
    cluster = demo_cluster(NOW)
    with composition.use(cluster):
        yield cluster


def listed(client: Client, **query: str) -> list[str]:
    return re.findall(r'<th scope="row">\s*<a href="/destinations/([^"]+)"', client.get("/", query).content.decode())


def table_of(client: Client, **query: str) -> list[dict[str, str]]:
    answer = client.get("/destinations.csv", query)
    assert answer.status_code == 200
    return list(csv.DictReader(io.StringIO(answer.content.decode())))


def test_what_is_hidden_or_fails_comes_first_and_what_is_disabled_last(client: Client) -> None:
    kinds = [row["status"] for row in table_of(client)]
    order = ["Hidden by Epinio", "Export will fail", "Accepted, with warnings", "Accepted", "Disabled"]
    assert kinds == sorted(kinds, key=order.index)
    assert set(kinds) == set(order)
    assert listed(client) == [row["name"] for row in table_of(client)]


def test_the_first_broken_one_is_named_with_what_to_do(client: Client) -> None:
    page = client.get("/").content.decode()
    assert "Start with no-annotation" in page
    assert "Add the annotation epinio.io/registry-namespace" in page
    assert "Start with" not in client.get("/", {"status": "accepted"}).content.decode()


def test_where_all_works_nothing_has_to_be_begun_with(client: Client, demo: InMemoryCluster) -> None:
    for secret in demo.list_secrets():
        if secret.name != "production" and names.REGISTRY_LABEL in secret.labels:
            demo.delete_secret(secret.name, uid=secret.uid, resource_version=secret.resource_version)
    page = client.get("/").content.decode()
    assert "1 of 1 destination can be used as far as is known; 0 passed a recent live check." in page
    assert "Start with" not in page


@pytest.mark.parametrize(
    ("text", "found"),
    [("half-ro", ["half-rotated"]), ("EDGE.example", ["edge"]), ("team-a/rel", ["harbor"]), ("team-b", ["wrong-ca"])],
)
def test_a_search_looks_at_name_host_organization_and_team(client: Client, text: str, found: list[str]) -> None:
    assert listed(client, q=text) == found


@pytest.mark.parametrize("sort", [*ORDERS, *(f"-{word}" for word in ORDERS if word[0] != "-")])
def test_every_order_keeps_every_row_and_is_marked_on_the_page(client: Client, sort: str) -> None:
    assert sorted(listed(client, sort=sort)) == sorted(listed(client))
    page = client.get("/", {"sort": sort}).content.decode()
    chosen = re.findall(r'<option value="([^"]+)"\s+selected>', page)
    assert chosen == ([sort] if sort in ORDERS else [])
    assert page.count("aria-sort=") == (0 if sort.removeprefix("-") == "team" else 1)


def test_orders_by_name_age_and_end(client: Client) -> None:
    assert listed(client, sort="name") == sorted(listed(client))
    assert listed(client, sort="-name") == sorted(listed(client), reverse=True)
    assert (listed(client, sort="age")[0], listed(client, sort="-age")[0]) == ("no-organization-path", "retired")
    assert listed(client, sort="expiry")[:3] == ["staging", "edge", "harbor"]
    assert listed(client, sort="-expiry")[:3] == ["harbor", "edge", "staging"]  # what never ends stays behind
    assert listed(client, sort="team")[:3] == ["harbor", "upper-case", "wrong-ca"]


@pytest.mark.parametrize("sort", ["", "nothing", "--name", "-", "\x00", "secret", "9" * 5000])
def test_an_order_that_does_not_exist_is_the_first(client: Client, sort: str) -> None:
    assert Filter.read({"sort": sort}).sort == FIRST
    assert listed(client, sort=sort) == listed(client)


def test_the_links_of_page_file_and_json_keep_the_filter(client: Client) -> None:
    page = client.get("/", {"q": "example", "status": "fails", "sort": "age"}).content.decode()
    assert "/destinations.csv?q=example&amp;status=fails&amp;sort=age" in page
    assert "/api/destinations?q=example&amp;status=fails&amp;sort=age" in page
    assert "?q=example&amp;sort=age" in page  # all statuses
    asked = {"q": "example", "status": "fails", "sort": "age"}
    told = [row["name"] for row in client.get("/api/destinations", asked).json()]
    assert told == listed(client, **asked) == [row["name"] for row in table_of(client, **asked)]
    assert told


def test_json_that_nobody_filters_is_whole_and_by_name(client: Client) -> None:
    told = [row["name"] for row in client.get("/api/destinations").json()]
    assert told == sorted(listed(client))


def test_a_cell_is_never_a_formula(demo: InMemoryCluster, client: Client) -> None:
    """T32."""
    for number, start in enumerate("=+-@\t|%"):
        annotations = {names.ORGANIZATION_ANNOTATION: f"{start}cmd|' /C calc'!A0"}
        demo.load([{"metadata": {"name": f"odd{number}", "labels": {names.REGISTRY_LABEL: "true"},
                                 "annotations": annotations, "creationTimestamp": rfc3339(NOW)}}])  # fmt: skip
    cells = [cell for row in table_of(client) for cell in row.values()]
    assert not [cell for cell in cells if cell.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "|", "%"))]
    assert sum(cell.startswith("'") and "calc" in cell for cell in cells) == 7


@pytest.mark.parametrize(
    "text",
    ["=1", "+1", "-1", "@1", "|1", "%1", "\t1", "\r=1", "\n=1", " =1", "\u00a0=1", "\u200b=1", "\u2007=1", "\u3000=1",
     "\ufeff=1", "\u2060\u00ad =1", "\x0b=1", "\x1f=1", "\uff1d1", "\uff0b1", "\uff0d1", "\uff201", "\ufe62x", " \uff1d1"],
)  # fmt: skip
def test_nothing_in_front_hides_a_formula(text: str) -> None:
    labels, annotations = {names.REGISTRY_LABEL: "true"}, {names.DESCRIPTION_ANNOTATION: text}
    cluster = InMemoryCluster()
    cluster.load([{"metadata": {"name": "odd", "labels": labels, "annotations": annotations}}])
    (row,) = csv.DictReader(io.StringIO(csvtable.written(rows(Snapshot.of(cluster.list_secrets(), NOW))), newline=""))
    assert row["description"] == f"'{text}"
    assert row["name"] == "odd"


@pytest.mark.parametrize("text", ["a=1", "1+1", "\u00e9=", "(=1)", "\u201e=1\u201c", "", "\u6f22=1"])
def test_other_text_is_as_it_is(text: str) -> None:
    labels, annotations = {names.REGISTRY_LABEL: "true"}, {names.DESCRIPTION_ANNOTATION: text}
    cluster = InMemoryCluster()
    cluster.load([{"metadata": {"name": "odd", "labels": labels, "annotations": annotations}}])
    (row,) = csv.DictReader(io.StringIO(csvtable.written(rows(Snapshot.of(cluster.list_secrets(), NOW))), newline=""))
    assert row["description"] == text


def test_a_file_is_of_text_whatever_the_secrets_hold() -> None:
    labels, annotations = {names.REGISTRY_LABEL: "true"}, {names.ORGANIZATION_ANNOTATION: "a\udcffb"}
    cluster = demo_cluster(NOW)
    cluster.load([{"metadata": {"name": "half", "labels": labels, "annotations": annotations}}])
    csvtable.written(rows(Snapshot.of(cluster.list_secrets(), NOW))).encode()


def test_no_password_is_in_the_file(client: Client, demo: InMemoryCluster) -> None:
    text = client.get("/destinations.csv").content.decode()
    stored = [secret.data.get(names.CONFIG_KEY, b"") for secret in demo.list_secrets()]
    for found in {match for one in stored for match in re.findall(rb'"(?:password|auth)": ?"([^"]+)"', one)}:
        assert found.decode() not in text
    assert "robot" not in text
    with_names = client.get("/destinations.csv?accounts=1").content.decode()
    assert with_names.splitlines()[0].endswith(',"description","user name"')
    assert with_names.splitlines()[1].startswith(text.splitlines()[1])
    assert ',"robot"' in with_names


def test_a_thousand_are_counted_whole_and_shown_in_pages(client: Client, demo: InMemoryCluster) -> None:
    labels = {names.REGISTRY_LABEL: "true"}
    made = rfc3339(NOW - timedelta(days=1))
    demo.load([{"metadata": {"name": f"m{n:04}", "labels": labels, "creationTimestamp": made}} for n in range(1000)])
    page = client.get("/", {"page": "2"}).content.decode()
    total = len(client.get("/api/destinations").json())
    assert f"51 to 100 of {total}" in page
    assert len(table_of(client)) == total > 1000


def test_first_page_is_light_and_asks_for_little(client: Client) -> None:
    page = client.get("/", headers={"Accept-Encoding": "gzip"})
    found = set(re.findall(r'(?:src|href)="(/static/[^"]+)"', client.get("/").content.decode()))
    parts: list[Any] = [client.get(one, headers={"Accept-Encoding": "gzip"}) for one in found]
    size = len(page.content) + sum(len(part.getvalue()) for part in parts)
    assert len(found) + 1 <= 12
    assert size <= 60 * 1024


@pytest.mark.parametrize(
    ("shown", "kept"),
    [
        ("q=D1&status=hidden&sort=-name&page=2", "q=D1&status=hidden&sort=-name&page=2&"),
        ("q=%E2%82%AC%0D%0ASet-Cookie%3A+a", "q=%E2%82%AC%0D%0ASet-Cookie%3A+a&"),
        ("next=//evil.example.com&after=never&status=fails", "status=fails&"),
        ("https://evil.example.com/?q=a", ""),
        ("&".join(["q=a"] * 300), "q=a&"),
        ("%ff%00=;", ""),
        ("", ""),
    ],
)
def test_switching_several_comes_back_to_what_was_shown(
    client: Client, demo: InMemoryCluster, shown: str, kept: str
) -> None:
    seen = [demo.get_secret(name) for name in ("harbor", "production")]
    chosen = [f"{one.name} {one.uid} {one.resource_version}" for one in seen]
    form = {"to": "off", "nonce": "s" * 24, "chosen": chosen, "shown": shown}
    answer = client.post("/switch", form)
    assert answer.status_code == 303
    assert answer.headers["Location"] == f"/?{kept}after=write"
    page = " ".join(client.get("/", {"q": "pro", "after": "write"}).content.decode().split())
    assert 'form="bulk" name="shown" value="q=pro&amp;after=write"' in page
    assert "after=write" not in page.replace('value="q=pro&amp;after=write"', "")
