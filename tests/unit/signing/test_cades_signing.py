"""CMS we make: attached, in two steps, by several signers, with a time-stamp; and CMS made elsewhere that we take."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signing import (
    DEFAULT_SIGNING,
    SANDBOX_DOCUMENT,
    Conclusion,
    FetchRequest,
    Indication,
    IssuedKey,
    Malformed,
    SandboxPki,
    SigningError,
    TimeStampAuthority,
    add_signer,
    algorithm_of,
    asn1,
    cms,
    complete_detached,
    content_digest_algorithm,
    prepare_detached,
    sign_attached,
    sign_detached,
    take_cms,
    verify_attached,
    verify_detached,
)
from signing.sandbox_services.tsa import SandboxTsa

AT = datetime(2026, 11, 10, 12, 0, tzinfo=UTC)
CONTENT = b"report " * 300


@dataclass(frozen=True)
class Wire:
    """The fetcher of these tests: an authority in memory."""

    tsa: SandboxTsa

    def fetch(self, request: FetchRequest, limit: int) -> bytes:
        assert limit
        return self.tsa.answer(request.body or b"")


@pytest.fixture(scope="module")
def authority(pki: SandboxPki) -> TimeStampAuthority:
    tsa = SandboxTsa(key=pki.issue("tsa", "TSA", "O", key="ec-p256"), clock=lambda: AT)
    return TimeStampAuthority(url="http://tsa.test/", fetcher=Wire(tsa), nonce=lambda: 7, clock=lambda: AT)


def detached(signature: bytes, pki: SandboxPki, content: bytes = CONTENT):
    return verify_detached(signature, [content], policy=SANDBOX_DOCUMENT, anchors=pki.trust_anchors(), at=AT)


def test_attached_content_comes_back_only_when_it_was_signed(pki: SandboxPki, ec_head: IssuedKey):
    signature = sign_attached(CONTENT, ec_head.signing_key(), policy=DEFAULT_SIGNING, signing_time=AT)
    found = verify_attached(signature, policy=SANDBOX_DOCUMENT, anchors=pki.trust_anchors(), at=AT)
    assert (found.report.kind, found.report.indication, found.content) == ("attached", Indication.TOTAL_PASSED, CONTENT)
    changed = signature.replace(b"report report", b"report Report", 1)
    found = verify_attached(changed, policy=SANDBOX_DOCUMENT, anchors=pki.trust_anchors(), at=AT)
    assert (found.report.indication, found.content) == (Indication.TOTAL_FAILED, None)


def test_content_over_the_limit_is_signed_apart(ec_head: IssuedKey):
    with pytest.raises(SigningError, match="content-too-large"):
        sign_attached(bytes(cms.MAX_CONTENT + 1), ec_head.signing_key(), policy=DEFAULT_SIGNING, signing_time=AT)


@pytest.mark.parametrize("kind", ["rsa-2048", "ec-p256", "ec-p384", "ec-p521", "ed25519"])
def test_two_steps_give_what_one_gives(pki: SandboxPki, head: IssuedKey, kind: str):
    issued = head if kind == "rsa-2048" else pki.issue("head", "N", "O", key=kind)
    key = issued.signing_key()
    digest = content_digest_algorithm(algorithm_of(issued.certificate))
    prepared = prepare_detached(digest.of(CONTENT), key.certificate_chain, policy=DEFAULT_SIGNING, signing_time=AT)
    assert prepared.algorithm == key.algorithm
    signature = complete_detached(prepared, key.sign(prepared.octets))
    assert detached(signature, pki).indication is Indication.TOTAL_PASSED
    if not kind.startswith("ec"):  # these draw no random number
        assert signature == sign_detached([CONTENT], key, policy=DEFAULT_SIGNING, signing_time=AT)


def test_a_value_of_another_key_completes_nothing(pki: SandboxPki, ec_head: IssuedKey):
    other = pki.issue("head", "N", "O", key="ec-p256").signing_key()
    digest = content_digest_algorithm("ecdsa-p256-sha256").of(CONTENT)
    prepared = prepare_detached(digest, (ec_head.certificate,), policy=DEFAULT_SIGNING, signing_time=AT)
    with pytest.raises(SigningError, match="own-signature-wrong"):
        complete_detached(prepared, other.sign(prepared.octets))


def test_a_digest_of_another_length_prepares_nothing(ec_head: IssuedKey):
    with pytest.raises(SigningError, match="digest-length"):
        prepare_detached(b"x" * 20, (ec_head.certificate,), policy=DEFAULT_SIGNING, signing_time=AT)


def test_a_second_signer_leaves_the_first_as_it_is(pki: SandboxPki, head: IssuedKey, ec_head: IssuedKey):
    first = sign_detached([CONTENT], head.signing_key(), policy=DEFAULT_SIGNING, signing_time=AT)
    both = add_signer(first, [CONTENT], ec_head.signing_key(), policy=DEFAULT_SIGNING, signing_time=AT)
    report = detached(both, pki)
    assert report.indication is Indication.TOTAL_PASSED
    assert len(report.signatures) == 2
    assert cms.read_signed_data(first).signers[0].raw in [each.raw for each in cms.read_signed_data(both).signers]
    assert detached(both, pki, CONTENT + b".").indication is Indication.TOTAL_FAILED


def test_nobody_adds_a_name_to_what_does_not_hold(head: IssuedKey, ec_head: IssuedKey):
    first = sign_detached([CONTENT], head.signing_key(), policy=DEFAULT_SIGNING, signing_time=AT)
    with pytest.raises(SigningError, match="cms-not-intact"):
        add_signer(first, [b"other"], ec_head.signing_key(), policy=DEFAULT_SIGNING, signing_time=AT)


def test_a_time_stamp_makes_it_level_b_t(pki: SandboxPki, ec_head: IssuedKey, authority: TimeStampAuthority):
    signature = sign_detached(
        [CONTENT], ec_head.signing_key(), policy=DEFAULT_SIGNING, signing_time=AT, time_stamps=authority
    )
    (one,) = detached(signature, pki).signatures
    assert (one.level, [each.kind for each in one.time_stamps]) == ("B-T", ["signature"])
    assert one.time_stamps[0].generated_at == AT


def test_the_media_type_of_the_content_may_be_signed(pki: SandboxPki, ec_head: IssuedKey):
    signature = sign_detached(
        [CONTENT], ec_head.signing_key(), policy=DEFAULT_SIGNING, signing_time=AT, mime_type="text/plain"
    )
    report = detached(signature, pki)
    assert report.indication is Indication.TOTAL_PASSED
    (stated,) = (dict(each.params) for each in report.signatures[0].checks if each.id == "cms.signed-attributes")
    assert stated == {"stated": "mime-type", "media_type": "text/plain"}
    assert b"text/plain" in cms.read_signed_data(signature).signers[0].signed_bytes


# --- made elsewhere ----------------------------------------------------------------------------------------------------
def in_ber(der: bytes, *, whole: bool = False) -> bytes:
    """The same ContentInfo as programs write it that cannot look ahead: lengths open down to the content.

    `whole`: down to the signed attributes, which nobody may write so.
    """
    element = asn1.read_der(der)
    return _open(element, 9 if whole else 3)


def _open(element: asn1.Der, levels: int) -> bytes:
    if element.tag == asn1.OCTET_STRING and len(element.content) > 64:
        half = len(element.content) // 2
        pieces = (asn1.encode(asn1.OCTET_STRING, part) for part in (element.content[:half], element.content[half:]))
        return b"\x24\x80" + b"".join(pieces) + b"\0\0"
    if not element.tag & 0x20 or levels < 0:
        return element.raw
    inside = b"".join(
        _open(each, levels - 1 if each.tag != 0x30 or levels > 1 else -1) for each in asn1.children(element)
    )
    return bytes((element.tag, 0x80)) + inside + b"\0\0"


def test_ber_around_what_is_signed_is_taken_by_policy_and_said_aloud(pki: SandboxPki, ec_head: IssuedKey):
    signature = in_ber(sign_attached(CONTENT, ec_head.signing_key(), policy=DEFAULT_SIGNING, signing_time=AT))
    lenient = replace(SANDBOX_DOCUMENT, accept_ber=True)
    found = verify_attached(signature, policy=lenient, anchors=pki.trust_anchors(), at=AT)
    assert (found.report.indication, found.content) == (Indication.TOTAL_PASSED, CONTENT)
    assert ("cms.encoding", Conclusion.NOT_PERFORMED) in [(each.id, each.conclusion) for each in found.report.checks]
    strict = verify_attached(signature, policy=SANDBOX_DOCUMENT, anchors=pki.trust_anchors(), at=AT)
    assert strict.report.indication is Indication.TOTAL_FAILED


def test_signed_attributes_in_ber_are_refused_by_every_policy(pki: SandboxPki, ec_head: IssuedKey):
    signature = in_ber(
        sign_detached([CONTENT], ec_head.signing_key(), policy=DEFAULT_SIGNING, signing_time=AT), whole=True
    )
    with pytest.raises(Malformed):
        cms.read_signed_data(signature, accept_ber=True)


def test_what_was_made_elsewhere_is_taken_as_detached_der(pki: SandboxPki, ec_head: IssuedKey):
    made = sign_attached(CONTENT, ec_head.signing_key(), policy=DEFAULT_SIGNING, signing_time=AT)
    for signature in (made, in_ber(made)):
        taken = take_cms(signature, [CONTENT])
        assert detached(taken, pki).indication is Indication.TOTAL_PASSED
        assert cms.read_signed_data(taken).signers == cms.read_signed_data(made).signers


@dataclass(frozen=True)
class Refusal:
    what: str
    reason: str
    bend: Callable[[bytes], bytes]
    content: bytes = CONTENT


REFUSALS = (
    Refusal("content", "content", lambda der: der, b"other"),
    Refusal("value", "signature value", lambda der: der[:-1] + bytes((der[-1] ^ 1,))),
)


@pytest.mark.parametrize("case", REFUSALS, ids=lambda case: case.what)
def test_what_does_not_hold_is_not_taken(ec_head: IssuedKey, case: Refusal):
    made = sign_detached([CONTENT], ec_head.signing_key(), policy=DEFAULT_SIGNING, signing_time=AT)
    with pytest.raises(SigningError) as caught:
        take_cms(case.bend(made), [case.content])
    assert (caught.value.code, caught.value.params.get("reason")) == ("signing.cms-not-intact", case.reason)


# --- BER ---------------------------------------------------------------------------------------------------------------
trees = st.recursive(
    st.tuples(st.sampled_from((0x02, 0x04, 0x0C, 0x80)), st.binary(min_size=1, max_size=200)),
    lambda inner: st.tuples(st.sampled_from((0x30, 0x31, 0xA0)), st.lists(inner, max_size=4)),
    max_leaves=12,
)


def der_of(tree: tuple[int, object]) -> bytes:
    tag, inside = tree
    return asn1.encode(tag, inside if isinstance(inside, bytes) else b"".join(map(der_of, inside)))


@given(trees, st.randoms(use_true_random=False))
@settings(max_examples=80, deadline=None)
def test_any_ber_of_a_tree_becomes_its_one_der(tree: tuple[int, object], random):
    def ber_of(node: tuple[int, object]) -> bytes:
        tag, inside = node
        if tag == 0x04 and random.random() < 0.5:
            cut = random.randrange(len(inside) + 1)
            return (
                b"\x24\x80" + ber_of((0x04, inside[:cut])) + asn1.encode(0x04, inside[cut:]) + b"\0\0"
                if cut
                else (asn1.encode(0x04, inside))
            )
        content = inside if isinstance(inside, bytes) else b"".join(map(ber_of, inside))
        if not isinstance(inside, bytes) and random.random() < 0.5:
            return bytes((tag, 0x80)) + content + b"\0\0"
        padding = random.randrange(3)
        return bytes((tag, 0x82 + padding)) + len(content).to_bytes(2 + padding, "big") + content

    assert asn1.definite(ber_of(tree)) == der_of(tree)
    assert asn1.definite(der_of(tree)) == der_of(tree)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"\x30\x80" * 70 + b"\0\0" * 70, id="C11 nesting"),
        pytest.param(b"\x30\x80" + b"\x05\x00" * 100_001 + b"\0\0", id="C11 elements"),
        pytest.param(b"\x30\x88" + b"\xff" * 8 + b"\0", id="C11 huge length"),
        pytest.param(b"\x30\x80\x05\x00", id="C11 no end"),
        pytest.param(b"\x04\x80ab\0\0", id="C11 primitive of open length"),
        pytest.param(b"\x24\x80\x02\x01\x01\0\0", id="C11 pieces of another type"),
        pytest.param(b"\x30\x80\0\0\0", id="C12 trailing octet"),
        pytest.param(b"", id="C11 nothing"),
    ],
)
def test_ber_floods_are_refused_before_the_work(data: bytes):
    with pytest.raises(Malformed):
        asn1.definite(data)
