"""The documents tell the truth: keys, commands, verbs, tests, links and examples exist as they are written."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from enum import Enum
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin

import pytest
import typer
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from erp_facade.app import check_settings
from erp_facade.cli import app as command_line
from erp_facade.route_messages import read_route_file
from erp_facade.settings import CrossReferenceSettings, Settings, load_settings
from erp_sandbox.master_data import load
from erp_sandbox.seeds import CAUSES, CLASSES, COLUMNS, OPERATIONS, load_seeds

EXAMPLES = ("in-memory", "two-erps")
SECRETS = {
    "ERP_FACADE_BACKENDS__legacy__SETTINGS__url": "sqlite:///live",
    "ERP_FACADE_BACKENDS__legacy__SETTINGS__shadow_url": "sqlite:///shadow",
    "ERP_FACADE_BACKENDS__cloud__SETTINGS__users__live__password": "a password",
    "ERP_FACADE_BACKENDS__cloud__SETTINGS__users__shadow__password": "another one",
}


def documents(repository: Path) -> list[Path]:
    return [repository / "README.md", repository / "CHANGELOG.md", *sorted((repository / "docs").rglob("*.md"))]


def table_rows(text: str) -> Iterator[list[str]]:
    for line in text.splitlines():
        if line.startswith("| "):
            yield [cell.strip().replace(r"\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


# ------------------------------------------------------------------------------------------------------ configuration


def model_in(annotation: Any) -> tuple[type[BaseModel] | None, str]:
    """Return the section that a field holds, and how its place is written: directly, by name or in a list."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation, ""
    if origin is dict:
        return model_in(arguments[1])[0], ".<name>"
    if origin is tuple:
        return model_in(arguments[0])[0], "[]"
    if origin in (Union, UnionType):
        return model_in(next(a for a in arguments if a is not type(None)))
    return None, ""


def default_in_words(field: FieldInfo) -> str:
    value = field.default
    if value is PydanticUndefined:
        return "required"
    if value is None:
        return "–"
    if value == "":
        return "empty"
    if isinstance(value, frozenset):
        return f"`[{', '.join(sorted(value))}]`"
    return f"`{value.value if isinstance(value, Enum) else value:g}`" if type(value) is int else f"`{value}`"


def keys_of(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, str]]:
    if model is CrossReferenceSettings:
        rule, _ = model_in(next(iter(model.model_fields.values())).annotation)
        assert rule is not None
        yield from keys_of(rule, prefix + "<kind>.")
        return
    for name, field in model.model_fields.items():
        section, place = model_in(field.annotation)
        if section is None:
            yield prefix + name, default_in_words(field)
        else:
            yield from keys_of(section, f"{prefix}{name}{place}.")


def test_the_documented_keys_and_defaults_are_those_of_the_configuration(repository: Path) -> None:
    text = (repository / "docs/configuration.md").read_text(encoding="utf-8")
    section = text[text.index("## Keys") : text.index("## Routes")]
    rows = [row for row in table_rows(section) if row[0].startswith("`")]
    assert {row[0].strip("`"): row[2] for row in rows} == dict(keys_of(Settings))
    assert all(row[1] and row[3] for row in rows)


def test_the_kinds_of_the_cross_reference_are_named(repository: Path) -> None:
    text = (repository / "docs/configuration.md").read_text(encoding="utf-8")
    (kinds,) = re.findall(r"`<kind>` for (.*?), `\[\]`", text)
    assert re.findall(r"`(\w+)`", kinds) == list(CrossReferenceSettings.model_fields)


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_configuration_can_be_used(repository: Path, example: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SECRETS.items() if example == "two-erps" else ():
        monkeypatch.setenv(name, value)
    settings = load_settings(repository / "docs/examples" / example / "facade.yaml")
    check_settings(settings)
    assert settings.routes_file is not None
    named = {b for r in read_route_file(settings.routes_file) for b in (r.legacy_backend, r.cloud_backend)}
    assert named == set(settings.backends)


def test_an_example_lacks_nothing_but_the_secrets_that_it_names(repository: Path) -> None:
    text = (repository / "docs/examples/two-erps/facade.yaml").read_text(encoding="utf-8")
    assert "password:" not in text
    for name in SECRETS:
        assert name.rpartition("__")[2] in text


# ------------------------------------------------------------------------------------------------- commands and verbs


def commands(group: Any, prefix: tuple[str, ...] = ()) -> Iterator[str]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*prefix, name))
        else:
            yield " ".join((*prefix, name))


def test_the_readme_lists_exactly_the_commands_there_are(repository: Path) -> None:
    text = (repository / "README.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| `erp-facade ([a-z ]+)` \|", text, re.MULTILINE)
    assert sorted(listed) == sorted(commands(typer.main.get_command(command_line)))


@pytest.mark.parametrize(
    "document", ["README.md", "docs/operations.md", "docs/configuration.md", "docs/data-format.md"]
)
def test_every_command_and_option_that_a_document_shows_exists(repository: Path, document: str) -> None:
    text = (repository / document).read_text(encoding="utf-8")
    known = typer.main.get_command(command_line)
    for shown in re.findall(r"erp-facade ([^\n`]*)", text):
        words = re.findall(r"'[^']*'|\S+", shown)
        command: Any = known
        while words and hasattr(command, "commands"):
            command = command.commands[words.pop(0).rstrip(",.;:")]
        options = {o for parameter in command.params for o in parameter.opts} | {"--help"}
        assert {w.rstrip(",.;:") for w in words if w.startswith("--")} <= options, shown


def test_every_make_verb_that_a_document_shows_exists(repository: Path) -> None:
    makefile = (repository / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    for document in documents(repository):
        text = document.read_text(encoding="utf-8")
        shown = set(re.findall(r"^make ([a-z]+)", text, re.MULTILINE)) | set(re.findall(r"`make ([a-z]+)", text))
        assert shown <= targets, document.name


def test_the_readme_lists_the_verbs_that_make_help_lists(repository: Path) -> None:
    readme = (repository / "README.md").read_text(encoding="utf-8")
    helped = re.findall(r"@echo 'make ([a-z]+) ", (repository / "Makefile").read_text(encoding="utf-8"))
    assert helped
    for verb in helped:
        assert f"make {verb}" in readme


# -------------------------------------------------------------------------------------------------- tests, links, log


def test_every_test_that_a_document_names_exists(repository: Path) -> None:
    found = 0
    for document in documents(repository):
        for path, name in re.findall(r"(tests/[\w/]+\.py)::(\w+)", document.read_text(encoding="utf-8")):
            found += 1
            assert f"def {name}(" in (repository / path).read_text(encoding="utf-8"), f"{document.name}: {path}::{name}"
    assert found > 0


def test_every_link_between_documents_leads_somewhere(repository: Path) -> None:
    for document in documents(repository):
        for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", document.read_text(encoding="utf-8")):
            if "://" not in target:
                assert (document.parent / target).exists(), f"{document.name}: {target}"


def test_every_metric_that_operations_names_exists_and_none_is_missing(repository: Path) -> None:
    text = (repository / "docs/operations.md").read_text(encoding="utf-8")
    code = (repository / "src/erp_facade/observe.py").read_text(encoding="utf-8")
    named = {name.removesuffix("_total") for name in re.findall(r"^\| `(erp_facade_\w+)`", text, re.MULTILINE)}
    assert named == set(re.findall(r'"(erp_facade_\w+)"', code))


def test_every_log_event_that_operations_names_is_logged(repository: Path) -> None:
    text = (repository / "docs/operations.md").read_text(encoding="utf-8")
    section = text[text.index("## The log") : text.index("## Move a plant")]
    named = {e for row in table_rows(section) for e in re.findall(r"`([a-z_0-9]+(?:\.[a-z_]+)?)`", row[0])}
    sources = [*(repository / "src/erp_facade").rglob("*.py"), *(repository / "routing").rglob("*.py")]
    code = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    assert "order.part" in named
    assert {event for event in named if f'"{event}"' not in code} == set()


# ------------------------------------------------------------------------------------------------------- data formats


@pytest.fixture
def data_format(repository: Path) -> str:
    return (repository / "docs/data-format.md").read_text(encoding="utf-8")


def test_the_documented_causes_and_their_operations_are_those_of_the_seeds(data_format: str) -> None:
    section = data_format[data_format.index("## The divergence file") :]
    rows = [row for row in table_rows(section) if len(row) == 5 and row[0].startswith("`")]
    documented = {row[0].strip("`"): OPERATIONS if row[1] == "all" else tuple(row[1].split(", ")) for row in rows}
    assert documented == CAUSES


def test_the_documented_columns_and_classes_are_those_of_the_seeds(data_format: str) -> None:
    (columns,) = re.findall(r"The columns are `([a-z_,]+)`", data_format)
    assert tuple(columns.split(",")) == COLUMNS
    (classes,) = re.findall(r"^\| `expected_class` \| (.*) \|$", data_format, re.MULTILINE)
    assert tuple(re.findall(r"`(\w+)`", classes)) == CLASSES


def test_the_example_of_a_divergence_file_can_be_read_without_a_warning(
    data_format: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (example,) = re.findall(r"```csv\n(.*?)```", data_format, re.DOTALL)
    path = tmp_path / "divergences.csv"
    path.write_text(example, encoding="utf-8")
    assert [seed.seed_id for seed in load_seeds(path)] == ["D1", "D2", "D3"]
    assert capsys.readouterr().err == ""


def test_data_with_the_documented_columns_alone_can_be_loaded(data_format: str, tmp_path: Path) -> None:
    section = data_format[: data_format.index("## The divergence file")]
    columns: dict[str, list[str]] = {}
    file = ""
    for row in table_rows(section):
        file = (re.findall(r"`(\w+\.csv)`", row[0]) or [file])[0]
        columns.setdefault(file, []).extend(re.findall(r"`(\w+)`", row[1]))
    cells = {
        "product": "11", "name": "A pump", "list_price_usd": "9.5", "discontinued": "0", "plant": "HAM1",
        "on_hand": "4", "on_order": "0", "customer": "K1", "order": "O1", "order_date": "2026-01-06",
        "required_date": "2026-01-20", "unit_price_usd": "9.5", "quantity": "2", "discount": "0.05",
        "time_zone": "Europe/Berlin", "percent": "-5",
    }  # fmt: skip
    for name in (name for name in columns if name and name != "divergences.csv"):
        row = ",".join(cells.get(column, "") for column in columns[name])
        (tmp_path / name).write_text(f"{','.join(columns[name])}\n{row}\n", encoding="utf-8")
    master = load(tmp_path, today=date(2026, 11, 22))
    assert (len(master.orders), master.plants, len(master.adjustments)) == (1, {"HAM1": "Europe/Berlin"}, 1)
