"""The one table of who may reach what: for every address and method, which right it takes.

`edrportal.signin.middleware` asks it before any page runs, and refuses an address that is not in it. What a permission on
one destination means is in `teams.Authority`; the pages ask that of the very object they show or write.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from destinations.access import Authority


class Right(StrEnum):
    NONE = "none"
    """Everyone, signed in or not."""
    SIGNED_IN = "signed in"
    """Anyone who is signed in; what is shown depends on who they are."""
    SEE = "see the destination"
    """`Authority.sees`; else it does not exist."""
    CHANGE = "change the destination"
    """`Authority.changes`: administrators, and the managers of its team; else 403, or 404 for what they do not see."""
    ADD = "add a destination"
    """`Authority.may_add`: administrators, and the managers of any team, for it."""
    ADMINISTER = "administer"
    """Administrators alone."""


def _reads(right: Right) -> dict[str, Right]:
    return {"GET": right, "HEAD": right}


def _form(right: Right) -> dict[str, Right]:
    return {**_reads(right), "POST": right}


TABLE: Mapping[str, Mapping[str, Right]] = {
    "overview": _reads(Right.SIGNED_IN),
    "csv": _reads(Right.SIGNED_IN),
    "team": _reads(Right.SIGNED_IN),
    "live": {"GET": Right.SIGNED_IN},
    "row": _reads(Right.SEE),
    "preview": {"POST": Right.ADD},
    "certificates": {"POST": Right.ADD},
    "sealing-certificate": {"POST": Right.ADD},
    "new": _form(Right.ADD),
    "external-secret": _form(Right.ADD),
    "destination": _reads(Right.SEE),
    "destination-any-name": _reads(Right.SEE),
    "rotate": _form(Right.CHANGE),
    "edit": _form(Right.CHANGE),
    "repair": _form(Right.CHANGE),
    "delete": _form(Right.CHANGE),
    "switch": {"POST": Right.CHANGE},
    "check": {"POST": Right.CHANGE},
    "checks": {**_reads(Right.SIGNED_IN), "POST": Right.CHANGE},
    "assign": _form(Right.ADMINISTER),
    "teams": _form(Right.ADMINISTER),
    "sweep": {"POST": Right.ADMINISTER},
    "leak": _form(Right.ADMINISTER),
    "leak-response": {"POST": Right.ADMINISTER},
    "leak-report": {"POST": Right.ADMINISTER},
    "api": {**_reads(Right.SIGNED_IN), "POST": Right.ADD},
    "api-rotate": {"POST": Right.CHANGE},
    "api-check": {"POST": Right.CHANGE},
    "api-me": _reads(Right.SIGNED_IN),
    "session": _reads(Right.SIGNED_IN),
    "signin": _form(Right.NONE),
    "signout": {"POST": Right.NONE},
    "oidc-start": _reads(Right.NONE),
    "oidc-callback": _reads(Right.NONE),
    "demo-signin": {"POST": Right.NONE},
    "healthz": _reads(Right.NONE),
    "readyz": _reads(Right.NONE),
}


READ_ONLY = "This portal is read-only."
READ_ONLY_FIX = "Change destinations at their source. The portal's operator can allow changes (EDRPORTAL_READ_ONLY)."
_WRITES = {Right.ADD, Right.CHANGE, Right.ADMINISTER}
_ONLY_LOOKS = ("preview", "certificates", "sealing-certificate", "external-secret", "leak", "leak-report")
_HARMLESS = {
    *((url_name, "POST") for url_name in _ONLY_LOOKS),
    *((url_name, method) for url_name in ("teams", "external-secret", "leak") for method in ("GET", "HEAD")),
}


def writes(url_name: str, method: str) -> bool:
    """Return whether an address changes something in the cluster, or is nothing but a form for that."""
    return right_for(url_name, method) in _WRITES and (url_name, method) not in _HARMLESS


def right_for(url_name: str | None, method: str) -> Right | None:
    """Return what an address takes with a method (an unknown one: what looking takes), None for an unknown address."""
    methods = TABLE.get(url_name or "")
    if methods is None:
        return None
    return methods.get(method) or methods.get("GET") or next(iter(methods.values()))


_NAMED_IN_THE_FORM = "switch"
"""The address whose form has to be read to know which destinations it is about: not for people who may change none."""


def missing(url_name: str, right: Right, authority: Authority) -> str:
    """Return which permission someone lacks to reach an address at all, empty for none."""
    if right is Right.ADMINISTER and not authority.person.is_administrator:
        return "Only administrators can do this. They have Epinio's global role admin."
    if (right is Right.ADD or url_name == _NAMED_IN_THE_FORM) and not authority.may_add:
        what = "add" if right is Right.ADD else "change"
        return (
            f"You manage no team, so you may not {what} destinations. This requires permission to export from a "
            "namespace for which an administrator has enabled self-service."
        )
    return ""
