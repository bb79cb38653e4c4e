"""The keys of documents as texts: opaque to callers, taken apart only here."""

from __future__ import annotations

import re
from dataclasses import dataclass

_KEY = re.compile(r"([^-]{1,5})-([^-]{1,2})-([0-9]{1,8})")


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
    def parse(cls, text: str) -> DocumentKey | None:
        """Return the key, or None when the text cannot be one."""
        found = _KEY.fullmatch(text)
        if found is None:
            return None
        return cls(company=found[1], document_type=found[2], number=int(found[3]))
