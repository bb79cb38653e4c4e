"""The ASGI application: HTTP requests in, calls of the pipeline, JSON out."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Protocol

import grpc
import orjson
import structlog
from google.protobuf.descriptor import ServiceDescriptor
from google.protobuf.message import Message

from erp_facade.api_error import ApiError, Violation, invalid
from erp_facade.call_meta import CallMeta
from erp_facade.rest.accepted import ACCEPTING_METHODS, READING_METHOD, location_of_unsettled
from erp_facade.rest.binding import Binding, compile_bindings
from erp_facade.rest.call_headers import CallHeaders
from erp_facade.rest.errors import error_answer
from erp_facade.rest.hang_up import CallerGone, CancelOnHangUp, Receive
from erp_facade.rest.openapi import document
from erp_facade.rest.router import Match, Router
from erp_facade.rest.template import Template, has_bad_escape

Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]

_JSON = b"application/json"
_KIB = 1024


class Pipeline(Protocol):
    """What serves calls: the facade's own pipeline, in process."""

    async def call(self, meta: CallMeta, request: Message) -> Message:
        """Serve one call, or raise ApiError."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RestSettings:
    """Times in seconds and sizes in bytes; `body_limits` names services whose bodies have a limit of their own."""

    default_seconds: float = 9.5
    longest_seconds: float = 120.0
    body_limit: int = 1024 * _KIB
    body_limits: Mapping[str, int] = field(
        default_factory=lambda: MappingProxyType({"erp.v1.OrderService": 256 * _KIB})
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class OperationalRequest:
    """What a route outside the contract, such as `/metrics`, is told of a request."""

    path: str
    query: bytes
    headers: Sequence[tuple[bytes, bytes]]


OperationalHandler = Callable[[OperationalRequest], Awaitable[tuple[int, str, bytes]]]
"""Returns HTTP status, content type and body."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Answer:
    status: int
    body: bytes
    content_type: bytes = _JSON
    headers: tuple[tuple[bytes, bytes], ...] = ()


def build_app(
    pipeline: Pipeline,
    services: Sequence[ServiceDescriptor],
    *,
    operational: Mapping[str, OperationalHandler] = MappingProxyType({}),
    settings: RestSettings | None = None,
    log: structlog.typing.FilteringBoundLogger | None = None,
) -> AsgiApp:
    """Return the ASGI application for the services; raise TemplateError when the contract's rules are not legal.

    `operational` maps further paths, such as `/metrics`, to their handlers; `/openapi.json` is always there.
    """
    bindings = [binding for service in services for binding in compile_bindings(service)]
    handlers = {"/openapi.json": _document_handler(services), **operational}
    return _RestApp(pipeline, bindings, handlers, settings or RestSettings(), log or structlog.get_logger())


def _document_handler(services: Sequence[ServiceDescriptor]) -> OperationalHandler:
    content = orjson.dumps(document(services))

    async def serve(_: OperationalRequest) -> tuple[int, str, bytes]:
        return 200, "application/json", content

    return serve


class _RestApp:
    """Finds the method of a request, makes its message, calls the pipeline and answers."""

    def __init__(
        self,
        pipeline: Pipeline,
        bindings: Iterable[Binding],
        operational: Mapping[str, OperationalHandler],
        settings: RestSettings,
        log: structlog.typing.FilteringBoundLogger,
    ) -> None:
        self._pipeline = pipeline
        self._operational = dict(operational)
        self._settings = settings
        self._log = log
        self._router: Router[Binding] = Router()
        self._order_path: Template | None = None
        for binding in bindings:
            self._router.add(binding.http_method, binding.template, binding, owner=binding.method.full_name)
            if binding.full_method == READING_METHOD:
                self._order_path = self._order_path or binding.template

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise RuntimeError(f"only HTTP is served here, not {scope['type']}")
        headers = CallHeaders.of(scope["headers"])
        correlation_id = headers.correlation_id()
        try:
            answer = await self._answer(scope, receive, headers, correlation_id)
        except ApiError as error:
            answer = _refusal(error)
        except CallerGone:
            self._log.info("rest.caller_gone", path=scope["path"], correlation_id=correlation_id)
            return
        except asyncio.CancelledError:
            text = "the server is shutting down; nothing is known of this call's outcome"
            answer = _refusal(ApiError(grpc.StatusCode.UNAVAILABLE, "SHUTTING_DOWN", text, retry_after=1.0))
        except Exception as fault:
            self._log.error("rest.fault", path=scope["path"], correlation_id=correlation_id, exc_info=fault)
            text = f"a fault of the facade; the log tells more under correlation id {correlation_id}"
            known = {"correlation_id": correlation_id}
            answer = _refusal(ApiError(grpc.StatusCode.INTERNAL, "INTERNAL", text, metadata=known))
        traceparent = headers.traceparent()
        sent = [
            (b"content-type", answer.content_type),
            (b"content-length", str(len(answer.body)).encode()),
            (b"x-correlation-id", correlation_id.encode()),
            *answer.headers,
        ]
        if traceparent:
            sent.append((b"traceparent", traceparent.encode()))
        await send({"type": "http.response.start", "status": answer.status, "headers": sent})
        await send({"type": "http.response.body", "body": answer.body})

    async def _answer(self, scope: Scope, receive: Receive, headers: CallHeaders, correlation_id: str) -> _Answer:
        arrived = time.monotonic()
        raw_path = scope["raw_path"].decode("latin-1")
        http_method = "GET" if scope["method"] == "HEAD" else scope["method"]
        handler = self._operational.get(raw_path)
        if handler is not None:
            return await _serve_operational(handler, scope, http_method)
        match = self._find(http_method, raw_path)
        binding = match.target
        if binding is None or match.template is None:
            raise _MethodNotAllowed(scope["method"], raw_path, match.allowed)
        headers.check()
        seconds = headers.seconds(self._settings.default_seconds, self._settings.longest_seconds)
        body = await self._body(binding, headers, receive)
        bound = binding.bind(
            _path_values(match.template, match.segments), scope["query_string"], body, key=headers.idempotency_key()
        )
        client = scope.get("client")
        meta = CallMeta(
            method=binding.full_method,
            transport="rest",
            correlation_id=correlation_id,
            deadline=arrived + seconds,
            token=headers.token(),
            traceparent=headers.traceparent(),
            peer=f"{client[0]}:{client[1]}" if client else "",
            request_bytes=len(body),
        )
        async with CancelOnHangUp(receive):
            response = await self._pipeline.call(meta, bound.message)
        content = binding.write(response, enums_as_numbers=bound.enums_as_numbers)
        if binding.full_method in ACCEPTING_METHODS and self._order_path is not None:
            location = location_of_unsettled(bound.message, response, self._order_path)
            if location is not None:
                return _Answer(status=202, body=content, headers=((b"location", location.encode("ascii")),))
        return _Answer(status=200, body=content)

    def _find(self, http_method: str, raw_path: str) -> Match[Binding]:
        if has_bad_escape(raw_path):
            raise invalid([Violation(field="path", description="holds a percent sign without two hexadecimal digits")])
        match = self._router.match(http_method, raw_path)
        if match is None:
            raise ApiError(grpc.StatusCode.NOT_FOUND, "UNKNOWN_PATH", f"no method has the path {raw_path[:200]}")
        return match

    async def _body(self, binding: Binding, headers: CallHeaders, receive: Receive) -> bytes:
        if not headers.has_body():
            return b""
        if binding.read_body is not None:
            headers.check_json()
        service = binding.method.containing_service
        name = service.full_name if service is not None else ""
        limit = self._settings.body_limits.get(name, self._settings.body_limit)
        if headers.content_length() > limit:
            raise _too_large(limit)
        return await _read_all(receive, limit)


class _MethodNotAllowed(ApiError):
    """The path is known with other HTTP methods, which go into the header `Allow`."""

    def __init__(self, http_method: str, path: str, allowed: Sequence[str]) -> None:
        text = f"the path {path[:200]} does not take {http_method}"
        super().__init__(grpc.StatusCode.INVALID_ARGUMENT, "METHOD_NOT_ALLOWED", text)
        names = (*allowed, "HEAD") if "GET" in allowed else allowed
        self.allow = ", ".join(names).encode()


async def _serve_operational(handler: OperationalHandler, scope: Scope, http_method: str) -> _Answer:
    path = scope["raw_path"].decode("latin-1")
    if http_method != "GET":
        raise _MethodNotAllowed(scope["method"], path, ("GET",))
    request = OperationalRequest(path=path, query=scope["query_string"], headers=scope["headers"])
    status, content_type, body = await handler(request)
    return _Answer(status=status, body=body, content_type=content_type.encode())


def _refusal(error: ApiError) -> _Answer:
    answer = error_answer(error)
    headers = answer.headers
    if isinstance(error, _MethodNotAllowed):
        headers = (*headers, (b"allow", error.allow))
    return _Answer(status=answer.status, body=answer.body, headers=headers)


def _too_large(limit: int) -> ApiError:
    return ApiError(
        grpc.StatusCode.INVALID_ARGUMENT,
        "BODY_TOO_LARGE",
        f"the body is larger than {limit} bytes",
        metadata={"limit_bytes": str(limit)},
    )


def _path_values(template: Template, segments: Sequence[str]) -> dict[str, str]:
    try:
        return template.bind(segments)
    except UnicodeDecodeError:
        raise invalid([Violation(field="path", description="is not UTF-8 once it is decoded")]) from None


async def _read_all(receive: Receive, limit: int) -> bytes:
    """Return the whole body; raise ApiError as soon as it is larger than the limit."""
    chunks = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise CallerGone
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            raise _too_large(limit)
        chunks.append(chunk)
        if not message.get("more_body", False):
            return b"".join(chunks)
