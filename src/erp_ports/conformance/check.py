"""A check: one promise of the ports, put to the test against a subject."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from types import ModuleType

from erp_ports.conformance.subject import Subject
from erp_ports.errors import ErpError
from erp_ports.operations import Operation


class NotConformant(AssertionError):
    """The adapter breaks a promise; the message says which and how."""


class NotApplicable(Exception):
    """The check cannot be made with this subject; the message says why."""


@dataclass(frozen=True, kw_only=True)
class Check:
    """One promise. `operations` must be offered and the subject's attributes `needs` be given, or it is skipped."""

    name: str
    promise: str
    operations: tuple[Operation, ...]
    needs: tuple[str, ...]
    body: Callable[[Subject], Awaitable[None]]

    async def __call__(self, subject: Subject) -> None:
        """Raise NotConformant when the promise is broken, NotApplicable when it cannot be tested."""
        for operation in self.operations:
            if not subject.adapter.declaration.offers(operation):
                support = subject.adapter.declaration.support(operation)
                raise NotApplicable(f"the adapter declares {operation} as {support}")
        for need in self.needs:
            if getattr(subject, need) is None:
                raise NotApplicable(f"the subject has no {need}")
        try:
            await self.body(subject)
        except ErpError as error:
            what = f"{type(error).__name__}: {error.message} {error.detail}".rstrip()
            raise NotConformant(f"{self.promise} An operation that should have answered raised {what}") from error


def check(
    *operations: Operation, needs: tuple[str, ...] = ()
) -> Callable[[Callable[[Subject], Awaitable[None]]], Check]:
    """Make a check of an asynchronous function whose name and docstring say the promise."""

    def make(body: Callable[[Subject], Awaitable[None]]) -> Check:
        return Check(
            name=body.__name__, promise=(body.__doc__ or "").strip(), operations=operations, needs=needs, body=body
        )

    return make


def checks_of(module: ModuleType) -> tuple[Check, ...]:
    """Return every check that a module defines, in its order."""
    return tuple(value for value in vars(module).values() if isinstance(value, Check))


def require(condition: bool, complaint: str) -> None:
    """Raise NotConformant with the complaint unless the condition holds."""
    if not condition:
        raise NotConformant(complaint)


def require_equal(expected: object, actual: object, what: str) -> None:
    """Raise NotConformant unless both are equal, naming what was compared."""
    if expected != actual:
        raise NotConformant(f"{what}: expected {expected!r}, got {actual!r}")
