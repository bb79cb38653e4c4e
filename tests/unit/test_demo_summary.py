import datetime as dt
from decimal import Decimal
from typing import Any

from erp.admin.v1 import comparisons_pb2
from erp_facade.demo.counting import count_books
from erp_facade.demo.summary import judge_observations
from erp_sandbox.books import BookLine
from erp_sandbox.master_data import Line, MasterData, Order
from erp_sandbox.seeds import Application, Seed

_TODAY = dt.date(2026, 3, 10)
_CLASS = comparisons_pb2.ComparisonClass


def seed(seed_id: str, **changes: Any) -> Seed:
    fields: dict[str, Any] = {
        "backend": "cloud", "operation": "ORDERS", "plant": "*", "product": "11", "cause": "price", "value": None,
        "expected_class": "MISMATCH",
    }  # fmt: skip
    return Seed(seed_id=seed_id, **(fields | changes))


def applied(seed_id: str, backend: str = "cloud", call: str = "c-1") -> Application:
    return Application(seed_id=seed_id, correlation_id=call, backend=backend, time=dt.datetime.now(dt.UTC))


def observed(name: str, call: str = "c-1") -> comparisons_pb2.Observation:
    return comparisons_pb2.Observation(
        name="observations/1", correlation_id=call, comparison_class=_CLASS.Value(name), operation="simulate_order"
    )


def unexpected(
    observation: comparisons_pb2.Observation, log: list[Application], seeds: list[Seed], *, simulated: str = ""
) -> list[str]:
    found = judge_observations([observation], log, seeds, simulated={simulated})
    assert found.classes == {comparisons_pb2.ComparisonClass.Name(observation.comparison_class): 1}
    return [name for _, name, _ in found.unexpected]


def test_a_mismatch_is_expected_only_in_a_call_whose_seed_asks_for_it() -> None:
    seeds, log = [seed("S1")], [applied("S1")]
    assert unexpected(observed("MISMATCH"), log, seeds) == []
    assert unexpected(observed("MISMATCH", call="c-2"), log, seeds) == ["MISMATCH"]
    assert unexpected(observed("CANDIDATE_ERROR"), log, seeds) == ["CANDIDATE_ERROR"]


def test_a_product_that_both_refuse_is_refused_alone_beside_a_booking_which_no_seed_touches() -> None:
    seeds = [seed("S1", cause="both_refuse", expected_class="MATCH")]
    assert unexpected(observed("CANDIDATE_ERROR"), [applied("S1")], seeds) == []
    assert unexpected(observed("CANDIDATE_ERROR"), [applied("S1")], seeds, simulated="c-1") == ["CANDIDATE_ERROR"]
    assert unexpected(observed("MISMATCH"), [applied("S1")], seeds) == ["MISMATCH"]
    of_prices = [seed("S1", cause="both_refuse", expected_class="MATCH", operation="PRICING")]
    assert unexpected(observed("CANDIDATE_ERROR"), [applied("S1")], of_prices) == ["CANDIDATE_ERROR"]


def _master(*orders: str) -> MasterData:
    line = Line(
        line_id="1", product="11", plant="EU01", quantity=Decimal(1), discount=Decimal(0), unit_price=Decimal(1)
    )
    return MasterData(
        business_unit="NW", currency="USD", today=_TODAY, plants={"EU01": "UTC"}, products=(), prices={}, stock={},
        customers=(), adjustments=(), weeks_moved=0,
        orders=tuple(
            Order(order=o, customer="C", order_date=_TODAY, requested_date=_TODAY, lines=(line,)) for o in orders
        ),
    )  # fmt: skip


def _book(order: str, backend: str = "legacy", document: str = "1", *, line_id: str = "1") -> BookLine:
    return BookLine(
        backend=backend, document=document, purchase_order_number=order, line_id=line_id, quantity=Decimal(1),
        live=True, reference="R",
    )  # fmt: skip


def test_an_order_that_stands_in_no_book_is_lost_whoever_lost_it() -> None:
    count = count_books(_master("1", "2"), [_book("1")])
    assert (count.booked, count.lost, count.twice, count.unknown) == (("1",), ("2",), (), ())


def test_a_line_in_two_documents_is_booked_twice_and_a_line_nobody_ordered_is_told() -> None:
    books = [_book("1"), _book("1", "cloud", "9"), _book("2", document="2"), _book("2", document="2", line_id="7")]
    count = count_books(_master("1", "2"), books)
    assert (count.booked, count.lost, count.twice, count.unknown) == (("2",), (), ("1",), ("2",))
    assert count.documents == {"legacy": 2, "cloud": 1}
