"""Reading CSV files so that every problem is found in one go, each with its file and line."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path

# No price or quantity of a stand-in needs more; the legacy ERP's columns end not far above it.
_TOO_MUCH = Decimal(1_000_000_000)


class DataError(ValueError):
    """The files cannot be used; `problems` names each reason as `file:line: what is wrong`, or `file: what is wrong`
    where no line is to blame."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__(f"{len(problems)} problem(s) in the data:\n" + "\n".join(problems))
        self.problems = problems


@dataclass(kw_only=True)
class Problems:
    """Collects what is wrong, so that a person can mend everything at once."""

    found: list[str] = field(default_factory=list)

    def add(self, file: str, line: int, message: str) -> None:
        """Note a problem of a line, of the whole file where `line` is 0."""
        self.found.append(f"{file}:{line}: {message}" if line else f"{file}: {message}")

    def raise_if_any(self) -> None:
        if self.found:
            raise DataError(tuple(self.found))


@dataclass(frozen=True, kw_only=True)
class Row:
    """One row of a file; its readers report a bad value and return None."""

    file: str
    line: int
    values: dict[str, str]
    problems: Problems

    def report(self, message: str) -> None:
        self.problems.add(self.file, self.line, message)

    def text(self, column: str) -> str:
        return self.values[column].strip()

    def key(self, column: str, longest: int) -> str | None:
        """Return an identifier: visible ASCII without a slash, at most `longest` characters."""
        text = self.text(column)
        if 0 < len(text) <= longest and "/" not in text and all("!" <= c <= "~" for c in text):
            return text
        self.report(f"{column} {text!r} must be 1 to {longest} visible ASCII characters without a slash")
        return None

    def number(self, column: str, *, lowest: Decimal, decimals: int) -> Decimal | None:
        """Return a number from `lowest` to below a thousand million, with at most `decimals` significant decimals."""
        text = self.text(column)
        try:
            value = Decimal(text)
        except InvalidOperation:
            self.report(f"{column} {text!r} is not a number")
            return None
        if not value.is_finite() or not lowest <= value < _TOO_MUCH:
            self.report(f"{column} {text} must be at least {lowest} and below {_TOO_MUCH}")
            return None
        exponent = value.normalize().as_tuple().exponent
        if isinstance(exponent, int) and exponent < -decimals:
            self.report(f"{column} {text} has more than {decimals} decimals")
            return None
        return value

    def date(self, column: str) -> date | None:
        text = self.text(column)
        try:
            return date.fromisoformat(text)
        except ValueError:
            self.report(f"{column} {text!r} is not a date of the form YYYY-MM-DD")
            return None


def rows(directory: Path, file: str, columns: tuple[str, ...], problems: Problems) -> Iterator[Row]:
    """Yield the rows of a file that have every column named; report the others, and a file that cannot be read."""
    try:
        with (directory / file).open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream)
            missing = [column for column in columns if column not in (reader.fieldnames or ())]
            if missing:
                problems.add(file, 1, f"the header lacks {', '.join(missing)}")
                return
            for values in reader:
                if None in values or None in values.values():
                    problems.add(file, reader.line_num, "the row has not as many values as the header has columns")
                    continue
                yield Row(file=file, line=reader.line_num, values=values, problems=problems)
    except OSError as error:
        problems.add(file, 0, f"cannot be read: {error.strerror}")
    except UnicodeDecodeError:
        problems.add(file, 0, "is not UTF-8")
    except csv.Error as error:
        problems.add(file, 0, f"is not CSV: {error}")
