"""What a command says of a failure, where there is no page to go to."""

from __future__ import annotations

from destinations.actions import messages
from destinations.cluster.port import NO_CONFIGURATION, ClusterError, NotFound
from destinations.model import UserError
from edrportal.configuration.environment import Environment

INTERRUPTED = "Interrupted"
"""The reason of a write that Ctrl-C ended."""
NO_CONTEXT = (
    "EDRPORTAL_KUBE_CONTEXT is {}, and no kubeconfig with this context was found. List the contexts with kubectl config "
    "get-contexts, or unset EDRPORTAL_KUBE_CONTEXT to use the current one."
)


def told(error: ClusterError | UserError, environment: Environment, name: str = "") -> str:
    """Return what went wrong and what to do; `name` is the destination that was asked for."""
    if isinstance(error, NotFound) and name:
        return (
            f"There is no destination {name!a} in the namespace {environment.namespace!a}. Check the name, and "
            "EDRPORTAL_NAMESPACE if Epinio is installed elsewhere."
        )
    if error.reason == NO_CONFIGURATION and environment.kube_context:
        return f"{NO_CONTEXT.format(ascii(environment.kube_context))} Nothing was changed."
    trouble = messages.for_error(error)
    if error.reason == INTERRUPTED:
        return f"Interrupted, so it is not known whether the change was written. {trouble.fix}"
    return f"{trouble.message} {trouble.fix}"
