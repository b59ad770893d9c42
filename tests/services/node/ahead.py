"""Builds and fetches what a node needs, ahead of the tests: a few minutes, once."""

from __future__ import annotations

import os
import sys

from tests.services.node.images import builder
from tests.services.node.namespaces import lacking
from tests.services.node.packages import packages
from tests.services.node.parts import OWN
from tests.services.parts import Missing, build_ahead


def main() -> int:
    """Return an exit code: with CI=true a machine that cannot hold a node is a failure, as a part that is missing."""
    must = int(os.environ.get("CI") == "true")
    if reason := lacking():
        print(f"No tests on a node here: {reason}")  # noqa: T201 - for the person who typed `make test`
        return must
    try:
        packages()
        builder()
    except Missing as error:
        print(error)  # noqa: T201
        return must
    return build_ahead(OWN)


if __name__ == "__main__":
    sys.exit(main())
