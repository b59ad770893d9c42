"""“Check, then save”: a form is checked as it would be stored, and saved in the same go if nothing fails.

A password never goes back to a page, so both happen in one request. After a failed check there is a button that saves
anyway, without another check.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from django.forms import Form

from destinations.actions import Done
from destinations.actions import checks as checking
from destinations.livecheck import explanations
from destinations.livecheck.presentation import Shown
from destinations.livecheck.ratelimit import RateLimited
from destinations.livecheck.result import Last
from destinations.livecheck.runner import Question
from destinations.model import Secret, UserError
from destinations.portal import Portal
from destinations.secret import history
from destinations.web.changes import check, save
from destinations.web.request import PortalRequest


@dataclass(frozen=True, slots=True)
class Gate:
    """Whether a form may be saved now; if not, why: a report, a choice that is not made, or a check that did not begin."""

    may_save: bool
    last: Last | None = None
    shown: Shown | None = None
    unconfirmed: bool = False
    trouble: UserError | None = None

    @property
    def failed(self) -> bool:
        """Whether the page has to ask for a conscious choice."""
        return self.shown is not None or self.unconfirmed

    @property
    def words(self) -> str:
        """What a check that does not keep from saving said; empty where there was none."""
        return explanations.headline(*self.last.outcomes) if self.last else ""

    def after(self, portal: Portal, done: Done) -> Done:
        """Keep the result of the check for the destination that was saved, and say what it said."""
        if self.last is None or done.is_repeat:  # its result is that of another moment
            return done
        when = "" if checking.keep_saved(portal, self.last, done) else ", once the destination is enabled"
        return replace(done, notes=(f"Live check{when}: {self.words}", *done.notes))


OPEN = Gate(may_save=True)


def is_written(request: PortalRequest, form: Form, secret: Secret) -> bool:
    """Return whether this very form is in the destination already: then nothing is left to check."""
    return history.holds(secret, save.change(request, form).write_id)


def ask(request: PortalRequest, question: Callable[[], Question], is_written: Callable[[], bool]) -> Gate:
    """Check first where that is wanted, and not where it is to be saved, or made a file of, anyway, or is saved already.

    Raises what `question` raises, and the port's errors.
    """
    if "anyway" in request.POST or request.POST.get("download") == "sealed":
        return OPEN
    if "check" not in request.POST and request.POST.get("download") != "checked":
        return Gate(may_save=False, unconfirmed=True) if "check_failed" in request.POST else OPEN
    if "check" in request.POST and is_written():
        return OPEN
    try:
        last = checking.check(request.portal, question(), check.asker(request))
    except RateLimited as error:
        return Gate(may_save=False, trouble=error)
    shown = check.report(request, last)
    return Gate(may_save=False, shown=shown) if shown.fails else Gate(may_save=True, last=last)
