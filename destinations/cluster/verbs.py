"""The one table of what the portal asks of Kubernetes: every verb on every resource, and why. Roles are made from it.

A Role that grants exactly this, in Epinio's namespace (namespaces cluster-wide), is enough; less than the optional rows
costs the named part of the portal and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

CORE = ""
BATCH = "batch"
APPS = "apps"
EXPORTS = "running and failed exports"
TEAMS = "noticing that a team's namespace was deleted"
EVENTS = "Kubernetes Events for changes"
SEALING = "reading the certificate of the sealed-secrets controller"
VERSION = "knowing which version of Epinio runs"


@dataclass(frozen=True, slots=True)
class Use:
    """One verb on one resource of an API group, and what it is for.

    `part` names the part of the portal that is missing without it, empty where nothing works. `cluster_wide` permissions
    take a ClusterRole.
    """

    group: str
    resource: str
    verb: str
    why: str
    part: str = ""
    cluster_wide: bool = False


TABLE: tuple[Use, ...] = (
    Use(CORE, "secrets", "get", "a form reads its destination directly before it writes"),
    Use(CORE, "secrets", "list", "destinations, certificates, and users: their labels cannot narrow it"),
    Use(CORE, "secrets", "watch", "pages show what others changed a moment ago"),
    Use(CORE, "secrets", "create", "a new destination, a new CA bundle"),
    Use(CORE, "secrets", "update", "rotate, edit, repair, disable"),
    Use(CORE, "secrets", "delete", "delete, also for unused certificate Secrets"),
    Use(CORE, "configmaps", "get", "the portal's own ConfigMaps are read before they are written"),
    Use(
        CORE,
        "configmaps",
        "list",
        "Epinio's roles, who signed out, where self-service is enabled, the last live checks",
    ),
    Use(CORE, "configmaps", "watch", "a sign-out counts on every replica within seconds"),
    Use(CORE, "configmaps", "create", "the portal's own ConfigMaps, if they do not exist yet"),
    Use(CORE, "configmaps", "update", "sign-out, self-service, the results of live checks"),
    Use(CORE, "events", "create", "a copy of each change, if enabled", EVENTS),
    Use(CORE, "namespaces", "get", "the uid of a team's namespace", TEAMS, cluster_wide=True),
    Use(APPS, "deployments", "get", "the version that Epinio's own Deployment states", VERSION),
    Use(BATCH, "jobs", "list", "Epinio's export jobs", EXPORTS),
    Use(CORE, "pods", "list", "the Pods of an export job", EXPORTS),
    Use(CORE, "pods/log", "get", "why an export failed", EXPORTS),
    Use(CORE, "services/proxy", "get", "the controller's public certificate, from its Service alone", SEALING),
)


def rules(uses: Iterable[Use]) -> str:
    """Return the rules of a Role for these uses, as YAML, one line a resource."""
    grouped = groupby(uses, key=lambda use: (use.group, use.resource))
    return "\n".join(
        f'- {{apiGroups: ["{group}"], resources: [{resource}], verbs: [{", ".join(use.verb for use in same)}]}}'
        for (group, resource), same in grouped
    )


def of_part(part: str) -> tuple[Use, ...]:
    return tuple(use for use in TABLE if use.part == part)
