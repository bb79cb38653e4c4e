"""An answer before it is sent."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus

import orjson

from erp_sandbox.cloud.messages import Message, SapError, error_body, warning_header

_JSON = "application/json;charset=utf-8"


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """Status, headers and body of one answer."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


def json_reply(
    content: object,
    *,
    status: HTTPStatus = HTTPStatus.OK,
    headers: Mapping[str, str] | None = None,
    warnings: Sequence[Message] = (),
) -> Reply:
    """Return an OData answer; warnings travel in the header `sap-message`, in ASCII."""
    all_headers = {"Content-Type": _JSON, "DataServiceVersion": "2.0", **(headers or {})}
    if warnings:
        all_headers["sap-message"] = json.dumps(warning_header(warnings))
    return Reply(status=status, headers=all_headers, body=orjson.dumps(content))


def text_reply(status: HTTPStatus, text: str, content_type: str, headers: Mapping[str, str] | None = None) -> Reply:
    return Reply(status=status, headers={"Content-Type": content_type, **(headers or {})}, body=text.encode())


def error_reply(error: SapError) -> Reply:
    body = error_body(error, transaction_id=secrets.token_hex(16).upper())
    return json_reply(body, status=error.status, headers=error.headers)
