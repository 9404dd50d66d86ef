"""What a key file asks for is counted before it is spent, wherever in the file it stands and whatever scheme it names."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Callable

import pytest
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.serialization import pkcs12 as p12
from cryptography.x509 import load_der_x509_certificate

from signing import IssuedKey, SigningError, asn1
from signing.keys import pem, pkcs12
from signing.keys.password_based import MAX_HASHES, MAX_RC2
from signing.keys.private_key_info import MAX_PRIVATE_KEY
from tests.unit.signing.test_keys import (
    DATA,
    KEY_BAG,
    PASSWORD,
    PBE_3DES,
    SHROUDED,
    bag,
    data,
    derive,
    failure,
    load_pem,
    octets,
    pfx,
    seq,
    shrouded,
)
from tests.unit.signing.test_national_keys import certificate_bag, pfx_of, rc2_safe

FOR_EVER = 2**31 - 1
SAFE_CONTENTS = "1.2.840.113549.1.12.10.1.6"
PBES2, PBKDF2, SCRYPT = "1.2.840.113549.1.5.13", "1.2.840.113549.1.5.12", "1.3.6.1.4.1.11591.4.11"
AES_256 = "2.16.840.1.101.3.4.1.42"
SHA256, SHA512 = "1.2.840.113549.2.9", "1.2.840.113549.2.11"


def alg(oid: str, parameters: bytes = b"") -> bytes:
    return seq(asn1.encode_oid(oid), parameters)


def pbe(iterations: int) -> bytes:
    return seq(octets(b"12345678"), asn1.encode_integer(iterations))


def pbes2(iterations: int, prf: str = SHA256) -> bytes:
    derivation = seq(octets(b"saltsalt"), asn1.encode_integer(iterations), alg(prf, b"\x05\x00"))
    return seq(alg(PBKDF2, derivation), alg(AES_256, octets(b"\x00" * 16)))


def scrypt(n: int, r: int, p: int) -> bytes:
    parameters = seq(octets(b"salt"), *map(asn1.encode_integer, (n, r, p)))
    return seq(alg(SCRYPT, parameters), alg(AES_256, octets(b"\x00" * 16)))


def hidden(scheme: str, parameters: bytes) -> bytes:
    """An EncryptedPrivateKeyInfo that nobody encrypted."""
    return seq(alg(scheme, parameters), octets(b"\x00" * 64))


def without_mac(*safes: bytes) -> bytes:
    return seq(asn1.encode_integer(3), data(seq(*safes)))


def pem_text(encrypted: bytes) -> bytes:
    body = base64.encodebytes(encrypted)
    return b"-----BEGIN ENCRYPTED PRIVATE KEY-----\n" + body + b"-----END ENCRYPTED PRIVATE KEY-----\n"


def refused_at_once(load: Callable[..., object], file: bytes) -> tuple[str, dict[str, str]]:
    begun = time.process_time()
    with pytest.raises(SigningError) as caught:
        load(file, PASSWORD)
    assert time.process_time() - begun < 1
    return caught.value.code, dict(caught.value.params)


# --- schemes and places that were not counted -------------------------------------------------------------------------
@pytest.mark.parametrize(
    "safes",
    [
        pytest.param(
            [data(seq(bag(SAFE_CONTENTS, seq(bag(SHROUDED, hidden(PBE_3DES, pbe(FOR_EVER)))))))], id="bag of bags"
        ),
        pytest.param([rc2_safe(seq(bag(SHROUDED, hidden(PBE_3DES, pbe(FOR_EVER)))))], id="within a safe"),
        pytest.param(
            [rc2_safe(seq(bag(SAFE_CONTENTS, seq(bag(SHROUDED, hidden(PBES2, pbes2(FOR_EVER)))))))],
            id="bag of bags within a safe",
        ),
    ],
)
def test_a_key_is_counted_wherever_it_lies(safes: list[bytes]):
    for file in (pfx_of(*safes), without_mac(*safes)):
        assert refused_at_once(pkcs12.load, file)[0] == "signing.key-file-iterations"


@pytest.mark.parametrize(
    ("scheme", "parameters", "named"),
    [
        *((f"1.2.840.113549.1.5.{n}", pbe(FOR_EVER), f"1.2.840.113549.1.5.{n}") for n in (1, 3, 4, 6, 10, 11)),
        *((f"1.2.840.113549.1.12.1.{n}", pbe(FOR_EVER), f"1.2.840.113549.1.12.1.{n}") for n in (1, 2, 4, 5)),
        *(
            (PBES2, pbes2(FOR_EVER, prf), prf)
            for prf in ("1.2.840.113549.2.8", "1.2.840.113549.2.12", "1.2.840.113549.2.13", "2.16.840.1.101.3.4.2.13")
        ),
        (PBES2, scrypt(2**16, 1, 10_000), SCRYPT),
        (PBES2, scrypt(2**10, 8, 100_000), SCRYPT),
        (PBES2, scrypt(2**30, 8, 1), SCRYPT),
    ],
)
def test_a_scheme_whose_cost_is_not_known_is_named_and_not_tried(scheme: str, parameters: bytes, named: str):
    key = hidden(scheme, parameters)
    expected = ("signing.encryption-unsupported", {"scheme": named})
    assert refused_at_once(pem.load, pem_text(key)) == expected
    for safe in (data(seq(bag(SHROUDED, key))), rc2_safe(seq(bag(SHROUDED, key)))):
        assert refused_at_once(pkcs12.load, pfx_of(safe)) == expected
        assert refused_at_once(pkcs12.load, without_mac(safe)) == expected


@pytest.mark.parametrize("oid", ["1.2.840.113549.1.5.14", "2.16.840.1.101.3.4.2.8", "1.2.840.113549.2.5"])
def test_a_mac_of_another_construction_is_named_and_not_tried(oid: str):
    derivation = alg(PBKDF2, seq(octets(b"salt"), asn1.encode_integer(FOR_EVER), asn1.encode_integer(32), alg(SHA256)))
    digest = seq(alg(oid, seq(derivation, alg(SHA256, b"\x05\x00"))), octets(b"\x00" * 32))
    mac = seq(digest, octets(b"salt"), asn1.encode_integer(FOR_EVER))
    file = seq(asn1.encode_integer(3), data(seq(data(seq()))), mac)
    assert refused_at_once(pkcs12.load, file) == ("signing.encryption-unsupported", {"scheme": oid})


@pytest.mark.parametrize("iterations", [-(2**70), -1, 0, FOR_EVER, 2**70])
def test_a_number_that_makes_no_sense_is_an_error_of_ours(iterations: int):
    for scheme, parameters in ((PBE_3DES, pbe(iterations)), (PBES2, pbes2(iterations))):
        code = refused_at_once(pem.load, pem_text(hidden(scheme, parameters)))[0]
        assert code == ("signing.key-file-iterations" if iterations > 0 else "signing.pem-wrong-password")


# --- one limit for all that lies in a file ------------------------------------------------------------------------------
def key_of(iterations: int, scheme: str = PBES2, prf: str = SHA256) -> bytes:
    return bag(SHROUDED, hidden(scheme, pbes2(iterations, prf) if scheme == PBES2 else pbe(iterations)))


@pytest.mark.parametrize(
    "key",
    [
        pytest.param(key_of(MAX_HASHES // 3 + 1, PBE_3DES), id="triple DES takes three rounds"),
        pytest.param(key_of(MAX_HASHES // 2 + 1), id="HMAC is two hashes"),
        pytest.param(key_of(MAX_HASHES // 4 + 1, prf="1.2.840.113549.2.7"), id="SHA-1 takes two blocks"),
    ],
)
def test_what_is_counted_is_what_is_computed(key: bytes):
    assert refused_at_once(pkcs12.load, pfx_of(data(seq(key))))[0] == "signing.key-file-iterations"


def test_mac_and_safes_and_the_key_in_them_add_up():
    third = MAX_HASHES // 3
    cases = [
        pfx(key_of(third, prf=SHA512), iterations=third + 10),
        pfx_of(rc2_safe(seq(key_of(MAX_HASHES // 2 - 1)))),
        pfx_of(data(seq(key_of(third // 2), key_of(third // 2), key_of(third // 2 + 10)))),
    ]
    for file in cases:
        assert refused_at_once(pkcs12.load, file)[0] == "signing.key-file-iterations"


def test_an_empty_password_is_tried_twice_and_counted_twice():
    file = pfx(iterations=MAX_HASHES // 2 + 1)
    assert failure(pkcs12.load, file, b"") == "signing.key-file-iterations"


def test_rc2_is_limited_in_the_file_and_not_in_each_safe():
    half = rc2_safe(b"", ciphertext=bytes(MAX_RC2 // 2 + 8))
    assert refused_at_once(pkcs12.load, pfx_of(half, half))[0] == "signing.p12-too-large"


# --- what the library computes with a key in the clear ------------------------------------------------------------------
def test_a_key_that_the_library_would_compute_with_for_minutes_is_not_shown_to_it():
    p = 2**20_000 + 2**10_000 + 1
    numbers = seq(*map(asn1.encode_integer, (p, p - 2, 2)))
    dsa = seq(asn1.encode_integer(0), alg("1.2.840.10040.4.1", numbers), octets(asn1.encode_integer(p - 5)))
    dh = seq(
        asn1.encode_integer(0),
        alg("1.2.840.113549.1.3.1", seq(*map(asn1.encode_integer, (p, 2)))),
        octets(b"\x02\x01\x05"),
    )
    rsa = seq(asn1.encode_integer(0), alg("1.2.840.113549.1.1.1", b"\x05\x00"), octets(bytes(MAX_PRIVATE_KEY)))
    for key in (dsa, dh, rsa):
        text = b"-----BEGIN PRIVATE KEY-----\n" + base64.encodebytes(key) + b"-----END PRIVATE KEY-----\n"
        assert refused_at_once(pem.load, text)[0] == "signing.key-unsupported"
        assert refused_at_once(pkcs12.load, pfx(bag(KEY_BAG, key)))[0] == "signing.key-unsupported"


def test_the_library_sees_no_other_block_than_the_one_that_was_counted(ec_head: IssuedKey):
    costly = pem_text(hidden("1.2.840.113549.1.5.3", pbe(FOR_EVER)))
    within = b"-----BEGIN RSA PRIVATE KEY-----\n" + costly + b"-----END RSA PRIVATE KEY-----\n"
    before = b"-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n" + costly + b"-----END EC PRIVATE KEY-----\n"
    for text in (within, before):
        assert refused_at_once(pem.load, text)[0] == "signing.encryption-unsupported"


# --- files that open as before ------------------------------------------------------------------------------------------
def test_a_file_of_today_with_600_000_repetitions_in_each_place_opens(ec_head: IssuedKey):
    builder = serialization.PrivateFormat.PKCS12.encryption_builder().kdf_rounds(600_000)
    encryption = (
        builder.key_cert_algorithm(p12.PBES.PBESv2SHA256AndAES256CBC).hmac_hash(hashes.SHA256()).build(PASSWORD)
    )
    certificate = load_der_x509_certificate(ec_head.certificate)
    file = p12.serialize_key_and_certificates(b"x", ec_head.private_key, certificate, None, encryption)
    assert pkcs12.load(file, PASSWORD).certificate_chain == (ec_head.certificate,)


def plain_key(issued: IssuedKey) -> bytes:
    return issued.private_key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def test_a_key_in_a_bag_of_bags_and_one_within_a_safe_open(ec_head: IssuedKey):
    inside = seq(shrouded(plain_key(ec_head)), certificate_bag(ec_head.certificate))
    for file in (
        pfx(bag(SAFE_CONTENTS, inside)),
        pfx_of(rc2_safe(inside)),
        pfx_of(rc2_safe(seq(bag(SAFE_CONTENTS, inside)))),
    ):
        assert pkcs12.load(file, PASSWORD).certificate_chain == (ec_head.certificate,)


def test_bags_of_bags_are_counted_together():
    nested = bag(SAFE_CONTENTS, seq(*[bag(SAFE_CONTENTS, seq())] * 200))
    assert refused_at_once(pkcs12.load, pfx(nested, nested))[0] == "signing.p12-damaged"


def test_triple_des_of_old_with_100_000_repetitions_opens(ec_head: IssuedKey):
    key, vector = derive(1, 24, b"12345678", 100_000), derive(2, 8, b"12345678", 100_000)
    plain = plain_key(ec_head)
    cipher = Cipher(TripleDES(key), modes.CBC(vector)).encryptor()
    secret = cipher.update(plain + bytes((8 - len(plain) % 8,)) * (8 - len(plain) % 8)) + cipher.finalize()
    encrypted = seq(alg(PBE_3DES, pbe(100_000)), octets(secret))
    file = pfx(bag(SHROUDED, encrypted), certificate_bag(ec_head.certificate))
    assert pkcs12.load(file, PASSWORD).certificate_chain == (ec_head.certificate,)
    text = pem_text(encrypted) + load_pem(ec_head.certificate)
    assert pem.load(text, PASSWORD).certificate_chain == (ec_head.certificate,)


def test_a_mac_of_sha_224_opens(ec_head: IssuedKey):
    safe = seq(data(seq(bag(KEY_BAG, plain_key(ec_head)), certificate_bag(ec_head.certificate))))
    key = p12_mac_key(hashlib.sha224)
    digest = seq(alg("2.16.840.1.101.3.4.2.4", b"\x05\x00"), octets(hmac.new(key, safe, hashlib.sha224).digest()))
    file = seq(asn1.encode_integer(3), data(safe), seq(digest, octets(b"saltsalt"), asn1.encode_integer(1)))
    assert pkcs12.load(file, PASSWORD).certificate_chain == (ec_head.certificate,)
    assert DATA


def p12_mac_key(new: Callable[[bytes], hashlib._Hash]) -> bytes:
    """RFC 7292, B.2, one round: for a hash with blocks of 64 octets."""
    text = PASSWORD.decode().encode("utf-16-be") + b"\x00\x00"
    filled = [(each * 64)[: 64 * -(-len(each) // 64)] for each in (b"saltsalt", text)]
    return new(b"\x03" * 64 + b"".join(filled)).digest()


def test_an_older_form_with_a_password_opens(ec_head: IssuedKey):
    assert isinstance(ec_head.private_key, ec.EllipticCurvePrivateKey)
    encryption = serialization.BestAvailableEncryption(PASSWORD)
    text = ec_head.private_key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, encryption
    )
    assert b"Proc-Type" in text
    whole = b"Bag Attributes: none\n" + text + b"subject=/CN=x\n" + load_pem(ec_head.certificate)
    assert pem.load(whole, PASSWORD).certificate_chain == (ec_head.certificate,)
    assert failure(pem.load, whole, b"other") == "signing.pem-wrong-password"
    assert failure(pem.load, whole, None) == "signing.pem-password-needed"
