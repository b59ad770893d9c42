"""The chart, rendered and installed: Helm and the API server are the real ones."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.services.charts import Installed
from tests.services.parts import HELM, Missing, program

if TYPE_CHECKING:
    from pathlib import Path

    from tests.services.apiserver import ApiServer


@pytest.fixture(scope="session")
def helm_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory for what Helm keeps."""
    try:
        program(HELM)
    except Missing as error:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(str(error))
    return tmp_path_factory.mktemp("helm")


@pytest.fixture(scope="module")
def installed(api_server: ApiServer, helm_home: Path) -> Installed:
    """The chart with its defaults and every optional right, in a namespace of its own."""
    optional = {"events": True, "namespaces": True, "epinioVersion": True, "exports": True}
    return Installed.new(api_server, helm_home, {"optional": optional}).guarded()
