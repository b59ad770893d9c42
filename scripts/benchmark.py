"""Measures what the portal promises, for the table of docs/benchmark.md: `make benchmark`, a quarter of an hour."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
django.setup()

from scripts.benchmarks import checks, live, overviews, people, verdicts, writes  # noqa: E402 - after the settings
from scripts.benchmarks.report import write_down  # noqa: E402
from tests.services.apiserver import api_server  # noqa: E402
from tests.services.parts import Missing  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from scripts.benchmarks.report import Figure

PARTS = {
    "overviews": overviews.figures,
    "flat": overviews.flat_figures,
    "writes": writes.figures,
    "people": people.figures,
    "checks": checks.figures,
    "live": live.figures,
}
"""What is measured on an API server, by the word that asks for it alone."""


def main(parts: Sequence[str]) -> int:
    """Print each figure as it comes, and write the table; with parts named, print those and write nothing."""
    if unknown := set(parts) - set(PARTS):
        print(f"There is no part {', '.join(sorted(unknown))}: {', '.join(PARTS)}.")
        return 2
    found = []
    try:
        for figure in _figures(parts):
            found.append(figure)
            print(" | ".join(figure.cells()), flush=True)
    except Missing as error:
        print(error)
        return 1
    if parts:
        return 0
    write_down("benchmark", found)
    return 0


def _figures(parts: Sequence[str]) -> Iterator[Figure]:
    if not parts:
        yield from verdicts.figures()
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        with api_server(directory) as server:
            for part in parts or PARTS:
                yield from PARTS[part](server, directory)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
