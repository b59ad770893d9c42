"""Jobs and Pods of exports on a real API server, put there past the portal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.services.apiserver import ApiServer


def post(server: ApiServer, path: str, manifest: dict[str, Any]) -> None:
    """Post a job or a Pod with its status, as its controller leaves it."""
    stored = server.request("POST", path, manifest)
    if status := manifest.get("status"):
        _settled(status)
        status = {"startTime": stored["metadata"]["creationTimestamp"], **status}
        server.request("PUT", f"{path}/{manifest['metadata']['name']}/status", {**stored, "status": status})


def _settled(status: dict[str, Any]) -> None:
    """Add what the job controller notes before the end of a job."""
    before = {"Failed": "FailureTarget", "Complete": "SuccessCriteriaMet"}
    for one in list(status.get("conditions", ())):
        status["conditions"].append({**one, "type": before[one["type"]]})
        if one["type"] == "Complete":
            status["completionTime"] = one["lastTransitionTime"]
