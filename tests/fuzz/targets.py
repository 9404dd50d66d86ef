"""One target for each parser of what strangers send, with seeds that are good.

A target takes any bytes and returns; it raises Broken where the parser's promise does not hold: a foreign exception, a
verdict of TOTAL-PASSED over other content than was signed. What a parser may end in is its own: a value, a Malformed,
a verdict.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import Final

import schemas
from signing import DEFAULT_SIGNING, asn1, sign_attached, sign_container_cades, sign_detached, sign_xml, verify_xml
from signing.algorithms import digest_algorithm
from signing.certificates import Certificate
from signing.certification_path import validate_path
from signing.cms import read_signed_data
from signing.errors import Malformed, SigningError
from signing.keys.national_pkcs8 import read_national_key
from signing.policy import ETSI_BASELINE, SANDBOX_DOCUMENT
from signing.sandbox_pki.private_keys import private_key_info
from signing.sign.detached_augmentation import augment_detached
from signing.timestamp import judge_token, read_token
from signing.trust_anchors import TrustAnchors
from signing.validation_report import Indication, conclude
from signing.verify.container import verify_container
from signing.verify.detached import verify_attached, verify_detached
from tests.fuzz.mutation import Kind
from tests.unit.signing import levels_material as lm
from tests.unit.signing import status_material as sm
from tests.unit.signing import xml_material as m

PASSED: Final = Indication.TOTAL_PASSED
CONTENT: Final = bytes(range(256)) * 4
_NATIONAL: Final = replace(SANDBOX_DOCUMENT, require_signing_certificate=False, require_signing_time=False)
_EUROPEAN: Final = replace(ETSI_BASELINE, revocation="not-checked", require_signing_certificate=False)


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


def _national_key(data: bytes) -> None:
    try:
        read_national_key(data)
    except SigningError as error:
        _require(error.code.startswith("signing.key-"), error.code)


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


@cache
def _attached_seeds() -> tuple[bytes, ...]:
    key = m.issued("signer", "ec-p256").signing_key()
    return (sign_attached(CONTENT, key, policy=DEFAULT_SIGNING, signing_time=m.NOW), *_detached_seeds()[:1])


def _attached(data: bytes) -> None:
    judged = verify_attached(data, policy=_EUROPEAN, anchors=m.anchors(), at=m.NOW)
    _require(judged.content in (None, CONTENT), "attached content that nobody signed was handed out")


@cache
def _archived_seeds() -> tuple[bytes, ...]:
    key = m.issued("signer", "ec-p256").signing_key()
    signature = sign_detached([CONTENT], key, policy=DEFAULT_SIGNING, signing_time=m.NOW)
    return (
        augment_detached(
            signature,
            [CONTENT],
            level="B-LTA",
            time_stamps=lm.authority(),
            anchors=m.anchors(),
            policy=lm.STRICT,
            at=m.NOW,
            data=lm.statuses(key),
        ),
    )


def _archived(data: bytes) -> None:
    report = verify_detached(data, [CONTENT + b"!"], policy=lm.STRICT, anchors=m.anchors(), at=m.NOW)
    _require(report.indication is not PASSED, "an archived signature over other content passed")


# --- time-stamps and revocation ------------------------------------------------------------------------------------
@cache
def _token_seeds() -> tuple[bytes, ...]:
    digest = digest_algorithm("sha256")
    assert digest is not None
    return (lm.authority().stamp(digest, digest.of(CONTENT)),)


def _token(data: bytes) -> None:
    try:
        token = read_token(data)
    except Malformed:
        return
    checks, _ = judge_token(token, lambda digest: digest.of(CONTENT + b"!"), (), policy=SANDBOX_DOCUMENT, at=m.NOW)
    _require(conclude(checks)[0] is not PASSED, "a time-stamp of something else passed")


def _never_good(said: sm.Said) -> None:
    _require(
        all(each.status != "good" for each in said.statements), "evidence on a revoked certificate says that it is good"
    )


TARGETS_OF_STATUS: Final = (
    Target(
        name="ocsp",
        kind="der",
        seeds=lambda: (sm.world().answer(sm.world().revoked()), sm.world().answer(sm.world().revoked(reason=1))),
        run=lambda data: _never_good(sm.said(ocsp=(data,))),
    ),
    Target(
        name="crl",
        kind="der",
        seeds=lambda: (
            sm.world().crl(sm.world().revoked()),
            sm.world().crl(sm.world().revoked(reason=6)),
        ),
        run=lambda data: _never_good(sm.said(crls=(data,))),
    ),
)


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


def _archived_container(data: bytes) -> None:
    result = verify_container(data, policy=lm.STRICT, anchors=m.anchors(), at=m.NOW)
    found = {item.name: item.read() for item in result.objects}
    _require(
        found in ({}, {m.REPORT_NAME: m.REPORT, "docs/a.pdf": m.PDF}), "an archived container passed with other content"
    )


@cache
def _documents() -> tuple[bytes, ...]:
    key = m.issued("head", "ec-p256").signing_key()
    plain = m.REPORT[: m.REPORT.index(b"</report>") + 9]
    one = sign_xml(plain, key, policy=DEFAULT_SIGNING, signing_time=m.NOW)
    return (
        one,
        sign_xml(one, m.head(), policy=DEFAULT_SIGNING, signing_time=m.NOW),
        sign_xml(plain, key, policy=DEFAULT_SIGNING, signing_time=m.NOW, form="xmldsig"),
    )


@cache
def _signed_documents() -> frozenset[bytes | None]:
    judged = [verify_xml(each, policy=_NATIONAL, anchors=m.anchors(), at=m.NOW) for each in _documents()]
    return frozenset(each.document for each in judged) | {None}


def _document(data: bytes) -> None:
    national = verify_xml(data, policy=_NATIONAL, anchors=m.anchors(), at=m.NOW)
    _require(national.document in _signed_documents(), "a document passed that nobody signed")
    european = verify_xml(data, policy=_EUROPEAN, anchors=m.anchors(), at=m.NOW)
    _require(bool(european.signed) == (european.report.indication is PASSED), "signed parts without a verdict")


def _envelope(data: bytes) -> None:
    judged = m.judged_envelope(data)
    if judged.report.indication is PASSED:
        _require(judged.body is not None, "an envelope passed without a body")


@cache
def _cms_container() -> bytes:
    out = io.BytesIO()
    sign_container_cades(m.data_objects(), m.head(), policy=DEFAULT_SIGNING, signing_time=m.NOW, out=out)
    return out.getvalue()


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
        seeds=lambda: (
            m.issued("head", "ec-p256").pkcs12(b"x", legacy=True),
            m.issued("head", "ec-p256").pkcs12(b"x"),
            m.issued("head", "gost2015-512").pkcs12(b"x", legacy=True),  # BER
        ),
        run=_may_be_malformed(asn1.read_pkcs12),
    ),
    Target(
        name="national-key",
        kind="der",
        seeds=lambda: tuple(
            private_key_info(m.issued("head", kind).private_key) for kind in ("gost2015-512", "gost2004")
        ),
        run=_national_key,
    ),
    Target(name="cms", kind="der", seeds=_detached_seeds, run=_may_be_malformed(read_signed_data)),
    Target(name="detached", kind="der", seeds=_detached_seeds, run=_detached),
    Target(name="attached", kind="der", seeds=_attached_seeds, run=_attached),
    Target(name="archived", kind="der", seeds=_archived_seeds, run=_archived),
    Target(name="time-stamp", kind="der", seeds=_token_seeds, run=_token),
    *TARGETS_OF_STATUS,
    Target(name="xml", kind="xml", seeds=lambda: (m.good_envelope(), m.parts_of(m.good())[m.SIGNATURES]), run=_xml),
    Target(name="document", kind="xml", seeds=_documents, run=_document),
    Target(name="container-cms", kind="zip", seeds=lambda: (_cms_container(),), run=_container),
    Target(name="container", kind="zip", seeds=lambda: (m.good(),), run=_container),
    Target(name="archived-container", kind="zip", seeds=lambda: (lm.at_level("B-LTA"),), run=_archived_container),
    Target(name="envelope", kind="xml", seeds=lambda: (m.good_envelope(),), run=_envelope),
)
