"""Edit a destination."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from destinations import actions, current, docker_config, names, owners, secrets
from destinations.actions import Edit, Refused, Seen, checking
from destinations.cluster.port import ClusterError, Conflict
from destinations.forms import EditForm
from destinations.masking import masked_key, masked_name
from destinations.views import checkfirst, errors, preview, showing, writing

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from destinations.model import Secret
    from destinations.views.checkfirst import Gate
    from destinations.words import Trouble


@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, name: str) -> HttpResponse:
    """Show the form; check and save. A conflict takes a second, conscious save."""
    try:
        secret = writing.find_one(request, name)
    except ClusterError as error:
        return errors.cluster_error(request, error)
    if request.method != "POST" or showing.is_asked(request):
        return _page(request, secret, _unsaved(request, secret), 200)
    form = EditForm(request.POST, request.FILES, stored=secret)
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
        gate = checkfirst.ask(request, lambda: checking.of_edited(secret, writing.find(request, name)[1], wanted))
        if not gate.may_save:
            return _page(request, secret, form, 422, gate=gate)
        change = writing.change(request, form)
        result = writing.act(
            request,
            "edit",
            name,
            lambda: actions.edit(current.cluster(), name, wanted, seen=seen, change=change),
            before=seen,
        )
    except (ClusterError, Refused) as error:
        if isinstance(error, Conflict):
            form.data = writing.seen_again(form, secret)
        trouble = writing.trouble_of(request, error)
        return _page(request, secret, form, trouble.status, trouble)
    return writing.done(request, gate.after(result), f"{name} was changed.", to="destination", notes=form.bundle_notes)


def _unsaved(request: HttpRequest, secret: Secret) -> EditForm:
    """Return the form as it is stored, or as it was typed where it is only looked at."""
    if request.method != "POST":
        return EditForm(initial=_initial(secret))
    form = EditForm(initial=showing.typed(request), stored=secret)
    showing.certificates_of(request, form)
    return form


def _initial(secret: Secret) -> dict[str, str]:
    stored = docker_config.stored_credentials(secret)
    return {
        "host": masked_key(docker_config.host_key(secret)),
        "organization": masked_key(secret.annotations.get(names.ORGANIZATION_ANNOTATION, "")),
        "description": secret.annotations.get(names.DESCRIPTION_ANNOTATION, ""),
        "expires_on": secret.annotations.get(names.EXPIRY_ANNOTATION, ""),
        "username": stored.username if stored else "",
        "bundle_choice": "keep",
        "nonce": writing.nonce(),
        "uid": secret.uid,
        "resource_version": secret.resource_version,
    }


def _page(  # noqa: PLR0913 - one page's parts
    request: HttpRequest,
    secret: Secret,
    form: EditForm,
    status: int,
    trouble: Trouble | None = None,
    *,
    gate: Gate = checkfirst.OPEN,
) -> HttpResponse:
    context = {
        "form": form,
        "name": secret.name,
        "refusal": writing.refusal(secret),
        "trouble": trouble or gate.trouble,
        "gate": gate,
        "last_change": owners.last_change(secret) if trouble and trouble.status == writing.CONFLICT else None,
        "certs_name": masked_name(secrets.certs_name(secret)),
        **preview.beside(request, form),
    }
    return writing.page(request, "destinations/edit.html", context, status=status)
