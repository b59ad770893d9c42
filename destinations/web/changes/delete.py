"""Delete a destination."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial

from django.contrib import messages
from django.http import HttpResponse
from django.views.decorators.http import require_http_methods, require_POST

from destinations import actions
from destinations.actions import Seen, bundles
from destinations.cluster.port import ClusterError, NotFound
from destinations.model import Secret, Snapshot, UserError
from destinations.secret import codec, owners
from destinations.secret.mask import masked_name
from destinations.web import errors
from destinations.web.changes import save
from destinations.web.forms import DeleteForm
from destinations.web.request import PortalRequest


@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: PortalRequest, name: str) -> HttpResponse:
    """Ask for the name, then delete what the person saw."""
    try:
        secret, snapshot = save.find(request, name)
    except ClusterError as error:
        return _gone(request, name, error) or errors.cluster_error(request, error)
    if request.method != "POST":
        return _page(request, secret, snapshot, DeleteForm(initial=save.initial(secret)), 200)
    form = DeleteForm(request.POST)
    if form.is_valid() and form.cleaned_data["confirmation"] != name:
        form.add_error("confirmation", f"This is not the name. Type {name} exactly.")
    if not form.is_valid():
        form.data = {**request.POST.dict(), "confirmation": ""}  # it may be a password that slipped in
        return _page(request, secret, snapshot, form, 422)
    seen = Seen(form.cleaned_data["uid"], form.cleaned_data["resource_version"])
    try:
        delete_seen = partial(actions.delete, request.portal.cluster, name, seen=seen, permit=request.authority)
        result = save.act(request, "delete", name, delete_seen, before=seen)
    except (ClusterError, UserError) as error:
        form.data = save.seen_again(form, secret)
        trouble = save.trouble_of(request, error)
        return _gone(request, name, error) or _page(request, secret, snapshot, form, trouble.status, trouble)
    return save.done(request, result, f"{name} was deleted.", to="overview")


def _gone(request: PortalRequest, name: str, error: ClusterError | UserError) -> HttpResponse | None:
    """Answer a form whose wish has come true, as when it is sent twice; None where it has not, or nobody asked for that.

    Another Secret by the name tells nobody that it exists: its uid is not that of the form. Nothing is parsed for people to
    whom there is no such destination; two fields are compared as they are.
    """
    uid, confirmation = request.POST.get("uid"), request.POST.get("confirmation")
    if not isinstance(error, NotFound) or not uid or confirmation != name:
        return None
    try:
        if request.portal.cluster.get_secret(name).uid == uid:
            return None
    except NotFound:
        pass
    except ClusterError:
        return None
    messages.success(request, f"{name} does not exist anymore.")
    return save.see_other("overview", name)


def _page(  # noqa: PLR0913, PLR0917 - one page's parts
    request: PortalRequest,
    secret: Secret,
    snapshot: Snapshot,
    form: DeleteForm,
    status: int,
    trouble: UserError | None = None,
) -> HttpResponse:
    certs, secrets = codec.certs_name(secret), snapshot.secrets
    goes = certs in secrets and codec.is_portal_certificate(secrets[certs])
    goes = goes and len(bundles.users(certs, secrets.values())) == 1
    context = {
        **save.context(form, secret, trouble),
        "owner": owners.owner(secret),
        "certs_name": masked_name(certs),
        "certs_goes": goes,
    }
    return save.page(request, "destinations/delete.html", context, status=status)


@require_POST
def sweep(request: PortalRequest) -> HttpResponse:
    try:
        result = save.act(request, "sweep", "", lambda: actions.sweep(request.portal.cluster, datetime.now(UTC)))
    except ClusterError as error:
        return errors.cluster_error(request, error)
    return save.done(request, result, "", to="overview")
