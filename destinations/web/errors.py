"""Pages for what went wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.core.exceptions import TooManyFieldsSent, TooManyFilesSent
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from destinations.actions import messages
from destinations.cluster.limits import is_name
from destinations.cluster.port import ClusterError, Forbidden
from destinations.model import UserError
from destinations.web.request import PortalRequest

_HARMLESS = {
    "team": "Team", "name": "Name", "host": "Registry host", "organization": "Organization", "username": "User name",
    "description": "Description", "expires_on": "Expires on", "bundle_text": "CA certificates",
    "bundle_choice": "", "uid": "", "resource_version": "", "nonce": "",
}  # fmt: skip
_API = "/api/"
_FOUND_BEFORE_THE_SIGN_IN = {400, 403, 404, 405}
"""What can be wrong before it is known who asks. A failure of the cluster is not among them: it is not asked again."""
_SERVER_ERROR = 500
_SIGN_INS = {"signin", "demo-signin"}
_GENERIC = "The portal cannot do this now. Nothing was changed."


@dataclass(frozen=True, slots=True)
class Typed:
    """One field of a form: its name, what people call it (empty for what they never see), and what it held."""

    name: str
    label: str
    value: str = field(repr=False)


def cluster_error(request: PortalRequest, error: ClusterError) -> HttpResponse:
    said = trouble(request, error)
    return page(request, said.status, said.message, said.fix, again=typed(request))


def trouble(request: PortalRequest, error: ClusterError) -> UserError:
    """Return what to say of a failure: what the portal lacks in Kubernetes is the business of administrators."""
    said = messages.for_error(error)
    if isinstance(error, Forbidden) and not (request.person and request.person.is_administrator):
        return UserError(
            _GENERIC, "Ask a portal administrator, who sees on this page which permission is missing.", said.status
        )
    return said


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    if isinstance(exception, TooManyFilesSent):
        return page(request, 400, "You chose several files.", "Go back, and put all certificates into one file.")
    if isinstance(exception, TooManyFieldsSent):
        return page(request, 400, "The form has more fields than the portal accepts.", "Go back, and send it again.")
    return page(request, 400, "The portal cannot read this request.", "Go back, and send the form again.")


def unknown_host(request: HttpRequest) -> HttpResponse:
    """Answer who asks by a name that is not the portal's, in plain text: no page of it is for that host."""
    message = "The portal does not serve this host name."
    fix = (
        "Open the portal at the address in EDRPORTAL_PUBLIC_URL, or set EDRPORTAL_PUBLIC_URL to the address that "
        "you typed."
    )
    text = HttpResponse(f"{message} {fix}\n", status=400, content_type="text/plain; charset=utf-8")
    answer = told(message, fix, 400) if is_api(request) else text
    answer.headers["Cache-Control"] = "no-store"  # a style sheet's address, too
    return answer


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:  # noqa: ARG001 - Django's
    return page(request, 403, "This is not allowed.", "Go back to the overview.")


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001 - Django's
    """Answer a form that was not made by this portal, or whose cookie is gone; one of ours is given back."""
    if request.headers.get("Sec-Fetch-Site") == "same-origin":  # a browser says so, and no other site can
        if request.resolver_match and request.resolver_match.url_name in _SIGN_INS:
            return _signed_in_meanwhile(request)
        message = "The form is older than your last sign-in. Nothing was changed."
        return page(request, 403, message, "Send it again. Cookies must be enabled.", again=typed(request))
    fix = "Go back, reload the page, and send it again. Cookies must be enabled."
    return page(request, 403, "The form has expired, or it came from another site. Nothing was changed.", fix)


def _signed_in_meanwhile(request: HttpRequest) -> HttpResponse:
    """Answer a sign-in from a page that is older than another sign-in, as from a second tab."""
    if isinstance(request, PortalRequest):
        request.recognize()
        if request.person:
            fix = "To sign in as someone else, sign out first."
            return page(request, 403, f"You are already signed in as {request.person.username}.", fix)
    return page(request, 403, "This sign-in page is out of date.", "Open it again, and sign in.")


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:  # noqa: ARG001 - Django's
    fix = "Check the address: docs/scripts.md has those of the JSON API." if is_api(request) else "Go to the overview."
    return page(request, 404, "This page does not exist.", fix)


def server_error(request: HttpRequest) -> HttpResponse:
    return page(
        request, 500, "An internal error occurred in the portal.", "Try again. If it persists, check the portal's log."
    )


def page(request: HttpRequest, status: int, message: str, fix: str, *, again: Sequence[Typed] = ()) -> HttpResponse:
    """Say what went wrong and what to do, to a script in JSON; `again` is what was typed, to be sent once more."""
    if is_api(request):
        return told(message, fix, status)
    if status in _FOUND_BEFORE_THE_SIGN_IN and isinstance(request, PortalRequest) and not request.person:
        request.recognize()  # the page has the navigation of every other one
    context = {
        "message": message,
        "fix": fix,
        "status": status,
        "again": again,
        "may_pass": status >= _SERVER_ERROR and request.method in {"GET", "HEAD"},
    }
    return render(request, "error.html", context, status=status)


def is_api(request: HttpRequest) -> bool:
    return request.path.startswith(_API)


def told(message: str, fix: str, status: int) -> HttpResponse:
    """Return a failure in the shape of the JSON interface."""
    return JsonResponse({"error": message, "fix": fix}, status=status)


def typed(request: HttpRequest) -> list[Typed]:
    """Return what a form brought and no page needs to hide: no password, no file, no host with an @, no private key.

    It is for a page that nobody could be found out for, so that nothing is lost while the cluster is silent.
    """
    if request.method != "POST":
        return []
    found = [Typed(name, label, request.POST[name]) for name, label in _HARMLESS.items() if request.POST.get(name)]
    names = {"name", "team"}  # what cannot be one may be a password that slipped in
    return [
        one
        for one in found
        if "@" not in one.value and "PRIVATE KEY" not in one.value and (one.name not in names or is_name(one.value))
    ]
