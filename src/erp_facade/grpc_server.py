"""The gRPC transport: grpc.aio with health, reflection, deadlines, limits, rich errors and a graceful stop."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterable, Sequence

import grpc
import grpc.aio
from google.protobuf.message import DecodeError, Message
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_health.v1.health import aio as health_aio
from grpc_reflection.v1alpha import reflection

from erp_facade.api_error import ApiError
from erp_facade.call_meta import CallMeta
from erp_facade.correlation import correlation_from, traceparent_from
from erp_facade.error_details import status_of
from erp_facade.pipeline import Method, Pipeline

_Servicer = Callable[[bytes, "grpc.aio.ServicerContext[bytes, Message]"], Awaitable[Message]]
_MAX_MESSAGE = 1024 * 1024
_MAX_METADATA = 8 * 1024


class GrpcServer:
    """Serves the pipeline's methods; `start` returns the bound port."""

    def __init__(
        self, pipeline: Pipeline, *, concurrent_calls: int, default_seconds: float, longest_seconds: float = 120.0
    ) -> None:
        self._pipeline = pipeline
        self._default = default_seconds
        self._longest = longest_seconds
        self._server = grpc.aio.server(
            maximum_concurrent_rpcs=concurrent_calls,
            options=[
                ("grpc.max_receive_message_length", _MAX_MESSAGE),
                ("grpc.max_metadata_size", _MAX_METADATA),
                ("grpc.max_concurrent_streams", concurrent_calls),
                # Balancing is per connection, so that an old connection must end for load to move.
                ("grpc.max_connection_age_ms", 30 * 60 * 1000),
                ("grpc.max_connection_age_grace_ms", 60 * 1000),
                ("grpc.so_reuseport", 0),
            ],
        )
        self._health = health_aio.HealthServicer()

    async def start(self, address: str) -> int:
        """Bind, serve and report SERVING; raise OSError when the address is taken or is none."""
        services = sorted({name[1:].rpartition("/")[0] for name in self._pipeline.methods})
        for service in services:
            methods = [m for m in self._pipeline.methods.values() if m.name.startswith(f"/{service}/")]
            self._server.add_generic_rpc_handlers((self._handlers(service, methods),))
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        reflection.enable_server_reflection((*services, "grpc.health.v1.Health", reflection.SERVICE_NAME), self._server)
        try:
            port = self._server.add_insecure_port(address)
        except RuntimeError as error:
            raise OSError(f"{address} cannot be listened on") from error
        await self._server.start()
        await self._report(services, health_pb2.HealthCheckResponse.SERVING)
        return port

    async def stop(self, grace: float) -> None:
        """Report NOT_SERVING, then let calls under way end within `grace` seconds."""
        await self._health.enter_graceful_shutdown()
        await self._server.stop(grace)

    async def _report(self, services: Sequence[str], status: health_pb2.HealthCheckResponse.ServingStatus) -> None:
        for service in ("", *services):
            await self._health.set(service, status)

    def _handlers(self, service: str, methods: Iterable[Method]) -> grpc.GenericRpcHandler:
        handlers: dict[str, grpc.RpcMethodHandler[bytes, Message]] = {
            m.name.rpartition("/")[2]: grpc.unary_unary_rpc_method_handler(
                self._servicer(m),
                request_deserializer=None,
                response_serializer=m.response.SerializeToString,
            )
            for m in methods
        }
        return grpc.method_handlers_generic_handler(service, handlers)

    def _servicer(self, method: Method) -> _Servicer:
        """Return the coroutine that serves one method. It parses the request itself, so that a broken one gets the
        contract's error rather than the library's."""
        name, parse, call = method.name, method.request.FromString, self._pipeline.call

        async def serve(body: bytes, context: grpc.aio.ServicerContext[bytes, Message]) -> Message:
            meta = self._meta(name, len(body), context)
            links = _links(meta)
            context.set_trailing_metadata(links)
            try:
                return await call(meta, parse(body))
            except ApiError as error:
                failed = error
            except DecodeError:
                text = "the request is not a valid message of this method, or it is cut off"
                failed = ApiError(grpc.StatusCode.INVALID_ARGUMENT, "MALFORMED_BODY", text)
            details = status_of(failed).SerializeToString()
            await context.abort(failed.code, failed.message, (("grpc-status-details-bin", details), *links))
            raise AssertionError  # abort has raised

        return serve

    def _meta(self, name: str, size: int, context: grpc.aio.ServicerContext[bytes, Message]) -> CallMeta:
        token: str | None = None
        correlation = traceparent = ""
        for key, value in context.invocation_metadata() or ():
            if key == "authorization":
                scheme, _, secret = str(value).partition(" ")
                token = secret.strip() if scheme.lower() == "bearer" else ""
            elif key == "x-correlation-id":
                correlation = str(value)
            elif key == "traceparent":
                traceparent = str(value)
        correlation, traceparent = correlation_from(correlation), traceparent_from(traceparent)
        remaining = context.time_remaining()
        seconds = self._default if remaining is None else min(remaining, self._longest)
        return CallMeta(
            method=name,
            transport="grpc",
            correlation_id=correlation,
            deadline=time.monotonic() + seconds,
            token=token,
            traceparent=traceparent,
            request_bytes=size,
        )


def _links(meta: CallMeta) -> tuple[tuple[str, str], ...]:
    """Return the metadata that goes back with every answer, so that a caller can name the call."""
    if not meta.traceparent:
        return (("x-correlation-id", meta.correlation_id),)
    return ("x-correlation-id", meta.correlation_id), ("traceparent", meta.traceparent)
