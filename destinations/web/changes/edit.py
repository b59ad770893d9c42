"""Edit a destination."""

from __future__ import annotations

from functools import partial

from django.http import HttpResponse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from destinations import actions, names
from destinations.actions import Done, Edit, Seen, checks, downloads
from destinations.cluster.port import ClusterError, Conflict
from destinations.model import Secret, UserError
from destinations.secret import codec, docker_config
from destinations.secret.mask import masked_key, masked_name
from destinations.verdict import tokens
from destinations.web import errors
from destinations.web.changes import download, fragments, precheck, save
from destinations.web.changes.precheck import Gate
from destinations.web.forms import EditForm
from destinations.web.forms.differences import differences
from destinations.web.request import PortalRequest


@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: PortalRequest, name: str) -> HttpResponse:  # noqa: PLR0911 - one for each outcome
    """Show the form; check and save. A conflict takes a second, conscious save."""
    try:
        secret = save.find_one(request, name)
    except ClusterError as error:
        return errors.cluster_error(request, error)
    if request.method != "POST" or fragments.is_asked(request):
        return _page(request, secret, _unsaved(request, secret), 200)
    seals = download.is_asked(request)
    form = EditForm(request.POST, request.FILES, stored=secret, rules=request.reads, seals=seals)
    if not form.is_valid():
        return _page(request, secret, form, 422)
    typed = form.cleaned_data
    wanted = Edit(
        host=typed["host"],
        organization=typed["organization"],
        bundle=typed["bundle"],
        description=typed["description"],
        expires_on=form.expiry(),
        username=typed["username"],
        password=typed["password"],
    )
    seen = Seen(typed["uid"], typed["resource_version"])
    try:
        download.check(request, name)
        gate = precheck.ask(
            request,
            lambda: checks.of_edited(request.portal, secret, save.find(request, name)[1], wanted),
            lambda: precheck.is_written(request, form, secret),
        )
        if not gate.may_save:
            return _page(request, secret, form, 422, gate=gate)
        if download.is_asked(request):
            plan = partial(downloads.plan_edited, secret, wanted, request.authority)
            return download.answer(request, name, plan, checked=gate.words, is_stale=Seen.of(secret) != seen)
        change = save.change(request, form)
        result = save.write(request, "edit", actions.edit, name, wanted, seen=seen, change=change)
    except (ClusterError, UserError) as error:
        if isinstance(error, Conflict) and _is_as_wanted(form, secret, wanted):
            return save.done(request, Done.of(secret), "", to="destination", notes=[_AS_WANTED.format(name)])
        trouble = save.explain_failure(request, form, secret, error)
        return _page(request, secret, form, trouble.status, trouble)
    saved, notes = gate.after(request.portal, result), (*form.bundle_notes, *form.host_notes)
    return save.done(request, saved, f"{name} was changed.", to="destination", notes=notes)


_AS_WANTED = "{} already has these values. Nothing was left to change."


def _is_as_wanted(form: EditForm, secret: Secret, wanted: Edit) -> bool:
    """Return whether someone, or the same person in another tab, has made the very change; secrets are not compared."""
    return not wanted.password and wanted.bundle is None and not differences(form, secret)


def _unsaved(request: PortalRequest, secret: Secret) -> EditForm:
    """Return the form as it is stored, or as it was typed where it is only looked at."""
    if request.method != "POST":
        return EditForm(initial=_initial(secret), rules=request.reads)
    form = EditForm(initial=fragments.typed(request), stored=secret, rules=request.reads)
    fragments.certificates_of(request, form)
    return form


def _initial(secret: Secret) -> dict[str, str]:
    stored = docker_config.stored_credentials(secret)
    return {
        "host": masked_key(docker_config.host_key(secret)),
        "organization": masked_key(secret.annotations.get(names.ORGANIZATION_ANNOTATION, "")),
        "description": secret.annotations.get(names.DESCRIPTION_ANNOTATION, ""),
        "expires_on": tokens.stated_text(secret),
        "username": stored.username if stored else "",
        "bundle_choice": "keep",
        **save.initial(secret),
    }


def _page(  # noqa: PLR0913 - one page's parts
    request: PortalRequest,
    secret: Secret,
    form: EditForm,
    status: int,
    trouble: UserError | None = None,
    *,
    gate: Gate = precheck.OPEN,
) -> HttpResponse:
    context = {
        **save.context(form, secret, trouble or gate.trouble),
        "gate": gate,
        "certs_name": masked_name(codec.certs_name(secret)),
        **download.context(request, secret),
        **fragments.beside(request, form),
    }
    return save.page(request, "destinations/edit.html", context, status=status)
