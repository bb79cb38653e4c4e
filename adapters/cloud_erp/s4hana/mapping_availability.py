"""Availability: time series of what can be promised as confirmations per line. Pure functions.

A series says from which moment on how much is available in total. Its first period may have begun in the past.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cloud_erp.s4hana import odata
from cloud_erp.s4hana.mapping import Words
from cloud_erp.s4hana.mapping_schedule import confirmations, decision
from cloud_erp.s4hana.mapping_units import Factor, base_quantity
from erp.v1.availability_pb2 import AvailabilityLine, CheckAvailabilityResponse, LineAvailability
from erp.v1.common_pb2 import NOT_CHECKED
from erp_ports.amounts import from_date, to_date
from erp_ports.errors import Misconfigured

_SIX_DECIMALS = Decimal("0.000001")
_UTC = ZoneInfo("UTC")

SeriesKey = tuple[str, str]
"""Our product and plant, as the request names them."""

Portion = tuple[dt.date, Decimal]
Taken = dict[dt.date, Decimal]


@dataclass(frozen=True, kw_only=True, slots=True)
class Period:
    """From this date on, in the plant's time zone, so many base units can be promised in total."""

    start: dt.date
    available: Decimal


@dataclass(frozen=True, kw_only=True, slots=True)
class Series:
    """The periods of one product in one plant, earliest first, and the base unit in our words (empty if not said)."""

    periods: tuple[Period, ...]
    base_unit: str = ""


def series_from_s4(records: Iterable[odata.Entity], plant: str, words: Words) -> Series:
    """Return the records of one CalculateAvailabilityTimeseries call."""
    periods: dict[dt.date, Decimal] = {}
    unit = ""
    # The last period that starts on a day counts for it: what is taken off again that day is not there to stay.
    for record in sorted(records, key=_moment):
        start = period_start(record, plant, words)
        periods[start] = max(odata.needed_number(record, "AvailableQuantityInBaseUnit"), Decimal(0))
        unit = unit or odata.text(record, "BaseUnit")
    return Series(
        periods=tuple(Period(start=start, available=periods[start]) for start in sorted(periods)),
        base_unit=words.from_s4("unit", unit) if unit else "",
    )


def _moment(record: odata.Entity) -> dt.datetime:
    return odata.moment(record, "PeriodStartUTCDateTime") or dt.datetime.min.replace(tzinfo=dt.UTC)


def period_start(record: odata.Entity, plant: str, words: Words) -> dt.date:
    """Return the date in the plant's time zone on which a period starts; no date means from the beginning of time.

    Systems write it in two forms. Exactly 00:00 UTC is a calendar date and taken as it is: read as an instant it
    would be no start of a day in any zone off Greenwich. Any other time is an instant and converted to the plant's
    zone, which is the facade's own if it names one, else the record's.
    """
    value = odata.moment(record, "PeriodStartUTCDateTime")
    if value is None:
        return dt.date.min
    if value.time() == dt.time(0):
        return value.date()
    return value.astimezone(_zone(record, plant, words)).date()


def _zone(record: odata.Entity, plant: str, words: Words) -> ZoneInfo:
    known = words.plant_zones.get(plant)
    if known is not None:
        return known
    code = odata.text(record, "PeriodStartTimeZone")
    try:
        return ZoneInfo(words.config.time_zones.get(code, code) or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        words.alert("s4.code_without_meaning", {"field": "PeriodStartTimeZone", "code": code})
        return _UTC


def availability_from_s4(
    lines: Sequence[AvailabilityLine],
    series: Mapping[SeriesKey, Series],
    factors: Mapping[str, Factor],
) -> CheckAvailabilityResponse:
    """Return the answer to all lines; lines of the same product and plant take from each other, in their order.

    `factors` are by line id, for lines that are not in the product's base unit.
    """
    taken: dict[SeriesKey, Taken] = {}
    response = CheckAvailabilityResponse()
    for line in lines:
        key = (line.product, line.plant)
        response.lines.append(_answer(line, series[key], factors.get(line.line_id), taken.setdefault(key, {})))
    return response


def _answer(line: AvailabilityLine, series: Series, factor: Factor | None, taken: Taken) -> LineAvailability:
    answer = LineAvailability(
        line_id=line.line_id,
        product=line.product,
        plant=line.plant,
        requested_date=line.requested_date,
        decision=NOT_CHECKED,
    )
    unit = line.quantity.unit
    if factor is not None:
        answer.base_quantity.CopyFrom(base_quantity(line.quantity, factor))
    elif series.base_unit not in ("", unit):
        raise Misconfigured(
            "units of this backend are not set up",
            detail=f"the base unit of {line.product} is {series.base_unit}: take {unit} out of base_units",
        )
    if not series.periods:
        return answer
    wanted = Decimal(line.quantity.value.value)
    needed = wanted * factor.numerator / factor.denominator if factor else wanted
    portions = promise(series.periods, taken, needed, to_date(line.requested_date))
    stated = _in_unit(portions, factor, wanted, needed)
    answer.confirmations.extend(confirmations(stated, unit))
    answer.decision = decision(answer.confirmations, line.quantity, to_date(line.requested_date))
    if sum(amount for _, amount in stated) == wanted:
        answer.earliest_full_date.CopyFrom(from_date(stated[-1][0]))
    return answer


def promise(periods: Sequence[Period], taken: Taken, wanted: Decimal, requested: dt.date) -> list[Portion]:
    """Return what can be promised from the requested date on, in base units, and add it to `taken`.

    What other lines took on a date is missing from that date on, and nothing is promised that a later total lacks.
    """
    portions: list[Portion] = []
    missing = wanted
    for date in (requested, *(p.start for p in periods if p.start > requested)):
        portion = min(missing, _free(periods, taken, date))
        if portion > 0:
            portions.append((date, portion))
            taken[date] = taken.get(date, Decimal(0)) + portion
            missing -= portion
    return portions


def _free(periods: Sequence[Period], taken: Mapping[dt.date, Decimal], date: dt.date) -> Decimal:
    """Return what is free on a date: the least, over all days from then on, of the total less what is taken by then."""
    total = next((p.available for p in reversed(periods) if p.start <= date), Decimal(0))
    used = sum((amount for day, amount in taken.items() if day <= date), Decimal(0))
    least = total - used
    totals = {p.start: p.available for p in periods}
    for day in sorted(day for day in totals.keys() | taken.keys() if day > date):
        total = totals.get(day, total)
        used += taken.get(day, Decimal(0))
        least = min(least, total - used)
    return least


def _in_unit(portions: Sequence[Portion], factor: Factor | None, wanted: Decimal, needed: Decimal) -> list[Portion]:
    """Convert running totals, rounded down: portions never add up to more, and the last piece is not lost."""
    if factor is None:
        return list(portions)
    stated: list[Portion] = []
    total = told = Decimal(0)
    for date, amount in portions:
        total += amount
        converted = wanted if total == needed else total * factor.denominator / factor.numerator
        portion = converted.quantize(_SIX_DECIMALS, rounding=ROUND_DOWN) - told
        told += portion
        if portion:
            stated.append((date, portion))
    return stated
