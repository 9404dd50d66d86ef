"""Certificates that end before a document has arrived.

The signer's must live to the legal deadline, since it is judged when the document arrives: what would end on the way is
refused before it is signed. Those of office, envelope and gateway are announced, since a new one can be had in time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import signing
from adapter.errors import DocumentRefused, ElshiError, Finding, Severity

Role = Literal["signer", "office", "envelope", "gateway"]


@dataclass(frozen=True, kw_only=True, slots=True)
class OwnCertificate:
    """A certificate that the way of a document needs (DER), asked for when it is looked at; None: a person holds it."""

    role: Role
    open: Callable[[], bytes | None]


def certificate_findings(
    certificates: Sequence[OwnCertificate], *, now: datetime, deadline: datetime | None
) -> tuple[Finding, ...]:
    """What each certificate lacks for the way to the deadline; one that cannot be read now is said to be unknown."""
    found: list[Finding] = []
    for one in certificates:
        try:
            der = one.open()
            facts = None if der is None else signing.certificate_facts(der)
        except (ElshiError, signing.SigningError, signing.Malformed) as error:
            params = {"role": one.role, "reason": getattr(error, "code", "certificate.malformed")}
            found.append(Finding(code="submit.certificate-unknown", severity=Severity.WARNING, params=params))
            continue
        if facts is not None:
            found += runway(one.role, facts, now=now, deadline=deadline)
    return tuple(found)


def runway(
    role: Role, certificate: signing.CertificateFacts, *, now: datetime, deadline: datetime | None
) -> tuple[Finding, ...]:
    """Nothing for a certificate that is valid now and, where the deadline is still to come, until then."""
    if now < certificate.not_before:
        code = "submit.certificate-not-yet-valid"
    elif now > certificate.not_after:
        code = "submit.certificate-ended"
    elif deadline is not None and now < deadline and certificate.not_after < deadline:
        code = "submit.certificate-ends-before-deadline"
    else:
        return ()
    params = {
        "role": role,
        "holder": certificate.common_name or "",
        "from": certificate.not_before,
        "to": certificate.not_after,
        "deadline": deadline,
    }
    severity = Severity.ERROR if role == "signer" else Severity.WARNING
    return (Finding(code=code, severity=severity, params=params),)


def refuse_short_runway(certificate: signing.CertificateFacts, *, now: datetime, deadline: datetime | None) -> None:
    """Raise DocumentRefused for a signer whose certificate does not live to the deadline."""
    found = runway("signer", certificate, now=now, deadline=deadline)
    if found:
        raise DocumentRefused(found)
