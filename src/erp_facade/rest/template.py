"""Path templates of `google.api.http`: their grammar, and what a template says about a path.

    Template = "/" Segments [ Verb ]
    Segments = Segment { "/" Segment }
    Segment  = "*" | "**" | LITERAL | Variable
    Variable = "{" FieldPath [ "=" Segments ] "}"
    Verb     = ":" LITERAL

`**` stands only at the end, and a variable holds no other variable.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote, unquote_to_bytes

ANY = "*"
REST = "**"

_LITERAL = re.compile(r"[A-Za-z0-9\-._~!$&'()+,;=@%]+")
_FIELD_PATH = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*")
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_ESCAPED_SLASH = re.compile(r"(%2[Ff])")


class TemplateError(ValueError):
    """A template breaks the grammar, or two methods claim one route; the start-up ends here."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Variable:
    """A field that takes the path's segments from `start` up to `end`; no `end` means up to the last."""

    field_path: str
    start: int
    end: int | None
    multi: bool
    """Written with a pattern of more than one segment: then an escaped slash stays escaped."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Template:
    """A template taken apart: segments are literals, `*` or `**`; variables are spans of them."""

    text: str
    segments: tuple[str, ...]
    variables: tuple[Variable, ...]
    verb: str

    def bind(self, path_segments: Sequence[str]) -> dict[str, str]:
        """Return the variables' decoded values for the raw segments of a path that matches.

        A value that is not UTF-8 once decoded raises UnicodeDecodeError.
        """
        values = {}
        for variable in self.variables:
            raw = "/".join(path_segments[variable.start : variable.end])
            values[variable.field_path] = decode_value(raw, multi=variable.multi)
        return values

    def expand(self, values: Mapping[str, str]) -> str:
        """Return the path that carries the values: the opposite of `bind`."""
        path = list(self.segments)
        for variable in self.variables:
            value = values[variable.field_path]
            path[variable.start : variable.end] = [quote(value, safe="/~" if variable.multi else "~")]
        return "/" + "/".join(path) + (f":{self.verb}" if self.verb else "")


def has_bad_escape(text: str) -> bool:
    """Tell whether a percent sign is not followed by two hexadecimal digits."""
    return "%" in text and _BAD_ESCAPE.search(text) is not None


def decode_value(raw: str, *, multi: bool) -> str:
    """Decode a variable's percent escapes: all of them, or all but the slash's when it spans segments."""
    if "%" not in raw:
        return raw
    if not multi:
        return unquote_to_bytes(raw).decode()
    parts = _ESCAPED_SLASH.split(raw)
    return "".join(part if i % 2 else unquote_to_bytes(part).decode() for i, part in enumerate(parts))


def parse_template(text: str) -> Template:
    """Take a template apart, or raise TemplateError saying what is wrong with it."""
    return _Parser(text).parse()


class _Parser:
    """Reads one template from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._segments: list[str] = []
        self._variables: list[Variable] = []

    def parse(self) -> Template:
        self._expect("/")
        self._read_segments(inside_variable=False)
        verb = ""
        if self._peek() == ":":
            self._at += 1
            verb = self._read(_LITERAL, "a verb")
        if self._at != len(self._text):
            raise self._error(f"unexpected {self._text[self._at]!r}")
        if REST in self._segments[:-1]:
            raise self._error("** stands only at the end")
        paths = [variable.field_path for variable in self._variables]
        if len(set(paths)) != len(paths):
            raise self._error("a field is bound twice")
        return Template(
            text=self._text, segments=tuple(self._segments), variables=tuple(self._variables), verb=verb
        )  # fmt: skip

    def _read_segments(self, *, inside_variable: bool) -> None:
        while True:
            if self._peek() == "{":
                if inside_variable:
                    raise self._error("a variable inside a variable")
                self._read_variable()
            elif self._peek() == "*":
                stars = REST if self._text.startswith(REST, self._at) else ANY
                self._at += len(stars)
                self._segments.append(stars)
            else:
                self._segments.append(self._read(_LITERAL, "a segment"))
            if self._peek() != "/":
                return
            self._at += 1

    def _read_variable(self) -> None:
        self._expect("{")
        field_path = self._read(_FIELD_PATH, "a field path")
        start = len(self._segments)
        if self._peek() == "=":
            self._at += 1
            self._read_segments(inside_variable=True)
        else:
            self._segments.append(ANY)
        self._expect("}")
        own = self._segments[start:]
        open_ended = own[-1] == REST
        self._variables.append(
            Variable(
                field_path=field_path,
                start=start,
                end=None if open_ended else len(self._segments),
                multi=open_ended or len(own) > 1,
            )
        )

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _expect(self, char: str) -> None:
        if self._peek() != char:
            raise self._error(f"expected {char!r}")
        self._at += 1

    def _read(self, pattern: re.Pattern[str], what: str) -> str:
        found = pattern.match(self._text, self._at)
        if found is None:
            raise self._error(f"expected {what}")
        self._at = found.end()
        return found.group()

    def _error(self, problem: str) -> TemplateError:
        return TemplateError(f"the path template {self._text!r} is not legal: {problem} at position {self._at}")
