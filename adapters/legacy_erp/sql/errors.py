"""A database's failure → one of our errors: `CAUSES` says what a code means, `OUTCOMES` what follows from it.

Codes are SQLSTATEs, or native codes with the database's name in front where the SQLSTATE says too little:
`MSSQL-1205`, `ORA-00060`, `MYSQL-1213`, `DB2-911`, `SQLITE_BUSY`. A code that no row knows leaves a write's outcome
unknown, so that it is looked up. Whatever the code, a failed COMMIT leaves it unknown too.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping

from sqlalchemy.exc import DBAPIError

from erp_ports.errors import ErpError, Misconfigured, OutcomeUnknown, Throttled, Unavailable
from erp_ports.operations import Effect


class Cause(enum.StrEnum):
    """What happened, as far as the next step depends on it."""

    UNREACHABLE = "UNREACHABLE"
    BUSY = "BUSY"
    ROLLED_BACK = "ROLLED_BACK"
    TIMED_OUT = "TIMED_OUT"
    CUT = "CUT"
    DENIED = "DENIED"
    SCHEMA = "SCHEMA"
    DUPLICATE = "DUPLICATE"
    VALUE = "VALUE"
    UNKNOWN = "UNKNOWN"


class Phase(enum.StrEnum):
    """How far a transaction came before it failed."""

    CONNECT = "CONNECT"
    STATEMENT = "STATEMENT"
    COMMIT = "COMMIT"


CAUSES: Mapping[str, Cause] = {
    # SQLSTATE (ODBC 3, SQL:2011)
    "08001": Cause.UNREACHABLE,  # unable to establish the connection
    "08004": Cause.UNREACHABLE,  # the server refused the connection
    "HYT01": Cause.UNREACHABLE,  # connecting took too long
    "08003": Cause.CUT,  # the connection does not exist any more
    "08006": Cause.CUT,  # the connection failed
    "08007": Cause.CUT,  # the connection failed during the transaction
    "08S01": Cause.CUT,  # communication link failure
    "57P01": Cause.CUT,  # the administrator ended the session (PostgreSQL)
    "HYT00": Cause.TIMED_OUT,  # the statement took too long
    "HY008": Cause.TIMED_OUT,  # the statement was cancelled
    "57014": Cause.TIMED_OUT,  # the statement was cancelled
    "40001": Cause.ROLLED_BACK,  # chosen as the victim of a deadlock
    "40P01": Cause.ROLLED_BACK,  # deadlock (PostgreSQL)
    "55P03": Cause.ROLLED_BACK,  # the lock was not available (PostgreSQL)
    "57033": Cause.BUSY,  # a resource is not available at present (Db2)
    "53300": Cause.BUSY,  # too many connections (PostgreSQL)
    "28000": Cause.DENIED,  # the sign-on was refused
    "28P01": Cause.DENIED,  # wrong password (PostgreSQL)
    "42501": Cause.DENIED,  # insufficient privilege
    "25006": Cause.DENIED,  # the transaction may only read
    "42S02": Cause.SCHEMA,  # the table does not exist
    "42P01": Cause.SCHEMA,
    "42704": Cause.SCHEMA,
    "42S22": Cause.SCHEMA,  # the column does not exist
    "42703": Cause.SCHEMA,
    "3F000": Cause.SCHEMA,  # the schema does not exist
    "42000": Cause.SCHEMA,  # syntax error or access violation
    "IM002": Cause.SCHEMA,  # the ODBC data source or driver is not installed
    "23000": Cause.DUPLICATE,  # a constraint was violated
    "23505": Cause.DUPLICATE,
    "22001": Cause.VALUE,  # a text is too long
    "22003": Cause.VALUE,  # a number is too large
    "23502": Cause.VALUE,  # a column without a default needs a value
    # SQL Server
    "MSSQL-1205": Cause.ROLLED_BACK,
    "MSSQL-1222": Cause.ROLLED_BACK,  # lock request time-out
    "MSSQL-3960": Cause.ROLLED_BACK,  # snapshot update conflict
    "MSSQL-208": Cause.SCHEMA,
    "MSSQL-207": Cause.SCHEMA,
    "MSSQL-229": Cause.DENIED,
    "MSSQL-18456": Cause.DENIED,
    "MSSQL-4060": Cause.DENIED,
    "MSSQL-2601": Cause.DUPLICATE,
    "MSSQL-2627": Cause.DUPLICATE,
    "MSSQL-515": Cause.VALUE,
    "MSSQL-2628": Cause.VALUE,
    "MSSQL-8152": Cause.VALUE,
    "MSSQL-10928": Cause.BUSY,
    "MSSQL-10929": Cause.BUSY,
    "MSSQL-40501": Cause.BUSY,
    # Oracle
    "ORA-00060": Cause.ROLLED_BACK,
    "ORA-00054": Cause.ROLLED_BACK,
    "ORA-30006": Cause.ROLLED_BACK,
    "ORA-08177": Cause.ROLLED_BACK,
    "ORA-12541": Cause.UNREACHABLE,
    "ORA-12514": Cause.UNREACHABLE,
    "ORA-12170": Cause.UNREACHABLE,
    "ORA-01033": Cause.UNREACHABLE,
    "ORA-00018": Cause.BUSY,
    "ORA-00020": Cause.BUSY,
    "ORA-12516": Cause.BUSY,
    "ORA-01013": Cause.TIMED_OUT,
    "ORA-03136": Cause.TIMED_OUT,
    "ORA-03113": Cause.CUT,
    "ORA-03114": Cause.CUT,
    "ORA-03135": Cause.CUT,
    "ORA-00028": Cause.CUT,
    "ORA-01017": Cause.DENIED,
    "ORA-01031": Cause.DENIED,
    "ORA-28000": Cause.DENIED,
    "ORA-16000": Cause.DENIED,
    "ORA-00942": Cause.SCHEMA,
    "ORA-00904": Cause.SCHEMA,
    "ORA-00001": Cause.DUPLICATE,
    "ORA-01400": Cause.VALUE,
    "ORA-12899": Cause.VALUE,
    "ORA-01438": Cause.VALUE,
    "DPY-4011": Cause.CUT,
    "DPY-4024": Cause.TIMED_OUT,
    "DPY-6005": Cause.UNREACHABLE,
    # Db2 for i and LUW
    "DB2-911": Cause.ROLLED_BACK,
    "DB2-913": Cause.BUSY,
    "DB2-204": Cause.SCHEMA,
    "DB2-206": Cause.SCHEMA,
    "DB2-551": Cause.DENIED,
    "DB2-803": Cause.DUPLICATE,
    "DB2-407": Cause.VALUE,
    "DB2-30081": Cause.CUT,
    # MariaDB and MySQL
    "MYSQL-1205": Cause.ROLLED_BACK,
    "MYSQL-1213": Cause.ROLLED_BACK,
    "MYSQL-1040": Cause.BUSY,
    "MYSQL-1044": Cause.DENIED,
    "MYSQL-1045": Cause.DENIED,
    "MYSQL-1142": Cause.DENIED,
    "MYSQL-1146": Cause.SCHEMA,
    "MYSQL-1054": Cause.SCHEMA,
    "MYSQL-1062": Cause.DUPLICATE,
    "MYSQL-1364": Cause.VALUE,
    "MYSQL-1969": Cause.TIMED_OUT,
    "MYSQL-2002": Cause.UNREACHABLE,
    "MYSQL-2003": Cause.UNREACHABLE,
    "MYSQL-2006": Cause.CUT,
    "MYSQL-2013": Cause.CUT,
    # SQLite
    "SQLITE_BUSY": Cause.ROLLED_BACK,
    "SQLITE_BUSY_SNAPSHOT": Cause.ROLLED_BACK,
    "SQLITE_LOCKED": Cause.ROLLED_BACK,
    "SQLITE_CANTOPEN": Cause.UNREACHABLE,
    "SQLITE_INTERRUPT": Cause.TIMED_OUT,
    "SQLITE_READONLY": Cause.DENIED,
    "SQLITE_AUTH": Cause.DENIED,
    "SQLITE_PERM": Cause.DENIED,
    "SQLITE_ERROR": Cause.SCHEMA,
    "SQLITE_CONSTRAINT_UNIQUE": Cause.DUPLICATE,
    "SQLITE_CONSTRAINT_PRIMARYKEY": Cause.DUPLICATE,
    "SQLITE_CONSTRAINT_NOTNULL": Cause.VALUE,
    "SQLITE_CONSTRAINT_CHECK": Cause.VALUE,
}

OUTCOMES: Mapping[Cause, tuple[type[ErpError], type[ErpError]]] = {
    # cause: (of a read or simulation, of a write before its COMMIT)
    Cause.UNREACHABLE: (Unavailable, Unavailable),
    Cause.BUSY: (Throttled, Throttled),
    Cause.ROLLED_BACK: (Unavailable, Unavailable),
    Cause.TIMED_OUT: (OutcomeUnknown, OutcomeUnknown),
    Cause.CUT: (OutcomeUnknown, OutcomeUnknown),
    Cause.DENIED: (Misconfigured, Misconfigured),
    Cause.SCHEMA: (Misconfigured, Misconfigured),
    Cause.DUPLICATE: (OutcomeUnknown, OutcomeUnknown),
    Cause.VALUE: (Misconfigured, Misconfigured),
    Cause.UNKNOWN: (OutcomeUnknown, OutcomeUnknown),
}

_MESSAGES = {
    Cause.UNREACHABLE: "the ERP's database cannot be reached",
    Cause.BUSY: "the ERP's database has too much to do",
    Cause.ROLLED_BACK: "the ERP's database was locked and undid the call",
    Cause.TIMED_OUT: "the ERP's database did not answer in time",
    Cause.CUT: "the connection to the ERP's database broke off",
    Cause.DENIED: "the ERP's database refuses our access",
    Cause.SCHEMA: "the ERP's database is not laid out as configured",
    Cause.DUPLICATE: "the ERP holds a row with this key already",
    Cause.VALUE: "the ERP's database does not take a value that is configured or sent",
    Cause.UNKNOWN: "the ERP's database failed in a way that is not known here",
}

_SQLSTATE = re.compile(r"[0-9A-Z]{5}")
_ODBC_NATIVE = re.compile(r"\((-?\d+)\) \(SQL")
_ODBC_VENDORS = {"[SQL Server]": "MSSQL", "[MariaDB]": "MYSQL", "[MySQL]": "MYSQL", "[DB2": "DB2", "[IBM]": "DB2"}
_DB2_TEXT = re.compile(r"SQLCODE=-(\d+)|SQL(?:CODE)?0*(\d+)N?\b")
_ORACLE_TEXT = re.compile(r"\b(?:ORA-\d{5}|DPY-\d{4})\b")


def cause_of(error: DBAPIError) -> Cause:
    """Return what a database's error means; the most telling code that a row knows decides."""
    return next((CAUSES[code] for code in codes_of(error) if code in CAUSES), Cause.UNKNOWN)


def codes_of(error: DBAPIError) -> list[str]:
    """Return every code that the driver's error carries, native ones before the SQLSTATE."""
    original = error.orig
    if original is None:
        return []
    codes: list[str] = []
    name = getattr(original, "sqlite_errorname", None)
    if isinstance(name, str):
        codes.append(name)
    args = original.args
    text = " ".join(str(arg) for arg in args)
    codes += _ORACLE_TEXT.findall(text)
    vendor = next((vendor for mark, vendor in _ODBC_VENDORS.items() if mark in text), "")
    native = _ODBC_NATIVE.search(text)
    if vendor and native is not None:
        codes.append(f"{vendor}-{abs(int(native[1]))}")
    elif args and isinstance(args[0], int):
        codes.append(f"MYSQL-{args[0]}")
    codes += [f"DB2-{found[1] or found[2]}" for found in _DB2_TEXT.finditer(text) if "SQLSTATE" in text]
    state = getattr(original, "sqlstate", None) or (args[0] if args else None)
    if isinstance(state, str) and _SQLSTATE.fullmatch(state):
        codes.append(state)
    return codes


def translate(error: DBAPIError, *, phase: Phase, effect: Effect) -> ErpError:
    """Return our error for a failure in a phase of a transaction; its detail names the codes and the driver's words."""
    cause = cause_of(error)
    detail = f"{phase} {cause} {' '.join(codes_of(error))}: {error.orig}"
    if phase is Phase.CONNECT and cause in (Cause.UNKNOWN, Cause.CUT, Cause.TIMED_OUT):
        # Nothing was asked yet, so nothing can have been executed.
        return Unavailable(_MESSAGES[Cause.UNREACHABLE], detail=detail)
    if phase is Phase.COMMIT and effect is Effect.WRITE:
        return OutcomeUnknown(_MESSAGES[cause], timed_out=cause is Cause.TIMED_OUT, detail=detail)
    outcome = OUTCOMES[cause][effect is Effect.WRITE]
    if outcome is OutcomeUnknown:
        return OutcomeUnknown(_MESSAGES[cause], timed_out=cause is Cause.TIMED_OUT, detail=detail)
    return outcome(_MESSAGES[cause], detail=detail)
