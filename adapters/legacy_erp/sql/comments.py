"""A comment behind every statement, so that the ERP's operators see which call it belongs to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, Engine, event

from erp_ports.call import Call

_LONGEST_VALUE = 128
_OPTION = "statement_comment"


def comment(action: str, call: Call) -> str:
    r"""Return `/*action='…',correlation_id='…',traceparent='…'*/` with values that cannot end it.

    Values are percent-encoded and cut at 128 characters before: whatever a caller sends, only letters, digits and
    `_ . - ~ %` remain, so that no quote, slash, star, question mark or colon gets into the statement.
    """
    values = {"action": action, "correlation_id": call.correlation_id, "traceparent": call.traceparent}
    pairs = ",".join(f"{key}='{quote(value[:_LONGEST_VALUE], safe='')}'" for key, value in values.items() if value)
    return f"/*{pairs}*/"


def commented(connection: Connection, text: str) -> Connection:
    """Return the connection, whose statements from now on carry the comment."""
    return connection.execution_options(**{_OPTION: text})


def install(engine: Engine) -> None:
    """Append the comment of a connection to each of its statements."""
    # These drivers read a percent sign in the text as the beginning of a parameter.
    doubled = engine.dialect.paramstyle in ("format", "pyformat")

    @event.listens_for(engine, "before_cursor_execute", retval=True)
    def append(
        connection: Connection, cursor: object, statement: str, parameters: Any, context: object, many: bool
    ) -> tuple[str, Any]:
        options: Mapping[str, Any] = connection.get_execution_options()
        text = options.get(_OPTION)
        if not text:
            return statement, parameters
        return f"{statement} {text.replace('%', '%%') if doubled else text}", parameters
