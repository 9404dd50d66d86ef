"""SyncChannel SendMessage as a SOAP 1.1 message: request, answer and fault, to and from values (reference, section 2).

Written: strict order of the schema, the wrapper qualified and everything inside it unqualified (`xmlns=""`), prefix
`soap`, nothing optional that is empty, no white space.
Read: by local name, in any order, under any prefix; `data` in whatever namespace, holding an element or escaped XML.
What is read is exactly one Body with exactly one element: a second Body anywhere is a message for two readers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from lxml import etree

import schemas
from adapter.exchange.config import Account
from adapter.exchange.markup import (
    XSI,
    Markup,
    child,
    children,
    element,
    is_element,
    joined,
    local,
    namespace,
    stamp,
    text,
)

SOAP: Final = "http://schemas.xmlsoap.org/soap/envelope/"
SYNC: Final = "http://bip.bee.kz/SyncChannel/v10/Types"

MAX_SUB_ERRORS: Final = 16
"""Depth to which the chain of subError is followed; the schema is recursive without end."""
MAX_STATUS_TEXT: Final = 250
"""Characters of status/message (schema, section 2.2)."""

_XML_DECLARATION: Final = re.compile(r"^\s*<\?xml[^>]{0,200}\?>")


# --- writing ---------------------------------------------------------------------------------------------------------
def request(
    *,
    service: str,
    route: str,
    account: Account,
    message_id: str,
    at: datetime,
    data: Markup,
) -> bytes:
    """An unsigned SendMessage request; `data` is the whole `data` element. Holds the account's password in the open."""
    info = element(
        "requestInfo",
        element("messageId", message_id),
        element("serviceId", service),
        element("messageDate", stamp(at)),
        _unless_empty("routeId", route),
        element("sender", element("senderId", account.sender_id), element("password", account.password.reveal())),
    )
    inside = element("request", info, element("requestData", data), attributes={"xmlns": ""})
    return _envelope(element("SendMessage", inside, attributes={"xmlns": SYNC}))


def answer(*, message_id: str, correlation_id: str | None, at: datetime, code: str, words: str) -> bytes:
    """An unsigned SendMessageResponse with an empty responseData."""
    info = element(
        "responseInfo",
        element("messageId", message_id),
        _unless_empty("correlationId", correlation_id or ""),
        element("responseDate", stamp(at)),
        element("status", element("code", code), element("message", words[:MAX_STATUS_TEXT])),
    )
    inside = element("response", info, element("responseData"), attributes={"xmlns": ""})
    return _envelope(element("SendMessageResponse", inside, attributes={"xmlns": SYNC}))


def fault(*, code: str, words: str, at: datetime, is_senders: bool) -> bytes:
    """An unsigned fault with ErrorInfo; `is_senders`: the cause is the request and not us."""
    detail = element(
        "t:SendMessageFault1_SendMessageFault",
        element("errorCode", code),
        element("errorMessage", words),
        element("errorDate", stamp(at)),
        attributes={"xmlns:t": SYNC},
    )
    return _envelope(
        element(
            "soap:Fault",
            element("faultcode", "soap:Client" if is_senders else "soap:Server"),
            element("faultstring", words),
            element("detail", detail),
        )
    )


def _envelope(inside: Markup) -> bytes:
    parts = joined(element("soap:Header"), element("soap:Body", inside))
    return element("soap:Envelope", parts, attributes={"xmlns:soap": SOAP})


def _unless_empty(name: str, value: str) -> Markup:
    return element(name, value) if value else Markup(b"")


# --- reading ---------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """A SendMessage request. `message_id` is None when it is absent or empty."""

    message_id: str | None
    service_id: str | None
    sender_id: str | None
    data: etree._Element | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """A SendMessage answer. `code` and `words` stand as they came, broken encodings included."""

    message_id: str | None
    correlation_id: str | None
    code: str
    words: str
    data: etree._Element | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """A SOAP fault. `codes`: errorCode from the outermost to the innermost subError, then faultcode's local name."""

    codes: tuple[str, ...]
    words: tuple[str, ...]


def sole_body(root: etree._Element) -> etree._Element | None:
    """The one soap:Body; None when the root is no SOAP 1.1 envelope, or there is none, or a second one anywhere."""
    if (namespace(root), local(root)) != (SOAP, "Envelope"):
        return None
    bodies = list(root.iter(f"{{{SOAP}}}Body"))
    return bodies[0] if len(bodies) == 1 and bodies[0].getparent() is root else None


def read(body: etree._Element) -> Request | Answer | Fault | None:
    """What the one element inside a Body is; None when there are several, or it is none of the three."""
    inside = list(children(body))
    if len(inside) != 1:
        return None
    wrapper = inside[0]
    match local(wrapper):
        case "SendMessage":
            return _request(wrapper)
        case "SendMessageResponse":
            return _answer(wrapper)
        case "Fault":
            return _fault(wrapper)
        case _:
            return None


def _request(wrapper: etree._Element) -> Request | None:
    found = child(wrapper, "request")
    if found is None or child(found, "requestInfo") is None:
        return None
    return Request(
        message_id=text(found, "requestInfo", "messageId"),
        service_id=text(found, "requestInfo", "serviceId"),
        sender_id=text(found, "requestInfo", "sender", "senderId"),
        data=child(found, "requestData", "data"),
    )


def _answer(wrapper: etree._Element) -> Answer | None:
    found = child(wrapper, "response")
    code = None if found is None else text(found, "responseInfo", "status", "code")
    if found is None or code is None:
        return None
    return Answer(
        message_id=text(found, "responseInfo", "messageId"),
        correlation_id=text(found, "responseInfo", "correlationId"),
        code=code,
        words=text(found, "responseInfo", "status", "message") or "",
        data=child(found, "responseData", "data"),
    )


def _fault(wrapper: etree._Element) -> Fault:
    codes: list[str] = []
    words: list[str] = []
    here = child(wrapper, "detail")
    info = None if here is None else next((one for one in here.iter() if child(one, "errorCode") is not None), None)
    for _ in range(MAX_SUB_ERRORS):
        if info is None:
            break
        codes.append(text(info, "errorCode") or "")
        words += [said for said in (text(info, "errorMessage"), text(info, "errorData")) if said]
        info = child(info, "subError")
    plain = text(wrapper, "faultcode")
    codes.append((plain or "").rpartition(":")[2])
    words.append(text(wrapper, "faultstring") or "")
    return Fault(
        codes=tuple(code for code in codes if code), words=tuple(dict.fromkeys(word for word in words if word))
    )


# --- data ------------------------------------------------------------------------------------------------------------
def payload(data: etree._Element) -> etree._Element:
    """What `data` carries: itself when it has children, the root of the XML that its text holds, else itself.

    The gateway was seen to send `data` in the XSI namespace with escaped XML as text. Raises schemas.XmlRefused when
    the text begins like XML and is none that we take.
    """
    if any(is_element(one) for one in data):
        return data
    held = _XML_DECLARATION.sub("", text(data) or "").strip()
    return schemas.parse_untrusted(held.encode(), schemas.ENVELOPE_LIMITS) if held.startswith("<") else data


def business(data: etree._Element) -> etree._Element:
    """The element that carries the business type: the payload, or the one element inside it when it names no type."""
    content = payload(data)
    inside = list(children(content))
    is_plain = content.get(f"{{{XSI}}}type") is None and local(content) == local(data)
    return inside[0] if is_plain and len(inside) == 1 else content


def named(content: etree._Element, name: str) -> etree._Element | None:
    """The element of a local name that a payload is, or directly holds."""
    return content if local(content) == name else child(content, name)


def type_of(content: etree._Element) -> tuple[str, str] | None:
    """(namespace, name) of a payload: its xsi:type, else its own name; None when the type's prefix is bound to nothing.

    The declaration of that prefix is not in the signed bytes (exclusive canonical form does not see a prefix inside a
    value), so it can be rebound without breaking the signature: take the pair only from a closed list in which each
    name stands once.
    """
    value = content.get(f"{{{XSI}}}type")
    if value is None:
        return namespace(content), local(content)
    prefix, colon, name = value.strip().rpartition(":")
    bound = content.nsmap.get(prefix if colon else None, None if colon else "")
    return None if bound is None or not name else (bound, name)
