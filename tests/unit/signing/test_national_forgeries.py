"""What a stranger may try with national algorithms: one hash named and another used, keys named for signatures, checks
that are made to cost.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache

import pytest

from signing import (
    ETSI_BASELINE,
    KZ_DOCUMENT,
    KZ_SIGNATURE,
    SANDBOX_DOCUMENT,
    Indication,
    IssuedKey,
    SandboxPki,
    SigningError,
    asn1,
    cades,
    cms,
    gost,
    take_cms,
    verify_detached,
)
from signing.algorithms import (
    DIGESTS,
    Standing,
    describe_public_key,
    digest_algorithm,
    national_key_form,
    signature_algorithm,
    signature_algorithm_from_der,
)
from signing.algorithms.national_keys import NATIONAL_KEY_FORMS
from signing.certificates import Certificate
from signing.gost.multiples import Group
from signing.gost.signature import sign_with_nonce, verify
from signing.policy import ValidationPolicy
from signing.validation_report import Conclusion, ValidationReport

AT = datetime(2026, 11, 10, 12, tzinfo=UTC)
CONTENT = b"what is signed"
KINDS = ("gost2015-512", "gost2015-256", "gost2004")
LOOSE = {"anchor_kinds": ("sandbox",), "revocation": "not-checked", "timestamp": "not-required"}
NATIONAL = replace(KZ_DOCUMENT, **LOOSE)  # type: ignore[arg-type]
TRUSTED = [each for each in DIGESTS if each.standing is Standing.TRUSTED]


@cache
def pki(kind: str) -> SandboxPki:
    return SandboxPki.create(not_before=AT - timedelta(days=9), not_after=AT + timedelta(days=99), key=kind)  # type: ignore[arg-type]


@cache
def head(kind: str) -> IssuedKey:
    return pki(kind).issue("head", "Үлгі Б.", "Үлгі министрлігі", bin="123456789012", key=kind)  # type: ignore[arg-type]


def sequence(*parts: bytes) -> bytes:
    return asn1.encode(asn1.SEQUENCE, *parts)


def identified(oid: str) -> bytes:
    return sequence(asn1.encode_oid(oid), b"\x05\x00")


def signed(
    kind: str, digest_id: str, signature_oid: str, signers: int = 1, signing_key: IssuedKey | None = None
) -> bytes:
    """A CMS of the kind's key that names this hash, and this OID for its signature."""
    key, digest = signing_key or head(kind), digest_algorithm(digest_id)
    assert digest is not None
    signer = Certificate.from_der(key.certificate)
    attributes = cades.encode_signed_attributes(
        message_digest=digest.of(CONTENT), signing_time=AT, signer=signer, certificate_digest=digest
    )
    info = cms.encode_signer_info(
        signer=signer,
        digest_algorithm=identified(digest.oid),
        signed_attributes=attributes,
        signature_algorithm=identified(signature_oid),
        signature=key.signing_key().sign(attributes),
    )
    return cms.encode_signed_data(
        signer_infos=[info] * signers,
        digest_algorithms=[identified(digest.oid)],
        certificates=[key.certificate, *key.chain],
    )


def judged(kind: str, signature: bytes, policy: ValidationPolicy = NATIONAL) -> ValidationReport:
    return verify_detached(signature, [CONTENT], policy=policy, anchors=pki(kind).trust_anchors(), at=AT)


def agreement(report: ValidationReport) -> Conclusion:
    return next(each.conclusion for each in report.signatures[0].checks if each.id == "cms.algorithms-agree")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("digest", TRUSTED, ids=lambda each: each.id)
@pytest.mark.parametrize("by_key", [True, False], ids=["key OID", "signature OID"])
def test_the_hash_that_is_named_is_the_hash_that_signs(kind: str, digest, *, by_key: bool) -> None:
    form = national_key_form(kind)
    algorithm = signature_algorithm(form.algorithm)
    assert algorithm is not None
    signature = signed(kind, digest.id, form.oid if by_key else algorithm.oids[0])
    report = judged(kind, signature)
    if digest.id == algorithm.digest:
        assert report.indication is Indication.TOTAL_PASSED
        assert take_cms(signature, [CONTENT])
    else:
        assert (report.indication, agreement(report)) == (Indication.TOTAL_FAILED, Conclusion.FAILED)
        with pytest.raises(SigningError) as refused:
            take_cms(signature, [CONTENT])
        assert refused.value.code == "signing.cms-not-intact"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "policy", [replace(SANDBOX_DOCUMENT), replace(ETSI_BASELINE, revocation="not-checked")], ids=lambda each: each.name
)
def test_the_oid_of_a_key_names_no_signature_where_the_policy_does_not_say_so(
    kind: str, policy: ValidationPolicy
) -> None:
    form = national_key_form(kind)
    algorithm = signature_algorithm(form.algorithm)
    assert algorithm is not None
    assert (
        judged(kind, signed(kind, algorithm.digest or "", algorithm.oids[0]), policy).indication
        is Indication.TOTAL_PASSED
    )
    report = judged(kind, signed(kind, algorithm.digest or "", form.oid), policy)
    assert (report.indication, agreement(report)) == (Indication.TOTAL_FAILED, Conclusion.FAILED)


@pytest.mark.parametrize("oid", NATIONAL_KEY_FORMS)
def test_the_oid_of_a_key_signs_no_certificate(oid: str) -> None:
    assert signature_algorithm_from_der(asn1.read_der(identified(oid))) is None


@pytest.mark.parametrize("kind", ["tsa", "ocsp-responder"])
def test_a_service_that_witnesses_signs_no_documents(kind: str) -> None:
    """Not even where its certificate, by a slip of the authority, has the usage of a signer."""
    policy = replace(KZ_SIGNATURE, required_key_usage=None, **LOOSE)  # type: ignore[arg-type]
    algorithm = signature_algorithm("gost34310-2004")
    assert algorithm is not None
    made = pki("gost2004").issue(kind, "Қызмет", "Үлгі министрлігі", bin="123456789012", key="gost2004")  # type: ignore[arg-type]
    report = judged("gost2004", signed("gost2004", "gost34311", algorithm.oids[0], signing_key=made), policy)
    assert report.indication is Indication.TOTAL_FAILED
    failed = {each.id for each in report.signatures[0].checks if each.conclusion is Conclusion.FAILED}
    assert failed == {"signer.refused-roles"}


@pytest.mark.parametrize("tag", [0x31, 0xA0, 0x60], ids=["SET", "[0]", "[APPLICATION 0]"])
def test_parameters_of_a_key_are_a_sequence(tag: int) -> None:
    form = national_key_form("gost2015-512")
    public = gost.PrivateKey(form.curve, 2**100).public_key()
    info = form.public_key_info(public)
    assert describe_public_key(info).weakness is None
    named = b"".join(map(asn1.encode_oid, form.parameters))
    right, wrong = asn1.encode(asn1.SEQUENCE, named), asn1.encode(tag, named)
    assert info.count(right) == 1
    assert describe_public_key(info.replace(right, wrong)).weakness == "unknown parameters"


# --- checks that are made to cost --------------------------------------------------------------------------------------
CURVES = (gost.TC26_512_A, gost.CRYPTOPRO_A, gost.TC26_256_A)


@pytest.mark.parametrize("curve", CURVES, ids=lambda curve: curve.name)
def test_a_value_whose_sum_is_the_neutral_element_is_refused_and_costs_little(
    curve: gost.Curve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With s = r d, which the owner of a key can make, (s/e) G - (r/e) Q is the neutral element."""
    monkeypatch.setattr(gost.Curve, "multiple", lambda *_: pytest.fail("by the definition: some hundred times as slow"))
    key = gost.PrivateKey(curve, 2**200 + 1)
    digest = bytes(range(1, curve.octets + 1))
    for r in (1, 5, curve.q - 1):
        numbers = r, r * key.number % curve.q
        value = b"".join(number.to_bytes(curve.octets, "little") for number in numbers)
        assert not verify(key.public_key(), digest, value)
    good = sign_with_nonce(key, digest, 2**150 + 3)
    assert good is not None
    assert verify(key.public_key(), digest, good)


@pytest.mark.parametrize("curve", CURVES, ids=lambda curve: curve.name)
def test_sums_are_those_of_the_definition_where_the_quick_formulas_do_not_hold(curve: gost.Curve) -> None:
    points = Group(curve, int)
    generator = points.generator
    twice = points.prepared(curve.multiple(2, curve.generator) or curve.generator)
    opposite = points.prepared((curve.generator[0], curve.p - curve.generator[1]))
    for first, second in ((2, 1), (4, 2), (6, 3), (curve.q - 2, 1), (2**64, 2**63), (0, 0), (1, 0), (0, 5)):
        expected = curve.sum(curve.multiple(first, curve.generator), curve.multiple(second, twice.point))
        assert points.sum((first, generator), (second, twice)) == expected
        expected = curve.sum(curve.multiple(first, curve.generator), curve.multiple(second, opposite.point))
        assert points.sum((first, generator), (second, opposite)) == expected


def test_sixteen_signers_of_a_stranger_cost_no_more_searches_than_two(monkeypatch: pytest.MonkeyPatch) -> None:
    """A CMS may name as many signers; the search for a path that one of them leads to is not made for each."""
    from signing.certification_path import building

    tried = 0

    def counted(*arguments: object, **named: object) -> bool:
        nonlocal tried
        tried += 1
        return False

    monkeypatch.setattr(building, "verify_signature", counted)
    building._is_signed_by.cache_clear()
    building.first_path.cache_clear()
    stranger = SandboxPki.create(
        not_before=AT - timedelta(days=9), not_after=AT + timedelta(days=99), key="gost2004", keys_of=pki("gost2004")
    )
    algorithm = signature_algorithm("gost34310-2004")
    assert algorithm is not None
    for signers in (1, 16):
        tried = 0
        report = verify_detached(
            signed("gost2004", "gost34311", algorithm.oids[0], signers),
            [CONTENT],
            policy=NATIONAL,
            anchors=stranger.trust_anchors(),
            at=AT,
        )
        assert len(report.signatures) == signers
        assert report.indication is not Indication.TOTAL_PASSED
        assert tried <= 4
    building.first_path.cache_clear()


def test_a_signature_whose_path_nobody_looked_for_any_more_is_not_called_broken() -> None:
    """What strangers beside it spent is theirs."""
    algorithm = signature_algorithm("gost34310-2004")
    assert algorithm is not None
    spent = replace(NATIONAL, max_signature_checks=0)
    report = judged("gost2004", signed("gost2004", "gost34311", algorithm.oids[0]), spent)
    assert report.indication is Indication.INDETERMINATE
    assert (
        next(each for each in report.signatures[0].checks if each.id == "path.limits").conclusion
        is Conclusion.INDETERMINATE
    )
