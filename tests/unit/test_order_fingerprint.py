"""Fingerprints: equal content, equal value, for years."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from google.protobuf.json_format import ParseDict

from erp.v1.orders_pb2 import CancelOrderRequest, CreateOrderRequest
from erp_facade.api_error import ApiError
from erp_facade.orders.fingerprint import VERSION, canonical_form_1, fingerprint

GOLDENS = sorted(Path(__file__).with_name("fingerprints").glob("*.json"))


def golden(path):
    stored = json.loads(path.read_text())
    message = {"CreateOrderRequest": CreateOrderRequest, "CancelOrderRequest": CancelOrderRequest}[stored["message"]]()
    return ParseDict(stored["request"], message), stored


@pytest.mark.parametrize("path", GOLDENS, ids=lambda p: p.stem)
def test_the_fingerprints_of_the_golden_files_never_change(path):
    message, stored = golden(path)
    assert canonical_form_1(message).decode() == stored["canonical_form_1"]
    assert fingerprint(message, 1) == stored["fingerprint_1"]


def test_there_are_golden_files():
    assert len(GOLDENS) == 3


def full():
    message, _ = golden(next(p for p in GOLDENS if p.stem == "create_full"))
    return message


def test_the_present_form_is_one_of_the_known_ones():
    assert fingerprint(full()) == fingerprint(full(), VERSION)


@pytest.mark.parametrize(
    "same",
    [
        lambda m: setattr(m, "request_id", "another"),
        lambda m: m.first_sent_time.GetCurrentTime(),
        lambda m: setattr(m.order.lines[0].quantity.value, "value", "10.00"),
        lambda m: setattr(m.order.lines[0].agreed_discount, "value", "0.050"),
        lambda m: setattr(m.order, "name", "businessUnits/NW/orders/1"),
        lambda m: setattr(m.order, "submission_state", 7),
        lambda m: setattr(m.order.lines[0], "description", "Queso"),
    ],
)
def test_what_callers_do_not_decide_and_how_numbers_are_spelt_does_not_matter(same):
    message = full()
    same(message)
    assert fingerprint(message) == fingerprint(full())


@pytest.mark.parametrize(
    "other",
    [
        lambda m: setattr(m, "parent", "businessUnits/XX"),
        lambda m: setattr(m.order.lines[0].quantity.value, "value", "100"),
        lambda m: setattr(m.order.lines[0].quantity, "unit", "DZN"),
        lambda m: setattr(m.order.lines[0].requested_date, "day", 28),
        lambda m: m.order.lines[0].ClearField("agreed_discount"),
        lambda m: setattr(m.order.lines[1].agreed_unit_price.amount, "nanos", 1),
        lambda m: setattr(m.order, "purchase_order_number", "PO-8"),
        lambda m: m.order.ClearField("pricing_date"),
        lambda m: m.order.lines.reverse(),
        lambda m: m.order.lines.add(line_id="9"),
    ],
)
def test_every_change_of_content_changes_the_fingerprint(other):
    message = full()
    other(message)
    assert fingerprint(message) != fingerprint(full())


def test_a_value_cannot_move_into_its_neighbour_unnoticed():
    first, second = full(), full()
    first.order.customer, first.order.currency_code = "AB", "C"
    second.order.customer, second.order.currency_code = "A", "BC"
    assert fingerprint(first) != fingerprint(second)


def test_a_field_that_the_contract_does_not_know_is_refused():
    message = CreateOrderRequest.FromString(full().SerializeToString() + b"\xfa\x3f\x01x")
    with pytest.raises(ApiError) as caught:
        fingerprint(message)
    assert caught.value.reason == "UNKNOWN_FIELD"


def test_an_unknown_field_deep_inside_is_refused_too():
    message = full()
    line = message.order.lines[0]
    line.quantity.MergeFromString(b"\xfa\x3f\x01x")
    with pytest.raises(ApiError):
        fingerprint(message)
