"""Secrets as large as Kubernetes holds, which somebody stored by kubectl: each page reads one once, and in a moment."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from destinations.golang import gojson
from tests.malformed.asking import HOST, destination, entry
from tests.services import costs

if TYPE_CHECKING:
    from django.test import Client

    from destinations.cluster.memory import InMemoryCluster

SIZE = 1024 * 1024 - 4096
SECONDS = 3.0
"""A page takes half of that on an idle machine; read more than once, or repaired host by host, it took 29 s and more."""
MANY_HOSTS = '{"auths":{' + ",".join(f'"host-{number}":{{}}' for number in range(SIZE // 20)) + "}}"
DOCUMENTS = {
    "objects in a member": '{"auths":{"h":{"x":[' + "{}," * (SIZE // 3) + "{}]}}}",
    "objects, and no end": "[" + "{}," * (SIZE // 3),
    "numbers": '{"a":[' + "1," * (SIZE // 2) + "1]}",
    "many hosts": MANY_HOSTS,
    "many credentials": MANY_HOSTS[: SIZE // 2].rpartition(",")[0].replace("{}", '{"username":"u","password":"p"}') + "}}",
}  # fmt: skip
PAGES = ("/", "/destinations/one", "/destinations/one/repair", "/destinations/one/edit", "/destinations/one/rotate")


@pytest.mark.parametrize("what", DOCUMENTS)
def test_a_page_about_a_large_secret_is_quick(client: Client, portal: InMemoryCluster, what: str) -> None:
    portal.load([destination(DOCUMENTS[what][:SIZE])])
    for page in (*PAGES, "/destinations/new?from=one", "/api/destinations"):
        assert client.get(page).status_code == 200
        assert costs.seconds(lambda page=page: client.get(page), enough=SECONDS) < SECONDS, page  # type: ignore[misc]


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("document", ["[{},", json.dumps({"auths": {HOST: entry()}})])
def test_a_page_reads_a_document_once(
    client: Client, portal: InMemoryCluster, monkeypatch: pytest.MonkeyPatch, page: str, document: str
) -> None:
    portal.load([destination(document)])
    read: list[bytes] = []
    parse = gojson.parse

    def noting(data: bytes) -> object:
        read.append(data)
        return parse(data)

    monkeypatch.setattr(gojson, "parse", noting)
    assert client.get(page).status_code == 200
    assert read.count(document.encode()) == 1, read


def test_hosts_that_nobody_could_choose_from_are_no_choice(client: Client, portal: InMemoryCluster) -> None:
    for number, offered in ((100, True), (101, False)):
        hosts = ",".join(f'"host-{at}":{{"username":"u","password":"p"}}' for at in range(number))
        portal.load([destination('{"auths":{' + hosts + "}}", metadata={"name": f"with-{number}"})])
        page = client.get(f"/destinations/with-{number}/repair").content.decode()
        assert ("Keep host-1." in page) is offered, page
