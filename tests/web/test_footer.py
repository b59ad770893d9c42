"""The foot of every page: what the statuses mean, what EDR stands for, and which version this is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from django.test import Client

from destinations.overview import answer
from edrportal import __version__

if TYPE_CHECKING:
    from destinations.cluster.memory import InMemoryCluster


def test_the_foot_of_a_page_explains_every_status(client: Client, portal: InMemoryCluster) -> None:
    foot = client.get("/").content.decode().split('<footer class="foot">')[1]
    assert f"EDR portal {__version__}: Epinio export registries." in foot
    legend = re.findall(r'<span class="badge badge--([a-z-]+)">([^<]+)</span></dt>\s*<dd>\s*(\S[^<]+)<', foot)
    assert [(kind, label) for kind, label, _ in legend if label != answer.INCONCLUSIVE] == list(answer.STATUSES)
    assert ("accepted", answer.INCONCLUSIVE) in [(kind, label) for kind, label, _ in legend]
    assert portal.list_secrets() == []


@pytest.mark.people
def test_a_stranger_is_not_told_the_version(portal: InMemoryCluster) -> None:
    assert f"EDR portal {__version__}" not in Client().get("/signin").content.decode()
    assert portal.list_secrets() == []
