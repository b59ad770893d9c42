"""What is read for a request is let go of with its answer, and does not wait for the garbage collector."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from django.test import Client

from destinations.model import Secret
from destinations.portal import Reads
from tests.signin import world

if TYPE_CHECKING:
    from collections.abc import Iterator

    from destinations.cluster.memory import InMemoryCluster


@contextmanager
def garbage() -> Iterator[list[object]]:
    """Yield what only the collector would free of all that the block makes."""
    found: list[object] = []
    gc.collect()
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        yield found
        gc.collect()
        found += gc.garbage
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()


@pytest.mark.parametrize("path", ["/", "/api/destinations", "/destinations.csv", "/destinations/one", "/?q=nothing"])
def test_what_was_read_for_a_request_goes_with_its_answer(portal: InMemoryCluster, path: str) -> None:
    for name in ("one", "two", "three"):
        portal.load([{"apiVersion": "v1", "kind": "Secret", **world.destination(name)}])
    client = Client()
    assert client.get(path).status_code == 200  # what is kept for later requests is made now
    with garbage() as found:
        assert client.get(path).status_code == 200
    assert not [one for one in found if isinstance(one, Reads)]
    page_of_one = path == "/destinations/one"  # whose template's context refers to itself, and to this one
    assert len([one for one in found if isinstance(one, Secret)]) == page_of_one
