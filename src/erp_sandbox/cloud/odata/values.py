"""Values between Python and the wire: JSON both ways, and the literals of URLs."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation

from erp_sandbox.cloud.messages import Text, refused
from erp_sandbox.cloud.odata.edm import Edm, Property, Value, Wire

_INITIAL: dict[Edm, str | bool] = {Edm.STRING: "", Edm.DECIMAL: "0", Edm.BOOLEAN: False}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TICKS = re.compile(r"/Date\((-?\d{1,16})(?:([+-]\d{1,4}))?\)/")
_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,7})?)?")
_DECIMAL = re.compile(r"-?\d{1,27}(\.\d{1,27})?")
_ALPHA_FREE = re.compile(r"\A0+(?=\d)")


def without_zeros(text: str) -> str:
    """Return an all-digit key without leading zeros, any other as it is."""
    return _ALPHA_FREE.sub("", text, count=1) if text.isascii() and text.isdecimal() else text


def ticks(moment: datetime) -> int:
    """Return the milliseconds since 1970 UTC."""
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def date_text(value: date) -> str:
    """Return `/Date(ms)/`; a datetime keeps its time, a date is midnight UTC."""
    return f"/Date({ticks(value if isinstance(value, datetime) else midnight(value))})/"


def other_date_text(value: date) -> Wire:
    """Return the same point of time in the form that states its offset."""
    return Wire(date_text(value).replace(")/", "+0000)/"))


def to_json(prop: Property, value: Value) -> str | bool | None:
    """Return the JSON value; what is missing becomes the type's initial value, null for dates."""
    if isinstance(value, Wire | bool):
        return value
    if value is None:
        return _INITIAL.get(prop.edm)
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, date):
        form = date_text(value)
        return form.replace(")/", "+0000)/") if prop.edm is Edm.DATE_TIME_OFFSET else form
    return value


def from_json(prop: Property, raw: object) -> Value:
    """Return the value that a client sent; raise SapError when it is not of the property's type and size."""
    wrong = refused(Text.VALUE_REFUSED, prop.name, str(raw)[:80])
    if prop.edm is Edm.BOOLEAN:
        if not isinstance(raw, bool):
            raise wrong
        return raw
    if raw is None and prop.edm in (Edm.DATE_TIME, Edm.DATE_TIME_OFFSET):
        return None
    if not isinstance(raw, str):
        raise wrong
    if prop.edm is Edm.STRING:
        if prop.max_length is not None and len(raw) > prop.max_length:
            raise wrong
        return without_zeros(raw) if prop.alpha else raw
    if prop.edm is Edm.DECIMAL:
        return _decimal(prop, raw)
    match = _TICKS.fullmatch(raw)
    if match is None:
        raise wrong
    try:
        moment = _EPOCH + timedelta(milliseconds=int(match[1]))
    except OverflowError:
        raise wrong from None
    return moment.date() if prop.edm is Edm.DATE_TIME else moment


def _decimal(prop: Property, raw: str) -> Decimal:
    try:
        number = Decimal(raw) if _DECIMAL.fullmatch(raw) else None
    except InvalidOperation:
        number = None
    if number is None or not fits(number, prop):
        raise refused(Text.VALUE_REFUSED, prop.name, raw[:80])
    return number


def fits(number: Decimal, prop: Property) -> bool:
    """Say whether the number has no more digits than the property's precision and scale."""
    precision, scale = prop.precision or 31, prop.scale or 0
    return number == round(number, scale) and abs(number) < Decimal(10) ** (precision - scale)


def literal(text: str) -> tuple[Value, Edm | None]:
    """Return the value and type of a URL literal such as `'A'`, `12.5M`, `datetime'2026-01-31T00:00:00'`.

    The type is None for `null`. Raises ValueError when the text is none.
    """
    if text.startswith("'") and text.endswith("'") and len(text) > 1:
        inner = text[1:-1]
        if "'" in inner.replace("''", ""):
            raise ValueError(f"{text} has a lone quote")
        return inner.replace("''", "'"), Edm.STRING
    if text in ("true", "false"):
        return text == "true", Edm.BOOLEAN
    if text == "null":
        return None, None
    kind, quote, rest = text.partition("'")
    if quote and kind in ("datetime", "datetimeoffset") and rest.endswith("'"):
        return _moment(kind, rest[:-1])
    number = text[:-1] if text[-1:] in ("M", "m", "L", "l", "D", "d", "F", "f") else text
    if _DECIMAL.fullmatch(number):
        return Decimal(number), Edm.DECIMAL
    raise ValueError(f"{text} is not a value")


def _moment(kind: str, text: str) -> tuple[Value, Edm]:
    if kind == "datetimeoffset":
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            raise ValueError(f"{text} has no offset")
        return moment.astimezone(UTC), Edm.DATE_TIME_OFFSET
    if not _DATE_TIME.fullmatch(text):
        raise ValueError(f"{text} is not a date and time")
    return datetime.fromisoformat(text).replace(tzinfo=UTC), Edm.DATE_TIME


def url_literal(value: Value) -> str:
    """Return a key value as URLs state it."""
    return "'" + str(value).replace("'", "''") + "'"
