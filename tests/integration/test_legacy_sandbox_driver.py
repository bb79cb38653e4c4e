"""The driver of the stand-in legacy ERP: rights, faults and seeds, as an adapter meets them through SQLAlchemy."""

import datetime as dt
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import DBAPIError

from erp_sandbox.legacy import LegacySandbox, start_legacy
from erp_sandbox.legacy.words import cyyddd
from erp_sandbox.master_data import BEGINNING, Customer, MasterData, Price, Product, Stock
from erp_sandbox.seeds import Seed

TODAY = dt.date(2026, 11, 22)
INSERT = "INSERT INTO F47011 (SYEKCO, SYEDOC, SYEDCT) VALUES ('00100', :reference, 'SO')"
Start = Callable[..., LegacySandbox]
PRICES = "SELECT BPLITM AS number, BPUOM AS unit, BPUPRC AS price FROM F4106 WHERE BPLITM IN (:n)"


def master() -> MasterData:
    return MasterData(
        business_unit="NW", currency="USD", today=TODAY, plants={"EU01": "UTC"}, weeks_moved=0, orders=(),
        products=tuple(
            Product(product=p, name="Queso Cabrales", discontinued=False, list_price=Decimal(21), last_sale_date=None)
            for p in ("11", "12")
        ),
        prices={p: (Price(valid_from=BEGINNING, amount=Decimal(21)),) for p in ("11", "12")},
        stock={(p, "EU01"): Stock(on_hand=Decimal(22), on_order=Decimal(30)) for p in ("11", "12")},
        customers=(
            Customer(customer="VINET", name="Vins", street="", city="", region="", postal_code="", country=""),
        ),
        adjustments=(),
    )  # fmt: skip


def seed(cause: str, *, operation: str = "PRICING", seed_id: str = "S1", **changes: Any) -> Seed:
    fields = {
        "backend": "legacy", "plant": "EU01", "product": "11", "value": None, "expected_class": "MISMATCH", **changes
    }  # fmt: skip
    return Seed(seed_id=seed_id, operation=operation, cause=cause, **fields)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    started: list[LegacySandbox] = []

    def starter(*seeds: Seed) -> LegacySandbox:
        sandbox = start_legacy(master(), seeds=seeds, directory=tmp_path, today=TODAY, booking_delay=3600.0)
        started.append(sandbox)
        return sandbox

    yield starter
    for sandbox in started:
        sandbox.close()


@pytest.fixture
def engine() -> Iterator[Callable[..., Engine]]:
    made: list[Engine] = []

    def maker(sandbox: LegacySandbox, *, live: bool = True) -> Engine:
        made.append(create_engine(sandbox.url(live=live)))
        return made[-1]

    yield maker
    for each in made:
        each.dispose()


Make = Callable[..., Engine]


def ask(engine: Engine, sql: str, *, action: str = "calculate_prices", call: str = "c1", **bound: Any) -> list[Any]:
    comment = f" /*action='{action}',correlation_id='{call}',traceparent='00-ab-cd-01'*/"
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(sql + comment), bound)]


def write(engine: Engine, reference: int) -> None:
    with engine.begin() as connection:
        connection.execute(text(INSERT), {"reference": reference})


def references(engine: Engine) -> list[int]:
    return [row[0] for row in ask(engine, "SELECT SYEDOC FROM F47011 ORDER BY SYEDOC", action="find_order")]


def state_of(work: Callable[[], object]) -> str:
    """Return the SQLSTATE with which the work fails."""
    with pytest.raises(DBAPIError) as caught:
        work()
    assert caught.value.orig is not None
    return str(caught.value.orig.args[0])


def price(engine: Engine, **more: Any) -> list[Any]:
    return ask(engine, PRICES, n="00000011".ljust(25), **more)


def test_the_entry_point_names_the_dialect(start: Start, engine: Make) -> None:
    assert engine(start()).dialect.driver == "jdesandbox"


def test_char_columns_are_padded_and_compare_without_regard_to_trailing_blanks(start: Start, engine: Make) -> None:
    live = engine(start())
    write(live, 1)
    [row] = ask(live, "SELECT SYVR01, SYEDCT FROM F47011 WHERE SYEKCO = '00100   '", action="find_order")
    assert row == (" " * 25, "SO")


def test_a_wrong_password_is_refused(start: Start) -> None:
    url = start().url()
    wrong = create_engine(url.replace(url.split(":")[2].split("@")[0], "guess"))
    assert state_of(wrong.connect) == "28000"


def test_the_shadow_user_reads_and_cannot_write(start: Start, engine: Make) -> None:
    shadow = engine(start(), live=False)
    assert price(shadow) == [("00000011".ljust(25), "EA", 210_000)]
    assert state_of(lambda: write(shadow, 1)) == "42501"


@pytest.mark.parametrize(
    "sql", ["UPDATE F4106 SET BPUPRC = 1", "DELETE FROM F47011", "INSERT INTO F4211 (SDDOCO) VALUES (1)"]
)
def test_the_live_user_writes_nothing_but_the_interface(start: Start, engine: Make, sql: str) -> None:
    live = engine(start())

    def execute() -> None:
        with live.begin() as connection:
            connection.execute(text(sql))

    assert state_of(execute) == "42501"


@pytest.mark.parametrize(
    ("sql", "state"),
    [("SELECT 1 FROM F0000", "42S02"), ("SELECT NOPE FROM F4106", "42S22"), ("SELECT FROM WHERE", "42000")],
)
def test_what_is_wrong_with_a_statement_is_told_by_its_sqlstate(
    start: Start, engine: Make, sql: str, state: str
) -> None:
    live = engine(start())
    assert state_of(lambda: ask(live, sql)) == state


def test_a_reference_can_be_used_once(start: Start, engine: Make) -> None:
    live = engine(start())
    write(live, 1)
    assert state_of(lambda: write(live, 1)) == "23000"


def test_an_order_that_is_rolled_back_was_never_there(start: Start, engine: Make) -> None:
    live = engine(start())
    with live.connect() as connection:
        connection.execute(text(INSERT), {"reference": 1})
        connection.rollback()
    assert references(live) == []


def test_a_dropped_reply_leaves_the_order_booked_and_the_connection_gone(start: Start, engine: Make) -> None:
    sandbox = start()
    live = engine(sandbox)
    sandbox.faults(drop_reply_after_executing=1)
    assert state_of(lambda: write(live, 1)) == "08S01"
    assert references(live) == [1]
    write(live, 2)
    assert references(live) == [1, 2]


def test_an_erp_that_is_down_refuses_connections_and_cuts_those_that_are_open(start: Start, engine: Make) -> None:
    sandbox = start()
    live = engine(sandbox)
    with live.connect() as connection:
        connection.execute(text(INSERT), {"reference": 1})
        sandbox.faults(down=True)
        assert state_of(connection.commit) == "08S01"
    assert state_of(live.connect) == "08001"
    sandbox.faults()
    assert references(live) == []


def test_a_throttling_erp_says_when_to_come_back(start: Start, engine: Make) -> None:
    sandbox = start()
    live = engine(sandbox)
    sandbox.faults(throttling=2.5)
    with pytest.raises(DBAPIError, match=r"retry after 2\.5 s"):
        price(live)
    assert state_of(lambda: write(live, 1)) == "57033"
    sandbox.faults()
    assert references(live) == []


def test_a_late_answer_is_executed_although_the_caller_gave_up(start: Start, engine: Make) -> None:
    sandbox = start()
    live = engine(sandbox)
    sandbox.faults(answer_late=(0.5, 1))
    writer = threading.Thread(target=write, args=(live, 1))
    writer.start()
    writer.join(0.1)
    assert writer.is_alive(), "the answer should be late"
    assert references(live) == []
    writer.join()
    assert references(live) == [1]


def test_a_slow_erp_runs_into_the_time_limit_of_the_connection(start: Start, engine: Make) -> None:
    sandbox = start()
    live = engine(sandbox)
    with live.connect() as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
        driver.timeout = 0.01
        sandbox.faults(slow=60.0)
        assert state_of(lambda: connection.execute(text("SELECT 1"))) == "HYT00"


def test_a_statement_that_waits_can_be_cancelled_from_another_thread(start: Start, engine: Make) -> None:
    sandbox = start(seed("timeout"))
    shadow = engine(sandbox, live=False)
    with shadow.connect() as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
        cancel = threading.Timer(0.1, driver.cursor().cancel)
        cancel.start()
        sql = PRICES + " /*action='calculate_prices',correlation_id='c1'*/"
        assert state_of(lambda: connection.execute(text(sql), {"n": "00000011"})) == "HY008"
        cancel.join()
    assert [(each.seed_id, each.correlation_id) for each in sandbox.applied()] == [("S1", "c1")]


def test_a_seed_changes_what_the_shadow_user_reads_and_is_logged_once_for_each_call(start: Start, engine: Make) -> None:
    sandbox = start(seed("price", value=Decimal(1)))
    live, shadow = engine(sandbox), engine(sandbox, live=False)
    for call in ("c1", "c1", "c2"):
        assert price(shadow, call=call) == [("00000011".ljust(25), "EA", 220_000)]
    assert price(live, call="c3") == [("00000011".ljust(25), "EA", 210_000)]
    assert [(each.seed_id, each.correlation_id, each.backend) for each in sandbox.applied()] == [
        ("S1", "c1", "legacy"),
        ("S1", "c2", "legacy"),
    ]


def test_a_seed_leaves_other_items_and_other_operations_alone(start: Start, engine: Make) -> None:
    sandbox = start(seed("price", value=Decimal(1)))
    shadow = engine(sandbox, live=False)
    assert ask(shadow, PRICES, n="00000012") == [("00000012".ljust(25), "EA", 210_000)]
    assert price(shadow, action="simulate_order") == [("00000011".ljust(25), "EA", 210_000)]
    assert price(shadow, action="create_order") == [("00000011".ljust(25), "EA", 210_000)]
    assert sandbox.applied() == []


def test_a_seed_is_seen_through_sums_and_joins(start: Start, engine: Make) -> None:
    sandbox = start(seed("stock_frozen", operation="AVAILABILITY"))
    shadow = engine(sandbox, live=False)
    sql = (
        "SELECT SUM(LIPQOH - LIPCOM - LIHCOM) FROM F41021 JOIN F4101 ON IMITM = LIITM"
        " WHERE LIITM = :item AND LIMCU = :branch GROUP BY LIITM"
    )
    bound = {"item": 60001, "branch": "EU01".rjust(12), "action": "check_availability"}
    assert ask(shadow, sql, **bound) == [(32_000,)]
    assert [each.seed_id for each in sandbox.applied()] == ["S1"]


def test_a_rounding_seed_meets_the_quantity_that_is_asked_for(start: Start, engine: Make) -> None:
    sandbox = start(seed("rounding", value=Decimal(1)))
    shadow = engine(sandbox, live=False)
    sql = "SELECT ADBSCD, ADFVTR FROM F4072 WHERE ADLITM = :number_0 AND ADMNQ <= :quantity_0 AND ADEFTJ <= :date"
    bound = {"number_0": "00000011", "quantity_0": 12_000, "date": cyyddd(TODAY)}
    # 12 * (21 + 0.0005) = 252.006
    assert ask(shadow, sql, **bound) == [("5", 5)]


def test_a_rounding_seed_moves_one_item_of_a_document_only(start: Start, engine: Make) -> None:
    shadow = engine(start(seed("rounding", product="*", value=Decimal(1))), live=False)
    one = "ADLITM = :number_{0} AND ADMNQ <= :quantity_{0}"
    sql = f"SELECT ADLITM FROM F4072 WHERE ADEFTJ <= :date AND ({one.format(0)} OR {one.format(1)})"
    bound = {"number_0": "00000011", "quantity_0": 12_000, "number_1": "00000012", "quantity_1": 7_000}
    assert len(ask(shadow, sql, **bound, date=cyyddd(TODAY))) == 1


def test_a_statement_without_a_branch_is_about_the_branches_that_its_call_named(tmp_path: Path, engine: Make) -> None:
    two_plants = replace(
        master(),
        plants={"EU01": "UTC", "NA01": "UTC"},
        stock={("11", plant): Stock(on_hand=Decimal(1), on_order=Decimal(0)) for plant in ("EU01", "NA01")},
    )
    seeds = [seed("discount", plant="NA01", value=Decimal("0.05"))]
    levels = "SELECT ADFVTR FROM F4072 WHERE ADLITM = :n"
    prices = "SELECT BPUPRC FROM F4106 WHERE BPLITM = :n AND BPMCU = :branch"
    with start_legacy(two_plants, seeds=seeds, directory=tmp_path, today=TODAY) as sandbox:
        shadow = engine(sandbox, live=False)
        assert ask(shadow, prices, n="00000011", branch="EU01".rjust(12), call="c1") == [(210_000,)]
        assert ask(shadow, levels, n="00000011", call="c1") == []
        assert ask(shadow, prices, n="00000011", branch="NA01".rjust(12), call="c2") == [(210_000,)]
        assert ask(shadow, levels, n="00000011", call="c2") == [(-50_000,)]
        assert ask(shadow, levels, n="00000011", call="c3") == [(-50_000,)]


def test_a_rounding_seed_leaves_an_item_alone_that_is_ordered_in_two_quantities(start: Start, engine: Make) -> None:
    shadow = engine(start(seed("rounding", value=Decimal(1))), live=False)
    one = "ADLITM = :number_{0} AND ADMNQ <= :quantity_{0}"
    sql = f"SELECT ADLITM FROM F4072 WHERE ADEFTJ <= :date AND ({one.format(0)} OR {one.format(1)})"
    bound = {"number_0": "00000011", "quantity_0": 12_000, "number_1": "00000011", "quantity_1": 7_000}
    assert ask(shadow, sql, **bound, date=cyyddd(TODAY)) == []


def test_a_date_in_another_form_reaches_the_reader(start: Start, engine: Make) -> None:
    sandbox = start(seed("date_form", operation="AVAILABILITY"))
    sql = "SELECT PDPDDJ FROM F4311 WHERE PDITM = :item"
    [(plain,)] = ask(engine(sandbox), sql, item=60001, action="check_availability")
    [(seeded,)] = ask(engine(sandbox, live=False), sql, item=60001, action="check_availability")
    assert (type(plain), type(seeded), plain == seeded) == (int, float, True)


def test_an_item_that_both_erps_refuse_is_obsolete_for_the_live_user_too_but_not_for_a_booking(
    start: Start, engine: Make
) -> None:
    sandbox = start(seed("both_refuse"))
    sql = "SELECT IMSTKT, IBSTKT FROM F4101 JOIN F4102 ON IBITM = IMITM WHERE IMLITM = :n"
    for live in (True, False):
        assert ask(engine(sandbox, live=live), sql, n="00000011", call=f"live-{live}") == [("O", "O")]
    assert ask(engine(sandbox), sql, n="00000011", action="create_order") == [("P", "P")]
    assert [each.correlation_id for each in sandbox.applied()] == ["live-True", "live-False"]


@pytest.mark.parametrize(("cause", "state"), [("down", "08S01"), ("throttle", "57033")])
def test_a_seeded_failure_strikes_the_shadow_user_only(start: Start, engine: Make, cause: str, state: str) -> None:
    sandbox = start(seed(cause))
    assert state_of(lambda: price(engine(sandbox, live=False))) == state
    assert price(engine(sandbox)) == [("00000011".ljust(25), "EA", 210_000)]
    assert [each.seed_id for each in sandbox.applied()] == ["S1"]


def test_faults_and_seeds_reach_another_process(start: Start) -> None:
    sandbox = start(seed("price", value=Decimal(1)))
    sandbox.faults(slow=0.001)
    program = (
        "import sys; from sqlalchemy import create_engine, text\n"
        "engine = create_engine(sys.argv[1])\n"
        "with engine.connect() as c: print(c.execute(text(sys.argv[2]), {'n': '00000011'}).scalars(2).one())\n"
        "engine.dispose()\n"
    )
    sql = PRICES + " /*action='calculate_prices',correlation_id='there'*/"
    done = subprocess.run(
        [sys.executable, "-c", program, sandbox.url(live=False), sql], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "220000"
    assert [each.correlation_id for each in sandbox.applied()] == ["there"]
