"""What a portal that nobody uses asks of the API server, by the API server's own audit log."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.services.effort import times
from tests.services.portals import served, status

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.services.apiserver import ApiServer

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]
_PROBES = 5
"""Seconds between two probes of readiness, as in the chart."""
_SCRAPES = 15
_MOST = 3
"""Watch and list requests a minute."""


def requests(server: ApiServer, namespace: str, begin: int) -> Iterator[dict[str, Any]]:
    """Yield the requests in a namespace that the audit log has from a place on, each once."""
    seen = set()
    with server.audit_log.open("rb") as log:
        log.seek(begin)
        for line in log:
            entry = json.loads(line) if line.endswith(b"\n") else {}
            if (entry.get("objectRef") or {}).get("namespace") == namespace and entry["auditID"] not in seen:
                seen.add(entry["auditID"])
                yield entry


def a_minute(watches: list[dict[str, Any]]) -> float:
    """Return how many requests it takes to watch on, by how long each of these was asked to last."""
    asked = {one["objectRef"]["resource"]: parse_qs(urlsplit(one["requestURI"]).query) for one in watches}
    return sum(60 / int(query["timeoutSeconds"][0]) for query in asked.values())


def test_an_idle_portal_hardly_asks_the_api_server_and_lists_nothing(api_server: ApiServer, tmp_path: Path) -> None:
    namespace = api_server.new_namespace()
    began = api_server.audit_log.stat().st_size
    with served(str(api_server.kubeconfig), namespace, tmp_path / "portal.log") as portal:
        assert status(portal.platform, "/metrics") == 200
        time.sleep(3.0)  # until both watches run
        idle, seconds = api_server.audit_log.stat().st_size, times(30, 330)
        for second in range(seconds):
            if second % _PROBES == 0:
                assert status(portal.platform, "/readyz") == 200
            if second % _SCRAPES == 0:
                assert status(portal.platform, "/metrics") == 200
            time.sleep(1.0)
        found = list(requests(api_server, namespace, idle))
        started = [one for one in requests(api_server, namespace, began) if one["verb"] == "watch"]
    assert {one["objectRef"]["resource"] for one in started} == {"secrets", "configmaps"}
    assert {one["userAgent"] for one in started} == {"edrportal"}
    asked = [f"{one['verb']} {one['objectRef']['resource']}" for one in found]
    assert [one for one in asked if one.startswith("list")] == []
    assert len([one for one in asked if one.startswith("watch")]) <= _MOST * seconds / 60
    assert len(asked) <= _MOST * seconds / 60
    assert a_minute(started) <= _MOST
    print(  # noqa: T201 - a figure
        f"idle for {seconds} s: {len(asked)} requests {sorted(asked)}; {a_minute(started):.2f} watches a minute follow"
    )
