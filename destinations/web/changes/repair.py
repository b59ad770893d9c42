"""Repair a destination: what can be repaired, what that changes, and what Epinio will say then."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from types import MappingProxyType

from django.contrib import messages
from django.http import HttpResponse
from django.views.decorators.http import require_http_methods

from destinations import actions, repairs
from destinations.actions import Done, Seen, Split
from destinations.actions.repairs import name_problems, suggestions
from destinations.cluster.port import ClusterError, Conflict
from destinations.model import Secret, Snapshot, UserError
from destinations.overview import table
from destinations.repairs import Fix
from destinations.secret import docker_config
from destinations.secret.mask import masked_key
from destinations.web import errors
from destinations.web.changes import save, trial
from destinations.web.changes.trial import Trial
from destinations.web.forms import RepairForm
from destinations.web.request import PortalRequest


@require_http_methods(["GET", "HEAD", "POST"])
def repair(request: PortalRequest, name: str) -> HttpResponse:
    """Show what can be repaired and the difference; write it when asked to."""
    try:
        secret, snapshot = save.find(request, name)
    except ClusterError as error:
        return errors.cluster_error(request, error)
    groups = repairs.proposals(secret, snapshot)
    if request.method != "POST":
        shown = RepairForm(groups=groups, initial=save.initial(secret), rules=request.reads)
        return _page(request, secret, snapshot, shown, 200)
    if "split" in request.POST:
        return _split(request, secret, snapshot, groups)
    if "try" in request.POST and trial.is_possible(groups):
        return _try(request, secret, snapshot, groups)
    return _repair(request, secret, snapshot, groups)


def _repair(
    request: PortalRequest, secret: Secret, snapshot: Snapshot, groups: Sequence[tuple[Fix, ...]]
) -> HttpResponse:
    """Write the chosen repairs, or only show what they change."""
    name = secret.name
    form = RepairForm(request.POST, groups=groups, rules=request.reads)
    if "show" not in request.POST:
        form.require_a_fix()
    if not form.is_valid() or "show" in request.POST:
        return _page(request, secret, snapshot, form, 422 if form.errors else 200)
    typed = form.cleaned_data
    seen_state = Seen(typed["uid"], typed["resource_version"])
    try:
        change = save.change(request, form, scope=f"repair {sorted(_asked(request).items())}", without=form.fix_names)
        result = save.write(request, "repair", actions.repair, name, form.choice(), seen=seen_state, change=change)
    except (ClusterError, UserError) as error:
        if isinstance(error, Conflict) and _is_needless(request, form):
            return save.done(request, Done.of(secret), "", to="destination", notes=[_NOT_NEEDED.format(name)])
        trouble = save.explain_failure(request, form, secret, error)
        return _page(request, secret, snapshot, form, trouble.status, trouble)
    look = partial(save.as_written, request, result)
    standing = {} if result.is_overtaken else save.standing(request, [name], "was changed as chosen", look)
    for told in standing.values():
        messages.warning(request, told)
    return save.done(request, result, "" if standing else f"{name} was repaired.", to="destination")


_NOT_NEEDED = "{} does not need this repair anymore. Nothing was left to change."


def _is_needless(request: PortalRequest, form: RepairForm) -> bool:
    """Return whether none of the chosen repairs is proposed any more: someone has made them, or the same person elsewhere."""
    asked = _asked(request).keys()
    return bool(asked) and not asked & set(form.fix_names)


def _asked(request: PortalRequest) -> dict[str, str]:
    """Return the choices as they were sent: once they are written, the form proposes others, or none."""
    sent = {key: str(value) for key, value in request.POST.items() if value}
    return {key: value for key, value in sent.items() if key.startswith("fix-") or key == "organization"}


def _try(request: PortalRequest, secret: Secret, snapshot: Snapshot, groups: Sequence[tuple[Fix, ...]]) -> HttpResponse:
    """Ask the registry which of the two passwords it accepts, and select the repair that follows; write nothing."""
    form = RepairForm(request.POST, groups=groups, rules=request.reads)
    found: Trial | None = None
    trouble: UserError | None = None
    try:
        found = trial.run(request, secret, snapshot)
    except UserError as error:
        trouble = error
    except ClusterError as error:
        return errors.cluster_error(request, error)
    data = save.seen_again(form, secret)  # what was asked is what was read just now
    if found and found.code:
        data[f"fix-{trial.CODES[0]}"] = found.code
    form = RepairForm(data, groups=groups, rules=request.reads)
    status = trouble.status if trouble else 200
    return _page(request, secret, snapshot, form, status, trouble, found=found)


def _split(
    request: PortalRequest, secret: Secret, snapshot: Snapshot, groups: Sequence[tuple[Fix, ...]]
) -> HttpResponse:
    """Make a destination of each host, under the names that were typed or suggested."""
    form = RepairForm(request.POST, groups=groups, rules=request.reads)
    if not form.is_valid():
        return _page(request, secret, snapshot, form, 422)
    typed, kept = form.cleaned_data, request.POST.get("kept", "")
    if not kept:
        trouble = UserError("Nothing was split: no host stays.", f"Select the host that stays in {secret.name}.", 422)
        return _page(request, secret, snapshot, form, trouble.status, trouble)
    names = dict(zip(request.POST.getlist("split_host"), request.POST.getlist("split_name"), strict=False))
    wanted = Split(kept, {host: name for host, name in names.items() if host != kept})
    seen = Seen(typed["uid"], typed["resource_version"])
    try:
        if set(names) == set(docker_config.hosts(secret)) and (
            wrong := _wrong_names(request, secret, snapshot, wanted)
        ):
            trouble = UserError("Nothing was split.", "Correct the names below.", 422)
            return _page(request, secret, snapshot, form, trouble.status, trouble, wrong=wrong)
        change = save.change(request, form, scope=f"split {sorted(names.items())} {kept}", without=form.fix_names)
        result = save.write(request, "split", actions.split, secret.name, wanted, seen=seen, change=change)
    except (ClusterError, UserError) as error:
        trouble = save.explain_failure(request, form, secret, error)
        return _page(request, secret, snapshot, form, trouble.status, trouble)
    made = ", ".join(wanted.others.values())
    said = f"{secret.name} keeps {kept}. Created for the other host{'s' * (len(wanted.others) > 1)}: {made}."
    return save.done(request, result, said, to="destination")


def _wrong_names(request: PortalRequest, secret: Secret, snapshot: Snapshot, wanted: Split) -> dict[str, str]:
    """Return what is wrong with the new names, by host: what no name may be, and what some Secret has."""
    found = {host: snapshot.secrets.get(name) for host, name in wanted.others.items()}
    taken = {host: actions.name_taken(one, request.authority).message for host, one in found.items() if one}
    return taken | name_problems(secret, wanted, request.authority)


def _hosts(request: PortalRequest, secret: Secret, wrong: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """Return the hosts that can be split, with the names that were typed, or suggested, and what is wrong with each."""
    typed = dict(zip(request.POST.getlist("split_host"), request.POST.getlist("split_name"), strict=False))
    found = dict(suggestions(secret))
    return [
        (host, typed.get(host, name), wrong.get(host, "")) for host, name in found.items() if host == masked_key(host)
    ]


def _page(  # noqa: PLR0913, PLR0917 - one page's parts
    request: PortalRequest,
    secret: Secret,
    snapshot: Snapshot,
    form: RepairForm,
    status: int,
    trouble: UserError | None = None,
    *,
    found: Trial | None = None,
    wrong: Mapping[str, str] = MappingProxyType({}),
) -> HttpResponse:
    fixed = repairs.apply(secret, snapshot, form.choice())
    after = repairs.judged(fixed, snapshot)
    context = {
        **save.context(form, secret, trouble),
        "row": request.portal.answered_row(secret, snapshot, sees_all=request.principal.is_administrator),
        "lines": repairs.difference(secret, fixed.secret),
        "after": after,
        "after_status": table.status_of(after),
        "after_failed": table.failed(after),
        "host": docker_config.shown_hosts(secret),
        "hosts": _hosts(request, secret, wrong),
        "kept": request.POST.get("kept", ""),
        "two_passwords": trial.is_possible(form.groups),
        "trial": found,
    }
    return save.page(request, "destinations/repair.html", context, status=status)
