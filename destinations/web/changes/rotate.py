"""Rotate the credentials of a destination."""

from __future__ import annotations

from functools import partial

from django.contrib import messages
from django.http import HttpResponse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from destinations import actions
from destinations.actions import Done, Rotation, Seen, checks, downloads
from destinations.cluster.port import ClusterError, Conflict
from destinations.model import Secret, UserError
from destinations.secret import codec, docker_config
from destinations.secret.mask import masked_name
from destinations.verdict import tokens
from destinations.web import errors, exports
from destinations.web.changes import download, fragments, precheck, save
from destinations.web.changes.precheck import Gate
from destinations.web.forms import RotateForm
from destinations.web.request import PortalRequest

_ROTATED = "The credentials of {} were rotated, and the next export uses them. Revoke the old ones at the registry."
_UNUSED = "The credentials of {} were rotated. Revoke the old ones at the registry."
"""Where Epinio hides it, or an export fails: no export uses them."""
_KEPT = "{} was changed."


@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def rotate(request: PortalRequest, name: str) -> HttpResponse:  # noqa: PLR0911 - one for each outcome
    """Show the form; check and save. A conflict shows who changed the Secret and takes a second, conscious save."""
    try:
        secret = save.find_one(request, name)  # before anything is read of the form
    except ClusterError as error:
        return errors.cluster_error(request, error)
    if request.method != "POST" or fragments.is_asked(request):
        return _page(request, secret, _unsaved(request, secret), 200)
    form = RotateForm(request.POST, request.FILES, host_of=lambda: docker_config.host_key(secret))
    if not form.is_valid():
        return _page(request, secret, form, 422)
    typed = form.cleaned_data
    rotation = Rotation(typed["username"], typed["password"], typed["bundle"], form.expiry())
    seen = Seen(typed["uid"], typed["resource_version"])
    try:
        download.check(request, name)
        gate = precheck.ask(
            request,
            lambda: checks.of_rotated(request.portal, *save.find(request, name), rotation),
            lambda: precheck.is_written(request, form, secret),
        )
        if not gate.may_save:
            return _page(request, secret, form, 422, gate=gate)
        if download.is_asked(request):
            plan = partial(downloads.plan_rotated, secret, rotation, request.authority)
            return download.answer(request, name, plan, checked=gate.words, is_stale=Seen.of(secret) != seen)
        change = save.change(request, form)
        result = save.write(request, "rotate", actions.rotate, name, rotation, seen=seen, change=change)
    except (ClusterError, UserError) as error:
        return _page(request, secret, form, 0, error)
    said = _KEPT if result.kept_password else _UNUSED if _warn(request, result) else _ROTATED
    return save.done(
        request, gate.after(request.portal, result), said.format(name), to="destination", notes=form.bundle_notes
    )


def _warn(request: PortalRequest, result: Done) -> bool:
    """Say what still keeps exports from the new credentials, and return whether anything does."""
    if result.is_overtaken:
        return False
    look = partial(save.as_written, request, result)
    standing = save.standing(request, [result.name], "has new credentials", look)
    for trouble in standing.values():
        messages.warning(request, trouble)
    return bool(standing)


def _unsaved(request: PortalRequest, secret: Secret) -> RotateForm:
    """Return the form as it is stored, or as it was typed where it is only looked at."""
    if request.method != "POST":
        return RotateForm(initial=_initial(secret))
    form = RotateForm(initial=fragments.typed(request))
    fragments.certificates_of(request, form)
    return form


def _initial(secret: Secret) -> dict[str, str]:
    stored = docker_config.stored_credentials(secret)
    return {
        "username": stored.username if stored else "",
        "expires_on": tokens.stated_text(secret),
        "bundle_choice": "keep",
        **save.initial(secret),
    }


def _page(  # noqa: PLR0913 - one page's parts
    request: PortalRequest,
    secret: Secret,
    form: RotateForm,
    status: int,
    error: ClusterError | UserError | None = None,
    *,
    gate: Gate = precheck.OPEN,
) -> HttpResponse:
    """Show the form; after a write that failed with the destination as it is then."""
    trouble = save.explain_failure(request, form, secret, error) if error else None
    if trouble:
        try:
            secret = save.find_one(request, secret.name)
        except ClusterError:
            return errors.page(request, trouble.status, trouble.message, trouble.fix)
    if isinstance(error, Conflict):
        form.data = save.seen_again(form, secret)
    context = {
        **save.context(form, secret, trouble or gate.trouble),
        "gate": gate,
        "certs_name": masked_name(codec.certs_name(secret)),
        "host": docker_config.shown_hosts(secret),
        "exports": exports.section(request, secret, details=False),
        **download.context(request, secret if docker_config.host_key(secret) else None),
        **fragments.guide_context(request, docker_config.host_key(secret), form),
    }
    return save.page(request, "destinations/rotate.html", context, status=trouble.status if trouble else status)
