"""The pages of the sign-in. What the form brings is read raw: an account is compared by its bytes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from django import forms
from django.conf import settings
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.middleware.csrf import rotate_token
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from destinations.actions import messages
from destinations.cluster.port import ClusterError
from destinations.portal import Event
from destinations.web import errors
from destinations.web.addresses import is_https
from destinations.web.request import PortalRequest
from edrportal.demo import cluster
from edrportal.signin import accounts, cookies, passwords, sessions
from edrportal.signin.accounts import Cause, Failure
from edrportal.signin.guards import HOME, PLAIN_HTTP_REFUSED, is_in_clear, safe_next
from edrportal.signin.oidc import flow
from edrportal.signin.oidc import provider as oidc
from edrportal.signin.oidc import reasons as why
from edrportal.signin.oidc.flow import OidcTrouble
from edrportal.signin.users import Principal, UnusableUser, User


class SignInForm(forms.Form):
    username = forms.CharField(
        label="User name",
        widget=forms.TextInput({"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}),
    )
    password = forms.CharField(label="Password", widget=forms.PasswordInput({"autocomplete": "current-password"}))

    def __init__(self, *, auto_focus: bool) -> None:
        super().__init__()
        if auto_focus:
            self.fields["username"].widget.attrs["autofocus"] = True


_FAILURES = {
    Cause.TOO_MANY_FAILURES: (
        "Too many failed attempts.",
        "Wait {wait}. Other accounts can still sign in.",
    ),
    Cause.TOO_MANY_AT_ONCE: ("Too many people are signing in.", "Try again in a few seconds."),
    Cause.UNUSABLE_USER: (
        "Epinio cannot sign in this user, so the portal does not, either.",
        "Ask an administrator, who sees the reason on the overview.",
    ),
    Cause.WRONG_CREDENTIALS: (
        "The user name or password is incorrect.",
        "Type both again. Use your Epinio account.",
    ),
}
_TOO_LARGE = (
    "You have too many roles for the portal's cookie.",
    "Ask an Epinio administrator to give your groups fewer roles.",
)


@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def signin(request: PortalRequest) -> HttpResponse:
    if is_in_clear(request):
        return _page(request, 403, PLAIN_HTTP_REFUSED)
    if request.method != "POST":
        return _page(request, 200)
    username, password = request.POST.get("username", ""), request.POST.get("password", "")
    if not username or not password:
        return _page(
            request, 422, ("Type both user name and password.", "Epinio users without a password cannot sign in here.")
        )
    try:
        outcome = accounts.sign_in(request.reads, username, password, request.address)
    except ClusterError as error:
        return _unanswered(request, error)
    if isinstance(outcome, Failure):
        return _not_let_in(request, outcome)
    return _let_in(request, outcome, accounts.EPINIO, _next(request, request.POST.get("next", "")))


def _not_let_in(request: PortalRequest, failure: Failure) -> HttpResponse:
    message, fix = _FAILURES[failure.cause]
    answer = _page(request, failure.cause.status, (message, fix.format(wait=_duration(failure.seconds))))
    if failure.seconds:
        answer.headers["Retry-After"] = str(failure.seconds)
    return answer


def _record_failed(request: PortalRequest, error: ClusterError, who: str = "") -> None:
    request.portal.record(Event("sign-in", "failed", who, request.address, reason=error.reason))


def _unanswered(request: PortalRequest, error: ClusterError) -> HttpResponse:
    trouble = messages.for_error(error)
    return _page(request, trouble.status, (trouble.message, trouble.fix))


def _let_in(request: PortalRequest, user: User, provider: str, back: str, matched: Sequence[str] = ()) -> HttpResponse:
    who, where = f"{provider}:{user.username}", request.address
    back = _landing(user, provider, back)
    try:
        session = accounts.begin(request.reads, user, provider, matched=matched)
    except ClusterError as error:
        _record_failed(request, error, who)
        return _unanswered(request, error)
    answer = _onward(request, back) if provider == accounts.OIDC else HttpResponseRedirect(back)
    try:
        cookies.keep_session(answer, session)
    except ValueError:
        request.portal.record(Event("sign-in", "refused", who, where, reason="too-many-roles"))
        return _page(request, 403, _TOO_LARGE)
    rotate_token(request)
    request.portal.record(Event("sign-in", "done", who, where))
    return answer


def _landing(user: User, provider: str, back: str) -> str:
    """Return where to go first: developers who came for no page of their own to what they can export to."""
    person = Principal.of(user, provider)
    is_developer = not person.is_administrator and bool(person.exports())
    return reverse("team") if back == HOME and is_developer else back


def _onward(request: PortalRequest, back: str) -> HttpResponse:
    """Lead on by a page: a strict cookie does not follow a redirect that began at another site."""
    return render(request, "signin/onward.html", {"target": back})


@require_POST
def signout(request: PortalRequest) -> HttpResponse:
    """End every session of this person, on every replica, even one that does not count at this moment."""
    text = cookies.session_text(request)
    session = sessions.signed(text, datetime.now(UTC)) if text else None
    if session:
        who, where = f"{session.provider}:{session.subject}", request.address
        try:
            if not sessions.is_void(request.reads.config_maps, session):
                sessions.end(request.portal.cluster.config_maps, session, datetime.now(UTC))
        except ClusterError as error:
            request.portal.record(Event("sign-out", "failed", who, where, reason=type(error).__name__))
            trouble = messages.for_error(error)
            fix = f"{trouble.fix} This browser is still signed in; close it if you cannot wait."
            return errors.page(request, trouble.status, f"You are not signed out yet. {trouble.message}", fix)
        request.portal.record(Event("sign-out", "done", who, where))
    answer = HttpResponseRedirect(f"{reverse('signin')}?out={1 if session else 'here'}")
    answer.status_code = 303
    cookies.drop_session(answer)
    answer.headers["Clear-Site-Data"] = '"cache", "storage"'
    return answer


@require_safe
def oidc_start(request: PortalRequest) -> HttpResponse:
    if not oidc.is_on():
        raise Http404
    try:
        started = flow.start(oidc.provider(request.reads))
    except OidcTrouble as trouble:
        return _page(request, 503, (trouble.message, trouble.fix))
    except ClusterError as error:
        return _unanswered(request, error)
    answer = HttpResponseRedirect(started.url)
    cookies.keep_flow(answer, {**started.kept, "next": _next(request, request.GET.get("next", ""))})
    return answer


@require_safe
def oidc_callback(request: PortalRequest) -> HttpResponse:
    if not oidc.is_on():
        raise Http404
    kept = cookies.flow(request)
    answer = _returned(request, kept)
    cookies.drop_flow(answer)
    return answer


def _returned(request: PortalRequest, kept: dict[str, str]) -> HttpResponse:
    where = request.address
    try:
        identity = flow.finish(oidc.provider(request.reads), kept, dict(request.GET.lists()))
        matched = oidc.roles_of(request.reads, identity)
        user = accounts.identify(request.reads, identity.email, matched)
    except OidcTrouble as trouble:
        who, reason = "", "single-sign-on"
        if trouble.reason == why.PASSWORD_USER:
            who, reason = f"oidc:{identity.email}", "password-user"
        request.portal.record(Event("sign-in", "refused", who, where, reason=reason))
        return _page(request, 403, (trouble.message, trouble.fix))
    except UnusableUser as error:
        request.portal.record(Event("sign-in", "refused", "", where, reason="unusable-user"))
        return _page(request, 403, ("Epinio cannot sign in this user.", str(error)))
    except ClusterError as error:
        _record_failed(request, error)
        return _unanswered(request, error)
    if user is None:
        request.portal.record(Event("sign-in", "refused", f"oidc:{identity.email}", where, reason="several-users"))
        fix = "An administrator deletes all but one of their Secrets."
        return _page(
            request, 403, ("Several Epinio users have your address, so Epinio does not let any of them sign in.", fix)
        )
    return _let_in(request, user, accounts.OIDC, _next(request, kept.get("next", "")), matched)


@require_POST
def demo_signin(request: PortalRequest) -> HttpResponse:
    """Sign in as one of the demo's people, with one click. Outside the demo there is no such address."""
    name = request.POST.get("as", "")
    if not settings.DEMO or name not in cluster.PEOPLE:
        raise Http404
    try:
        user = accounts.authenticate(request.reads, name, cluster.PASSWORD)
    except passwords.TooManyAtOnce:
        return _not_let_in(request, accounts.too_many_at_once(request.address))
    if user is None:
        raise Http404
    return _let_in(request, user, accounts.EPINIO, _next(request, request.POST.get("next", "")))


def _next(request: PortalRequest, target: str) -> str:
    https = is_https(request.META, settings.ENVIRONMENT.proxy_hops)
    return safe_next(target, host=request.get_host(), https=https)


def _page(request: PortalRequest, status: int, trouble: tuple[str, str] | None = None) -> HttpResponse:
    stated = request.POST.get("next") or request.GET.get("next") or ""
    context = {
        "trouble": trouble,
        "form": SignInForm(auto_focus=not settings.DEMO),
        "next": _next(request, stated),
        "signed_out": request.GET.get("out", ""),
        "closed": is_in_clear(request),
        "sso": oidc.is_on(),
        "sso_label": settings.ENVIRONMENT.oidc.label or "Single sign-on",
        "sso_trouble": _sso_trouble(request),
        "people": cluster.PEOPLE if settings.DEMO else {},
        "demo_password": cluster.PASSWORD if settings.DEMO else "",
        "demo_registry": settings.DEMO_REGISTRY if settings.DEMO else None,
        "idle_minutes": settings.ENVIRONMENT.idle_minutes,
    }
    return render(request, "signin/signin.html", context, status=status)


def _sso_trouble(request: PortalRequest) -> OidcTrouble | None:
    """Return why the button would not work now; the form beside it does."""
    if not oidc.is_on():
        return None
    try:
        return flow.reachable(oidc.provider(request.reads))
    except OidcTrouble as trouble:
        return trouble
    except ClusterError as error:
        explained = messages.for_error(error)
        return OidcTrouble(explained.message, explained.fix)


def _duration(seconds: int) -> str:
    minutes = -(-seconds // 60)
    return f"{seconds} seconds" if seconds < 60 else f"{minutes} minute{'s' * (minutes > 1)}"  # noqa: PLR2004
