"""The parts of the demo that decide what it shows: its plan, its seeds, and its count of the books."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

import erp_sandbox
from erp_facade.demo.counting import count_books
from erp_facade.demo.default_seeds import write_default_seeds
from erp_facade.demo.waves import STAGES, waves
from erp_routing.routes import Stage
from erp_sandbox.books import BookLine
from erp_sandbox.master_data import MasterData, load
from erp_sandbox.seeds import load_seeds

TODAY = dt.date(2026, 11, 22)


@pytest.fixture(scope="module")
def master() -> MasterData:
    return load(Path(erp_sandbox.__file__).parent / "data", today=TODAY)


@pytest.mark.parametrize("number", [1, 2, 3, 5, 7, 30])
def test_every_plant_goes_through_every_stage_one_at_a_time(number: int) -> None:
    plants = [f"P{n}" for n in range(number)]
    plan = waves(plants)

    assert set(plan[0].values()) == {Stage.LEGACY}
    assert set(plan[-1].values()) == {Stage.CLOUD}
    for plant in plants:
        way = [STAGES.index(wave[plant]) for wave in plan]
        assert [b - a for a, b in pairwise(way) if b != a] == [1] * (len(STAGES) - 1)
    assert len(plan) <= 20


@pytest.mark.parametrize("number", [3, 4, 8])
def test_on_the_way_one_plant_is_on_the_legacy_erp_one_in_dual_run_and_one_on_the_cloud_erp(number: int) -> None:
    plan = waves([f"P{n}" for n in range(number)])
    dual = {Stage.SHADOW, Stage.CANARY, Stage.CLOUD_SHADOWED}
    assert any({Stage.LEGACY, Stage.CLOUD} <= set(wave.values()) and dual & set(wave.values()) for wave in plan)


def test_without_plants_there_is_nothing_to_move() -> None:
    assert all(wave == {} for wave in waves([]))


def test_the_default_seeds_hold_at_least_ten_causes_harmless_ones_among_them(
    master: MasterData, tmp_path: Path
) -> None:
    seeds = load_seeds(write_default_seeds(master, tmp_path / "seeds.csv"))
    assert len({s.cause for s in seeds}) >= 10
    assert {"MATCH", "COSMETIC", "ROUNDING", "MISMATCH"} <= {s.expected_class for s in seeds}
    assert {s.backend for s in seeds} == {"cloud", "legacy"}


def test_no_two_default_seeds_change_the_same_answer(master: MasterData, tmp_path: Path) -> None:
    seeds = load_seeds(write_default_seeds(master, tmp_path / "seeds.csv"))
    places = [(s.operation, s.plant, s.product) for s in seeds]
    assert len(set(places)) == len(places)
    assert all((s.product, s.plant) in master.stock for s in seeds)


Books = list[BookLine]


def whole(master: MasterData) -> Books:
    """Books in which every order is booked exactly once, orders taking turns between the ERPs."""
    return [
        BookLine(
            backend=("legacy", "cloud")[number % 2],
            document=str(1000 + number),
            purchase_order_number=order.order,
            line_id=line.line_id,
            quantity=line.quantity,
            live=True,
            reference=f"R{number}",
        )
        for number, order in enumerate(master.orders)
        for line in order.lines
    ]


def changed(line: BookLine, **changes: Any) -> BookLine:
    values = {name: getattr(line, name) for name in BookLine.__slots__}
    return BookLine(**{**values, **changes})


def test_books_in_which_every_line_stands_once_are_whole(master: MasterData) -> None:
    sent = [o.order for o in master.orders]
    count = count_books(master, whole(master))
    assert (list(count.booked), count.lost, count.twice, count.unknown) == (sent, (), (), ())
    assert sum(count.documents.values()) == len(sent)


# What is done to whole books, and what the count must say of the first order.
SPOILED: dict[str, tuple[Callable[[Books], Books], str]] = {
    "a line is missing": (lambda b: b[1:], "lost"),
    "a line was cancelled": (lambda b: [changed(b[0], live=False), *b[1:]], "lost"),
    "a line stands in both ERPs": (lambda b: [*b, changed(b[0], backend="cloud", document="9")], "twice"),
    "a line stands in two documents of one ERP": (lambda b: [*b, changed(b[0], document="9")], "twice"),
    "a line stands in one document twice": (lambda b: [*b, b[0]], "twice"),
    "a line stands under the same number in the other ERP": (lambda b: [*b, changed(b[0], backend="cloud")], "twice"),
}


@pytest.mark.parametrize("what", SPOILED)
def test_a_lost_or_doubled_line_is_found_in_the_books(master: MasterData, what: str) -> None:
    spoil, said = SPOILED[what]
    sent = [o.order for o in master.orders]
    first = master.orders[0].order

    count = count_books(master, spoil(whole(master)))

    assert getattr(count, said) == (first,)
    assert {"lost": count.twice, "twice": count.lost}[said] == ()
    assert list(count.booked) == sent[1:]


def test_an_order_cancelled_in_one_erp_and_booked_in_the_other_is_booked_once(master: MasterData) -> None:
    books = whole(master)
    first = master.orders[0].order
    moved = [changed(b, live=False, document="8") for b in books if b.purchase_order_number == first]
    count = count_books(master, [*books, *moved])
    assert (count.lost, count.twice) == ((), ())


def test_a_document_or_line_that_nobody_ordered_is_told(master: MasterData) -> None:
    books = whole(master)
    foreign = changed(books[0], purchase_order_number="NOBODY", document="77")
    extra = changed(books[0], line_id="99", document="78")
    count = count_books(master, [*books, foreign, extra])
    assert count.unknown == ("77", "78")


def test_an_order_that_nobody_accepted_is_as_lost_as_one_that_vanished(master: MasterData) -> None:
    count = count_books(master, [])
    assert (count.booked, count.documents) == ((), {})
    assert list(count.lost) == [o.order for o in master.orders]
