"""The keys of documents as texts: opaque to callers, taken apart only here."""

from __future__ import annotations

import re
from dataclasses import dataclass

_KEY = re.compile(r"(?:([^-]{1,5})-([^-]{1,2})-)?([0-9]{1,8})", re.ASCII)


@dataclass(frozen=True, kw_only=True, slots=True)
class DocumentKey:
    """Company, document type and number: what identifies orders and invoices alike."""

    company: str
    document_type: str
    number: int

    def __str__(self) -> str:
        # Eight digits, so that keys of one type sort as their numbers do.
        return f"{self.company}-{self.document_type}-{self.number:08d}"

    @classmethod
    def parse(cls, text: str, *, company: str, document_type: str) -> DocumentKey | None:
        """Return the key of a document of the company, or None when the text cannot be one.

        A bare number, as people type it, is one of the usual document type.
        """
        found = _KEY.fullmatch(text)
        if found is None or (found[1] or company) != company:
            return None
        return cls(company=company, document_type=found[2] or document_type, number=int(found[3]))
