"""Measures what the portal promises and writes docs/benchmark.md. Run by `make benchmark`; takes about eight minutes."""

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
from scripts.benchmarks.report import machine, table  # noqa: E402
from tests.services.apiserver import api_server  # noqa: E402
from tests.services.parts import Missing  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from scripts.benchmarks.report import Figure

DOCUMENT = Path("docs/benchmark.md")
NODE = "\n## On a node\n"
"""Where the part of `make benchmark-node` begins."""
_TEXT = """\
# Figures

This page is for platform engineers who plan resources, and for everyone who wants to know how fast the portal is.

`make benchmark` measured these figures on {machine}, everything on loopback and in one run: a real kube-apiserver 1.36
with etcd, the portal as `manage.py serve` serves it (one process), and an HTTP client that keeps its connections. The raw
LIST is the request behind the overview, with `?pretty=false`; LIST and pages are requested in turns. It takes about
eight minutes.

{table}

For comparison, measured elsewhere on similar hardware: a raw LIST of 1,000 destinations 12.5 ms, and Epinio's own
`GET /exportregistries` 80 ms. The p99 of fewer than a hundred samples is the largest of them.

With 200 foreign Secrets of 500 KB in the namespace, the portal takes at most 160 MiB of memory
(`pytest tests/running/test_narrow.py -rP`). [Security](../SECURITY.md#what-a-write-reports-is-true) has the figures of what
writes survive.

## Memory

`pytest tests/running/test_memory.py -rP` measures these: all processes of the portal together, on CPython 3.11, from a clone.
A page of memory that processes share counts once, as it does for the limit of a Pod; a node counts some of its file cache, too.

| what | MiB |
| --- | --- |
| at rest, no destination | 67 |
| at rest, 1,000 destinations | 74 |
| eight scripts that list 1,000 destinations without a pause, 20 pages a second, five minutes | 127 (150 by VmHWM) |

In those five minutes all of 6,592 lists were answered, and 5,916 of 6,000 pages; the other 84 were refused with a 503 that named
the reason (two cores, shared with the scripts and with other work). The chart requests 128 MiB and limits a Pod to 256 MiB.
"""


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
    _, heading, on_a_node = DOCUMENT.read_text(encoding="utf-8").partition(NODE)
    written = _TEXT.format(machine=machine(), table=table(found)) + heading + on_a_node
    DOCUMENT.write_text(written, encoding="utf-8")
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
