"""“Download as SealedSecret”: a form as a file for Git instead of a write to the cluster."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from django.http import HttpResponse

from destinations.access import Denied
from destinations.actions.downloads import Planned
from destinations.cluster.port import Conflict
from destinations.model import Secret, UserError
from destinations.secret import codec, owners
from destinations.secret.sealed import documents
from destinations.secret.sealed.certificate import ControllerCertificate
from destinations.secret.sealed.encryption import Scope
from destinations.web import sealcertificate
from destinations.web.forms.seal import SealForm
from destinations.web.request import PortalRequest

_ASKED = "download"
_UNPROCESSABLE = 422
NO_CERTIFICATE = "Certificate"
"""The reason of a refusal for want of a certificate that can be used."""
_MOST_APPLIED = 255 * 1024
"""Kubernetes takes 256 KiB of annotations, and `kubectl apply` leaves a copy of what it applies in one."""


def is_asked(request: PortalRequest) -> bool:
    """Return whether the form was sent for a file, and not to be saved."""
    return _ASKED in request.POST


def check(request: PortalRequest, name: str) -> None:
    """Refuse a certificate that is no use, of a form that was sent for a file, before a registry is asked.

    Raises UserError, and records the refusal.
    """
    if is_asked(request):
        _certificate(request, name, _form(request))


def answer(
    request: PortalRequest, name: str, plan: Callable[..., Planned], *, checked: str = "", is_stale: bool = False
) -> HttpResponse:
    """Return the file, and record that it was made, or refused. Raises UserError, Denied and the port's errors.

    `plan` takes the snapshot and the namespace; `checked` is what a live check said. `is_stale` says that the destination
    is another than the person saw: the file could undo what someone else changed, so it is a Conflict as for a save.
    """
    seal = _form(request)
    certificate = _certificate(request, name, seal)
    if is_stale:
        _refuse(request, name, "Conflict")
        raise Conflict("Conflict", status=409)
    try:
        planned = plan(request.reads.direct, namespace=request.portal.cluster.namespace)
    except (UserError, Denied) as error:
        _refuse(request, name, error.reason if isinstance(error, UserError) else "Denied")
        raise
    made = [documents.sealed_secret(one, certificate, seal.scope) for one in planned.manifests]
    request.portal.record(request.event("seal", "done", planned.name, str(seal.scope)))
    comments = [*_comments(request, planned, certificate, seal.scope), *too_large(made)]
    comments += [f"Live check of these values: {checked}"] * bool(checked)
    return attachment(documents.write(made, comments), f"{planned.name}.sealed.yaml")


def _certificate(request: PortalRequest, name: str, seal: SealForm) -> ControllerCertificate:
    if seal.is_valid() and seal.certificate is not None:
        return seal.certificate
    _refuse(request, name, NO_CERTIFICATE)
    raise UserError("The file was not made.", seal.first_error(), _UNPROCESSABLE, reason=NO_CERTIFICATE)


def _refuse(request: PortalRequest, name: str, reason: str) -> None:
    request.portal.record(request.event("seal", "refused", name, reason))
    request.is_recorded = True


def attachment(text: str, filename: str) -> HttpResponse:
    """Return a file that no cache keeps."""
    headers = {"Content-Disposition": f'attachment; filename="{filename}"', "Cache-Control": "no-store"}
    return HttpResponse(text, content_type="application/yaml; charset=utf-8", headers=headers)


def _comments(request: PortalRequest, planned: Planned, certificate: ControllerCertificate, scope: Scope) -> list[str]:
    stored = request.reads.direct.secrets.get(planned.name)
    found = owners.owner(stored) if stored else None
    lines = [
        f"The destination {planned.name}, encrypted with scope {scope} on {datetime.now(UTC):%Y-%m-%d}.",
        f"Encrypted for the certificate with SHA-256 fingerprint {certificate.summary.fingerprint}.",
        "Nothing was written to the cluster. Commit this file."
        + (" Revoke the old credentials once it is applied." if stored else ""),
    ]
    if planned.certificate and stored and codec.certs_name(stored):
        lines.append("The certificate Secret has a new name: remove the file of the old one after this one is applied.")
    if stored and (found is None or found.name != owners.SEALED_SECRETS):
        lines.append(
            "The controller replaces a Secret that it does not own only with the annotation "
            f"sealedsecrets.bitnami.com/managed: kubectl annotate secret {planned.name} -n {stored.namespace} "
            "sealedsecrets.bitnami.com/managed=true"
        )
    return [*lines, *planned.notes, *certificate.notes]


def too_large(made: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return what to know of documents that `kubectl apply` refuses for their size."""
    said = (
        "This file is too large for kubectl apply as it is: type kubectl apply --server-side, and with Argo CD set the "
        "sync option ServerSideApply=true."
    )
    return [said] * any(len(json.dumps(one)) > _MOST_APPLIED for one in made)


def context(request: PortalRequest, secret: Secret | None = None) -> dict[str, Any]:
    """Return what the fields of the download need on a page; of a form that was sent for a file, with its errors.

    `only_download` is true where something else owns the Secret: the portal does not write then, and a file is the way.
    """
    seal, sealing = _form(request), sealcertificate.NOTHING
    if is_asked(request):
        seal.is_valid()
        sealing = sealcertificate.of_form(seal) if seal.certificate else sealing
    elif request.method == "POST":
        sealing = sealcertificate.seen(request)
        read = {"seal_certificate": sealing.certificate.pem} if sealing.certificate else {}
        seal = SealForm(initial={**seal.typed(), **read})
    return {
        "seal": seal,
        "sealing": sealing,
        "sealing_controller": request.portal.sealing_controller,
        "only_download": secret is not None and owners.owner(secret) is not None,
    }


def _form(request: PortalRequest) -> SealForm:
    if request.method != "POST":
        return SealForm()
    for file in request.FILES.getlist("seal_certificate_file"):
        file.seek(0)
    return SealForm(request.POST, request.FILES)
