"""Add a destination."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

from django.http import HttpResponse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from destinations import actions, names
from destinations.actions import checks, downloads
from destinations.cluster.port import ClusterError, NotFound
from destinations.model import Secret, Snapshot, UserError
from destinations.secret import codec, docker_config, history
from destinations.secret.mask import masked_key
from destinations.verdict import certificates
from destinations.web import errors
from destinations.web.changes import download, fragments, precheck, save, teams
from destinations.web.changes.precheck import Gate
from destinations.web.forms import NewForm
from destinations.web.request import PortalRequest


@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: PortalRequest) -> HttpResponse:
    """Show the form; check and save what was typed. Whatever fails, only the password has to be typed again."""
    if request.method != "POST":
        return _empty(request)
    if fragments.is_asked(request):
        return _preview(request)
    form = NewForm(request.POST, request.FILES, authority=request.authority, rules=request.reads)
    try:
        valid, uid = form.is_valid(), save.team_uid(request, form)  # all that is wrong at once
        if not valid or uid is None or "check" in request.POST:  # which would ask a registry first
            tell_taken_name(request, form)
        if form.is_valid() and uid is not None:
            return _save(request, form, uid)
        return _page(request, form, 422)
    except (ClusterError, UserError) as error:
        if isinstance(error, UserError) and error.reason == download.NO_CERTIFICATE:
            tell_taken_name(request, form)
        trouble = save.trouble_of(request, error)
        return _page(request, form, trouble.status, trouble=trouble)


def tell_taken_name(request: PortalRequest, form: NewForm) -> None:
    """Say of a form that its name is taken, together with what else is wrong: the write would find it a round later.

    By the very form that was saved before it is not taken.
    """
    name = form.cleaned_data.get("name")
    with suppress(ClusterError):
        found = request.portal.cluster.get_secret(name) if name else None
        if found and not (form.is_valid() and history.holds(found, save.change(request, form).write_id)):
            error = actions.name_taken(found, request.authority)
            form.add_error("name", f"{error.message} {error.fix}")


def _save(request: PortalRequest, form: NewForm, uid: str) -> HttpResponse:
    """Check first if that is wanted, and write. Raises what the action raises."""
    draft = form.draft(uid)
    download.check(request, draft.name)
    gate = precheck.ask(
        request,
        lambda: checks.of_new(request.portal, draft, request.reads.rules, request.authority),
        lambda: _is_written(request, form, draft.name),
    )
    if not gate.may_save:
        return _page(request, form, 422, gate=gate)
    if download.is_asked(request):
        plan = partial(downloads.plan_new, draft, request.authority)
        return download.answer(request, draft.name, plan, checked=gate.words)
    change = save.change(request, form)
    result = save.act(request, "add", draft.name, lambda: actions.add(request.portal.cluster, draft, change))
    saved = gate.after(request.portal, result)
    saved = replace(saved, notes=(*saved.notes, *form.import_notes, *form.bundle_notes, *form.host_notes))
    return save.done(request, saved, f"{result.name} was added.", to="destination")


def _is_written(request: PortalRequest, form: NewForm, name: str) -> bool:
    try:
        return precheck.is_written(request, form, request.portal.cluster.get_secret(name))
    except NotFound:
        return False


def _empty(request: PortalRequest) -> HttpResponse:
    """Show the empty form, or a copy of another destination: everything but name and password."""
    initial = {"nonce": save.nonce(), "team": request.GET.get("team", ""), **fragments.initial(request)}
    source = request.GET.get("from", "")
    if source:
        try:
            initial |= _copied(*save.find(request, source))
        except ClusterError as error:
            return errors.cluster_error(request, error)
    return _page(
        request, NewForm(initial=initial, authority=request.authority, rules=request.reads), 200, source=source
    )


def _copied(secret: Secret, snapshot: Snapshot) -> dict[str, str]:
    stored = docker_config.stored_credentials(secret)
    held = snapshot.secrets.get(codec.certs_name(secret))
    return {
        "host": masked_key(docker_config.host_key(secret)),
        "organization": masked_key(secret.annotations.get(names.ORGANIZATION_ANNOTATION, "")),
        "username": stored.username if stored else "",
        "bundle_text": certificates.read_bundle(held.data.get(names.BUNDLE_KEY, b"")).pem.decode() if held else "",
        "description": secret.annotations.get(names.DESCRIPTION_ANNOTATION, ""),
    }


def _preview(request: PortalRequest) -> HttpResponse:
    """Show both references, the certificates, and what is in an import: what was typed is there again, but for secrets."""
    form = NewForm(initial=fragments.typed(request), authority=request.authority, rules=request.reads)
    fragments.certificates_of(request, form)
    if request.POST.get("show") == "import":
        form.show_import(NewForm(request.POST, request.FILES, authority=request.authority, rules=request.reads))
    return _page(request, form, 200)


def _page(  # noqa: PLR0913 - one page's parts
    request: PortalRequest,
    form: NewForm,
    status: int,
    *,
    trouble: UserError | None = None,
    source: str = "",
    gate: Gate = precheck.OPEN,
) -> HttpResponse:
    context: dict[str, Any] = {"form": form, "source": source, **fragments.beside(request, form)}
    context |= {"trouble": trouble or gate.trouble, "gate": gate, **download.context(request)}
    if not form.is_managers:
        with suppress(ClusterError):  # any namespace can be typed
            context["known"] = teams.known_namespaces(request)
    return save.page(request, "destinations/new.html", context, status=status)
