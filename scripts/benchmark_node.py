"""Measures the portal as Pods on a real node, for its part of docs/benchmark.md: `make benchmark-node`, a quarter of an hour."""

from __future__ import annotations

import os
import sys

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
django.setup()

from scripts.benchmarks import node  # noqa: E402 - after the settings
from scripts.benchmarks.report import write_down  # noqa: E402
from tests.services.node.cluster import cluster  # noqa: E402
from tests.services.parts import Missing  # noqa: E402


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
    write_down("benchmark-node", found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
