"""Packages at level B-LT: a time-stamp, and the status of everybody in every path, inside the signature.

Each package has a document, a signature, a time-stamp and, where the evidence is OCSP, an answer of its own. They are
more than the verifier remembers time-stamps of, so that taken in turn each is read and verified anew. What an office
meets all day is the same: certificates, paths, lists, and answers on the authorities.
"""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Final, Literal

import signing
from bench import material
from bench.material import NOW
from signing.sandbox_services.crl import SandboxCrl
from signing.sandbox_services.ocsp import SandboxOcsp
from signing.sandbox_services.register import SandboxRegister
from signing.sandbox_services.tsa import SandboxTsa

Evidence = Literal["CRL", "OCSP"]
EVIDENCE: Final[tuple[Evidence, ...]] = ("CRL", "OCSP")

COUNT: Final = 300
"""The verifier remembers 256 time-stamps."""

POLICY: Final = replace(signing.SANDBOX_DOCUMENT, name="bench-long-term/1", revocation="required", timestamp="required")
ANCHORS: Final = "anchors.pem"


class _TimeStamps:
    """The authority of time-stamps as the network would reach it."""

    def __init__(self, tsa: SandboxTsa) -> None:
        self._tsa = tsa

    def fetch(self, request: signing.FetchRequest, limit: int) -> bytes:
        answer = self._tsa.answer(request.body or b"")
        if len(answer) > limit:
            raise SystemExit("bench: a time-stamp is too long")
        return answer


@cache
def _issued(kind: Literal["tsa", "ocsp-responder"]) -> signing.IssuedKey:
    return material.pki().issue(kind, kind.upper(), "Үлгі министрлігі", bin="123456789012")


def _evidence(kind: Evidence, number: int) -> signing.ValidationData:
    """On the signer, the time-stamp authority and what is above them; the answer on the signer is a new one each time."""
    of_issuer, of_root = _lists()
    if kind == "CRL":
        return signing.ValidationData(crls=(of_issuer, of_root))
    signer, tsa = material.key().issued.certificate, _issued("tsa").certificate
    return signing.ValidationData(crls=(of_root,), ocsp_responses=(_answer(signer, number), _answer(tsa, 0)))


@cache
def _lists() -> tuple[bytes, bytes]:
    pki, register = material.pki(), SandboxRegister()
    of_issuer, of_root = (SandboxCrl(key=key, register=register) for key in (pki.issuing_key(), pki.root_key()))
    return of_issuer.issue(NOW), of_root.issue(NOW)


@cache
def _answer(certificate: bytes, number: int) -> bytes:
    responder = SandboxOcsp(
        key=_issued("ocsp-responder").signing_key(),
        register=SandboxRegister(),
        clock=lambda: NOW - dt.timedelta(seconds=number),
    )
    return responder.status(certificate, material.pki().intermediate)


@cache
def packages(kind: Evidence, count: int = COUNT) -> tuple[bytes, ...]:
    tsa = SandboxTsa(key=_issued("tsa"), clock=lambda: NOW)
    authority = signing.TimeStampAuthority(
        url="http://tsa.invalid/", fetcher=_TimeStamps(tsa), nonce=lambda: 7, clock=lambda: NOW
    )
    document = material.document(material.SMALL)
    made = []
    for number in range(count):
        content = document + b"<!-- %d -->" % number
        container = material.container([signing.DataObject.of("document.xml", "application/xml", content)])
        out = io.BytesIO()
        signing.augment_container(
            container,
            out,
            level="B-LT",
            time_stamps=authority,
            anchors=material.anchors(),
            policy=POLICY,
            at=LATER,
            data=_evidence(kind, number),
        )
        made.append(out.getvalue())
    return tuple(made)


LATER: Final = NOW + dt.timedelta(minutes=2)
"""When it is judged: nothing of the evidence is of the future."""


def verify(container: bytes, anchors: signing.TrustAnchors | None = None) -> None:
    validation = signing.verify_container(container, policy=POLICY, anchors=anchors or material.anchors(), at=LATER)
    material.require_passed(validation)
    if validation.report.signatures[0].level != "B-LT":
        raise SystemExit("bench: a signature that was measured is not at B-LT")


def keep(containers: Sequence[bytes], folder: Path) -> None:
    """For a process that does not make them itself."""
    for number, container in enumerate(containers):
        (folder / f"{number}.asice").write_bytes(container)
    (folder / ANCHORS).write_bytes(material.pki().anchor_pem())


def kept(folder: Path) -> tuple[tuple[bytes, ...], signing.TrustAnchors]:
    containers = tuple(path.read_bytes() for path in sorted(folder.glob("*.asice")))
    return containers, signing.TrustAnchors.from_pem("bench", "sandbox", (folder / ANCHORS).read_bytes())
