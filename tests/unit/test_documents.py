"""README and docs: what they tell people to type, set and open is there."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import get_commands, load_command_class

from destinations.overview import table
from edrportal import __version__
from edrportal.cli import COMMANDS
from edrportal.signin.oidc import reasons as oidc_trouble
from scripts.screenshots import taken
from tests.services.charts import CHART

DOCUMENTS = sorted(map(str, [*Path("docs").glob("*.md"), *Path().glob("*.md")]))
TEXTS = {name: Path(name).read_text() for name in DOCUMENTS}
VALUES: dict[str, Any] = yaml.safe_load((CHART / "values.yaml").read_text())


def told(pattern: str, *, besides: str = "CHANGELOG.md") -> set[str]:
    """Return what the documents say that matches, but for the history."""
    return {one for name, text in TEXTS.items() if name != besides for one in re.findall(pattern, text)}


def value(path: str) -> Any:
    """Return a value of the chart by its path, such as `image.registry`. Raises KeyError."""
    found: Any = VALUES
    for part in path.split("."):
        found = found[part]
    return found


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_link_leads_somewhere(document: str) -> None:
    for target in re.findall(r"(?:\]\(|src(?:set)?=\")([^):\"]+)[)\"]", TEXTS[document]):
        path, _, heading = target.partition("#")
        found = (Path(document).parent / path) if path else Path(document)
        assert found.exists(), target
        if heading:
            titles = {re.sub(r"[^\w -]", "", one).strip().lower().replace(" ", "-")
                      for one in re.findall(r"^#+ (.*)$", found.read_text(), re.MULTILINE)}  # fmt: skip
            assert heading in titles, target


def test_readme_and_docs_tell_the_same_install() -> None:
    (command,) = set(re.findall(r"(?m)^    (helm install .* --set .*)$", TEXTS["README.md"] + TEXTS["docs/install.md"]))
    assert command.startswith("helm install edrportal deploy/chart --namespace epinio ")


def test_the_documents_name_the_version_that_this_is() -> None:
    assert told(r"edrportal:([0-9.]+[0-9])") == {__version__}


def test_every_make_target_is_there() -> None:
    targets = set(re.findall(r"^([a-z]+):", Path("Makefile").read_text(), re.MULTILINE))
    assert told(r"(?m)(?:^ +|`)make ([a-z]+)") <= targets
    assert {"image", "audit", "sbom", "demo", "test"} <= told(r"\bmake ([a-z]+)")


def test_every_command_is_there() -> None:
    commands = told(r"(?m)(?:manage\.py|(?:^ +|[`|] ?)edrportal) ([a-z]+(?:-[a-z]+)*)\b")
    assert commands & set(COMMANDS) >= {"serve", "verdict", "rotate", "livecheck"}
    known = set(COMMANDS) | {"collectstatic"}
    assert {one for one in commands if one not in known} == set()


def test_every_option_of_a_command_is_there() -> None:
    written = Path("docs/scripts.md").read_text()
    usual = {"--help", "--version", "--no-color", "--force-color"}
    for name in COMMANDS:
        command = load_command_class(get_commands()[name.replace("-", "_")], name.replace("-", "_"))
        options = re.findall(r"--[a-z][a-z-]*", command.create_parser("edrportal", name).format_help())
        assert not [one for one in set(options) - usual if f"{one}" not in written], name


def test_every_metric_is_there() -> None:
    from edrportal.telemetry import counters, gauges  # noqa: PLC0415 - with settings

    for module in ("endpoint", "requests"):  # these register what they count
        import_module(f"edrportal.telemetry.{module}")
    written = Path("docs/metrics-and-logs.md").read_text()
    endings = {"counter": "_total", "info": "_info"}
    counted = {f"{family.name}{endings.get(family.type, '')}" for family in counters.REGISTRY.collect()}
    told = set(re.findall(r'"(edrportal_[a-z_]+)"', Path(gauges.__file__).read_text()))
    own = {one for one in counted | told if one.startswith("edrportal_")}
    assert own
    assert not [one for one in own if f"`{one}`" not in written]
    named = set(re.findall(r"`(edrportal_[a-z_]+)`", written))
    assert not named - own, "named, and not there"


def test_every_value_of_the_chart_is_there() -> None:
    named = told(r"--set ([a-zA-Z.]+)=") | told(r"`([a-z][a-zA-Z]+(?:\.[a-zA-Z]+)+)(?:=[^`]*|: [^`]*)?`")
    ours = {path for path in named if path.split(".")[0] in VALUES}
    for path in ours:
        value(path)
    assert {"image.registry", "global.domain", "signingKey.generation", "networkPolicy.registries"} <= ours


def test_every_setting_named_anywhere_is_one() -> None:
    listed = set(re.findall(r"^\| `(EDRPORTAL_[A-Z_]+)`", TEXTS["docs/configuration.md"], re.MULTILINE))
    assert told(r"\b(EDRPORTAL_[A-Z_]+[A-Z])\b") - {"EDRPORTAL_TEST_EFFORT"} <= listed


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_block_of_yaml_is_yaml(document: str) -> None:
    for block in re.findall(r"```yaml\n(.*?)```", TEXTS[document], re.DOTALL):
        assert list(yaml.safe_load_all(re.sub(r"(?m)^   ", "", block) if block.startswith("   ") else block))


def test_every_value_in_a_block_of_values_is_there() -> None:
    checked = 0
    for text in TEXTS.values():
        for block in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL):
            plain = re.sub(r"(?m)^   ", "", block) if block.startswith("   ") else block
            for key, content in (yaml.safe_load(plain) or {}).items() if re.match(r"(settings|image):", plain) else ():
                checked += 1
                assert set(content) <= set(VALUES[key]) or key == "settings"
    assert checked >= 3


def test_what_the_fixes_of_a_single_sign_on_name_is_explained() -> None:
    reasons = [one for one in vars(oidc_trouble).values() if isinstance(one, oidc_trouble.Reason)]
    assert len(reasons) > 20
    names = r"EDRPORTAL_[A-Z_]+[A-Z]|/\.well-known/[a-z-]+|\b(?:[a-z]+_[a-z_]+|[a-z]+[A-Z][A-Za-z]+|dex-config)\b"
    named = {name for reason in reasons for name in re.findall(names, reason.fix)}
    assert {"EDRPORTAL_OIDC_CA_FILE", "staticClients", "jwks_uri", "dex-config"} <= named
    assert [name for name in sorted(named) if name not in TEXTS["docs/single-sign-on.md"]] == []


def test_every_alert_is_explained() -> None:
    alerts = [
        rule["alert"] for rule in yaml.safe_load((CHART / "files" / "alerts.yaml").read_text())["groups"][0]["rules"]
    ]
    assert len(alerts) > 8
    assert [one for one in alerts if f"`{one}`" not in TEXTS["docs/operate.md"]] == []


def test_every_file_of_rules_that_is_named_is_there() -> None:
    named = set(re.findall(r"`(\w+\.py)`", TEXTS["docs/verdict.md"]))
    assert named <= {path.name for room in ("verdict", "golang") for path in Path("destinations", room).glob("*.py")}
    assert len(named) > 8


PAGES = sorted(map(str, Path("docs").glob("*.md")))
STATUS = re.compile(r"(?m)^\| \**([A-Z][A-Za-z, ]+?)\** \|")


def test_readme_is_short() -> None:
    assert len(TEXTS["README.md"].splitlines()) <= 120


def test_readme_says_what_a_destination_is_and_what_the_statuses_mean_in_its_first_screen() -> None:
    first = "\n".join(TEXTS["README.md"].splitlines()[:25])
    assert "An **export destination** is" in first
    statuses = STATUS.findall(first)
    assert sorted(statuses) == sorted(label for _, label in table.STATUSES)
    assert STATUS.findall(TEXTS["docs/verdict.md"].partition("## The stages")[0]) == statuses


@pytest.mark.parametrize("document", [*PAGES, "SECURITY.md"])
def test_a_page_begins_by_saying_who_it_is_for(document: str) -> None:
    heading, first = TEXTS[document].split("\n\n")[:2]
    assert heading.startswith("# ")
    assert re.match(r"This (page|index) is for\b", first)


@pytest.mark.parametrize("index", ["README.md", "docs/README.md"])
def test_an_index_leads_to_every_page(index: str) -> None:
    linked = {str((Path(index).parent / one).resolve()) for one in re.findall(r"\]\(([^:#)]+)", TEXTS[index])}
    pages = [*PAGES, "SECURITY.md", "CONTRIBUTING.md"]
    assert [page for page in pages if page != index and str(Path(page).resolve()) not in linked] == []


def test_the_pictures_are_those_that_the_documents_show() -> None:
    shown = {Path(one).name for one in told(r"!\[[^\]]*\]\(([^)]+)\)") | told(r"src(?:set)?=\"([^\"]+)\"")}
    assert shown == {path.name for path in Path("docs").glob("*.png")} == {*taken()}
