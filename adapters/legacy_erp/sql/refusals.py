"""What a job said of an inbound document → a refusal of ours."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from erp_ports.errors import ErpError, NotFound, RefusalReason, Rejected
from legacy_erp.sql.config import RefusalRule
from legacy_erp.sql.rows import MessageRow

log = logging.getLogger(__name__)

_UNEXPLAINED = RefusalRule(reason=RefusalReason.VALIDATION)


@dataclass(frozen=True, kw_only=True, slots=True)
class JobRefusal:
    """Why a job refused a document; `reason` is a RefusalReason or NOT_FOUND, `kind` says what was not found."""

    reason: str
    kind: str
    code: str
    message: str

    def error(self) -> ErpError:
        """Return the error to raise."""
        if self.reason == "NOT_FOUND":
            return NotFound(self.message, kind=self.kind, detail=self.code)
        return Rejected(self.message, reason=RefusalReason(self.reason), source_code=self.code)


def job_refusal(messages: Sequence[MessageRow], rules: Mapping[str, RefusalRule], backend: str) -> JobRefusal:
    """Return the refusal that the first message stands for; all texts are kept.

    A code without a rule counts as VALIDATION and raises an alert; so does silence where messages are not read.
    """
    code = messages[0].code if messages else ""
    rule = rules.get(code)
    if rule is None:
        log.error("legacy_sql.message_code_unmapped", extra={"alert": True, "backend": backend, "message_code": code})
        rule = _UNEXPLAINED
    words = "; ".join(message.text for message in messages) or "the ERP's booking job refused the document"
    return JobRefusal(reason=str(rule.reason), kind=rule.kind, code=code, message=words)
