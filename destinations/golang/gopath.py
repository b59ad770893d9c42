"""Go's `path.Join` and `path.Clean`, through which Helm sends the chart's reference."""

from __future__ import annotations


def join(*elements: str) -> str:
    """Return what Go's `path.Join` returns: the elements that are not empty, joined by slashes and cleaned."""
    parts = [element for element in elements if element]
    return clean("/".join(parts)) if parts else ""


def clean(path: str) -> str:
    """Return what Go's `path.Clean` returns: no empty part, no `.`, and `..` taken back where that is possible."""
    rooted = path.startswith("/")
    kept: list[str] = []
    for part in path.split("/"):
        if part in {"", "."}:
            continue
        if part != "..":
            kept.append(part)
        elif kept and kept[-1] != "..":
            kept.pop()
        elif not rooted:
            kept.append(part)
    return ("/" if rooted else "") + "/".join(kept) or "."
