"""What a read sees: everything that was committed before it, whatever earlier reads came to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, insert, select

from erp_facade.store import Store
from erp_facade.store.schema import reference_numbers


def _add(connection: Connection, number: int) -> None:
    connection.execute(insert(reference_numbers).values(backend=f"b{number}", next=number))


def _count(connection: Connection) -> int:
    return len(connection.execute(select(reference_numbers)).all())


def _fail_with_an_open_result(connection: Connection) -> None:
    result = connection.execute(select(reference_numbers))
    result.fetchone()
    raise ValueError("broken off")


async def test_a_read_that_fails_half_way_does_not_freeze_what_later_reads_see(tmp_path: Path) -> None:
    store = await Store.open(f"sqlite:///{tmp_path}/s.db", readers=1)
    kept: list[Any] = []
    try:
        for number in range(3):
            await store.write(_add, number)
        with pytest.raises(ValueError, match="broken off") as raised:
            await store.read(_fail_with_an_open_result)
        kept.append(raised)
        await store.write(_add, 3)
        assert await store.read(_count) == 4
    finally:
        kept.clear()
        await store.close()
