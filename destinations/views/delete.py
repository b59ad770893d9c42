"""Delete a destination."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.views.decorators.http import require_http_methods

from destinations import actions, bundles, current, owners, secrets
from destinations.actions import Refused, Seen
from destinations.cluster.port import ClusterError
from destinations.forms import DeleteForm
from destinations.masking import masked_name
from destinations.views import errors, writing

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from destinations.model import Secret
    from destinations.words import Trouble


@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest, name: str) -> HttpResponse:
    """Ask for the name, then delete what the person saw."""
    try:
        secret, found = writing.find(request, name)
    except ClusterError as error:
        return errors.cluster_error(request, error)
    if request.method != "POST":
        initial = {"uid": secret.uid, "resource_version": secret.resource_version}
        return _page(request, secret, found, DeleteForm(initial=initial), 200)
    form = DeleteForm(request.POST)
    if form.is_valid() and form.cleaned_data["confirmation"] != name:
        form.add_error("confirmation", f"That is not the name. Type {name} exactly.")
    if not form.is_valid():
        form.data = {**request.POST.dict(), "confirmation": ""}  # it may be a password that slipped in
        return _page(request, secret, found, form, 422)
    seen = Seen(form.cleaned_data["uid"], form.cleaned_data["resource_version"])
    try:
        permit = writing.permit(request)
        result = writing.act(
            request,
            "delete",
            name,
            lambda: actions.delete(current.cluster(), name, seen=seen, permit=permit),
            before=seen,
        )
    except (ClusterError, Refused) as error:
        form.data = writing.seen_again(form, secret)
        trouble = writing.trouble_of(request, error)
        return _page(request, secret, found, form, trouble.status, trouble)
    return writing.done(request, result, f"{name} was deleted.", to="overview")


def _page(  # noqa: PLR0913, PLR0917 - one page's parts
    request: HttpRequest,
    secret: Secret,
    found: dict[str, Secret],
    form: DeleteForm,
    status: int,
    trouble: Trouble | None = None,
) -> HttpResponse:
    certs = secrets.certs_name(secret)
    goes = (
        certs in found
        and secrets.is_portal_certificate(found[certs])
        and len(bundles.users(certs, found.values())) == 1
    )
    context = {
        "form": form,
        "name": secret.name,
        "owner": owners.owner(secret),
        "certs_name": masked_name(certs),
        "certs_goes": goes,
        "trouble": trouble,
        "last_change": owners.last_change(secret) if trouble and trouble.status == writing.CONFLICT else None,
    }
    return writing.page(request, "destinations/delete.html", context, status=status)
