"""The JSON interface, for scripts: who am I, the destinations, add one, rotate one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from django.forms import Form
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from destinations import actions
from destinations.actions import Denied, Done, Rotation, Seen
from destinations.actions.writes import Unknown
from destinations.cluster.port import Ambiguous, ClusterError
from destinations.model import Secret, UserError
from destinations.overview import rows, table
from destinations.overview.filters import Filter
from destinations.secret import docker_config
from destinations.secret.masking import masked_everywhere, masked_judgement
from destinations.web import current, errors
from destinations.web import request as asked
from destinations.web.api import body as apibody
from destinations.web.changes import check, save
from destinations.web.forms import NewForm, RotateForm

_ADD = {"name", "host", "username", "password", "password_blanks", "credentials_confirmed", "organization", "bundle",
        "description", "credentials_expire_on", "team"}  # fmt: skip
_ROTATE = {"username", "password", "password_blanks", "credentials_confirmed", "bundle", "credentials_expire_on"}


@require_safe
def me(request: HttpRequest) -> HttpResponse:
    """Say who asks and what they may do."""
    person = asked.principal(request)
    try:
        teams = [{"name": team.name, "may_manage": team.may_manage} for team in asked.authority(request).teams()]
    except ClusterError as error:
        return failure(request, error)
    told: dict[str, Any] = {
        "username": person.username,
        "roles": person.role_ids,
        "administrator": person.is_administrator,
        "may_list_export_registries": person.may_list,
        "may_export_from": person.exports(),
        "teams": teams,
    }
    if person.excluded():
        told["may_not_export_from"] = person.excluded()
    return JsonResponse(told)


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def destinations(request: HttpRequest) -> HttpResponse:
    """Return the array of `manage.py verdict --format json`, of what exists for whoever asks; or add one.

    `q`, `status` and `sort` leave out and order as they do on the overview; without any of them it is by name.
    """
    if request.method == "POST":
        return _add(request)
    try:
        authority = asked.authority(request)
        found = current.list_secrets()
        visible = {secret.name for secret in authority.visible(found)}
        checked = check.last_of(secret.name for secret in found if secret.name in visible)
    except ClusterError as error:
        return failure(request, error)
    judged = rows.judge_namespace(found, now=datetime.now(UTC), version=current.epinio_version())
    sees_all, by_name = authority.person.is_administrator, {secret.name: secret for secret in found}
    by_judgement = {one.name: one for one in judged if one.name in visible}
    shown = [
        {
            **rows.row(masked_judgement(one)),
            "last_check": check.row(checked.get(one.name), by_name, sees_all=sees_all),
        }
        for one in (by_judgement[name] for name in _asked_for(request, found) if name in by_judgement)
    ]
    return HttpResponse(json.dumps(masked_everywhere(shown), ensure_ascii=True), content_type="application/json")


def _asked_for(request: HttpRequest, found: Sequence[Secret]) -> list[str]:
    """Return the names of the Secrets that the address asks for, in its order."""
    if not request.GET.keys() & {"q", "status", "sort"}:
        return sorted(secret.name for secret in found)
    order = {"sort": "name", **request.GET.dict()}
    everything = table.rows(found, now=datetime.now(UTC), version=current.epinio_version())
    return [row.name for row in Filter.read(order).apply(everything)]


@sensitive_variables()
def _add(request: HttpRequest) -> HttpResponse:
    try:
        fields = apibody.read(request, _ADD)
        form = NewForm(apibody.as_form(fields, apibody.nonce(request)), authority=asked.authority(request))
        if not form.is_valid():
            return _invalid(form)
        uid = save.team_uid(form)
        if uid is None:
            return _invalid(form)
        draft = form.draft(uid)
        change = apibody.change(request, form)
        cluster = current.cluster()
        done = save.act(request, "add", draft.name, lambda: actions.add(cluster, draft, change))
    except apibody.Unreadable as error:
        return errors.told(str(error), error.fix, 400)
    except (ClusterError, UserError, Denied) as error:
        return failure(request, error)
    return _row(done, 201, form.bundle_notes)


@csrf_exempt
@require_POST
@sensitive_variables()
def rotate(request: HttpRequest, name: str) -> HttpResponse:
    """Rotate the credentials; what is not stated stays as it is."""
    try:
        secret = save.find_one(request, name)  # before anything is read of the body
        fields = apibody.read(request, _ROTATE)
        sent = _rotation_fields(fields, secret, apibody.nonce(request))
        form = RotateForm(sent, host_of=lambda: docker_config.host_key(secret))
        if not fields.get("password"):
            form.add_error("password", "Type the password or token.")
        if not form.is_valid():
            return _invalid(form)
        typed = form.cleaned_data
        rotation = Rotation(typed["username"], typed["password"], typed["bundle"], form.expiry())
        # without the state that was read, so that a script sends the same thing twice
        change, seen = apibody.change(request, form, without={"uid", "resource_version"}), Seen.of(secret)
        apibody.refuse_reuse(request, secret, change)
        cluster = current.cluster()
        done = save.act(
            request,
            "rotate",
            name,
            lambda: actions.rotate(cluster, name, rotation, seen=seen, change=change),
            before=seen,
        )
    except apibody.Unreadable as error:
        return errors.told(str(error), error.fix, error.status)
    except (ClusterError, UserError, Denied) as error:
        return failure(request, error)
    return _row(done, 200, form.bundle_notes)


def _rotation_fields(fields: dict[str, str | None], secret: Secret, nonce: str) -> Any:  # noqa: ANN401 - form data
    stored = docker_config.stored_credentials(secret)
    bundle = fields.get("bundle")
    choice = "keep" if bundle is None else "replace" if bundle else "remove"
    stated = {
        "username": stored.username if stored else "",
        **{key: value for key, value in fields.items() if value is not None},
        "bundle_choice": choice,
        "uid": secret.uid,
        "resource_version": secret.resource_version,
    }
    return apibody.as_form(stated, nonce)


def _row(done: Done, status: int, repaired: tuple[str, ...]) -> HttpResponse:
    """Return the destination's row as it is now; where it cannot be read any more, at least its name."""
    try:
        found = current.cluster().list_secrets()
    except ClusterError:
        return JsonResponse({"name": done.name, "notes": [*done.notes, *repaired]}, status=status)
    judged = rows.judge_namespace(found, now=datetime.now(UTC), version=current.epinio_version())
    row = next((rows.row(masked_judgement(one)) for one in judged if one.name == done.name), {"name": done.name})
    return JsonResponse({**masked_everywhere(row), "notes": [*done.notes, *repaired]}, status=status)


def _invalid(form: Form) -> HttpResponse:
    """Say what is wrong, field by field, by the names that the JSON has; values never come back."""
    problems = {apibody.JSON_NAMES.get(name, name): [str(one) for one in found] for name, found in form.errors.items()}
    first = next(iter(problems.items()))
    fix = "Mend it and send it once more." + (
        " Where blanks belong to the password, send password_blanks: keep." if "password" in problems else ""
    )
    if getattr(form, "asks_about_oddities", False):
        fix += " Where user name and password really are like this, send credentials_confirmed: yes."
    return JsonResponse({"error": f"{first[0]}: {first[1][0]}", "fix": fix, "fields": problems}, status=400)


def failure(request: HttpRequest, error: ClusterError | UserError | Denied) -> HttpResponse:
    """Return what went wrong in the shape of the JSON interface."""
    trouble = save.trouble_of(request, error)
    body: dict[str, str] = {"error": trouble.message, "fix": trouble.fix}
    if isinstance(error, Unknown | Ambiguous):
        body["outcome"] = "unknown"
    return JsonResponse(body, status=400 if trouble.status == 422 else trouble.status)  # noqa: PLR2004
