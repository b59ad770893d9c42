"""Every regular expression of the product, taken from its code, and texts that each of them may be slow on.

A call such as `re.compile(…)` is found in the syntax tree, and its pattern is worked out among the names of its module. The
texts repeat what a part of the pattern takes: a pattern that begins anew at each of them costs the square of their number.
"""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import TYPE_CHECKING, Any

import destinations
import edrportal
from destinations.verdict import presets

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

_METHODS = {"match", "search", "fullmatch", "sub", "subn", "split", "findall", "finditer"}
_FIELDS = {"RegexField", "RegexValidator", "URLValidator"}
_CHARACTERS = "aA0 .:/@-_=\"'\\\n\t!#%&<[{~\x00\x1b\x7f\xe9\u20ac\ud800"
_LONGEST_WINDOW = 5
_ASKED = {"destinations.livecheck.registry.challenge": ("match",), "destinations.secret.plainyaml": ("match",)}
"""How the patterns of a module are asked where that is not written beside their names: by a parameter, by PyYAML."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """One regular expression, where it stands and how it is asked; `source` is empty for one that is made while running."""

    where: str
    source: str | bytes
    flags: int = 0
    methods: tuple[str, ...] = ("search",)

    def ask(self, text: str) -> None:
        """Ask it about a text in each of its ways."""
        compiled = re.compile(self.source, self.flags)
        given: Any = text.encode("utf-8", "surrogatepass") if isinstance(self.source, bytes) else text
        for method in self.methods:
            if method in {"sub", "subn"}:
                compiled.sub(lambda match: match[0], given)
            elif method == "finditer":
                list(compiled.finditer(given))
            else:
                getattr(compiled, method)(given)


def modules() -> Iterator[ModuleType]:
    """Yield every module of the product."""
    for package in (destinations, edrportal):
        yield package
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            yield importlib.import_module(found.name)


@cache
def patterns() -> tuple[Pattern, ...]:
    """Return all, each once."""
    found = [one for module in modules() for one in _of_module(module)]
    found += [
        Pattern("destinations.verdict.presets", text, 0, ("fullmatch",))
        for one in presets.PRESETS
        for text in one.patterns
    ]
    return tuple(dict.fromkeys(found))


def _of_module(module: ModuleType) -> Iterator[Pattern]:
    tree = ast.parse(Path(str(module.__file__)).read_text())
    names = {id(node.value): ast.unparse(node.targets[0]) for node in ast.walk(tree) if isinstance(node, ast.Assign)}
    asked = [(ast.unparse(node.value), node.attr) for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or not _is_maker(node.func):
            continue
        where, function = f"{module.__name__}:{node.lineno}", node.func.attr
        source, flags = _worked_out(node.args[0], module), [_worked_out(one, module) for one in node.args[1:]]
        if source is None:
            yield from _made(node, module)
            continue
        name = names.get(id(node))
        used = tuple(dict.fromkeys(how for whose, how in asked if whose == name and how in _METHODS)) if name else ()
        if function == "compile":
            yield Pattern(where, source, _flags(flags), used or _ASKED.get(module.__name__, ("search", "sub")))
        else:
            yield Pattern(where, source, _flags(flags), (function,) if function in _METHODS else ("search",))


def _is_maker(function: ast.Attribute) -> bool:
    return (ast.unparse(function.value) == "re" and function.attr in {"compile", *_METHODS}) or function.attr in _FIELDS


def _worked_out(node: ast.expr, module: ModuleType) -> Any:
    """Return the value of an expression among the module's names, None where it takes others."""
    try:
        return eval(compile(ast.Expression(node), "pattern", "eval"), dict(vars(module)))  # noqa: S307 - our own code
    except NameError:
        return None


def _flags(found: list[Any]) -> int:
    return next((int(one) for one in found if isinstance(one, re.RegexFlag)), 0)


def _made(node: ast.Call, module: ModuleType) -> Iterator[Pattern]:
    """Yield the patterns that a loop at the top of a module compiles, else one that only runs will know."""
    made = [one for value in vars(module).values() if isinstance(value, tuple) for one in _inside(value)]
    if ast.unparse(node.func) == "re.compile" and made:
        yield from (Pattern(module.__name__, one.pattern, one.flags, ("search", "sub")) for one in made)
    else:
        yield Pattern(f"{module.__name__}:{ast.unparse(node.args[0])}", "")


def _inside(value: object) -> Iterator[re.Pattern[Any]]:
    if isinstance(value, re.Pattern):
        yield value
    elif isinstance(value, tuple):
        for one in value:
            yield from _inside(one)


@cache
def tokens(pattern: Pattern) -> tuple[str, ...]:
    """Return texts to repeat: what each run of neighbouring parts takes, of the whole and of every group."""
    parsed = _parser.parse(pattern.source, pattern.flags)
    own = "".join(char for char in _literals(parsed) if not char.isalnum())
    found = [
        text for likely in (_CHARACTERS, own + _CHARACTERS) for run in _runs(parsed) for text in _windows(run, likely)
    ]
    return tuple(dict.fromkeys(text for text in found if text))


def _literals(parsed: Any) -> Iterator[str]:
    for run in _runs(parsed):
        for kind, value in run:
            inside = value if kind is sre.IN else [(kind, value)]
            yield from (chr(one) for how, one in inside if how in {sre.LITERAL, sre.NOT_LITERAL})


def attacks(pattern: Pattern, size: int) -> Iterator[str]:
    """Yield texts of about this many characters that the pattern may be slow on."""
    whole = _sample(_parser.parse(pattern.source, pattern.flags), 1, _CHARACTERS)
    for token in tokens(pattern):
        often = token * (size // len(token))
        yield often
        yield f"{whole}{often}\x00"  # begins well, and ends badly
        yield f"{often}{whole}"


def _runs(parsed: Any) -> Iterator[list[Any]]:
    """Yield the sequences of a parsed pattern, those inside of groups and repetitions included."""
    items = list(parsed)
    yield items
    for kind, value in items:
        for inner in _inner(kind, value):
            yield from _runs(inner)


def _inner(kind: Any, value: Any) -> list[Any]:
    if kind in {sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT}:
        return [value[2]]
    if kind is sre.SUBPATTERN:
        return [value[3]]
    if kind is sre.BRANCH:
        return list(value[1])
    if kind in {sre.ASSERT, sre.ASSERT_NOT}:
        return [value[1]]
    return [value] if kind is sre.ATOMIC_GROUP else []


def _windows(run: list[Any], likely: str) -> Iterator[str]:
    """Yield what neighbouring parts take: words of letters as one part, repetitions none, once and twice."""
    parts = _words(run)
    for start in range(len(parts)):
        for end in range(start + 1, min(len(parts), start + _LONGEST_WINDOW) + 1):
            for often in (0, 1, 2):
                yield "".join(_sample(part, often, likely) for part in parts[start:end])


def _words(run: list[Any]) -> list[list[Any]]:
    parts: list[list[Any]] = []
    for item in run:
        if parts and item[0] is sre.LITERAL and parts[-1][-1][0] is sre.LITERAL:
            parts[-1].append(item)
        else:
            parts.append([item])
    return parts


def _sample(parsed: Any, often: int, likely: str) -> str:
    return "".join(_sample_one(kind, value, often, likely) for kind, value in parsed)


def _sample_one(kind: Any, value: Any, often: int, likely: str) -> str:
    if kind is sre.LITERAL:
        return chr(value)
    if kind in {sre.NOT_LITERAL, sre.IN, sre.ANY}:
        return _character(kind, value, likely)
    if kind in {sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT}:
        return _sample(value[2], often, likely) * int(min(max(value[0], often), value[1]))
    if kind is sre.BRANCH:
        return _sample(value[1][0], often, likely)
    if kind is sre.SUBPATTERN:
        return _sample(value[3], often, likely)
    return _sample(value, often, likely) if kind is sre.ATOMIC_GROUP else ""


def _character(kind: Any, value: Any, likely: str) -> str:
    """Return a character that a class takes, the first likely one where there is a choice."""
    if kind is sre.ANY:
        return next(one for one in likely if one != "\n")
    if kind is sre.NOT_LITERAL:
        return next(one for one in likely if ord(one) != value)
    negated = value[0][0] is sre.NEGATE
    known = [one for one in likely if _takes(value, one) is not negated]
    return known[0] if known else "\u2603" if negated else chr(_first(value))


def _takes(members: Any, char: str) -> bool:
    for kind, value in members:
        if kind is sre.LITERAL and ord(char) == value:
            return True
        if kind is sre.RANGE and value[0] <= ord(char) <= value[1]:
            return True
        if kind is sre.CATEGORY and re.fullmatch(_CATEGORIES[value], char):
            return True
    return False


def _first(members: Any) -> int:
    kind, value = next(one for one in members if one[0] in {sre.LITERAL, sre.RANGE})
    return int(value if kind is sre.LITERAL else value[0])


_CATEGORIES = {
    sre.CATEGORY_DIGIT: r"\d", sre.CATEGORY_NOT_DIGIT: r"\D", sre.CATEGORY_SPACE: r"\s",
    sre.CATEGORY_NOT_SPACE: r"\S", sre.CATEGORY_WORD: r"\w", sre.CATEGORY_NOT_WORD: r"\W",
}  # fmt: skip
