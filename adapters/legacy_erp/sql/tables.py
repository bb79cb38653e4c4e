"""The tables of JD Edwards that the adapter touches, with the columns it uses and no others.

A column's name is its table's prefix and the data item (`SD` + `UORG`); in the code it goes by the data item alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, Column, MetaData, Table, Unicode
from sqlalchemy.types import TypeEngine

from legacy_erp.sql.column_types import BusinessUnitText, Implied, JulianDate, Number, Text
from legacy_erp.sql.config import Decimals, SqlConfig

_INTERFACE_HEADER = "EKCO EDOC EDCT EDST EDER EDSP EDDT TPUR KCOO DOCO DCTO MCU AN8 SHAN TRDJ DRQJ PEFJ VR01 CRCD HOLD"
_ORDER_DETAIL = (
    "KCOO DOCO DCTO LNID MCU AN8 ITM LITM DSC1 DSC2 UORG SOQS SOBK SOCN UOM UPRC UOM4 AEXP LTTR NXTR DRQJ PDDJ ADDJ"
    " DOC DCT VR01 VR02"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Layout:
    """The standard prefix of a table and the data items used; `written` tables are those we insert into."""

    prefix: str
    items: str
    written: bool = False


LAYOUTS: dict[str, Layout] = {
    "F03012": Layout(prefix="AI", items="AN8 CO HOLD"),
    "F4101": Layout(prefix="IM", items="ITM LITM DSC1 DSC2 UOM1 STKT"),
    "F4102": Layout(prefix="IB", items="ITM MCU STKT LTLV"),
    "F41002": Layout(prefix="UM", items="MCU ITM UM RUM CONV"),
    "F4106": Layout(prefix="BP", items="LITM MCU AN8 UOM CRCD UPRC EFTJ EXDJ"),
    "F4072": Layout(prefix="AD", items="AST LITM AN8 CRCD UOM MNQ EFTJ EXDJ BSCD FVTR"),
    "F41021": Layout(prefix="LI", items="ITM MCU PQOH PCOM HCOM"),
    "F4311": Layout(prefix="PD", items="ITM MCU UOPN PDDJ NXTR"),
    "F4201": Layout(prefix="SH", items="KCOO DOCO DCTO AN8 VR01 HOLD CRCD PEFJ DRQJ"),
    "F4211": Layout(prefix="SD", items=_ORDER_DETAIL),
    "F42119": Layout(prefix="SD", items=_ORDER_DETAIL),
    "F03B11": Layout(
        prefix="RP", items="KCO DOC DCT SFX AN8 DIVJ DDJ CRCD AG AAP ATXA ATXN STAM PST SDOC SDCT SKCO VR01 VOD"
    ),
    "F47011": Layout(prefix="SY", items=_INTERFACE_HEADER, written=True),
    "F47012": Layout(
        prefix="SZ", items="EKCO EDOC EDCT EDLN EDSP LITM MCU UORG UOM UPRC PROV AEXP DSPR DRQJ VR02", written=True
    ),
    "F47131": Layout(prefix="SY", items=_INTERFACE_HEADER, written=True),
    "F55EDERR": Layout(prefix="ER", items="EKCO EDOC EDCT SEQ MSGC MSGT"),
}

_TEXTS = {
    "CO": 5, "KCO": 5, "KCOO": 5, "SKCO": 5, "EKCO": 5, "DCT": 2, "DCTO": 2, "SDCT": 2, "EDCT": 2, "HOLD": 2,
    "CRCD": 3, "LITM": 25, "DSC1": 30, "DSC2": 30, "UOM": 2, "UOM1": 2, "UOM4": 2, "UM": 2, "RUM": 2, "STKT": 1,
    "AST": 8, "BSCD": 1, "LTTR": 3, "NXTR": 3, "VR01": 25, "VR02": 25, "SFX": 3, "PST": 1, "VOD": 1, "EDST": 6,
    "EDER": 1, "EDSP": 1, "TPUR": 2, "PROV": 1, "MSGC": 10, "MSGT": 80,
}  # fmt: skip
_DATES = {"EFTJ", "EXDJ", "PDDJ", "DRQJ", "ADDJ", "TRDJ", "PEFJ", "DIVJ", "DDJ", "EDDT"}
_QUANTITIES = {"UORG", "SOQS", "SOBK", "SOCN", "PQOH", "PCOM", "HCOM", "UOPN", "MNQ"}
_IMPLIED = {
    "UPRC": "unit_price", "FVTR": "factor_value", "CONV": "conversion", "LNID": "line_number",
    "EDLN": "line_number", "DSPR": "discount_percent",
}  # fmt: skip


def decimals_of(item: str, decimals: Decimals) -> int | None:
    """Return how many decimals a data item implies, None for one without (keys, dates, currency amounts)."""
    if item in decimals.columns:
        return decimals.columns[item]
    if item in _QUANTITIES:
        return decimals.quantity
    kind = _IMPLIED.get(item)
    return None if kind is None else int(getattr(decimals, kind))


def column_type(item: str, decimals: Decimals) -> TypeEngine[Any]:
    """Return how a data item is stored."""
    if item == "MCU":
        return BusinessUnitText()
    if item in _TEXTS:
        return Text(_TEXTS[item])
    if item in _DATES:
        return JulianDate()
    places = decimals_of(item, decimals)
    return Number() if places is None else Implied(places)


def build_tables(config: SqlConfig) -> Mapping[str, Table]:
    """Return every table that this configuration needs, by its standard name."""
    metadata = MetaData()
    return {
        name: _table(metadata, name, layout, config)
        for name, layout in LAYOUTS.items()
        if (name != "F55EDERR" or config.error_table) and (name != "F4072" or config.adjustment)
    }


def _table(metadata: MetaData, standard: str, layout: Layout, config: SqlConfig) -> Table:
    settings = config.tables.get(standard)
    prefix = (settings and settings.prefix) or layout.prefix
    schema = config.database_schema
    if settings is not None and settings.database_schema is not None:
        schema = settings.database_schema
    columns = [Column(prefix + item, column_type(item, config.decimals), key=item) for item in layout.items.split()]
    # Constants may be numbers or texts; they are written as configured, without a conversion.
    columns += [
        Column(name, BigInteger() if isinstance(value, int) else Unicode(), key=name)
        for name, value in config.insert_constants.get(standard, {}).items()
    ]
    return Table((settings and settings.name) or standard, metadata, *columns, schema=schema or None)
