"""Log lines and metrics of calls, cheap enough for every call.

structlog builds the event; only the last step, writing lines in batches, is our own. Metric children are looked up
once per method and status and then kept.
"""

from __future__ import annotations

import contextlib
import logging
import sys
import threading
from collections.abc import MutableMapping
from pathlib import Path
from typing import IO, Any

import orjson
import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class BatchWriter:
    """Writes log lines in batches from a thread of its own, so that no call waits for a file.

    Lines are written at the latest 0.2 s after they were logged, and all of them before `close` returns. Lines that the
    file does not take, because the disk is full for instance, are lost; later ones are written again once it does.
    """

    def __init__(self, file: IO[bytes], *, interval: float = 0.2) -> None:
        self._file = file
        self._interval = interval
        self._lines: list[bytes] = []
        self._flushing = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="log-writer", daemon=True)
        self._thread.start()

    def msg(self, line: bytes) -> None:
        """Take one line without its newline."""
        self._lines.append(line)

    debug = info = warning = error = critical = log = exception = msg

    def _run(self) -> None:
        while not self._stop.wait(self._interval):
            self.flush()

    def flush(self) -> None:
        """Write what was taken so far. Only what was read is removed, so that a line taken meanwhile stays."""
        with self._flushing:
            lines = self._lines[:]
            del self._lines[: len(lines)]
            if lines:
                lines.append(b"")
                with contextlib.suppress(OSError):
                    self._file.write(b"\n".join(lines))
                    self._file.flush()

    def close(self) -> None:
        """Write the rest and stop the thread."""
        self._stop.set()
        self._thread.join()
        self.flush()


def _render(_: Any, level: str, event: MutableMapping[str, Any]) -> bytes:
    event["level"] = level
    return orjson.dumps(event, default=str)


class ForwardHandler(logging.Handler):
    """Takes what libraries say through the standard logging, from warnings on, into the same log."""

    def __init__(self, log: structlog.typing.FilteringBoundLogger) -> None:
        super().__init__(logging.WARNING)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record of the standard logging."""
        self._log.warning(
            "library", logger=record.name, severity=record.levelname, message=record.getMessage(),
            correlation_id=getattr(record, "correlation_id", ""), exc_info=record.exc_info,
        )  # fmt: skip


class Observability:
    """The log and the metrics of one process."""

    def __init__(self, *, level: str = "info", file: Path | None = None) -> None:
        self._opened = file.open("ab") if file is not None else None
        self._writer = BatchWriter(self._opened if self._opened is not None else sys.stderr.buffer)
        self.log: structlog.typing.FilteringBoundLogger = structlog.wrap_logger(
            self._writer,
            processors=[
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                structlog.processors.format_exc_info,
                _render,
            ],
            wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
            cache_logger_on_first_use=True,
        )
        self._forward = ForwardHandler(self.log)
        logging.getLogger().addHandler(self._forward)
        self.registry = CollectorRegistry()
        self.calls = Histogram(
            "erp_facade_call_seconds",
            "Time of a call by method, transport and status.",
            ("method", "transport", "status"),
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self.backend_calls = Histogram(
            "erp_facade_backend_seconds",
            "Time of an operation of a backend by outcome.",
            ("backend", "operation", "outcome"),
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self.observations = Counter(
            "erp_facade_observations",
            "Compared calls by capability and class.",
            ("capability", "comparison_class"),
            registry=self.registry,
        )
        self.open_orders = Gauge(
            "erp_facade_open_orders", "Orders that are not settled, by state.", ("state",), registry=self.registry
        )
        self.route_version = Gauge("erp_facade_route_version", "Version of the route table.", registry=self.registry)
        self._call_children: dict[tuple[str, str, str], Histogram] = {}
        self._backend_children: dict[tuple[str, str, str], Histogram] = {}

    def observe_call(self, method: str, transport: str, status: str, seconds: float) -> None:
        """Count one call."""
        key = (method, transport, status)
        child = self._call_children.get(key)
        if child is None:
            child = self._call_children[key] = self.calls.labels(*key)
        child.observe(seconds)

    def observe_backend(self, backend: str, operation: str, outcome: str, seconds: float) -> None:
        """Count one operation of a backend."""
        key = (backend, operation, outcome)
        child = self._backend_children.get(key)
        if child is None:
            child = self._backend_children[key] = self.backend_calls.labels(*key)
        child.observe(seconds)

    def close(self) -> None:
        """Write what is left of the log."""
        logging.getLogger().removeHandler(self._forward)
        self._writer.close()
        if self._opened is not None:
            self._opened.close()
