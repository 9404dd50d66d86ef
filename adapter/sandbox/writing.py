"""Values into bytes: envelopes, answers, faults and messages of the centre, written character by character.

Elements are written as text and not through a tree: the sandbox has to say exactly where a namespace is declared and
which prefix stands where, because that is what peers get wrong. Everything inside the wrapper is unqualified.
"""

from __future__ import annotations

import re
from datetime import datetime

from adapter.sandbox.vocabulary import DOCUMENT, NATIONAL_TIME, NOTIFICATION, SOAP, SYNC, XSD, XSI

# What is not a Char of XML 1.0, production 2.
_NOT_XML = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def element(name: str, *content: str, attributes: str = "") -> str:
    """An element around content that is XML already."""
    return f"<{name}{attributes}>{''.join(content)}</{name}>"


def text_element(name: str, text: object) -> str:
    """An element around text."""
    return element(name, written(str(text)))


def optional(name: str, text: str | None) -> str:
    """An element around text, or nothing."""
    return "" if text is None else text_element(name, text)


def written(text: str) -> str:
    """Text as XML; characters that XML 1.0 does not know are replaced, a carriage return becomes a line feed."""
    kept = _NOT_XML.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))
    return kept.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def national(at: datetime) -> str:
    """An instant in national time with milliseconds: 2026-11-20T10:15:01.120+05:00."""
    return at.astimezone(NATIONAL_TIME).isoformat(timespec="milliseconds")


def envelope(body: str) -> bytes:
    """A SOAP 1.1 envelope with the mixed prefixes of the real gateway, both bound to one namespace (reference, 2.7)."""
    names = f' xmlns:soap="{SOAP}" xmlns:SOAP-ENV="{SOAP}"'
    return element("soap:Envelope", "<SOAP-ENV:Header/>", element("SOAP-ENV:Body", body), attributes=names).encode()


# --- answers ----------------------------------------------------------------------------------------------------------
def response(*, message_id: str, at: datetime, code: str, text: str, session_id: str, payload: str = "") -> str:
    """SendMessageResponse (reference, 2.2): `payload` is the element data or nothing."""
    status = element("status", text_element("code", code), text_element("message", text[:250]))
    asked = element(
        "responseInfo",
        text_element("messageId", message_id),
        text_element("responseDate", national(at)),
        status,
        text_element("sessionId", session_id),
    )
    inner = element("response", asked, element("responseData", payload), attributes=' xmlns=""')
    return element("SendMessageResponse", inner, attributes=f' xmlns="{SYNC}"')


def payload_element(xml: str) -> str:
    """The element data around an element, as it should be."""
    return element("data", xml)


def payload_text(xml: str) -> str:
    """The element data as the gateway sent it in 2023: in the XSI namespace, typed as a string, its XML escaped."""
    names = f' xmlns="{XSI}" xmlns:xsd="{XSD}" type="xsd:string"'
    return element("data", written(xml), attributes=names)


def fault(*, code: str, text: str, at: datetime, session_id: str, depth: int = 0) -> str:
    """A SOAP Fault with ErrorInfo (reference, 2.4); `depth` subErrors lie in each other."""
    inner = ""
    for level in range(depth, 0, -1):
        inner = element("subError", *_error(f"{code}-{level}", text, at), inner)
    info = element(
        "t:SendMessageFault1_SendMessageFault",
        *_error(code, text, at),
        inner,
        text_element("sessionId", session_id),
        attributes=f' xmlns:t="{SYNC}"',
    )
    return element(
        "SOAP-ENV:Fault",
        text_element("faultcode", "SOAP-ENV:Server"),
        text_element("faultstring", text),
        element("detail", info),
    )


def _error(code: str, text: str, at: datetime) -> tuple[str, str, str]:
    return (
        text_element("errorCode", code),
        text_element("errorMessage", text),
        text_element("errorDate", national(at)),
    )


# --- messages of the centre -------------------------------------------------------------------------------------------
def send_message(*, message_id: str, service_id: str, sender_id: str, at: datetime, session_id: str, data: str) -> str:
    """SendMessage as the centre pushes it: no password, sessionId filled by SHEP (reference, 8.4)."""
    asked = element(
        "requestInfo",
        text_element("messageId", message_id),
        text_element("serviceId", service_id),
        text_element("messageDate", national(at)),
        element("sender", text_element("senderId", sender_id)),
        text_element("sessionId", session_id),
    )
    request = element("request", asked, element("requestData", data))
    return element("t:SendMessage", request, attributes=f' xmlns:t="{SYNC}"')


def metadata(*, activity_id: str, sender: int, href: str, performers: tuple[int, ...], sender_org: int | None) -> str:
    """The element metadataSystem in schema order."""
    return element(
        "metadataSystem",
        text_element("activityId", activity_id),
        text_element("from", sender),
        text_element("href", href),
        *[text_element("performers", number) for number in performers],
        optional("senderOrg", None if sender_org is None else str(sender_org)),
    )


def notice(kind: str, *content: str) -> str:
    """The element data of a state* notice; `content` starts with metadataSystem."""
    return _typed("n", NOTIFICATION, kind, content)


def document(*content: str) -> str:
    """The element data of a docOutgoing."""
    return _typed("d", DOCUMENT, "docOutgoing", content)


def _typed(prefix: str, namespace: str, kind: str, content: tuple[str, ...]) -> str:
    names = f' xmlns:xsi="{XSI}" xmlns:{prefix}="{namespace}" xsi:type="{prefix}:{kind}"'
    return element("data", *content, attributes=names)
