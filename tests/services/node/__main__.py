"""Starts a node for a person, with the image of this clone in its registry, until Ctrl-C: `make node`."""

from __future__ import annotations

import os
import shlex
import signal
import sys

from tests.services.node.cluster import Cluster, cluster
from tests.services.node.controller import controller
from tests.services.node.release import PERSON, RESTRICTED, Release, build, push
from tests.services.parts import Missing
from tests.signin import world

_PASSWORD = "password"
_SAYS = """
The node is ready. It has namespaces of its own: nothing outside them reaches it.

  a shell on it        {enter}
  a single command     {enter} kubectl get nodes
  kubeconfig           {kubeconfig} (on the node alone)
  its logs             {logs}
  to end it            Ctrl-C here, or: kill {process}

The registry there holds {image}, and the namespace epinio, which enforces
`restricted`, has the user {person} with the password {password}. In the shell:

  helm install edrportal deploy/chart --namespace epinio --set image.registry=registry.example.com --set global.domain=example.com
  kubectl rollout status deployment/edrportal --namespace epinio
  helm test edrportal --namespace epinio
"""


def main() -> int:
    """Run it; return an exit code."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with cluster() as made:
            _furnish(made)
            print(_said(made), flush=True)  # noqa: T201 - for the person who typed `make node`
            signal.pause()
    except Missing as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 1
    except KeyboardInterrupt:
        print("The node is gone.")  # noqa: T201
    return 0


def _furnish(made: Cluster) -> None:
    """Push the image, and make what the chart needs of Epinio."""
    push(made, build())
    made.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "epinio", "labels": RESTRICTED}})
    user = world.user(PERSON, "admin", password=_PASSWORD)
    made.apply({"apiVersion": "v1", "kind": "Secret", **user}, namespace="epinio")
    controller(made)


def _said(made: Cluster) -> str:
    """Write a command that enters the node; return what to tell."""
    enter = made.directory / "enter"
    shell = shlex.join(made.first.machine.inside(["env"]))
    enter.write_text(f'#!/bin/sh\n[ $# -gt 0 ] || set -- bash\nexec {shell} TERM="${{TERM:-dumb}}" "$@"\n')
    enter.chmod(0o755)
    return _SAYS.format(
        enter=enter,
        kubeconfig=made.kubeconfig,
        logs=made.first.layout.directory,
        process=os.getpid(),
        image=Release.image(),
        person=PERSON,
        password=_PASSWORD,
    )


if __name__ == "__main__":
    sys.exit(main())
