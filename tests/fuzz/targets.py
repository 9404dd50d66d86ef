"""One target for each parser of what strangers send, with seeds that are good.

A target takes any bytes and returns; it raises Broken where the parser's promise does not hold: a foreign exception, a
verdict of TOTAL-PASSED over other content than was signed. What a parser may end in is its own: a value, a Malformed,
a verdict.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Final

import schemas
from signing import DEFAULT_SIGNING, asn1, sign_detached
from signing.certificates import Certificate
from signing.certification_path import validate_path
from signing.cms import read_signed_data
from signing.errors import Malformed, SigningError
from signing.policy import SANDBOX_DOCUMENT
from signing.trust_anchors import TrustAnchors
from signing.validation_report import Indication, ValidationReport
from signing.verify.detached import verify_detached
from tests.fuzz.mutation import Kind
from tests.unit.signing import xml_material as m

PASSED: Final = Indication.TOTAL_PASSED
CONTENT: Final = bytes(range(256)) * 4


class Broken(AssertionError):
    """A parser did not keep its promise."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """`run` raises Broken, or anything at all when the parser leaks; `seeds` are made when asked for."""

    name: str
    kind: Kind
    seeds: Callable[[], tuple[bytes, ...]]
    run: Callable[[bytes], None]


def _may_be_malformed(read: Callable[[bytes], object]) -> Callable[[bytes], None]:
    def run(data: bytes) -> None:
        try:
            read(data)
        except Malformed:
            return

    return run


def _require(holds: bool, what: str) -> None:
    if not holds:
        raise Broken(what)


# --- DER -----------------------------------------------------------------------------------------------------------
@cache
def _certificates() -> tuple[bytes, ...]:
    return (
        m.pki().root,
        m.pki().intermediate,
        m.issued("head", "ec-p256").certificate,
        m.issued("tsa", "ec-p256").certificate,
    )


@cache
def _signed_parts() -> frozenset[bytes]:
    return frozenset(Certificate.from_der(der).tbs for der in _certificates())


def _certificate(data: bytes) -> None:
    try:
        certificate = Certificate.from_der(data)
    except Malformed:
        return
    certificate.facts()
    result = validate_path(certificate, (), m.anchors(), at=m.NOW, policy=SANDBOX_DOCUMENT)
    # the outer algorithm is not signed: its parameters may be NULL or absent, which is the same algorithm
    known = certificate.tbs in _signed_parts()
    _require(known or result.indication is not PASSED, "a changed certificate has a path to the anchor")


def _anchors(data: bytes) -> None:
    try:
        TrustAnchors.from_pem("fuzz", "sandbox", data)
    except SigningError:
        return


@cache
def _detached_seeds() -> tuple[bytes, ...]:
    keys = (m.issued("signer", "ec-p256").signing_key(), m.issued("signer", "ed25519").signing_key(), m.head())
    return tuple(sign_detached([CONTENT], key, policy=DEFAULT_SIGNING, signing_time=m.NOW) for key in keys)


def _detached(data: bytes) -> None:
    report = verify_detached(data, [CONTENT + b"!"], policy=SANDBOX_DOCUMENT, anchors=m.anchors(), at=m.NOW)
    _require(report.indication is not PASSED, "a signature over other content passed")


# --- XML and archives ----------------------------------------------------------------------------------------------
def _xml(data: bytes) -> None:
    try:
        schemas.parse_untrusted(data, schemas.SIGNATURE_LIMITS)
    except schemas.XmlRefused:
        return


def _container(data: bytes) -> None:
    result = m.judged(data)
    found = {item.name: item.read() for item in result.objects}
    if result.report.indication is PASSED:
        _require(found == {m.REPORT_NAME: m.REPORT, "docs/a.pdf": m.PDF}, "a container passed with other content")
    else:
        _require(not found, "a container that did not pass gave content away")


def _envelope(data: bytes) -> None:
    judged = m.judged_envelope(data)
    if judged.report.indication is PASSED:
        _require(judged.body is not None, "an envelope passed without a body")


def _never_a_bool(report: ValidationReport) -> None:
    report.as_json()


TARGETS: Final = (
    Target(
        name="der",
        kind="der",
        seeds=lambda: (*_certificates(), *_detached_seeds()),
        run=_may_be_malformed(asn1.read_der),
    ),
    Target(name="certificate", kind="der", seeds=_certificates, run=_certificate),
    Target(name="trust-anchors", kind="bytes", seeds=lambda: (m.pki().anchor_pem(), m.pki().root), run=_anchors),
    Target(
        name="pkcs12",
        kind="der",
        seeds=lambda: (m.issued("head", "ec-p256").pkcs12(b"x", legacy=True), m.issued("head", "ec-p256").pkcs12(b"x")),
        run=_may_be_malformed(asn1.read_pkcs12),
    ),
    Target(name="cms", kind="der", seeds=_detached_seeds, run=_may_be_malformed(read_signed_data)),
    Target(name="detached", kind="der", seeds=_detached_seeds, run=_detached),
    Target(name="xml", kind="xml", seeds=lambda: (m.good_envelope(), m.parts_of(m.good())[m.SIGNATURES]), run=_xml),
    Target(name="container", kind="zip", seeds=lambda: (m.good(),), run=_container),
    Target(name="envelope", kind="xml", seeds=lambda: (m.good_envelope(),), run=_envelope),
)
