"""Disable and enable destinations, one or several at once, and back again."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial

from django.contrib import messages
from django.http import HttpResponse
from django.views.decorators.http import require_http_methods, require_POST

from destinations import actions
from destinations.actions import Denied, Done, Seen
from destinations.actions.messages import OVERTAKEN
from destinations.actions.writes import Series
from destinations.cluster.port import ClusterError
from destinations.model import Advice, UserError
from destinations.secret import history
from destinations.web import errors
from destinations.web.changes import check, save
from destinations.web.forms import SwitchForm
from destinations.web.pages import overview
from destinations.web.request import PortalRequest

NOTHING = "Nothing was changed: no destination was selected. Select at least one."
NOT_CHECKED = "Nothing was checked: no destination was selected. Select at least one."
_OTHER_LIST = "Nothing was changed: the list has changed since you selected it. Review it, and select again."
_MOST_NAMED = 10
_MAX_UNDO = 2000
"""So many characters of a message can say how to undo it: messages are in a cookie."""
_WORD = {True: "enabled", False: "disabled"}


@dataclass(slots=True)
class _Outcome:
    """What became of the chosen ones: those that were changed, those that were so already, and why others were not."""

    on: bool
    switched: list[Done] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    overtaken: list[str] = field(default_factory=list)
    failed: dict[tuple[Advice, int], list[str]] = field(default_factory=dict)
    series: Series = field(default_factory=Series)

    def switch(self, request: PortalRequest, form: SwitchForm, name: str, seen: Seen) -> None:
        action, use_case = "enable" if self.on else "disable", partial(actions.switch, on=self.on)
        change = save.change(request, form, scope=name)
        try:
            before = _state(request, name, seen)
            done = save.write(request, action, use_case, name, seen=before, change=change)
            if done.is_overtaken:
                self.overtaken.append(name)
            elif done.was_so:
                self.unchanged.append(name)
            else:
                self.switched.append(done)
        except (ClusterError, UserError, Denied) as error:
            trouble = save.trouble_of(request, error)
            self.failed.setdefault((trouble.advice, trouble.status), []).append(name)
            self.series.note(error)


@require_POST
def switch(request: PortalRequest) -> HttpResponse:
    """Disable or enable every chosen destination, each on its own; then say of each what Epinio does with it."""
    form = SwitchForm(request.POST)
    chosen = _chosen(request, form)
    if isinstance(chosen, str):
        return overview.refuse(request, chosen)
    outcome = _Outcome(form.cleaned_data["to"] == "on")
    for place, (name, seen) in enumerate(chosen):
        if why := outcome.series.stopped():
            messages.error(request, f"Not tried: {named([one for one, _ in chosen[place:]])}. {why}")
            break
        outcome.switch(request, form, name, seen)
    if outcome.failed and len(chosen) == 1:
        advice, status = next(iter(outcome.failed))
        return errors.page(request, status, advice.message, advice.fix)
    for (advice, _), names in outcome.failed.items():
        messages.error(request, f"Not changed: {named(names)}. {advice.message} {advice.fix}")
    _tell(request, outcome)
    single = len(chosen) == 1 and "back" in request.POST
    return save.see_other("destination" if single else "overview", chosen[0][0], shown=save.shown_query(request))


@require_http_methods(["GET", "HEAD", "POST"])
def check_several(request: PortalRequest) -> HttpResponse:
    """Begin or follow a check of several; where none is selected, show the overview again."""
    if request.method == "POST" and not {"all", "every", "chosen"} & set(request.POST):
        return overview.refuse(request, NOT_CHECKED)
    return check.check_several(request, lambda: overview.matching(request))


def _chosen(request: PortalRequest, form: SwitchForm) -> list[tuple[str, Seen]] | str:
    """Return the chosen destinations with the state that was seen, or why nothing is changed. Raises the port's errors."""
    valid = form.is_valid()
    if "every" in request.POST and not {"to", "nonce"} & set(form.errors):
        found = overview.matching(request)
        if str(len(found)) != request.POST["every"]:
            return _written(request, form) or _OTHER_LIST
        return [(secret.name, Seen.of(secret)) for secret in found] or NOTHING
    if not valid:
        return NOTHING
    chosen: list[tuple[str, Seen]] = form.cleaned_data["chosen"]
    return chosen


def _written(request: PortalRequest, form: SwitchForm) -> list[tuple[str, Seen]]:
    """Return what this very form has written before: sent twice, it finds another list, since it changed that itself."""
    mine = (one for one in request.reads.direct.destinations if request.authority.changes(one))
    return [
        (one.name, Seen.of(one))
        for one in mine
        if history.holds(one, save.change(request, form, scope=one.name).write_id)
    ]


def _state(request: PortalRequest, name: str, seen: Seen) -> Seen:
    """Return the state to write on; an Undo knows it by its resourceVersion alone. Raises the port's errors."""
    if seen.uid != SwitchForm.WITHOUT_UID:
        return seen
    now = Seen.of(request.portal.cluster.get_secret(name))
    return Seen(now.uid, seen.resource_version)


def _tell(request: PortalRequest, outcome: _Outcome) -> None:
    """Say what was done and what it leads to; what Epinio still hides or would not export to is not called a success."""
    switched = [done.name for done in outcome.switched]
    undo = _undo(outcome)
    if switched and not outcome.on:
        them = ("it", "its name") if len(switched) == 1 else ("them", "their names")
        said = f"{named(switched)} {_are(switched)} disabled: Epinio does not list {them[0]} and refuses {them[1]}."
        messages.success(request, said, extra_tags=undo)
    if outcome.unchanged:
        messages.info(request, f"{named(outcome.unchanged)} {_was(outcome.unchanged)} {_WORD[outcome.on]} already.")
    for name in outcome.overtaken:
        messages.info(request, OVERTAKEN.format(name))
    if outcome.on:
        _tell_enabled(request, switched, outcome.unchanged, undo)


def _tell_enabled(request: PortalRequest, switched: list[str], unchanged: list[str], undo: str) -> None:
    troubles = save.standing(request, [*switched, *unchanged], "is enabled")
    if sound := [name for name in switched if name not in troubles]:
        messages.success(
            request, f"{named(sound)} {_are(sound)} enabled, and Epinio accepts {_it(sound)}.", extra_tags=undo
        )
        undo = ""
    for name, trouble in troubles.items():
        messages.warning(request, trouble, extra_tags=undo if name in switched else "")
        undo = "" if name in switched else undo


def _undo(outcome: _Outcome) -> str:
    """Return how to undo it, for the page that shows the message; empty for what is too long."""
    states = [f"{done.name} {SwitchForm.WITHOUT_UID} {done.resource_version}" for done in outcome.switched]
    text = "\n".join(["off" if outcome.on else "on", *states])
    return text if states and len(text) <= _MAX_UNDO else ""


def named(names: list[str]) -> str:
    """Return the names for a sentence, the first ten and how many more."""
    more = len(names) - _MOST_NAMED
    return ", ".join(names[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def _are(names: list[str]) -> str:
    return "is" if len(names) == 1 else "are"


def _was(names: list[str]) -> str:
    return "was" if len(names) == 1 else "were"


def _it(names: list[str]) -> str:
    return "it" if len(names) == 1 else "them"
