"""YAML of others, read within bounds: no alias, no merge, so deep, so many values; numbers as kubectl reads them. Pure.

An alias or a merge (`<<`) lets a small text stand for far more than is written, a mapping whose keys are numbers can be
made to collide, and a number in base 60 or of many digits costs the square of its length.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import yaml

from destinations.model import InputError

MAX_DEPTH = 100
MAX_EVENTS = 150_000
"""Of one document: about 2,500 Secrets in a List, as `kubectl get -o yaml` prints them."""
_MAX_DOCUMENTS = 10_000
_MAX_DIRECTIVES = 100
_MAX_NUMBER = 100
_MAX_ODD_KEYS = 100
_TAG = "tag:yaml.org,2002:"
_BREAKS = "\n\r\x85\u2028\u2029"
_WRITE_OUT = "write out its content"

if TYPE_CHECKING:
    from yaml import SafeLoader as _SafeLoader
else:
    _SafeLoader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml, where it is there, is six times as fast


class _PlainLoader(_SafeLoader):
    """YAML as kubectl reads it: dates stay text, and so does what YAML 1.1 takes for base 60."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002 - PyYAML's
        """Refuse many keys that are not texts: of numbers, anyone can find any number with the same hash.

        Refuse a second kind, too: of two objects without `---` between them, only the last would be read.
        """
        if sum(key.tag != f"{_TAG}str" for key, _ in node.value) > _MAX_ODD_KEYS:
            raise InputError(
                "a map has many keys that are not strings; quote them", node.start_mark.line + 1, over_limit=True
            )
        kinds = [key for key, _ in node.value if key.value == "kind"]
        if len(kinds) > 1:
            raise InputError(
                "an object has two kinds; write --- between two objects", kinds[1].start_mark.line + 1, over_limit=True
            )
        return super().construct_mapping(node, deep)

    def number(self, node: yaml.ScalarNode) -> Any:  # noqa: ANN401 - an int, a float or the text itself
        """Return a number of a sensible length, and the text of one in base 60."""
        text = self.construct_scalar(node)
        if ":" in text:
            return text
        if len(text) > _MAX_NUMBER:
            raise InputError(
                f"a number has more than {_MAX_NUMBER} digits; quote it", node.start_mark.line + 1, over_limit=True
            )
        return self.construct_yaml_int(node) if node.tag == f"{_TAG}int" else self.construct_yaml_float(node)


_NUMBERS = {
    f"{_TAG}int": re.compile(r"[-+]?(?:0b[01_]+|0[0-7_]+|0|[1-9][0-9_]*|0x[0-9a-fA-F_]+)\Z"),
    f"{_TAG}float": re.compile(
        r"(?:[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?"
        r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))\Z"
    ),
}
"""PyYAML's, without base 60: to look for that takes fifty times the memory of the text."""
_PlainLoader.yaml_implicit_resolvers = {
    first: [(tag, _NUMBERS.get(tag, pattern)) for tag, pattern in resolvers if tag != f"{_TAG}timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
for _kind in ("int", "float"):
    _PlainLoader.add_constructor(f"{_TAG}{_kind}", _PlainLoader.number)


def _of_local_tag(loader: _PlainLoader, _suffix: str, node: yaml.Node) -> str:
    """Return the text behind a tag of some tool, such as `!vault`, which Go's reader passes over, too."""
    if not isinstance(node, yaml.ScalarNode):
        raise InputError(
            "it contains a tag (!) before a list or a map; remove the tag", node.start_mark.line + 1, over_limit=True
        )
    return str(loader.construct_scalar(node))


_PlainLoader.add_multi_constructor("!", _of_local_tag)


def load_all(text: str, *, most: int = MAX_EVENTS) -> list[Any]:
    """Return every document of a text, each of at most `most` events. Raises InputError and nothing else."""
    try:
        for _ in events(text, _PlainLoader, most=most):
            pass
        return list(yaml.load_all(text, Loader=_PlainLoader))
    except yaml.MarkedYAMLError as error:
        raise InputError("it is not valid YAML", error.problem_mark.line + 1 if error.problem_mark else None) from None
    except InputError:
        raise
    except (yaml.YAMLError, ValueError, RecursionError, TypeError, AttributeError, LookupError, ArithmeticError):
        # an explicit tag such as !!bool or !!timestamp on other text ends in any of the last five
        raise InputError("it is not valid YAML") from None


def events(text: str, loader: Any, *, most: int = MAX_EVENTS) -> Iterator[yaml.Event]:  # noqa: ANN401 - a class of PyYAML's
    """Yield the events of a text, as long as each may be read. Raises InputError and PyYAML's errors.

    To be exhausted before a loader composes the text: libyaml's recurses without a limit.
    """
    if sum(text.count(f"{end}%") for end in _BREAKS) > _MAX_DIRECTIVES:
        raise InputError(
            "it has many lines that begin with %; remove them", over_limit=True
        )  # each is compared with all before
    depth = count = documents = 0
    for event in yaml.parse(text, Loader=loader):
        if isinstance(event, yaml.DocumentStartEvent):
            documents, count = documents + 1, 0
        count += 1
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if why := _refusal(event, depth, count, documents, most):
            raise InputError(why, event.start_mark.line + 1 if event.start_mark else None, over_limit=True)
        yield event


def _refusal(event: yaml.Event, depth: int, count: int, documents: int, most: int) -> str:
    """Return why the text is not read on, empty for nothing."""
    if isinstance(event, yaml.AliasEvent):
        return f"it contains an alias, which is not supported; {_WRITE_OUT}"
    if isinstance(event, yaml.ScalarEvent) and (
        event.tag == f"{_TAG}merge" or (event.value == "<<" and not event.style)
    ):
        return f"it contains a merge (<<), which is not supported; {_WRITE_OUT}"
    if depth > MAX_DEPTH:
        return "it is nested too deeply"
    if count > most:
        return f"a document has more than {most:,} values; split it"
    return f"it has more than {_MAX_DOCUMENTS:,} documents; split it" if documents > _MAX_DOCUMENTS else ""
