"""What the stand-in can be told to suffer from."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from pydantic import TypeAdapter


@dataclass(frozen=True, kw_only=True, slots=True)
class Faults:
    """The faults in force; the defaults are a healthy ERP.

    `slow` delays every answer by seconds. `down` answers 503, `cut` ends every connection without an answer.
    `throttling` answers 429 with that many seconds in `Retry-After`. The next `drop_replies` writes are executed and
    their connection is cut. The next `late_writes` writes are executed `late_seconds` late, whether or not the caller
    still waits.
    """

    slow: float = 0.0
    down: bool = False
    cut: bool = False
    throttling: int | None = None
    drop_replies: int = 0
    late_writes: int = 0
    late_seconds: float = 0.0


FAULTS = TypeAdapter(Faults)


@dataclass(kw_only=True, slots=True)
class FaultBox:
    """Holds the faults in force and counts down those that concern a number of writes."""

    now: Faults = field(default_factory=Faults)

    def delay_of_write(self) -> float:
        """Return by how many seconds this write is executed late."""
        if not self.now.late_writes:
            return 0.0
        self.now = replace(self.now, late_writes=self.now.late_writes - 1)
        return self.now.late_seconds

    def drops_reply(self) -> bool:
        """Say whether the reply to this write is lost."""
        if not self.now.drop_replies:
            return False
        self.now = replace(self.now, drop_replies=self.now.drop_replies - 1)
        return True
