"""The house keeps its shape: small folders and files, one meaning for a name, and no arrow upwards."""

from __future__ import annotations

import ast
import re
import sys
from collections import Counter
from pathlib import Path

import pytest

from scripts import architecture

ROOMS = ("destinations", "edrportal")
FILES = sorted(path for room in ROOMS for path in Path(room).rglob("*.py"))
FOLDERS = sorted({path.parent for path in FILES})
MOST_ENTRIES = {Path("destinations"): 18}
"""Folders that may hold more than the others."""
USUAL_ENTRIES = 14
MOST_LINES = 300
DJANGOS = {"Command"}
"""Classes whose name is not ours to choose: Django looks for it."""
MOST_EXCEPTIONS = 28


def classes(path: Path) -> list[ast.ClassDef]:
    return [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ClassDef)]


CLASSES = {path: classes(path) for path in FILES}


@pytest.mark.parametrize("folder", FOLDERS, ids=str)
def test_a_folder_can_be_taken_in_at_a_glance(folder: Path) -> None:
    entries = [one for one in folder.iterdir() if one.name != "__pycache__"]
    assert len(entries) <= MOST_ENTRIES.get(folder, USUAL_ENTRIES)


@pytest.mark.parametrize("path", FILES, ids=str)
def test_a_file_is_read_in_one_go(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= MOST_LINES


def test_no_class_has_the_name_of_another() -> None:
    names = Counter(node.name for found in CLASSES.values() for node in found)
    assert not {name for name, times in names.items() if times > 1} - DJANGOS


@pytest.mark.parametrize("path", FILES, ids=str)
def test_no_module_hides_one_of_the_standard_library(path: Path) -> None:
    assert path.stem not in sys.stdlib_module_names


@pytest.mark.parametrize("path", FILES, ids=str)
def test_a_file_is_named_by_a_noun_or_a_verb(path: Path) -> None:
    names_of_this_kind = {
        "asked",
        "said",
        "told",
        "kept",
        "found",
        "one",
        "shown",
        "current",
        "single",
        "clear",
        "often",
    }
    assert not path.stem.endswith(("ing", "ly")) or path.stem in {"parsing", "serving"}, "a participle or an adverb"
    assert path.stem not in names_of_this_kind


@pytest.mark.parametrize("path", FILES, ids=str)
def test_chance_has_no_state_that_threads_and_tests_share(path: Path) -> None:
    drawn = re.findall(r"^ *(?:import random\b|from random import (?!SystemRandom$).*)", path.read_text(), re.MULTILINE)
    assert not drawn, "random.SystemRandom has none"


def test_there_are_few_kinds_of_errors() -> None:
    bases = {
        node.name: {ast.unparse(base).rpartition(".")[2] for base in node.bases}
        for found in CLASSES.values()
        for node in found
    }
    errors = {"Exception", "ValueError", "OSError", "TimeoutError", "RuntimeError", "LookupError"}
    while more := {name for name, above in bases.items() if above & errors} - errors:
        errors |= more
    assert len(errors & set(bases)) <= MOST_EXCEPTIONS, sorted(errors & set(bases))


def test_the_map_shows_the_contracts() -> None:
    assert architecture.PAGE.read_text() == architecture.page(), "run make architecture"
    assert all(f"  {name} " in architecture.drawing() for name in ("web", "actions", "verdict", "signin", "names"))


def test_a_strangers_questions_have_one_file_each() -> None:
    answers = re.findall(r"\| `([a-z_/]+\.py)` \|", architecture.PAGE.read_text())
    assert len(answers) >= 5
    assert all(Path(path).is_file() for path in answers)


def test_the_guided_tour_leads_past_few_files_and_all_are_there() -> None:
    text = Path("CONTRIBUTING.md").read_text().partition("## Guided tour")[2].partition("\n## ")[0]
    stops = re.findall(r"^\d+\. `([a-z_/]+\.py)`: \w", text, re.MULTILINE)
    assert 20 < len(stops) <= 30
    assert all(Path(path).is_file() for path in stops)
