"""The sandbox's own eyes: what in a participant's message breaks the interface description.

    examine_sequence   an element against a sequence: names, order, number, form, values
    examine_envelope   SOAP 1.1, the wrapper and the transport headers
    examine_security   the shape of the WS-Security header (the signature itself is judged by signing.verify_envelope)

A complaint is heavy when the operator's schema makes the message invalid in a way no reader can put right (a number
that is none, a mandatory element missing); everything else is noted and the message is taken. Readers of the real
exchange are known to accept any order, empty elements and either form, so a clean sender must be told by somebody.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from lxml import etree

from adapter.sandbox.vocabulary import (
    DOC_OUTGOING_EXPECTED,
    DOC_OUTGOING_PAIRS,
    DS,
    EXC_C14N,
    NATIONAL_TIME,
    SOAP,
    WSSE,
    WSU,
    X509_V3,
    XSI,
    Field,
    Kind,
)

_GUID = re.compile(r"\{[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\}")
_DATE_TIME = re.compile(r"-?\d{4,9}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)?")
_LONG = re.compile(r"[+-]?\d{1,19}")
_LONGEST = 2**63
_SHOWN = 60


@dataclass(frozen=True, kw_only=True, slots=True)
class Complaint:
    """One breach: stable code, path by local names, whether it is heavy, the value where it is harmless, the rule."""

    code: str
    path: str
    rule: str
    is_heavy: bool = False
    value: str | None = None


def children(element: etree._Element) -> Iterator[etree._Element]:
    """Child elements, without comments."""
    return element.iterchildren("{*}*")


def local(element: etree._Element) -> str:
    """The name without its namespace."""
    return etree.QName(element).localname


def namespace(element: etree._Element) -> str:
    """The namespace, "" for none."""
    return etree.QName(element).namespace or ""


def text_of(element: etree._Element) -> str:
    """All character data of an element, its children's included; comments are no part of it."""
    return "".join(str(part) for part in element.itertext())


# --- sequences --------------------------------------------------------------------------------------------------------
def examine_sequence(
    element: etree._Element, fields: Sequence[Field], *, form: str, path: str, extensible: bool = False
) -> list[Complaint]:
    """Hold an element's children against a sequence.

    form        the namespace every child must have; "" = unqualified
    extensible  unknown children are not complained of
    """
    complaints: list[Complaint] = []
    places = {field.name: place for place, field in enumerate(fields)}
    seen: dict[str, int] = {}
    furthest = -1
    for child in children(element):
        name = local(child)
        here = f"{path}/{name}"
        if namespace(child) != form:
            complaints.append(_wrong_form(here, form))
        place = places.get(name)
        if place is None:
            if not extensible:
                complaints.append(Complaint(code="unknown-element", path=here, rule="the sequence has no such element"))
            continue
        if place < furthest:
            complaints.append(Complaint(code="order", path=here, rule="elements stand in the order of the schema"))
        furthest = max(furthest, place)
        seen[name] = seen.get(name, 0) + 1
        if seen[name] == 2 and not fields[place].many:  # noqa: PLR2004 - the second is the one too many
            complaints.append(Complaint(code="repeated-element", path=here, rule="occurs once", is_heavy=True))
        complaints += _examine_value(child, fields[place], form=form, path=here)
    complaints += [
        Complaint(code="missing-element", path=f"{path}/{field.name}", rule="mandatory", is_heavy=True)
        for field in fields
        if field.required and field.name not in seen
    ]
    return complaints


def _wrong_form(path: str, form: str) -> Complaint:
    if form:
        return Complaint(code="not-qualified", path=path, rule=f"stands in {form}")
    return Complaint(code="inside-qualified", path=path, rule='everything inside the wrapper is unqualified (xmlns="")')


def _examine_value(element: etree._Element, field: Field, *, form: str, path: str) -> list[Complaint]:
    if field.kind is Kind.ANYTHING:
        return []
    if field.kind is Kind.PARTS:
        if not len(element) and field.name == "properties":
            rule = "an empty properties element has neither key nor value: leave it out"
            return [Complaint(code="empty-element", path=path, rule=rule)]
        return examine_sequence(element, field.parts, form=form, path=path)
    if any(True for _ in children(element)):
        return [Complaint(code="element-in-text", path=path, rule="holds text only", is_heavy=True)]
    value = text_of(element)
    if field.kind is Kind.STRING:
        return _examine_string(value, field, path)
    return _examine_typed(value, field.kind, path)


def _examine_string(value: str, field: Field, path: str) -> list[Complaint]:
    complaints: list[Complaint] = []
    if not value and field.empty_is_noted:
        complaints.append(Complaint(code="empty-element", path=path, rule="leave an unused element out"))
    if not value and field.required:
        rule = "mandatory and without text"
        complaints.append(Complaint(code="empty-mandatory", path=path, rule=rule, is_heavy=True))
    if field.max_length is not None and len(value) > field.max_length:
        rule = f"at most {field.max_length} characters"
        complaints.append(Complaint(code="too-long", path=path, rule=rule, value=str(len(value))))
    if value and field.values and value not in field.values:
        rule = f"one of {', '.join(field.values)}"
        complaints.append(Complaint(code="unlisted-value", path=path, rule=rule, value=value[:_SHOWN]))
    return complaints


def _examine_typed(value: str, kind: Kind, path: str) -> list[Complaint]:  # noqa: PLR0911 - one return for each breach
    stripped = value.strip()
    shown = value[:_SHOWN]
    if kind is Kind.LONG:
        if not stripped:
            return [Complaint(code="empty-long", path=path, rule="a long is never empty", is_heavy=True)]
        if not _LONG.fullmatch(stripped) or not -_LONGEST <= int(stripped) < _LONGEST:
            return [Complaint(code="bad-long", path=path, rule="a whole number", is_heavy=True, value=shown)]
    elif kind is Kind.DATE_TIME:
        return _examine_time(stripped, path)
    elif kind is Kind.BOOLEAN:
        if stripped not in {"true", "false", "1", "0"}:
            return [Complaint(code="bad-boolean", path=path, rule="true or false", is_heavy=True, value=shown)]
    elif kind is Kind.GUID:
        rule = "filled by SHEP; the sender leaves it out"
        complaints = [Complaint(code="session-id-sent", path=path, rule=rule)]
        if not _GUID.fullmatch(value):
            complaints.append(Complaint(code="bad-guid", path=path, rule="{8-4-4-4-12} with braces", value=shown))
        return complaints
    elif kind is Kind.BASE64 and decoded(value) is None:
        return [Complaint(code="bad-base64", path=path, rule="base64", is_heavy=True)]
    return []


def _examine_time(value: str, path: str) -> list[Complaint]:
    if not value:
        return [Complaint(code="empty-datetime", path=path, rule="a dateTime is never empty", is_heavy=True)]
    shown = value[:_SHOWN]
    time = instant(value)
    if time is None:
        return [Complaint(code="bad-datetime", path=path, rule="an XML dateTime", is_heavy=True, value=shown)]
    offset = time.utcoffset()
    if offset is None:
        rule = "an explicit offset, always: local strings cannot be compared"
        return [Complaint(code="datetime-without-offset", path=path, rule=rule, value=shown)]
    if offset == timedelta(hours=6) and time >= datetime(2024, 3, 1, tzinfo=NATIONAL_TIME):
        rule = "national time is UTC+05:00 since 1 March 2024; +06:00 is an hour off"
        return [Complaint(code="stale-offset", path=path, rule=rule, value=shown)]
    return []


def instant(value: str) -> datetime | None:
    """An XML dateTime; naive when it has no offset, None when it is none."""
    if not _DATE_TIME.fullmatch(value):
        return None
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        return None


def decoded(value: str) -> bytes | None:
    """The bytes of a base64 text, white space ignored; None when it is not base64."""
    try:
        return base64.b64decode("".join(value.split()).encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        return None


# --- what the schema does not say and the reference does --------------------------------------------------------------
def examine_document(data: etree._Element, *, path: str) -> list[Complaint]:
    """What a docOutgoing cannot do without although the operator's schema enforces nothing (reference, 3)."""
    own = {local(child): text_of(child) for child in children(data)}
    complaints = [
        Complaint(code="expected-element", path=f"{path}/{name}", rule="the schema is lax here, a clean sender is not")
        for name in DOC_OUTGOING_EXPECTED
        if not own.get(name)
    ]
    for one, other in DOC_OUTGOING_PAIRS:
        if bool(own.get(one)) != bool(own.get(other)):
            rule = "Kazakh and Russian fields come in pairs"
            empty = one if own.get(other) else other
            complaints.append(Complaint(code="one-language", path=f"{path}/{empty}", rule=rule))
    if own.get("secondSignEnabled") == "1" and decoded(own.get("secondSignData", "")) in {None, b""}:
        rule = "secondSignEnabled is 1, so secondSignData holds a CMS in base64"
        complaints.append(Complaint(code="office-signature", path=f"{path}/secondSignData", rule=rule))
    attachments = [child for child in children(data) if local(child) == "attachments"]
    if any(len(list(children(one))) > 1 for one in attachments):
        rule = "attachments repeats, each with one fileIdentifier"
        complaints.append(Complaint(code="several-identifiers", path=f"{path}/attachments", rule=rule))
    count = own.get("appendCount", "")
    if count and count != str(len(attachments)):
        rule = "appendCount is the number of attachments"
        complaints.append(Complaint(code="append-count", path=f"{path}/appendCount", rule=rule, value=count[:_SHOWN]))
    return complaints


def examine_type(data: etree._Element, *, path: str) -> list[Complaint]:
    """Where the prefix inside xsi:type is declared: a declaration further up is outside the signed bytes (trap 2)."""
    value = data.get(f"{{{XSI}}}type", "").strip()
    prefix = value.partition(":")[0] if ":" in value else None
    parent = data.getparent()
    above = {} if parent is None else parent.nsmap
    if prefix is not None and above.get(prefix) is not None and above.get(prefix) == data.nsmap.get(prefix):
        rule = "the prefix of xsi:type is declared on data itself"
        return [Complaint(code="type-prefix-above", path=path, rule=rule)]
    return []


# --- envelope ---------------------------------------------------------------------------------------------------------
def examine_transport(content_type: str, soap_action: str | None) -> list[Complaint]:
    """SOAP 1.1 over HTTP: text/xml in UTF-8, and a SOAPAction header, empty for this operation."""
    complaints = []
    kind, _, rest = content_type.partition(";")
    if kind.strip().lower() not in {"text/xml", "application/xml"}:
        rule = "Content-Type: text/xml; charset=utf-8"
        complaints.append(Complaint(code="content-type", path="HTTP", rule=rule, value=content_type[:_SHOWN]))
    elif "charset" in rest.lower() and "utf-8" not in rest.lower():
        complaints.append(Complaint(code="charset", path="HTTP", rule="charset=utf-8", value=content_type[:_SHOWN]))
    if soap_action is None:
        complaints.append(Complaint(code="soap-action", path="HTTP", rule='SOAP 1.1 asks for a SOAPAction header: ""'))
    elif soap_action not in {'""', ""}:
        rule = 'soapAction is ""'
        complaints.append(Complaint(code="soap-action", path="HTTP", rule=rule, value=soap_action[:_SHOWN]))
    return complaints


def examine_flatness(raw: bytes, root: etree._Element) -> list[Complaint]:
    """No white space may change after signing, so a clean sender has none to lose (reference, 2.6 no. 8)."""
    complaints = []
    if b"\r" in raw or b"&#13;" in raw or b"&#xD;" in raw:
        rule = "no carriage return in what is signed"
        complaints.append(Complaint(code="carriage-return", path="Envelope", rule=rule))
    body = root.find(f"{{{SOAP}}}Body")
    inside = [] if body is None else list(body.iter("{*}*"))
    if any(len(one) and one.text and not one.text.strip() for one in inside):
        complaints.append(Complaint(code="not-flattened", path="Body", rule="no indentation in what is signed"))
    return complaints


def examine_security(root: etree._Element) -> list[Complaint]:
    """The header as the gateway's reference implementation makes it (reference, 2.6 no. 1-6)."""
    security = root.findall(f"{{{SOAP}}}Header/{{{WSSE}}}Security")
    if len(security) != 1:
        return [Complaint(code="security-header", path="Header/Security", rule="exactly one wsse:Security")]
    found = _SecurityParts(security[0], root.find(f"{{{SOAP}}}Body"))
    rules = (
        ("must-understand", "Header/Security", found.must_understand, 'soap:mustUnderstand="1"'),
        ("timestamp-header", "Header/Security/Timestamp", found.no_timestamp, "no wsu:Timestamp"),
        ("signature-prefix", "Security/Signature", found.prefix_is_ds, "peers look for the literal prefix ds"),
        ("body-reference", "SignedInfo/Reference", found.only_the_body, "one reference, to the wsu:Id of the Body"),
        ("transform", "Reference/Transforms", found.one_transform, "the single transform exc-c14n"),
        ("canonicalization", "SignedInfo", found.canonicalization, "exc-c14n"),
        ("key-identifier", "Signature/KeyInfo", found.whole_certificate, "the whole certificate in a KeyIdentifier"),
    )
    return [Complaint(code=code, path=path, rule=rule) for code, path, holds, rule in rules if not holds]


class _SecurityParts:
    """The facts that examine_security asks about."""

    def __init__(self, security: etree._Element, body: etree._Element | None) -> None:
        signatures = security.findall(f"{{{DS}}}Signature")
        signature = signatures[0] if len(signatures) == 1 else None
        self.must_understand = security.get(f"{{{SOAP}}}mustUnderstand") == "1"
        self.no_timestamp = security.find(f"{{{WSU}}}Timestamp") is None
        self.prefix_is_ds = signature is not None and signature.prefix == "ds"
        references = [] if signature is None else signature.findall(f"{{{DS}}}SignedInfo/{{{DS}}}Reference")
        body_id = None if body is None else body.get(f"{{{WSU}}}Id")
        self.only_the_body = bool(body_id) and [one.get("URI") for one in references] == [f"#{body_id}"]
        transforms = [one.get("Algorithm") for each in references for one in each.iter(f"{{{DS}}}Transform")]
        self.one_transform = transforms == [EXC_C14N]
        method = None if signature is None else signature.find(f"{{{DS}}}SignedInfo/{{{DS}}}CanonicalizationMethod")
        self.canonicalization = method is not None and method.get("Algorithm") == EXC_C14N
        identifier = f"{{{DS}}}KeyInfo/{{{WSSE}}}SecurityTokenReference/{{{WSSE}}}KeyIdentifier"
        key = None if signature is None else signature.find(identifier)
        self.whole_certificate = key is not None and key.get("ValueType") == X509_V3
