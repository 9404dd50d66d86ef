"""Bytes from a participant into values: by local name, in any order, in either form, under limits.

Refusals carry a code of the sandbox (SBX-...), which stands in the fault's errorCode. No such code is on any list of
the real exchange, where the codes are not published; a connector must treat it as one it does not know.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from lxml import etree

from adapter.sandbox.examine import children, local, namespace, text_of
from adapter.sandbox.vocabulary import DICTIONARY, DOCUMENT, KNOWN_TYPES, SOAP, SOAP_12, SYNC, XSI
from schemas import ENVELOPE_LIMITS, XmlRefused, parse_untrusted


class Refused(Exception):
    """A message the gateway or the centre does not take; becomes a SOAP fault."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(code, text)
        self.code = code
        self.text = text


@dataclass(frozen=True, kw_only=True, slots=True)
class TypeName:
    """A resolved xsi:type: namespace and local name."""

    namespace: str
    name: str

    @property
    def is_known(self) -> bool:
        """One of the pairs of the reference; a known name in another namespace is not known."""
        return (self.namespace, self.name) in KNOWN_TYPES

    @property
    def is_document(self) -> bool:
        return self.namespace == DOCUMENT

    @property
    def is_dictionary(self) -> bool:
        return self.namespace == DICTIONARY


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """A SendMessage request as read. `data` is the element named data, None when there is none; `type` its xsi:type."""

    request: etree._Element = field(repr=False)
    message_id: str
    service_id: str
    route_id: str
    message_date: str
    sender_id: str
    password: str = field(repr=False)
    data: etree._Element | None = field(repr=False)
    type: TypeName | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Routing:
    """metadataSystem: who sends (`sender`, `sender_org`), to whom, about which document."""

    href: str
    sender: int | None
    performers: tuple[int, ...]
    sender_org: int | None


def parse(raw: bytes) -> etree._Element:
    """The root; Refused SBX-XML for anything that is not acceptable XML."""
    try:
        return parse_untrusted(raw, ENVELOPE_LIMITS)
    except XmlRefused as error:
        raise Refused("SBX-XML", f"not acceptable as XML: {error.code}") from error


def body_of(root: etree._Element) -> etree._Element:
    """The one Body; Refused SBX-SOAP when this is no SOAP 1.1 envelope."""
    if root.tag == f"{{{SOAP_12}}}Envelope":
        raise Refused("SBX-SOAP", "SOAP 1.2; the gateway speaks SOAP 1.1")
    if root.tag != f"{{{SOAP}}}Envelope":
        raise Refused("SBX-SOAP", "the root is not a SOAP 1.1 Envelope")
    bodies = root.findall(f"{{{SOAP}}}Body")
    if len(bodies) != 1:
        raise Refused("SBX-SOAP", "not exactly one Body")
    return bodies[0]


def call_of(body: etree._Element) -> Call:
    """The SendMessage in a Body. Refused SBX-SOAP when it is none; missing parts are empty and judged elsewhere."""
    wrappers = list(children(body))
    if len(wrappers) != 1 or local(wrappers[0]) != "SendMessage":
        raise Refused("SBX-SOAP", "the Body does not hold exactly one SendMessage")
    if namespace(wrappers[0]) != SYNC:
        raise Refused("SBX-SOAP", f"SendMessage is not in {SYNC}")
    request = child(wrappers[0], "request")
    if request is None:
        raise Refused("SBX-SOAP", "SendMessage without request")
    asked = child(request, "requestInfo")
    sender = child(asked, "sender")
    data = child(child(request, "requestData"), "data")
    return Call(
        request=request,
        message_id=value(asked, "messageId"),
        service_id=value(asked, "serviceId"),
        route_id=value(asked, "routeId"),
        message_date=value(asked, "messageDate"),
        sender_id=value(sender, "senderId"),
        password=value(sender, "password"),
        data=data,
        type=None if data is None else type_of(data),
    )


def type_of(data: etree._Element) -> TypeName | None:
    """xsi:type resolved against the bindings in force at the element; None when there is none.

    Refused SBX-TYPE when the prefix is bound to nothing. Only the attribute of the XSI namespace counts: an attribute
    that happens to be spelt xsi:type under another binding is a different attribute.
    """
    written = data.get(f"{{{XSI}}}type")
    if written is None:
        return None
    prefix, colon, name = written.strip().rpartition(":")
    bound = data.nsmap.get(prefix if colon else None)
    if colon and not bound:
        raise Refused("SBX-TYPE", f"the prefix of xsi:type {written.strip()[:80]!r} is bound to nothing")
    return TypeName(namespace=bound or "", name=name)


def payload_of(data: etree._Element | None, name: str) -> etree._Element:
    """The element `name` inside data, as an element or as escaped text (reference, 2.7); Refused SBX-DATA otherwise."""
    if data is None:
        raise Refused("SBX-DATA", "requestData without data")
    found = [one for one in children(data) if local(one) == name]
    if len(found) == 1:
        return found[0]
    text = text_of(data).strip()
    if not found and text.startswith("<"):
        inner = parse(text.encode())
        if local(inner) == name:
            return inner
    raise Refused("SBX-DATA", f"data does not hold exactly one {name}")


def routing_of(data: etree._Element) -> Routing:
    """The metadataSystem of a typed message; numbers that are none are left out (the strict look has named them)."""
    meta = child(data, "metadataSystem")
    performers = [] if meta is None else [text_of(one) for one in children(meta) if local(one) == "performers"]
    return Routing(
        href=value(meta, "href"),
        sender=_number(value(meta, "from")),
        performers=tuple(number for number in map(_number, performers) if number is not None),
        sender_org=_number(value(meta, "senderOrg")),
    )


def attached(data: etree._Element) -> tuple[str, ...]:
    """File identifiers in order; one or several in each attachments element (reference, 3.4)."""
    attachments = [one for one in children(data) if local(one) == "attachments"]
    identifiers = (one for each in attachments for one in children(each) if local(one) == "fileIdentifier")
    return tuple(text_of(one).strip() for one in identifiers)


def child(element: etree._Element | None, name: str) -> etree._Element | None:
    """The first child of that local name."""
    if element is None:
        return None
    return next((one for one in children(element) if local(one) == name), None)


def value(element: etree._Element | None, name: str) -> str:
    """Text of the first child of that local name, without outer white space; "" when there is none."""
    found = child(element, name)
    return "" if found is None else text_of(found).strip()


def _number(text: str) -> int | None:
    digits = text.strip()
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= 19 else None  # noqa: PLR2004 - a long


@dataclass(frozen=True, kw_only=True, slots=True)
class Answered:
    """What a participant answered to a push: a status code, or the errorCode of a fault."""

    code: str
    is_fault: bool


def answer_of(raw: bytes) -> tuple[Answered, etree._Element]:
    """A participant's answer and its root; Refused when it is neither SendMessageResponse nor Fault."""
    root = parse(raw)
    inside = list(children(body_of(root)))
    if len(inside) != 1:
        raise Refused("SBX-SOAP", "the Body does not hold exactly one element")
    if inside[0].tag == f"{{{SOAP}}}Fault":
        detail = child(child(inside[0], "detail"), "SendMessageFault1_SendMessageFault")
        return Answered(code=value(detail, "errorCode") or value(inside[0], "faultcode"), is_fault=True), root
    if inside[0].tag != f"{{{SYNC}}}SendMessageResponse":
        raise Refused("SBX-SOAP", "neither SendMessageResponse nor Fault")
    status = child(child(child(inside[0], "response"), "responseInfo"), "status")
    return Answered(code=value(status, "code"), is_fault=False), root
