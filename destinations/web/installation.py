"""What every page says about the installation: its name, whose rules judge, who asks, and whether the page is live."""

from __future__ import annotations

from typing import Any

from destinations import permissions
from destinations.access import Authority
from destinations.cluster.lookups import DeployedVersion
from destinations.cluster.port import ClusterError
from destinations.model import EpinioVersion
from destinations.overview import answer
from destinations.verdict.parsing import NEWEST
from destinations.web.request import PortalRequest

_NO_ANSWER = "Nothing in the Secrets stops an export. The last live check gave no answer, and its reason is shown."
_LEGEND = sorted(
    [
        *((kind, label, answer.MEANINGS[kind]) for kind, label in answer.STATUSES),
        ("accepted", answer.INCONCLUSIVE, _NO_ANSWER),
    ],
    key=lambda status: answer.RANKS[status[0]],
)
"""Each status as a CSS word, in words, and what it means."""
_EXACT_FROM = EpinioVersion(1, 13, 2)


def context(request: PortalRequest) -> dict[str, Any]:
    portal, person = request.portal, request.person
    return {
        "installation": portal.installation_name,
        "statuses_legend": _LEGEND,
        "namespace": portal.namespace,
        "demo": portal.is_demo,
        "read_only": permissions.READ_ONLY if portal.is_read_only else "",
        "person": person,
        "may_add": _may_add(request),
        "rules": rules(portal.stated_version, DeployedVersion() if portal.stated_version else portal.deployed()),
        "live_moment": request.moment,
        "is_live": bool(person and portal.live_pages and portal.has_hub()),
    }


def rules(stated: str, found: DeployedVersion) -> str:
    """Say by which version's rules is judged, the stated one's or the found one's, and why where that is another."""
    version = EpinioVersion.parse(stated or found.label)
    if not stated and not found.label:
        why = f", and {found.why}" if found.why else ""
        return (
            f"Judged by the rules of Epinio {NEWEST}, the newest version that the portal knows: no version is "
            f"configured{why}."
        )
    if version is None:
        named = "The configured Epinio version" if stated else "The version in Epinio's Deployment"
        return f"{named} is not a valid version: judged by the rules of Epinio {NEWEST}."
    if version > NEWEST:
        return f"Epinio {version} is newer than the portal knows: judged by the rules of Epinio {NEWEST}."
    close = " Rules from before 1.13.2 are close, but not exact." if version < _EXACT_FROM else ""
    return f"Judged by the rules of Epinio {version}{'' if stated else ', as stated in its Deployment'}.{close}"


def _may_add(request: PortalRequest) -> bool:
    try:
        authority: Authority | None = vars(request).get("authority")  # where it was found out already
        return bool(authority and authority.may_add)
    except ClusterError:
        return False  # a page that says what is wrong shows this, too
