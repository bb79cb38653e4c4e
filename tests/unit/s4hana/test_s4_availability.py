from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from cloud_erp.s4hana.mapping import Words
from cloud_erp.s4hana.mapping_availability import Period, Series, availability_from_s4, period_start, series_from_s4
from cloud_erp.s4hana.mapping_units import Factor
from erp.v1.availability_pb2 import AvailabilityLine, LineAvailability
from erp.v1.common_pb2 import FULL, NONE, NOT_CHECKED, PARTIAL
from erp_ports.amounts import from_date, quantity, to_date
from erp_ports.errors import Misconfigured

TODAY = dt.date(2026, 11, 22)
PRODUCT = "businessUnits/NW/products/11"
DOZEN = Factor(base_unit="EA", numerator=Decimal(12), denominator=Decimal(1))


def day(days: int) -> dt.date:
    return TODAY + dt.timedelta(days=days)


def milliseconds(moment: dt.datetime) -> str:
    return f"/Date({int(moment.timestamp() * 1000)})/"


def record(start: str | None, available: str, zone: str = "CET") -> dict[str, Any]:
    return {
        "PeriodStartUTCDateTime": start,
        "PeriodStartTimeZone": zone,
        "PeriodEndUTCDateTime": "/Date(253402214400000)/",
        "AvailableQuantityInBaseUnit": available,
        "BaseUnit": "EA",
    }


def series(*periods: tuple[int, int]) -> Series:
    return Series(
        periods=tuple(Period(start=day(days), available=Decimal(amount)) for days, amount in periods), base_unit="EA"
    )


def line(amount: str, days: int = 0, *, line_id: str = "A", unit: str = "EA") -> AvailabilityLine:
    return AvailabilityLine(
        line_id=line_id,
        product=PRODUCT,
        plant="1010",
        quantity=quantity(Decimal(amount), unit),
        requested_date=from_date(day(days)),
    )


def answers(known: Series, *lines: AvailabilityLine, **factors: Factor) -> list[LineAvailability]:
    return list(availability_from_s4(lines, {(PRODUCT, "1010"): known}, factors).lines)


def confirmed(answer: LineAvailability) -> list[tuple[int, str]]:
    return [((to_date(c.ship_date) - TODAY).days, c.quantity.value.value) for c in answer.confirmations]


def test_what_is_on_hand_is_confirmed_for_the_requested_date() -> None:
    [answer] = answers(series((-1, 10)), line("10", 3))
    assert (answer.decision, confirmed(answer)) == (FULL, [(3, "10")])
    assert to_date(answer.earliest_full_date) == day(3)
    assert (answer.line_id, answer.product, answer.plant) == ("A", PRODUCT, "1010")
    assert to_date(answer.requested_date) == day(3)


def test_what_is_missing_is_confirmed_for_later_receipts() -> None:
    [answer] = answers(series((-1, 10), (7, 14), (14, 9999)), line("20"))
    assert (answer.decision, confirmed(answer)) == (PARTIAL, [(0, "10"), (7, "4"), (14, "6")])
    assert to_date(answer.earliest_full_date) == day(14)


def test_nothing_today_is_none_today() -> None:
    [answer] = answers(series((-1, 0), (7, 5)), line("5"))
    assert (answer.decision, confirmed(answer)) == (NONE, [(7, "5")])


def test_without_further_receipts_there_is_no_full_date() -> None:
    [answer] = answers(series((-1, 3)), line("5"))
    assert (answer.decision, confirmed(answer)) == (PARTIAL, [(0, "3")])
    assert not answer.HasField("earliest_full_date")


def test_a_receipt_before_the_requested_date_counts_on_it() -> None:
    [answer] = answers(series((-1, 0), (7, 5)), line("5", 9))
    assert (answer.decision, confirmed(answer)) == (FULL, [(9, "5")])


def test_lines_of_the_same_product_and_plant_take_from_each_other() -> None:
    found = answers(series((-1, 10), (14, 9999)), line("6", line_id="A"), line("6", line_id="B"))
    assert [(x.decision, confirmed(x)) for x in found] == [(FULL, [(0, "6")]), (PARTIAL, [(0, "4"), (14, "2")])]


def test_an_earlier_date_does_not_take_what_a_line_before_was_promised() -> None:
    found = answers(series((-1, 10)), line("8", 5, line_id="A"), line("5", line_id="B"))
    assert [confirmed(x) for x in found] == [[(5, "8")], [(0, "2")]]


def test_nothing_is_promised_that_a_later_total_lacks() -> None:
    [answer] = answers(series((-1, 10), (3, 4), (14, 20)), line("10"))
    assert confirmed(answer) == [(0, "4"), (14, "6")]


def test_a_product_without_any_period_is_not_checked() -> None:
    [answer] = answers(Series(periods=()), line("5"))
    assert (answer.decision, confirmed(answer)) == (NOT_CHECKED, [])


def test_other_units_are_converted_with_the_factor_of_the_erp() -> None:
    [answer] = answers(series((-1, 30), (7, 60)), line("5", unit="DZN"), A=DOZEN)
    assert (answer.decision, confirmed(answer)) == (PARTIAL, [(0, "2.5"), (7, "2.5")])
    assert answer.confirmations[0].quantity.unit == "DZN"
    assert answer.base_quantity == quantity(Decimal(60), "EA")


def test_a_conversion_that_does_not_come_out_even_loses_no_piece() -> None:
    third = Factor(base_unit="EA", numerator=Decimal(1), denominator=Decimal(3))
    [answer] = answers(series((-1, 1)), line("1", unit="DZN"), A=third)
    assert (answer.decision, confirmed(answer)) == (FULL, [(0, "1")])
    [part] = answers(series((-1, 10), (7, 12)), line("1", unit="DZN"), A=DOZEN)
    assert confirmed(part) == [(0, "0.833333"), (7, "0.166667")]


def test_a_unit_wrongly_configured_as_base_unit_is_a_misconfiguration() -> None:
    with pytest.raises(Misconfigured):
        answers(series((-1, 30)), line("5", unit="DZN"))


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        ("/Date(1795305600000)/", dt.date(2026, 11, 22)),
        ("/Date(1795305600000+0000)/", dt.date(2026, 11, 22)),
        ("2026-11-22T00:00:00", dt.date(2026, 11, 22)),
        (milliseconds(dt.datetime(2026, 11, 21, 23, tzinfo=dt.UTC)), dt.date(2026, 11, 22)),
        (milliseconds(dt.datetime(2026, 11, 22, 12, 30, tzinfo=dt.UTC)), dt.date(2026, 11, 22)),
        (milliseconds(dt.datetime(2026, 7, 1, 22, tzinfo=dt.UTC)), dt.date(2026, 7, 2)),
        (None, dt.date.min),
        ("/Date(253402214400000)/", dt.date.min),
    ],
)
def test_a_period_starts_on_a_local_date_however_it_is_written(words: Words, start: str, expected: dt.date) -> None:
    assert period_start(record(start, "1"), "1010", words) == expected


def test_midnight_utc_is_a_calendar_date_also_west_of_greenwich(words: Words) -> None:
    assert period_start(record("/Date(1795305600000)/", "1", "EST"), "2010", words) == dt.date(2026, 11, 22)
    local_midnight = milliseconds(dt.datetime(2026, 11, 22, 5, tzinfo=dt.UTC))
    assert period_start(record(local_midnight, "1", "EST"), "2010", words) == dt.date(2026, 11, 22)


def test_the_zone_of_the_record_serves_a_plant_without_a_configured_zone(make_words: Callable[..., Words]) -> None:
    words = make_words(time_zones={"JAPAN": "Asia/Tokyo"})
    late = milliseconds(dt.datetime(2026, 11, 21, 15, tzinfo=dt.UTC))
    assert period_start(record(late, "1", "JAPAN"), "9999", words) == dt.date(2026, 11, 22)


def test_an_unknown_zone_raises_an_alert(words: Words, alerts: list[Any]) -> None:
    noon = milliseconds(dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC))
    assert period_start(record(noon, "1", "XYZ"), "9999", words) == dt.date(2026, 11, 22)
    assert alerts == [("s4.code_without_meaning", {"field": "PeriodStartTimeZone", "code": "XYZ"})]


def test_records_become_a_series_in_the_order_of_their_dates(words: Words) -> None:
    found = series_from_s4([record("/Date(1795910400000)/", "9.000"), record(None, "4.000")], "1010", words)
    assert found == Series(
        periods=(
            Period(start=dt.date.min, available=Decimal(4)),
            Period(start=dt.date(2026, 11, 29), available=Decimal(9)),
        ),
        base_unit="EA",
    )


def test_what_is_taken_off_again_on_the_same_day_is_not_promised(words: Words) -> None:
    morning, noon = (dt.datetime(2026, 11, 22, hour, tzinfo=dt.UTC) for hour in (8, 11))
    known = series_from_s4([record(milliseconds(noon), "4"), record(milliseconds(morning), "10")], "1010", words)
    assert [period.available for period in known.periods] == [Decimal(4)]


def test_a_negative_availability_is_none(words: Words) -> None:
    [period] = series_from_s4([record(None, "5.000-")], "1010", words).periods
    assert period.available == 0
