"""One destination: its stages, certificates and manifest."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import yaml
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from destinations import access, names, permissions, repairs
from destinations.cluster.port import ClusterError
from destinations.livecheck.presentation import Stop
from destinations.livecheck.registry.port import Step
from destinations.model import Judgement, Secret, Stage
from destinations.overview import table
from destinations.overview.answer import ExportAnswer, Result
from destinations.secret import codec, docker_config, gitops, history, owners
from destinations.secret.mask import MASK, masked_key, masked_name
from destinations.web import errors, exports
from destinations.web.changes import check as checks
from destinations.web.changes import save
from destinations.web.pages import same
from destinations.web.request import PortalRequest

_HARMLESS = ("epinio.io/", "edrportal/")
_IDS = {names.WRITE_ID_ANNOTATION, names.HISTORY_ANNOTATION}
_NAMES = {
    Stage.LISTING: "Listing",
    Stage.LOOKUP: "Lookup",
    Stage.CREDENTIALS: "Credentials",
    Stage.DESTINATION_URL: "Address",
    Stage.CERTIFICATES: "Certificates",
    Stage.LOGIN: "Login",
    Stage.CHART_PUSH: "Chart",
    Stage.IMAGE_PUSH: "Image",
}


@require_safe
def destination(request: PortalRequest, name: str) -> HttpResponse:
    try:
        snapshot = request.reads.direct
        secret = save.find_to_see(request, name, snapshot)
        authority = request.authority
        missing = authority.missing_to_change(secret)
        accounts_shown = not missing
        checked = checks.section(request, secret, snapshot)
        missing = missing or (permissions.READ_ONLY if request.portal.is_read_only else "")
    except ClusterError as error:
        return errors.cluster_error(request, error)
    sees_all, secrets = request.principal.is_administrator, snapshot.secrets
    row = request.portal.answered_row(secret, snapshot, sees_all=sees_all)
    repairable = not missing and not save.refusal(secret) and repairs.proposals(secret, snapshot)
    context = {
        **checked,
        "name": name,
        "row": row,
        "stages": _path(row.judgement, row.answer),
        "checked_age": row.answer.check and table.ago(row.answer.check.at, snapshot.now),
        "next_page": "" if missing else _next_page(row.answer, is_repairable=bool(repairable)),
        "failed": table.failed(row.judgement),
        "certificates": [(one, one.health(snapshot.now)) for one in table.bundle_of(secret, secrets)],
        "certs_name": masked_name(codec.certs_name(row.secret)),
        "owner": owners.owner(row.secret),
        "last_change": owners.last_change(row.secret) if accounts_shown else None,
        "account": _account(secret) if accounts_shown else "",
        "rotated_at": secret.annotations.get(names.ROTATED_AT_ANNOTATION, "") if accounts_shown else "",
        "description": row.secret.annotations.get(names.DESCRIPTION_ANNOTATION, ""),
        "is_expired": row.is_expired,
        "expires_on": row.expires_on,
        "manifest": masked(row.secret) if accounts_shown else "",
        "gitops": gitops.manifests(secret, secrets) if accounts_shown else "",
        "history": history.read(secret)[::-1] if accounts_shown else (),
        "repairable": repairable,
        "exports": exports.section(request, secret, details=accounts_shown),
        "enabled": secret.labels.get(names.REGISTRY_LABEL) == "true",
        "nonce": save.nonce(),
        "missing": missing,
        "same": same.names_for(request, secret, snapshot) if accounts_shown else (),
        "team": access.team_of(secret),
        "is_ownerless": authority.is_ownerless(secret),
    }
    return render(request, "destinations/destination.html", context)


def _account(secret: Secret) -> str:
    """Return the stored user name, empty where none can be read."""
    stored = docker_config.stored_credentials(secret)
    return masked_key(stored.username) if stored else ""


_DECIDED_BY_REGISTRY = {Stage.LOGIN, Stage.CHART_PUSH, Stage.IMAGE_PUSH}


def _path(judgement: Judgement, answer: ExportAnswer) -> list[Stop]:
    """Return every stage with its state: ok, failed, not reached, or not tried by what the Secrets say alone."""
    checked = {check.stage: "ok" if check.ok else "failed" for check in judgement.checks}
    states = {stage: _state(stage, checked.get(stage, "open"), answer) for stage in _NAMES}
    return [Stop(label, states[stage], words=_words(stage, states[stage], answer)) for stage, label in _NAMES.items()]


def _state(stage: Stage, state: str, answer: ExportAnswer) -> str:
    """Return the state of a stage: what a registry decides passes where a fresh check proved it, and not before."""
    if state != "ok" or stage not in _DECIDED_BY_REGISTRY:
        return state
    is_proven = answer.check is not None and answer.check.result is Result.PASSED and not answer.is_old
    return "ok" if is_proven else "untried"


def _words(stage: Stage, state: str, answer: ExportAnswer) -> str:
    """Return what the last check found at a stage that the Secrets do not decide; empty where it did not get there."""
    check = answer.check
    if state != "untried" or check is None or check.result is not Result.FAILED:
        return ""
    if check.stage == Step.LOGIN.value:
        return "fails in the live check" if stage is Stage.LOGIN else ""
    if check.stage == Step.PUSH.value:
        return "passes in the live check" if stage is Stage.LOGIN and check.has_logged_in else "see the live check"
    return ""


def _next_page(answer: ExportAnswer, *, is_repairable: bool) -> str:
    """Return the page to go to next; `check` where a live check is what is missing, empty where nothing is."""
    if answer.page == "repair":
        return "repair" if is_repairable else "edit"
    if answer.is_old and answer.kind != "disabled":
        return "check"
    if answer.page in {"rotate", "edit"}:
        return answer.page
    return "check" if answer.kind == "accepted" else ""


def masked(secret: Secret) -> str:
    """Return the manifest as YAML with every value that may be secret replaced, without a hint at its length.

    The ids of writes are left out, which older versions made of the password without a key: one annotation, and a part
    of the history, which the page shows by itself.
    """
    manifest: dict[str, Any] = deepcopy(dict(secret.manifest))
    manifest["data"] = dict.fromkeys(secret.data, MASK)
    metadata = manifest.get("metadata") or {}
    metadata.pop("managedFields", None)
    annotations = metadata.get("annotations") or {}
    for key in _IDS & set(annotations):
        del annotations[key]
    for key, value in annotations.items():  # tools leave copies of the data in annotations of their own
        annotations[key] = masked_key(value) if key.startswith(_HARMLESS) else MASK
    return yaml.safe_dump(manifest, allow_unicode=True, sort_keys=False, width=120)
