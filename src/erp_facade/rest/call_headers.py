"""The request headers that mean something to a call."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import grpc

from erp_facade.api_error import ApiError, Violation, invalid
from erp_facade.correlation import correlation_from, traceparent_from

_READ = {
    b"authorization",
    b"content-encoding",
    b"content-length",
    b"content-type",
    b"idempotency-key",
    b"traceparent",
    b"transfer-encoding",
    b"x-correlation-id",
    b"x-request-timeout",
}
_SECONDS = re.compile(r"[0-9]{1,6}(\.[0-9]{1,9})?")
_CHARSET = re.compile(r';\s*charset\s*=\s*"?([^";\s]*)"?', re.IGNORECASE)


@dataclass(kw_only=True, slots=True)
class CallHeaders:
    """Headers by their lower-case names, and those that were given more than once."""

    values: dict[bytes, str]
    repeated: set[bytes]

    @classmethod
    def of(cls, raw: Iterable[tuple[bytes, bytes]]) -> CallHeaders:
        """Take what is read here from the headers of an ASGI scope."""
        values: dict[bytes, str] = {}
        repeated = set()
        for name, value in raw:
            if name in _READ:
                if name in values:
                    repeated.add(name)
                values[name] = value.decode("latin-1").strip()
        return cls(values=values, repeated=repeated)

    def correlation_id(self) -> str:
        """Return the caller's correlation id when it is a usable one, else a new one."""
        return correlation_from(self.values.get(b"x-correlation-id", ""))

    def check(self) -> None:
        """Raise ApiError when a correlation id cannot be taken over or a header that must be single is not."""
        given = self.values.get(b"x-correlation-id")
        violations = [
            Violation(field=name.decode(), description="the header is given more than once")
            for name in sorted(self.repeated - {b"idempotency-key"})
        ]
        if given is not None and not violations and correlation_from(given) != given:
            must = "the header must hold 1 to 128 visible ASCII characters"
            violations.append(Violation(field="x-correlation-id", description=must))
        if violations:
            raise invalid(violations)
        if b"idempotency-key" in self.repeated:
            raise key_conflict("the header Idempotency-Key is given more than once")

    def traceparent(self) -> str:
        """Return the trace context, or nothing when it is not of the W3C form: a new trace begins then."""
        given = self.values.get(b"traceparent", "")
        return traceparent_from(given)

    def token(self) -> str | None:
        """Return the bearer token, None without credentials, and '' for credentials of another kind."""
        given = self.values.get(b"authorization")
        if given is None:
            return None
        scheme, _, secret = given.partition(" ")
        return secret.strip() if scheme.lower() == "bearer" else ""

    def seconds(self, default: float, longest: float) -> float:
        """Return how long the call may take; raise ApiError for what is no number of seconds above 0."""
        given = self.values.get(b"x-request-timeout")
        if given is None:
            return default
        seconds = float(given) if _SECONDS.fullmatch(given) else 0.0
        if seconds <= 0:
            must = "the header must hold a number of seconds above 0, such as 2.5"
            raise invalid([Violation(field="x-request-timeout", description=must)])
        return min(seconds, longest)

    def idempotency_key(self) -> str | None:
        return self.values.get(b"idempotency-key")

    def has_body(self) -> bool:
        return b"transfer-encoding" in self.values or self.content_length() > 0

    def content_length(self) -> int:
        """Return the announced length, or 0 when the body comes in chunks."""
        given = self.values.get(b"content-length", "0")
        return int(given) if given.isdecimal() else 0

    def check_json(self) -> None:
        """Raise ApiError when a body is not declared as JSON in UTF-8."""
        given = self.values.get(b"content-type", "")
        charset = _CHARSET.search(given)
        is_json = given.partition(";")[0].strip().lower() == "application/json"
        if not is_json or (charset is not None and charset.group(1).lower() not in ("utf-8", "utf8")):
            said = f"not {given}" if given else "and the header Content-Type is missing"
            raise _unsupported(f"the body must be application/json in UTF-8, {said}")
        encoding = self.values.get(b"content-encoding", "identity").lower()
        if encoding != "identity":
            raise _unsupported(f"the body must not be compressed; its Content-Encoding is {encoding}")


def key_conflict(message: str) -> ApiError:
    """Return the error for two different request ids in one request."""
    return ApiError(grpc.StatusCode.INVALID_ARGUMENT, "IDEMPOTENCY_KEY_CONFLICT", message)


def _unsupported(message: str) -> ApiError:
    return ApiError(grpc.StatusCode.INVALID_ARGUMENT, "UNSUPPORTED_MEDIA_TYPE", message)
