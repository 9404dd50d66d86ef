"""Detached CMS: what we sign verifies, and every way to bend it is seen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from hypothesis import given, settings
from hypothesis import strategies as st

from signing import (
    DEFAULT_SIGNING,
    KZ_DOCUMENT,
    SANDBOX_DOCUMENT,
    AttachedValidation,
    Certificate,
    Check,
    Conclusion,
    Indication,
    IssuedKey,
    Malformed,
    SandboxPki,
    SigningError,
    SigningPolicy,
    SubIndication,
    TrustAnchors,
    ValidationReport,
    asn1,
    cades,
    cms,
    sign_detached,
    verify_attached,
    verify_detached,
)
from signing.algorithms import digest_algorithm
from signing.verify.detached import CHECKS

VECTORS = Path(__file__).resolve().parents[3] / ".." / "shared" / "pki" / "vectors"
AT = datetime(2026, 11, 10, 12, 0, tzinfo=UTC)
CONTENT = b"report " * 1000
FAILED, UNDECIDED = Indication.TOTAL_FAILED, Indication.INDETERMINATE
FORMAT, HASH = SubIndication.FORMAT_FAILURE, SubIndication.HASH_FAILURE
SIG, CRYPTO = SubIndication.SIG_CONSTRAINTS_FAILURE, SubIndication.CRYPTO_CONSTRAINTS_FAILURE

SHA1, SHA256, SHA384 = "1.3.14.3.2.26", "2.16.840.1.101.3.4.2.1", "2.16.840.1.101.3.4.2.2"
RSA_SHA1, RSA_SHA256, RSA_PLAIN = "1.2.840.113549.1.1.5", "1.2.840.113549.1.1.11", "1.2.840.113549.1.1.1"
ENVELOPED = "1.2.840.113549.1.7.3"


def seq(*parts: bytes) -> bytes:
    return asn1.encode(asn1.SEQUENCE, *parts)


def identifier(oid: str, *, null: bool = True) -> bytes:
    return seq(asn1.encode_oid(oid), b"\x05\x00" if null else b"")


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A SignedData in parts; one field is replaced, the rest stays right and is signed again."""

    key: IssuedKey
    content: bytes = CONTENT
    content_type: str = cms.DATA
    attribute_content_type: str | None = cms.DATA
    message_digest: bytes | None = None
    digest_oid: str = SHA256
    signature_oid: str = RSA_SHA256
    signature_identifier: bytes | None = None
    reference: bytes | None = None
    extra_attributes: tuple[bytes, ...] = ()
    drop: tuple[str, ...] = ()
    signed_attributes: bool = True
    attached: bytes | None = None
    certificates: tuple[bytes, ...] | None = None
    identifier: bytes | None = None
    signature: Callable[[bytes], bytes] | None = None
    signers: int = 1
    unsigned: bytes = b""
    tail: bytes = b""

    def attributes(self) -> bytes:
        hash_ = digest_algorithm({SHA256: "sha256", SHA384: "sha384"}.get(self.digest_oid, "sha256"))
        digest = self.message_digest if self.message_digest is not None else hash_.of(self.content)
        reference = self.reference or seq(
            seq(seq(asn1.encode(asn1.OCTET_STRING, digest_algorithm("sha256").of(self.key.certificate))))
        )
        made = {
            cades.CONTENT_TYPE: asn1.encode_oid(self.attribute_content_type),
            cades.MESSAGE_DIGEST: asn1.encode(asn1.OCTET_STRING, digest),
            cades.SIGNING_TIME: asn1.encode_time(AT),
            cades.SIGNING_CERTIFICATE_V2: reference,
        }
        listed = [cms.encode_attribute(oid, value) for oid, value in made.items() if oid not in self.drop]
        return asn1.encode_set([*listed, *self.extra_attributes])

    def der(self) -> bytes:
        signer = Certificate.from_der(self.key.certificate)
        attributes = self.attributes()
        signed = attributes if self.signed_attributes else self.content
        value = self.signature(signed) if self.signature else self.key.signing_key().sign(signed)
        own = seq(signer.issuer.der, asn1.encode_integer(signer.serial))
        signer_info = seq(
            asn1.encode_integer(1),
            self.identifier or own,
            identifier(self.digest_oid),
            b"\xa0" + attributes[1:] if self.signed_attributes else b"",
            self.signature_identifier or identifier(self.signature_oid),
            asn1.encode(asn1.OCTET_STRING, value),
            asn1.encode(0xA1, self.unsigned) if self.unsigned else b"",
        )
        content = asn1.encode(0xA0, asn1.encode(asn1.OCTET_STRING, self.attached)) if self.attached is not None else b""
        bag = (self.key.certificate, *self.key.chain) if self.certificates is None else self.certificates
        signed_data = seq(
            asn1.encode_integer(1),
            asn1.encode_set([identifier(self.digest_oid)]),
            seq(asn1.encode_oid(self.content_type), content),
            asn1.encode_set(bag, tag=0xA0) if bag else b"",
            asn1.encode_set([signer_info] * self.signers),
        )
        return seq(asn1.encode_oid(cms.SIGNED_DATA), asn1.encode(0xA0, signed_data)) + self.tail


def judged(
    signature: bytes, pki: SandboxPki, policy: object = SANDBOX_DOCUMENT, content: bytes = CONTENT
) -> ValidationReport:
    return verify_detached(signature, [content], policy=policy, anchors=pki.trust_anchors(), at=AT)


def broken(report: ValidationReport) -> set[str]:
    checks = [*report.checks, *(check for signature in report.signatures for check in signature.checks)]
    return {c.id for c in checks if c.conclusion in (Conclusion.FAILED, Conclusion.INDETERMINATE)}


# --- what we make ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["rsa-2048", "ec-p256", "ec-p384", "ec-p521", "ed25519"])
def test_what_we_sign_verifies(pki: SandboxPki, head: IssuedKey, kind: str):
    issued = head if kind == "rsa-2048" else pki.issue("head", "N", "O", key=kind)
    signature = sign_detached(
        [CONTENT[:10], CONTENT[10:]], issued.signing_key(), policy=DEFAULT_SIGNING, signing_time=AT
    )
    report = judged(signature, pki)
    assert report.indication is Indication.TOTAL_PASSED
    (one,) = report.signatures
    assert (one.format, one.level, one.signing_time, one.covered) == ("CAdES", "B-B", AT, ("content",))
    assert one.signer.sha256 == Certificate.from_der(issued.certificate).sha256


@given(st.lists(st.binary(max_size=50), max_size=6))
@settings(max_examples=25, deadline=None)
def test_how_the_content_is_cut_does_not_matter(chunks: list[bytes]):
    pki, key = PKI, KEY
    signature = sign_detached(chunks, key.signing_key(), policy=DEFAULT_SIGNING, signing_time=AT)
    whole = b"".join(chunks)
    assert judged(signature, pki, content=whole).indication is Indication.TOTAL_PASSED
    assert judged(signature, pki, content=whole + b".").sub_indication is HASH


PKI = SandboxPki.create(not_before=datetime(2026, 1, 1, tzinfo=UTC), not_after=datetime(2030, 1, 1, tzinfo=UTC))
KEY = PKI.issue("head", "N", "O", key="ec-p256")
ALONE = sign_detached(
    [CONTENT], KEY.signing_key(), policy=replace(DEFAULT_SIGNING, include_chain=False), signing_time=AT
)


@given(st.integers(0, 8 * len(ALONE) - 1))
@settings(max_examples=250, deadline=None)
def test_a_flipped_bit_never_passes_unless_it_says_nothing(bit: int):
    flipped = bytearray(ALONE)
    flipped[bit // 8] ^= 1 << bit % 8
    report = judged(bytes(flipped), PKI)
    if report.indication is Indication.TOTAL_PASSED:
        # not signed, and without meaning here: version numbers, the list of hashes for readers in one pass, and the
        # case of letters in the issuer's name by which the signer is looked up (RFC 5280, 7.1)
        assert substance(bytes(flipped)) == substance(ALONE)


def substance(signature: bytes) -> tuple[object, ...]:
    """What a signature says: the content's type, the certificates, the signed attributes, the algorithms, the value."""
    signed = cms.read_signed_data(signature)
    (one,) = signed.signers
    algorithms = (one.digest_algorithm, one.signature_algorithm)
    return (signed.content_type, signed.content, signed.certificates, one.signed_bytes, algorithms, one.signature)


def test_the_chain_travels_only_when_the_policy_says_so(head: IssuedKey):
    for include, count in ((True, 2), (False, 1)):
        policy = replace(DEFAULT_SIGNING, include_chain=include)
        signature = sign_detached([CONTENT], head.signing_key(), policy=policy, signing_time=AT)
        assert len(cms.read_signed_data(signature).certificates) == count


def test_another_certificate_digest_is_written_and_read(pki: SandboxPki, ec_head: IssuedKey):
    policy = SigningPolicy(name="strong", digest="sha512")
    signature = sign_detached([CONTENT], ec_head.signing_key(), policy=policy, signing_time=AT)
    assert judged(signature, pki).indication is Indication.TOTAL_PASSED


class FaultyToken:
    """A token whose signatures are wrong."""

    algorithm = "ecdsa-p256-sha256"

    def __init__(self, key: IssuedKey) -> None:
        self.certificate_chain = (key.certificate,)
        self._key = key.signing_key()

    def sign(self, message: bytes) -> bytes:
        return self._key.sign(message + b"!")


def test_a_wrong_signature_of_our_own_never_leaves(ec_head: IssuedKey):
    with pytest.raises(SigningError) as caught:
        sign_detached([CONTENT], FaultyToken(ec_head), policy=DEFAULT_SIGNING, signing_time=AT)
    assert caught.value.code == "signing.own-signature-wrong"


def test_signing_refuses_weak_hashes_and_times_without_a_zone(ec_head: IssuedKey):
    key = ec_head.signing_key()
    with pytest.raises(SigningError) as caught:
        sign_detached([], key, policy=SigningPolicy(name="weak", digest="sha1"), signing_time=AT)
    assert caught.value.code == "signing.algorithm-refused"
    with pytest.raises(SigningError):
        sign_detached([], key, policy=DEFAULT_SIGNING, signing_time=datetime(2026, 1, 1))


# --- what others bend --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Case:
    what: str
    check: str
    indication: Indication
    sub_indication: SubIndication
    make: Callable[[SandboxPki, IssuedKey], ValidationReport]
    also: frozenset[str] = frozenset()


def bent(**changes: object) -> Callable[[SandboxPki, IssuedKey], ValidationReport]:
    return lambda pki, key: judged(Draft(key=key, **changes).der(), pki)


def attribute(oid: str, value: bytes) -> bytes:
    return cms.encode_attribute(oid, value)


def two_values(oid: str, value: bytes) -> bytes:
    return seq(asn1.encode_oid(oid), asn1.encode_set([value, value + b""]))


def ess(hash_: bytes, *, algorithm: bytes = b"", tail: bytes = b"") -> bytes:
    return seq(seq(seq(algorithm, asn1.encode(asn1.OCTET_STRING, hash_), tail)))


def same_serial_twice(pki: SandboxPki, key: IssuedKey) -> ValidationReport:
    """Two certificates of one issuer and serial, which only a careless authority or a forger makes."""
    from tests.unit.signing import crafted_pki as made

    own = Certificate.from_der(key.certificate)
    twin = replace(made.Chain().leaf, serial=own.serial)
    issuer = replace(made.Chain().ca, subject=own.issuer.der)
    return judged(Draft(key=key, certificates=(key.certificate, twin.signed_by(issuer), *key.chain)).der(), pki)


def weak_signer(pki: SandboxPki, key: IssuedKey) -> ValidationReport:
    from tests.unit.signing import crafted_pki as made

    small = made.rsa_key(1024)
    chain = made.Chain().with_leaf(key=small)
    issued = IssuedKey(kind="head", certificate=chain.leaf.signed_by(chain.ca), chain=(), private_key=small)
    draft = Draft(
        key=issued,
        signature=lambda message: small.sign(message, padding.PKCS1v15(), hashes.SHA256()),
        certificates=(issued.certificate, chain.candidates[0].der),
    )
    policy = replace(SANDBOX_DOCUMENT, required_roles=())
    return verify_detached(draft.der(), [CONTENT], policy=policy, anchors=chain.anchors, at=AT)


def attributes_as_content(pki: SandboxPki, key: IssuedKey) -> ValidationReport:
    """The value over the attributes of one signature is also a value over a content that is those attributes."""
    draft = Draft(key=key, signed_attributes=False)
    octets = Draft(key=key).attributes()
    return judged(replace(draft, content=octets).der(), pki, content=octets)


def reordered(attributes: bytes) -> bytes:
    return asn1.encode(asn1.SET, *(each.raw for each in reversed(asn1.children(asn1.read_der(attributes)))))


def pss(*, salt: int = 32, trailer: bytes = b"") -> bytes:
    mask = seq(asn1.encode_oid("1.2.840.113549.1.1.8"), identifier(SHA256))
    parameters = seq(
        asn1.encode(0xA0, identifier(SHA256)),
        asn1.encode(0xA1, mask),
        asn1.encode(0xA2, asn1.encode_integer(salt)),
        trailer,
    )
    return seq(asn1.encode_oid("1.2.840.113549.1.1.10"), parameters)


def protection(digest: str, signature: str) -> bytes:
    return seq(identifier(digest, null=False), asn1.encode(0xA1, asn1.encode_oid(signature)))


def attached(signature: bytes, pki: SandboxPki, policy: object = SANDBOX_DOCUMENT) -> AttachedValidation:
    return verify_attached(signature, policy=policy, anchors=pki.trust_anchors(), at=AT)


SIGNATURE_POLICY, ALGORITHM_PROTECTION = "1.2.840.113549.1.9.16.2.15", "1.2.840.113549.1.9.52"
KEY_OID = "1.2.398.3.10.1.1.1.1"
CASES = (
    Case("garbage", "cms.format", FAILED, FORMAT, lambda pki, key: judged(b"\x30\x03\x02\x01", pki)),
    Case("C12 bytes after the end", "cms.format", FAILED, FORMAT, bent(tail=b"\x00")),
    Case("not SignedData", "cms.format", FAILED, FORMAT,
         lambda pki, key: judged(seq(asn1.encode_oid(ENVELOPED), asn1.encode(0xA0, b"\x05\x00")), pki)),
    Case("C11 indefinite length", "cms.format", FAILED, FORMAT,
         lambda pki, key: judged(b"\x30\x80" + Draft(key=key).der()[4:] + b"\x00\x00", pki)),
    Case("C11 seventeen signers", "cms.format", FAILED, FORMAT, bent(signers=17)),
    Case("C07 certificates only", "cms.signers", FAILED, FORMAT, bent(signers=0)),
    Case("C15 content attached", "cms.detached", FAILED, FORMAT, bent(attached=CONTENT)),
    Case("C01 attached content differs", "cms.detached", FAILED, HASH,
         lambda pki, key: judged(Draft(key=key, attached=b"other").der(), pki,
                                 replace(SANDBOX_DOCUMENT, allow_attached_content=True))),
    Case("C08 two certificates fit", "cms.signer", FAILED, FORMAT, same_serial_twice, frozenset({"signer.identified"})),
    Case("C04 no signed attributes", "cms.signed-attributes", FAILED, FORMAT, bent(signed_attributes=False),
         frozenset({"claims.signing-time"})),
    Case("C04 signed attributes taken away, and shown as the content they were signed as", "cms.signed-attributes",
         FAILED, FORMAT, attributes_as_content, frozenset({"claims.signing-time"})),
    Case("C10 PSS with a salt of another length", "cms.signed-attributes", FAILED, FORMAT,
         bent(signature_identifier=pss(salt=20))),
    Case("C10 PSS with a trailer", "cms.signed-attributes", FAILED, FORMAT,
         bent(signature_identifier=pss(trailer=b"\xa3\x03\x02\x01\x02"))),
    Case("C05 attributes encoded again in another order", "cms.signature-value", FAILED, SubIndication.SIG_CRYPTO_FAILURE,
         lambda pki, key: judged(Draft(key=key, signature=lambda m: key.signing_key().sign(reordered(m))).der(), pki)),
    Case("C02 no message digest", "cms.signed-attributes", FAILED, FORMAT, bent(drop=(cades.MESSAGE_DIGEST,)),
         frozenset({"claims.signing-time"})),
    Case("C02 no content type", "cms.signed-attributes", FAILED, FORMAT, bent(drop=(cades.CONTENT_TYPE,)),
         frozenset({"claims.signing-time"})),
    Case("C02 message digest twice", "cms.signed-attributes", FAILED, FORMAT,
         bent(extra_attributes=(attribute(cades.MESSAGE_DIGEST, asn1.encode(asn1.OCTET_STRING, b"x" * 32)),)),
         frozenset({"claims.signing-time"})),
    Case("C02 content type of two values", "cms.signed-attributes", FAILED, FORMAT,
         bent(drop=(cades.CONTENT_TYPE,), extra_attributes=(two_values(cades.CONTENT_TYPE, asn1.encode_oid(cms.DATA)),)),
         frozenset({"claims.signing-time"})),
    Case("C02 signing time twice", "cms.signed-attributes", FAILED, FORMAT,
         bent(extra_attributes=(attribute(cades.SIGNING_TIME, asn1.encode_time(datetime(2020, 1, 1, tzinfo=UTC))),)),
         frozenset({"claims.signing-time"})),
    Case("C04 content type of the whole is another", "cms.content-type", FAILED, FORMAT,
         bent(content_type=ENVELOPED, attribute_content_type=ENVELOPED)),
    Case("C03 content types differ", "cms.content-type", FAILED, FORMAT, bent(attribute_content_type=ENVELOPED)),
    Case("C13 content hashed with SHA-1", "cms.digest-algorithm", FAILED, CRYPTO, bent(digest_oid=SHA1),
         frozenset({"cms.algorithms-agree"})),
    Case("content hashed with an unknown hash", "cms.digest-algorithm", UNDECIDED, CRYPTO, bent(digest_oid="1.2.3"),
         frozenset({"cms.signature-algorithm"})),
    Case("C01 content changed", "cms.message-digest", FAILED, HASH,
         lambda pki, key: judged(Draft(key=key).der(), pki, content=CONTENT + b"!")),
    Case("time-stamp attribute that is none", "cms.unsigned-attributes", FAILED, FORMAT,
         bent(unsigned=attribute("1.2.840.113549.1.9.16.2.24", b"\x05\x00"))),
    Case("signed under a policy nobody knows", "cms.signature-policy", UNDECIDED,
         SubIndication.SIGNATURE_POLICY_NOT_AVAILABLE,
         bent(extra_attributes=(attribute(SIGNATURE_POLICY, seq(asn1.encode_oid("1.2.3"))),))),
    Case("algorithms repeated under the signature are others", "cms.algorithms-agree", FAILED, SIG,
         bent(extra_attributes=(attribute(ALGORITHM_PROTECTION, protection(SHA384, RSA_SHA256)),))),
    Case("C02 algorithms repeated under the signature, and one of them left empty", "cms.signed-attributes", FAILED, FORMAT,
         bent(extra_attributes=(attribute(ALGORITHM_PROTECTION, seq(identifier(SHA256), b"\xa1\x00")),)),
         frozenset({"claims.signing-time"})),
    Case("C06 reference that names an issuer without a name", "cms.signed-attributes", FAILED, FORMAT,
         bent(reference=ess(b"x" * 32, tail=seq(seq(b"\xa4\x00"), asn1.encode_integer(1)))),
         frozenset({"claims.signing-time"})),
    Case("no content where it should be attached", "cms.attached", UNDECIDED, SubIndication.SIGNED_DATA_NOT_FOUND,
         lambda pki, key: attached(Draft(key=key).der(), pki).report, frozenset({"cms.message-digest"})),
    Case("C06 no reference to the certificate", "cms.signing-certificate", FAILED, SIG,
         bent(drop=(cades.SIGNING_CERTIFICATE_V2,))),
    Case("C06 reference to another certificate", "cms.signing-certificate", FAILED, SIG, bent(reference=ess(b"x" * 32))),
    Case("reference by SHA-1", "cms.signing-certificate", FAILED, CRYPTO,
         bent(reference=ess(b"x" * 20, algorithm=identifier(SHA1)))),
    Case("reference of the first version", "cms.signing-certificate", FAILED, CRYPTO,
         bent(drop=(cades.SIGNING_CERTIFICATE_V2,),
              extra_attributes=(attribute(cades.SIGNING_CERTIFICATE_V1, ess(b"x" * 20)),))),
    Case("C13 signed with SHA-1", "cms.signature-algorithm", FAILED, CRYPTO,
         bent(signature_oid=RSA_SHA1), frozenset({"cms.algorithms-agree"})),
    Case("plain RSA over SHA-1", "cms.digest-algorithm", FAILED, CRYPTO,
         bent(digest_oid=SHA1, signature_oid=RSA_PLAIN), frozenset({"cms.signature-algorithm"})),
    Case("unknown signature algorithm", "cms.signature-algorithm", UNDECIDED, CRYPTO, bent(signature_oid="1.2.3")),
    Case("C09 hash of the signature is another", "cms.algorithms-agree", FAILED, SIG, bent(digest_oid=SHA384)),
    Case("value of another message", "cms.signature-value", FAILED, SubIndication.SIG_CRYPTO_FAILURE,
         lambda pki, key: judged(Draft(key=key, signature=lambda m: key.signing_key().sign(m + b"!")).der(), pki)),
    Case("C05 attributes signed with their implicit tag", "cms.signature-value", FAILED, SubIndication.SIG_CRYPTO_FAILURE,
         lambda pki, key: judged(Draft(key=key, signature=lambda m: key.signing_key().sign(b"\xa0" + m[1:])).der(), pki)),
    Case("key of another type", "cms.signature-value", FAILED, SubIndication.SIG_CRYPTO_FAILURE,
         lambda pki, key: judged(Draft(key=KEY, certificates=(KEY.certificate, *KEY.chain)).der(), PKI)),
    Case("C13 RSA of 1024 bits", "cms.signature-value", FAILED, CRYPTO, weak_signer, frozenset({"path.keys"})),
)  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.what)
def test_refuses_what_is_bent_in_one_place_and_says_where(case: Case, pki: SandboxPki, head: IssuedKey):
    report = case.make(pki, head)
    assert (report.indication, report.sub_indication) == (case.indication, case.sub_indication)
    assert broken(report) - case.also == {case.check}


def test_every_check_has_a_case():
    assert {case.check for case in CASES} == CHECKS


def test_the_drafts_of_this_test_pass_when_nothing_is_bent(pki: SandboxPki, head: IssuedKey):
    assert judged(Draft(key=head).der(), pki).indication is Indication.TOTAL_PASSED


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"signature_oid": RSA_PLAIN}, id="plain RSA names no hash"),
        pytest.param({"signers": 2}, id="two signers"),
        pytest.param({"extra_attributes": (attribute("1.2.3.4", b"\x05\x00"),)}, id="unknown signed attribute"),
        pytest.param({"unsigned": attribute("1.2.3.4", b"\x05\x00")}, id="unknown unsigned attribute"),
    ],
)
def test_passes_what_the_standard_leaves_free(pki: SandboxPki, head: IssuedKey, changes: dict[str, object]):
    assert judged(Draft(key=head, **changes).der(), pki).indication is Indication.TOTAL_PASSED


def test_stray_certificates_change_nothing(pki: SandboxPki, head: IssuedKey):
    bag = (seq(b"\x05\x00"), KEY.certificate, head.certificate, *head.chain)
    assert judged(Draft(key=head, certificates=bag).der(), pki).indication is Indication.TOTAL_PASSED


def test_the_signer_may_be_named_by_key_identifier(pki: SandboxPki, head: IssuedKey):
    key_id = Certificate.from_der(head.certificate).subject_key_id
    report = judged(Draft(key=head, identifier=asn1.encode(0x80, key_id)).der(), pki)
    assert report.indication is Indication.TOTAL_PASSED


def test_a_signer_that_is_not_in_the_bag_is_not_identified(pki: SandboxPki, head: IssuedKey):
    report = judged(Draft(key=head, certificates=head.chain).der(), pki)
    assert (report.indication, report.sub_indication) == (UNDECIDED, SubIndication.NO_SIGNING_CERTIFICATE_FOUND)


def test_one_bad_signer_among_two_fails_the_whole_and_each_has_its_verdict(pki: SandboxPki, head: IssuedKey):
    good = cms.read_signed_data(Draft(key=head).der())
    parts = [Draft(key=head).der(), Draft(key=head, message_digest=b"x" * 32).der()]
    infos = [signer_info_of(der) for der in parts]
    signed_data = seq(
        asn1.encode_integer(1),
        asn1.encode_set([identifier(SHA256)]),
        seq(asn1.encode_oid(cms.DATA)),
        asn1.encode_set(good.certificates, tag=0xA0),
        asn1.encode_set(infos),
    )
    report = judged(seq(asn1.encode_oid(cms.SIGNED_DATA), asn1.encode(0xA0, signed_data)), pki)
    assert (report.indication, report.sub_indication) == (FAILED, HASH)
    verdicts = {signature.indication for signature in report.signatures}
    assert verdicts == {Indication.TOTAL_PASSED, Indication.TOTAL_FAILED}


def signer_info_of(der: bytes) -> bytes:
    content = asn1.children(asn1.children(asn1.read_der(der))[1])[0]
    return asn1.children(asn1.children(content)[-1])[0].raw


def test_attached_content_passes_by_policy_when_it_is_the_same(pki: SandboxPki, head: IssuedKey):
    policy = replace(SANDBOX_DOCUMENT, allow_attached_content=True)
    assert judged(Draft(key=head, attached=CONTENT).der(), pki, policy).indication is Indication.TOTAL_PASSED


def test_attached_content_is_compared_even_when_its_hash_is_unknown(pki: SandboxPki, head: IssuedKey):
    policy = replace(SANDBOX_DOCUMENT, allow_attached_content=True)
    for attached, verdict in ((CONTENT, Conclusion.PASSED), (b"other", Conclusion.FAILED)):
        draft = Draft(key=head, attached=attached, digest_oid="1.2.398.3.10.1.3.3")
        (check,) = (c for c in judged(draft.der(), pki, policy).checks if c.id == "cms.detached")
        assert check.conclusion is verdict


def test_an_unbound_certificate_passes_by_policy_and_is_said_aloud(pki: SandboxPki, head: IssuedKey):
    policy = replace(SANDBOX_DOCUMENT, require_signing_certificate=False)
    report = judged(Draft(key=head, drop=(cades.SIGNING_CERTIFICATE_V2,)).der(), pki, policy)
    assert report.indication is Indication.TOTAL_PASSED
    (one,) = report.signatures
    assert (one.format, one.level) == ("CMS", "")
    assert Check.not_performed("cms.signing-certificate", reason="absent") in one.checks


def test_issuer_and_serial_in_the_reference_must_be_true(pki: SandboxPki, head: IssuedKey):
    signer = Certificate.from_der(head.certificate)
    digest = digest_algorithm("sha256").of(head.certificate)
    for serial, expected in ((signer.serial, Indication.TOTAL_PASSED), (signer.serial + 1, FAILED)):
        issuer = seq(seq(asn1.encode(0xA4, signer.issuer.der)), asn1.encode_integer(serial))
        assert judged(Draft(key=head, reference=ess(digest, tail=issuer)).der(), pki).indication is expected


def test_a_key_oid_in_place_of_the_algorithm_is_accepted_by_policy_only(pki: SandboxPki, head: IssuedKey):
    signature = Draft(key=head, digest_oid="1.2.398.3.10.1.3.1", signature_oid=KEY_OID).der()
    strict = judged(signature, pki).signatures[0]
    assert next(each for each in strict.checks if each.id == "cms.algorithms-agree").conclusion is Conclusion.FAILED
    lenient = judged(signature, pki, replace(SANDBOX_DOCUMENT, accept_key_oid_as_signature_algorithm=True)).signatures[
        0
    ]
    agreement = next(check for check in lenient.checks if check.id == "cms.algorithms-agree")
    assert agreement.conclusion is Conclusion.PASSED
    assert (lenient.indication, lenient.sub_indication) == (FAILED, SubIndication.HASH_FAILURE)  # made over SHA-256


def test_a_time_stamp_that_is_none_fails_and_proves_nothing(pki: SandboxPki, head: IssuedKey):
    stamp = attribute(cades.SIGNATURE_TIME_STAMP, seq(b"\x05\x00"))
    (one,) = judged(Draft(key=head, unsigned=stamp).der(), pki).signatures
    assert [each.indication for each in one.time_stamps] == [FAILED]
    assert one.best_signature_time == AT


def test_a_stranger_s_signature_is_indeterminate(stranger_pki: SandboxPki, head: IssuedKey):
    report = judged(Draft(key=head).der(), stranger_pki)
    assert (report.indication, report.sub_indication) == (UNDECIDED, SubIndication.NO_CERTIFICATE_CHAIN_FOUND)


def test_the_national_policy_ends_indeterminate_with_sandbox_anchors(pki: SandboxPki, head: IssuedKey):
    report = judged(Draft(key=head).der(), pki, KZ_DOCUMENT)
    assert report.indication is UNDECIDED


def test_limits_of_the_structure():
    for name, certificates, attributes in (("certificates", 65, 0), ("attributes", 0, 62)):
        draft = Draft(
            key=KEY,
            certificates=tuple(seq(asn1.encode_integer(n)) for n in range(certificates)),
            extra_attributes=tuple(attribute(f"1.2.3.{n}", b"\x05\x00") for n in range(attributes)),
        )
        with pytest.raises(Malformed) as caught:
            cms.read_signed_data(draft.der())
        assert (caught.value.code, caught.value.params["what"]) == ("signing.cms-too-many", name)
    with pytest.raises(Malformed):
        cms.read_signed_data(b"\x30" * (cms.MAX_BYTES + 1))


def test_content_that_cannot_be_read_is_the_caller_s_error(pki: SandboxPki, head: IssuedKey):
    def torn():
        yield CONTENT[:10]
        raise OSError("disk")

    with pytest.raises(OSError, match="disk"):
        verify_detached(Draft(key=head).der(), torn(), policy=SANDBOX_DOCUMENT, anchors=pki.trust_anchors(), at=AT)


@pytest.mark.skipif(not VECTORS.is_dir(), reason="the public samples of the national PKI are not beside the project")
def test_a_national_cms_of_two_families_has_a_verdict_for_each_signer():
    anchors = TrustAnchors.from_pem(
        "national test",
        "test",
        (VECTORS / "test-ca/root_test_gost_2022.cer").read_bytes(),
        (VECTORS / "test-ca/nca_gost2022_test.cer").read_bytes(),
    )
    policy = replace(
        KZ_DOCUMENT,
        required_roles=(),
        allow_attached_content=True,
        revocation="not-checked",
        timestamp="not-required",
    )
    report = verify_detached(
        (VECTORS / "cms/cms_unit_0.der").read_bytes(),
        [b"test123"],
        policy=policy,
        anchors=anchors,
        at=datetime(2022, 10, 1, tzinfo=UTC),
    )
    national, rsa_signer = report.signatures
    assert (national.indication, national.sub_indication) == (Indication.TOTAL_PASSED, None)
    passed = {check.id for check in rsa_signer.checks if check.conclusion is Conclusion.PASSED}
    assert {"cms.message-digest", "cms.signature-value", "signer.key-usage"} <= passed
    assert rsa_signer.sub_indication is SubIndication.NO_CERTIFICATE_CHAIN_FOUND
    assert report.indication is UNDECIDED


def test_the_shape_of_that_sample_passes_with_keys_made_here(pki: SandboxPki, head: IssuedKey):
    """Attached content, no ESSCertIDv2, plain RSA."""
    policy = replace(SANDBOX_DOCUMENT, allow_attached_content=True, require_signing_certificate=False)
    draft = Draft(key=head, attached=CONTENT, drop=(cades.SIGNING_CERTIFICATE_V2,), signature_oid=RSA_PLAIN)
    assert judged(draft.der(), pki, policy).indication is Indication.TOTAL_PASSED
