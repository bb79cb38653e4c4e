"""Every command against a real server: what it prints where, and how it ends."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from typer.testing import CliRunner

from erp_facade.cli import app
from erp_facade.cli.output import console

UNIT = "businessUnits/NW"


@pytest.fixture(scope="module")
def served(start_shared: Any, ask: Any) -> Any:
    """A facade in dual run with one booked order and one difference in its observations."""
    facade = start_shared()
    assert facade.set_route("SHADOW", reason="dual run begins", person="Ada").status == "OK"
    order = facade.grpc("OrderService.CreateOrder", ask.create("CLI-1"), headers={"x-correlation-id": "cli-order"})
    facade.order = order.json["name"]
    facade.observation = facade.observations("cli-order")[0]["name"]
    return facade


@pytest.fixture
def run(served: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs a command line against the server."""
    # Wide enough that no name is folded, whatever terminal the tests run in.
    monkeypatch.setattr(console, "width", 300)
    monkeypatch.delenv("ERP_FACADE_TOKEN", raising=False)
    monkeypatch.setenv("ERP_FACADE_SERVER", served.address)

    def invoke(*arguments: str) -> Any:
        return CliRunner().invoke(app, list(arguments))

    return invoke


def commands(found: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every command of the command line as the words that call it."""
    for name, command in found.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name)


def asking(facade: Any, tmp_path: Path) -> dict[tuple[str, ...], tuple[list[str], str]]:
    """For every command that talks to a server: its arguments, and a word that a person must read in the answer."""
    file = tmp_path / "routes.yaml"
    rows = [{"stage": "LEGACY", "legacy_backend": "legacy", "cloud_backend": "cloud", "stock_sync": "LIVE"}]
    file.write_text(yaml.safe_dump({"routes": rows}))
    return {
        ("routes", "list"): ([], "SHADOW"),
        ("routes", "explain"): (["NW", "EU01", "PRICING", "--customer", "ALFKI"], "legacy answers"),
        ("routes", "set"): (["*", "EU01", "*", "CLOUD", "--reason", "try", "--dry-run"], "would go"),
        ("routes", "apply"): ([str(file), "--reason", "try", "--dry-run"], "SHADOW → LEGACY"),
        ("routes", "history"): ([], "dual run begins"),
        ("compare", "report"): ([], "ORDERS"),
        ("compare", "show"): ([facade.observation], "control legacy"),
        ("orders", "list"): (["NW"], "CLI-1"),
        ("orders", "show"): ([facade.order], "CLI-1"),
        ("orders", "trace"): ([facade.order], "order.accepted"),
        ("backends", "list"): ([], "create_order"),
        ("backends", "check"): ([], "live: memory"),
    }


LOCAL = {("serve",), ("demo",), ("bench",), ("openapi",)}


def test_every_command_is_covered_here(served: Any, tmp_path: Path) -> None:
    known = set(commands(typer.main.get_command(app)))
    assert known - LOCAL == set(asking(served, tmp_path))


def test_every_command_prints_one_json_document_or_words_for_people(run: Any, served: Any, tmp_path: Path) -> None:
    for command, (arguments, word) in asking(served, tmp_path).items():
        for_people = run(*command, *arguments)
        as_json = run(*command, *arguments, "--json")
        assert (for_people.exit_code, for_people.stderr) == (0, ""), (command, for_people.output)
        assert word in for_people.stdout, command
        assert (as_json.exit_code, as_json.stderr) == (0, ""), (command, as_json.output)
        assert isinstance(json.loads(as_json.stdout), (dict, list)), command


def test_every_command_tells_what_it_is_for(run: Any) -> None:
    for command in commands(typer.main.get_command(app)):
        told = run(*command, "--help")
        assert told.exit_code == 0, command
        assert command == ("serve",) or "--json" in told.stdout or command == ("openapi",), command


def test_an_answer_in_json_is_the_contracts_message(run: Any, served: Any) -> None:
    routes = json.loads(run("routes", "list", "--json").stdout)
    assert [(r["name"], r["stage"]) for r in routes["routes"]] == [("routes/*.*.*.*", "SHADOW")]
    order = json.loads(run("orders", "show", served.order, "--json").stdout)
    assert order == served.grpc("OrderService.GetOrder", {"name": served.order}).json | {
        "parts": order["parts"], "lines": order["lines"]
    }  # fmt: skip


def test_a_route_is_set_with_the_version_seen_and_the_history_says_who_and_why(start: Any, run: Any) -> None:
    facade = start()
    where = ("--server", facade.address)
    done = run(
        "routes", "set", "NW", "EU01", "*", "CLOUD", "--reason", "cut over", "--version", "1", "--person", "Ada", *where
    )
    late = run("routes", "set", "NW", "EU01", "*", "LEGACY", "--reason", "back", "--version", "1", *where)
    changes = json.loads(run("routes", "history", "--json", *where).stdout)["changes"]

    assert done.exit_code == 0
    assert "NW.EU01.*.* went from no row to CLOUD, route version 2" in done.stdout
    assert (late.exit_code, late.stdout) == (1, "")
    assert "the route table is at version 2, you saw 1" in late.stderr
    assert (changes[0]["person"], changes[0]["reason"]) == ("Ada (local)", "cut over")


def test_a_refusal_ends_with_1_and_every_violation_in_words(run: Any, tmp_path: Path) -> None:
    unknown = run("orders", "show", f"{UNIT}/orders/01HZZZZZZZZZZZZZZZZZZZZZZZ", "--json")
    assert (unknown.exit_code, unknown.stdout) == (1, "")
    assert "does not exist" in unknown.stderr

    row = {"business_unit": "NW", "plant": "EU01", "legacy_backend": "legacy", "cloud_backend": "sap"}
    file = tmp_path / "bad.yaml"
    file.write_text(
        yaml.safe_dump({"routes": [{**row, "stage": "CLOUD"}, {**row, "stage": "SHADOW", "plant": "MARS"}]})
    )
    refused = run("routes", "apply", str(file), "--reason", "try")
    assert (refused.exit_code, refused.stdout) == (1, "")
    for words in ("the backend sap is not configured", "the plant MARS is not configured"):
        assert words in refused.stderr


def test_a_file_of_routes_that_tie_is_refused_with_both_rows(run: Any, tmp_path: Path) -> None:
    row = {"business_unit": "NW", "plant": "EU01", "legacy_backend": "legacy", "cloud_backend": "cloud"}
    file = tmp_path / "tie.yaml"
    file.write_text(yaml.safe_dump({"routes": [{**row, "stage": "LEGACY"}, {**row, "stage": "CLOUD"}]}))
    refused = run("routes", "apply", str(file), "--reason", "try")
    assert refused.exit_code == 1
    assert "rows 1 and 2 are of equal rank" in refused.stderr


def test_a_file_that_holds_no_rows_names_every_mistake_and_asks_nobody(run: Any, tmp_path: Path) -> None:
    file = tmp_path / "rows.yaml"
    file.write_text(yaml.safe_dump({"routes": [{"stage": "FLYING"}, {"colour": "blue"}, 7]}))
    refused = run("routes", "apply", str(file), "--reason", "try", "--server", "127.0.0.1:1")
    assert refused.exit_code == 1
    for words in ("row 1: missing keys", "row 2: unknown keys colour", "row 3: must be a mapping"):
        assert words in refused.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("routes", "set", "NW", "EU01", "*", "FLYING", "--reason", "r"),
        ("routes", "set", "NW", "EU01", "*", "CLOUD"),
        ("routes", "explain", "NW", "EU01", "SINGING"),
        ("compare", "report", "--capability", "SINGING"),
        ("orders",),
        ("dance",),
    ],
)
def test_a_command_line_that_is_wrong_ends_with_2(run: Any, arguments: tuple[str, ...]) -> None:
    wrong = run(*arguments)
    assert wrong.exit_code == 2
    if len(arguments) > 1:
        assert wrong.stdout == ""


def test_a_backend_that_does_not_answer_ends_the_check_with_5(start: Any, run: Any) -> None:
    facade = start()
    facade.memory("cloud").faults.down = True
    checked = run("backends", "check", "--json", "--server", facade.address)
    rows = json.loads(checked.stdout)
    assert checked.exit_code == 5
    assert {(r["backend"], r["subject"], r["ok"]) for r in rows} == {
        ("legacy", "live: memory", True),
        ("legacy", "shadow: memory", True),
        ("cloud", "live: memory", False),
        ("cloud", "shadow: memory", True),
    }
    assert run("backends", "check", "sap", "--server", facade.address).exit_code == 1


def test_without_a_server_every_command_ends_with_3_and_says_how_to_start_one(
    run: Any, served: Any, tmp_path: Path
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        nobody = f"127.0.0.1:{taken.getsockname()[1]}"
        for command, (arguments, _) in asking(served, tmp_path).items():
            lost = run(*command, *arguments, "--json", "--server", nobody)
            assert (lost.exit_code, lost.stdout) == (3, ""), command
            assert f"no facade answers at {nobody}" in lost.stderr
            assert "erp-facade serve" in lost.stderr


def test_the_token_of_the_environment_is_sent(start: Any, run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import hashlib

    sha = hashlib.sha256(b"lead-secret").hexdigest()
    facade = start(tokens=[{"client": "lead", "sha256": sha, "roles": ["admin"]}])
    without = run("routes", "list", "--server", facade.address)
    monkeypatch.setenv("ERP_FACADE_TOKEN", "lead-secret")
    assert (without.exit_code, "bearer token" in without.stderr) == (1, True)
    assert run("routes", "list", "--server", facade.address).exit_code == 0


def test_the_openapi_document_is_printed_as_the_server_serves_it(run: Any, served: Any) -> None:
    printed = run("openapi")
    assert printed.exit_code == 0
    assert json.loads(printed.stdout) == served.rest.http.get("/openapi.json").json()


def settings_file(tmp_path: Path, **changes: Any) -> Path:
    path = tmp_path / "facade.yaml"
    content = {
        "business_units": {"NW": {"currencies": ["USD"], "plants": {"EU01": {}}}},
        "backends": {"legacy": {"adapter": "memory"}},
        **changes,
    }
    path.write_text(yaml.safe_dump(content))
    return path


def test_a_settings_file_that_cannot_be_used_ends_with_4_and_every_problem(run: Any, tmp_path: Path) -> None:
    path = settings_file(tmp_path, colour="blue", limits={"page_size": 0}, listen={"grpc": "0.0.0.0:1"})
    refused = run("serve", "--config", str(path))
    assert (refused.exit_code, refused.stdout) == (4, "")
    for place in ("colour", "limits.page_size"):
        assert place in refused.stderr
    missing = run("serve", "--config", str(tmp_path / "none.yaml"))
    assert (missing.exit_code, "cannot be read" in missing.stderr) == (4, True)


def test_backends_that_cannot_be_built_end_with_4_and_every_problem(run: Any, tmp_path: Path) -> None:
    backends = {
        "a": {"adapter": "abacus"},
        "b": {"adapter": "s4hana"},
        "c": {"adapter": "memory", "cross_reference": {"customer": {"table": "none.csv"}}},
    }
    refused = run("serve", "--check", "--config", str(settings_file(tmp_path, backends=backends)))
    assert refused.exit_code == 4
    for place in (
        "backends.a.adapter: no adapter abacus",
        "backends.b.settings.base_url",
        "backends.c.cross_reference",
    ):
        assert place in refused.stderr


def test_a_sound_settings_file_passes_the_check_and_opens_nothing(run: Any, tmp_path: Path) -> None:
    checked = run("serve", "--check", "--config", str(settings_file(tmp_path)))
    assert (checked.exit_code, checked.stdout) == (0, "")
    assert [p.name for p in tmp_path.iterdir()] == ["facade.yaml"]


@pytest.mark.parametrize("transport", ["grpc", "http"])
def test_a_port_that_is_taken_ends_serve_with_4_in_words(tmp_path: Path, transport: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        listen = {"grpc": "127.0.0.1:0", "http": "127.0.0.1:0"}
        listen[transport] = f"127.0.0.1:{taken.getsockname()[1]}"
        store = {"url": f"sqlite:///{tmp_path / 'f.db'}"}
        path = settings_file(tmp_path, listen=listen, store=store)
        done = subprocess.run(
            [sys.executable, "-c", "from erp_facade.cli import main; main()", "serve", "--config", str(path)],
            capture_output=True, text=True, timeout=60,
        )  # fmt: skip
    assert done.returncode == 4
    assert "listen" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
