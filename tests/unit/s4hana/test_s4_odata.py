from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from cloud_erp.s4hana import odata


@pytest.mark.parametrize(
    "body",
    [
        {"d": {"results": [{"A": "1"}, {"A": "2"}], "__next": "x?$skiptoken=2"}},
        {"d": [{"A": "1"}, {"A": "2"}]},
        {"d": {"CalculateAvailabilityTimeseries": {"results": [{"A": "1"}, {"A": "2"}]}}},
    ],
)
def test_a_list_is_read_in_every_envelope(body: object) -> None:
    entities, _ = odata.page(body)
    assert entities == [{"A": "1"}, {"A": "2"}]


def test_the_link_to_the_next_page_is_returned_as_it_is() -> None:
    assert odata.page({"d": {"results": [], "__next": "A?$skiptoken=7"}}) == ([], "A?$skiptoken=7")
    assert odata.page({"d": {"results": [], "__next": None}}) == ([], None)


@pytest.mark.parametrize("body", [{"d": {"A": "1"}}, {"d": {"results": {"A": "1"}}}])
def test_an_entity_is_read_with_and_without_results(body: object) -> None:
    assert odata.entity(body) == {"A": "1"}


@pytest.mark.parametrize("body", [None, [], {}, {"d": None}, {"d": "x"}, {"value": []}])
def test_what_is_no_odata_is_unreadable(body: object) -> None:
    with pytest.raises(odata.Unreadable):
        odata.entity(body)
    with pytest.raises(odata.Unreadable):
        odata.page(body)


def test_a_list_of_something_else_is_unreadable() -> None:
    with pytest.raises(odata.Unreadable):
        odata.page({"d": {"results": ["x"]}})


@pytest.mark.parametrize("content", [b"", b"<html>", b"{", b"\xff", b'{"a": ' * 100_000])
def test_what_is_no_json_is_unreadable(content: bytes) -> None:
    with pytest.raises(odata.Unreadable):
        odata.parse(content)


def test_a_json_number_is_never_a_float() -> None:
    value = odata.parse(b'{"d": {"NetAmount": 0.1}}')["d"]["NetAmount"]
    assert value == Decimal("0.1")
    assert isinstance(value, Decimal)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("12.500", Decimal("12.5")),
        ("7.00-", Decimal(-7)),
        ("-7.00", Decimal(-7)),
        (Decimal("0.1"), Decimal("0.1")),
        (3, Decimal(3)),
        ("", None),
        (None, None),
    ],
)
def test_decimals_are_read_exactly(raw: object, expected: Decimal | None) -> None:
    assert odata.number({"N": raw}, "N") == expected


@pytest.mark.parametrize("raw", ["x", "NaN", "Infinity", "1,5"])
def test_what_is_no_number_is_unreadable(raw: str) -> None:
    with pytest.raises(odata.Unreadable, match="N is not a number"):
        odata.number({"N": raw}, "N")


def test_a_number_that_is_needed_and_missing_is_unreadable() -> None:
    with pytest.raises(odata.Unreadable, match="NetAmount is missing"):
        odata.needed_number({}, "NetAmount")


@pytest.mark.parametrize(
    "raw",
    [
        "/Date(1492041600000)/",
        "/Date(1492041600000+0000)/",
        "/Date(1492041600000+0120)/",
        "2017-04-13T00:00:00",
        "2017-04-13T00:00:00Z",
        "2017-04-13",
    ],
)
def test_every_form_of_a_date_is_the_same_date(raw: str) -> None:
    assert odata.date({"D": raw}, "D") == dt.date(2017, 4, 13)


@pytest.mark.parametrize(
    "raw", ["", None, "/Date(253402214400000)/", "9999-12-31T00:00:00", "1900-01-01T00:00:00", "0001-01-01T00:00:00"]
)
def test_dates_that_mean_none_are_none(raw: object) -> None:
    assert odata.date({"D": raw}, "D") is None


@pytest.mark.parametrize("raw", ["/Date(x)/", "soon", "/Date(99999999999999999)/", "20261341"])
def test_what_is_no_date_is_unreadable(raw: str) -> None:
    with pytest.raises(odata.Unreadable, match="D is not a date"):
        odata.date({"D": raw}, "D")


def test_a_date_written_out_with_an_offset_is_the_date_that_stands_there() -> None:
    assert odata.date({"D": "2026-11-22T00:00:00+01:00"}, "D") == dt.date(2026, 11, 22)


@pytest.mark.parametrize("raw", ["00000000", "0000-00-00", "0000-00-00T00:00:00"])
def test_a_date_of_zeros_is_none(raw: str) -> None:
    assert odata.date({"D": raw}, "D") is None


@pytest.mark.parametrize("day", [dt.date(2026, 11, 22), dt.date(1969, 12, 31), dt.date(2024, 2, 29)])
def test_a_date_written_and_read_again_is_the_same(day: dt.date) -> None:
    assert odata.date({"D": odata.wire_date(day)}, "D") == day


def test_decimals_are_written_as_strings_without_an_exponent() -> None:
    assert odata.wire_number(Decimal("1E+2")) == "100"
    assert odata.wire_number(Decimal("5.500")) == "5.5"


def test_keys_are_quoted_and_escaped() -> None:
    assert odata.key("A_SalesOrder", SalesOrder="1") == "A_SalesOrder('1')"
    assert odata.key("A_SalesOrder", SalesOrder="O'x/é") == "A_SalesOrder('O''x%2F%C3%A9')"
    expected = "A_SalesOrderItem(SalesOrder='1',SalesOrderItem='10')"
    assert odata.key("A_SalesOrderItem", SalesOrder="1", SalesOrderItem="10") == expected


def test_a_blank_in_a_query_is_percent_encoded() -> None:
    options = odata.query(filter="A eq 'x+y & z'", top="5")
    assert options == "$filter=A%20eq%20'x%2By%20%26%20z'&$top=5"


def test_parameters_of_functions_have_no_dollar_sign() -> None:
    assert odata.query(Material=odata.literal("TG11")) == "Material='TG11'"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"results": [{"A": "1"}]}, [{"A": "1"}]),
        ([{"A": "1"}], [{"A": "1"}]),
        ({"A": "1"}, [{"A": "1"}]),
        ({"results": []}, []),
        ({}, []),
        ({"__deferred": {"uri": "x"}}, None),
        (None, None),
    ],
)
def test_navigations_are_read_in_every_shape(value: object, expected: object) -> None:
    assert odata.children({"to_X": value}, "to_X") == expected
