"""What becomes of a database's failure: every row of the table, every cause, every phase."""

from __future__ import annotations

import sqlite3

import pytest
from sqlalchemy.exc import DBAPIError

from erp_ports.errors import ErpError, Misconfigured, OutcomeUnknown, Throttled, Unavailable
from erp_ports.operations import Effect
from legacy_erp.sql.errors import CAUSES, OUTCOMES, Cause, Phase, cause_of, codes_of, translate


class OracleError(Exception):
    """Oracle's drivers put the code into the text."""


def raised(code: str) -> Exception:
    """Return the driver's exception that carries a code of the table, as that driver makes it."""
    vendor, _, number = code.partition("-")
    if vendor == "MSSQL":
        text = f"[42000] [Microsoft][ODBC Driver 18 for SQL Server][SQL Server]Words ({number}) (SQLExecDirectW)"
        return Exception("42000", text)
    if vendor == "MYSQL":
        return Exception("HY000", f"[HY000] [ma-3.1.15][10.11][MariaDB]Words ({number}) (SQLExecDirectW)")
    if vendor == "DB2":
        return Exception(
            "HY000", f"[IBM][CLI Driver][AS] SQL0{number}N Words SQLSTATE=XXXXX (-{number}) (SQLExecDirectW)"
        )
    if vendor in ("ORA", "DPY"):
        return OracleError(f"{code}: words")
    if code.startswith("SQLITE_"):
        error = sqlite3.OperationalError("words")
        error.sqlite_errorname = code
        return error
    return Exception(code, f"[{code}] words (0) (SQLExecDirectW)")


def failure(original: BaseException) -> DBAPIError:
    return DBAPIError("SELECT 1", {}, original)


@pytest.mark.parametrize("code", sorted(CAUSES))
def test_every_code_of_the_table_is_recognised_in_its_drivers_words(code: str) -> None:
    assert cause_of(failure(raised(code))) is CAUSES[code]


def test_every_cause_has_an_outcome_and_every_outcome_is_used() -> None:
    assert set(OUTCOMES) == set(Cause)
    assert {cause for cause in Cause if cause is not Cause.UNKNOWN} == set(CAUSES.values())


SURELY_NOT_EXECUTED = {
    Cause.UNREACHABLE: Unavailable,
    Cause.BUSY: Throttled,
    Cause.ROLLED_BACK: Unavailable,
    Cause.DENIED: Misconfigured,
    Cause.SCHEMA: Misconfigured,
    Cause.VALUE: Misconfigured,
}


@pytest.mark.parametrize("effect", [Effect.READ, Effect.SIMULATE, Effect.WRITE])
@pytest.mark.parametrize("code", sorted(CAUSES))
def test_a_statement_fails_with_the_error_that_says_what_to_do_next(code: str, effect: Effect) -> None:
    error = translate(failure(raised(code)), phase=Phase.STATEMENT, effect=effect)
    assert type(error) is SURELY_NOT_EXECUTED.get(CAUSES[code], OutcomeUnknown)
    assert code in error.detail or "words" in error.detail.lower()


@pytest.mark.parametrize("code", [*sorted(CAUSES), "99999"])
def test_a_write_that_fails_in_its_commit_is_always_in_doubt(code: str) -> None:
    error = translate(failure(raised(code)), phase=Phase.COMMIT, effect=Effect.WRITE)
    assert type(error) is OutcomeUnknown


@pytest.mark.parametrize("effect", list(Effect))
def test_what_no_row_knows_is_in_doubt(effect: Effect) -> None:
    error = translate(failure(Exception("HY000", "[HY000] General error")), phase=Phase.STATEMENT, effect=effect)
    assert type(error) is OutcomeUnknown


@pytest.mark.parametrize("code", ["08S01", "HYT00", "99999"])
def test_a_connection_that_never_came_about_executed_nothing(code: str) -> None:
    error = translate(failure(raised(code)), phase=Phase.CONNECT, effect=Effect.WRITE)
    assert type(error) is Unavailable


def test_a_wrong_password_is_our_mistake_even_while_connecting() -> None:
    assert type(translate(failure(raised("28000")), phase=Phase.CONNECT, effect=Effect.READ)) is Misconfigured


def test_a_time_out_is_told_apart_from_other_doubts() -> None:
    timed_out, cut = (
        translate(failure(raised(code)), phase=Phase.STATEMENT, effect=Effect.READ) for code in ("HYT00", "08S01")
    )
    assert isinstance(timed_out, OutcomeUnknown) and timed_out.timed_out
    assert isinstance(cut, OutcomeUnknown) and not cut.timed_out


def test_the_native_code_says_more_than_the_sqlstate() -> None:
    assert codes_of(failure(raised("MSSQL-1222"))) == ["MSSQL-1222", "42000"]


def test_the_drivers_words_stay_out_of_the_callers_message() -> None:
    error: ErpError = translate(
        failure(Exception("28000", "[28000] Login failed for user FACADE")), phase=Phase.CONNECT, effect=Effect.READ
    )
    assert "FACADE" not in error.message
    assert "FACADE" in error.detail


def test_a_real_database_that_is_not_there_is_unreachable() -> None:
    with pytest.raises(sqlite3.OperationalError) as caught:
        sqlite3.connect("file:/nowhere/at/all?mode=ro", uri=True)
    assert cause_of(failure(caught.value)) is Cause.UNREACHABLE
