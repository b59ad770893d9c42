"""The names that Epinio, Kubernetes and the portal give to labels, annotations and keys."""

from __future__ import annotations

REGISTRY_LABEL = "epinio.io/api-export-registry"
"""Label that makes a Secret an export destination; Epinio wants exactly the value `true`."""
ORGANIZATION_ANNOTATION = "epinio.io/registry-namespace"
"""Annotation with the organization: the path below the registry's host."""
CONFIG_KEY = ".dockerconfigjson"
"""Data key of the credentials, in the form of Docker's `config.json`."""
CERTS_KEY = "certs"
"""Data key that names the certificate secret."""
BUNDLE_KEY = "tls.crt"
"""Data key of the PEM bundle in the certificate secret."""
LAST_APPLIED_ANNOTATION = "kubectl.kubernetes.io/last-applied-configuration"
"""Where `kubectl apply` leaves a copy of what it wrote, passwords in clear included."""

MANAGED_BY_LABEL = "app.kubernetes.io/managed-by"
MANAGED_BY_PORTAL = "edrportal"
KIND_LABEL = "edrportal/kind"
KIND_CERTIFICATE = "certificate"
TEAM_LABEL = "edrportal/team"

WRITE_ID_ANNOTATION = "edrportal/write-id"
CHANGED_BY_ANNOTATION = "edrportal/changed-by"
CHANGED_AT_ANNOTATION = "edrportal/changed-at"
ROTATED_AT_ANNOTATION = "edrportal/rotated-at"
EXPIRY_ANNOTATION = "edrportal/credentials-expire-on"
"""The date, `2027-01-31`, on which the credential ends, as somebody stated it."""
DESCRIPTION_ANNOTATION = "edrportal/description"
RELEASED_AT_ANNOTATION = "edrportal/released-at"
"""On a certificate secret: since when no destination of the portal names it."""
HISTORY_ANNOTATION = "edrportal/history"
"""The last actions of the portal on this Secret, as JSON."""

USER_LABEL = "epinio.io/api-user-credentials"
"""Label (`true`) that makes a Secret an Epinio user."""
USER_KEYS = frozenset({"username", "password", "namespaces", "gitconfigs"})
ROLE_LABEL = "epinio.io/role"
"""On a ConfigMap (`true`): it defines a role. On a user's Secret: the role, in Epinio before 1.11."""
ROLES_ANNOTATION = "epinio.io/roles"
DEX_CONFIG = "dex-config"
"""The Secret that configures Dex, and Epinio's use of it."""
DEX_KEYS = frozenset({"issuer", "endpoint", "rolesMapping", "config.yaml"})
TEAM_UID_ANNOTATION = "edrportal/team-uid"
"""The uid that the team's namespace had when the destination was given to the team."""
SESSIONS_CONFIG_MAP = "edrportal-sessions"
TEAMS_CONFIG_MAP = "edrportal-teams"
CONFIG_MAPS = frozenset({SESSIONS_CONFIG_MAP, TEAMS_CONFIG_MAP})
