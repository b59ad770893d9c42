"""The overview in pages: true totals, links that keep what was asked, and answers that are compressed."""

from __future__ import annotations

import gzip
import html
import re
from typing import TYPE_CHECKING, Any

import pytest

from destinations import names
from destinations.cluster.memory import InMemoryCluster
from destinations.cluster.reflector import Reflector
from tests.services import composition

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.test import Client


@pytest.fixture(autouse=True)
def many() -> Iterator[None]:
    cluster = InMemoryCluster()
    for number in range(120):
        labels = {names.REGISTRY_LABEL: "false" if number % 2 else "true"}
        cluster.load([{"metadata": {"name": f"d{number:03}", "labels": labels}}])
    with composition.use(cluster):
        yield


def shown(client: Client, **query: str) -> tuple[list[str], str]:
    page = client.get("/", query).content.decode()
    return re.findall(r'<th scope="row"><a href="/destinations/([^"]+)"', page), page


def counts(page: str) -> dict[str, int]:
    found = re.findall(r'<span class="tile__word">([^<]+)</span> <b>(\d+)</b>', page)
    return {word: int(count) for word, count in found}


def links(page: str) -> list[str]:
    nav = page[page.index('<nav class="pages"') :]
    return [html.unescape(link) for link in re.findall(r'href="([^"]+)"', nav[: nav.index("</nav>")])]


def test_a_page_has_fifty_rows_and_true_totals(client: Client) -> None:
    names_, page = shown(client)
    assert names_ == [f"d{number:03}" for number in range(0, 100, 2)]
    assert counts(page) == {"All": 120, "Hidden by Epinio": 60, "Disabled": 60, "Accepted, not checked": 0,
                            "Accepted, with warnings": 0, "Export will fail": 0, "Registry rejects it": 0,
                            "Live check failed": 0, "Works": 0}  # fmt: skip
    assert "1 to 50 of 120" in page
    assert 'aria-label="Pages"' in page
    assert links(page)[0] == "?page=1"


@pytest.mark.parametrize(
    ("asked", "first", "count"),
    [("2", "d050", 50), ("3", "d100", 20), ("4", "d100", 20), ("99999999999999999999", "d100", 20),
     ("x", "d000", 50), ("", "d000", 50), ("1.5", "d000", 50), ("9" * 5000, "d000", 50), ("\x00", "d000", 50)],
)  # fmt: skip
def test_a_page_beyond_the_end_is_the_last_and_garbage_is_the_first(
    client: Client, asked: str, first: str, count: int
) -> None:
    names_, _ = shown(client, page=asked, sort="name")
    assert (names_[0], len(names_)) == (first, count)


def test_the_links_keep_search_and_status(client: Client) -> None:
    names_, page = shown(client, q="D", status="disabled")
    assert (len(names_), names_[0]) == (50, "d001")
    assert "1 to 50 of 60 that match" in page
    assert set(links(page)) == {"?q=D&status=disabled&page=1", "?q=D&status=disabled&page=2"}
    follow = client.get("/" + links(page)[-1]).content.decode()
    assert "51 to 60 of 60 that match" in follow


def test_a_search_is_quoted_in_the_links(client: Client) -> None:
    _, page = shown(client, q="d", status='"><script>')
    assert "<script>" not in page.replace("<script src", "")
    _, page = shown(client, q="", page="2", other='"&x=<b>')
    assert all("<" not in link and '"' not in link for link in links(page))


def test_a_search_as_one_types_brings_its_pages_along(client: Client) -> None:
    part = client.get("/", {"q": "d"}, headers={"HX-Target": "table", "HX-Request": "true"}).content.decode()
    assert "<html" not in part
    assert "?q=d&page=2" in links(part)


def test_pages_and_files_are_compressed_for_who_can_read_that(client: Client) -> None:
    plain = client.get("/")
    packed = client.get("/", headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in packed.headers["Vary"]
    assert "HX-Target" in packed.headers["Vary"]
    assert len(packed.content) * 4 < len(plain.content)
    assert gzip.decompress(packed.content).startswith(b"\n<!DOCTYPE html>")
    style: Any = client.get("/static/css/base.css", headers={"Accept-Encoding": "gzip"})
    assert style.headers["Content-Encoding"] == "gzip"
    assert b".button" in gzip.decompress(style.getvalue())


def test_who_wrote_sees_it_also_with_a_watch(client: Client) -> None:
    cluster = InMemoryCluster()
    watched = Reflector(cluster)
    labels = {names.REGISTRY_LABEL: "true"}
    with composition.use(cluster, watched):
        for number in range(30):
            made = cluster.create_secret({"metadata": {"name": f"new-{number}", "labels": labels}})
            assert f"new-{number}" in shown(client)[0]
            cluster.delete_secret(made.name, uid=made.uid, resource_version=made.resource_version)
            assert "Add the first destination" in shown(client)[1]
    watched.close()
