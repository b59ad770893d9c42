"""Disable and enable destinations, one or several at once."""

from __future__ import annotations

from functools import partial

from django.contrib import messages
from django.http import HttpResponse
from django.views.decorators.http import require_POST

from destinations import actions
from destinations.actions import Denied, Seen
from destinations.cluster.port import ClusterError
from destinations.model import Advice, UserError
from destinations.web import errors
from destinations.web.changes import save
from destinations.web.forms import SwitchForm
from destinations.web.request import PortalRequest


@require_POST
def switch(request: PortalRequest) -> HttpResponse:
    """Disable or enable every chosen destination, each on its own; then say of each that failed why."""
    form = SwitchForm(request.POST)
    if not form.is_valid():
        return errors.page(request, 422, "Nothing was changed: no destination was selected.", "Select at least one.")
    on = form.cleaned_data["to"] == "on"
    action, use_case = "enable" if on else "disable", partial(actions.switch, on=on)
    chosen: list[tuple[str, Seen]] = form.cleaned_data["chosen"]
    switched: list[str] = []
    failed: dict[tuple[Advice, int], list[str]] = {}
    for name, seen in chosen:
        change = save.change(request, form, scope=name)
        try:
            save.write(request, action, use_case, name, seen=seen, change=change)
            switched.append(name)
        except (ClusterError, UserError, Denied) as error:
            trouble = save.trouble_of(request, error)
            failed.setdefault((trouble.advice, trouble.status), []).append(name)
    if failed and len(chosen) == 1:
        advice, status = next(iter(failed))
        return errors.page(request, status, advice.message, advice.fix)
    for (advice, _), unswitched in failed.items():
        messages.error(request, f"Not changed: {', '.join(unswitched)}. {advice.message} {advice.fix}")
    if switched:
        words = "enabled" if on else "disabled: Epinio does not list it and refuses its name"
        messages.success(request, f"{', '.join(switched)} {'is' if len(switched) == 1 else 'are'} {words}.")
    single = len(chosen) == 1 and "back" in request.POST
    return save.see_other("destination" if single else "overview", chosen[0][0], shown=request.POST.get("shown", ""))
