"""A real API server with a real sealed-secrets controller, once for the tests of this room."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.services.parts import Missing
from tests.services.sealedsecrets import SealingCluster, sealing_cluster

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def sealing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SealingCluster]:
    try:
        with sealing_cluster(tmp_path_factory.mktemp("sealing")) as made:
            yield made
    except Missing as error:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(str(error))
