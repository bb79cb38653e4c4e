"""The only place that talks to S/4HANA: one HTTP client per user, its cookies and its CSRF token together."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any
from urllib.parse import urljoin, urlsplit

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

from cloud_erp.s4hana import odata, wire
from cloud_erp.s4hana.config import S4Config, User
from cloud_erp.s4hana.errors import MESSAGES, broken, failure
from cloud_erp.s4hana.wire import Reply
from erp_ports.call import Call
from erp_ports.errors import Misconfigured, OutcomeUnknown, Unavailable
from erp_ports.operations import Effect

log = logging.getLogger("cloud_erp.s4hana")

_KEEP_ALIVE_SECONDS = 15.0
_FETCH = {"x-csrf-token": "Fetch"}
_TRIES_WITH_A_TOKEN = 2
# Where http is configured, what is marked as secure travels over it too, as the credentials do.
_COOKIE_POLICY = DefaultCookiePolicy(secure_protocols=("https", "http"))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Session:
    """A CSRF token and the cookies that it came with: neither is accepted without the other."""

    token: str
    cookie: str = field(repr=False)

    def headers(self) -> dict[str, str]:
        given = {"x-csrf-token": self.token, "cookie": self.cookie}
        return {name: value for name, value in given.items() if value}


class Gateway:
    """HTTP to one S/4HANA system as one user. Nothing is repeated, except after a 403 that asks for a token."""

    def __init__(self, config: S4Config, user: User) -> None:
        self._config = config
        self._messages = {**MESSAGES, **config.messages}
        self._closed = False
        self._session: _Session | None = None
        self._token_lock = asyncio.Lock()
        self._seconds = {
            Effect.READ: config.timeouts.read,
            Effect.SIMULATE: config.timeouts.simulate,
            Effect.WRITE: config.timeouts.write,
        }
        self._client = httpx.AsyncClient(
            transport=AiohttpTransport(client=self._connections),
            headers=_standing_headers(config, user),
            cookies=CookieJar(_COOKIE_POLICY),
            trust_env=False,
            follow_redirects=False,
        )

    def _connections(self) -> aiohttp.ClientSession:
        # httpx keeps the cookies: a second jar beneath it would send them twice.
        connector = aiohttp.TCPConnector(
            limit=self._config.max_connections, keepalive_timeout=_KEEP_ALIVE_SECONDS, ttl_dns_cache=60
        )
        return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())

    async def close(self) -> None:
        self._closed = True
        await self._client.aclose()

    async def entity(self, service: str, address: str, call: Call, *, kind: str = "") -> odata.Entity:
        """Read one entity, with its ETag in `__metadata` also where only the header states it.

        Raises NotFound(kind) when it does not exist.
        """
        reply = await self._read_reply(self._url(service, address), call, kind)
        with readable():
            return odata.with_etag(odata.entity(odata.parse(reply.content)), reply.headers.get("etag", ""))

    async def entities(
        self, service: str, address: str, call: Call, *, limit: int | None = None, kind: str = ""
    ) -> list[odata.Entity]:
        """Read a list to its end or to `limit`, however the server pages it."""
        return await self._all(service, self._url(service, address), call, limit, kind)

    async def following(self, service: str, link: str, call: Call) -> list[odata.Entity]:
        """Read the rest of an expanded list that the server paged."""
        with readable():
            url = self._next_page(service, self._url(service, ""), link)
        return await self._all(service, url, call, None, "")

    async def _all(self, service: str, url: str, call: Call, limit: int | None, kind: str) -> list[odata.Entity]:
        found: list[odata.Entity] = []
        asked = {url}
        while True:
            body = await self._read(url, call, kind)
            with readable():
                entities, link = odata.page(body)
                found += entities
                if link is None or (limit is not None and len(found) >= limit):
                    return found[:limit]
                url = self._next_page(service, url, link)
            if url in asked:
                raise OutcomeUnknown("S/4HANA's pages lead round in a circle", detail=url)
            asked.add(url)

    async def simulate(self, service: str, address: str, body: Mapping[str, Any], call: Call) -> odata.Entity:
        """Post what is calculated and not saved; return the answer."""
        reply = await self._post_like("POST", service, address, body, call, Effect.SIMULATE, {})
        with readable():
            return odata.entity(odata.parse(reply.content))

    async def write(
        self,
        method: str,
        service: str,
        address: str,
        body: Mapping[str, Any],
        call: Call,
        *,
        headers: Mapping[str, str] | None = None,
        kind: str = "",
    ) -> Reply:
        """Post or patch what is saved. Every failure that leaves room for an execution is OutcomeUnknown."""
        return await self._post_like(method, service, address, body, call, Effect.WRITE, headers or {}, kind)

    async def raw(self, service: str, address: str, call: Call, *, headers: Mapping[str, str] | None = None) -> Reply:
        """Read whatever is there, also when it is a refusal."""
        return await self._exchange("GET", self._url(service, address), call, Effect.READ, headers=headers or {})

    async def renew_token(self, service: str, call: Call) -> None:
        """Fetch a CSRF token, whether there is one or not."""
        await self._with_token(service, call, Effect.READ, stale=self._session)

    async def _read(self, url: str, call: Call, kind: str) -> Any:
        reply = await self._read_reply(url, call, kind)
        with readable():
            return odata.parse(reply.content)

    async def _read_reply(self, url: str, call: Call, kind: str) -> Reply:
        reply = await self._exchange("GET", url, call, Effect.READ, headers={})
        if reply.status != 200:
            raise self._failure(reply, Effect.READ, kind)
        return reply

    async def _post_like(
        self,
        method: str,
        service: str,
        address: str,
        body: Mapping[str, Any],
        call: Call,
        effect: Effect,
        headers: Mapping[str, str],
        kind: str = "",
    ) -> Reply:
        content = json.dumps(body, separators=(",", ":")).encode()
        url = self._url(service, address)
        sent = {"content-type": "application/json", **headers}
        session = None
        for _ in range(_TRIES_WITH_A_TOKEN):
            session = await self._with_token(service, call, effect, stale=session)
            reply = await self._exchange(
                method, url, call, effect, headers={**sent, **session.headers()}, content=content
            )
            if not _asks_for_token(reply):  # else it was refused before it was looked at
                break
        else:
            raise Misconfigured("S/4HANA does not accept its own CSRF token", detail=f"{method} {address}")
        if not 200 <= reply.status < 300:
            raise self._failure(reply, effect, kind)
        for notice in wire.notices(reply.headers):
            log.warning(
                "s4.notice",
                extra={
                    "code": notice.code,
                    "text": notice.text,
                    "severity": notice.severity,
                    "correlation_id": call.correlation_id,
                },
            )
        return reply

    async def _with_token(self, service: str, call: Call, effect: Effect, *, stale: _Session | None) -> _Session:
        """Return the session, fetched when there is none or the present one is `stale`."""
        if self._session is not None and self._session is not stale:
            return self._session
        try:
            async with asyncio.timeout(call.remaining()), self._token_lock:
                if self._session is None or self._session is stale:
                    self._session = await self._fetch_token(service, call)
                return self._session
        except TimeoutError:
            problem = OutcomeUnknown("S/4HANA gave no CSRF token in time", timed_out=True)
        except OutcomeUnknown as unknown:
            problem = unknown
        if effect is Effect.WRITE:  # only the token was asked for: the write was surely not executed
            raise Unavailable(problem.message, detail=problem.detail)
        raise problem

    async def _fetch_token(self, service: str, call: Call) -> _Session:
        url = self._url(service, "")
        reply = await self._exchange("GET", url, call, Effect.READ, headers=_FETCH)
        token = reply.headers.get("x-csrf-token", "").strip()
        if token.lower() in ("", "required"):
            if reply.status >= 300:
                raise self._failure(reply, Effect.READ, "")
            token = ""  # the system has CSRF protection switched off
        return _Session(token=token, cookie=self._cookie_of(url, reply))

    def _cookie_of(self, url: str, reply: Reply) -> str:
        """Return the cookies as this reply leaves them; replies to other calls may change the client's meanwhile."""
        asked = httpx.Request("GET", url)
        cookies = httpx.Cookies(CookieJar(_COOKIE_POLICY))
        for cookie in self._client.cookies.jar:
            cookies.jar.set_cookie(cookie)
        cookies.extract_cookies(httpx.Response(reply.status, headers=reply.headers, request=asked))
        cookies.set_cookie_header(asked)
        return str(asked.headers.get("cookie", ""))

    async def _exchange(
        self,
        method: str,
        url: str,
        call: Call,
        effect: Effect,
        *,
        headers: Mapping[str, str],
        content: bytes | None = None,
    ) -> Reply:
        if self._closed:
            raise Unavailable("the connection to S/4HANA was closed")
        seconds = min(call.remaining(), self._seconds[effect])
        if seconds <= 0:
            if effect is Effect.WRITE:
                raise Unavailable("no time was left to ask S/4HANA")
            raise OutcomeUnknown("no time was left to ask S/4HANA", timed_out=True)
        connect = min(seconds, self._config.timeouts.connect)
        try:
            async with asyncio.timeout(seconds):
                response = await self._client.request(
                    method,
                    url,
                    headers={**headers, **_call_headers(call)},
                    content=content,
                    timeout=httpx.Timeout(seconds, connect=connect, pool=connect),
                )
        except TimeoutError as late:
            raise OutcomeUnknown("S/4HANA did not answer in time", timed_out=True, detail=f"{method} {url}") from late
        except (httpx.HTTPError, aiohttp.ClientError, OSError) as problem:
            raise broken(problem) from problem
        return Reply(status=response.status_code, headers=response.headers, content=response.content)

    def _failure(self, reply: Reply, effect: Effect, kind: str) -> Exception:
        return failure(reply, effect=effect, kind=kind, messages=self._messages)

    def _url(self, service: str, address: str) -> str:
        return f"{self._config.base_url}{service}/{address}"

    def _next_page(self, service: str, current: str, link: str) -> str:
        """Return the address of the next page: path and query as the link says, on the host that is configured.

        Behind a proxy links name the host inside; the credentials go to the configured one alone.
        """
        target = urlsplit(urljoin(current, link))
        found = target.path.find(service)
        base = self._config.base_url if found >= 0 else _origin(self._config.base_url)
        path = target.path[max(found, 0) :]
        return str(httpx.URL(f"{base}{path}?{target.query}" if target.query else f"{base}{path}"))


@contextlib.contextmanager
def readable() -> Iterator[None]:
    """Turn an answer that cannot be read into OutcomeUnknown, also one with values that no message has room for."""
    try:
        yield
    except (ValueError, ArithmeticError, TypeError, httpx.InvalidURL) as problem:
        raise OutcomeUnknown("S/4HANA's answer cannot be read", detail=str(problem)) from problem


def _asks_for_token(reply: Reply) -> bool:
    required = reply.headers.get("x-csrf-token", "").strip().lower() == "required"
    return reply.status == 403 and (required or b"csrf token" in reply.content[:2000].lower())


def _origin(base_url: str) -> str:
    parts = urlsplit(base_url)
    return f"{parts.scheme}://{parts.netloc}"


def _standing_headers(config: S4Config, user: User) -> dict[str, str]:
    pair = f"{user.user}:{user.password.get_secret_value()}".encode()
    headers = {
        "accept": "application/json",
        "accept-language": "en",  # messages are told apart by code, but people read their words
        "authorization": "Basic " + base64.b64encode(pair).decode("ascii"),
    }
    if config.sap_client is not None:
        headers["sap-client"] = config.sap_client
    return headers


def _call_headers(call: Call) -> dict[str, str]:
    given = {"x-correlation-id": call.correlation_id, "traceparent": call.traceparent}
    return {name: value for name, value in given.items() if value and value.isascii() and value.isprintable()}
