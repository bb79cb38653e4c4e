"""Repeatable requests: a POST with `RequestID` and `RepeatabilityCreation` is executed once and then replayed."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import replace

from erp_sandbox.cloud.messages import Text, refused
from erp_sandbox.cloud.replies import Reply
from erp_sandbox.cloud.setup import Settings
from erp_sandbox.cloud.store import Repeated, Store

_REQUEST_ID = re.compile(r"[0-9A-Fa-f]{32}")
_RESULT = "RepeatabilityResult"
_CREATED_OR_OK = range(200, 300)


def once(
    headers: Mapping[str, str], user: str, settings: Settings, store: Store, execute: Callable[[], Reply]
) -> Reply:
    """Execute the request, or return the answer that is stored for its id.

    To be called within a transaction, so that what was booked and its answer become durable together. Only successes
    are stored: a refused request changed nothing. After the retention the id is forgotten and executes again.
    """
    request_id = headers.get("RequestID", "").replace("-", "")
    if not request_id or not headers.get("RepeatabilityCreation"):
        return execute()
    if not _REQUEST_ID.fullmatch(request_id):
        raise refused(Text.REQUEST_ID_REFUSED)
    if settings.repeatability == "off":
        return _marked(execute(), "unsupported")
    key = f"{user}:{request_id.upper()}"
    stored = store.remembered(key)
    if stored is not None and time.time() - stored.created < settings.repeatability_seconds:
        replayed = Reply(status=stored.status, headers=json.loads(stored.headers), body=stored.body)
        return _marked(replayed, "accepted")
    reply = execute()
    if reply.status in _CREATED_OR_OK:
        store.remember(
            Repeated(
                request_id=key,
                created=time.time(),
                status=reply.status,
                headers=json.dumps(dict(reply.headers)),
                body=reply.body,
            )
        )
    return _marked(reply, "accepted")


def _marked(reply: Reply, result: str) -> Reply:
    return replace(reply, headers={**reply.headers, _RESULT: result})
