"""`check`: is the database reachable, laid out, and open to exactly what this credential should be able to do?"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Connection, Executable, Table, column, inspect, literal, select, table
from sqlalchemy.exc import NoSuchTableError

from erp_ports.call import Call
from erp_ports.errors import ErpError
from erp_ports.operations import Operation
from erp_ports.plugin import Credential
from erp_ports.values import CheckResult
from legacy_erp.sql.config import DictionarySettings, SqlConfig
from legacy_erp.sql.gateway import Gateway
from legacy_erp.sql.lanes import Lane
from legacy_erp.sql.statements import Statements
from legacy_erp.sql.tables import decimals_of

_REFERENCE_ITEMS = ("EKCO", "EDOC", "EDCT")
_DECIMALS_CHECKED = ("UORG", "PQOH", "UPRC", "FVTR", "CONV", "LNID")


async def check_database(
    gateway: Gateway, statements: Statements, config: SqlConfig, credential: Credential, call: Call
) -> list[CheckResult]:
    """Return a result for every subject; without a connection only that one."""
    checks = _Checks(gateway, call)
    first = await checks.tried("connection", lambda c: _ran(c, select(literal(1))), "connected")
    if not first.ok:
        return [first]
    results = [first]
    for name, tbl in statements.tables.items():
        results.append(await checks.table(name, tbl, statements.probes[name]))
    for name, probe in statements.write_probes.items():
        results.append(await checks.writing(name, probe, credential))
    results.append(await checks.unique_reference(statements.tables["F47011"], config.unique_reference))
    results.append(await checks.dictionary(config))
    return results


def _ran(connection: Connection, statement: Executable) -> str:
    connection.execute(statement)
    return ""


class _Checks:
    """One look at the database; every check is a transaction of its own that is rolled back."""

    def __init__(self, gateway: Gateway, call: Call) -> None:
        self._gateway = gateway
        self._call = call

    async def tried(self, subject: str, work: Callable[[Connection], str], success: str) -> CheckResult:
        """Run the work: a text that it returns says what is wrong, an error says so itself."""
        began = time.monotonic()
        try:
            complaint = await self._gateway.run(Lane.LOOKUP, work, self._call, action=Operation.CHECK)
        except ErpError as error:
            complaint = f"{error.message} ({error.detail})" if error.detail else error.message
        return CheckResult(
            subject=subject, ok=not complaint, message=complaint or success, seconds=time.monotonic() - began
        )

    async def table(self, name: str, tbl: Table, probe: Executable) -> CheckResult:
        result = await self.tried(f"table {name}", lambda c: _ran(c, probe), "readable, with every column used")
        if result.ok:
            return result
        explained = await self.tried(f"table {name}", lambda c: _missing(c, name, tbl), "")
        return explained if not explained.ok else result

    async def writing(self, name: str, probe: Executable, credential: Credential) -> CheckResult:
        subject = f"writing to {name}"
        result = await self.tried(subject, lambda c: _ran(c, probe), "permitted")
        if credential is Credential.LIVE:
            return result
        message = "refused, as it should be"
        if result.ok:
            message = "the shadow credential can write: revoke INSERT from its user, it must not be able to book"
        return CheckResult(subject=subject, ok=not result.ok, message=message, seconds=result.seconds)

    async def unique_reference(self, header: Table, claimed: bool) -> CheckResult:
        wanted = {header.c[item].name for item in _REFERENCE_ITEMS}

        def look(connection: Connection) -> str:
            there = wanted in _unique_columns(connection, header)
            if claimed and not there:
                return f"no unique index on {header.name} ({', '.join(sorted(wanted))}): set unique_reference to false"
            return ""

        success = "as configured" if claimed else "not claimed; set unique_reference where the index exists"
        return await self.tried("unique reference", look, success)

    async def dictionary(self, config: SqlConfig) -> CheckResult:
        subject = "data dictionary"
        if config.dictionary is None:
            return CheckResult(
                subject=subject, ok=True, message="not read; compare the decimals configured with F9210 by hand"
            )
        settings = config.dictionary
        return await self.tried(subject, lambda c: _wrong_decimals(c, settings, config), "decimals as configured")


def _missing(connection: Connection, name: str, tbl: Table) -> str:
    """Say what the table lacks, or nothing when it has everything and may not be read."""
    try:
        present = {str(c["name"]).upper() for c in inspect(connection).get_columns(tbl.name, schema=tbl.schema)}
    except NoSuchTableError:
        return f"{tbl.fullname} does not exist or is hidden from this user: grant SELECT, or name it in tables.{name}"
    missing = sorted(c.name for c in tbl.columns if c.name.upper() not in present)
    return f"{tbl.fullname} has no columns {', '.join(missing)}: name its prefix in tables.{name}" if missing else ""


def _unique_columns(connection: Connection, tbl: Table) -> list[set[str]]:
    """Return the sets of columns that some key, constraint or index keeps unique."""
    inspector = inspect(connection)
    questions: tuple[Callable[[], Any], ...] = (
        lambda: [inspector.get_pk_constraint(tbl.name, schema=tbl.schema)["constrained_columns"]],
        lambda: [c["column_names"] for c in inspector.get_unique_constraints(tbl.name, schema=tbl.schema)],
        lambda: [i["column_names"] for i in inspector.get_indexes(tbl.name, schema=tbl.schema) if i["unique"]],
    )
    found: list[set[str]] = []
    for question in questions:
        try:
            found += [{str(name).upper() for name in names} for names in question()]
        except (NotImplementedError, NoSuchTableError):
            continue  # not every dialect answers every question
    return found


def _wrong_decimals(connection: Connection, settings: DictionarySettings, config: SqlConfig) -> str:
    items = sorted({*_DECIMALS_CHECKED, *config.decimals.columns})
    dictionary = table(
        settings.table,
        column(settings.item_column),
        column(settings.decimals_column),
        schema=settings.database_schema or None,
    )
    item, decimals = dictionary.c[settings.item_column], dictionary.c[settings.decimals_column]
    found: Mapping[str, int] = {
        str(name).strip(): int(str(places).strip() or 0)
        for name, places in connection.execute(select(item, decimals))
        if str(name).strip() in items
    }
    wrong = [
        f"{name} has {found[name]}, configured are {decimals_of(name, config.decimals)}"
        for name in items
        if name in found and found[name] != decimals_of(name, config.decimals)
    ]
    return "; ".join(wrong)
