"""What to tell a person of an error: message, what to do, HTTP status. The one table of statuses for errors."""

from __future__ import annotations

from destinations.access import Denied
from destinations.actions.writes import NotWritten, Unknown
from destinations.cluster.port import (
    NO_CONFIGURATION,
    NO_CREDENTIAL,
    AlreadyExists,
    Ambiguous,
    ClusterError,
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    Unreachable,
)
from destinations.model import UserError

TOO_MANY_REQUESTS = 429
_UNAUTHORIZED = 401
_FORBIDDEN = 403


_UNKNOWN = UserError(
    "The cluster gave no usable answer, and it is not known whether the change was written.",
    "Look at the destination, its history above all, before you try again: the old state or the new one is there, "
    "never a mixture.",
    503,
)
_WORDS: dict[type[ClusterError], UserError] = {
    Unreachable: UserError(
        "The cluster does not answer. Nothing was changed.",
        "Try again in a moment; check the API server if it lasts.",
        503,
    ),
    Ambiguous: _UNKNOWN,
    Unknown: _UNKNOWN,
    NotWritten: UserError(
        "The cluster gave no usable answer. The portal has made sure that nothing was changed, now or later.",
        "Send it once more.",
        503,
    ),
    Forbidden: UserError(
        "Kubernetes does not let the portal do this. Nothing was changed.",
        "Give its service account get, list, watch, create, update and delete on Secrets in Epinio's namespace; look for an "
        "admission policy, too.",
        502,
    ),
    Conflict: UserError(
        "Somebody changed this destination since you opened the page. Nothing was changed now.",
        "Look at what is there, type the password again and save once more if it still should be so.",
        409,
    ),
    NotFound: UserError("There is no such destination.", "It may have been deleted: look at the overview.", 404),
    AlreadyExists: UserError("The name is taken already. Nothing was changed.", "Choose another name.", 409),
    Invalid: UserError(
        "Kubernetes refuses the Secret, and nothing was changed: it is too large, immutable, or a value in it is not "
        "allowed, by Kubernetes or by an admission policy.",
        "Shorten the bundle or the description, check the name, and ask who runs the cluster for its policies.",
        422,
    ),
}
_REFUSED_TOKEN = UserError(
    "Kubernetes does not accept the portal's token: it has expired or was revoked. Nothing was changed.",
    "In a pod: restart it, and see that its service account exists. With a kubeconfig: sign in to the cluster again.",
    502,
)
_OTHER = UserError("The cluster refuses this, and nothing was changed.", "Look at the API server's log.", 502)


def for_error(error: ClusterError | UserError | Denied) -> UserError:
    """Return what a page says of an error, with its status."""
    if isinstance(error, UserError):
        return error
    if isinstance(error, Denied):
        return UserError(str(error), "Ask an administrator of the portal.", _FORBIDDEN)
    known = next((_WORDS[kind] for kind in type(error).__mro__ if kind in _WORDS), _OTHER)
    message, fix = known.message, known.fix
    if error.status == _UNAUTHORIZED:
        return _REFUSED_TOKEN
    if isinstance(error, Forbidden) and error.verb:
        message = f"Kubernetes does not let the portal {error.verb} {error.resource}. Nothing was changed."
        fix = fix.replace("Secrets", "Secrets and ConfigMaps")
    elif error.reason == NO_CONFIGURATION:
        message = "The portal knows no cluster: there is no kubeconfig that can be used. Nothing was changed."
        fix = "Set KUBECONFIG, and EDRPORTAL_KUBE_CONTEXT for another context."
    elif error.reason == NO_CREDENTIAL:
        message = (
            "The credential plugin of the kubeconfig (exec) gave no token and no certificate. Nothing was changed."
        )
        fix = (
            "Run kubectl get secrets with the same kubeconfig: it says why. The plugin has to be in the PATH here, too."
        )
    elif isinstance(error, Unreachable) and error.status == TOO_MANY_REQUESTS:
        message = "The cluster is overloaded and turned the request away. Nothing was changed."
    return UserError(message, fix, known.status)
