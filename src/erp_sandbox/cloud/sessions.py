"""Who calls, and the CSRF token that goes with the session cookie."""

from __future__ import annotations

import base64
import binascii
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass

from erp_sandbox.cloud.setup import Setup, User

COOKIE = "SAP_SESSIONID_NW1_100"


@dataclass(kw_only=True, slots=True)
class Session:
    """A session of one user; its token is good until `expires` on the monotonic clock."""

    user: str
    token: str
    expires: float


class Sessions:
    """All sessions; they do not survive the process."""

    def __init__(self, setup: Setup) -> None:
        self._users = {user.name: user for user in (setup.live, setup.shadow)}
        self._seconds = setup.settings.csrf_seconds
        self._sessions: dict[str, Session] = {}

    def user(self, authorization: str) -> User | None:
        """Return the user of an `Authorization` header, None when there is none or the password is wrong."""
        scheme, _, encoded = authorization.partition(" ")
        if scheme.lower() != "basic":
            return None
        try:
            name, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
        user = self._users.get(name)
        if user is None or not secrets.compare_digest(user.password.encode(), password.encode()):
            return None
        return user

    def fetch(self, user: User, cookies: Mapping[str, str]) -> tuple[str, str]:
        """Return session id and token: those of the session that the cookie names, else new ones."""
        name = cookies.get(COOKIE, "")
        session = self._valid(name, user)
        if session is None:
            name = secrets.token_urlsafe(24)
            session = Session(user=user.name, token=secrets.token_urlsafe(18), expires=0.0)
            self._sessions[name] = session
        session.expires = time.monotonic() + self._seconds
        return name, session.token

    def accepts(self, user: User, cookies: Mapping[str, str], token: str) -> bool:
        """Say whether the token is the one of the session that the cookie names, and of this user."""
        session = self._valid(cookies.get(COOKIE, ""), user)
        return session is not None and secrets.compare_digest(session.token.encode(), token.encode())

    def expire(self) -> None:
        """Forget every session."""
        self._sessions.clear()

    def _valid(self, name: str, user: User) -> Session | None:
        session = self._sessions.get(name)
        if session is None or session.user != user.name:
            return None
        if session.expires < time.monotonic():
            del self._sessions[name]
            return None
        return session
