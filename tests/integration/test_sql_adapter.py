"""The SQL adapter against the JD Edwards stand-in and against databases that are not what it expects."""

from __future__ import annotations

import asyncio
import datetime as dt
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import event

from erp.v1.availability_pb2 import CheckAvailabilityRequest
from erp.v1.orders_pb2 import (
    BILLING_STATE_BILLED,
    FULFILMENT_STATE_COMPLETE,
    PAYMENT_STATE_OPEN,
    Order,
    SimulateOrderRequest,
)
from erp.v1.pricing_pb2 import CalculatePricesRequest
from erp_ports.amounts import from_date, money, money_amount, quantity, to_date
from erp_ports.call import Call
from erp_ports.compose import availability_request, pricing_request
from erp_ports.errors import (
    Misconfigured,
    NotFound,
    OutcomeUnknown,
    RefusalReason,
    Rejected,
    Throttled,
    Unavailable,
    Unsupported,
)
from erp_ports.plugin import Credential, Surroundings
from erp_ports.values import Booked, FindState, HandedOver, InvoiceQuery, OrderSubmission
from erp_ports.xref import CrossReference, Identity, Table, ZeroPad
from erp_sandbox.keys import LEGACY_COMPANY, LEGACY_UNITS, legacy_customers
from erp_sandbox.legacy import LegacySandbox, shipping, start_legacy, store
from erp_sandbox.master_data import MasterData, load
from erp_sandbox.seeds import load_seeds
from legacy_erp.sql.adapter import SqlAdapter
from legacy_erp.sql.config import SqlConfig

TODAY = dt.datetime.now(dt.UTC).date()
FILES = {
    "products.csv": """product,name,category,packaging,list_price_usd,discontinued
11,Queso Cabrales,Cheese,1 kg,20.00,0
17,Alice Mutton,Meat,20 x 1 kg,39.00,0
42,Singaporean Hokkien Fried Mee,Grain,32 x 1 kg,14.00,0
""",
    "stock.csv": """product,plant,on_hand,on_order,reorder_level
11,EU01,22,10,0
17,EU01,5,0,0
42,AP01,26,0,0
""",
    "customers.csv": """customer,name,street,city,region,postal_code,country
ALFKI,Alfreds Futterkiste,Obere Str. 57,Berlin,,12209,Germany
BERGS,Berglunds snabbköp,Berguvsvägen 8,Luleå,,S-958 22,Sweden
""",
    "orders.csv": """order,customer,order_date,required_date,shipped_date,freight_usd,ship_city,ship_country
1,ALFKI,1996-07-01,1996-07-20,,1.00,Berlin,Germany
""",
    "order_lines.csv": "order,product,unit_price_usd,quantity,discount\n1,11,20.00,1,0\n",
    "adjustments.csv": "customer,product,percent\nBERGS,11,-5\n",
}


def call(seconds: float = 30.0, correlation_id: str = "c-1") -> Call:
    return Call.within(seconds, correlation_id=correlation_id)


def surroundings(credential: Credential, customers: dict[str, str] | None = None) -> Surroundings:
    return Surroundings(
        backend="legacy",
        credential=credential,
        xref=CrossReference(
            backend="legacy",
            rules={
                "customer": Table(customers or {"ALFKI": "4201"}),
                "product": ZeroPad(8),
                "plant": Identity(),
                "unit": Table(LEGACY_UNITS),
            },
        ),
        plant_zones={"EU01": ZoneInfo("UTC"), "AP01": ZoneInfo("UTC")},
        business_unit_zones={"NW": ZoneInfo("UTC")},
    )


def config(url: str, shadow_url: str = "", **more: object) -> SqlConfig:
    return SqlConfig.model_validate(
        {
            "url": url,
            "shadow_url": shadow_url or url,
            "business_units": {"NW": {"company": LEGACY_COMPANY, "currency": "USD"}},
            "decimals": {"quantity": 3},
            "adjustment": "CUSTDISC",
            "pricing_units": {"HC": {"unit": "EA", "per": 100}},
            "error_table": True,
            "unique_reference": True,
            "reads_primary": True,
            "statement_comments": True,
            "poll_interval_seconds": 0.02,
            **more,
        }
    )


@pytest.fixture
def master(tmp_path: Path) -> MasterData:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return load(tmp_path, today=TODAY)


@pytest.fixture
def erp(master: MasterData, tmp_path: Path) -> Iterator[LegacySandbox]:
    with start_legacy(master, directory=tmp_path, booking_delay=0.01) as running:
        yield running


class Adapters:
    """Builds adapters for a stand-in and closes them when the test ends."""

    def __init__(self, erp: LegacySandbox, master: MasterData) -> None:
        self._erp = erp
        self._customers = {ours: str(key) for ours, key in legacy_customers(master).items()}
        self.built: list[SqlAdapter] = []

    def __call__(self, credential: Credential = Credential.LIVE, **more: object) -> SqlAdapter:
        settings = config(self._erp.url(), self._erp.url(live=False), **more)
        self.built.append(SqlAdapter(settings, surroundings(credential, self._customers)))
        return self.built[-1]


@pytest.fixture
async def build(erp: LegacySandbox, master: MasterData) -> AsyncIterator[Adapters]:
    adapters = Adapters(erp, master)
    yield adapters
    for adapter in adapters.built:
        await adapter.close()


def order(*lines: tuple[str, str, str, str], customer: str = "ALFKI", po: str = "PO 1") -> Order:
    """Return an order of (product, plant, quantity, unit), lines numbered 10, 20 and so on."""
    message = Order(
        customer=f"businessUnits/NW/customers/{customer}",
        currency_code="USD",
        purchase_order_number=po,
        pricing_date=from_date(TODAY),
        requested_date=from_date(TODAY),
    )
    for number, (product, plant, amount, unit) in enumerate(lines or (("11", "EU01", "2", "EA"),), start=1):
        message.lines.add(
            line_id=str(10 * number),
            product=f"businessUnits/NW/products/{product}",
            plant=plant,
            quantity=quantity(Decimal(amount), unit),
            requested_date=from_date(TODAY),
        )
    return message


def simulation(message: Order) -> SimulateOrderRequest:
    return SimulateOrderRequest(parent="businessUnits/NW", order=message)


def prices(message: Order) -> CalculatePricesRequest:
    return pricing_request(simulation(message))


def availability(message: Order) -> CheckAvailabilityRequest:
    return availability_request(simulation(message))


def submission(message: Order, reference: str = "70001", attempt: int = 1) -> OrderSubmission:
    return OrderSubmission(
        business_unit="NW",
        order=message,
        reference=reference,
        attempt=attempt,
        first_attempt_time=dt.datetime.now(dt.UTC),
    )


async def settled(adapter: SqlAdapter, reference: str = "70001") -> FindState:
    while True:
        found = await adapter.find_order("NW", reference, call())
        if found.state is not FindState.HANDED_OVER:
            return found.state
        await asyncio.sleep(0.01)


async def booked(adapter: SqlAdapter, message: Order, reference: str = "70001") -> Booked:
    await adapter.create_order(submission(message, reference), call())
    assert await settled(adapter, reference) is FindState.BOOKED
    return (await adapter.find_order("NW", reference, call())).bookings[0]


def ship_and_invoice(directory: Path) -> None:
    with closing(store.connect(directory / "legacy.db")) as connection:
        for _ in ("picked", "shipped", "invoiced", "complete"):
            shipping.advance(connection, whole_way=0.0, today=TODAY)


async def test_an_order_waits_in_the_interface_until_the_job_books_it(build: Adapters) -> None:
    adapter = build()
    answer = await adapter.create_order(submission(order(("11", "EU01", "0.5", "DZN"))), call())
    assert isinstance(answer, HandedOver)
    assert await settled(adapter) is FindState.BOOKED
    found = await adapter.find_order("NW", "70001", call())
    (line,) = found.bookings[0].order.lines
    assert (line.line_id, line.product, line.plant) == ("10", "businessUnits/NW/products/11", "EU01")
    assert (line.quantity.value.value, line.quantity.unit) == ("0.5", "DZN")
    assert money_amount(line.net_amount) == Decimal("120.00")


async def test_the_booked_amount_is_the_simulated_one(build: Adapters) -> None:
    adapter = build()
    message = order(("11", "EU01", "3", "EA"), ("42", "AP01", "7", "EA"), customer="BERGS")
    message.lines[0].agreed_discount.value = "0.15"
    message.lines[1].agreed_unit_price.amount.CopyFrom(money(Decimal("133.33"), "USD"))
    message.lines[1].agreed_unit_price.per_quantity.value = "10"
    message.lines[1].agreed_unit_price.unit = "EA"
    message.lines[1].agreed_discount.value = "0.1"
    simulated = await adapter.simulate_order(simulation(message), call())
    assert [money_amount(x.net_amount) for x in simulated.lines] == [Decimal("48.45"), Decimal("84.00")]
    assert simulated.composed
    real = await booked(adapter, message)
    assert [x.net_amount for x in real.order.lines] == [x.net_amount for x in simulated.lines]
    assert real.order.parts[0].net_amount == simulated.net_amount


async def test_a_customer_on_hold_is_refused_late_and_the_simulation_says_so_before(
    build: Adapters, erp: LegacySandbox
) -> None:
    adapter = build()
    erp.hold_customer("ALFKI")
    with pytest.raises(Rejected) as simulated:
        await adapter.simulate_order(simulation(order()), call())
    assert isinstance(await adapter.create_order(submission(order()), call()), HandedOver)
    assert await settled(adapter) is FindState.REFUSED
    found = await adapter.find_order("NW", "70001", call())
    assert (found.refusal_reason, simulated.value.reason) == (RefusalReason.CREDIT, RefusalReason.CREDIT)
    assert "hold" in found.refusal_message
    with pytest.raises(Rejected) as again:
        await adapter.create_order(submission(order(), attempt=2), call())
    assert (again.value.reason, again.value.source_code) == (RefusalReason.CREDIT, "CUSTHOLD")


async def test_an_unknown_customer_is_told_by_the_job_as_not_found(build: Adapters, master: MasterData) -> None:
    adapter = build()
    adapter._surroundings.xref.rules["customer"] = Identity()  # type: ignore[index]
    await adapter.create_order(submission(order(customer="9999")), call())
    assert await settled(adapter) is FindState.REFUSED
    assert (await adapter.find_order("NW", "70001", call())).refusal_reason == "NOT_FOUND"
    with pytest.raises(NotFound) as caught:
        await adapter.create_order(submission(order(customer="9999"), attempt=2), call())
    assert caught.value.kind == "customer"


async def test_a_product_that_is_no_longer_sold_is_refused_by_every_question(
    build: Adapters, erp: LegacySandbox
) -> None:
    adapter = build()
    erp.stop_selling("17")
    message = order(("17", "EU01", "1", "EA"))
    for asked in (
        adapter.calculate_prices(prices(message), call()),
        adapter.check_availability(availability(message), call()),
        adapter.simulate_order(simulation(message), call()),
    ):
        with pytest.raises(Rejected) as caught:
            await asked
        assert caught.value.reason is RefusalReason.VALIDATION


async def test_a_lost_reply_leaves_the_order_findable_and_single(build: Adapters, erp: LegacySandbox) -> None:
    adapter = build()
    erp.faults(drop_reply_after_executing=1)
    with pytest.raises(OutcomeUnknown):
        await adapter.create_order(submission(order()), call())
    again = await adapter.create_order(submission(order(), attempt=2), call())
    assert isinstance(again, HandedOver) or again.existing
    assert await settled(adapter) is FindState.BOOKED
    assert len(erp.book()) == 1


async def test_without_a_unique_index_a_reference_is_looked_up_before_it_is_written(
    build: Adapters, erp: LegacySandbox
) -> None:
    adapter = build(unique_reference=False)
    assert adapter.declaration.write_facts is not None
    assert adapter.declaration.write_facts.unique_reference == ""
    await booked(adapter, order())
    again = await adapter.create_order(submission(order()), call())
    assert isinstance(again, Booked)
    assert again.existing
    assert len(erp.book()) == 1


async def test_a_shipped_order_is_not_cancelled(build: Adapters, tmp_path: Path) -> None:
    adapter = build()
    document = (await booked(adapter, order())).document_number
    ship_and_invoice(tmp_path)
    with pytest.raises(Rejected) as caught:
        await adapter.cancel_order("NW", document, "70002", "too late", call())
    assert caught.value.source_code == "SHIPPED"


async def test_a_cancellation_that_the_job_has_not_processed_is_in_doubt_and_ends_well_later(
    master: MasterData, tmp_path: Path
) -> None:
    with start_legacy(master, directory=tmp_path, booking_delay=0.4) as erp:
        adapter = SqlAdapter(config(erp.url()), surroundings(Credential.LIVE))
        document = (await booked(adapter, order())).document_number
        with pytest.raises(OutcomeUnknown) as caught:
            await adapter.cancel_order("NW", document, "70002", "mistake", call(0.15))
        done = await adapter.cancel_order("NW", document, "70002", "mistake", call())
        await adapter.close()
        assert caught.value.timed_out
        assert done.order.submission_state == Order.CANCELLED
        assert [line.live for line in erp.book()] == [False]


async def test_what_is_invoiced_is_read_from_history_with_its_payment_state(build: Adapters, tmp_path: Path) -> None:
    adapter = build()
    document = (await booked(adapter, order())).document_number
    ship_and_invoice(tmp_path)
    message = await adapter.get_order("NW", document, call())
    states = (message.fulfilment_state, message.billing_state, message.payment_state)
    assert states == (FULFILMENT_STATE_COMPLETE, BILLING_STATE_BILLED, PAYMENT_STATE_OPEN)


async def test_invoices_are_listed_page_by_page_newest_first_without_gaps(build: Adapters, tmp_path: Path) -> None:
    adapter = build()
    documents = [(await booked(adapter, order(po=f"PO {n}"), str(70000 + n))).document_number for n in range(1, 6)]
    ship_and_invoice(tmp_path)
    seen: list[str] = []
    after = None
    while page := await adapter.list_invoices(InvoiceQuery(business_unit="NW", limit=2, after=after), call()):
        seen += [found.native_key for found in page]
        after = (to_date(page[-1].invoice.invoice_date), page[-1].native_key)
    assert seen == sorted(seen, reverse=True)
    assert len(set(seen)) == len(seen) == 5

    query = InvoiceQuery(business_unit="NW", limit=9, order_document_number=documents[2])
    (of_order,) = await adapter.list_invoices(query, call())
    assert of_order.invoice.purchase_order_number == "PO 3"
    assert [(x.order_line_id, x.quantity.value.value) for x in of_order.invoice.lines] == [("10", "2")]
    assert await adapter.get_invoice("NW", of_order.native_key, call()) == of_order.invoice
    other = InvoiceQuery(business_unit="NW", limit=9, customer="businessUnits/NW/customers/BERGS")
    assert await adapter.list_invoices(other, call()) == []


async def test_a_backorder_is_booked_and_shows_as_a_later_confirmation(build: Adapters) -> None:
    message = (await booked(build(), order(("11", "EU01", "30", "EA")))).order
    found = [(to_date(x.ship_date), x.quantity.value.value) for x in message.lines[0].confirmations]
    assert found == [(TODAY, "22"), (TODAY + dt.timedelta(days=7), "8")]


async def test_the_shadow_reads_and_cannot_write(build: Adapters) -> None:
    shadow = build(Credential.SHADOW)
    live_answer = await build().calculate_prices(prices(order()), call())
    assert await shadow.calculate_prices(prices(order()), call()) == live_answer
    with pytest.raises(Unsupported):
        await shadow.create_order(submission(order()), call())
    with pytest.raises(Unsupported):
        await shadow.cancel_order("NW", "1", "70002", "-", call())


@pytest.mark.parametrize("credential", list(Credential))
async def test_check_finds_everything_in_order(build: Adapters, credential: Credential) -> None:
    results = await build(credential).check(call())
    assert [r for r in results if not r.ok] == []
    assert {"connection", "table F4211", "writing to F47011", "unique reference"} <= {r.subject for r in results}


async def test_check_complains_when_the_shadow_can_write(build: Adapters, erp: LegacySandbox) -> None:
    settings = config(erp.url(), erp.url())
    adapter = SqlAdapter(settings, surroundings(Credential.SHADOW))
    complaints = {r.subject: r.message for r in await adapter.check(call()) if not r.ok}
    await adapter.close()
    assert set(complaints) == {"writing to F47011", "writing to F47012", "writing to F47131"}
    assert "revoke INSERT" in complaints["writing to F47011"]


async def test_check_of_a_database_that_is_not_there_says_only_that(tmp_path: Path) -> None:
    adapter = SqlAdapter(config(f"sqlite:////{tmp_path}/nowhere/erp.db"), surroundings(Credential.LIVE))
    (result,) = await adapter.check(call())
    await adapter.close()
    assert (result.subject, result.ok) == ("connection", False)


async def test_check_names_missing_tables_columns_and_indexes(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "erp.db")) as connection:
        connection.execute("CREATE TABLE F4201 (SHKCOO, SHDOCO, SHDCTO, SHAN8, SHVR01, SHHOLD, SHCRCD, SHPEFJ)")
        columns = "EKCO EDOC EDCT EDST EDER EDSP EDDT TPUR KCOO DOCO DCTO MCU AN8 SHAN TRDJ DRQJ PEFJ VR01 CRCD HOLD"
        connection.execute(f"CREATE TABLE F47011 ({', '.join('SY' + x for x in columns.split())})")
        connection.execute("CREATE TABLE F9210 (FRDTAI, FRCDEC)")
        connection.execute("INSERT INTO F9210 VALUES ('UORG', '2'), ('UPRC', '4')")
        connection.commit()
    adapter = SqlAdapter(config(f"sqlite:///{tmp_path}/erp.db", dictionary={}), surroundings(Credential.LIVE))
    complaints = {r.subject: r.message for r in await adapter.check(call()) if not r.ok}
    await adapter.close()
    assert "SHDRQJ" in complaints["table F4201"]
    assert "does not exist" in complaints["table F4211"]
    assert "table F47011" not in complaints
    assert "no unique index" in complaints["unique reference"]
    assert complaints["data dictionary"] == "UORG has 2, configured are 3"


async def test_a_wrong_password_is_ours_to_repair(erp: LegacySandbox) -> None:
    url = erp.url().replace("FACADE:", "FACADE:not-")
    adapter = SqlAdapter(config(url), surroundings(Credential.LIVE))
    with pytest.raises(Misconfigured) as caught:
        await adapter.calculate_prices(prices(order()), call())
    await adapter.close()
    assert "FACADE" not in caught.value.message


async def test_each_trouble_of_the_database_has_its_error(build: Adapters, erp: LegacySandbox) -> None:
    adapter = build()
    await adapter.calculate_prices(prices(order()), call())
    for trouble, expected in (({"down": True}, Unavailable), ({"throttling": 2.0}, Throttled)):
        erp.faults(**trouble)  # type: ignore[arg-type]
        with pytest.raises(expected):
            await adapter.calculate_prices(prices(order()), call())
        with pytest.raises(expected):
            await adapter.create_order(submission(order()), call())
    erp.faults()
    assert (await adapter.find_order("NW", "70001", call())).state is FindState.NOT_FOUND


async def test_a_statement_that_takes_too_long_is_ended_by_the_database(build: Adapters, erp: LegacySandbox) -> None:
    adapter = build(statement_timeout_seconds=1)
    await adapter.calculate_prices(prices(order()), call())
    erp.faults(slow=20)
    with pytest.raises(Unavailable) as caught:  # it is the look whether the connection still lives that ends
        await adapter.calculate_prices(prices(order()), call())
    assert "HYT00" in caught.value.detail


async def test_a_write_whose_caller_gave_up_before_its_commit_is_undone(build: Adapters, erp: LegacySandbox) -> None:
    adapter = build()
    await adapter.calculate_prices(prices(order()), call())
    erp.faults(answer_late=(1.5, 1))
    with pytest.raises(OutcomeUnknown) as caught:
        await adapter.create_order(submission(order()), call(0.5))
    await adapter.close()  # waits for the late write
    assert caught.value.timed_out
    assert (await build().find_order("NW", "70001", call())).state is FindState.NOT_FOUND
    assert erp.book() == []


async def test_an_order_that_vanishes_while_it_is_cancelled_leaves_the_outcome_unknown(
    master: MasterData, tmp_path: Path
) -> None:
    with start_legacy(master, directory=tmp_path, booking_delay=0.3) as erp:
        adapter = SqlAdapter(config(erp.url()), surroundings(Credential.LIVE))
        document = (await booked(adapter, order())).document_number
        asked = asyncio.ensure_future(adapter.cancel_order("NW", document, "70002", "mistake", call()))
        with closing(store.connect(tmp_path / "legacy.db")) as connection:
            while True:
                if connection.execute("SELECT 1 FROM F47131").fetchone():
                    break
                await asyncio.sleep(0.01)
            connection.execute("UPDATE F47131 SET SYEDSP = 'Y'")
            connection.execute("DELETE FROM F4201")
            connection.commit()
        with pytest.raises(OutcomeUnknown, match="was sent and could not be looked up"):
            await asked
        await adapter.close()


async def test_a_driver_that_fails_in_its_own_way_never_hides_that_the_commit_may_have_happened(
    build: Adapters,
) -> None:
    adapter = build()
    await adapter.calculate_prices(prices(order()), call())

    @event.listens_for(adapter._gateway.engine, "commit")
    def cut(connection: object) -> None:
        raise ConnectionResetError("the socket is gone")

    with pytest.raises(OutcomeUnknown):
        await adapter.create_order(submission(order()), call())


async def test_a_question_before_the_write_that_hangs_leaves_nothing_in_doubt(
    build: Adapters, erp: LegacySandbox
) -> None:
    adapter = build()
    await adapter.calculate_prices(prices(order()), call())
    agreed = order()
    agreed.lines[0].agreed_unit_price.amount.CopyFrom(money(Decimal(5), "USD"))
    agreed.lines[0].agreed_unit_price.unit = "EA"
    erp.faults(slow=0.6)
    with pytest.raises(Unavailable):
        await adapter.create_order(submission(agreed), call(0.2))
    await adapter.close()
    erp.faults()
    assert erp.book() == []


async def test_a_seeded_difference_reaches_the_shadow_of_the_call_it_is_meant_for(
    master: MasterData, tmp_path: Path
) -> None:
    seeds = tmp_path / "seeds.csv"
    seeds.write_text(
        "id,backend,operation,plant,product,cause,value,expected_class\n"
        "s1,legacy,PRICING,EU01,11,price_unit,100,MATCH\n"
        "s2,legacy,PRICING,AP01,42,rounding,1,ROUNDING\n",
        encoding="utf-8",
    )
    with start_legacy(master, directory=tmp_path, seeds=load_seeds(seeds)) as erp:
        settings = config(erp.url(), erp.url(live=False))
        live, shadow = (SqlAdapter(settings, surroundings(credential)) for credential in Credential)
        message = order(("11", "EU01", "3", "EA"), ("42", "AP01", "7", "EA"))
        control, candidate = [
            await adapter.calculate_prices(prices(message), call(correlation_id="seeded")) for adapter in (live, shadow)
        ]
        await live.close()
        await shadow.close()
        applied = {(x.seed_id, x.correlation_id) for x in erp.applied()}
    assert applied == {("s1", "seeded"), ("s2", "seeded")}
    assert candidate.lines[0].list_price.per_quantity.value == "100"
    assert candidate.lines[0].net_amount == control.lines[0].net_amount
    moved = money_amount(candidate.lines[1].net_amount) - money_amount(control.lines[1].net_amount)
    assert moved == Decimal("0.01")


async def test_many_lines_are_priced_with_few_statements(build: Adapters) -> None:
    adapter = build()
    statements: list[str] = []

    @event.listens_for(adapter._gateway.engine, "before_cursor_execute")
    def note(conn: object, cursor: object, statement: str, parameters: object, context: object, many: bool) -> None:
        statements.append(statement)

    message = order(*[("11", "EU01", str(n), "EA") for n in range(1, 201)])
    answer = await adapter.calculate_prices(prices(message), call())
    assert [money_amount(x.net_amount) for x in answer.lines] == [Decimal(20) * n for n in range(1, 201)]
    assert len(statements) <= 10
    assert all(text.endswith("/*action='calculate_prices',correlation_id='c-1'*/") for text in statements)


async def test_another_currency_than_the_companys_is_refused(build: Adapters) -> None:
    adapter = build()
    message = order()
    message.currency_code = "EUR"
    with pytest.raises(Rejected):
        await adapter.calculate_prices(prices(message), call())
    with pytest.raises(Rejected):
        await adapter.create_order(submission(message), call())
