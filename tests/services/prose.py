"""How the project writes English: words that no text uses, American spelling, headings in sentence case.

The rules are those of the glossary: one standard term for each thing. `faults` takes plain text; `of_markdown`,
`of_template`, `of_script` and `of_python` take from a file what people read, with its line and without code;
`is_sentence_case` is for what `headings` and `template_headings` find.
"""

from __future__ import annotations

import ast
import re
from functools import cache
from html import unescape
from importlib.resources import files
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

DICTIONARIES = ("dictionary.txt", "dictionary_rare.txt", "dictionary_en-GB_to_en-US.txt")
"""Of codespell: common misspellings, words that are more often a misspelling than meant, British spellings."""
SPELLED_RIGHT = frozenset({"ans", "crate", "fo", "iam", "manuel", "nd", "ned", "pres", "te", "therefor"})
"""The project's dictionary: what codespell takes for a misspelling and is none here."""
NAMES = frozenset(
    re.findall(
        r"\w+",
        "API Amazon Argo Basic CA CD CI CSV ConfigMaps Connect DNS Dex ECR EDR Epinio Events ExternalSecret Flux Git "
        "GitHub GitLab GitOps Go HTTP HTTPS Harbor Helm I ID IPv6 JSON JavaScript Kubernetes NetworkPolicy OIDC OpenID "
        "Markdown OpenShift PEM Pod Pods Prometheus Python Quay RBAC SealedSecret Secret Secrets Service ServiceAccount TLS "
        "URL YAML",
    )
)
"""Words that are written with a capital in the middle of a heading."""


class Rule(NamedTuple):
    """Words that no text uses, what to write instead, and a sentence that breaks the rule."""

    pattern: str
    instead: str
    example: str


RULES = (
    Rule(r"targets?", "destination", "Add a target."),
    Rule(r"(?-i:EDRs?)(?! portal| stands)", "export destination", "The EDR is accepted."),
    Rule(r"bundle secrets?", "certificate Secret", "A bundle secret is missing."),
    Rule(r"orphan(?:s|ed)?", "unused certificate Secret", "Orphans are listed."),
    Rule(r"(?:certificate|authentication) (?-i:secrets?)", "…Secret, with a capital", "The certificate secret is missing."),
    Rule(r"login data", "credentials", "Type the login data."),
    Rule(r"ends? on", "expires on", "The token ends on Monday."),
    Rule(r"what ends first|ends? soon", "expires soon", "The token ends soon."),
    Rule(r"the end of (?:an?|the|its) (?:session|credentials?|certificates?|tokens?)", "expiry", "The end of a session."),
    Rule(r"mend(?:s|ed|ing)?", "repair, fix", "What can be mended."),
    Rule(r"switch(?:es|ed|ing)?", "enable, disable", "Switch it off."),
    Rule(r"copy as new", "duplicate", "Copy as new."),
    Rule(r"look at it", "with warnings; review", "Accepted, look at it."),
    Rule(r"not proven", "inconclusive", "The push is not proven."),
    Rule(r"blanks?", "space", "It begins with a blank."),
    Rule(r"line ends?", "line break", "One line end after it."),
    Rule(r"(?:is|are) (?-i:none)(?= ?[,.;:!?]|$)", "invalid, malformed", "The address is none."),
    Rule(r"(?<!there )(?:is|are) no (?:UTF|URL|JSON|YAML|PEM|text|number|address)\S*", "not valid …", "The file is no UTF-8."),
    Rule(r"anew", "again, refresh", "Read the file anew."),
    Rule(r"slim|turned away", "the standard term", "He is turned away."),
    Rule(r"who else", "owner, managed by", "It says who else writes it."),
    Rule(r"rights", "permissions", "It needs rights."),
    Rule(r"(?:a|the|one|this|that|missing|no) right(?= (?:to|on|is|of)\b| ?[,.;:!?]|$)", "permission", "The right to push."),
    Rule(r"whoever|whomever", "anyone who, people who", "Whoever reads it."),
    Rule(r"somebody", "someone", "Somebody changed it."),
    Rule(r"for as long as", "while", "For as long as the block lasts."),
    Rule(r"of (?:no|any) use", "cannot be used", "The input is of no use."),
    Rule(r"nobody (?:can|could) know", "it is not known", "Nobody can know that."),
    Rule(r"beforehand", "before", "What is known beforehand."),
    Rule(r"stands?(?! for\b)", "is", "The line stands there."),
    Rule(r"(?:registry|form|server|cluster|provider|Kubernetes) (?:says|asks|told|tells)", "returns", "The registry says no."),
    Rule(r"please", "nothing", "Please try again."),
    Rule(r"(?-i:Say whether)", "Return whether", "Say whether it is one."),
    Rule(r"(?:ready|ready-made) image", "an image", "Pushed from a ready image."),
    Rule(r"e\.g\.|i\.e\.|viz\.", "for example, that is", "Some, e.g. this."),
    Rule(r"usernames?", "user name", "The username is missing."),
    Rule(r"e-mails?", "email", "Your e-mail address."),
)  # fmt: skip
_RULES = [(re.compile(rf"(?<![\w-])(?:{rule.pattern})(?![\w-])", re.IGNORECASE), rule) for rule in RULES]
_WORD = re.compile(r"[A-Za-z]+(?:['\u2019-][A-Za-z]+)*")


def faults(text: str) -> list[str]:
    """Return what a plain text has to write otherwise: forbidden words and misspellings, each with what to write."""
    return [*_words(text), *spelling(text)]


def _words(text: str) -> Iterator[str]:
    for pattern, rule in _RULES:
        for match in pattern.finditer(text):
            yield f"{match[0]!r}: write {rule.instead}"


def spelling(text: str) -> Iterator[str]:
    """Yield the misspelled words of a text and the British ones, with codespell's correction."""
    for word in _WORD.findall(text):
        for part in {word, *re.split("[-'\u2019]", word)}:
            if part.lower() not in SPELLED_RIGHT and (right := _corrections().get(part.lower())):
                yield f"{part!r}: spell it {right}"


@cache
def _corrections() -> dict[str, str]:
    data = files("codespell_lib") / "data"
    lines = [line for name in DICTIONARIES for line in (data / name).read_text("utf-8").splitlines()]
    return {wrong: right.strip(" ,") for wrong, arrow, right in (line.partition("->") for line in lines) if arrow}


def is_sentence_case(heading: str) -> bool:
    """Return whether only the first word and names begin with a capital; code is left out by `of_markdown`."""
    first, *others = re.findall(r"[\w-]+", re.sub(r"^\d+\. |['\u2019]s\b", "", heading)) or [""]
    return not first[:1].islower() and all(not word[:1].isupper() or word in NAMES for word in others)


def of_markdown(text: str) -> Iterator[tuple[int, str]]:
    """Yield each paragraph, list item, row and heading with the number of its first line: without code and markup."""
    paragraph: list[str] = []
    begin = 0
    for number, line in _without_code(text):
        if paragraph and re.match(r"\s*(?:$|\||#|[-*] |\d+\. )", line):
            yield begin, " ".join(paragraph)
            paragraph = []
        if line.strip():
            begin = begin if paragraph else number
            paragraph.append(line.strip())
    if paragraph:
        yield begin, " ".join(paragraph)


def _without_code(text: str) -> Iterator[tuple[int, str]]:
    fenced = False
    for number, line in enumerate([*text.splitlines(), ""], 1):
        edge = line.lstrip().startswith("```")
        fenced = fenced != edge
        code = edge or fenced or re.match(r" {4}(?! *[-*] )(?! *\d+\. )", line)
        plain = re.sub(r"`[^`]*`|https?://\S+|\]\([^)]*\)|<[^>]*>", " ", line)
        yield number, "" if code else plain.replace("*", "").replace("[", "")


def headings(text: str) -> Iterator[tuple[int, str]]:
    """Yield the headings of a page in Markdown with their numbers of lines, without code."""
    for number, line in of_markdown(text):
        if line.startswith("#"):
            yield number, line.lstrip("# ")


_SHOWN = re.compile(r"\b(?:title|alt|placeholder|aria-label)=\"([^\"]*)\"")
_INLINE = re.compile(r"</?(?:a|abbr|b|em|i|span|strong)\b[^>]*>")


def of_template(text: str) -> Iterator[tuple[int, str]]:
    """Yield each text of a Django template between two blocks, with its number of line: without tags and code."""
    for code in (r"\{#.*?#\}|\{% comment.*?endcomment %\}", r"<code\b.*?</code>", r"\{%.*?%\}|\{\{.*?\}\}"):
        text = re.sub(code, _empty, text, flags=re.DOTALL)
    shown = re.sub(r"<[^>]*>", lambda tag: _empty(tag) if _INLINE.fullmatch(tag[0]) else f"\0{_empty(tag)}\0", text)
    titles = ((text[: one.start(1)].count("\n") + 1, one[1]) for one in _SHOWN.finditer(text))
    yield from ((number, " ".join(unescape(title).split())) for number, title in titles)
    number = 1
    for part in shown.split("\0"):
        if part.strip():
            lead = part[: len(part) - len(part.lstrip())]
            yield number + lead.count("\n"), " ".join(unescape(part).split())
        number += part.count("\n")


def template_headings(text: str) -> Iterator[tuple[int, str]]:
    """Yield headings, column heads, legends, summaries and buttons of a template, with 0 for what it fills in."""
    for one in re.finditer(r"<(h[1-6]|th|legend|summary|button)\b[^>]*>(.*?)</\1>", text, re.DOTALL):
        filled = re.sub(r"\{\{.*?\}\}|<code\b.*?</code>", " 0 ", one[2], flags=re.DOTALL)
        heading = " ".join(unescape(re.sub(r"\{%.*?%\}|<[^>]*>", " ", filled, flags=re.DOTALL)).split())
        if heading:
            yield text[: one.start()].count("\n") + 1, heading


def _empty(match: re.Match[str]) -> str:
    """Return as many line breaks as there are, so that what follows keeps its number."""
    return "\n" * match[0].count("\n") + " "


_IN_SCRIPT = re.compile(r"\"((?:[^\"\\\n]|\\.)*)\"|`([^`]*)`|(?<![:\w])//(.*)")


def of_script(text: str) -> Iterator[tuple[int, str]]:
    """Yield the texts and comments of a script in JavaScript with a space in them, without what they fill in."""
    for match in _IN_SCRIPT.finditer(text):
        words = " ".join(re.sub(r"\$\{[^}]*\}", " ", match[1] or match[2] or match[3] or "").split())
        if " " in words:
            yield text[: match.start()].count("\n") + 1, words


def of_python(source: str) -> Iterator[tuple[int, str]]:
    """Yield the docstrings and messages of a module, with their numbers of lines: each text with a space in it but patterns."""
    for node in ast.walk(ast.parse(source)):
        text = node.value if isinstance(node, ast.Constant) else ""
        if isinstance(node, ast.Constant) and isinstance(text, str) and " " in text.strip() and "(?:" not in text:
            yield node.lineno, " ".join(re.sub(r"`[^`]*`|https?://\S+", " ", text).split())
