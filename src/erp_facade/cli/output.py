"""What commands print: one JSON document, or tables for people; everything else goes to standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

console = Console()
errors = Console(stderr=True)


def complain(text: str) -> None:
    """Tell a person what went wrong, on standard error."""
    errors.print(text, markup=False, highlight=False, soft_wrap=True)


def say(text: str) -> None:
    """Print a line for a person as it is, however long."""
    console.print(text, markup=False, highlight=False, soft_wrap=True)


def print_json(content: Any) -> None:
    """Print one JSON document on standard output."""
    if isinstance(content, Message):
        content = MessageToDict(content, always_print_fields_with_no_presence=True)
    sys.stdout.write(json.dumps(content, indent=2, ensure_ascii=False) + "\n")


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table for a person."""
    table = Table(
        title=title, title_justify="left", header_style="bold", box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1)
    )
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(str(cell) for cell in row))
    console.print(table, markup=False)
