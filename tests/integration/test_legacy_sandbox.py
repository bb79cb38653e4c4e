"""The jobs of the stand-in legacy ERP, driven as an interface would: through SQL, under the live user."""

import datetime as dt
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, TypeVar

import pytest
from sqlalchemy import Engine, create_engine, text

from erp_sandbox.legacy import LegacySandbox, start_legacy, store
from erp_sandbox.legacy.control import Control
from erp_sandbox.legacy.dbapi import CONTROL_SUFFIX
from erp_sandbox.legacy.job import Jobs
from erp_sandbox.legacy.words import cyyddd
from erp_sandbox.master_data import BEGINNING, Adjustment, Customer, MasterData, Price, Product, Stock

TODAY = dt.date(2026, 11, 22)
T = TypeVar("T")
Line = tuple[str, str, int, str, int]  # item, plant, quantity in thousandths, unit, discount in per cent * 10,000


def master() -> MasterData:
    names = ("VINET", "TOMSP")
    return MasterData(
        business_unit="NW", currency="USD", today=TODAY, plants={"EU01": "UTC"}, weeks_moved=0, orders=(),
        products=tuple(
            Product(product=p, name=f"Product {p}", discontinued=p == "13", list_price=Decimal(14),
                    last_sale_date=TODAY if p == "13" else None)
            for p in ("11", "12", "13")
        ),
        prices={
            "11": (Price(valid_from=BEGINNING, amount=Decimal(14)), Price(valid_from=TODAY, amount=Decimal("16.8"))),
            "12": (Price(valid_from=BEGINNING, amount=Decimal("9.65")),),
            "13": (Price(valid_from=BEGINNING, amount=Decimal(1)),),
        },
        stock={(p, "EU01"): Stock(on_hand=Decimal(22), on_order=Decimal(30)) for p in ("11", "12", "13")},
        customers=tuple(
            Customer(customer=n, name=n, street="", city="", region="", postal_code="", country="") for n in names
        ),
        adjustments=(Adjustment(customer="TOMSP", product="11", percent=Decimal(-5)),),
    )  # fmt: skip


class Erp:
    """A running stand-in with the SQL that a sender of orders speaks."""

    def __init__(self, sandbox: LegacySandbox, engine: Engine) -> None:
        self.sandbox = sandbox
        self.engine = engine

    def rows(self, sql: str, **bound: Any) -> list[dict[str, Any]]:
        with self.engine.connect() as connection:
            return [dict(row) for row in connection.execute(text(sql), bound).mappings()]

    def order(
        self, reference: int, *lines: Line, customer: int = 4201, priced: dt.date = TODAY, **columns: Any
    ) -> None:
        header = {
            "SYEKCO": "00100", "SYEDOC": reference, "SYEDCT": "SO", "SYTPUR": "00", "SYKCOO": "00100", "SYDCTO": "SO",
            "SYAN8": customer, "SYTRDJ": cyyddd(TODAY), "SYDRQJ": cyyddd(TODAY), "SYPEFJ": cyyddd(priced),
            "SYVR01": f"PO-{reference}", "SYCRCD": "USD",
        }  # fmt: skip
        with self.engine.begin() as connection:
            for number, (item, plant, quantity, unit, discount) in enumerate(lines, start=1):
                row = {
                    "SZEKCO": "00100", "SZEDOC": reference, "SZEDCT": "SO", "SZEDLN": number * 1000, "SZLITM": item,
                    "SZMCU": plant.rjust(12), "SZUORG": quantity, "SZUOM": unit, "SZDSPR": discount,
                    "SZVR02": f"L{number}", **columns,
                }  # fmt: skip
                connection.execute(text(insert("F47012", row)), row)
            connection.execute(text(insert("F47011", header)), header)

    def cancel(self, reference: int, order: int) -> None:
        row = {
            "SYEKCO": "00100", "SYEDOC": reference, "SYEDCT": "SO", "SYTPUR": "01", "SYKCOO": "00100",
            "SYDOCO": order, "SYDCTO": "SO",
        }  # fmt: skip
        with self.engine.begin() as connection:
            connection.execute(text(insert("F47131", row)), row)

    def processed(self, reference: int, table: str = "F47011") -> dict[str, Any]:
        """Wait until the job has come to an interface document, and return it."""
        return eventually(
            lambda: next(
                iter(self.rows(f"SELECT * FROM {table} WHERE SYEDOC = :r AND SYEDSP <> ' '", r=reference)), None
            )
        )

    def lines(self, reference: int) -> list[dict[str, Any]]:
        number = self.processed(reference)["SYDOCO"]
        return self.rows("SELECT * FROM F4211 WHERE SDDOCO = :n ORDER BY SDLNID", n=number)

    def message(self, reference: int) -> str:
        [row] = self.rows("SELECT ERMSGC FROM F55EDERR WHERE EREDOC = :r", r=reference)
        return str(row["ERMSGC"]).strip()


def insert(table: str, row: dict[str, Any]) -> str:
    return f"INSERT INTO {table} ({', '.join(row)}) VALUES ({', '.join(f':{name}' for name in row)})"


def database_of(sandbox: LegacySandbox) -> Path:
    return Path(sandbox.url().rpartition("@")[2])


def eventually(look: Callable[[], T | None]) -> T:
    deadline = time.monotonic() + 20
    while not (found := look()):
        assert time.monotonic() < deadline, "it did not happen within 20 s"
        time.sleep(0.01)
    return found


def running(directory: Path, **settings: Any) -> Iterator[Erp]:
    with start_legacy(master(), directory=directory, **{"today": TODAY, "booking_delay": 0.0, **settings}) as sandbox:
        engine = create_engine(sandbox.url())
        yield Erp(sandbox, engine)
        engine.dispose()


@pytest.fixture
def erp(tmp_path: Path) -> Iterator[Erp]:
    yield from running(tmp_path)


@pytest.fixture
def shipping_erp(tmp_path: Path) -> Iterator[Erp]:
    yield from running(tmp_path, ship_and_invoice_after=0.1)


EA_11: Line = ("00000011", "EU01", 12_000, "EA", 0)


def test_an_order_is_booked_at_the_price_of_its_price_date(erp: Erp) -> None:
    erp.order(1, EA_11)
    erp.order(2, EA_11, priced=TODAY - dt.timedelta(days=1))
    assert [(line["SDUPRC"], line["SDAEXP"]) for line in erp.lines(1)] == [(168_000, 20_160)]
    assert [(line["SDUPRC"], line["SDAEXP"]) for line in erp.lines(2)] == [(140_000, 16_800)]


def test_the_customers_adjustment_and_the_agreed_discount_come_off_before_the_line_is_rounded(erp: Erp) -> None:
    erp.order(1, ("00000011", "EU01", 7_000, "EA", 30_000), customer=4202)
    # 7 * 16.80 * 0.95 * 0.97 = 108.3684
    assert [line["SDAEXP"] for line in erp.lines(1)] == [10_837]


def test_a_dozen_costs_and_commits_twelve(erp: Erp) -> None:
    erp.order(1, ("00000012", "EU01", 1_000, "DZ", 0))
    assert [(line["SDUPRC"], line["SDAEXP"]) for line in erp.lines(1)] == [(1_158_000, 11_580)]
    assert erp.sandbox.free_stock("12", "EU01") == 10


def test_a_given_price_is_booked_as_it_is(erp: Erp) -> None:
    erp.order(1, EA_11, SZPROV="1", SZUPRC=12_345, SZAEXP=1_481)
    assert [(line["SDUPRC"], line["SDAEXP"]) for line in erp.lines(1)] == [(12_345, 1_481)]


def test_what_is_short_is_booked_as_a_backorder_and_promised_with_the_receipt_or_the_lead_time(erp: Erp) -> None:
    erp.order(1, ("00000011", "EU01", 30_000, "EA", 0), ("00000012", "EU01", 60_000, "EA", 0))
    first, second = erp.lines(1)
    assert (first["SDSOQS"], first["SDSOBK"], first["SDPDDJ"]) == (22_000, 8_000, cyyddd(TODAY + dt.timedelta(days=7)))
    assert (second["SDSOQS"], second["SDSOBK"]) == (22_000, 38_000)
    assert second["SDPDDJ"] == cyyddd(TODAY + dt.timedelta(days=14))
    assert erp.sandbox.free_stock("12", "EU01") == -38


def test_a_booking_carries_the_customers_order_and_line_numbers_into_the_books(erp: Erp) -> None:
    erp.order(7, EA_11)
    erp.processed(7)
    [line] = erp.sandbox.book()
    assert (line.purchase_order_number, line.line_id, line.quantity) == ("PO-7", "L1", 12)
    assert (line.reference, line.live, line.backend) == ("7", True, "legacy")


@pytest.mark.parametrize(
    ("line", "customer", "code"),
    [
        (EA_11, 9999, "CUSTUNK"),
        (("00000099", "EU01", 1_000, "EA", 0), 4201, "ITEMUNK"),
        (("00000011", "NA01", 1_000, "EA", 0), 4201, "ITEMUNK"),
        (("00000011", "EU01", 1_000, "KG", 0), 4201, "QTYBAD"),
        (("00000011", "EU01", 0, "EA", 0), 4201, "QTYBAD"),
    ],
)
def test_what_the_job_cannot_book_fails_late_with_a_message_and_without_a_trace(
    erp: Erp, line: Line, customer: int, code: str
) -> None:
    erp.order(1, EA_11, line, customer=customer)
    assert erp.processed(1)["SYEDSP"] == "E"
    assert erp.message(1) == code
    assert erp.sandbox.book() == []
    assert erp.sandbox.free_stock("11", "EU01") == 22


def test_a_price_that_does_not_exist_yet_refuses_the_order(erp: Erp) -> None:
    erp.order(1, EA_11, priced=BEGINNING - dt.timedelta(days=1))
    assert erp.processed(1)["SYEDSP"] == "E"
    assert erp.message(1) == "NOPRICE"


def test_a_customer_on_hold_is_refused_when_the_job_comes_to_the_order(erp: Erp) -> None:
    erp.sandbox.hold_customer("VINET")
    erp.order(1, EA_11)
    assert erp.processed(1)["SYEDSP"] == "E"
    assert erp.message(1) == "CUSTHOLD"
    erp.sandbox.hold_customer("VINET", held=False)
    erp.order(2, EA_11)
    assert erp.processed(2)["SYEDSP"] == "Y"


def test_a_discontinued_product_is_sold_on_its_last_day_and_refused_on_the_next(tmp_path: Path) -> None:
    line: Line = ("00000013", "EU01", 1_000, "EA", 0)
    for day, outcome in ((TODAY, "Y"), (TODAY + dt.timedelta(days=1), "E")):
        directory = tmp_path / outcome
        directory.mkdir()
        for erp in running(directory, today=day):
            if outcome == "E":
                eventually(lambda erp=erp: erp.rows("SELECT 1 FROM F4101 WHERE IMSTKT = 'O'"))
            erp.order(1, line)
            assert erp.processed(1)["SYEDSP"] == outcome


def test_cancelling_gives_the_stock_back_and_takes_the_lines_out_of_the_live_books(erp: Erp) -> None:
    erp.order(1, EA_11)
    number = erp.processed(1)["SYDOCO"]
    erp.cancel(2, number)
    assert erp.processed(2, "F47131")["SYEDSP"] == "Y"
    assert [line.live for line in erp.sandbox.book()] == [False]
    assert erp.sandbox.free_stock("11", "EU01") == 22
    erp.cancel(3, number)
    assert erp.processed(3, "F47131")["SYEDSP"] == "Y"
    assert erp.sandbox.free_stock("11", "EU01") == 22


def test_an_order_that_does_not_exist_cannot_be_cancelled(erp: Erp) -> None:
    erp.cancel(1, 123)
    assert erp.processed(1, "F47131")["SYEDSP"] == "E"
    assert erp.message(1) == "ORDUNK"


def test_what_was_booked_is_shipped_invoiced_and_moved_to_history(shipping_erp: Erp) -> None:
    erp = shipping_erp
    erp.order(1, EA_11, ("00000012", "EU01", 1_000, "EA", 0))
    history = eventually(lambda: erp.rows("SELECT * FROM F42119 ORDER BY SDLNID"))
    [invoice] = erp.rows("SELECT * FROM F03B11")
    assert [(line["SDLTTR"], line["SDNXTR"], line["SDDOC"]) for line in history] == [
        ("620", "999", invoice["RPDOC"])
    ] * 2
    assert (invoice["RPAG"], invoice["RPAAP"], invoice["RPSDOC"]) == (21_125, 21_125, history[0]["SDDOCO"])
    assert erp.rows("SELECT * FROM F4211") == []
    assert [line.live for line in erp.sandbox.book()] == [True, True]
    [stock] = erp.rows("SELECT LIPQOH, LIPCOM FROM F41021 WHERE LIITM = 60001")
    assert stock == {"LIPQOH": 10_000, "LIPCOM": 0}


def test_a_shipped_order_can_no_longer_be_cancelled(shipping_erp: Erp) -> None:
    erp = shipping_erp
    erp.order(1, EA_11)
    [line] = eventually(lambda: erp.rows("SELECT SDDOCO FROM F42119"))
    erp.cancel(2, line["SDDOCO"])
    assert erp.processed(2, "F47131")["SYEDSP"] == "E"
    assert erp.message(2) == "SHIPPED"


def test_a_backordered_line_is_not_shipped(shipping_erp: Erp) -> None:
    erp = shipping_erp
    erp.order(1, ("00000011", "EU01", 30_000, "EA", 0), ("00000012", "EU01", 1_000, "EA", 0))
    eventually(lambda: erp.rows("SELECT * FROM F42119"))
    assert [line["SDNXTR"] for line in erp.rows("SELECT SDNXTR FROM F4211")] == ["540"]


@pytest.fixture
def idle_erp(tmp_path: Path) -> Iterator[Erp]:
    """A stand-in whose own jobs wait for ever, so that a test can run them itself."""
    yield from running(tmp_path, booking_delay=3600.0)


@pytest.fixture
def control(idle_erp: Erp) -> Iterator[Control]:
    with closing(Control(Path(f"{database_of(idle_erp.sandbox)}{CONTROL_SUFFIX}"))) as opened:
        yield opened


@pytest.mark.parametrize(("booking_delay", "outcome"), [(3600.0, " "), (0.0, "Y")])
def test_booking_takes_as_long_as_it_is_told(
    idle_erp: Erp, control: Control, booking_delay: float, outcome: str
) -> None:
    idle_erp.order(1, EA_11)
    with closing(store.connect(database_of(idle_erp.sandbox))) as connection:
        Jobs(connection, control, booking_delay=booking_delay, shipping_time=None).run_once()
    assert idle_erp.rows("SELECT SYEDSP FROM F47011") == [{"SYEDSP": outcome}]


def test_nothing_is_booked_while_the_erp_is_down(idle_erp: Erp, control: Control) -> None:
    idle_erp.order(1, EA_11)
    with closing(store.connect(database_of(idle_erp.sandbox))) as connection:
        jobs = Jobs(connection, control, booking_delay=0.0, shipping_time=None)
        idle_erp.sandbox.faults(down=True)
        jobs.run_once()
        assert idle_erp.sandbox.book() == []
        idle_erp.sandbox.faults()
        jobs.run_once()
    assert [line.reference for line in idle_erp.sandbox.book()] == ["1"]


def test_a_test_can_have_everything_booked_shipped_and_invoiced_now(idle_erp: Erp) -> None:
    idle_erp.order(1, EA_11)
    idle_erp.sandbox.settle()
    idle_erp.cancel(2, 123)
    idle_erp.sandbox.settle()
    assert idle_erp.message(2) == "ORDUNK"
    idle_erp.sandbox.ship_and_invoice()
    idle_erp.sandbox.ship_and_invoice()
    assert [row["RPAG"] for row in idle_erp.rows("SELECT RPAG FROM F03B11")] == [20_160]


def test_the_other_erps_bookings_lower_free_stock_once(erp: Erp) -> None:
    take = {"product": "11", "plant": "EU01", "quantity": Decimal(-12)}
    assert erp.sandbox.receive_stock("cloud-1", **take) is True
    assert erp.sandbox.receive_stock("cloud-1", **take) is False
    assert erp.sandbox.free_stock("11", "EU01") == 10
    assert erp.sandbox.receive_stock("cloud-2", product="unknown", plant="EU01", quantity=Decimal(-1)) is True


class Neighbour:
    """An ERP that is told of bookings; it refuses the first `deaf` times."""

    def __init__(self, deaf: int) -> None:
        self.heard: list[dict[str, str]] = []
        neighbour = self
        left = [deaf]

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                left[0] -= 1
                if left[0] < 0:
                    neighbour.heard.append(json.loads(body))
                self.send_response(503 if left[0] >= 0 else 204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/stock"
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


def test_the_other_erp_is_told_of_every_booking_until_it_confirms_also_of_those_before_it_was_known(erp: Erp) -> None:
    erp.order(1, EA_11)
    erp.cancel(2, erp.processed(1)["SYDOCO"])
    erp.processed(2, "F47131")
    neighbour = Neighbour(deaf=1)
    try:
        erp.sandbox.tell_stock_to(neighbour.url)
        eventually(lambda: len(neighbour.heard) == 2)
    finally:
        neighbour.close()
    assert neighbour.heard == [
        {"movement_id": "legacy-1", "product": "11", "plant": "EU01", "quantity": "-12.000"},
        {"movement_id": "legacy-2", "product": "11", "plant": "EU01", "quantity": "12.000"},
    ]


def test_many_orders_at_once_are_each_booked_exactly_once(erp: Erp) -> None:
    def send(first: int) -> None:
        for reference in range(first, first + 15):
            erp.order(reference, EA_11)

    senders = [threading.Thread(target=send, args=(100 * n,)) for n in range(1, 4)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    eventually(lambda: len(erp.sandbox.book()) == 45)
    references = {line.reference for line in erp.sandbox.book()}
    assert len(references) == 45
    assert erp.sandbox.free_stock("11", "EU01") == 22 - 45 * 12


def test_the_jobs_end_with_whoever_started_them(tmp_path: Path) -> None:
    sandbox = start_legacy(master(), directory=tmp_path, today=TODAY)
    job = sandbox._job
    sandbox.close()
    sandbox.close()
    assert job.returncode == 0


def test_jobs_that_died_are_told_when_the_stand_in_is_closed(tmp_path: Path) -> None:
    sandbox = start_legacy(master(), directory=tmp_path, today=TODAY)
    sandbox._job.kill()
    sandbox._job.wait()
    with pytest.raises(RuntimeError, match="ended early with exit code -9"):
        sandbox.close()


def test_without_a_directory_nothing_is_left_behind() -> None:
    with start_legacy(master(), today=TODAY) as sandbox:
        database = database_of(sandbox)
        assert database.exists()
    assert not database.parent.exists()
