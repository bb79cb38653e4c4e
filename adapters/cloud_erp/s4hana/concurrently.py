"""Several questions at once: the first failure ends the rest, and nothing is left running behind."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, TypeVar

_A = TypeVar("_A")
_B = TypeVar("_B")
_K = TypeVar("_K")


async def both(first: Awaitable[_A], second: Awaitable[_B]) -> tuple[_A, _B]:
    """Await both."""
    one, other = asyncio.ensure_future(first), asyncio.ensure_future(second)
    await _all(one, other)
    return one.result(), other.result()


async def for_each(keys: Iterable[_K], ask: Callable[[_K], Awaitable[_A]], *, at_once: int) -> dict[_K, _A]:
    """Ask for each different key, never more than `at_once` of them at a time."""
    gate = asyncio.Semaphore(at_once)

    async def asked(key: _K) -> _A:
        async with gate:
            return await ask(key)

    running = {key: asyncio.ensure_future(asked(key)) for key in dict.fromkeys(keys)}
    await _all(*running.values())
    return {key: task.result() for key, task in running.items()}


async def _all(*tasks: asyncio.Future[Any]) -> None:
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
