"""The pipeline's errors as HTTP answers: status codes and the AIP-193 envelope."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import grpc
import orjson
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from google.rpc import error_details_pb2

from erp_facade.api_error import ApiError
from erp_facade.error_details import details_of
from erp_facade.rest.json_codec import descriptor_of

_CODE = grpc.StatusCode

CANONICAL: Mapping[grpc.StatusCode, int] = MappingProxyType(
    {
        _CODE.OK: 200,
        _CODE.CANCELLED: 499,
        _CODE.UNKNOWN: 500,
        _CODE.INVALID_ARGUMENT: 400,
        _CODE.DEADLINE_EXCEEDED: 504,
        _CODE.NOT_FOUND: 404,
        _CODE.ALREADY_EXISTS: 409,
        _CODE.PERMISSION_DENIED: 403,
        _CODE.RESOURCE_EXHAUSTED: 429,
        _CODE.FAILED_PRECONDITION: 400,
        _CODE.ABORTED: 409,
        _CODE.OUT_OF_RANGE: 400,
        _CODE.UNIMPLEMENTED: 501,
        _CODE.INTERNAL: 500,
        _CODE.UNAVAILABLE: 503,
        _CODE.DATA_LOSS: 500,
        _CODE.UNAUTHENTICATED: 401,
    }
)
"""The canonical mapping of `google.rpc.Code` to HTTP."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Addition:
    """A reason whose HTTP status is not the canonical one, and when it is given."""

    status: int
    when: str


ADDITIONS: Mapping[str, Addition] = MappingProxyType(
    {
        "METHOD_NOT_ALLOWED": Addition(status=405, when="the path exists with another HTTP method"),
        "IDEMPOTENCY_KEY_EXPIRED": Addition(
            status=412, when="the request is older than the time for which request ids are kept"
        ),
        "BODY_TOO_LARGE": Addition(status=413, when="the body is larger than allowed"),
        "UNSUPPORTED_MEDIA_TYPE": Addition(status=415, when="the body is not declared as JSON"),
        "IDEMPOTENCY_KEY_REUSED": Addition(status=422, when="the request id was used before with other content"),
    }
)
"""The table of additions; the OpenAPI document lists it."""

REQUEST_TOO_SLOW = Addition(status=408, when="the request does not arrive in time")
HEADERS_TOO_LARGE = Addition(status=431, when="the request line and headers are larger than allowed")
"""What the server itself answers before there is a call; listed with the others."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ErrorAnswer:
    """An error ready to be sent."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes


def http_status(error: ApiError) -> int:
    """Return the HTTP status of an error."""
    addition = ADDITIONS.get(error.reason)
    return addition.status if addition is not None else CANONICAL.get(error.code, 500)


def error_answer(error: ApiError, *, status: int | None = None) -> ErrorAnswer:
    """Return the answer that tells an error, with the headers that go with its kind."""
    code = status or http_status(error)
    body = {
        "error": {
            "code": code,
            "message": error.message,
            "status": error.code.name,
            "details": [_detail_json(d) for d in details_of(error)],
        }
    }
    headers = []
    if error.retry_after is not None:
        headers.append((b"retry-after", str(max(1, math.ceil(error.retry_after))).encode()))
    if error.code is _CODE.UNAUTHENTICATED:
        headers.append((b"www-authenticate", b"Bearer"))
    return ErrorAnswer(status=code, headers=tuple(headers), body=orjson.dumps(body))


def _detail_json(detail: Message) -> dict[str, Any]:
    told = {"@type": f"type.googleapis.com/{descriptor_of(detail).full_name}", **MessageToDict(detail)}
    if isinstance(detail, error_details_pb2.ErrorInfo):
        told.setdefault("metadata", {})
    return told
