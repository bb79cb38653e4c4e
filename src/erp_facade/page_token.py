"""Page tokens that only this facade can issue, each bound to the request that it continues."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

from google.protobuf.message import Message

from erp_facade.api_error import ApiError, Violation, invalid

_MAC_BYTES = 16


class PageTokens:
    """Issues and reads page tokens under a secret; tokens of another secret or another request are refused.

    Processes that serve the same callers share the secret, which is at least 16 bytes long.
    """

    def __init__(self, secret: bytes) -> None:
        if len(secret) < _MAC_BYTES:
            raise ValueError(f"the secret of page tokens needs at least {_MAC_BYTES} bytes, not {len(secret)}")
        self._secret = secret

    def issue(self, scope: str, fields: Mapping[str, Any]) -> str:
        """Return a token that carries the fields (values that JSON knows) within the scope."""
        payload = json.dumps(fields, separators=(",", ":"), sort_keys=True).encode()
        return base64.urlsafe_b64encode(self._mac(scope, payload) + payload).rstrip(b"=").decode()

    def read(self, token: str, scope: str) -> dict[str, Any]:
        """Return the fields of a token that was issued for this scope; raise INVALID_PAGE_TOKEN for any other."""
        try:
            raw = base64.b64decode(token.encode("ascii") + b"=" * (-len(token) % 4), altchars=b"-_", validate=True)
        except (UnicodeEncodeError, binascii.Error) as error:
            raise _refused() from error
        mac, payload = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
        if not hmac.compare_digest(mac, self._mac(scope, payload)):
            raise _refused()
        fields: dict[str, Any] = json.loads(payload)
        return fields

    def _mac(self, scope: str, payload: bytes) -> bytes:
        digest = hmac.new(self._secret, digestmod=hashlib.sha256)
        digest.update(hashlib.sha256(scope.encode()).digest())
        digest.update(payload)
        return digest.digest()[:_MAC_BYTES]


def request_scope(request: Message) -> str:
    """Return what a page token is bound to: the kind of request and every field but the token and the page's size."""
    rest = type(request)()
    rest.CopyFrom(request)
    for name in ("page_token", "page_size"):
        rest.ClearField(name)
    return f"{request.DESCRIPTOR.full_name}|{rest.SerializeToString(deterministic=True).hex()}"


def _refused() -> ApiError:
    description = "was not issued for this request; start again with an empty page token"
    return invalid([Violation(field="page_token", description=description, reason="INVALID_PAGE_TOKEN")])
