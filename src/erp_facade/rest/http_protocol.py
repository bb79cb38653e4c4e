"""uvicorn's HTTP/1.1 protocol with the limits that it lacks.

uvicorn waits for ever for slow request lines, headers and bodies, and takes them at any size. Here the head of a
request must arrive within a time and a size, and its body within a time; refusals carry the error envelope. Timers
run only while something is missing, so that a request which arrives in one piece costs none.
"""

from __future__ import annotations

import asyncio
import enum
from dataclasses import dataclass
from http import HTTPStatus

import grpc
import httptools
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from erp_facade.api_error import ApiError
from erp_facade.rest.errors import HEADERS_TOO_LARGE, REQUEST_TOO_SLOW, error_answer


@dataclass(frozen=True, kw_only=True, slots=True)
class ServerLimits:
    """Times in seconds, sizes in bytes."""

    head_seconds: float = 10.0
    body_seconds: float = 30.0
    head_bytes: int = 64 * 1024
    keep_alive_seconds: int = 75
    connections: int = 10_000
    grace_seconds: int = 10


class LimitedConfig(uvicorn.Config):
    """uvicorn's configuration with our limits, from where each connection takes them."""

    limits: ServerLimits


class _Phase(enum.Enum):
    """What a connection waits for."""

    IDLE = enum.auto()
    HEAD = enum.auto()
    BODY = enum.auto()


class _HeadTooLarge(Exception):
    """Raised inside the parser, to end it."""


def _refusal(status: int, reason: str, code: grpc.StatusCode, message: str) -> bytes:
    """Return a whole HTTP response that refuses a request before there is a call."""
    body = error_answer(ApiError(code, reason, message), status=status).body
    head = (
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\ncontent-type: application/json\r\n"
        f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
    )
    return head.encode("ascii") + body


_INVALID = grpc.StatusCode.INVALID_ARGUMENT
_NOT_HTTP = _refusal(400, "MALFORMED_BODY", _INVALID, "the request is not valid HTTP")
_TOO_LARGE = _refusal(
    HEADERS_TOO_LARGE.status, "INVALID_FIELD", _INVALID, "the request line and headers are larger than allowed"
)
_TOO_SLOW = _refusal(
    REQUEST_TOO_SLOW.status,
    "DEADLINE_EXCEEDED",
    grpc.StatusCode.DEADLINE_EXCEEDED,
    "the request did not arrive in time",
)
_TOO_MANY = _refusal(503, "RATE_LIMITED", grpc.StatusCode.UNAVAILABLE, "the server has too many connections")


class LimitedProtocol(HttpToolsProtocol):
    """One connection."""

    config: LimitedConfig

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._phase = _Phase.IDLE
        self._timed: _Phase | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._head_size = 0
        self._refused = False
        super().connection_made(transport)
        if len(self.connections) > self.config.limits.connections:
            self._close_with(_TOO_MANY)
            return
        self._time(_Phase.HEAD, self.config.limits.head_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        self._unset_keepalive_if_required()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._refused:
            return
        self._unset_keepalive_if_required()
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            # No other protocol is spoken here: the request is served as it is, on this connection's last answer.
            self._end_after_answer()
        except httptools.HttpParserCallbackError as error:
            self._refuse(_TOO_LARGE if isinstance(error.__context__, _HeadTooLarge) else _NOT_HTTP)
        except httptools.HttpParserError:
            self._refuse(_NOT_HTTP)
        else:
            self._time_what_is_missing()

    def _time_what_is_missing(self) -> None:
        limits = self.config.limits
        if self._phase is _Phase.BODY:
            self._time(_Phase.BODY, limits.body_seconds)
        elif self._phase is _Phase.HEAD or not self._answering():
            # Also when only empty lines came, which the parser skips: they must not keep a connection open.
            self._time(_Phase.HEAD, limits.head_seconds)
        else:
            self._stop_timer()

    def _answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _time(self, phase: _Phase, seconds: float) -> None:
        """Start the time of a phase, unless it runs already: more data does not prolong it."""
        if self._timed is phase:
            return
        self._stop_timer()
        self._timed = phase
        self._timer = self.loop.call_later(seconds, self._too_slow)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = self._timed = None

    def _too_slow(self) -> None:
        self._timer = self._timed = None
        if self.transport.is_closing():
            return
        if self._phase is _Phase.HEAD:
            self._refuse(_TOO_SLOW)
        elif self._phase is _Phase.BODY and self._answering() and not self.cycle.response_started:
            # The application waits for the rest of the body: it is told that the caller is gone.
            self.cycle.disconnected = True
            self.cycle.message_event.set()
            self._close_with(_TOO_SLOW)
        else:
            # Nothing was asked, or the answer went out before the body was complete.
            self._end_after_answer()

    def _refuse(self, response: bytes) -> None:
        """Answer what is no usable request and close; an earlier request's answer goes out first."""
        self._stop_timer()
        self._refused = True
        if self._answering():
            self._end_after_answer()
        else:
            self._close_with(response)

    def _close_with(self, response: bytes) -> None:
        self._refused = True
        self.transport.write(response)
        self.transport.close()

    def _end_after_answer(self) -> None:
        self._refused = True
        self._stop_timer()
        if self._answering():
            self.cycle.keep_alive = False
        else:
            self.transport.close()

    def on_message_begin(self) -> None:
        self._phase = _Phase.HEAD
        self._head_size = 0
        self._stop_timer_of(_Phase.BODY)
        super().on_message_begin()

    def _stop_timer_of(self, phase: _Phase) -> None:
        if self._timed is phase:
            self._stop_timer()

    def on_url(self, url: bytes) -> None:
        self._grow(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._grow(len(name) + len(value) + 4)
        super().on_header(name, value)

    def _grow(self, size: int) -> None:
        self._head_size += size
        if self._head_size > self.config.limits.head_bytes:
            raise _HeadTooLarge

    def on_headers_complete(self) -> None:
        self._phase = _Phase.BODY
        self._stop_timer_of(_Phase.HEAD)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._phase = _Phase.IDLE
        self._stop_timer_of(_Phase.BODY)
        super().on_message_complete()
