"""Who calls, and what it may do."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import grpc

from erp_facade.api_error import ApiError
from erp_facade.settings import Token

CALLER, ADMIN = "caller", "admin"


@dataclass(frozen=True, kw_only=True, slots=True)
class Client:
    """An identified caller. Two clients never share a request id."""

    name: str
    roles: frozenset[str]
    requests_per_second: int | None = None


LOCAL = Client(name="local", roles=frozenset({CALLER, ADMIN}))


class Clients:
    """Identifies callers by their bearer token; only hashes of tokens are known here."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self._by_hash = {
            t.sha256: Client(name=t.client, roles=frozenset(t.roles), requests_per_second=t.requests_per_second)
            for t in tokens
        }

    def identify(self, token: str | None) -> Client:
        """Return the client of a token; without any token configured everybody is `local`."""
        if not self._by_hash:
            return LOCAL
        if not token:
            raise ApiError(
                grpc.StatusCode.UNAUTHENTICATED,
                "UNAUTHENTICATED",
                "a bearer token is required: send `authorization: Bearer <token>`",
            )
        client = self._by_hash.get(hashlib.sha256(token.encode()).hexdigest())
        if client is None:
            raise ApiError(grpc.StatusCode.UNAUTHENTICATED, "UNAUTHENTICATED", "the bearer token is unknown")
        return client

    @staticmethod
    def authorise(client: Client, role: str, method: str) -> None:
        """Raise PERMISSION_DENIED unless the client has the role that the method needs."""
        if role not in client.roles:
            raise ApiError(
                grpc.StatusCode.PERMISSION_DENIED,
                "PERMISSION_DENIED",
                f"client {client.name} lacks the role {role}, which {method} needs",
                metadata={"role": role},
            )
