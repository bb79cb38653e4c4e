"""The statements are portable: they compile for every database that JD Edwards runs on, and stay few."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from sqlalchemy import create_engine
from sqlalchemy.dialects import mssql, mysql, oracle, postgresql

from erp_ports.call import Call
from legacy_erp.sql.comments import comment
from legacy_erp.sql.config import SqlConfig
from legacy_erp.sql.gateway import LONGEST_LIST, chunks, padded
from legacy_erp.sql.statements import Statements

DIALECTS = {"mssql": mssql.dialect(), "oracle": oracle.dialect(), "mysql": mysql.dialect(), "pg": postgresql.dialect()}


def statements(**more: object) -> Statements:
    return Statements(
        SqlConfig.model_validate(
            {
                "url": "sqlite://",
                "shadow_url": "sqlite://",
                "business_units": {"NW": {"company": "00100", "currency": "USD"}},
                "adjustment": "CUSTDISC",
                "error_table": True,
                **more,
            }
        )
    )


def everything(found: Statements) -> Iterator[Any]:
    for name, value in vars(found).items():
        if name == "tables":
            continue
        if isinstance(value, dict):
            yield from (x for x in value.values() if hasattr(x, "compile"))
        elif isinstance(value, tuple):
            yield from value
        elif hasattr(value, "compile"):
            yield value


def test_an_order_is_never_written_in_pieces() -> None:
    with pytest.raises(ValidationError, match="AUTOCOMMIT"):
        statements(isolation_level="autocommit")


@pytest.mark.parametrize("dialect", sorted(DIALECTS))
def test_every_statement_compiles_for_every_database(dialect: str) -> None:
    compiled = [str(x.compile(dialect=DIALECTS[dialect])) for x in everything(statements(schema="PRODDTA"))]
    assert len(compiled) > 40
    assert all("PRODDTA" in text for text in compiled)


def test_every_parameter_of_a_statement_has_the_type_of_its_column() -> None:
    for statement in everything(statements()):
        binds = statement.compile().binds
        assert [name for name, bind in binds.items() if repr(bind.type) == "NullType()"] == []


def test_a_null_in_one_column_takes_no_location_out_of_the_stock_and_ends_no_price() -> None:
    found = statements()
    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        found.tables["F41021"].metadata.create_all(connection)
        connection.exec_driver_sql("INSERT INTO F41021 VALUES (1, '        EU01', 5, 0, NULL)")
        connection.exec_driver_sql("INSERT INTO F41021 VALUES (1, '        EU01', 7, NULL, 2)")
        stock = connection.execute(found.stock, {"items": [1], "branches": ["EU01"]}).one()
        number = "11".ljust(25)
        connection.exec_driver_sql(
            f"INSERT INTO F4106 VALUES ('{number}', '        EU01', 0, 'EA', 'USD', 100000, 126001, NULL)"
        )
        prices = connection.execute(
            found.base_prices,
            {"numbers": ["11"], "branches": ["EU01"], "customers": [0], "currency": "USD", "date": dt.date(2026, 3, 2)},
        ).all()
    engine.dispose()
    assert stock.available == Decimal(10)
    assert len(prices) == 1


def test_schemas_names_and_prefixes_come_from_the_configuration() -> None:
    found = statements(
        schema="PRODDTA",
        tables={"F55EDERR": {"name": "F5847ERR", "prefix": "Q1", "schema": "CUSTOM"}, "F4211": {"schema": ""}},
    )
    assert found.messages is not None
    text = str(found.messages.compile(dialect=DIALECTS["oracle"]))
    assert '"CUSTOM"."F5847ERR"."Q1MSGC"' in text
    assert "PRODDTA" not in str(found.order_lines[0])
    assert "PRODDTA" in str(found.order_lines[1])


def test_without_an_adjustment_f4072_is_never_asked() -> None:
    assert "F4072" not in statements(adjustment="").tables


def test_constants_are_written_beside_our_own_columns() -> None:
    found = statements(insert_constants={"F47011": {"SYTORG": "FACADE", "SYUPMT": 0}})
    assert "SYTORG" in str(found.insert_order)
    assert "SYTORG" not in str(found.insert_change)


@given(st.lists(st.integers(), min_size=1, max_size=LONGEST_LIST))
def test_lists_are_padded_to_a_few_lengths_without_another_meaning(values: list[int]) -> None:
    longer = padded(values)
    assert set(longer) == set(values)
    assert len(longer) in (1, 4, 16, 64, 200)


def test_long_lists_are_cut_into_pieces_that_one_statement_takes() -> None:
    pieces = chunks(list(range(450)))
    assert [len(piece) for piece in pieces] == [200, 200, 50]
    assert [x for piece in pieces for x in piece] == list(range(450))


def test_a_comment_names_the_call() -> None:
    call = Call.within(1, correlation_id="c-1", traceparent="00-a-b-01")
    assert comment("get_order", call) == ("/*action='get_order',correlation_id='c-1',traceparent='00-a-b-01'*/")
    assert comment("get_order", Call.within(1)) == "/*action='get_order'*/"


@given(st.text(max_size=300))
def test_no_caller_can_break_out_of_the_comment(text: str) -> None:
    written = comment("find_order", Call.within(1, correlation_id=text))
    inside = written.removeprefix("/*").removesuffix("*/")
    assert not set('*/?:;"\\\n\r') & set(inside)
    assert inside.count("'") == 2 * inside.count("=")
    assert len(written) < 128 * 12 + 100
