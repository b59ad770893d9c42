"""The JSON interface, for scripts: who am I, the destinations, add one, rotate one."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from django.forms import Form
from django.http import HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from destinations import actions
from destinations.actions import Denied, Done, Rotation, Seen
from destinations.actions.rotations import lasting_expiry
from destinations.actions.writes import Unknown
from destinations.cluster.port import Ambiguous, ClusterError
from destinations.livecheck.result import Last
from destinations.model import Secret, Snapshot, UserError
from destinations.overview import rows
from destinations.overview.filters import Filter
from destinations.overview.table import Row
from destinations.portal import Reads
from destinations.secret import docker_config
from destinations.secret.mask import masked_everywhere
from destinations.web.api import body as apibody
from destinations.web.changes import check, save
from destinations.web.changes.new import tell_taken_name
from destinations.web.forms import NewForm, RotateForm
from destinations.web.forms.credentials import AccountForm
from destinations.web.pages import same
from destinations.web.request import PortalRequest

_ADD = {"name", "host", "username", "password", "password_blanks", "credentials_confirmed", "organization", "bundle",
        "description", "credentials_expire_on", "team"}  # fmt: skip
_ROTATE = {"username", "password", "password_blanks", "credentials_confirmed", "bundle", "credentials_expire_on"}
_KEPT = 5000
"""Some 8 MB of members of lists."""


@csrf_exempt
@require_safe
def me(request: PortalRequest) -> HttpResponse:
    person = request.principal
    try:
        teams = [{"name": team.name, "may_manage": team.may_manage} for team in request.authority.teams()]
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
def destinations(request: PortalRequest) -> HttpResponse:
    """Return the array of `manage.py verdict --format json`, of what exists for the person who asks; or add one.

    `q`, `answer`, `status`, `same` and `sort` leave out and order as they do on the overview; without any of them it is by
    name.
    It is from the watch, as the overview is; with `after` it is read directly.
    """
    if request.method == "POST":
        return _add(request)
    try:
        snapshot = request.reads.fresh if "after" in request.GET else request.snapshot
        answered = request.portal.answered(snapshot, sees_all=request.principal.is_administrator)
        visible = [row for row in answered if request.authority.sees(row.secret)]
        if name := request.GET.get("same", ""):
            wanted = same.group(request, name)
            visible = [row for row in visible if row.name in wanted]
        checked = check.last_of(request, (row.name for row in visible))
    except ClusterError as error:
        return failure(request, error)
    order = {"sort": "name", **request.GET.dict()}
    shown = (
        _text(row, _check_text(request, checked.get(row.name), snapshot)) for row in Filter.read(order).apply(visible)
    )
    return HttpResponse(f"[{', '.join(shown)}]", content_type="application/json")


@lru_cache(maxsize=_KEPT)
def _text(row: Row, last_check: str) -> str:
    """Return one member of the list, written once for each state of a destination, regardless of who asks, and how often."""
    member = masked_everywhere({**rows.row(row.judgement), **rows.answer(row.answer)})
    return f'{json.dumps(member)[:-1]}, "last_check": {last_check}}}'


def _check_text(request: PortalRequest, last: Last | None, snapshot: Snapshot) -> str:
    return json.dumps(masked_everywhere(check.row(request, last, snapshot))) if last else "null"


@sensitive_variables()
def _add(request: PortalRequest) -> HttpResponse:
    try:
        fields = apibody.read(request, _ADD)
        form = NewForm(
            apibody.as_form(fields, apibody.nonce(request)), authority=request.authority, rules=request.reads
        )
        valid, uid = form.is_valid(), save.team_uid(request, form)
        if not valid or uid is None:
            tell_taken_name(request, form)
            return _invalid(form)
        draft = form.draft(uid)
        change = apibody.change(request, form)
        cluster = request.portal.cluster
        done = save.act(request, "add", draft.name, lambda: actions.add(cluster, draft, change))
    except (ClusterError, UserError, Denied) as error:
        return failure(request, error)
    return _row(request, done, 201, (*form.bundle_notes, *_past(form), *form.host_notes))


@csrf_exempt
@require_POST
@sensitive_variables()
def rotate(request: PortalRequest, name: str) -> HttpResponse:
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
        ends = (
            form.expiry()
            if fields.get("credentials_expire_on") is not None
            else lasting_expiry(secret, request.reads.now)
        )
        rotation = Rotation(typed["username"], typed["password"], typed["bundle"], ends)
        # without the state that was read, so that a script sends the same thing twice
        change, seen = apibody.change(request, form, without={"uid", "resource_version"}), Seen.of(secret)
        apibody.refuse_reuse(request, secret, change)
        done = save.write(request, "rotate", actions.rotate, name, rotation, seen=seen, change=change)
    except (ClusterError, UserError, Denied) as error:
        return failure(request, error)
    return _row(request, done, 200, (*form.bundle_notes, *_past(form)))


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


def _past(form: AccountForm) -> tuple[str, ...]:
    """Return the note on a stated date in the past: a script is told, and not asked."""
    return ("credentials_expire_on is in the past.",) if form.asks_about_expiry else ()


def _row(request: PortalRequest, done: Done, status: int, repaired: tuple[str, ...]) -> HttpResponse:
    """Return the destination's row as it is now, with its answer; where it cannot be read any more, at least its name."""
    try:
        snapshot = Reads(request.portal).direct
    except ClusterError:
        return JsonResponse({"name": done.name, "notes": [*done.notes, *repaired]}, status=status)
    stored, row = snapshot.secrets.get(done.name), {"name": done.name}
    if stored:
        found = request.portal.answered_row(stored, snapshot, sees_all=request.principal.is_administrator)
        row = {**rows.row(found.judgement), **rows.answer(found.answer)}
    return JsonResponse({**masked_everywhere(row), "notes": [*done.notes, *repaired]}, status=status)


def _invalid(form: Form) -> HttpResponse:
    """Say what is wrong, field by field, by the names that the JSON has; values never come back."""
    problems = {apibody.JSON_NAMES.get(name, name): [str(one) for one in found] for name, found in form.errors.items()}
    first = next(iter(problems.items()))
    fix = "Fix the fields listed and try again." + (
        " If the spaces are part of the password, send password_blanks: keep."
        if getattr(form, "asks_about_blanks", False)
        else ""
    )
    if getattr(form, "asks_about_oddities", False):
        fix += " If the user name and password are correct, send credentials_confirmed: yes."
    return JsonResponse({"error": f"{first[0]}: {first[1][0]}", "fix": fix, "fields": problems}, status=400)


def failure(request: PortalRequest, error: ClusterError | UserError | Denied) -> HttpResponse:
    trouble = save.trouble_of(request, error)
    body: dict[str, str] = {"error": trouble.message, "fix": trouble.fix}
    if isinstance(error, Unknown | Ambiguous):
        body["outcome"] = "unknown"
    return JsonResponse(body, status=400 if trouble.status == 422 else trouble.status)  # noqa: PLR2004
