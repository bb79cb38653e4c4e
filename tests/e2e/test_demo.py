"""The demo as a stranger runs it, on a small folder of their own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ORDERS = 12
HEADER = "id,backend,operation,plant,product,cause,value,expected_class\n"
KEYS = {
    "orders_submitted",
    "orders_booked",
    "parts_booked",
    "orders_lost",
    "orders_booked_twice",
    "observations",
    "seeded_divergences",
    "seeded_found",
    "unexpected_mismatches",
}


def write_data(folder: Path) -> Path:
    """Write twelve orders, every second one with lines of two plants."""
    folder.mkdir()
    products = {"101": "OSL", "102": "OSL", "201": "LIM", "202": "LIM"}
    files = {
        "products.csv": ["product,name,list_price_usd,discontinued", *(f"{p},Thing {p},{p}.5,0" for p in products)],
        "stock.csv": ["product,plant,on_hand,on_order", *(f"{p},{plant},500,0" for p, plant in products.items())],
        "customers.csv": [
            "customer,name,street,city,region,postal_code,country",
            *(f"CU{n},Customer {n},Road {n},Town,,1000,Norway" for n in range(4)),
        ],
        "orders.csv": [
            "order,customer,order_date,required_date",
            *(f"{9000 + n},CU{n % 4},2025-03-{n + 1:02d},2025-04-{n + 1:02d}" for n in range(ORDERS)),
        ],
        "order_lines.csv": ["order,product,unit_price_usd,quantity,discount"],
    }
    for n in range(ORDERS):
        files["order_lines.csv"].append(f"{9000 + n},101,101.5,{n + 1},0.05")
        if n % 2:
            files["order_lines.csv"].append(f"{9000 + n},202,202.5,{n + 2},0")
    for name, lines in files.items():
        (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def demo(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from erp_facade.cli import main; main()", "demo", "--exit", "--json", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=240)


def summary(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """The one JSON document on standard output; the story is on standard error."""
    assert done.returncode == 0, done.stdout + done.stderr
    return dict(json.loads(done.stdout))


@pytest.mark.slow
def test_every_order_is_booked_once_and_every_seed_is_found(tmp_path: Path) -> None:
    seeds = tmp_path / "seeds.csv"
    seeds.write_text(
        f"{HEADER}A,cloud,PRICING,OSL,101,price,1.50,MISMATCH\n"
        "B,cloud,PRICING,LIM,202,text,,COSMETIC\n"
        "C,legacy,AVAILABILITY,LIM,201,stock_frozen,,MISMATCH\n",
        encoding="utf-8",
    )

    done = demo("--data", str(write_data(tmp_path / "data")), "--divergences", str(seeds))
    told = summary(done)

    assert set(told) >= KEYS
    assert (told["orders_submitted"], told["orders_booked"]) == (ORDERS, ORDERS)
    assert (told["orders_lost"], told["orders_booked_twice"]) == (0, 0)
    assert set(told["parts_booked"]) == {"legacy", "cloud"}
    assert ORDERS <= sum(told["parts_booked"].values()) <= ORDERS + ORDERS // 2
    assert (told["seeded_divergences"], told["seeded_found"], told["unexpected_mismatches"]) == (3, 3, 0)
    assert told["observations"] > 0
    for stage in ("LEGACY → SHADOW", "SHADOW → CANARY", "CANARY → CLOUD_SHADOWED", "CLOUD_SHADOWED → CLOUD"):
        assert f"OSL: {stage}" in done.stderr
    assert f"moved by {told['weeks_moved']} weeks" in " ".join(done.stderr.split())


@pytest.mark.slow
@pytest.mark.parametrize("content", ["", HEADER], ids=["empty", "header only"])
def test_an_empty_file_of_divergences_yields_no_finding(tmp_path: Path, content: str) -> None:
    seeds = tmp_path / "none.csv"
    seeds.write_text(content, encoding="utf-8")

    told = summary(demo("--data", str(write_data(tmp_path / "data")), "--divergences", str(seeds)))

    assert (told["seeded_divergences"], told["seeded_found"], told["unexpected_mismatches"]) == (0, 0, 0)
    assert set(told["observations_by_class"]) <= {"MATCH", "NOT_COMPARABLE"}
    assert told["observations_by_class"]["MATCH"] > 0
    assert (told["orders_booked"], told["orders_lost"], told["orders_booked_twice"]) == (ORDERS, 0, 0)


def test_a_folder_that_cannot_be_used_ends_with_2_and_every_problem(tmp_path: Path) -> None:
    folder = write_data(tmp_path / "data")
    with (folder / "order_lines.csv").open("a", encoding="utf-8") as lines:
        lines.write("9000,777,1.5,1,0\n9000,101,101.5,-3,0\n")
    (folder / "customers.csv").unlink()

    done = demo("--data", str(folder))

    assert (done.returncode, done.stdout) == (2, "")
    for problem in ("product '777' is unknown", "quantity", "customers.csv"):
        assert problem in done.stderr
    assert "Traceback" not in done.stderr


def test_divergences_that_cannot_be_used_end_with_2_and_every_problem(tmp_path: Path) -> None:
    seeds = tmp_path / "seeds.csv"
    seeds.write_text(
        f"{HEADER}A,sap,PRICING,*,*,price,1,MISMATCH\nA,cloud,SINGING,*,*,price,1,FINE\n", encoding="utf-8"
    )

    done = demo("--data", str(write_data(tmp_path / "data")), "--divergences", str(seeds))

    assert (done.returncode, done.stdout) == (2, "")
    for problem in ("backend 'sap'", "operation 'SINGING'", "expected_class 'FINE'", "id A was used in line 2"):
        assert problem in done.stderr
    assert demo("--divergences", str(tmp_path / "none.csv")).returncode == 2
