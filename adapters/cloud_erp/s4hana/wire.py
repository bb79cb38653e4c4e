"""One reply of an S/4HANA service, and the messages that SAP puts into it. Pure functions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """A complete HTTP reply. Header names are looked up without regard to case."""

    status: int
    headers: Mapping[str, str]
    content: bytes = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class SapMessage:
    """A message as SAP numbers them, for example `V1/302`; severity is error, warning, info or empty."""

    code: str
    text: str
    severity: str = ""


def _as_text(value: object) -> str:
    """Take `{"lang": "en", "value": "…"}` or a bare text."""
    if isinstance(value, dict):
        value = value.get("value")
    return "" if value is None else str(value)


def _as_list(value: object) -> object:
    """Take a list, or `{"errordetail": [...]}` as older gateways wrap it."""
    if isinstance(value, dict):
        value = value.get("errordetail", [])
    return value if isinstance(value, list) else []


_Text = Annotated[str, BeforeValidator(_as_text)]


class _Tolerant(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class _Message(_Tolerant):
    code: _Text = ""
    message: _Text = ""
    severity: _Text = ""


class _Inner(_Tolerant):
    errordetails: Annotated[list[_Message], BeforeValidator(_as_list)] = []


class _Error(_Message):
    severity: _Text = "error"
    innererror: Annotated[_Inner, BeforeValidator(lambda value: value if isinstance(value, dict) else {})] = _Inner()


class _ErrorBody(_Tolerant):
    error: _Error


class _Notice(_Message):
    details: Annotated[list[_Message], BeforeValidator(_as_list)] = []


def error_messages(content: bytes) -> tuple[SapMessage, ...]:
    """Return the main message of an error body and the errors among its details; empty if it is no SAP error."""
    try:
        error = _ErrorBody.model_validate_json(content).error
    except ValidationError:
        return ()
    details = [d for d in error.innererror.errordetails if d.severity.lower() in ("", "error", "abort")]
    return tuple(_sap_message(m) for m in (error, *details) if m.code or m.message)


def notices(headers: Mapping[str, str]) -> tuple[SapMessage, ...]:
    """Return what the header `sap-message` says beside a success: an order may be booked incomplete with it alone."""
    raw = headers.get("sap-message", "")
    if not raw:
        return ()
    try:
        main = _Notice.model_validate(json.loads(raw))
    except ValueError:
        return (SapMessage(code="", text=raw[:500], severity="unreadable"),)
    return tuple(_sap_message(m) for m in (main, *main.details) if m.code or m.message)


def _sap_message(message: _Message) -> SapMessage:
    words = " ".join(message.message.split())
    return SapMessage(code=message.code.strip(), text=words, severity=message.severity.lower())
