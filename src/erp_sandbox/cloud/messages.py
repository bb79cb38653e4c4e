"""Every message the stand-in says, with its code; the table in the package's README is this one."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus


class Text(enum.Enum):
    """Code and wording; braces take the arguments in order."""

    MATERIAL_UNKNOWN = (
        "V1/302",
        "Material {} is not defined for sales org.{}, distr.chan.{}, language EN",
    )
    MATERIAL_BLOCKED = ("V1/028", "Material {} has status: Blocked for sales")
    CUSTOMER_UNKNOWN = ("VP/199", "Sold-to party {} is not defined for sales area {} {} {}")
    ORDER_TYPE_UNKNOWN = ("V1/300", "Sales document type {} is not defined")
    SALES_AREA_UNKNOWN = ("V1/313", "Sales area {} {} {} is not defined")
    CURRENCY_REFUSED = ("V1/390", "Currency {} is not allowed in sales area {} {} {}")
    QUANTITY_REFUSED = ("V1/369", "Enter a quantity greater than zero in item {}")
    UNIT_UNKNOWN = ("V1/155", "Unit of measure {} is not defined for material {}")
    ITEM_TWICE = ("V1/320", "Item {} is there twice")
    CONDITION_UNKNOWN = ("VK/069", "Condition type {} cannot be entered manually")
    ITEM_SHIPPED = ("V1/849", "Item {} of document {} has already been delivered")
    DOCUMENT_HAS_SUCCESSORS = ("V1/498", "Document {} has subsequent documents and cannot be deleted")
    PRICE_MISSING = ("V1/801", "Pricing error: Mandatory condition {} is missing in item {}")
    BACKORDER = ("V4/219", "Item {}: {} of {} {} confirmed for the requested date, the rest later")
    MATERIAL_NOT_ACTIVE = ("M3/305", "Material {} does not exist or is not activated")
    MATERIAL_NOT_IN_PLANT = ("M3/351", "Material {} not maintained in plant {}")
    NOT_AUTHORISED = ("V1/031", "You are not authorized to maintain sales documents")
    NOT_FOUND = ("/IWBEP/CM_MGW_RT/020", "Resource not found for segment '{}'")
    SERVICE_UNKNOWN = ("/IWFND/MED/170", "No service found for namespace '', name '{}', version '0001'")
    FILTER_REFUSED = ("/IWCOR/CX_DS_EXPR_SYNTAX_ERROR", "Invalid filter: {}")
    PROPERTY_UNKNOWN = ("/IWCOR/CX_DS_EP_PROPERTY_ERROR", "Property '{}' is invalid for type '{}'")
    VALUE_REFUSED = ("/IWCOR/CX_DS_EP_VALUE_ERROR", "Property '{}' has invalid value '{}'")
    OPTION_REFUSED = ("/IWCOR/CX_DS_QUERY_OPTION_ERROR", "Query option '{}' is invalid: {}")
    BODY_REFUSED = ("/IWCOR/CX_DS_EP_PARSE_ERROR", "Error while parsing the request body: {}")
    PARAMETER_REFUSED = ("/IWCOR/CX_DS_URI_ERROR", "Parameter '{}' of '{}': {}")
    METHOD_REFUSED = ("/IWFND/CM_MGW/096", "Method '{}' is not allowed for '{}'")
    NOT_OFFERED = ("/IWBEP/CM_MGW_RT/021", "{} is not offered by this service")
    FORMAT_REFUSED = ("/IWFND/CM_MGW/415", "{} must be application/json here")
    CONDITION_REQUIRED = (
        "/IWFND/CM_MGW/428",
        "Data Services Request required to be conditional. Try using the 'If-Match' header.",
    )
    CONDITION_FAILED = ("/IWBEP/CM_MGW_RT/022", "Precondition failed: the resource was changed")
    REQUEST_ID_REFUSED = ("/IWFND/CM_MGW/097", "RequestID must have 32 hexadecimal digits")
    THROTTLED = ("/SANDBOX/429", "Too many requests")
    UNAVAILABLE = ("/SANDBOX/503", "Service is not available")

    @property
    def code(self) -> str:
        return str(self.value[0])

    def say(self, *arguments: object) -> str:
        return str(self.value[1]).format(*arguments)


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """One thing said about a request; `target` names the item or property it is about."""

    text: Text
    words: str
    target: str = ""


class SapError(Exception):
    """A request that is refused; the first message is the error, all of them are its details."""

    def __init__(self, status: HTTPStatus, messages: Sequence[Message], headers: dict[str, str] | None = None) -> None:
        self.status = status
        self.messages = tuple(messages)
        self.headers = headers or {}
        super().__init__(self.messages[0].words)


def message(text: Text, *arguments: object, target: str = "") -> Message:
    return Message(text=text, words=text.say(*arguments), target=target)


def refused(text: Text, *arguments: object, status: HTTPStatus = HTTPStatus.BAD_REQUEST) -> SapError:
    """Return the error for a single message."""
    return SapError(status, [message(text, *arguments)])


def error_body(error: SapError, transaction_id: str) -> dict[str, object]:
    """Return the JSON body of the error, shaped as SAP Gateway does."""
    first = error.messages[0]
    details = [
        {"code": said.text.code, "message": said.words, "propertyref": "", "target": said.target, "severity": "error"}
        for said in error.messages
    ]
    inner = {"transactionid": transaction_id, "timestamp": "", "errordetails": details}
    return {
        "error": {"code": first.text.code, "message": {"lang": "en", "value": first.words}, "innererror": inner},
    }


def warning_header(warnings: Sequence[Message]) -> dict[str, object]:
    """Return the value of the response header `sap-message`: the first warning with the others as its details."""
    first, *others = (
        {"code": said.text.code, "message": said.words, "target": said.target, "severity": "warning"}
        for said in warnings
    )
    return {**first, "details": others}
