"""Finds out who asks, before any page runs, and asks the table of permissions whether they may."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable
from datetime import UTC, datetime

from django.conf import settings
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode

from destinations import permissions
from destinations.access import Authority
from destinations.actions import Denied
from destinations.cluster.port import ClusterError
from destinations.golang import gojson
from destinations.permissions import Right
from destinations.portal import Event, Reads
from destinations.web import errors
from destinations.web.request import PortalRequest, authority_of
from edrportal.signin import accounts, cookies, guards, sessions
from edrportal.signin.accounts import Cause, Failure
from edrportal.signin.guards import PLAIN_HTTP_REFUSED, is_in_clear, path_of
from edrportal.signin.sessions import Session
from edrportal.signin.users import Principal

Handler = Callable[[PortalRequest], HttpResponse]

METHOD_NOT_ALLOWED = 405
_BACK = "Go to the overview, and open the form again from there."
_DEMO_OPEN = {"api"}
"""What the demo answers without a sign-in: scripts may look around, and a person begins at the sign-in page."""
LIVE_HEADER = "Edrportal-Live"
"""Marks what a page asks for by itself: nobody is active because of it."""


class AuthenticationMiddleware:
    """Sets `person` on every request whose address needs one."""

    def __init__(self, get_response: Handler) -> None:
        self._next = get_response

    def __call__(self, request: PortalRequest) -> HttpResponse:
        """Renew the session's cookie after activity, and drop one that is void."""
        request.reauthenticate = lambda: reauthenticated(request)
        request.recognize = lambda: recognize(request)
        with gojson.one_reading():
            response = _in_words(request, self._next(request))
        session: Session | None = getattr(request, "session_of", None)
        if getattr(request, "session_void", False):
            cookies.drop_session(response)
        elif session and not cookies.is_set(response) and not _is_by_itself(request):
            newer = sessions.renewed(session, datetime.now(UTC))
            if newer:
                cookies.keep_session(response, newer)
        return response

    def process_view(
        self, request: PortalRequest, _view: Callable[..., HttpResponse], _args: object, _kwargs: object
    ) -> HttpResponse | None:
        match = request.resolver_match
        name = match.url_name if match else None
        right = permissions.right_for(name, request.method or "")
        if right is Right.NONE:
            return None
        if right is None:
            return errors.forbidden(request)
        try:
            request.moment = request.portal.moment()  # before anything is read
            person = who(request)
            if person is None:
                return _signed_out(request)
            if isinstance(person, HttpResponse):
                return person
            request.person = person
            missing = permissions.missing(name or "", right, request.authority)
        except ClusterError as error:
            return errors.cluster_error(request, error)
        return _refused(request, name or "", missing)

    def process_exception(self, request: PortalRequest, error: Exception) -> HttpResponse | None:
        if isinstance(error, Denied):
            return _denied(request, str(error))
        return errors.cluster_error(request, error) if isinstance(error, ClusterError) else None

    @staticmethod
    def find(request: PortalRequest) -> Principal | HttpResponse | None:
        """Return who asks, None for nobody, or what to answer a script that does not get in. Raises the port's errors."""
        if errors.is_api(request) and guards.is_unsafe_from_elsewhere(request):
            return _from_elsewhere(request)
        if errors.is_api(request) and "Authorization" in request.headers:
            return _by_password(request)
        if errors.is_api(request) and request.method not in {"GET", "HEAD"}:
            return None  # a form of another site could send a cookie along; it cannot send a password
        text = cookies.session_text(request)
        session = sessions.decode(text, datetime.now(UTC)) if text else None
        principal = accounts.principal_of(request.reads, session) if session else None
        request.session_of = session if principal else None  # type: ignore[attr-defined]
        request.session_void = bool(text) and principal is None  # type: ignore[attr-defined]
        return principal


def _in_words(request: PortalRequest, response: HttpResponse) -> HttpResponse:
    """Give a body where Django's 405 has none: to a script, and to a person who opened the address of a form."""
    if response.status_code != METHOD_NOT_ALLOWED:
        return response
    allowed = response.headers["Allow"]
    if errors.is_api(request):
        answer = errors.told("This address does not support this method.", f"Use {allowed}.", METHOD_NOT_ALLOWED)
    elif request.method in {"GET", "HEAD"}:
        answer = errors.page(request, METHOD_NOT_ALLOWED, "This address has no page: it only receives a form.", _BACK)
    else:
        return response
    answer.headers["Allow"] = allowed
    return answer


def who(request: PortalRequest) -> Principal | HttpResponse | None:
    """Return what `find` does, now; in the demo someone who only looks needs no sign-in. Raises the port's errors."""
    person = AuthenticationMiddleware.find(request)
    name = request.resolver_match.url_name if request.resolver_match else None
    if person is None and settings.DEMO and name in _DEMO_OPEN and request.method in {"GET", "HEAD"}:
        return demo_administrator()
    return person


def recognize(request: PortalRequest) -> None:
    """Set who asks on a request that is answered before, or without, the question whether they may; nothing is refused."""
    try:
        request.moment = request.portal.moment()
        person = who(request)
        if isinstance(person, Principal):
            request.person = person
            vars(request)["authority"] = authority_of(person, request.portal, request.reads)
    except ClusterError:
        return  # the page says what it has to say without a navigation


def _is_by_itself(request: PortalRequest) -> bool:
    match = request.resolver_match
    return LIVE_HEADER in request.headers or bool(match and match.url_name == "live")


def _is_beside_a_form(request: PortalRequest) -> bool:
    """Return whether a page requests this by itself while someone types: a preview, a look at an import or a repair."""
    match = request.resolver_match
    return bool(match and match.url_name in _BESIDE_A_FORM)


_BESIDE_A_FORM = {"preview", "certificates", "new", "repair"}
"""Where htmx only looks: forms are sent without it."""


def demo_administrator() -> Principal:
    from edrportal.signin.roles import ADMIN  # noqa: PLC0415 - nothing else here knows a role

    return Principal("admin", "demo", (ADMIN,), ())


def _by_password(request: PortalRequest) -> Principal | HttpResponse:
    """Return who sent a user name and a password with the request, else the answer. Raises the port's errors."""
    if is_in_clear(request):
        return errors.told(*PLAIN_HTTP_REFUSED, 403)
    outcome = accounts.sign_in(request.reads, *_basic(request.headers["Authorization"]), request.address)
    return _not_let_in(outcome) if isinstance(outcome, Failure) else Principal.of(outcome, accounts.EPINIO)


def _not_let_in(failure: Failure) -> HttpResponse:
    if failure.cause is Cause.WRONG_CREDENTIALS:
        return _unauthorized()
    message, fix = {
        Cause.TOO_MANY_FAILURES: ("Too many failed attempts.", f"Wait {failure.seconds} seconds."),
        Cause.TOO_MANY_AT_ONCE: ("Too many people are signing in.", "Try again in a few seconds."),
        Cause.UNUSABLE_USER: ("Epinio cannot sign this user in.", failure.detail),
    }[failure.cause]
    answer = errors.told(message, fix, failure.cause.status)
    if failure.seconds:
        answer.headers["Retry-After"] = str(failure.seconds)
    return answer


def _from_elsewhere(request: PortalRequest) -> HttpResponse:
    """Refuse before a password is looked at: a browser may remember one, and send it along for whatever page asks."""
    request.portal.record(Event("denied", "refused", "", request.address, reason="from-another-site"))
    return errors.told(guards.MESSAGE, guards.FIX, 403)


def _basic(header: str) -> tuple[str, str]:
    """Return user name and password of a Basic header, empty for another one: nobody has an empty name."""
    kind, _, encoded = header.partition(" ")
    if kind.lower() != "basic":
        return "", ""
    try:
        text = b64decode(encoded.strip(), validate=True).decode("utf-8", "surrogateescape")
    except ValueError:
        return "", ""
    username, _, password = text.partition(":")
    return username, password


def _signed_out(request: PortalRequest) -> HttpResponse:
    """Lead to the sign-in and back; a script is told, and a form is not lost in silence."""
    if errors.is_api(request):
        return _unauthorized()
    if request.headers.get("HX-Request") == "true":
        answer = HttpResponse(status=401)
        if not _is_beside_a_form(request):  # what is typed there would be lost; the page itself announces the end
            answer.headers["HX-Redirect"] = _signin(path_of(request.headers.get("HX-Current-URL", "")))
        return answer
    if LIVE_HEADER in request.headers or request.headers.get("Accept") == "text/event-stream":
        return HttpResponse("Signed out.\n", status=401, content_type="text/plain")  # a script of the page asks
    if request.method in {"GET", "HEAD"}:
        if request.headers.get("Sec-Fetch-Site") == "cross-site" and not cookies.session_text(request):
            # A strict cookie does not come along with a link from elsewhere; it does from a page of ours.
            return render(request, "signin/onward.html", {"target": request.get_full_path()})
        return HttpResponseRedirect(_signin(request.get_full_path()))
    fix = "Sign in again, then send the form again. Type passwords again."
    again = errors.typed(request)  # the form is one of ours: whether it is was looked at before
    return errors.page(request, 401, "You are signed out. Nothing was changed.", fix, again=again)


def _signin(back: str) -> str:
    return f"{reverse('signin')}?{urlencode({'next': back or '/'})}"


def _unauthorized() -> HttpResponse:
    answer = errors.told(
        "Authentication required.", "Send the user name and password of an Epinio user (Basic authentication).", 401
    )
    answer.headers["WWW-Authenticate"] = 'Basic realm="EDR portal", charset="UTF-8"'
    return answer


def _refused(request: PortalRequest, name: str, missing: str) -> HttpResponse | None:
    if missing:
        return _denied(request, missing)
    if settings.ENVIRONMENT.read_only and permissions.writes(name, request.method or ""):
        return _denied(request, permissions.READ_ONLY, permissions.READ_ONLY_FIX)
    return None


def _denied(request: PortalRequest, missing: str, fix: str = "Ask a portal administrator.") -> HttpResponse:
    match = request.resolver_match
    target = str(match.kwargs.get("name", "")) if match else ""
    request.record_denial(target, f"{match.url_name}-not-permitted" if match else "")
    if errors.is_api(request):
        return errors.told(missing, fix, 403)
    first, _, rest = missing.partition(". ")  # the heading is one sentence
    return errors.page(request, 403, f"{first}." if rest else missing, f"{rest} {fix}".strip())


def reauthenticated(request: PortalRequest) -> Authority | None:
    """Return what they may see now, None once their session has ended or they are someone else. Raises the port's errors."""
    request.reads = Reads(request.portal)
    person = who(request)
    return authority_of(person, request.portal, request.reads) if isinstance(person, Principal) else None
