"""Every statement of the adapter, built once per configuration; calls only bind values.

They are plain SQLAlchemy Core, so that SQL Server, Oracle, Db2 and others get their own words. Lists go in as
expanding parameters of a few fixed lengths (`gateway.padded`), so that a database sees few distinct statements.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Insert,
    Integer,
    Label,
    Select,
    Table,
    and_,
    bindparam,
    false,
    func,
    insert,
    literal_column,
    or_,
    select,
)

from legacy_erp.sql.config import SqlConfig
from legacy_erp.sql.tables import LAYOUTS, build_tables

Query = Select[Any]

_NONE: ColumnElement[int] = literal_column("0")
PRICED_LINES = (1, 8, 40)
"""The numbers of lines for which the statement on adjustments is built."""


def _is(column: Column[Any], name: str) -> ColumnElement[bool]:
    return column == bindparam(name, type_=column.type)


def _is_one_of(column: Column[Any], name: str) -> ColumnElement[bool]:
    return column.in_(bindparam(name, expanding=True))


def _is_not(column: Column[Any], name: str) -> ColumnElement[bool]:
    return column != bindparam(name, type_=column.type)


def _at_most(column: Column[Any], name: str) -> ColumnElement[bool]:
    return column <= bindparam(name, type_=column.type)


def _at_least(column: Column[Any], name: str) -> ColumnElement[bool]:
    return column >= bindparam(name, type_=column.type)


def _below(column: Column[Any], name: str) -> ColumnElement[bool]:
    return column < bindparam(name, type_=column.type)


def _columns(table: Table, labels: Mapping[str, str]) -> list[Label[Any]]:
    return [table.c[item].label(label) for label, item in labels.items()]


class Statements:
    """The statements for one configuration, with the tables behind them."""

    def __init__(self, config: SqlConfig) -> None:
        self.tables = build_tables(config)
        t = self.tables
        self.customer = _customer(t["F03012"])
        self.items = _items(t["F4101"], t["F4102"])
        self.conversions = _conversions(t["F41002"])
        self.base_prices = _base_prices(t["F4106"])
        self.adjustments = {n: _adjustments(t["F4072"], n) for n in PRICED_LINES} if "F4072" in t else {}
        self.stock = _stock(t["F41021"])
        self.receipts = _receipts(t["F4311"])
        self.header = _header(t["F4201"])
        self.order_lines = tuple(_order_lines(t[name]) for name in ("F4211", "F42119"))
        self.invoice_lines = tuple(_invoice_lines(t[name]) for name in ("F4211", "F42119"))
        self.order_references = _interface(t["F47011"], by="order")
        self.inbound_order = _interface(t["F47011"], by="reference")
        self.inbound_change = _interface(t["F47131"], by="reference")
        self.messages = _messages(t["F55EDERR"]) if "F55EDERR" in t else None
        self.order_pay_items = _pay_items_of_order(t["F03B11"])
        self.invoice_pay_items = _pay_items(t["F03B11"])
        # Keyed by: filtered by customer, filtered by order, continued after an invoice.
        self.invoice_page = {
            key: _invoice_page(t["F03B11"], *key) for key in itertools.product((False, True), repeat=3)
        }
        self.insert_order = insert(t["F47011"])
        self.insert_order_line = insert(t["F47012"])
        self.insert_change = insert(t["F47131"])
        self.probes = {name: select(*table.c).where(false()) for name, table in t.items()}
        self.write_probes = {
            name: _write_probe(t[name]) for name, layout in LAYOUTS.items() if layout.written and name in t
        }


def _customer(ai: Table) -> Query:
    # Customers of all companies stand under company 00000.
    return select(*_columns(ai, {"company": "CO", "hold": "HOLD"})).where(
        _is(ai.c.AN8, "customer"), _is_one_of(ai.c.CO, "companies")
    )


def _items(im: Table, ib: Table) -> Query:
    return (
        select(
            *_columns(
                im,
                {
                    "item": "ITM",
                    "number": "LITM",
                    "description1": "DSC1",
                    "description2": "DSC2",
                    "primary_unit": "UOM1",
                    "stocking_type": "STKT",
                },
            ),
            *_columns(ib, {"branch": "MCU", "branch_stocking_type": "STKT", "lead_days": "LTLV"}),
        )
        .join_from(im, ib, im.c.ITM == ib.c.ITM)
        .where(_is_one_of(im.c.LITM, "numbers"), _is_one_of(ib.c.MCU, "branches"))
    )


def _conversions(um: Table) -> Query:
    labels = {"item": "ITM", "branch": "MCU", "unit": "UM", "related_unit": "RUM", "factor": "CONV"}
    return select(*_columns(um, labels)).where(_is_one_of(um.c.ITM, "items"))


def _in_effect(table: Table) -> list[ColumnElement[bool]]:
    # No last day means for ever.
    last = table.c.EXDJ
    return [_at_most(table.c.EFTJ, "date"), or_(_at_least(last, "date"), last == _NONE, last.is_(None))]


def _base_prices(bp: Table) -> Query:
    labels = {"number": "LITM", "branch": "MCU", "customer": "AN8", "unit": "UOM", "price": "UPRC", "effective": "EFTJ"}
    return select(*_columns(bp, labels)).where(
        _is_one_of(bp.c.LITM, "numbers"),
        _is_one_of(bp.c.MCU, "branches"),
        _is_one_of(bp.c.AN8, "customers"),
        _is(bp.c.CRCD, "currency"),
        *_in_effect(bp),
    )


def _adjustments(ad: Table, lines: int) -> Query:
    labels = {
        "number": "LITM",
        "customer": "AN8",
        "unit": "UOM",
        "minimum": "MNQ",
        "basis": "BSCD",
        "value": "FVTR",
        "effective": "EFTJ",
    }
    # Levels in another unit than the line's come back whatever their quantity; the price rule converts and decides.
    of_a_line = [
        and_(
            _is(ad.c.LITM, f"number_{n}"),
            or_(_at_most(ad.c.MNQ, f"quantity_{n}"), _is_not(ad.c.UOM, f"unit_{n}")),
        )
        for n in range(lines)
    ]
    return select(*_columns(ad, labels)).where(
        _is(ad.c.AST, "adjustment"),
        _is_one_of(ad.c.AN8, "customers"),
        _is_one_of(ad.c.CRCD, "currencies"),
        *_in_effect(ad),
        or_(*of_a_line),
    )


def _stock(li: Table) -> Query:
    # A NULL in one column would take a whole location out of the sum.
    on_hand, soft, hard = (func.coalesce(column, _NONE) for column in (li.c.PQOH, li.c.PCOM, li.c.HCOM))
    free = func.sum(on_hand - soft - hard, type_=li.c.PQOH.type)
    return (
        select(*_columns(li, {"item": "ITM", "branch": "MCU"}), free.label("available"))
        .where(_is_one_of(li.c.ITM, "items"), _is_one_of(li.c.MCU, "branches"))
        .group_by(li.c.ITM, li.c.MCU)
    )


def _receipts(pd: Table) -> Query:
    labels = {"item": "ITM", "branch": "MCU", "date": "PDDJ", "quantity": "UOPN"}
    return select(*_columns(pd, labels)).where(
        _is_one_of(pd.c.ITM, "items"),
        _is_one_of(pd.c.MCU, "branches"),
        _below(pd.c.NXTR, "status_limit"),
        pd.c.UOPN > _NONE,
    )


def _header(sh: Table) -> Query:
    labels = {
        "company": "KCOO",
        "order_type": "DCTO",
        "number": "DOCO",
        "customer": "AN8",
        "purchase_order_number": "VR01",
        "hold": "HOLD",
        "currency": "CRCD",
        "pricing_date": "PEFJ",
        "requested_date": "DRQJ",
    }
    return select(*_columns(sh, labels)).where(*_order_is(sh))


def _order_is(table: Table) -> list[ColumnElement[bool]]:
    return [
        _is(table.c.KCOO, "company"),
        _is(table.c.DCTO, "order_type"),
        _is(table.c.DOCO, "number"),
    ]


_DETAIL_LABELS = {
    "order_number": "DOCO",
    "line_number": "LNID",
    "branch": "MCU",
    "number": "LITM",
    "description1": "DSC1",
    "description2": "DSC2",
    "ordered": "UORG",
    "shipped": "SOQS",
    "backordered": "SOBK",
    "cancelled": "SOCN",
    "unit": "UOM",
    "amount": "AEXP",
    "last_status": "LTTR",
    "next_status": "NXTR",
    "requested_date": "DRQJ",
    "promised_date": "PDDJ",
    "shipped_date": "ADDJ",
    "invoice": "DOC",
    "invoice_type": "DCT",
    "line_id": "VR02",
}


def _order_lines(sd: Table) -> Query:
    return select(*_columns(sd, _DETAIL_LABELS)).where(*_order_is(sd)).order_by(sd.c.LNID)


def _invoice_lines(sd: Table) -> Query:
    return (
        select(*_columns(sd, _DETAIL_LABELS))
        .where(
            _is(sd.c.KCOO, "company"),
            _is_one_of(sd.c.DOC, "documents"),
            _is_one_of(sd.c.DCT, "document_types"),
        )
        .order_by(sd.c.DOC, sd.c.LNID)
    )


def _interface(sy: Table, *, by: str) -> Query:
    labels = {"status": "EDSP", "reference": "EDOC", "company": "KCOO", "order_type": "DCTO", "number": "DOCO"}
    found = select(*_columns(sy, labels))
    if by == "order":
        return found.where(*_order_is(sy))
    return found.where(*_reference_is(sy))


def _reference_is(table: Table) -> list[ColumnElement[bool]]:
    return [
        _is(table.c.EKCO, "edi_company"),
        _is(table.c.EDOC, "reference"),
        _is(table.c.EDCT, "edi_document_type"),
    ]


def _messages(er: Table) -> Query:
    return select(*_columns(er, {"code": "MSGC", "text": "MSGT"})).where(*_reference_is(er)).order_by(er.c.SEQ)


_PAY_ITEM_LABELS = {
    "company": "KCO",
    "document_type": "DCT",
    "document": "DOC",
    "suffix": "SFX",
    "customer": "AN8",
    "invoice_date": "DIVJ",
    "due_date": "DDJ",
    "currency": "CRCD",
    "gross": "AG",
    "open": "AAP",
    "taxable": "ATXA",
    "untaxed": "ATXN",
    "tax": "STAM",
    "payment_code": "PST",
    "void": "VOD",
    "order_company": "SKCO",
    "order_type": "SDCT",
    "order_number": "SDOC",
    "purchase_order_number": "VR01",
}


def _sales_order_is(rp: Table) -> list[ColumnElement[bool]]:
    return [
        _is(rp.c.SKCO, "order_company"),
        _is(rp.c.SDCT, "order_type"),
        _is(rp.c.SDOC, "order_number"),
    ]


def _pay_items_of_order(rp: Table) -> Query:
    return select(*_columns(rp, _PAY_ITEM_LABELS)).where(*_sales_order_is(rp))


def _pay_items(rp: Table) -> Query:
    return (
        select(*_columns(rp, _PAY_ITEM_LABELS))
        .where(
            _is(rp.c.KCO, "company"),
            _is_one_of(rp.c.DCT, "document_types"),
            _is_one_of(rp.c.DOC, "documents"),
        )
        .order_by(rp.c.DCT, rp.c.DOC, rp.c.SFX)
    )


def _invoice_page(rp: Table, by_customer: bool, by_order: bool, continued: bool) -> Query:
    # An invoice has a row for each pay item; the earliest invoice date orders it.
    date = func.min(rp.c.DIVJ, type_=rp.c.DIVJ.type)
    page = (
        select(*_columns(rp, {"document_type": "DCT", "document": "DOC"}))
        .where(_is(rp.c.KCO, "company"))
        .group_by(rp.c.DCT, rp.c.DOC)
        .order_by(date.desc(), rp.c.DCT.desc(), rp.c.DOC.desc())
        .limit(bindparam("limit", type_=Integer))
    )
    if by_customer:
        page = page.where(_is(rp.c.AN8, "customer"))
    if by_order:
        page = page.where(*_sales_order_is(rp))
    if continued:
        page = page.having(
            or_(
                date < bindparam("after_date", type_=rp.c.DIVJ.type),
                and_(
                    date == bindparam("after_date", type_=rp.c.DIVJ.type),
                    or_(
                        _below(rp.c.DCT, "after_type"),
                        and_(_is(rp.c.DCT, "after_type"), _below(rp.c.DOC, "after_document")),
                    ),
                ),
            )
        )
    return page


def _write_probe(table: Table) -> Insert:
    """Insert no row: enough for the database to check the permission."""
    return insert(table).from_select(list(table.c.keys()), select(*table.c).where(false()))
