"""Signatures at every level, with time-stamps and revocation status made by the test's own authorities."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp
from lxml import etree

from signing.fetcher import FetchRequest
from signing.keys import SigningKey
from signing.policy import DEFAULT_SIGNING, SANDBOX_DOCUMENT, SignatureLevel, ValidationPolicy
from signing.sandbox_pki import IssuedKey
from signing.sandbox_services.tsa import SandboxTsa
from signing.sign.augmentation import augment_container
from signing.sign.container import add_signature, sign_container
from signing.timestamp import TimeStampAuthority, read_token
from signing.validation_data import ValidationData
from signing.validation_report import SignatureReport
from signing.verify.container import ContainerValidation, verify_container
from tests.unit.signing import xml_material as m

XADES141 = "http://uri.etsi.org/01903/v1.4.1#"
STRICT = replace(SANDBOX_DOCUMENT, name="strict", revocation="required", timestamp="required")
"""All that a long-term signature has is asked for."""


@dataclass
class TsaOnTheWire:
    """Reached as the network would reach it; keeps every question."""

    tsa: SandboxTsa
    asked: list[bytes] = field(default_factory=list)

    def fetch(self, request: FetchRequest, limit: int) -> bytes:
        assert request.kind == "time-stamp"
        assert request.body is not None
        self.asked.append(request.body)
        answer = self.tsa.answer(request.body)
        assert len(answer) <= limit
        return answer


@cache
def tsa_key(name: str) -> IssuedKey:
    """RSA, so that equal questions get equal tokens; the pair of a key that is there already."""
    return m.pki().issue("tsa", name, "Үлгі министрлігі", bin=m.BIN, key_of=m.issued("head"))


def tsa(at: datetime = m.NOW, name: str = "TSA") -> SandboxTsa:
    return SandboxTsa(key=tsa_key(name), clock=lambda: at)


def authority(at: datetime = m.NOW, digest: str = "sha256", name: str = "TSA") -> TimeStampAuthority:
    return TimeStampAuthority(
        url="http://tsa.test/",
        fetcher=TsaOnTheWire(tsa(at, name)),
        nonce=lambda: 7,
        clock=lambda: at,
        digest=digest,
    )


@cache
def status(
    certificate: bytes, at: datetime = m.NOW, revoked: datetime | None = None, lasts: timedelta = timedelta(days=1)
) -> bytes:
    """DER of an OCSP answer by the issuer itself."""
    subject = x509.load_der_x509_certificate(certificate)
    pki = m.pki()
    issuer_der, key = (
        (pki.root, pki._root_key) if certificate == pki.intermediate else (pki.intermediate, pki._intermediate_key)
    )
    issuer = x509.load_der_x509_certificate(issuer_der)
    builder = ocsp.OCSPResponseBuilder().add_response(
        cert=subject,
        issuer=issuer,
        algorithm=hashes.SHA256(),
        cert_status=ocsp.OCSPCertStatus.GOOD if revoked is None else ocsp.OCSPCertStatus.REVOKED,
        this_update=at,
        next_update=at + lasts,
        revocation_time=revoked,
        revocation_reason=None,
    )
    answer = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, issuer).sign(key, hashes.SHA256())
    return answer.public_bytes(serialization.Encoding.DER)


def statuses(*keys: SigningKey, at: datetime = m.NOW) -> ValidationData:
    """Of these signers, of the authorities of time-stamps, and of what stands above them."""
    certificates = [*(key.certificate_chain[0] for key in keys), tsa_key("TSA").certificate]
    return ValidationData(ocsp_responses=tuple(status(each, at) for each in (*certificates, m.pki().intermediate)))


@cache
def at_level(level: SignatureLevel, at: datetime = m.NOW) -> bytes:
    """The good container raised to `level`."""
    return m.good() if level == "B-B" else raised(m.good(), level, at)


def raised(container: bytes, level: SignatureLevel, at: datetime = m.NOW, data: ValidationData | None = None) -> bytes:
    out = io.BytesIO()
    augment_container(
        container,
        out,
        level=level,
        time_stamps=authority(at),
        anchors=m.anchors(),
        policy=STRICT,
        at=at,
        data=statuses(m.head(), m.other_head(), at=at) if data is None else data,
    )
    return out.getvalue()


def signed_with_time_stamp(digest: str = "sha256") -> bytes:
    out = io.BytesIO()
    sign_container(
        m.data_objects(),
        m.head(),
        policy=DEFAULT_SIGNING,
        signing_time=m.NOW,
        out=out,
        time_stamps=authority(digest=digest),
    )
    return out.getvalue()


def with_another(container: bytes, key: SigningKey, names: Sequence[str] | None = None) -> bytes:
    out = io.BytesIO()
    add_signature(container, out, key, policy=DEFAULT_SIGNING, signing_time=m.NOW, names=names)
    return out.getvalue()


def judged(
    container: bytes,
    policy: ValidationPolicy = STRICT,
    at: datetime = m.NOW,
    data: ValidationData | None = None,
) -> ContainerValidation:
    return verify_container(
        container, policy=policy, anchors=m.anchors(), at=at, data=ValidationData() if data is None else data
    )


def only(container: bytes, policy: ValidationPolicy = STRICT, at: datetime = m.NOW) -> SignatureReport:
    (report,) = judged(container, policy, at).report.signatures
    return report


# --- the octets of time-stamps, put together by an independent road -------------------------------------------------
def canonical(element: etree._Element, method: str = m.EXC) -> bytes:
    if method == m.EXC:
        return etree.tostring(element, method="c14n", exclusive=True, with_comments=False)
    return etree.tostring(etree.fromstring(etree.tostring(element, with_tail=False)), method="c14n")


def archived_octets(signatures: bytes, contents: Sequence[bytes], before: int, method: str = m.EXC) -> bytes:
    """EN 319 132-1, 5.5.2 for our own form: data objects and SignedProperties, then the signature's parts in order."""
    root = etree.fromstring(signatures)

    def part(name: str) -> etree._Element:
        found = root.find(f".//{{{m.DS}}}{name}")
        assert found is not None
        return found

    properties = root.find(f".//{{{m.XADES}}}SignedProperties")
    unsigned = root.find(f".//{{{m.XADES}}}UnsignedSignatureProperties")
    assert properties is not None
    pieces = [*contents, canonical(properties)]
    pieces += [canonical(part(name), method) for name in ("SignedInfo", "SignatureValue", "KeyInfo")]
    pieces += [canonical(each, method) for each in (list(unsigned)[:before] if unsigned is not None else [])]
    return b"".join(pieces)


def added(properties: str, edit: Callable[[str], str] = m.same) -> bytes:
    """The good container with unsigned properties put in by hand."""
    inside = f"<xades:UnsignedSignatureProperties>{properties}</xades:UnsignedSignatureProperties>"
    text = m.signature_text()
    text = text.replace("</xades:QualifyingProperties>", f"{m.unsigned(inside)}</xades:QualifyingProperties>")
    return m.changed(signatures=m.wrapped(edit(text)))


def imprints(container: bytes) -> list[bytes]:
    """What every token of the first signature file states, in order."""
    import base64

    root = etree.fromstring(m.parts_of(container)[m.SIGNATURES])
    tokens = root.iter(f"{{{m.XADES}}}EncapsulatedTimeStamp")
    return [read_token(base64.b64decode(token.text or "")).imprint for token in tokens]


def sha256(octets: bytes) -> bytes:
    return hashlib.sha256(octets).digest()
