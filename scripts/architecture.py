"""Draws the map of the house in docs/architecture.md from the contracts that `make lint` holds: `make architecture`."""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path
from textwrap import wrap

PAGE = Path("docs/architecture.md")
BEGIN, END = "<!-- the map: written by make architecture -->\n", "<!-- the end of the map -->"
_WIDTH, _NAMES = 100, 24


def drawing() -> str:
    """Return the storeys from the top down, each room with the first sentence of its docstring."""
    contracts = tomllib.loads(Path("pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    layers = next(
        one["layers"] for one in contracts if one["type"] == "layers" and one["containers"] == ["destinations"]
    )
    site = sorted(path for path in Path("edrportal").iterdir() if path.is_dir() and (path / "__init__.py").is_file())
    rooms = [f"edrportal/{path.name}" for path in site]
    lines = ["```", *_storey("edrportal: the site, what only a server needs", rooms)]
    for number, layer in enumerate(layers):
        title = "destinations: the subject, without Django" if number == 1 else ""
        title = "destinations: its pages, an ordinary Django app" if number == 0 else title
        lines += _storey(title, [f"destinations/{name.strip()}" for name in layer.split("|")])
    return "\n".join([*lines, "```", ""])


def _storey(title: str, rooms: list[str]) -> list[str]:
    lines = ["", title, "=" * len(title)] if title else []
    for room in rooms:
        name, *rest = [f"  {room.partition('/')[2]:{_NAMES}}", *wrap(_promise(room), _WIDTH - _NAMES)]
        lines += [f"{name}{rest[0]}", *(f"{'':{_NAMES + 2}}{more}" for more in rest[1:])]
    return [*lines, "      │"]


def _promise(room: str) -> str:
    path = Path(room, "__init__.py") if Path(room).is_dir() else Path(f"{room}.py")
    text = ast.get_docstring(ast.parse(path.read_text())) or ""
    return " ".join(text.split("\n\n")[0].split()).split(". ")[0].rstrip(".")


def page() -> str:
    """Return the page with the map as it has to be now."""
    before, _, rest = PAGE.read_text().partition(BEGIN)
    return before + BEGIN + drawing() + END + rest.partition(END)[2]


if __name__ == "__main__":
    PAGE.write_text(page())
