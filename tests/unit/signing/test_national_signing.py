"""National keys throughout: authorities, time-stamps, status, and every form and level made with them and verified.

One world for each kind of key, made once: authority, responder, time-stamp authority and signers all of that kind.
"""

from __future__ import annotations

import hashlib
import io
import re
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache, cached_property
from typing import Literal

import pytest
from lxml import etree

from signing import (
    DEFAULT_SIGNING,
    KZ_DOCUMENT,
    SANDBOX_DOCUMENT,
    SANDBOX_ENVELOPE,
    DataObject,
    Indication,
    IssuedKey,
    SandboxPki,
    SandboxServices,
    SandboxTsa,
    SigningError,
    SigningKey,
    StatusUrls,
    SubIndication,
    TimeStampAuthority,
    TrustAnchors,
    add_cades_signature,
    add_cms,
    add_signature,
    add_signer,
    asn1,
    augment_container,
    augment_detached,
    augment_xml,
    cades_manifest,
    complete_detached,
    complete_signature,
    prepare_detached,
    prepare_signature,
    sign_attached,
    sign_container,
    sign_container_cades,
    sign_detached,
    sign_envelope,
    sign_xml,
    verify_attached,
    verify_container,
    verify_detached,
    verify_envelope,
    verify_xml,
)
from signing import cms as cms_structure
from signing.algorithms import NATIONAL_KEY_FORMS, digest_algorithm, national_key_form, signature_algorithm
from signing.cades import read_signed_attributes
from signing.certificates import Certificate
from signing.keys import pkcs12
from signing.policy import ETSI_BASELINE
from signing.timestamp import read_token
from tests.unit.signing import xml_material as m
from tests.unit.signing.crafted_pki import BIN, IIN
from tests.unit.signing.test_keys import VECTORS

AT = datetime.fromisoformat("2026-11-10T12:00:00+00:00")
LATER = AT + timedelta(hours=1)
KINDS = ("gost2015-512", "gost2015-256", "gost2004")
IN_XML = ("gost2015-512", "gost2004")
STRICT = replace(SANDBOX_DOCUMENT, name="strict", revocation="required", timestamp="required")
DOCUMENT = '<есеп xmlns="urn:elshi:test"><жол n="1">100</жол>\n</есеп>'.encode()
CONTENT = b"report " * 200
PASSED = Indication.TOTAL_PASSED
LEVELS = ("B-B", "B-T", "B-LT", "B-LTA")
Level = Literal["B-B", "B-T", "B-LT", "B-LTA"]


@dataclass
class World:
    """Everything of one kind of key; the time is told by `now`."""

    kind: str
    now: datetime = AT
    names: dict[str, IssuedKey] = field(default_factory=dict)

    @cached_property
    def pki(self) -> SandboxPki:
        return SandboxPki.create(
            not_before=AT - timedelta(days=100),
            not_after=AT + timedelta(days=1000),
            key=self.kind,
            urls=StatusUrls(),
        )

    def issued(self, kind: str = "head") -> IssuedKey:
        if kind not in self.names:
            number = BIN if kind in {"head", "information-system"} else None
            self.names[kind] = self.pki.issue(
                kind,
                f"ТЕСТОВ {kind}",
                "Министерство испытаний",
                bin=number,
                iin=IIN if kind == "head" else None,
                key=self.kind,
            )
        return self.names[kind]

    def key(self, kind: str = "head") -> SigningKey:
        return self.issued(kind).signing_key()

    @cached_property
    def services(self) -> SandboxServices:
        tsa = SandboxTsa(key=self.issued("tsa"), clock=lambda: self.now)
        return SandboxServices.of(self.pki, lambda: self.now, responder=self.issued("ocsp-responder"), tsa=tsa)

    @property
    def digest(self) -> str:
        return signature_algorithm(national_key_form(self.kind).algorithm).digest

    @cached_property
    def authority(self) -> TimeStampAuthority:
        """Imprints are hashed by the national hash too, as national tools ask."""
        return TimeStampAuthority(
            url="http://tsa.sandbox.invalid/",
            fetcher=self.services,
            nonce=lambda: 7,
            clock=lambda: self.now,
            digest=self.digest,
        )

    @property
    def judging(self) -> dict[str, object]:
        return {"policy": STRICT, "anchors": self.pki.trust_anchors(), "at": LATER, "fetcher": self.services}

    @property
    def lenient(self) -> dict[str, object]:
        return {**self.judging, "policy": SANDBOX_DOCUMENT}

    @property
    def raising(self) -> dict[str, object]:
        how = {"policy": STRICT, "anchors": self.pki.trust_anchors(), "at": AT, "fetcher": self.services}
        return {**how, "time_stamps": self.authority}


@cache
def world(kind: str) -> World:
    return World(kind=kind)


def objects() -> list[DataObject]:
    return [
        DataObject(name="есеп.xml", media_type="application/xml", open=lambda: io.BytesIO(DOCUMENT)),
        DataObject(name="a.txt", media_type="text/plain", open=lambda: io.BytesIO(CONTENT)),
    ]


def stamps(w: World, level: Level) -> TimeStampAuthority | None:
    return None if level == "B-B" else w.authority


# --- authorities ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", KINDS)
def test_certificates_are_in_the_national_form(kind: str):
    w, form = world(kind), national_key_form(kind)
    for der in (w.pki.root, w.pki.intermediate, w.issued().certificate):
        certificate = Certificate.from_der(der)
        assert (certificate.public_key.type, certificate.public_key.weakness) == (kind, None)
        _, identifier, _ = asn1.children(asn1.read_der(der))
        assert asn1.oid(asn1.children(identifier)[0]) == signature_algorithm(form.algorithm).oids[0]
        # SHA-1 over the content of the BIT STRING, the inner OCTET STRING's header included, as the national CA does
        _, bits = asn1.children(asn1.read_der(certificate.public_key_info))
        octets = asn1.bit_string_octets(bits)
        assert octets[0] == asn1.OCTET_STRING
        assert certificate.subject_key_id == hashlib.sha1(octets).digest()
    assert Certificate.from_der(w.pki.intermediate).authority_key_id == Certificate.from_der(w.pki.root).subject_key_id


@pytest.mark.parametrize("kind", KINDS)
def test_a_person_s_key_usage_is_the_national_one(kind: str):
    from cryptography import x509

    usage = x509.load_der_x509_certificate(world(kind).issued().certificate).extensions.get_extension_for_class(
        x509.KeyUsage
    )
    assert (usage.value.digital_signature, usage.value.content_commitment) == (True, True)
    assert usage.value.key_agreement is (kind != "gost2004")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("source", ["OCSP by a responder", "OCSP by the authority", "list"])
def test_status_of_a_national_certificate_is_known(kind: str, source: str):
    w = world(kind)
    services = SandboxServices.of(
        w.pki, lambda: w.now, responder=None if source == "OCSP by the authority" else w.issued("ocsp-responder")
    )
    if source == "list":
        services.down.add(w.pki.urls.ocsp)
    policy = replace(SANDBOX_DOCUMENT, revocation="required")
    signature = sign_detached([CONTENT], w.key(), policy=DEFAULT_SIGNING, signing_time=AT)

    def judged() -> Indication:
        return verify_detached(
            signature, [CONTENT], policy=policy, anchors=w.pki.trust_anchors(), at=AT, fetcher=services
        ).indication

    assert judged() is PASSED
    services.register.revoke(w.issued().certificate, AT - timedelta(days=1), reason=1)
    assert judged() is Indication.TOTAL_FAILED


@pytest.mark.parametrize("kind", KINDS)
def test_a_forged_answer_of_a_national_responder_says_nothing(kind: str):
    w = world(kind)
    services = SandboxServices.of(w.pki, lambda: w.now, responder=w.issued("ocsp-responder"))
    services.ocsp = services.ocsp.wrong(broken_value=True)
    services.crl = services.crl.wrong(broken_value=True)
    policy = replace(SANDBOX_DOCUMENT, revocation="required")
    signature = sign_detached([CONTENT], w.key(), policy=DEFAULT_SIGNING, signing_time=AT)
    report = verify_detached(
        signature, [CONTENT], policy=policy, anchors=w.pki.trust_anchors(), at=AT, fetcher=services
    )
    assert report.indication is Indication.INDETERMINATE


@pytest.mark.parametrize("kind", KINDS)
def test_a_national_time_stamp_is_believed_and_a_broken_one_is_not(kind: str):
    w = world(kind)
    digest = digest_algorithm(w.digest)
    token = read_token(w.authority.stamp(digest, digest.of(b"value")))
    assert token.imprint == digest.of(b"value")
    broken = replace(w.authority, fetcher=replace(w.services, tsa=w.services.tsa.wrong(broken_value=True)))
    with pytest.raises(SigningError) as caught:
        broken.stamp(digest, digest.of(b"value"))
    assert caught.value.code == "signing.timestamp-not-believed"


@pytest.mark.parametrize(
    "families", [("rsa-2048", "gost2015-512"), ("gost2004", "rsa-2048"), ("gost2015-512", "gost2004")]
)
def test_an_authority_certifies_keys_of_another_family(families: tuple[str, str]):
    authority, holder = families
    pki = SandboxPki.create(not_before=AT - timedelta(days=1), not_after=AT + timedelta(days=9), key=authority)
    key = pki.issue("head", "N", "O", bin=BIN, key=holder).signing_key()
    signature = sign_detached([CONTENT], key, policy=DEFAULT_SIGNING, signing_time=AT)
    report = verify_detached(signature, [CONTENT], policy=SANDBOX_DOCUMENT, anchors=pki.trust_anchors(), at=AT)
    assert report.indication is PASSED


def test_a_key_pair_is_certified_again():
    w = world("gost2015-512")
    again = w.pki.issue("head", "N", "O", key_of=w.issued())
    assert again.private_key is w.issued().private_key
    assert (
        Certificate.from_der(again.certificate).public_key_info
        == Certificate.from_der(w.issued().certificate).public_key_info
    )


# --- containers ----------------------------------------------------------------------------------------------------------
@cache
def container(kind: str, level: Level, form: Literal["xades", "cades"]) -> bytes:
    w, out = world(kind), io.BytesIO()
    sign = sign_container if form == "xades" else sign_container_cades
    sign(objects(), w.key(), policy=DEFAULT_SIGNING, signing_time=AT, out=out, time_stamps=stamps(w, level))
    if level in {"B-LT", "B-LTA"}:
        raised = io.BytesIO()
        augment_container(out.getvalue(), raised, level=level, **w.raising)
        return raised.getvalue()
    return out.getvalue()


@pytest.mark.parametrize("kind", IN_XML)
@pytest.mark.parametrize("form", ["xades", "cades"])
@pytest.mark.parametrize("level", LEVELS)
def test_a_container_of_every_level_verifies(kind: str, form: str, level: Level):
    w = world(kind)
    judged = verify_container(container(kind, level, form), **(w.lenient if level == "B-B" else w.judging))
    (report,) = judged.report.signatures
    assert (judged.report.indication, report.level) == (PASSED, level)


@pytest.mark.parametrize("kind", IN_XML)
@pytest.mark.parametrize("form", ["xades", "cades"])
def test_at_b_lt_nobody_need_be_asked(kind: str, form: str):
    judged = verify_container(container(kind, "B-LT", form), **{**world(kind).judging, "fetcher": None})
    assert judged.report.indication is PASSED


@pytest.mark.parametrize("kind", IN_XML)
def test_every_digest_of_a_container_is_the_key_s_own(kind: str):
    w = world(kind)
    parts = m.parts_of(container(kind, "B-T", "xades"))
    root = etree.fromstring(parts[m.SIGNATURES])
    methods = {each.get("Algorithm") for each in root.iter(f"{{{m.DS}}}DigestMethod")}
    assert methods == {digest_algorithm(w.digest).xml_uri}
    (method,) = [each.get("Algorithm") for each in root.iter(f"{{{m.DS}}}SignatureMethod")]
    assert method == signature_algorithm(national_key_form(kind).algorithm).xmldsig_uri
    manifest = etree.fromstring(m.parts_of(container(kind, "B-B", "cades"))["META-INF/ASiCManifest001.xml"])
    assert {each.get("Algorithm") for each in manifest.iter(f"{{{m.DS}}}DigestMethod")} == {
        digest_algorithm(w.digest).xml_uri
    }


@pytest.mark.parametrize("kind", IN_XML)
def test_a_changed_object_or_value_fails(kind: str):
    w = world(kind)
    for form in ("xades", "cades"):
        good = container(kind, "B-B", form)
        same_again = verify_container(_repacked(good, CONTENT), **w.lenient).report
        (failed,) = verify_container(_repacked(good, b"other"), **w.lenient).report.signatures
        assert same_again.indication is PASSED
        assert (failed.indication, failed.sub_indication) == (Indication.TOTAL_FAILED, SubIndication.HASH_FAILURE)


def _repacked(good: bytes, content: bytes) -> bytes:
    import zipfile

    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(good)) as source, zipfile.ZipFile(out, "w") as target:
        for name in source.namelist():
            target.writestr(source.getinfo(name).filename, content if name == "a.txt" else source.read(name))
    return out.getvalue()


def test_other_families_sign_the_same_container():
    w, pki = (
        world("gost2015-512"),
        SandboxPki.create(not_before=AT - timedelta(days=9), not_after=AT + timedelta(days=900)),
    )
    other, older = pki.issue("signer", "R", "O", bin=BIN, key="ec-p256"), world("gost2004")
    first, second, third = io.BytesIO(container("gost2015-512", "B-B", "xades")), io.BytesIO(), io.BytesIO()
    add_signature(first.getvalue(), second, other.signing_key(), policy=DEFAULT_SIGNING, signing_time=AT)
    add_cades_signature(second.getvalue(), third, older.key(), policy=DEFAULT_SIGNING, signing_time=AT)
    for pki_of, passed in ((w.pki, 1), (pki, 1), (older.pki, 1)):
        judged = verify_container(third.getvalue(), policy=SANDBOX_DOCUMENT, anchors=pki_of.trust_anchors(), at=AT)
        assert [each.indication for each in judged.report.signatures].count(PASSED) == passed


# --- CMS -----------------------------------------------------------------------------------------------------------------
@cache
def cms(kind: str, level: Level, form: Literal["detached", "attached"]) -> bytes:
    w, how = world(kind), {"policy": DEFAULT_SIGNING, "signing_time": AT, "time_stamps": stamps(world(kind), level)}
    made = sign_detached([CONTENT], w.key(), **how) if form == "detached" else sign_attached(CONTENT, w.key(), **how)
    if level in {"B-LT", "B-LTA"}:
        return augment_detached(made, [CONTENT] if form == "detached" else None, level=level, **w.raising)
    return made


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("form", ["detached", "attached"])
@pytest.mark.parametrize("level", LEVELS)
def test_a_cms_of_every_level_verifies(kind: str, form: str, level: Level):
    how = world(kind).lenient if level == "B-B" else world(kind).judging
    made = cms(kind, level, form)
    report = verify_detached(made, [CONTENT], **how) if form == "detached" else verify_attached(made, **how).report
    (signer,) = report.signatures
    assert (report.indication, signer.level) == (PASSED, level)


@pytest.mark.parametrize("kind", KINDS)
def test_every_digest_of_a_cms_is_the_key_s_own(kind: str):
    w, digest = world(kind), digest_algorithm(world(kind).digest)
    (signer,) = cms_structure.read_signed_data(cms(kind, "B-B", "detached")).signers
    read = read_signed_attributes(signer)
    assert read.message_digest == digest.of(CONTENT)
    assert read.certificate_reference.digest == digest
    assert read.certificate_reference.value == digest.of(w.issued().certificate)
    assert asn1.encode_oid(digest.oid) in signer.fields
    assert asn1.encode_oid(signature_algorithm(w.key().algorithm).oids[0]) in signer.fields
    assert hashlib.sha256(w.issued().certificate).digest() not in signer.fields


@pytest.mark.parametrize("kind", KINDS)
def test_a_cms_over_other_content_fails(kind: str):
    report = verify_detached(cms(kind, "B-B", "detached"), [CONTENT + b"!"], **world(kind).lenient)
    assert (report.indication, report.signatures[0].sub_indication) == (
        Indication.TOTAL_FAILED,
        SubIndication.HASH_FAILURE,
    )


@pytest.mark.parametrize("kind", KINDS)
def test_a_second_signer_of_another_family_stands_beside_the_first(kind: str):
    w, other = world(kind), m.head()
    both = add_signer(cms(kind, "B-B", "detached"), [CONTENT], other, policy=DEFAULT_SIGNING, signing_time=m.NOW)
    for anchors in (w.pki.trust_anchors(), m.anchors()):
        report = verify_detached(both, [CONTENT], policy=SANDBOX_DOCUMENT, anchors=anchors, at=m.NOW)
        assert [each.indication for each in report.signatures].count(PASSED) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_device_signs_a_cms_in_two_steps(kind: str):
    w = world(kind)
    content_digest = digest_algorithm(w.digest).of(CONTENT)
    prepared = prepare_detached(content_digest, w.key().certificate_chain, policy=DEFAULT_SIGNING, signing_time=AT)
    assert prepared.algorithm == national_key_form(kind).algorithm
    assert prepared.octets_digest == digest_algorithm(w.digest).of(prepared.octets)
    made = complete_detached(prepared, w.key().sign(prepared.octets))
    assert verify_detached(made, [CONTENT], **w.lenient).indication is PASSED
    with pytest.raises(SigningError) as caught:
        complete_detached(prepared, w.key().sign(b"something else"))
    assert caught.value.code == "signing.own-signature-wrong"


@pytest.mark.parametrize("kind", IN_XML)
def test_a_device_signs_a_container_in_two_steps(kind: str):
    w, out = world(kind), io.BytesIO()

    def build(key: SigningKey, into: io.BytesIO) -> None:
        sign_container(objects(), key, policy=DEFAULT_SIGNING, signing_time=AT, out=into)

    chain = w.key().certificate_chain
    wanted = prepare_signature(lambda key: build(key, io.BytesIO()), chain)
    assert (wanted.algorithm, wanted.digest_algorithm) == (national_key_form(kind).algorithm, w.digest)
    value = w.key().sign(wanted.message)
    complete_signature(lambda key: build(key, out), chain, wanted.message, value)
    assert verify_container(out.getvalue(), **w.lenient).report.indication is PASSED
    for wrong in (w.key().sign(b"another"), value[::-1], value[:-1], b""):
        with pytest.raises(SigningError) as caught:
            complete_signature(lambda key: build(key, io.BytesIO()), chain, wanted.message, wrong)
        assert caught.value.code == "signing.two-step-not-this"


@pytest.mark.parametrize("kind", IN_XML)
def test_a_national_client_s_cms_goes_into_a_container(kind: str):
    w, out = world(kind), io.BytesIO()
    policy = replace(DEFAULT_SIGNING, digest=w.digest)
    first = container(kind, "B-B", "xades")
    manifest = cades_manifest(first, policy=policy)
    made = sign_detached([manifest], w.key(), policy=DEFAULT_SIGNING, signing_time=AT)
    add_cms(first, out, made, policy=policy)
    judged = verify_container(out.getvalue(), **w.lenient)
    assert [each.indication for each in judged.report.signatures] == [PASSED, PASSED]


# --- XML documents ---------------------------------------------------------------------------------------------------------
@cache
def xml(kind: str, level: Level) -> bytes:
    w = world(kind)
    made = sign_xml(DOCUMENT, w.key(), policy=DEFAULT_SIGNING, signing_time=AT, time_stamps=stamps(w, level))
    return augment_xml(made, level=level, **w.raising) if level in {"B-LT", "B-LTA"} else made


@pytest.mark.parametrize("kind", IN_XML)
@pytest.mark.parametrize("level", LEVELS)
def test_a_document_of_every_level_verifies(kind: str, level: Level):
    judged = verify_xml(xml(kind, level), **(world(kind).lenient if level == "B-B" else world(kind).judging))
    (report,) = judged.report.signatures
    assert (judged.report.indication, report.level) == (PASSED, level)


@pytest.mark.parametrize("kind", IN_XML)
def test_a_document_in_the_national_form_is_as_the_profile_says(kind: str):
    w = world(kind)
    made = sign_xml(DOCUMENT, w.key(), policy=DEFAULT_SIGNING, signing_time=AT, form="xmldsig")
    judged = verify_xml(made, **{**w.lenient, "policy": PLAIN})
    assert judged.report.indication is PASSED
    root = etree.fromstring(made)
    signature = root[-1]
    ds = f"{{{m.DS}}}"
    c14n = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
    assert signature.find(f".//{ds}CanonicalizationMethod").get("Algorithm") == c14n
    assert [each.get("Algorithm") for each in signature.iter(f"{ds}Transform")] == [
        f"{m.DS}enveloped-signature",
        f"{c14n}#WithComments",
    ]
    names = {
        "gost2015-512": (
            "urn:ietf:params:xml:ns:pkigovkz:xmlsec:algorithms:gostr34102015-gostr34112015-512",
            "urn:ietf:params:xml:ns:pkigovkz:xmlsec:algorithms:gostr34112015-512",
        ),
        "gost2004": (
            "http://www.w3.org/2001/04/xmldsig-more#gost34310-gost34311",
            "http://www.w3.org/2001/04/xmldsig-more#gost34311",
        ),
    }[kind]
    assert (
        signature.find(f".//{ds}SignatureMethod").get("Algorithm"),
        signature.find(f".//{ds}DigestMethod").get("Algorithm"),
    ) == names
    changed = made.replace(b">100<", b">900<")
    assert verify_xml(changed, **{**w.lenient, "policy": PLAIN}).report.indication is Indication.TOTAL_FAILED


PLAIN = replace(SANDBOX_DOCUMENT, require_signing_certificate=False, require_signing_time=False, co_signatures=True)


@pytest.mark.parametrize("kind", IN_XML)
@pytest.mark.parametrize("form", ["xmldsig", "xades"])
def test_rsa_then_a_national_key_on_one_document_are_judged_from_the_last_to_the_first(kind: str, form: str):
    pki = SandboxPki.create(not_before=AT - timedelta(days=1), not_after=AT + timedelta(days=9), keys_of=m.pki())
    by_rsa = pki.issue("head", "R", "O", bin=BIN, key_of=m.issued("head")).signing_key()
    by_nation = pki.issue("head", "N", "O", bin=BIN, key=kind).signing_key()
    signed = DOCUMENT
    for key in (by_rsa, by_nation):
        signed = sign_xml(signed, key, policy=DEFAULT_SIGNING, signing_time=AT, form=form)
    how = {"policy": PLAIN, "anchors": pki.trust_anchors(), "at": AT}
    judged = verify_xml(signed, **how)
    assert [each.indication for each in judged.report.signatures] == [PASSED, PASSED]
    strict = verify_xml(signed, **{**how, "policy": replace(PLAIN, co_signatures=False)})
    assert strict.report.indication is not PASSED
    # the later one covers the earlier: a change in it fails both
    broken = re.sub(
        rb"(<ds:SignatureValue>\s*)(.)", lambda found: found[1] + (b"B" if found[2] == b"A" else b"A"), signed, count=1
    )
    assert PASSED not in [each.indication for each in verify_xml(broken, **how).report.signatures]


# --- envelopes -------------------------------------------------------------------------------------------------------------
ENVELOPE = (
    b'<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Header/>'
    b"<soap:Body><a>100</a></soap:Body></soap:Envelope>"
)


@pytest.mark.parametrize("kind", ["rsa-2048", *IN_XML])
def test_an_envelope_is_signed_and_verified(kind: str):
    if kind == "rsa-2048":
        key, anchors, at = m.system(), m.anchors(), m.NOW
        digest = "sha256"
    else:
        w = world(kind)
        key, anchors, at, digest = w.key("information-system"), w.pki.trust_anchors(), AT, w.digest
    signed = sign_envelope(ENVELOPE, key, policy=DEFAULT_SIGNING, body_id="id-1")
    judged = verify_envelope(signed, policy=SANDBOX_ENVELOPE, anchors=anchors, at=at)
    assert judged.report.indication is PASSED
    (method,) = re.findall(rb'DigestMethod Algorithm="([^"]+)"', signed)
    assert method.decode() == digest_algorithm(digest).xml_uri
    changed = verify_envelope(signed.replace(b">100<", b">101<"), policy=SANDBOX_ENVELOPE, anchors=anchors, at=at)
    assert changed.report.indication is Indication.TOTAL_FAILED


# --- keys of the national test authority ---------------------------------------------------------------------------------
@pytest.mark.skipif(not VECTORS.is_dir(), reason="the public samples of the national PKI are not beside the project")
def test_what_a_key_of_the_national_test_authority_signs_leads_to_its_root():
    anchors = TrustAnchors.from_pem(
        "national test",
        "test",
        (VECTORS / "test-ca/root_test_gost_2022.cer").read_bytes(),
        (VECTORS / "test-ca/nca_gost2022_test.cer").read_bytes(),
    )
    key = pkcs12.load((VECTORS / "test-p12/head_valid.p12").read_bytes(), b"Qwerty12", test_keys=True)
    policy = replace(KZ_DOCUMENT, revocation="not-checked", timestamp="not-required", require_signing_time=False)
    how = {"policy": policy, "anchors": anchors, "at": AT}
    for form in ("xmldsig", "xades"):
        signed = sign_xml(DOCUMENT, key, policy=DEFAULT_SIGNING, signing_time=AT, form=form)
        assert verify_xml(signed, **how).report.indication is PASSED
    made = sign_detached([CONTENT], key, policy=DEFAULT_SIGNING, signing_time=AT)
    assert verify_detached(made, [CONTENT], **how).indication is PASSED


# --- what has no name in XML -------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("form", ["container", "container, CMS", "document", "national document", "envelope"])
def test_a_key_of_256_bits_is_refused_where_xml_has_no_name_for_it(form: str):
    w = world("gost2015-256")
    how = {"policy": DEFAULT_SIGNING, "signing_time": AT}
    out = io.BytesIO()
    sign = {
        "container": lambda: sign_container(objects(), w.key(), out=out, **how),
        "container, CMS": lambda: sign_container_cades(objects(), w.key(), out=out, **how),
        "document": lambda: sign_xml(DOCUMENT, w.key(), **how),
        "national document": lambda: sign_xml(DOCUMENT, w.key(), form="xmldsig", **how),
        "envelope": lambda: sign_envelope(
            ENVELOPE, w.key("information-system"), policy=DEFAULT_SIGNING, body_id="id-1"
        ),
    }[form]
    with pytest.raises(SigningError) as caught:
        sign()
    assert caught.value.code == "signing.algorithm-refused"
    assert not out.getvalue()


def test_a_digest_without_a_name_in_xml_is_refused_for_any_key():
    policy = replace(DEFAULT_SIGNING, digest="gost3411-2015-256")
    with pytest.raises(SigningError) as caught:
        sign_xml(DOCUMENT, m.head(), policy=policy, signing_time=m.NOW)
    assert caught.value.code == "signing.algorithm-refused"


def test_the_forms_of_keys_are_those_of_the_table():
    for form in NATIONAL_KEY_FORMS.values():
        algorithm = signature_algorithm(form.algorithm)
        assert algorithm.key_type == form.key_type
        assert digest_algorithm(algorithm.digest).size == form.curve.octets


def test_the_european_judge_sees_the_same():
    w = world("gost2015-512")
    policy = replace(ETSI_BASELINE, revocation="not-checked")
    judged = verify_container(container("gost2015-512", "B-LTA", "xades"), **{**w.judging, "policy": policy})
    assert judged.report.indication is PASSED
