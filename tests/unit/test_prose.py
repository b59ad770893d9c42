"""Documents, pages, messages and docstrings keep the glossary: standard terms, American spelling, sentence case."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import ModuleType

import pytest
import yaml

from destinations.actions import messages
from destinations.livecheck import explanations as checks
from destinations.model import Advice, UserError
from destinations.verdict import explanations as stages
from tests.services import prose

DOCUMENTS = sorted(map(str, [*Path("docs").glob("*.md"), *Path().glob("*.md")]))
TEMPLATES = sorted(map(str, Path("templates").rglob("*.html")))
MODULES = sorted(map(str, [*Path("destinations").rglob("*.py"), *Path("edrportal").rglob("*.py")]))
SCRIPTS = sorted(map(str, Path("static/js").glob("*.js")))
ALERTS = Path("deploy/chart/files/alerts.yaml")
PROMISED = ("username", "end on")
"""A field of .dockerconfigjson, in Helm's messages, too; and a word in a column of the CSV file, which stays as it is."""


@pytest.mark.parametrize("document", DOCUMENTS)
def test_a_document_uses_the_standard_terms_and_spelling(document: str) -> None:
    lines = prose.of_markdown(Path(document).read_text())
    assert [f"{document}:{number}: {fault}" for number, line in lines for fault in prose.faults(line)] == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_the_headings_of_a_document_are_in_sentence_case(document: str) -> None:
    found = list(prose.headings(Path(document).read_text()))
    assert found
    assert [heading for heading in found if not prose.is_sentence_case(heading[1])] == []


def read_as(kind: Callable[[str], Iterator[tuple[int, str]]], file: str) -> list[str]:
    """Return the faults of a file, with their lines."""
    found = ((number, fault) for number, text in kind(Path(file).read_text()) for fault in prose.faults(text))
    return [f"{file}:{number}: {fault}" for number, fault in found]


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_template_uses_the_standard_terms_and_spelling(template: str) -> None:
    assert read_as(prose.of_template, template) == []


@pytest.mark.parametrize("template", TEMPLATES)
def test_the_headings_and_buttons_of_a_template_are_in_sentence_case(template: str) -> None:
    found = prose.template_headings(Path(template).read_text())
    assert [heading for heading in found if not prose.is_sentence_case(heading[1])] == []


def test_the_templates_have_headings_and_texts() -> None:
    pages = [Path(template).read_text() for template in TEMPLATES]
    assert sum(1 for page in pages for _ in prose.template_headings(page)) > 60
    assert sum(1 for page in pages for _ in prose.of_template(page)) > 200


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_uses_the_standard_terms_and_spelling(script: str) -> None:
    assert read_as(prose.of_script, script) == []


@pytest.mark.parametrize("module", MODULES)
def test_the_messages_and_docstrings_of_a_module_use_the_standard_terms_and_spelling(module: str) -> None:
    faults = read_as(prose.of_python, module)
    assert [fault for fault in faults if not any(f"{name!r}:" in fault for name in PROMISED)] == []


def test_the_alerts_use_the_standard_terms_and_spelling() -> None:
    (group,) = yaml.safe_load(ALERTS.read_text())["groups"]
    texts = [text for rule in group["rules"] for text in rule["annotations"].values()]
    assert len(texts) > 16
    assert [fault for text in texts for fault in prose.faults(text)] == []


@pytest.mark.parametrize("rule", prose.RULES, ids=[rule.pattern for rule in prose.RULES])
def test_each_rule_finds_its_example_and_can_be_kept(rule: prose.Rule) -> None:
    assert any(f"write {rule.instead}" in fault for fault in prose.faults(rule.example))


@pytest.mark.parametrize(
    "text",
    [
        "EDR stands for Epinio export destination registries.",
        "Add the destination to the EDR portal; its certificate Secret is unused.",
        "The value stands for every namespace. Look at its page. It is right before that address, right now.",
        "There is no address and none is needed. The registry returns 401.",
    ],
)
def test_what_the_glossary_allows_is_no_fault(text: str) -> None:
    assert prose.faults(text) == []


@pytest.mark.parametrize(
    ("word", "right"),
    [("recieve", "receive"), ("colour", "color"), ("cancelled", "canceled"), ("Organisation", "organization"),
     ("licences", "licenses"), ("honoured", "honored"), ("judgement", "judgment"), ("self-honoured", "honored")],
)  # fmt: skip
def test_misspellings_and_british_spellings_are_found(word: str, right: str) -> None:
    assert any(fault.endswith(f"spell it {right}") for fault in prose.spelling(f"A {word} is there."))


@pytest.mark.parametrize("heading", ["What you get", "Use Helm and Argo CD", "The JSON API", "For developers"])
def test_sentence_case(heading: str) -> None:
    assert prose.is_sentence_case(heading)


@pytest.mark.parametrize("heading", ["What You Get", "Live Check", "the live check"])
def test_no_sentence_case(heading: str) -> None:
    assert not prose.is_sentence_case(heading)


def test_of_a_document_the_prose_is_read_and_the_code_is_not() -> None:
    page = "# Title `anew`\n\nText `mend` [link](anew.md)\ngoes on.\n\n    anew\n\n```\nanew\n```\n- *item*\n  more\n| a | b |\n"
    found = [(number, " ".join(text.split())) for number, text in prose.of_markdown(page)]
    assert found == [(1, "# Title"), (3, "Text link goes on."), (11, "- item more"), (13, "| a | b |")]
    assert list(prose.headings("# One `two`\n\ntext\n\n```\n# code\n```\n")) == [(1, "One")]


def test_a_forbidden_phrase_is_found_across_a_line_break() -> None:
    ((_, text),) = prose.of_markdown("It expires at the end of\nthe session.")
    assert prose.faults(text) == ["'the end of the session': write expiry"]


def test_of_a_template_the_words_and_the_titles_are_read() -> None:
    page = '{# anew #}<p title="Two\nwords"\n class="anew">Read <b>it</b> {% anew %}<code>anew</code>&amp; {{ anew }}</p>\nEnd'
    assert list(prose.of_template(page)) == [(1, "Two words"), (3, "Read it &"), (4, "End")]


def test_of_a_module_docstrings_and_messages_are_read() -> None:
    source = '"""Read `anew` it.\n\nAnd more."""\nNAME = "anew"\ntext = f"two words {NAME}"\n'
    assert list(prose.of_python(source)) == [(1, "Read it. And more."), (5, "two words")]


def test_of_a_template_the_headings_and_buttons_are_found() -> None:
    page = "<h1>Add {{ kind }}</h1>\n<p>Text</p><button>Check <b>Now</b></button>\n<h2>{% if a %}{{ name }} is new</h2>"
    found = list(prose.template_headings(page))
    assert found == [(1, "Add 0"), (2, "Check Now"), (3, "0 is new")]
    assert [prose.is_sentence_case(heading) for _, heading in found] == [True, False, True]


def test_of_a_script_texts_and_comments_are_read() -> None:
    source = 'const a = "one"; // Read it.\nshow(`two ${words} here`, "and \\"more\\" here"); open("https://a.example/b c");\n'
    assert list(prose.of_script(source)) == [
        (1, "Read it."), (2, "two here"), (2, 'and \\"more\\" here'), (2, "https://a.example/b c")
    ]  # fmt: skip


def test_of_a_module_a_pattern_is_not_read() -> None:
    assert list(prose.of_python('PATTERN = r"(?:mend anew)"\n')) == []


@pytest.mark.parametrize("advices", [stages, checks, messages])
def test_an_advice_has_two_sentences_at_most_and_no_backticks(advices: ModuleType) -> None:
    tables = [value for value in vars(advices).values() if isinstance(value, Mapping)]
    found = [*vars(advices).values(), *(one for table in tables for one in table.values())]
    texts = [text for one in found if isinstance(one, Advice | UserError) for text in (one.message, one.fix)]
    assert len(texts) > 15
    assert [text for text in texts if "`" in text or len(re.findall(r"[.?!](?= [A-Z{]|$)", text)) > 2] == []
