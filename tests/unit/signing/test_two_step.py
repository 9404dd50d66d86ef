"""What is signed elsewhere is exactly what was prepared, by the key that was named, and finishes the same container."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import datetime

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from signing import (
    DEFAULT_SIGNING,
    SANDBOX_DOCUMENT,
    DataObject,
    Indication,
    IssuedKey,
    SandboxPki,
    SigningError,
    SigningKey,
    complete_signature,
    prepare_signature,
    sign_container,
    sign_detached,
    sign_xml,
    verify_container,
)

OBJECTS = [
    DataObject.of("document.xml", "application/xml", b"<a/>"),
    DataObject.of("attachments/p.pdf", "application/pdf", b"%PDF" * 100),
]
KINDS = ("rsa-2048", "ec-p256", "ec-p384", "ec-p521", "ed25519")


@pytest.fixture(scope="module")
def signers(pki: SandboxPki) -> dict[str, IssuedKey]:
    return {kind: pki.issue("head", "N", "O", bin="123456789021", iin="123456789011", key=kind) for kind in KINDS}


def container(at: datetime, out: io.BytesIO, objects: list[DataObject] = OBJECTS) -> Callable[[SigningKey], None]:
    return lambda key: sign_container(objects, key, policy=DEFAULT_SIGNING, signing_time=at, out=out)


def chain(issued: IssuedKey) -> tuple[bytes, ...]:
    return issued.signing_key().certificate_chain


@pytest.mark.parametrize("kind", KINDS)
def test_a_container_signed_in_two_steps_passes(
    signers: dict[str, IssuedKey], pki: SandboxPki, at: datetime, kind: str
) -> None:
    issued = signers[kind]
    prepared = prepare_signature(container(at, io.BytesIO()), chain(issued))
    assert prepared.algorithm == issued.signing_key().algorithm
    value = issued.signing_key().sign(prepared.message)
    out = io.BytesIO()
    complete_signature(container(at, out), chain(issued), prepared.message, value)
    judged = verify_container(out.getvalue(), policy=SANDBOX_DOCUMENT, anchors=pki.trust_anchors(), at=at)
    assert judged.report.indication is Indication.TOTAL_PASSED
    assert [each.read() for each in judged.objects] == [b"<a/>", b"%PDF" * 100]


def test_the_bytes_are_those_of_a_container_signed_in_one_step(signers: dict[str, IssuedKey], at: datetime) -> None:
    issued, once, twice = signers["rsa-2048"], io.BytesIO(), io.BytesIO()
    container(at, once)(issued.signing_key())
    prepared = prepare_signature(container(at, io.BytesIO()), chain(issued))
    value = issued.signing_key().sign(prepared.message)
    complete_signature(container(at, twice), chain(issued), prepared.message, value)
    assert once.getvalue() == twice.getvalue()


def test_a_document_and_a_cms_are_signed_in_two_steps_likewise(signers: dict[str, IssuedKey], at: datetime) -> None:
    issued = signers["rsa-2048"]
    made: list[bytes] = []
    builds = (
        lambda key: made.append(sign_xml(b"<a/>", key, policy=DEFAULT_SIGNING, signing_time=at)),
        lambda key: made.append(sign_detached([b"content"], key, policy=DEFAULT_SIGNING, signing_time=at)),
    )
    for build in builds:
        build(issued.signing_key())
        prepared = prepare_signature(build, chain(issued))
        complete_signature(build, chain(issued), prepared.message, issued.signing_key().sign(prepared.message))
        assert made[-1] == made[-2]


def test_what_is_shown_is_the_digest_that_a_device_may_ask_for(signers: dict[str, IssuedKey], at: datetime) -> None:
    prepared = prepare_signature(container(at, io.BytesIO()), chain(signers["ec-p384"]))
    state = hashes.Hash(hashes.SHA384())
    state.update(prepared.message)
    assert (prepared.digest_algorithm, prepared.digest) == ("sha384", state.finalize())
    assert prepared.message.startswith(b"<ds:SignedInfo ")


@pytest.mark.parametrize("kind", ["ec-p256", "ec-p521"])
def test_r_and_s_may_come_side_by_side(signers: dict[str, IssuedKey], pki: SandboxPki, at: datetime, kind: str) -> None:
    issued = signers[kind]
    prepared = prepare_signature(container(at, io.BytesIO()), chain(issued))
    r, s = decode_dss_signature(issued.signing_key().sign(prepared.message))
    size = {"ec-p256": 32, "ec-p521": 66}[kind]
    value = r.to_bytes(size, "big") + s.to_bytes(size, "big")
    out = io.BytesIO()
    complete_signature(container(at, out), chain(issued), prepared.message, value)
    judged = verify_container(out.getvalue(), policy=SANDBOX_DOCUMENT, anchors=pki.trust_anchors(), at=at)
    assert judged.report.indication is Indication.TOTAL_PASSED


def test_padding_of_the_other_kind_is_chosen_at_both_steps(
    signers: dict[str, IssuedKey], pki: SandboxPki, at: datetime
) -> None:
    issued, out = signers["rsa-2048"], io.BytesIO()
    prepared = prepare_signature(container(at, io.BytesIO()), chain(issued), rsa_padding="pss")
    assert prepared.algorithm == "rsa-pss-sha256"
    assert isinstance(issued.private_key, rsa.RSAPrivateKey)
    value = issued.private_key.sign(prepared.message, padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())
    complete_signature(container(at, out), chain(issued), prepared.message, value, rsa_padding="pss")
    judged = verify_container(out.getvalue(), policy=SANDBOX_DOCUMENT, anchors=pki.trust_anchors(), at=at)
    assert judged.report.indication is Indication.TOTAL_PASSED


# --- refusals --------------------------------------------------------------------------------------------------------
def refusal(deed: Callable[[], object]) -> SigningError:
    with pytest.raises(SigningError) as caught:
        deed()
    return caught.value


@pytest.mark.parametrize("kind", ["rsa-2048", "ec-p256", "ed25519"])
def test_other_data_and_another_key_are_told_apart_where_the_value_says(
    signers: dict[str, IssuedKey], pki: SandboxPki, at: datetime, kind: str
) -> None:
    shows = kind == "rsa-2048"
    other_data = "signing.two-step-wrong-data" if shows else "signing.two-step-not-this"
    other_key = "signing.two-step-wrong-key" if shows else "signing.two-step-not-this"
    issued, out = signers[kind], io.BytesIO()
    stranger = pki.issue("head", "N", "O", bin="123456789021", key=kind)
    prepared = prepare_signature(container(at, io.BytesIO()), chain(issued))

    def complete(value: bytes) -> None:
        complete_signature(container(at, out), chain(issued), prepared.message, value)

    said = refusal(lambda: complete(issued.signing_key().sign(b"other")))
    assert said.code == other_data
    if shows:
        state = hashes.Hash(hashes.SHA256())
        state.update(b"other")
        assert said.params["found"] == state.finalize().hex()
        assert said.params["expected"] == prepared.digest.hex()
    assert refusal(lambda: complete(stranger.signing_key().sign(prepared.message))).code == other_key
    for value in (b"", b"\0" * 64, prepared.message):
        assert refusal(lambda value=value: complete(value)).code == other_key
    assert out.getvalue() == b"", "nothing is written before the value is verified"


def test_what_changed_since_it_was_prepared_is_not_finished(signers: dict[str, IssuedKey], at: datetime) -> None:
    issued = signers["ec-p256"]
    prepared = prepare_signature(container(at, io.BytesIO()), chain(issued))
    value = issued.signing_key().sign(prepared.message)
    changed = [DataObject.of("document.xml", "application/xml", b"<b/>"), OBJECTS[1]]
    build = container(at, io.BytesIO(), changed)
    assert refusal(lambda: complete_signature(build, chain(issued), prepared.message, value)).code == (
        "signing.two-step-changed"
    )


def test_a_value_over_another_hash_of_the_same_message_is_refused(signers: dict[str, IssuedKey], at: datetime) -> None:
    issued = signers["ec-p256"]
    prepared = prepare_signature(container(at, io.BytesIO()), chain(issued))
    assert isinstance(issued.private_key, ec.EllipticCurvePrivateKey)
    value = issued.private_key.sign(prepared.message, ec.ECDSA(hashes.SHA512()))
    complete = lambda: complete_signature(  # noqa: E731
        container(at, io.BytesIO()), chain(issued), prepared.message, value
    )
    assert refusal(complete).code == "signing.two-step-not-this", "hashed with another hash than the one named"


def test_nothing_to_sign_and_nobody_to_sign_it(signers: dict[str, IssuedKey]) -> None:
    assert refusal(lambda: prepare_signature(lambda key: None, chain(signers["ec-p256"]))).code == (
        "signing.two-step-nothing"
    )
    assert refusal(lambda: prepare_signature(lambda key: None, ())).code == "signing.no-certificate"
