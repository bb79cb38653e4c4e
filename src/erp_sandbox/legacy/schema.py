"""The tables of the stand-in, in the manner of JD Edwards.

Numbers are integers with implied decimals, dates are CYYDDD, nothing is NULL, and CHAR columns compare without regard
to trailing blanks, as they do in the databases that JD Edwards runs on. Tables that begin with SANDBOX are the
stand-in's own: no JD Edwards has them, and no adapter may look at them.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Column:
    """A column; `length` is 0 for a number, else the length of the CHAR."""

    name: str
    length: int = 0

    def ddl(self, *, typed: bool = True) -> str:
        """Return the definition; without a type the column keeps whatever is put into it."""
        if not typed:
            return self.name
        if self.length == 0:
            return f"{self.name} INTEGER NOT NULL DEFAULT 0"
        return (
            f"{self.name} CHAR({self.length}) NOT NULL DEFAULT '{' ' * self.length}' COLLATE RTRIM"
            f" CHECK (length({self.name}) <= {self.length})"
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """A table; `unique` and `indexes` name columns."""

    name: str
    columns: tuple[Column, ...]
    unique: tuple[str, ...] = ()
    indexes: tuple[tuple[str, ...], ...] = ()

    @property
    def column_names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    def ddl(self, *, temporary: bool = False, untyped: frozenset[str] = frozenset()) -> str:
        """Return the CREATE TABLE statement; a temporary table hides the real one from its own connection."""
        columns = [column.ddl(typed=column.name not in untyped) for column in self.columns]
        if self.unique and not temporary:
            columns.append(f"UNIQUE ({', '.join(self.unique)})")
        kind = "TEMP TABLE" if temporary else "TABLE"
        return f"CREATE {kind} {self.name} ({', '.join(columns)})"


def _columns(prefix: str, text: str) -> tuple[Column, ...]:
    """Read `KCOO:5 DOCO` as a CHAR(5) and a number, each with the table's prefix."""
    pairs = (word.partition(":") for word in text.split())
    return tuple(Column(prefix + name, int(length or 0)) for name, _, length in pairs)


_ORDER_DETAIL = (
    "KCOO:5 DOCO DCTO:2 LNID MCU:12 AN8 ITM LITM:25 DSC1:30 DSC2:30 UORG SOQS SOBK SOCN UOM:2 UPRC UOM4:2 AEXP"
    " LTTR:3 NXTR:3 DRQJ PDDJ ADDJ DOC DCT:2 VR01:25 VR02:25 UPMJ TDAY"
)
_EDI_HEADER = (
    "EKCO:5 EDOC EDCT:2 EDST:6 EDER:1 EDSP:1 EDDT TPUR:2 KCOO:5 DOCO DCTO:2 MCU:12 AN8 SHAN TRDJ DRQJ PEFJ VR01:25"
    " CRCD:3 HOLD:2"
)
_EDI_KEY = ("SYEKCO", "SYEDOC", "SYEDCT")

TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        Table(name="F0101", columns=_columns("AB", "AN8 ALPH:40 AT1:3"), unique=("ABAN8",)),
        Table(name="F03012", columns=_columns("AI", "AN8 CO:5 CRCD:3 ACL HOLD:2"), unique=("AIAN8", "AICO")),
        Table(
            name="F4101",
            columns=_columns("IM", "ITM LITM:25 DSC1:30 DSC2:30 UOM1:2 STKT:1"),
            unique=("IMITM",),
            indexes=(("IMLITM",),),
        ),
        Table(
            name="F4102",
            columns=_columns("IB", "ITM LITM:25 MCU:12 STKT:1 LTLV"),
            unique=("IBITM", "IBMCU"),
            indexes=(("IBLITM", "IBMCU"),),
        ),
        Table(
            name="F41002",
            columns=_columns("UM", "MCU:12 ITM UM:2 RUM:2 CONV"),
            unique=("UMITM", "UMMCU", "UMUM", "UMRUM"),
        ),
        Table(
            name="F4106",
            columns=_columns("BP", "ITM LITM:25 MCU:12 AN8 UOM:2 CRCD:3 UPRC EFTJ EXDJ"),
            indexes=(("BPITM", "BPMCU", "BPEFTJ"), ("BPLITM", "BPMCU", "BPEFTJ")),
        ),
        Table(
            name="F4072",
            columns=_columns("AD", "AST:8 ITM LITM:25 AN8 CRCD:3 UOM:2 MNQ EFTJ EXDJ BSCD:1 FVTR"),
            indexes=(("ADITM", "ADAN8"), ("ADLITM", "ADAN8")),
        ),
        Table(
            name="F41021",
            columns=_columns("LI", "ITM MCU:12 LOCN:20 PQOH PCOM HCOM"),
            unique=("LIITM", "LIMCU", "LILOCN"),
        ),
        Table(name="F4311", columns=_columns("PD", "DOCO ITM MCU:12 UOPN PDDJ NXTR:3"), indexes=(("PDITM", "PDMCU"),)),
        Table(
            name="F4201",
            columns=_columns(
                "SH", "KCOO:5 DOCO DCTO:2 MCU:12 AN8 SHAN TRDJ DRQJ PEFJ VR01:25 HOLD:2 CRCD:3 OTOT UPMJ TDAY"
            ),
            unique=("SHDOCO", "SHDCTO", "SHKCOO"),
        ),
        *(
            Table(
                name=name,
                columns=_columns("SD", _ORDER_DETAIL),
                unique=("SDDOCO", "SDDCTO", "SDKCOO", "SDLNID"),
                indexes=(("SDNXTR",), ("SDDOC", "SDDCT")),
            )
            for name in ("F4211", "F42119")
        ),
        *(
            Table(name=name, columns=_columns("SY", _EDI_HEADER), unique=_EDI_KEY, indexes=(("SYEDSP",), ("SYDOCO",)))
            for name in ("F47011", "F47131")
        ),
        Table(
            name="F47012",
            columns=_columns(
                "SZ",
                "EKCO:5 EDOC EDCT:2 EDLN EDSP:1 LITM:25 MCU:12 UORG UOM:2 UPRC PROV:1 AEXP DSPR DRQJ VR02:25",
            ),
            unique=("SZEKCO", "SZEDOC", "SZEDCT", "SZEDLN"),
        ),
        Table(
            name="F55EDERR",
            columns=_columns("ER", "EKCO:5 EDOC EDCT:2 SEQ MSGC:10 MSGT:80"),
            unique=("EREKCO", "EREDOC", "EREDCT", "ERSEQ"),
        ),
        Table(
            name="F03B11",
            columns=_columns(
                "RP",
                "KCO:5 DOC DCT:2 SFX:3 AN8 DIVJ DDJ CRCD:3 AG AAP ATXA ATXN STAM PST:1 SDOC SDCT:2 SKCO:5 VR01:25"
                " VOD:1",
            ),
            unique=("RPDOC", "RPDCT", "RPKCO", "RPSFX"),
            indexes=(("RPSDOC", "RPSDCT"), ("RPAN8",), ("RPDIVJ",)),
        ),
    )
}

_PADDED_ON_INSERT = ("F47011", "F47012", "F47131")

_OWN = """
CREATE TABLE SANDBOX_CLOCK (STANDS_AT INTEGER NOT NULL);
CREATE TABLE SANDBOX_NUMBER (NAME TEXT PRIMARY KEY, LAST INTEGER NOT NULL);
CREATE TABLE SANDBOX_ITEM (
  ITM INTEGER NOT NULL, MCU TEXT NOT NULL, PRODUCT TEXT NOT NULL, PLANT TEXT NOT NULL, INITIAL INTEGER NOT NULL,
  PRIMARY KEY (ITM, MCU), UNIQUE (PRODUCT, PLANT));
CREATE TABLE SANDBOX_LAST_SALE (ITM INTEGER PRIMARY KEY, LAST_DATE INTEGER NOT NULL);
CREATE TABLE SANDBOX_STOCK_IN (MOVEMENT TEXT PRIMARY KEY);
CREATE TABLE SANDBOX_STOCK_OUT (
  ID INTEGER PRIMARY KEY AUTOINCREMENT, PRODUCT TEXT NOT NULL, PLANT TEXT NOT NULL, QUANTITY TEXT NOT NULL);
CREATE TABLE SANDBOX_PROGRESS (DOCO INTEGER PRIMARY KEY, BOOKED_AT REAL NOT NULL, STEP INTEGER NOT NULL);
"""


def create(connection: sqlite3.Connection) -> None:
    """Create every table, index and trigger in an empty database."""
    statements = []
    for table in TABLES.values():
        statements.append(table.ddl())
        statements += [
            f"CREATE INDEX {table.name}_{number} ON {table.name} ({', '.join(columns)})"
            for number, columns in enumerate(table.indexes, start=1)
        ]
    statements += [_padding(TABLES[name]) for name in _PADDED_ON_INSERT]
    connection.executescript(";\n".join(statements) + ";" + _OWN)


def _padding(table: Table) -> str:
    """Return a trigger that pads CHAR columns with blanks: SQLite alone would keep them as they come."""
    padded = ", ".join(
        f"{column.name} = substr({column.name} || '{' ' * column.length}', 1, {column.length})"
        for column in table.columns
        if column.length
    )
    return f"CREATE TRIGGER {table.name}_PAD AFTER INSERT ON {table.name} BEGIN UPDATE {table.name} SET {padded} WHERE rowid = NEW.rowid; END"  # noqa: E501, S608 (our own names only)


def insert(connection: sqlite3.Connection, table: str, row: dict[str, int | str]) -> None:
    """Insert one row; columns that are not named are 0 or blank, CHAR values are padded."""
    insert_all(connection, table, (row,))


def insert_all(connection: sqlite3.Connection, table: str, rows: Iterable[dict[str, int | str]]) -> None:
    """Insert rows of the same shape."""
    definition = TABLES[table]
    placeholders = ", ".join("?" * len(definition.columns))
    connection.executemany(
        f"INSERT INTO {table} ({', '.join(definition.column_names)}) VALUES ({placeholders})",  # noqa: S608
        ([_cell(column, row) for column in definition.columns] for row in rows),
    )


def _cell(column: Column, row: dict[str, int | str]) -> int | str:
    if column.length == 0:
        return row.get(column.name, 0)
    return str(row.get(column.name, "")).ljust(column.length)
