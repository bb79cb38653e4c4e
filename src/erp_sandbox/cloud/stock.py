"""Available to promise: free stock now, what is on order a week later, everything after the lead time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_DOWN, Decimal

from erp_sandbox.cloud.documents import ZERO, ScheduleLine
from erp_sandbox.master_data import LEAD_TIME_DAYS

# What the services state once the lead time has passed: Dec(16,3), as large as it goes.
UNLIMITED = Decimal("9999999999999.000")
NEVER = date(9999, 12, 31)
_PIECE = Decimal("0.001")


@dataclass(frozen=True, kw_only=True, slots=True)
class Period:
    """From `start` to the day before `end`, so much may be promised in all, in base units."""

    start: date
    end: date
    available: Decimal


def periods(*, free: Decimal, on_order: Decimal, today: date, receipt: date) -> tuple[Period, ...]:
    """Return the cumulated quantities from today on; neighbours with the same quantity are one period.

    What is on order comes in on the date `receipt`; once that has passed it counts as there.
    """
    lead = today + timedelta(days=LEAD_TIME_DAYS)
    receipt = max(receipt, today)
    now, later = max(free, ZERO), max(free + on_order, ZERO)
    last = Period(start=lead, end=NEVER, available=UNLIMITED)
    if now == later or receipt == today:
        return (Period(start=today, end=lead, available=later), last)
    return (
        Period(start=today, end=receipt, available=now),
        Period(start=receipt, end=lead, available=later),
        last,
    )


def period_at(series: tuple[Period, ...], day: date) -> Period:
    """Return the period that holds the day; days before the first belong to it."""
    return next((period for period in reversed(series) if period.start <= day), series[0])


def period_of(series: tuple[Period, ...], quantity: Decimal) -> Period:
    """Return the first period in which the whole quantity is available."""
    return next(period for period in series if period.available >= quantity)


def schedule(
    *, quantity: Decimal, factor: Decimal, requested: date, series: tuple[Period, ...]
) -> tuple[ScheduleLine, ...]:
    """Confirm what is there on the requested date and the rest as it comes in, in the order unit.

    A first line without any confirmed quantity stands for the requested date, as the ERP shows it.
    """
    lines: list[ScheduleLine] = []
    left = quantity
    for day, confirmed in _confirmations(quantity, factor, requested, series):
        lines.append(
            ScheduleLine(
                number=str(len(lines) + 1),
                requested_date=requested,
                confirmed_date=day,
                ordered=quantity if not lines else ZERO,
                confirmed=confirmed,
            )
        )
        left -= confirmed
        if not left:
            break
    return tuple(lines)


def _confirmations(
    quantity: Decimal, factor: Decimal, requested: date, series: tuple[Period, ...]
) -> Iterator[tuple[date, Decimal]]:
    start = max(requested, series[0].start)
    done = ZERO
    for period in series:
        if period.end <= start:
            continue
        total = min(quantity, (period.available / factor).quantize(_PIECE, rounding=ROUND_DOWN))
        if total > done or period.start <= start:
            yield max(period.start, start), max(total - done, ZERO)
            done = max(total, done)
