"""Only what is in the table as trusted verifies, with a key that fits, in the one accepted form."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from signing import Malformed, asn1, gost
from signing.algorithms import (
    DIGESTS,
    SIGNATURES,
    SignatureAlgorithm,
    Standing,
    describe_public_key,
    digest_algorithm,
    digest_by_oid,
    digest_by_uri,
    ecdsa_to_raw,
    encode_algorithm_identifier,
    signature_algorithm,
    signature_algorithm_by_oid,
    signature_algorithm_by_uri,
    signature_algorithm_from_der,
    signature_algorithm_in_cms,
    verify_signature,
)
from signing.algorithms.public_key import _ORDER
from signing.gost import signature

MESSAGE = b"what is signed"
HASHES = {
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
    "sha3-256": hashes.SHA3_256(),
    "sha3-384": hashes.SHA3_384(),
    "sha3-512": hashes.SHA3_512(),
}
RSA = rsa.generate_private_key(65537, 2048)
CURVES = {256: ec.SECP256R1(), 384: ec.SECP384R1(), 521: ec.SECP521R1()}
EC = {bits: ec.generate_private_key(curve) for bits, curve in CURVES.items()}
ED = ed25519.Ed25519PrivateKey.generate()
TRUSTED = [entry for entry in SIGNATURES if entry.standing is Standing.TRUSTED]


@dataclass(frozen=True)
class Holder:
    public_key_info: bytes


def holder(key: object) -> Holder:
    return Holder(key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


NATIONAL_CURVES = {"gost2015-512": gost.TC26_512_A, "gost2015-256": gost.TC26_256_A, "gost2004": gost.CRYPTOPRO_A}
NATIONAL_PARAMETERS = {
    gost.TC26_512_A: ("1.2.398.3.10.1.1.2.2", "1.2.398.3.10.1.1.2.2.1", "1.2.398.3.10.1.3.3"),
    gost.TC26_256_A: ("1.2.398.3.10.1.1.2.1", "1.2.398.3.10.1.1.2.1.1", "1.2.398.3.10.1.3.2"),
    gost.CRYPTOPRO_A: ("1.2.398.3.10.1.1.1.1", "1.2.398.3.10.1.1.1.1.1", "1.2.398.3.10.1.3.1.1.0"),
}


def national_holder(key: gost.PrivateKey, oids: tuple[str, ...] | None = None, octets: bytes | None = None) -> Holder:
    """A SubjectPublicKeyInfo as the national authority writes it."""
    own, *parameters = NATIONAL_PARAMETERS[key.curve] if oids is None else oids
    named = [asn1.encode(asn1.SEQUENCE, *map(asn1.encode_oid, parameters))] if parameters else []
    algorithm = asn1.encode(asn1.SEQUENCE, asn1.encode_oid(own), *named)
    point = asn1.encode(asn1.OCTET_STRING, key.public_key().octets() if octets is None else octets)
    return Holder(asn1.encode(asn1.SEQUENCE, algorithm, asn1.encode(asn1.BIT_STRING, b"\0" + point)))


def national_oids(curve: gost.Curve) -> tuple[str, ...]:
    return NATIONAL_PARAMETERS[curve]


def made(algorithm: SignatureAlgorithm) -> tuple[Holder, bytes]:
    """A key that fits the entry and its signature over MESSAGE in the CMS form."""
    if algorithm.key_type == "ed25519":
        return holder(ED), ED.sign(MESSAGE)
    if algorithm.key_type in NATIONAL_CURVES:
        key = gost.PrivateKey(NATIONAL_CURVES[algorithm.key_type], 2**200 + 17)
        digest = digest_algorithm(algorithm.digest).of(MESSAGE)
        return national_holder(key), signature.sign(key, digest, test_keys=True)
    digest = HASHES[algorithm.digest]
    if algorithm.key_type == "ec":
        key = EC[algorithm.ec_bits or 256]
        return holder(key), key.sign(MESSAGE, ec.ECDSA(digest))
    scheme = padding.PKCS1v15()
    if algorithm.padding == "pss":
        scheme = padding.PSS(mgf=padding.MGF1(digest), salt_length=digest.digest_size)
    return holder(RSA), RSA.sign(MESSAGE, scheme, digest)


@pytest.mark.parametrize("algorithm", TRUSTED, ids=lambda entry: entry.id)
def test_k01_verifies_what_another_library_signed(algorithm: SignatureAlgorithm):
    key, signature = made(algorithm)
    assert verify_signature(algorithm, key, MESSAGE, signature, form="cms")
    if algorithm.key_type == "ec":
        bits = algorithm.ec_bits or 256
        assert verify_signature(algorithm, key, MESSAGE, ecdsa_to_raw(signature, bits), form="xmldsig")
        assert not verify_signature(algorithm, key, MESSAGE, signature, form="xmldsig")


@pytest.mark.parametrize("algorithm", TRUSTED, ids=lambda entry: entry.id)
def test_refuses_another_message_key_or_length(algorithm: SignatureAlgorithm):
    key, signature = made(algorithm)
    other = holder(EC[256]) if algorithm.key_type == "rsa" else holder(RSA)
    assert not verify_signature(algorithm, key, MESSAGE + b".", signature, form="cms")
    assert not verify_signature(algorithm, other, MESSAGE, signature, form="cms")
    for wrong in (b"", b"\x00" + signature, signature + b"\x00", signature[:-1]):
        assert not verify_signature(algorithm, key, MESSAGE, wrong, form="cms")
        assert not verify_signature(algorithm, key, MESSAGE, wrong, form="xmldsig")


@given(st.integers(0, 2047))
@settings(max_examples=60)
def test_one_flipped_bit_of_an_rsa_value_is_refused(bit: int):
    algorithm = signature_algorithm("rsa-sha256")
    key, signature = made(algorithm)
    flipped = bytearray(signature)
    flipped[bit // 8] ^= 1 << bit % 8
    assert not verify_signature(algorithm, key, MESSAGE, bytes(flipped), form="cms")


@given(st.integers(0, 511))
@settings(max_examples=60)
def test_one_flipped_bit_of_an_ecdsa_value_is_refused(bit: int):
    algorithm = signature_algorithm("ecdsa-p256-sha256")
    key, signature = made(algorithm)
    flipped = bytearray(ecdsa_to_raw(signature, 256))
    flipped[bit // 8] ^= 1 << bit % 8
    assert not verify_signature(algorithm, key, MESSAGE, bytes(flipped), form="xmldsig")


BRAINPOOL = (ec.BrainpoolP256R1(), ec.BrainpoolP384R1(), ec.BrainpoolP512R1())


@pytest.mark.parametrize("curve", [*CURVES.values(), *BRAINPOOL], ids=lambda curve: curve.name)
def test_the_order_of_each_curve_is_the_published_one(curve: ec.EllipticCurve):
    # n times the generator is the point at infinity, so n - 1 is the largest private key there is
    ec.derive_private_key(_ORDER[curve.name] - 1, curve)
    with pytest.raises(ValueError, match="out of range"):
        ec.derive_private_key(_ORDER[curve.name], curve)


@pytest.mark.parametrize("curve", BRAINPOOL, ids=lambda curve: curve.name)
def test_the_curves_of_rfc_5639_verify(curve: ec.EllipticCurve):
    key = ec.generate_private_key(curve)
    signature = key.sign(MESSAGE, ec.ECDSA(hashes.SHA256()))
    algorithm = signature_algorithm("ecdsa-sha256")
    assert verify_signature(algorithm, holder(key), MESSAGE, signature, form="cms")
    assert verify_signature(algorithm, holder(key), MESSAGE, ecdsa_to_raw(signature, curve.key_size), form="xmldsig")
    assert not verify_signature(algorithm, holder(key), MESSAGE + b"!", signature, form="cms")


@pytest.mark.parametrize(
    ("curve", "unsupported"), [(ec.SECP256K1(), True), (ec.SECP192R1(), False)], ids=["unknown here", "too short"]
)
def test_a_curve_we_do_not_compute_with_is_not_a_weak_one(curve: ec.EllipticCurve, unsupported: bool):
    found = describe_public_key(holder(ec.generate_private_key(curve)).public_key_info)
    assert (found.weakness, found.is_unsupported) == (f"curve {curve.name}", unsupported)


def test_r_and_s_outside_their_range_are_refused():
    algorithm = signature_algorithm("ecdsa-p256-sha256")
    key, signature = made(algorithm)
    r, s = decode_dss_signature(signature)
    order = _ORDER["secp256r1"]
    for pair in ((0, s), (r, 0), (r, order), (order, s)):
        raw = b"".join(number.to_bytes(32, "big") for number in pair)
        assert not verify_signature(algorithm, key, MESSAGE, raw, form="xmldsig")
        assert not verify_signature(algorithm, key, MESSAGE, encode_dss_signature(*pair), form="cms")
    assert not verify_signature(algorithm, key, MESSAGE, encode_dss_signature(r, s + order), form="cms")


def test_a_curve_other_than_the_entry_names_is_refused():
    signature = EC[384].sign(MESSAGE, ec.ECDSA(hashes.SHA256()))
    assert verify_signature(signature_algorithm("ecdsa-sha256"), holder(EC[384]), MESSAGE, signature, form="cms")
    bound = signature_algorithm("ecdsa-p256-sha256")
    assert not verify_signature(bound, holder(EC[384]), MESSAGE, signature, form="cms")


def test_refused_algorithms_verify_nothing_even_when_the_value_is_right():
    signature = RSA.sign(MESSAGE, padding.PKCS1v15(), hashes.SHA1())
    assert not verify_signature(signature_algorithm("rsa-sha1"), holder(RSA), MESSAGE, signature, form="cms")


@pytest.mark.parametrize(
    "uri",
    [
        "http://www.w3.org/2000/09/xmldsig#hmac-sha1",
        "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256",
        "http://www.w3.org/2000/09/xmldsig#rsa-sha1",
        "http://www.w3.org/2001/04/xmldsig-more#rsa-md5",
        "http://www.w3.org/2000/09/xmldsig#dsa-sha1",
    ],
)
def test_known_bad_algorithms_have_a_name_and_are_refused(uri: str):
    assert signature_algorithm_by_uri(uri).standing is Standing.REFUSED


def test_keys_that_are_too_weak_say_why():
    small = rsa.generate_private_key(65537, 1024)
    assert describe_public_key(holder(small).public_key_info).weakness == "RSA 1024 bits"
    koblitz = ec.generate_private_key(ec.SECP256K1())
    assert describe_public_key(holder(koblitz).public_key_info).weakness == "curve secp256k1"
    assert describe_public_key(b"\x30\x00").weakness is not None
    numbers = RSA.public_key().public_numbers()
    for modulus, exponent, weakness in (
        (numbers.n, 1, "RSA exponent"),
        (numbers.n, 2**32 + 1, "RSA exponent"),
        (numbers.n - 1, 65537, "RSA even modulus"),
    ):
        described = describe_public_key(rsa_info(modulus, exponent))
        assert described.weakness in (weakness, "unreadable key")


def test_a_key_that_is_weak_verifies_nothing():
    small = rsa.generate_private_key(65537, 1024)
    signature = small.sign(MESSAGE, padding.PKCS1v15(), hashes.SHA256())
    assert not verify_signature(signature_algorithm("rsa-sha256"), holder(small), MESSAGE, signature, form="cms")


def test_a_point_off_the_curve_is_no_key():
    info = bytearray(holder(EC[256]).public_key_info)
    info[-1] ^= 1
    assert describe_public_key(bytes(info)).weakness == "unreadable key"


def test_curve_parameters_written_out_are_no_key():
    info = asn1.children(asn1.read_der(holder(EC[256]).public_key_info))
    for parameters in (asn1.encode(asn1.SEQUENCE, asn1.encode_integer(1)), b"\x05\x00", b""):
        algorithm = asn1.encode(asn1.SEQUENCE, asn1.encode_oid("1.2.840.10045.2.1"), parameters)
        written_out = asn1.encode(asn1.SEQUENCE, algorithm, info[1].raw)
        assert describe_public_key(written_out).weakness == "explicit curve parameters"


def rsa_info(modulus: int, exponent: int) -> bytes:
    key = asn1.encode(asn1.SEQUENCE, asn1.encode_integer(modulus), asn1.encode_integer(exponent))
    algorithm = asn1.encode(asn1.SEQUENCE, asn1.encode_oid("1.2.840.113549.1.1.1"), b"\x05\x00")
    return asn1.encode(asn1.SEQUENCE, algorithm, asn1.encode(asn1.BIT_STRING, b"\x00" + key))


# --- the table ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("entry", SIGNATURES, ids=lambda entry: entry.id)
def test_each_identifier_leads_to_its_entry(entry: SignatureAlgorithm):
    assert signature_algorithm(entry.id) is entry
    if entry.ec_bits is None:
        assert entry.xmldsig_uri is None or signature_algorithm_by_uri(entry.xmldsig_uri) is entry
        assert all(signature_algorithm_by_oid(oid) is entry for oid in entry.oids)


def test_each_digest_is_found_under_each_name():
    for digest in DIGESTS:
        assert digest_by_uri(digest.xml_uri) is (digest if digest.xml_uri else None)
        assert digest_by_oid(digest.oid) is digest
        assert digest_algorithm(digest.id) is digest
        if digest.standing is Standing.TRUSTED:
            assert len(digest.of(b"")) == digest.size
        else:
            with pytest.raises(ValueError, match=digest.id):
                digest.new()


@pytest.mark.parametrize("entry", TRUSTED, ids=lambda entry: entry.id)
def test_the_identifier_we_write_is_the_one_we_read(entry: SignatureAlgorithm):
    read = signature_algorithm_from_der(asn1.read_der(encode_algorithm_identifier(entry)))
    assert read is (signature_algorithm_by_uri(entry.xmldsig_uri) if entry.xmldsig_uri else entry)


def test_plain_rsa_in_cms_takes_the_hash_of_the_digest():
    plain = asn1.read_der(asn1.encode(asn1.SEQUENCE, asn1.encode_oid("1.2.840.113549.1.1.1"), b"\x05\x00"))
    assert signature_algorithm_in_cms(plain, digest_algorithm("sha384")).id == "rsa-sha384"
    assert signature_algorithm_in_cms(plain, digest_algorithm("sha1")).standing is Standing.REFUSED


def pss(
    hash_oid: str = "2.16.840.1.101.3.4.2.1", mask_hash: str | None = None, salt: int = 32, extra: bytes = b""
) -> asn1.Der:
    def identifier(oid: str, parameters: bytes = b"\x05\x00") -> bytes:
        return asn1.encode(asn1.SEQUENCE, asn1.encode_oid(oid), parameters)

    mask = identifier("1.2.840.113549.1.1.8", identifier(mask_hash or hash_oid))
    parameters = asn1.encode(
        asn1.SEQUENCE,
        asn1.encode(0xA0, identifier(hash_oid)),
        asn1.encode(0xA1, mask),
        asn1.encode(0xA2, asn1.encode_integer(salt)),
        extra,
    )
    return asn1.read_der(identifier("1.2.840.113549.1.1.10", parameters))


def test_pss_is_taken_with_exact_parameters_only():
    assert signature_algorithm_from_der(pss()).id == "rsa-pss-sha256"
    trailer = asn1.encode(0xA3, asn1.encode_integer(2))
    odd = [pss(salt=20), pss(mask_hash="2.16.840.1.101.3.4.2.3"), pss(extra=trailer)]
    odd.append(asn1.read_der(asn1.encode(asn1.SEQUENCE, asn1.encode_oid("1.2.840.113549.1.1.10"), b"\x30\x00")))
    odd.append(asn1.read_der(asn1.encode(asn1.SEQUENCE, asn1.encode_oid("1.2.840.113549.1.1.10"))))
    for algorithm in odd:
        with pytest.raises(Malformed):
            signature_algorithm_from_der(algorithm)


def test_parameters_an_algorithm_does_not_have_are_refused():
    with_null = asn1.read_der(asn1.encode(asn1.SEQUENCE, asn1.encode_oid("1.2.840.10045.4.3.2"), b"\x05\x00"))
    with pytest.raises(Malformed):
        signature_algorithm_from_der(with_null)
