"""The API server and its store away: the portal says so, shows what it knows, is not restarted, and comes back by itself."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

import pytest
import urllib3

from tests.services.effort import times
from tests.services.node.controller import controller
from tests.services.node.network import status
from tests.services.node.visitor import Visitor
from tests.services.portals import hidden

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse

    from tests.services.node.release import Release

AWAY = times(12, 62)
NOT_SAVED = r"The cluster does not answer\. Nothing was changed|not known"
RETURN = 120
"""Seconds within which everything is as before."""


def text(answer: BaseHTTPResponse) -> str:
    """Return what a page says."""
    return re.sub(r"(?s)<[^>]+>|\s+", " ", answer.data.decode())


@pytest.mark.parametrize("component", ["kube-apiserver", "etcd"])
def test_the_portal_outlives_the_api_server_and_its_store(release: Release, component: str) -> None:
    node = release.cluster
    before = release.pods(), release.restarts()
    person = release.visitor()
    form = hidden(person.ask("GET", "/destinations/new").data.decode())
    addresses = release.addresses()
    process = controller(node)

    def ready() -> list[int]:
        return [status(node.first.machine.init, f"http://{address}:9090/readyz") for address in addresses]

    def is_served() -> bool:
        try:
            return person.ask("GET", "/").status == 200
        except (OSError, urllib3.exceptions.HTTPError):  # the node may have counted as lost, and its Pods with it
            return False

    assert ready() == [200, 200]
    with node.without(component):
        began = time.monotonic()
        if component == "kube-apiserver":  # one that lost its store still answers watches: the Pods stay ready
            node.await_("readiness tells", lambda: ready() == [503, 503], seconds=60)
        alive = [status(node.first.machine.init, f"http://{address}:9090/healthz") for address in addresses]
        assert alive == [200, 200]
        answers = []
        while time.monotonic() - began < AWAY:
            for address in addresses:  # readiness takes them from the Service only once the API server is back
                direct = Visitor(process, f"http://{address}:8000", cookies=dict(person.cookies))
                answers.append(direct.ask("GET", "/"))
            time.sleep(1)
        assert {answer.status for answer in answers} <= {200, 503}
        typed = {"host": "registry.example.com", "organization": "org", "username": "robot", "password": "pw"}
        refused = direct.ask("POST", "/destinations/new", **form, **typed, name=f"lost-with-{component}")
        assert refused.status == 503
        assert {answer.status for answer in answers} <= {200, 503}
        told = [text(answer) for answer in answers if answer.status == 503]
        assert all("The cluster does not answer" in one for one in told), told[:1]
        assert re.search(NOT_SAVED, text(refused)), text(refused)
    took = node.await_("all is well", lambda: ready() == [200, 200] and is_served(), seconds=RETURN)
    print(f"{component} away for {AWAY} s: well again after {took:.1f} s")  # noqa: T201 - shown by -rP
    node.await_("both pods are ready", lambda: release.ready() == 2, seconds=RETURN)
    assert (release.pods(), release.restarts()) == before


def test_a_new_token_of_the_service_account_is_used_and_costs_nobody_a_page(release: Release) -> None:
    """A kubelet that starts asks for new tokens, as it does by itself when most of a token's life is over."""
    node = release.cluster
    before = release.tokens()
    person = release.visitor()
    node.first.restart_kubelet()
    began = time.monotonic()
    while release.tokens() & before:
        assert person.ask("GET", "/").status == 200
        assert time.monotonic() - began < 300
        time.sleep(1)
    print(f"each pod uses its new token after {time.monotonic() - began:.0f} s")  # noqa: T201 - shown by -rP
    assert person.ask("GET", "/").status == 200
