"""What the pages that show or begin live checks have in common."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from django.http import HttpRequest, QueryDict

from destinations.actions import checks
from destinations.actions.checks import Asker
from destinations.livecheck import explanations, presentation, runner
from destinations.livecheck.plan import DEFAULT_APP, App
from destinations.livecheck.presentation import Shown
from destinations.livecheck.registry.port import Plan
from destinations.livecheck.result import Last, with_names
from destinations.livecheck.store import Results
from destinations.model import Secret
from destinations.web import current
from destinations.web import request as asked
from destinations.web.changes import save
from destinations.web.forms import AppForm

_APP = App.parse(DEFAULT_APP)


def asker(request: HttpRequest) -> Asker:
    """Return who asks for a check. Raises the port's errors."""
    return Asker(asked.principal(request).who, asked.address(request), save.permit(request))


def app_of(data: QueryDict) -> str:
    """Return the application that a form names, the usual one for none. Raises ValueError."""
    namespace, name = data.get("namespace", "").strip(), data.get("application", "").strip()
    return str(App.parse(f"{namespace or _APP.namespace}/{name or _APP.name}"))


def last_of(names: Iterable[str]) -> dict[str, Last]:
    """Return the last result of each destination that has one. Raises the port's errors."""
    kept = Results(current.config_maps_to_show())
    found = ((name, runner.CHECKS.recent.newer(name, kept.of(name))) for name in names)
    return {name: last for name, last in found if last}


def brief(request: HttpRequest, found: Iterable[Secret], everything: Mapping[str, Secret]) -> dict[str, Shown]:
    """Return the last results of destinations for a table. Raises the port's errors."""
    secrets = {secret.name: secret for secret in found}
    now, sees_all = datetime.now(UTC), asked.principal(request).is_administrator
    return {
        name: presentation.brief(
            last, now=now, sees_all=sees_all, outdated=presentation.is_outdated(last, secrets[name], everything)
        )
        for name, last in last_of(secrets).items()
    }


def section(request: HttpRequest, secret: Secret, everything: Mapping[str, Secret]) -> dict[str, Any]:
    """Return what the section of a destination's page shows. Raises the port's errors."""
    last = last_of([secret.name]).get(secret.name)
    outdated = last is not None and presentation.is_outdated(last, secret, everything)
    if last and not outdated:
        last = replace(last, report=with_names(last.report, _plan(secret, everything, last.app)))
    namespace, application = (last.app if last else DEFAULT_APP).split("/", 1)
    return {
        "check": last and report(request, last, outdated=outdated),
        "app_form": AppForm(initial={"namespace": namespace, "application": application}),
        "not_tested": explanations.NOT_TESTED,
        "may_remain": explanations.MAY_REMAIN,
        "unseen": explanations.UNSEEN,
    }


def _plan(secret: Secret, everything: Mapping[str, Secret], app: str) -> Plan:
    try:
        return checks.of_stored(secret, everything, app=app).plan
    except ValueError:  # what is kept may have been written by hand
        return checks.of_stored(secret, everything).plan


def report(request: HttpRequest, last: Last, *, outdated: bool = False) -> Shown:
    """Return a result whole, within what whoever asks may learn."""
    sees_all = asked.principal(request).is_administrator
    return presentation.whole(last, now=datetime.now(UTC), sees_all=sees_all, outdated=outdated)


def row(last: Last | None, everything: Mapping[str, Secret], *, sees_all: bool) -> dict[str, Any] | None:
    """Return a last result for the JSON interface, and whether the destination changed since."""
    if last is None:
        return None
    outdated = presentation.is_outdated(last, everything[last.name], everything)
    return {**presentation.row(last, sees_all=sees_all), "outdated": outdated}
