"""What a known cause must be classed as, row by row."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from google.type.date_pb2 import Date

from erp_ports.amounts import money, quantity
from erp_ports.errors import (
    CrossReferenceMissing,
    ErpError,
    NotFound,
    OutcomeUnknown,
    RefusalReason,
    Rejected,
    Throttled,
    Unavailable,
)
from erp_routing.comparison import ComparisonClass, Severity, judge

Build = Callable[..., Any]
C = ComparisonClass


def gating(verdict: Any) -> dict[str, ComparisonClass]:
    return {d.path: d.comparison_class for d in verdict.differences if d.severity is Severity.GATING}


def test_another_rounding_rule_within_tolerance_is_rounding(prices: Build) -> None:
    verdict = judge(prices(), prices(backend="cloud", net_amount=Decimal("199.01")))
    assert verdict.comparison_class is C.ROUNDING
    assert gating(verdict) == {"lines[10].net_amount": C.ROUNDING, "net_amount": C.ROUNDING}


def test_the_same_price_per_100_and_per_1_is_a_match(prices: Build) -> None:
    per_hundred = prices(net_price__amount=Decimal("1990.00"), net_price__per_quantity__value="100")
    verdict = judge(prices(), per_hundred)
    assert (verdict.comparison_class, verdict.differences) == (C.MATCH, ())


def test_a_price_unit_taken_for_the_wrong_factor_is_a_mismatch(prices: Build) -> None:
    wrong = prices(net_price__per_quantity__value="100")
    verdict = judge(prices(), wrong)
    assert verdict.comparison_class is C.MISMATCH
    assert gating(verdict) == {"lines[10].net_price": C.MISMATCH}


@pytest.mark.parametrize(
    ("price", "net"), [("18.91", "189.05"), ("20.90", "209.00")], ids=["a discount is missing", "another price"]
)
def test_another_price_is_a_mismatch(prices: Build, price: str, net: str) -> None:
    other = prices(net_price__amount=Decimal(price), net_amount=Decimal(net))
    verdict = judge(prices(), other)
    assert verdict.comparison_class is C.MISMATCH
    assert gating(verdict) == dict.fromkeys(("lines[10].net_price", "lines[10].net_amount", "net_amount"), C.MISMATCH)


def test_unit_factors_that_differ_are_a_gap_and_not_also_a_mismatch(prices: Build) -> None:
    dozens = {"quantity": quantity(Decimal(5), "DZN"), "net_price__unit": "DZN", "list_price__unit": "DZN"}
    control = prices(**dozens, base_quantity=quantity(Decimal(60), "EA"))
    candidate = prices(
        **dozens,
        base_quantity=quantity(Decimal(50), "EA"),
        net_price__amount=Decimal("16.58"),
        net_amount=Decimal("165.83"),
    )
    verdict = judge(control, candidate)
    assert verdict.comparison_class is C.MASTER_DATA_GAP
    assert gating(verdict) == {"lines[10].base_quantity": C.MASTER_DATA_GAP}
    followers = {d.path for d in verdict.differences if d.severity is Severity.INFO}
    assert followers == {"lines[10].net_price", "lines[10].net_amount", "net_amount"}


def test_unit_factors_that_differ_excuse_the_promise_that_follows_from_them(availability: Build) -> None:
    control = availability(base_quantity=quantity(Decimal(60), "EA"))
    candidate = availability(base_quantity=quantity(Decimal(50), "EA"), decision="FULL", confirmations=[])
    assert judge(control, candidate).comparison_class is C.MASTER_DATA_GAP


@pytest.mark.parametrize("kind", ["product", "customer", "plant", "unit"])
@pytest.mark.parametrize("error", [CrossReferenceMissing, NotFound])
def test_a_missing_cross_reference_is_a_gap(prices: Build, error: type[NotFound], kind: str) -> None:
    verdict = judge(prices(), error("cloud has no key for it", kind=kind, key="11"))
    assert verdict.comparison_class is C.MASTER_DATA_GAP
    assert verdict.reason == "candidate NOT_FOUND: cloud has no key for it"


def test_a_stock_feed_that_stands_still_is_a_mismatch(availability: Build) -> None:
    verdict = judge(availability(), availability(backend="cloud", decision="FULL", confirmations=[]))
    assert verdict.comparison_class is C.MISMATCH
    assert gating(verdict) == {"lines[10].decision": C.MISMATCH, "lines[10].confirmations": C.MISMATCH}


def test_the_same_date_in_another_form_is_a_match(availability: Build) -> None:
    null = Date(year=1900, month=1, day=1)
    assert judge(availability(earliest_full_date=None), availability(earliest_full_date=null)).differences == ()


def test_a_date_shifted_by_a_zone_is_a_mismatch(availability: Build) -> None:
    shifted = availability()
    for confirmation in shifted.lines[0].confirmations:
        confirmation.ship_date.day -= 1
    verdict = judge(availability(), shifted)
    assert verdict.comparison_class is C.MISMATCH
    assert gating(verdict) == {"lines[10].confirmations": C.MISMATCH}


@pytest.mark.parametrize("reason", list(RefusalReason))
def test_two_refusals_of_the_same_class_are_a_match(reason: RefusalReason) -> None:
    verdict = judge(Rejected("no", reason=reason), Rejected("refused", reason=reason, source_code="V1 042"))
    assert (verdict.comparison_class, verdict.differences) == (C.MATCH, ())


def test_two_refusals_of_different_classes_are_a_mismatch() -> None:
    control = Rejected("credit limit", reason=RefusalReason.CREDIT)
    verdict = judge(control, Rejected("no stock", reason=RefusalReason.STOCK))
    assert verdict.comparison_class is C.MISMATCH
    assert verdict.reason == "control CREDIT: credit limit; candidate STOCK: no stock"


@pytest.mark.parametrize("reason", list(RefusalReason))
def test_a_refusal_on_one_side_only_is_that_side_s_error(prices: Build, reason: RefusalReason) -> None:
    refusal = Rejected("no", reason=reason)
    assert judge(prices(), refusal).comparison_class is C.CANDIDATE_ERROR
    assert judge(refusal, prices()).comparison_class is C.CONTROL_ERROR


@pytest.mark.parametrize(
    ("error", "named"),
    [
        (OutcomeUnknown("no answer", timed_out=True), "TIMEOUT"),
        (Throttled("too many"), "THROTTLED"),
        (Unavailable("refused"), "TECHNICAL"),
        (OutcomeUnknown("cut off"), "TECHNICAL"),
    ],
)
def test_a_candidate_that_is_late_throttles_or_is_down_is_not_comparable(
    prices: Build, error: ErpError, named: str
) -> None:
    for control in (prices(), Rejected("no")):
        verdict = judge(control, error)
        assert verdict.comparison_class is C.NOT_COMPARABLE
        assert verdict.reason == f"candidate {named}: {error.message}"


@pytest.mark.parametrize("text", ["QUESO CABRALES", "Queso  Cabrales ", "Queso\u00a0Cabrales"])
def test_text_that_differs_by_padding_or_case_is_cosmetic(prices: Build, text: str) -> None:
    verdict = judge(prices(), prices(description=text))
    assert verdict.comparison_class is C.COSMETIC
    assert gating(verdict) == {"lines[10].description": C.COSMETIC}


def test_money_is_shown_in_words(prices: Build) -> None:
    control = prices(net_amount=Decimal("-0.05"))
    candidate = prices(net_amount=money(Decimal("3.1234"), "EUR"))
    shown = {d.path: (d.control, d.candidate) for d in judge(control, candidate).differences}
    assert shown["lines[10].net_amount"] == ("-0.05 EUR", "3.1234 EUR")
