"""The whole road in the formats: signed, raised, renewed twice, and judged when all but the last authority have ended."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import datetime
from functools import cache

import pytest

from signing import (
    DEFAULT_SIGNING,
    DataObject,
    Indication,
    SignatureReport,
    SigningPolicy,
    SubIndication,
    sign_container,
    sign_detached,
    verify_container,
    verify_detached,
)
from signing.keys.software import software_key
from signing.sandbox_services.tsa import SandboxTsa
from signing.sign.augmentation import augment_container
from signing.sign.detached_augmentation import augment_detached
from signing.timestamp import TimeStampAuthority
from tests.unit.signing.levels_material import TsaOnTheWire
from tests.unit.signing.process_material import POLICY, anchors, answers, good, who
from tests.unit.signing.test_process_time import (
    HOUR,
    RENEWED_AGAIN_AT,
    RENEWED_AT,
    SIGNED_AT,
    SIGNER_ENDED,
    TSA_2_ENDED,
    TSA_ENDED,
    broken,
    evidence_at,
)


def authority(name: str, at: datetime) -> TimeStampAuthority:
    tsa = SandboxTsa(key=who(name).issued_key(), clock=lambda: at)
    return TimeStampAuthority(url="http://tsa.test/", fetcher=TsaOnTheWire(tsa), nonce=lambda: 7, clock=lambda: at)


@cache
def signed_container() -> bytes:
    out = io.BytesIO()
    key = software_key(who("signer").key, (who("signer").der, who("ca").der))
    objects = (DataObject.of("a.txt", "text/plain", b"text"),)
    sign_container(objects, key, policy=DEFAULT_SIGNING, signing_time=SIGNED_AT, out=out)
    return out.getvalue()


def raised(container: bytes, level: str, tsa: str, at: datetime, *names: str) -> bytes:
    out = io.BytesIO()
    augment_container(
        container,
        out,
        level=level,
        time_stamps=authority(tsa, at),
        anchors=anchors(),
        policy=POLICY,
        at=at + HOUR,
        data=answers(*evidence_at(at + HOUR / 2, *names)),
    )
    return out.getvalue()


@cache
def long_term() -> bytes:
    return raised(signed_container(), "B-LT", "tsa", SIGNED_AT, "signer", "tsa")


@cache
def archived() -> bytes:
    return raised(long_term(), "B-LTA", "tsa-2", RENEWED_AT, "tsa")


@cache
def archived_again() -> bytes:
    return raised(archived(), "B-LTA", "tsa-3", RENEWED_AGAIN_AT, "tsa-2")


def judged(container: bytes, at: datetime, *newest: bytes) -> SignatureReport:
    """`newest` is the status of the last authority of time-stamps, which nothing in the container tells."""
    validation = verify_container(container, policy=POLICY, anchors=anchors(), at=at, data=answers(*newest))
    (report,) = validation.report.signatures
    return report


@pytest.mark.parametrize(
    ("container", "at", "level"),
    [
        pytest.param(long_term, SIGNER_ENDED, "B-LT", id="B-LT after the signer's end"),
        pytest.param(archived, TSA_ENDED, "B-LTA", id="B-LTA after the end of the first TSA"),
        pytest.param(archived_again, TSA_2_ENDED, "B-LTA", id="B-LTA renewed, after the end of the second TSA"),
    ],
)
def test_an_xades_container_outlives_its_certificates(container, at: datetime, level: str):
    name = {SIGNER_ENDED: "tsa", TSA_ENDED: "tsa-2", TSA_2_ENDED: "tsa-3"}[at]
    report = judged(container(), at, good(name, at - HOUR), good("tsa-ca", at - HOUR))
    assert (report.indication, report.level) == (Indication.TOTAL_PASSED, level), report.checks
    assert report.best_signature_time == SIGNED_AT
    assert {each.origin for each in report.revocation} == {"embedded"}


def test_without_the_renewal_it_does_not():
    report = judged(archived(), TSA_2_ENDED, good("tsa-ca", TSA_2_ENDED - HOUR))
    assert (report.indication, report.sub_indication) == (
        Indication.INDETERMINATE,
        SubIndication.OUT_OF_BOUNDS_NO_POE,
    )


# --- CAdES ----------------------------------------------------------------------------------------------------------
CONTENT = (b"text",)


@cache
def signed_cms() -> bytes:
    key = software_key(who("signer").key, (who("signer").der, who("ca").der))
    return sign_detached(CONTENT, key, policy=DEFAULT_SIGNING, signing_time=SIGNED_AT)


def raised_cms(signature: bytes, level: str, tsa: str, at: datetime, *names: str) -> bytes:
    return augment_detached(
        signature,
        CONTENT,
        level=level,
        time_stamps=authority(tsa, at),
        anchors=anchors(),
        policy=POLICY,
        at=at + HOUR,
        data=answers(*evidence_at(at + HOUR / 2, *names)),
    )


@cache
def cms_at(level: str) -> bytes:
    if level == "B-LT":
        return raised_cms(signed_cms(), "B-LT", "tsa", SIGNED_AT, "signer", "tsa")
    if level == "B-LTA":
        return raised_cms(cms_at("B-LT"), "B-LTA", "tsa-2", RENEWED_AT, "tsa")
    return raised_cms(cms_at("B-LTA"), "B-LTA", "tsa-3", RENEWED_AGAIN_AT, "tsa-2")


@pytest.mark.parametrize(
    ("level", "at", "newest"),
    [
        pytest.param("B-LT", SIGNER_ENDED, "tsa", id="B-LT after the signer's end"),
        pytest.param("B-LTA", TSA_ENDED, "tsa-2", id="B-LTA after the end of the first TSA"),
        pytest.param("renewed", TSA_2_ENDED, "tsa-3", id="B-LTA renewed, after the end of the second TSA"),
    ],
)
def test_a_cades_signature_outlives_its_certificates(level: str, at: datetime, newest: str):
    status = answers(good(newest, at - HOUR), good("tsa-ca", at - HOUR))
    validation = verify_detached(cms_at(level), CONTENT, policy=POLICY, anchors=anchors(), at=at, data=status)
    (report,) = validation.signatures
    assert report.indication is Indication.TOTAL_PASSED, [
        (each.id, dict(each.params)) for stamped in report.time_stamps for each in stamped.checks if each.sub_indication
    ]
    assert report.best_signature_time == SIGNED_AT
    assert {each.origin for each in report.revocation} == {"embedded"}


def test_K02_the_hash_by_which_a_certificate_is_named_ends_as_others_do():
    key = software_key(who("signer").key, (who("signer").der, who("ca").der))
    by_sha512 = SigningPolicy(name="by SHA-512", digest="sha512")
    signature = sign_detached(CONTENT, key, policy=by_sha512, signing_time=SIGNED_AT)
    out = io.BytesIO()
    sign_container(
        (DataObject.of("a.txt", "text/plain", b"text"),), key, policy=by_sha512, signing_time=SIGNED_AT, out=out
    )
    ended = replace(POLICY, algorithm_end_dates=(("sha512", SIGNED_AT.date()),))
    status = answers(*evidence_at(SIGNED_AT, "signer"))
    under = {"policy": ended, "anchors": anchors(), "at": SIGNED_AT, "data": status}
    (cms_report,) = verify_detached(signature, CONTENT, **under).signatures
    assert broken(cms_report) == {"cms.signing-certificate"}
    (xml_report,) = verify_container(out.getvalue(), **under).report.signatures
    assert broken(xml_report) == {"xades.signing-certificate", "xmldsig.digest-algorithms"}
    assert cms_report.sub_indication is xml_report.sub_indication is SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE


def test_a_cades_signature_that_was_not_renewed_does_not():
    at = TSA_2_ENDED
    status = answers(good("tsa-ca", at - HOUR))
    validation = verify_detached(cms_at("B-LTA"), CONTENT, policy=POLICY, anchors=anchors(), at=at, data=status)
    assert (validation.indication, validation.sub_indication) == (
        Indication.INDETERMINATE,
        SubIndication.OUT_OF_BOUNDS_NO_POE,
    )
