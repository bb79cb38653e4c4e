"""API_PRODUCT_AVAILY_INFO_BASIC: available to promise, in base units, without reserving anything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from http import HTTPStatus
from zoneinfo import ZoneInfo

from erp_sandbox.cloud.books import Books
from erp_sandbox.cloud.messages import SapError, Text, message
from erp_sandbox.cloud.odata.edm import Edm, Function, Property, Schema, Value, Values, decimal, text
from erp_sandbox.cloud.odata.values import date_text, other_date_text
from erp_sandbox.cloud.ordering import BASE_UNIT
from erp_sandbox.cloud.seeding import CallSeeds, refusal
from erp_sandbox.cloud.services.sales_order_model import PLANT_LENGTH
from erp_sandbox.cloud.services.service import Call, Service
from erp_sandbox.cloud.setup import Material, Setup
from erp_sandbox.cloud.stock import NEVER, UNLIMITED, Period, period_at, period_of
from erp_sandbox.seed_effects import frozen_stock, is_cause
from erp_sandbox.seeds import AVAILABILITY, Seed

_RULE = text("ATPCheckingRule", 2)
_MATERIAL = text("Material", 40, alpha=True)
_PLANT = text("SupplyingPlant", PLANT_LENGTH)
_MOMENT = Property(name="RequestedUTCDateTime", edm=Edm.DATE_TIME_OFFSET, precision=7)
_QUANTITY = decimal("RequestedQuantityInBaseUnit", 15, 3)
_RECORD = "AvailabilityRecord"
# SAP's own codes of six characters for time zones.
_ZONE_CODES = {"UTC": "UTC", "Europe/London": "GMTUK", "Europe/Berlin": "CET", "America/New_York": "EST"}

SCHEMA = Schema(
    service="API_PRODUCT_AVAILY_INFO_BASIC",
    complex_types=(
        (
            _RECORD,
            (
                Property(name="PeriodStartUTCDateTime", edm=Edm.DATE_TIME, precision=7),
                text("PeriodStartTimeZone", 6),
                Property(name="PeriodEndUTCDateTime", edm=Edm.DATE_TIME, precision=7),
                text("PeriodEndTimeZone", 6),
                decimal("AvailableQuantityInBaseUnit", 16, 3),
                text("BaseUnit", 3),
            ),
        ),
    ),
    functions=(
        Function(
            name="DetermineAvailabilityAt",
            returns=_RECORD,
            many=False,
            parameters=(_RULE, _MATERIAL, _PLANT, _MOMENT),
        ),
        Function(
            name="DetermineAvailabilityOf",
            returns=_RECORD,
            many=False,
            parameters=(_RULE, _MATERIAL, _PLANT, _QUANTITY),
        ),
        Function(
            name="CalculateAvailabilityTimeseries",
            returns=_RECORD,
            many=True,
            parameters=(_RULE, _MATERIAL, _PLANT),
        ),
    ),
)


class AvailabilityService(Service):
    """When how much may be promised."""

    schema = SCHEMA

    def __init__(self, setup: Setup, books: Books) -> None:
        self._setup = setup
        self._books = books

    def function(self, function: Function, parameters: Mapping[str, Value], call: Call) -> Sequence[Values]:
        number, plant = str(parameters["Material"]), str(parameters["SupplyingPlant"])
        material = self._setup.material_by_number.get(number)
        seed = self._seed(material, plant, call.seeds)
        self._refuse(material, number, plant, seed)
        initial = self._setup.stock_by_place[number, plant].on_hand
        free = frozen_stock(seed, initial=initial, present=self._books.free(number, plant))
        series = self._books.series(number, plant, free)
        zone = self._setup.zones[plant]
        moment, quantity = parameters.get("RequestedUTCDateTime"), parameters.get("RequestedQuantityInBaseUnit")
        if isinstance(moment, datetime):
            series = (period_at(series, moment.astimezone(ZoneInfo(zone)).date()),)
        elif isinstance(quantity, Decimal):
            series = (period_of(series, min(quantity, UNLIMITED)),)
        return [_record(period, zone, seed) for period in series]

    def _seed(self, material: Material | None, plant: str, seeds: CallSeeds) -> Seed | None:
        if material is None:
            return None
        return seeds.pick(operation=AVAILABILITY, plant=plant, product=material.product)

    def _refuse(self, material: Material | None, number: str, plant: str, seed: Seed | None) -> None:
        """Raise SapError for a material that is unknown, hidden or blocked by a seed, or not in the plant."""
        unknown = message(Text.MATERIAL_NOT_ACTIVE, number, target="Material")
        problem = unknown if material is None else refusal(seed, number, unknown)
        if problem is None and (number, plant) not in self._setup.stock_by_place:
            problem = message(Text.MATERIAL_NOT_IN_PLANT, number, plant, target="SupplyingPlant")
        if problem is not None:
            raise SapError(HTTPStatus.BAD_REQUEST, [problem])


def _record(period: Period, zone: str, seed: Seed | None) -> Values:
    code = _ZONE_CODES.get(zone, "UTC")
    return {
        "PeriodStartUTCDateTime": _written(_midnight(period.start, zone), seed),
        "PeriodStartTimeZone": code,
        "PeriodEndUTCDateTime": _written(_midnight(period.end, zone), seed),
        "PeriodEndTimeZone": code,
        "AvailableQuantityInBaseUnit": period.available,
        "BaseUnit": BASE_UNIT,
    }


def _midnight(day: date, zone: str) -> datetime:
    """Return the instant at which the day begins in the plant; the end of all time has no zone."""
    local = UTC if day == NEVER else ZoneInfo(zone)
    return datetime.combine(day, time(), tzinfo=local).astimezone(UTC)


def _written(moment: datetime, seed: Seed | None) -> str:
    if is_cause(seed, "date_zone") and moment.date() != NEVER:
        return date_text(moment + timedelta(days=1))
    return other_date_text(moment) if is_cause(seed, "date_form") else date_text(moment)
