"""`$filter` of OData V2, compiled into a function over an entity's values.

Known are `eq ne gt ge lt le`, `and or not`, parentheses, and `startswith`, `endswith`, `substringof`. Libraries for
this parse the V4 grammar, whose literals and functions differ.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator
from datetime import date, datetime
from typing import Any

from erp_sandbox.cloud.messages import SapError, Text, refused
from erp_sandbox.cloud.odata.edm import Edm, EntityType, Property, Value, Values
from erp_sandbox.cloud.odata.values import literal, midnight, without_zeros

Predicate = Callable[[Values], bool]
_TOKEN = re.compile(
    r"\s*(?:(?P<literal>(?:datetimeoffset|datetime)?'(?:[^']|'')*'|-?\d[\w.]*)|(?P<word>[A-Za-z_][\w/]*)|(?P<mark>[(),]))"
)
_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "gt": operator.gt,
    "ge": operator.ge,
    "lt": operator.lt,
    "le": operator.le,
}
_FUNCTIONS: dict[str, Callable[[str, str], bool]] = {
    "startswith": str.startswith,
    "endswith": str.endswith,
    "substringof": lambda part, whole: part in whole,
}
_DATES = (Edm.DATE_TIME, Edm.DATE_TIME_OFFSET)


def compile_filter(text: str, entity: EntityType) -> Predicate:
    """Return the predicate; raise SapError (400) for a syntax error, an unknown property or a wrong type."""
    parser = _Parser(text, entity)
    try:
        predicate = parser.disjunction()
        parser.expect_end()
    except (ValueError, RecursionError) as error:
        raise refused(Text.FILTER_REFUSED, error) from error
    return predicate


class _Parser:
    """Recursive descent over the tokens; `or` binds loosest, then `and`, then `not`."""

    def __init__(self, text: str, entity: EntityType) -> None:
        self._tokens = list(_tokens(text))
        self._entity = entity
        self._at = 0

    def disjunction(self) -> Predicate:
        terms = [self._conjunction()]
        while self._take_if("or"):
            terms.append(self._conjunction())
        return terms[0] if len(terms) == 1 else lambda values: any(term(values) for term in terms)

    def expect_end(self) -> None:
        if self._at < len(self._tokens):
            raise ValueError(f"'{self._tokens[self._at]}' is not expected")

    def _conjunction(self) -> Predicate:
        terms = [self._negation()]
        while self._take_if("and"):
            terms.append(self._negation())
        return terms[0] if len(terms) == 1 else lambda values: all(term(values) for term in terms)

    def _negation(self) -> Predicate:
        if self._take_if("not"):
            inner = self._negation()
            return lambda values: not inner(values)
        if self._take_if("("):
            inner = self.disjunction()
            self._expect(")")
            return inner
        return self._test()

    def _test(self) -> Predicate:
        word = self._take()
        if word in _FUNCTIONS and self._take_if("("):
            return self._truth(self._function(word))
        prop = self._property(word)
        comparison = _COMPARISONS.get(self._take())
        if comparison is None:
            raise ValueError(f"a comparison is expected after {word}")
        wanted = _operand(prop, self._take())
        empty = "" if prop.edm is Edm.STRING else None
        return lambda values: _compare(comparison, values.get(prop.name, empty), wanted)

    def _truth(self, predicate: Predicate) -> Predicate:
        """Read `eq true` or `eq false` behind a function, which may be left out."""
        if not self._take_if("eq"):
            return predicate
        wanted = self._take()
        if wanted not in ("true", "false"):
            raise ValueError("true or false is expected")
        return predicate if wanted == "true" else lambda values: not predicate(values)

    def _function(self, name: str) -> Predicate:
        first = self._take()
        self._expect(",")
        second = self._take()
        self._expect(")")
        # substringof names the part before the whole, the other two the other way round.
        whole, part = (second, first) if name == "substringof" else (first, second)
        prop = self._property(whole)
        sought = _operand(prop, part)
        if not isinstance(sought, str) or prop.edm is not Edm.STRING:
            raise ValueError(f"{name} needs texts")
        test = _FUNCTIONS[name]
        if name == "substringof":
            return lambda values: test(sought, str(values.get(prop.name) or ""))
        return lambda values: test(str(values.get(prop.name) or ""), sought)

    def _property(self, name: str) -> Property:
        prop = self._entity.property_named(name)
        if prop is None:
            raise refused(Text.PROPERTY_UNKNOWN, name, self._entity.name)
        return prop

    def _take(self) -> str:
        if self._at >= len(self._tokens):
            raise ValueError("it ends too early")
        self._at += 1
        return self._tokens[self._at - 1]

    def _take_if(self, token: str) -> bool:
        found = self._at < len(self._tokens) and self._tokens[self._at] == token
        self._at += found
        return found

    def _expect(self, token: str) -> None:
        if not self._take_if(token):
            raise ValueError(f"'{token}' is missing")


def _tokens(text: str) -> Iterator[str]:
    at = 0
    while text[at:].strip():
        match = _TOKEN.match(text, at)
        if match is None:
            raise _unreadable(text[at:])
        yield match[0].strip()
        at = match.end()


def _unreadable(rest: str) -> SapError:
    return refused(Text.FILTER_REFUSED, f"'{rest.strip()[:30]}' cannot be read")


def _operand(prop: Property, token: str) -> Value:
    value, edm = literal(token)
    if edm is not None and edm is not prop.edm and not (edm in _DATES and prop.edm in _DATES):
        raise ValueError(f"{token} is not of the type {prop.edm} of {prop.name}")
    return without_zeros(value) if prop.alpha and isinstance(value, str) else value


def _compare(comparison: Callable[[Any, Any], bool], value: Value, wanted: Value) -> bool:
    if isinstance(value, date) and not isinstance(value, datetime):
        value = midnight(value)
    if value is None or wanted is None:
        return (comparison is operator.eq and value is wanted) or (comparison is operator.ne and value is not wanted)
    return comparison(value, wanted)
