"""Prepare an ExternalSecret: a file that names where a store keeps the credentials, which never pass the portal."""

from __future__ import annotations

from functools import partial

from django.http import HttpResponse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from destinations import names
from destinations.actions import Edit, downloads
from destinations.actions.downloads import Planned
from destinations.cluster.port import ClusterError
from destinations.model import Secret, UserError
from destinations.secret import codec, docker_config
from destinations.secret.mask import masked_key
from destinations.secret.sealed import documents, external
from destinations.verdict import tokens
from destinations.web import errors
from destinations.web.changes import download, save
from destinations.web.changes.new import tell_taken_name
from destinations.web.forms.external import ExternalForm
from destinations.web.request import PortalRequest

_COMMENTS = (
    "The destination {name} for External Secrets. User name and password stay in the store; none of them is here.",
    "Nothing was written to the cluster. Commit this file; test it with: kubectl get externalsecret {name} -n {namespace}",
)


@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def prepare(request: PortalRequest) -> HttpResponse:
    """Show the form; return the file."""
    if request.method != "POST":
        return _empty(request)
    form = ExternalForm(
        request.POST,
        request.FILES,
        find=partial(_stored, request),
        authority=request.authority,
        rules=request.reads,
    )
    try:
        valid, uid = form.is_valid(), save.team_uid(request, form)  # all that is wrong at once
        if not valid or uid is None:
            if form.stored is None:
                tell_taken_name(request, form)
            return _page(request, form, 422)
        planned = _plan(request, form, uid)
    except (ClusterError, UserError) as error:
        trouble = save.trouble_of(request, error)
        return _page(request, form, trouble.status, trouble)
    made = [external.external_secret(planned.destination, form.cleaned_data["host"], form.remote())]
    if planned.certificate:
        made.insert(0, external.certificate_manifest(planned.certificate))
    request.portal.record(request.event("external-secret", "done", planned.name))
    place = request.portal.cluster.namespace
    comments = [line.format(name=planned.name, namespace=place) for line in _COMMENTS]
    comments += [*planned.notes, *download.too_large(made)]
    return download.attachment(documents.write(made, comments), f"{planned.name}.external.yaml")


def _stored(request: PortalRequest, name: str) -> Secret | None:
    """Return the destination of this name, None where there is none that the person who asks may change."""
    found = request.reads.direct.secrets.get(name)
    return found if found and codec.is_destination(found) and request.authority.changes(found) else None


def _plan(request: PortalRequest, form: ExternalForm, uid: str) -> Planned:
    """Return the destination, new or as it is there. Raises UserError and Denied."""
    draft, snapshot, namespace = form.draft(uid), request.reads.direct, request.portal.cluster.namespace
    stored = form.stored
    if stored is None:
        return downloads.plan_new(draft, request.authority, snapshot, namespace=namespace)
    wanted = Edit(
        host=draft.host,
        organization=draft.organization,
        bundle=draft.bundle or None,
        description=draft.description,
        expires_on=draft.expires_on,
        username=draft.credentials.username,
        password=draft.credentials.password,
    )
    return downloads.plan_edited(stored, wanted, request.authority, snapshot, namespace=namespace)


def _empty(request: PortalRequest) -> HttpResponse:
    """Show the empty form, or one with what is public of a destination."""
    initial, source = {"team": request.GET.get("team", "")}, request.GET.get("from", "")
    if source:
        try:
            secret = save.find_one(request, source)
        except ClusterError as error:
            return errors.cluster_error(request, error)
        initial = {
            "name": source,
            "team": secret.labels.get(names.TEAM_LABEL, ""),
            "host": masked_key(docker_config.host_key(secret)),
            "organization": masked_key(secret.annotations.get(names.ORGANIZATION_ANNOTATION, "")),
            "description": masked_key(secret.annotations.get(names.DESCRIPTION_ANNOTATION, "")),
            "expires_on": tokens.stated_text(secret),
        }
    return _page(request, ExternalForm(initial=initial, authority=request.authority, rules=request.reads), 200)


def _page(request: PortalRequest, form: ExternalForm, status: int, trouble: UserError | None = None) -> HttpResponse:
    return save.page(request, "destinations/external.html", {"form": form, "trouble": trouble}, status=status)
