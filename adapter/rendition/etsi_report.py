"""The ETSI validation report (TS 119 102-2, namespace of v1.4.1) of what verify found, from its plain form.

One ValidationReport for everything judged: a SignatureValidationReport for each signature, those of an evidence
folder's seal among them, and one SignatureValidationObjects in which each certificate, time-stamp and piece of
revocation evidence stands once, named by the SHA-256 of its DER. What we state of it, and what we do not:

    4.3.3   SignatureIdentifier     DAIdentifier: file and signature. Neither ds:SignatureValue nor a digest of what was
                                    signed: the plain form has only the SHA-256 of the signature value (OtherInformation)
    4.3.4   constraints             every check made, passed or not, under urn:elshi:check:<id>; policy by its name
    4.3.5   ValidationTimeInfo      validation time and best signature time, with the time-stamp that proves it
    4.3.6   SignersDocument         what is covered, by the names its format gives it
    4.3.7   SignatureAttributes     claimed signing time and time-stamps
    4.3.8   SignerInformation       the certificate and its subject
    4.3.10  process                 Basic, LTVM or LTA by the time-stamps that were judged
    4.3.11  status                  that of the signature, or a worse one of the file it is in: a signature in a
                                    container that is not what it claims has not passed
    4.4     validation objects      digests, never the objects themselves
    -       SignatureValidator, ds:Signature    nobody answers for the report with a key: absent

The same findings give the same bytes. Text of foreign origin is text: what XML 1.0 cannot hold is U+FFFD.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from html import escape
from typing import Any, Final, NamedTuple
from urllib.parse import quote

NAMESPACE: Final = "http://uri.etsi.org/19102/v1.4.1#"
_DS: Final = "http://www.w3.org/2000/09/xmldsig#"
_XADES: Final = "http://uri.etsi.org/01903/v1.3.2#"
_SHA256: Final = "http://www.w3.org/2001/04/xmlenc#sha256"
_URN: Final = "urn:etsi:019102"
_OURS: Final = "urn:elshi"
_NOT_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_INDICATIONS: Final = {
    "TOTAL-PASSED": "total-passed",
    "TOTAL-FAILED": "total-failed",
    "PASSED": "passed",
    "FAILED": "failed",
    "INDETERMINATE": "indeterminate",
}
_ATTRIBUTES: Final = {
    "content": "AllDataObjectsTimeStamp",
    "signature": "SignatureTimeStamp",
    "validation-data": "SigAndRefsTimeStamp",
    "archive": "ArchiveTimeStamp",
}
_REASONS: Final = {
    "unspecified": "unspecified",
    "keyCompromise": "keyCompromise",
    "cACompromise": "cACompromise",
    "affiliationChanged": "affiliationChanged",
    "superseded": "superseded",
    "cessationOfOperation": "cessationOfOperation",
    "certificateHold": "certificateHold",
    "removeFromCRL": "removeFromCRL",
    "privilegeWithdrawn": "privilegeWithdrawn",
    "aACompromise": "aACompromise",
}


class Element(NamedTuple):
    """An element before it is written; a name without prefix is in NAMESPACE."""

    name: str
    children: tuple[Element | str, ...] = ()
    attributes: tuple[tuple[str, str], ...] = ()


def etsi_report(rows: Sequence[Mapping[str, Any]], *, at: str, program: str) -> bytes:
    """The report on `rows` (the plain form) in UTF-8. `at`: the validation time of rows that were not judged."""
    objects = _Objects(at)
    reports = [one for row in rows for one in _reports(row, objects, at=at, program=program)]
    children = [*reports]
    if objects.made:
        children.append(Element("SignatureValidationObjects", tuple(objects.made.values())))
    root = Element("ValidationReport", tuple(children))
    declared = f' xmlns="{NAMESPACE}" xmlns:ds="{_DS}" xmlns:xades="{_XADES}"'
    written = "".join(_written(root, depth=0, declared=declared))
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{written}'.encode()


def _reports(row: Mapping[str, Any], objects: _Objects, *, at: str, program: str) -> Iterator[Element]:
    """One for each signature of a file, its seal's among them; one without a signature where there is none."""
    at = (row.get("terms") or {}).get("at", at)
    own = [*row["checks"]]
    if row.get("error"):
        own.append({"id": row["error"], "conclusion": "INDETERMINATE", "sub_indication": "GENERIC", "params": {}})
    worst = _conclusion(own, row)
    for signature in row["signatures"]:
        yield _report(signature, _Frame(row, own, worst, at, program, ""), objects)
    if not row["signatures"]:
        frame = _Frame(row, own, worst or (row["indication"], row["sub_indication"]), at, program, "")
        yield _without_signature(frame, objects)
    for signature in (row.get("seal") or {}).get("signatures", ()):
        yield _report(signature, _Frame(row, [], None, at, program, "seal/"), objects)


class _Frame(NamedTuple):
    """What stands around one signature: the file, the checks on the file as a whole, and how these ended."""

    row: Mapping[str, Any]
    own: Sequence[Mapping[str, Any]]
    worst: tuple[str, str | None] | None
    at: str
    program: str
    within: str


def _conclusion(own: Iterable[Mapping[str, Any]], row: Mapping[str, Any]) -> tuple[str, str | None] | None:
    """How the checks on the file as a whole ended, where they did not pass."""
    found = {one["conclusion"]: one["sub_indication"] for one in reversed([*own])}
    for conclusion, indication in (("FAILED", "TOTAL-FAILED"), ("INDETERMINATE", "INDETERMINATE")):
        if conclusion in found:
            same = row["sub_indication"] if row["indication"] == indication else None
            return indication, found[conclusion] or same or "GENERIC"
    return None


def _report(signature: Mapping[str, Any], frame: _Frame, objects: _Objects) -> Element:
    path = [objects.certificate(one) for one in signature["path"]]
    signer = objects.certificate(signature["signer"]) if signature["signer"] else None
    stamps = [(one, objects.time_stamp(one)) for one in signature["time_stamps"]]
    evidence = [(one, objects.revocation(one)) for one in signature["revocation"]]
    covered = objects.documents(signature["covered"])
    children = [
        _identifier(frame, str(signature["id"]), signature["value"]),
        _constraints(frame.row, [*frame.own, *signature["checks"]]),
        _times(signature, frame.at, stamps),
    ]
    if covered:
        children.append(Element("SignersDocument", (_reference("SignersDocumentRepresentation", *covered),)))
    attributes = tuple(_attributes(signature, stamps))
    if attributes:
        children.append(Element("SignatureAttributes", attributes))
    if signer is not None:
        children.append(
            Element(
                "SignerInformation",
                (_reference("SignerCertificate", signer), _text("Signer", signature["signer"]["subject"])),
            )
        )
    kinds = {one["kind"] for one, _ in stamps}
    process = "LTA" if "archive" in kinds else "LTVM" if kinds & {"signature", "validation-data"} else "Basic"
    children.append(
        Element(
            "SignatureValidationProcess",
            (_text("SignatureValidationProcessID", f"{_URN}:validationprocess:{process}"),),
        )
    )
    indication, sub = signature["indication"], signature["sub_indication"]
    if frame.worst is not None and (frame.worst[0] == "TOTAL-FAILED" or indication == "TOTAL-PASSED"):
        indication, sub = (indication, sub) if indication == "TOTAL-FAILED" else frame.worst
    related = [*(name for _, name in stamps), *(name for _, name in evidence)]
    data = _associated(path, evidence, related, objects)
    children.append(Element("SignatureValidationStatus", (*_status(indication, sub), *data)))
    children.append(_text("OtherInformation", f"{frame.program}; {signature['format']} {signature['level']}".rstrip()))
    return Element("SignatureValidationReport", tuple(children))


def _without_signature(frame: _Frame, objects: _Objects) -> Element:
    """Of a certificate that lies by itself its path and the evidence of its status are told all the same."""
    indication, sub = frame.worst or ("INDETERMINATE", "GENERIC")
    alone = frame.row.get("evidence") or {}
    path = [objects.certificate(one) for one in alone.get("path", ())]
    evidence = [(one, objects.revocation(one)) for one in alone.get("revocation", ())]
    data = _associated(path, evidence, [name for _, name in evidence], objects)
    return Element(
        "SignatureValidationReport",
        (
            _identifier(frame, "", None),
            _constraints(frame.row, frame.own),
            Element("SignatureValidationStatus", (*_status(indication, sub), *data)),
            _text("OtherInformation", frame.program),
        ),
    )


def _identifier(frame: _Frame, signature: str, value: str | None) -> Element:
    name = f"{frame.row['file']}#{frame.within}{signature}"
    known = (_text("OtherInformation", f"SHA-256 of the signature value: {value}"),) if value else ()
    return Element(
        "SignatureIdentifier",
        (_text("HashOnly", "false"), _text("DocHashOnly", "false"), _text("DAIdentifier", name), *known),
    )


def _constraints(row: Mapping[str, Any], checks: Iterable[Mapping[str, Any]]) -> Element:
    name = (row.get("terms") or {}).get("policy")
    policy = (
        (
            Element(
                "SignatureValidationPolicy",
                (
                    Element("SignaturePolicyIdentifier", (Element("xades:SignaturePolicyImplied"),)),
                    _text("PolicyName", str(name)),
                ),
            ),
        )
        if name
        else ()
    )
    return Element("ValidationConstraintsEvaluationReport", (*policy, *(_constraint(one) for one in checks)))


def _constraint(check: Mapping[str, Any]) -> Element:
    conclusion = check["conclusion"]
    made = conclusion != "NOT_PERFORMED"
    return Element(
        "ValidationConstraint",
        (
            _text("ValidationConstraintIdentifier", f"{_OURS}:check:{quote(str(check['id']))}"),
            *(
                Element(
                    "ValidationConstraintParameter",
                    (_text("Type", f"{_OURS}:parameter:{quote(str(name))}"), _text("Value", str(value))),
                )
                for name, value in check["params"].items()
            ),
            Element(
                "ConstraintStatus", (_text("Status", f"{_URN}:constraintStatus:{'applied' if made else 'disabled'}"),)
            ),
            *((Element("ValidationStatus", tuple(_status(conclusion, check["sub_indication"]))),) if made else ()),
        ),
    )


def _times(signature: Mapping[str, Any], at: str, stamps: Sequence[tuple[Mapping[str, Any], str]]) -> Element:
    best = signature["best_signature_time"]
    proofs = [name for one, name in stamps if one["indication"] == "TOTAL-PASSED" and one["generated_at"] == best]
    return Element(
        "ValidationTimeInfo",
        (
            _text("ValidationTime", _time(at)),
            Element(
                "BestSignatureTime",
                (
                    _text("POETime", _time(best)),
                    _text("TypeOfProof", f"{_URN}:poetype:validation"),
                    *(_reference("POEObject", name) for name in proofs[:1]),
                ),
            ),
        ),
    )


def _attributes(signature: Mapping[str, Any], stamps: Sequence[tuple[Mapping[str, Any], str]]) -> Iterator[Element]:
    if signature["signing_time"]:
        yield Element("SigningTime", (_text("Time", _time(signature["signing_time"])),), (("Signed", "true"),))
    for one, name in stamps:
        if one["generated_at"]:
            yield Element(
                _ATTRIBUTES[one["kind"]],
                (_reference("AttributeObject", name), _text("TimeStampValue", _time(one["generated_at"]))),
                (("Signed", "true" if one["kind"] == "content" else "false"),),
            )


def _associated(
    path: Sequence[str],
    evidence: Sequence[tuple[Mapping[str, Any], str]],
    related: Sequence[str],
    objects: _Objects,
) -> Iterator[Element]:
    children: list[Element] = []
    if path:
        middle = [_reference("IntermediateCertificate", name) for name in path[1:-1]]
        last = [_reference("TrustAnchor", path[-1])] if len(path) > 1 else []
        children += [*last, Element("CertificateChain", (_reference("SigningCertificate", path[0]), *middle, *last))]
    children += [_reference("RelatedValidationObject", name) for name in dict.fromkeys(related)]
    for one, name in evidence:
        certificate = f"C-{one['certificate']}"
        if one["status"] == "revoked" and one["revoked_at"] and certificate in objects.made:
            reason = _REASONS.get(one["reason"] or "")
            children.append(
                Element(
                    "RevocationStatusInformation",
                    (
                        _reference("ValidationObjectId", certificate),
                        _text("RevocationTime", _time(one["revoked_at"])),
                        *((_text("RevocationReason", f"{_URN}:revocationReason:{reason}"),) if reason else ()),
                        _reference("RevocationObject", name),
                    ),
                )
            )
            break  # the schema has room for one: the first that was used
    if children:
        yield Element("AssociatedValidationReportData", tuple(children))


def _status(indication: str, sub: str | None) -> Iterator[Element]:
    yield _text("MainIndication", f"{_URN}:mainindication:{_INDICATIONS[indication]}")
    if sub and indication not in {"PASSED", "TOTAL-PASSED"}:
        yield _text("SubIndication", f"{_URN}:subindication:{sub}")


class _Objects:
    """Validation objects, each once, in the order they were first spoken of."""

    def __init__(self, at: str) -> None:
        self.made: dict[str, Element] = {}
        self._at = at
        self._documents = 0

    def certificate(self, facts: Mapping[str, Any]) -> str:
        return self._add("C", "certificate", facts["sha256"])

    def revocation(self, report: Mapping[str, Any]) -> str:
        return self._add("R", "OCSPResponse" if report["kind"] == "ocsp" else "CRL", report["evidence"])

    def time_stamp(self, report: Mapping[str, Any]) -> str:
        name = f"T-{report['token']}"
        if name in self.made:
            return name
        authority = self.certificate(report["authority"]) if report["authority"] else None
        inside = [self.revocation(one) for one in report["revocation"]]
        signer = (
            (
                Element(
                    "SignerInformation",
                    (_reference("SignerCertificate", authority), _text("Signer", report["authority"]["subject"])),
                ),
            )
            if authority
            else ()
        )
        related = tuple(_reference("RelatedValidationObject", one) for one in dict.fromkeys(inside))
        data = (Element("AssociatedValidationReportData", related),) if related else ()
        judged = Element(
            "ValidationReport",
            (
                Element("ValidationConstraintsEvaluationReport", tuple(_constraint(one) for one in report["checks"])),
                *signer,
                Element(
                    "SignatureValidationStatus",
                    (*_status(report["indication"].removeprefix("TOTAL-"), report["sub_indication"]), *data),
                ),
            ),
        )
        proves = (
            (Element("POEProvisioning", (_text("POETime", _time(report["generated_at"])),)),)
            if report["generated_at"] and report["indication"] == "TOTAL-PASSED"
            else ()
        )
        return self._add("T", "timestamp", report["token"], (*proves, judged))

    def documents(self, names: Sequence[str]) -> list[str]:
        """What a signature covers, by name; digests of it are not in the plain form."""
        made: list[str] = []
        for name in names:
            self._documents += 1
            made.append(f"D-{self._documents}")
            representation = Element("ValidationObjectRepresentation", (_text("URI", quote(_clean(name))),))
            self.made[made[-1]] = Element(
                "ValidationObject",
                (_text("ObjectType", f"{_URN}:validationObject:signedData"), representation),
                (("id", made[-1]),),
            )
        return made

    def _add(self, letter: str, kind: str, sha256: str, more: Sequence[Element] = ()) -> str:
        name = f"{letter}-{sha256}"
        if name not in self.made:
            self.made[name] = Element(
                "ValidationObject",
                (
                    _text("ObjectType", f"{_URN}:validationObject:{kind}"),
                    Element("ValidationObjectRepresentation", (_digest(sha256),)),
                    *more,
                ),
                (("id", name),),
            )
        return name


def _digest(sha256: str) -> Element:
    value = base64.b64encode(bytes.fromhex(sha256)).decode()
    return Element(
        "DigestAlgAndValue",
        (Element("ds:DigestMethod", (), (("Algorithm", _SHA256),)), Element("ds:DigestValue", (value,))),
    )


def _reference(name: str, *ids: str) -> Element:
    return Element(name, (), (("VOReference", " ".join(ids)),))


def _text(name: str, text: str) -> Element:
    return Element(name, (text,))


def _time(text: str) -> str:
    """A time of the plain form as xs:dateTime in UTC."""
    return datetime.fromisoformat(text).astimezone(UTC).isoformat().replace("+00:00", "Z")


def _clean(text: str) -> str:
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)


def _written(element: Element, *, depth: int, declared: str = "") -> Iterator[str]:
    """Two spaces a level; an element with text has nothing else in it, so no white space is added to any text."""
    space = "  " * depth
    attributes = declared + "".join(f' {name}="{escape(_clean(value))}"' for name, value in element.attributes)
    if not element.children:
        yield f"{space}<{element.name}{attributes}/>\n"
    elif isinstance(element.children[0], str):
        text = escape(_clean("".join(str(one) for one in element.children)), quote=False).replace("\r", "&#13;")
        yield f"{space}<{element.name}{attributes}>{text}</{element.name}>\n"
    else:
        yield f"{space}<{element.name}{attributes}>\n"
        for child in element.children:
            if isinstance(child, Element):
                yield from _written(child, depth=depth + 1)
        yield f"{space}</{element.name}>\n"
