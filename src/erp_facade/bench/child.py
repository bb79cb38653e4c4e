"""The bench's side of a child process: start it, ask it one question at a time, end it.

Servers and load generators each run in a process of their own, so that no client shares an event loop with what it
measures. A child reads commands as JSON lines and ends by itself when its standard input does.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping
from types import TracebackType
from typing import Any

from erp_facade.bench.errors import BenchError

_STARTS_WITHIN_SECONDS = 60.0
_ANSWERS_WITHIN_SECONDS = 30.0
_ENDS_WITHIN_SECONDS = 10.0


class Child:
    """One process; entering starts `erp_facade.bench.<module>` and waits until it is `ready`."""

    def __init__(self, module: str, given: Mapping[str, Any]) -> None:
        self._module = module
        self._given = given
        self.ready: dict[str, Any] = {}

    async def __aenter__(self) -> Child:
        # A session of its own: Ctrl-C reaches the bench only, which then ends its children in order.
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            f"erp_facade.bench.{self._module}",
            json.dumps(dict(self._given)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
        try:
            self.ready = await self._read(_STARTS_WITHIN_SECONDS)
        except BaseException:
            await self._end()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        code = await self._end()
        if code and error is None:
            raise BenchError(f"{self._module} ended with exit code {code}")

    async def ask(self, do: str, *, longest: float = _ANSWERS_WITHIN_SECONDS, **arguments: Any) -> dict[str, Any]:
        """Send one command and return its answer; raise BenchError when it fails or takes longer than `longest`."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"do": do, **arguments}).encode() + b"\n")
        await self._process.stdin.drain()
        return await self._read(longest)

    async def cpu_seconds(self) -> float:
        """Return the processor time that the process has used so far, all its threads together."""
        return float((await self.ask("cpu"))["seconds"])

    async def _read(self, longest: float) -> dict[str, Any]:
        assert self._process.stdout is not None
        try:
            line = await asyncio.wait_for(self._process.stdout.readline(), longest)
        except TimeoutError as error:
            raise BenchError(f"{self._module} did not answer within {longest:g} s") from error
        if not line:
            raise BenchError(f"{self._module} ended early; standard error tells why")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise BenchError(f"{self._module}: {answer['error']}")
        return answer

    async def _end(self) -> int:
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            return await asyncio.wait_for(self._process.wait(), _ENDS_WITHIN_SECONDS)
        except TimeoutError:
            self._process.kill()
            return await self._process.wait()
