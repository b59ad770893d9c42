"""Measures the portal as Pods on a real node, for its part of docs/benchmark.md: `make benchmark-node`, a quarter of an hour."""

from __future__ import annotations

import os
import sys

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
django.setup()

from scripts.benchmark import DOCUMENT, NODE  # noqa: E402 - after the settings
from scripts.benchmarks import node  # noqa: E402
from scripts.benchmarks.report import machine, table  # noqa: E402
from tests.services.node.cluster import cluster  # noqa: E402
from tests.services.parts import Missing  # noqa: E402

_TEXT = """
`make benchmark-node` measured these figures on {machine}, on a node as `make node` starts it: kubelet and kube-apiserver 1.36,
containerd, kube-proxy, and NetworkPolicies enforced, two replicas with the chart's own limits, in a namespace with the Pod
Security level `restricted`. The image is built with buildah on Debian and Python 3.13 instead of `python:3.13-slim`. Half of the
requests open a connection of their own.

{table}
"""


def main() -> int:
    """Print each figure as it comes, and write the table."""
    found = []
    try:
        with cluster() as made:
            for figure in node.figures(made):
                found.append(figure)
                print(" | ".join(figure.cells()), flush=True)
    except Missing as error:
        print(error)
        return 1
    others = DOCUMENT.read_text(encoding="utf-8").partition(NODE)[0]
    DOCUMENT.write_text(others + NODE + _TEXT.format(machine=machine(), table=table(found)), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
