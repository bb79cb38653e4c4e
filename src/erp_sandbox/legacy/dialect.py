"""The SQLAlchemy dialect `sqlite+jdesandbox`: the stand-in behind a URL with user and password."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

from sqlalchemy import URL
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite


class SandboxDialect(SQLiteDialect_pysqlite):
    """SQLite's SQL, spoken through the stand-in's own driver: `sqlite+jdesandbox://USER:PASSWORD@/path/to/file.db`."""

    driver = "jdesandbox"
    supports_statement_cache = True
    default_paramstyle = "named"

    @classmethod
    def import_dbapi(cls) -> Any:
        from erp_sandbox.legacy import dbapi  # SQLAlchemy asks for the driver when an engine is made

        module: ModuleType = dbapi
        return module

    def create_connect_args(self, url: URL) -> tuple[Sequence[str], dict[str, Any]]:
        database = "/" + (url.database or "").lstrip("/")
        return (database,), {"user": url.username or "", "password": url.password or ""}

    def on_connect(self) -> Callable[[Any], None]:
        return lambda _: None  # SQLite's extra functions are not the ERP's

    def get_isolation_level_values(self, dbapi_connection: Any) -> Sequence[Any]:
        return ("AUTOCOMMIT", "READ COMMITTED", "SERIALIZABLE")

    def get_isolation_level(self, dbapi_connection: Any) -> Any:
        return "AUTOCOMMIT" if dbapi_connection.autocommit else "READ COMMITTED"

    def set_isolation_level(self, dbapi_connection: Any, level: Any) -> None:
        dbapi_connection.autocommit = level == "AUTOCOMMIT"

    def detect_autocommit_setting(self, dbapi_conn: Any) -> bool:
        return bool(dbapi_conn.autocommit)

    def is_disconnect(self, e: Any, connection: Any, cursor: Any) -> bool:
        return bool(e.args) and str(e.args[0]).startswith("08")
