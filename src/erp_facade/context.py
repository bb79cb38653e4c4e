"""What a handler knows of the call it serves."""

from __future__ import annotations

import time
from dataclasses import dataclass

from erp_facade.call_meta import CallMeta
from erp_facade.clients import Client
from erp_ports.call import Call

# What an ERP's deadline leaves of the caller's, so that there is time to say that the ERP did not answer.
_ANSWER_SHARE, _ANSWER_SECONDS = 0.1, 0.25


@dataclass(frozen=True, kw_only=True, slots=True)
class Context:
    """The identified client and the call's identity and deadline."""

    client: Client
    meta: CallMeta

    def call(self) -> Call:
        """Return what an adapter is told of this call; its deadline is a little earlier than the caller's."""
        return Call(
            deadline=self.meta.deadline - min(_ANSWER_SECONDS, self.remaining() * _ANSWER_SHARE),
            correlation_id=self.meta.correlation_id,
            traceparent=self.meta.traceparent,
        )

    def remaining(self) -> float:
        """Return the seconds until the deadline, never below 0."""
        return max(0.0, self.meta.deadline - time.monotonic())
