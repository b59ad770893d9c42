"""Act once on what was found: disable, rotate and enable the chosen destinations, with a result for each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from django.http import HttpResponse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from destinations import actions, names
from destinations.actions import Change, Done, Rotation, Seen, checks
from destinations.cluster.port import ClusterError
from destinations.livecheck.result import Last
from destinations.livecheck.runner import Question
from destinations.model import Secret, Snapshot, UserError
from destinations.portal import Reads
from destinations.secret import docker_config, history
from destinations.web import errors
from destinations.web.changes import check, save
from destinations.web.forms import NewAccountForm, ResponseForm
from destinations.web.leak import attempts as attempts_of
from destinations.web.leak import page
from destinations.web.leak.attempts import Attempt, WriteResult
from destinations.web.leak.case import LeakCase, read
from destinations.web.leak.holders import row
from destinations.web.request import PortalRequest

_NOTHING = UserError("Nothing was changed: no destination was selected.", "Select at least one.", 422)
_UNCONFIRMED = UserError(
    "Nothing was changed: exports to these destinations stop until they are enabled again.",
    "Select the check box beside the button to confirm.",
    422,
)
_UNFINISHED = UserError("Nothing was changed: the new credentials need attention.", "See the fields below.", 422)
_INCOMPLETE = UserError("Nothing was changed: the form was not complete.", "Search again.", 422)
_FOREIGN = UserError("Nothing was changed: a destination was not in what was found.", "Search again.", 422)
_GONE = "This destination does not exist anymore, or something replaced it. Search again."
_OVERTAKEN = "This form was sent and done before, and the destination has changed since. Search again."
_Write = Callable[[str], Done]


@sensitive_post_parameters()
@require_POST
def respond(request: PortalRequest) -> HttpResponse:
    """Act on each chosen destination, and show the case with the results."""
    try:
        case = read(request.POST.get("state", ""))
        snapshot = request.reads.direct
        action = request.POST.get("action", "")
        form = _form(request, action, snapshot)
        trouble = _trouble(form, action, case)
        if trouble:
            return _refused(request, case, snapshot, trouble, form)
        attempts = _Response(request, form, snapshot).act(action)
        attempts = sorted([*attempts, *_skipped(case, snapshot)], key=lambda one: one.name)
    except ClusterError as error:
        return errors.cluster_error(request, error)
    except UserError as error:  # a check that finds no place, or a case that has expired
        return errors.page(request, error.status, error.message, error.fix)
    after = case.with_steps(action, attempts, request.principal.username)
    status = 409 if attempts_of.rest(attempts) else 200
    try:
        now = Reads(request.portal).direct
    except ClusterError:
        now = snapshot
    return page.show(request, after, now, status=status, attempts=attempts, action=action)


def _skipped(case: LeakCase, snapshot: Snapshot) -> list[Attempt]:
    """Return what was found and cannot be chosen, since something else manages it or it is immutable."""
    rows = [row(case, one, snapshot) for one in case.holders if one.is_destination]
    return [Attempt(one.holder.name, WriteResult.SKIPPED, one.skipped) for one in rows if one.skipped]


def _form(request: PortalRequest, action: str, snapshot: Snapshot) -> ResponseForm | NewAccountForm:
    if action != "rotate":
        return ResponseForm(request.POST)
    chosen = [text.partition(" ")[0] for text in request.POST.getlist("chosen")]
    hosts = {docker_config.host_key(snapshot.secrets[name]) for name in chosen if name in snapshot.secrets}
    return NewAccountForm(request.POST, request.FILES, host=hosts.pop() if len(hosts) == 1 else "")


def _trouble(form: ResponseForm | NewAccountForm, action: str, case: LeakCase) -> UserError | None:
    """Return why nothing can be done with the form as it was sent, or None."""
    valid = form.is_valid()
    chosen = form.cleaned_data.get("chosen")
    if not chosen:
        return _NOTHING
    if not {name for name, _ in chosen} <= case.names:
        return _FOREIGN
    if not valid:
        return _UNFINISHED if isinstance(form, NewAccountForm) else _INCOMPLETE
    return _UNCONFIRMED if action == "disable" and not form.cleaned_data["confirmed"] else None


def _refused(
    request: PortalRequest, case: LeakCase, snapshot: Snapshot, trouble: UserError, form: ResponseForm | NewAccountForm
) -> HttpResponse:
    wanted = {name for name, _ in form.cleaned_data.get("chosen") or ()}
    account = form if isinstance(form, NewAccountForm) else None
    return page.show(
        request, case, snapshot, status=trouble.status, trouble=trouble, wanted=wanted or None, account=account
    )


class _Response:
    """One action on the chosen destinations."""

    def __init__(self, request: PortalRequest, form: ResponseForm | NewAccountForm, snapshot: Snapshot) -> None:
        self._request = request
        self._form = form
        self._snapshot = snapshot
        self._seen: Mapping[str, Seen] = dict(form.cleaned_data["chosen"])
        self._ended: dict[str, Attempt] = {}

    def act(self, action: str) -> list[Attempt]:
        """Return what became of each chosen destination, by name. Raises RateLimited and the port's errors."""
        chosen = {name: secret for name in sorted(self._seen) if (secret := self._there(name))}
        self._leave_written(action, chosen)
        write = {"disable": self._disable, "enable": self._enable, "rotate": self._rotate}[action](chosen)
        left = [name for name in chosen if name not in self._ended]
        written = attempts_of.write_each(left, write)
        return sorted([*self._ended.values(), *written], key=lambda one: one.name)

    def _there(self, name: str) -> Secret | None:
        secret = self._snapshot.secrets.get(name)
        if secret is None or secret.uid != self._seen[name].uid:
            self._end(name, WriteResult.NOT_WRITTEN, _GONE)
            return None
        return None if attempts_of.skip_reason(secret) else secret

    def _end(self, name: str, result: WriteResult, why: str) -> None:
        self._ended[name] = Attempt(name, result, why)

    def _leave_written(self, action: str, chosen: dict[str, Secret]) -> None:
        """Take out what this very form has written before: sent twice, it is not told what the first time left."""
        for name, secret in list(chosen.items()):
            change = self._change(action, name)
            if history.holds(secret, change.write_id):
                is_overtaken = Done.before(secret, change).is_overtaken
                self._end(name, *((WriteResult.NOT_WRITTEN, _OVERTAKEN) if is_overtaken else (WriteResult.WRITTEN, "")))
                del chosen[name]

    def _change(self, action: str, name: str) -> Change:
        return save.change(self._request, self._form, scope=f"{action} {name}")

    def _leave(self, chosen: Mapping[str, Secret], value: str, state: str) -> dict[str, Secret]:
        """Return those that have to be written: one that is so already would only seem to be."""
        for name, secret in chosen.items():
            if secret.labels[names.REGISTRY_LABEL] == value:
                self._end(name, WriteResult.UNCHANGED, f"It was {state} already.")
        return {name: secret for name, secret in chosen.items() if name not in self._ended}

    def _disable(self, chosen: Mapping[str, Secret]) -> _Write:
        self._leave(chosen, "false", "disabled")
        return partial(self._write, "disable", partial(actions.switch, on=False), ())

    def _enable(self, chosen: Mapping[str, Secret]) -> _Write:
        """Enable what passes a check as it would be enabled; an inconclusive check takes a ticked box."""
        portal, snapshot = self._request.portal, self._snapshot
        left = self._leave(chosen, "true", "enabled")
        questions = {name: checks.of_stored(portal, checks.enabled(secret), snapshot) for name, secret in left.items()}
        return self._checked("enable", partial(actions.switch, on=True), (), questions)

    def _rotate(self, chosen: Mapping[str, Secret]) -> _Write:
        """Rotate what passes a check with the new credentials, or is inconclusive; a failure takes a ticked box."""
        typed = self._form.cleaned_data
        form = self._form
        expires_on = form.expiry() if isinstance(form, NewAccountForm) else ""
        rotation = Rotation(typed["username"], typed["password"], None, expires_on)
        questions: dict[str, Question] = {}
        for name, secret in chosen.items():
            if why := attempts_of.same_password_reason(secret, rotation.password):
                self._end(name, WriteResult.NOT_WRITTEN, why)
                continue
            try:
                asked = checks.of_rotated(self._request.portal, checks.enabled(secret), self._snapshot, rotation)
                questions[name] = asked
            except UserError as error:
                self._end(name, WriteResult.NOT_WRITTEN, f"{error.message} {error.fix}")
        return self._checked("rotate", actions.rotate, (rotation,), questions)

    def _checked(
        self, action: str, use_case: Callable[..., Done], what: tuple[object, ...], questions: Mapping[str, Question]
    ) -> _Write:
        """Check first; what fails is not written unless that was confirmed. Raises RateLimited."""
        anyway = self._form.cleaned_data["anyway"]
        portal, asker = self._request.portal, check.asker(self._request)
        found = attempts_of.check_each(portal, list(questions.values()), asker) if questions else {}
        for name in questions:
            if not anyway and (why := attempts_of.obstacle(found.get(name), must_pass=action == "enable")):
                self._end(name, WriteResult.NOT_WRITTEN, why)
        return partial(self._write, action, use_case, what, found=found)

    def _write(
        self,
        action: str,
        use_case: Callable[..., Done],
        what: tuple[object, ...],
        name: str,
        found: Mapping[str, Last] | None = None,
    ) -> Done:
        change = self._change(action, name)
        done = save.write(self._request, action, use_case, name, *what, seen=self._seen[name], change=change)
        last = (found or {}).get(name)
        if last and not done.is_repeat and (action == "enable" or attempts_of.is_enabled(self._snapshot.secrets[name])):
            checks.keep_saved(self._request.portal, last, done)
        return done
