"""The certificate of the sealed-secrets controller, shown before it is used: pasted, chosen, or read from its Service."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from destinations.actions import messages
from destinations.cluster.port import TOO_LONG, Cluster, ClusterError, Forbidden, NotFound
from destinations.cluster.services import MOST_CERTIFICATE_BYTES, ServiceAddress
from destinations.model import Advice, InputError
from destinations.secret.sealed import certificate
from destinations.secret.sealed.certificate import ControllerCertificate
from destinations.verdict.certificates import Health
from destinations.web.forms.seal import SealForm
from destinations.web.request import PortalRequest

_SECONDS = 5.0
_PASTE = "Or paste the output of kubeseal --fetch-cert."
_FROM_CONTROLLER = "controller"
_UNAUTHORIZED, _UNAVAILABLE = 401, 503
_REDIRECTS, _ERRORS = range(300, 400), range(400, 600)


@dataclass(frozen=True, slots=True)
class SealingLook:
    """What a page shows of a certificate: where it was read, and what it is, or what is wrong."""

    certificate: ControllerCertificate | None = None
    trouble: Advice | None = None
    controller: ServiceAddress | None = None

    @property
    def health(self) -> Health | None:
        """How long the certificate is still valid, in a word."""
        return self.certificate.summary.health(datetime.now(UTC)) if self.certificate else None


NOTHING = SealingLook()


def seen(request: PortalRequest) -> SealingLook:
    """Return what a form that was sent for a look is to show: the controller's certificate, or the one in the fields."""
    controller = request.portal.sealing_controller
    if request.POST.get("show") == _FROM_CONTROLLER and controller:
        return read(request.portal.cluster, controller)
    form = SealForm(request.POST, request.FILES)
    if not form.has_certificate():
        return NOTHING
    form.is_valid()
    return of_form(form)


def of_form(form: SealForm) -> SealingLook:
    """Return what a form that was checked has read."""
    if form.certificate is None:
        return SealingLook(trouble=Advice(form.first_error(), ""))
    return SealingLook(form.certificate)


def read(cluster: Cluster, controller: ServiceAddress) -> SealingLook:
    """Ask the controller, and return its certificate or why there is none that can be used. Never raises."""
    try:
        raw = cluster.sealing_certificate(controller, seconds=_SECONDS)
        found = certificate.read(raw, datetime.now(UTC), fix="")
    except ClusterError as error:
        return SealingLook(trouble=_advice(error, controller), controller=controller)
    except InputError as error:
        message = f"{controller} returns a certificate that cannot be used. {str(error).strip()}"
        fix = f"Check whether this is the Service of the sealed-secrets controller, and the controller's log. {_PASTE}"
        return SealingLook(trouble=Advice(message, fix), controller=controller)
    return SealingLook(found, controller=controller)


def _advice(error: ClusterError, controller: ServiceAddress) -> Advice:
    """Return what to tell a person who asked for the certificate."""
    if error.status == _UNAUTHORIZED:
        return messages.for_error(error).advice
    if isinstance(error, Forbidden):
        return Advice(
            f"The portal has no permission to read the certificate from {controller}.",
            f"Its operator can grant get on services/proxy, with the resource name {controller.proxied}, in the namespace "
            f"{controller.namespace} (optional.sealedSecretsController of the chart). {_PASTE}",
        )
    if isinstance(error, NotFound):
        return Advice(
            f"There is no Service {controller.name} in the namespace {controller.namespace}, or it is not the one of a "
            "sealed-secrets controller.",
            f"Check EDRPORTAL_SEALED_SECRETS_CONTROLLER. {_PASTE}",
        )
    if error.status == _UNAVAILABLE:
        return Advice(
            f"The API server reaches no Pod of {controller} at this port.",
            "Check the controller's Pods. If the port of the Service has a name, as with its Helm chart, add it: "
            f"EDRPORTAL_SEALED_SECRETS_CONTROLLER={controller.namespace}/{controller.name}:http. {_PASTE}",
        )
    if error.reason == TOO_LONG:
        said = f"returns more than {MOST_CERTIFICATE_BYTES // 1024} KiB, which is no certificate of a controller"
    elif error.status in _REDIRECTS:
        said = "redirects to another address, which the portal does not follow"
    elif error.status in _ERRORS:
        said = f"returns the HTTP status {error.status} and no certificate"
    else:
        said = f"gave no complete answer within {_SECONDS:.0f} seconds"
    return Advice(f"{controller} {said}.", f"Try again in a moment, and check the controller's Pods and log. {_PASTE}")


@sensitive_post_parameters()
@require_POST
def look(request: PortalRequest) -> HttpResponse:
    """Return a fragment for the forms: the certificate, or what is wrong. Nothing is stored, and no private key echoed."""
    found = seen(request)
    context: dict[str, object] = {"sealing": found}
    if found.controller and found.certificate:  # put into the field, from where it is used
        context |= {"seal_put": True, "seal": SealForm(initial={"seal_certificate": found.certificate.pem})}
    return render(request, "destinations/_sealing.html", context)
