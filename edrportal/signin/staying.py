"""Whether somebody whose request lasts is still who they were: their session, their user, their roles."""

from __future__ import annotations

from django.http import HttpRequest

from destinations import access
from destinations.access import Authority
from destinations.web import current
from edrportal.signin import middleware


def authority(request: HttpRequest) -> Authority | None:
    """Return what they may see now, None once their session has ended or they are somebody else. Raises the port's errors."""
    person = middleware.who(request)
    if person is None:
        return None
    return access.Authority(person, access.self_service(current.config_maps_to_show()), current.namespaces().uid)
