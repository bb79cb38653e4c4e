"""Ends a call when its caller hangs up."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from types import TracebackType
from typing import Any

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]


class CallerGone(Exception):
    """The caller hung up; nobody waits for an answer."""


class CancelOnHangUp:
    """Cancels the current task when `http.disconnect` arrives, and turns that cancellation into CallerGone.

    Watching costs a task. Most calls end within `after` seconds, before there is anything to save, and go without.
    """

    def __init__(self, receive: Receive, *, after: float = 0.05) -> None:
        self._receive = receive
        self._after = after
        self._gone = False
        self._watch: asyncio.Task[None] | None = None

    async def __aenter__(self) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._task = task
        self._timer = asyncio.get_running_loop().call_later(self._after, self._start)

    def _start(self) -> None:
        self._watch = asyncio.get_running_loop().create_task(self._until_gone())

    async def _until_gone(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._gone = True
        self._task.cancel()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        if self._watch is not None:
            self._watch.cancel()
        if self._gone:
            self._task.uncancel()
            if isinstance(error, asyncio.CancelledError):
                raise CallerGone from None
