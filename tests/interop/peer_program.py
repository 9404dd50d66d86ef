"""Run with the Python of .venv-bench: signxml, pyHanko and rfc3161-client, one task a call, files in the current folder.

`python peer_program.py TASK ARGUMENT...`; exit 0 means accepted or made, anything else is a refusal with its words. Shares
no code with us: it stands beside the tests and imports nothing of theirs.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

PASSWORD = b"Sandbox-1"


def read(name: str) -> bytes:
    return Path(name).read_bytes()


# --- signxml -------------------------------------------------------------------------------------------------------
def signxml_verify(form: str) -> None:
    """signed.xml against the anchors in anchors.pem."""
    from signxml import SignatureConfiguration, XMLVerifier
    from signxml.xades import XAdESSignatureConfiguration, XAdESVerifier

    if form == "xades":
        # two references: the document and the signed properties
        XAdESVerifier().verify(
            read("signed.xml"),
            ca_pem_file="anchors.pem",
            expect_config=XAdESSignatureConfiguration(expect_references=2),
        )
    else:
        XMLVerifier().verify(
            read("signed.xml"), ca_pem_file="anchors.pem", expect_config=SignatureConfiguration(expect_references=1)
        )


def signxml_sign(form: str) -> None:
    """document.xml with the key and chain of key.pem, into signed.xml."""
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import rsa
    from lxml import etree
    from signxml import CanonicalizationMethod, SignatureMethod, XMLSigner
    from signxml.xades import XAdESDataObjectFormat, XAdESSigner

    document = etree.fromstring(read("document.xml"))
    key, chain = read("key.pem"), x509.load_pem_x509_certificates(read("key.pem"))
    is_rsa = isinstance(chain[0].public_key(), rsa.RSAPublicKey)
    algorithm = SignatureMethod.RSA_SHA256 if is_rsa else SignatureMethod.ECDSA_SHA256
    if form == "xades":
        signer = XAdESSigner(
            signature_algorithm=algorithm,
            data_object_format=XAdESDataObjectFormat(Description="report", MimeType="application/xml"),
            c14n_algorithm=CanonicalizationMethod.CANONICAL_XML_1_1,
        )
        signed = signer.sign(document, key=key, cert=chain, always_add_key_value=False)
    else:
        exclusive = CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0
        signed = XMLSigner(signature_algorithm=algorithm, c14n_algorithm=exclusive).sign(document, key=key, cert=chain)
    Path("signed.xml").write_bytes(etree.tostring(signed))


# --- pyHanko -------------------------------------------------------------------------------------------------------
def pyhanko_verify(packaging: str, time_stamp: str) -> None:
    """signature.der over content; anchors.pem trusted, CRLs given in root.crl and ca.crl, no network."""
    from asn1crypto import cms, crl, pem, x509
    from pyhanko.sign.validation.generic_cms import (
        async_validate_cms_signature,
        async_validate_detached_cms,
        collect_timing_info,
    )
    from pyhanko.sign.validation.status import StandardCMSSignatureStatus
    from pyhanko_certvalidator import ValidationContext

    certificates = [x509.Certificate.load(der) for _, _, der in pem.unarmor(read("anchors.pem"), multiple=True)]
    context = {
        "trust_roots": certificates[:1],
        "other_certs": certificates[1:],
        "crls": [crl.CertificateList.load(read(name)) for name in ("root.crl", "ca.crl")],
        "allow_fetching": False,
        "revocation_mode": "require",
    }
    signed = cms.ContentInfo.load(read("signature.der"))["content"]

    async def judged() -> StandardCMSSignatureStatus:
        of_signer, of_stamp = ValidationContext(**context), ValidationContext(**context)
        if packaging == "detached":
            return await async_validate_detached_cms(
                read("content"), signed, signer_validation_context=of_signer, ts_validation_context=of_stamp
            )
        # what that does beside, it does not for attached content
        times = await collect_timing_info(signed["signer_infos"][0], of_stamp, raw_digest=lambda _: b"")
        return await async_validate_cms_signature(
            signed, status_cls=StandardCMSSignatureStatus, validation_context=of_signer, status_kwargs=times
        )

    found = asyncio.run(judged())
    print(found.summary())
    stamp = found.timestamp_validity
    if time_stamp == "time-stamped" and (stamp is None or not (stamp.valid and stamp.intact and stamp.trusted)):
        raise SystemExit(f"time-stamp: {stamp.summary() if stamp is not None else 'absent'}")
    if not found.bottom_line:
        raise SystemExit(f"not valid: {found.summary()}")


def pyhanko_sign(packaging: str, authority: str) -> None:
    """Content with the key of key.p12, into signature.der; `authority` the address of a TSA, or "-"."""
    from pyhanko.sign.signers import SimpleSigner
    from pyhanko.sign.timestamps import HTTPTimeStamper

    signer = SimpleSigner.load_pkcs12("key.p12", passphrase=PASSWORD)
    made = asyncio.run(
        signer.async_sign_general_data(
            read("content"),
            "sha256",
            detached=packaging == "detached",
            use_cades=True,
            timestamper=HTTPTimeStamper(authority) if authority != "-" else None,
        )
    )
    Path("signature.der").write_bytes(made.dump())


# --- rfc3161-client ------------------------------------------------------------------------------------------------
def rfc3161_verify() -> None:
    """answer.tsr over content, for the question of nonce.txt; anchors.pem trusted."""
    from cryptography import x509
    from rfc3161_client import VerifierBuilder, decode_timestamp_response

    certificates = x509.load_pem_x509_certificates(read("anchors.pem"))
    builder = VerifierBuilder().add_root_certificate(certificates[0]).nonce(int(read("nonce.txt")))
    for certificate in certificates[1:]:
        builder = builder.add_intermediate_certificate(certificate)
    builder.build().verify_message(decode_timestamp_response(read("answer.tsr")), read("content"))


def rfc3161_request() -> None:
    """request.tsq over content, and its nonce in nonce.txt."""
    from rfc3161_client import TimestampRequestBuilder

    request = TimestampRequestBuilder().data(read("content")).nonce(nonce=True).cert_request(cert_request=True).build()
    Path("request.tsq").write_bytes(request.as_bytes())
    Path("nonce.txt").write_text(str(request.nonce))


TASKS = {
    task.__name__: task
    for task in (signxml_verify, signxml_sign, pyhanko_verify, pyhanko_sign, rfc3161_verify, rfc3161_request)
}

if __name__ == "__main__":
    TASKS[sys.argv[1]](*sys.argv[2:])
