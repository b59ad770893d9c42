"""What every page says about the installation: its name, whose rules judge, who asks, and whether the page is live."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from destinations.access import Authority
from destinations.cluster.lookups import DeployedVersion
from destinations.cluster.port import ClusterError
from destinations.verdict.version import NEWEST, EpinioVersion
from destinations.web import current

_EXACT_FROM = EpinioVersion(1, 13, 2)


def context(request: HttpRequest) -> dict[str, Any]:
    """Return what every template may use."""
    person = getattr(request, "principal", None)
    authority = getattr(request, "authority", None)
    stated = settings.ENVIRONMENT.epinio_version
    return {
        "installation": settings.ENVIRONMENT.installation_name,
        "namespace": settings.ENVIRONMENT.namespace,
        "demo": settings.DEMO,
        "read_only": current.read_only(),
        "person": person,
        "may_add": _may_add(authority),
        "rules": rules(stated, DeployedVersion() if stated else current.deployed()),
        "live_moment": getattr(request, "live_moment", ""),
        "is_live": bool(person and settings.ENVIRONMENT.live_pages and current.has_hub()),
    }


def rules(stated: str, found: DeployedVersion) -> str:
    """Say by which version's rules is judged, the stated one's or the found one's, and why where that is another."""
    version = EpinioVersion.parse(stated or found.label)
    if not stated and not found.label:
        why = f", and {found.why}" if found.why else ""
        return (
            f"Judged by the rules of Epinio {NEWEST}, the newest that this portal knows; no version is configured{why}."
        )
    if version is None:
        named = "The configured Epinio version" if stated else "What Epinio's Deployment states"
        return f"{named} is no version: judged by the rules of Epinio {NEWEST}."
    if version > NEWEST:
        return f"Epinio {version} is newer than this portal knows: judged by the rules of Epinio {NEWEST}."
    close = " Rules from before 1.13.2 are close, not exact." if version < _EXACT_FROM else ""
    return f"Judged by the rules of Epinio {version}{'' if stated else ', as its Deployment says'}.{close}"


def _may_add(authority: Authority | None) -> bool:
    try:
        return bool(authority and authority.may_add)
    except ClusterError:
        return False  # a page that says what is wrong shows this, too
