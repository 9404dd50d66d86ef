"""What is judged in `cases.national`: everything that national keys sign here, and ways to break it in one bit."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import cache, partial
from typing import Final, Literal

from asn1crypto import ocsp

from signing import (
    DEFAULT_SIGNING,
    Certificate,
    SigningKey,
    sign_attached,
    sign_container,
    sign_container_cades,
    sign_detached,
    sign_envelope,
    sign_xml,
)
from signing.algorithms import digest_algorithm, signature_algorithm
from signing.revocation.ocsp_request import new_request
from signing.sandbox_pki import IssuedKey, SandboxPki, StatusUrls
from signing.sandbox_services.services import SandboxServices
from signing.sandbox_services.tsa import SandboxTsa
from signing.timestamp import new_request as new_time_stamp_request
from signing.timestamp import read_response
from tests.interop.case import flipped
from tests.unit.signing import xml_material as m

Family = Literal["gost2015-512", "gost2015-256", "gost2004"]
Files = dict[str, bytes]

DOCUMENT: Final = "<r:есеп xmlns:r='urn:r' xmlns='urn:d' xml:lang='kk'><!-- а --><сома>100</сома></r:есеп>\n".encode()
CONTENT: Final = bytes(range(256)) * 40
CMS_FILE: Final = "META-INF/signature001.p7s"
MANIFEST_FILE: Final = "META-INF/ASiCManifest001.xml"


# --- keys ------------------------------------------------------------------------------------------------------------
@cache
def pki(family: Family) -> SandboxPki:
    """Both authorities and all that they issue have keys of one family."""
    return SandboxPki.create(
        not_before=m.NOW - timedelta(days=30), not_after=m.NOW + timedelta(days=400), key=family, urls=StatusUrls()
    )


@cache
def other_root(family: Family) -> bytes:
    """The same name, another key."""
    return SandboxPki.create(not_before=pki(family).not_before, not_after=pki(family).not_after, key=family).root


@cache
def issued(kind: str, family: Family) -> IssuedKey:
    return pki(family).issue(kind, "Үлгі Б.", "Үлгі министрлігі", bin=m.BIN, key=family)  # type: ignore[arg-type]


def key_of(kind: str, family: Family) -> SigningKey:
    return issued(kind, family).signing_key()


@cache
def services(family: Family) -> SandboxServices:
    tsa = SandboxTsa(key=issued("tsa", family), clock=lambda: m.NOW)
    return SandboxServices.of(pki(family), lambda: m.NOW, responder=issued("ocsp-responder", family), tsa=tsa)


# --- documents -------------------------------------------------------------------------------------------------------
def xmldsig(key: SigningKey) -> Files:
    return {"signed.xml": sign_xml(DOCUMENT, key, policy=DEFAULT_SIGNING, signing_time=m.NOW, form="xmldsig")}


def xades(key: SigningKey) -> Files:
    return {"signed.xml": sign_xml(DOCUMENT, key, policy=DEFAULT_SIGNING, signing_time=m.NOW, form="xades")}


def envelope(key: SigningKey) -> Files:
    return {"signed.xml": sign_envelope(m.ENVELOPE, key, policy=DEFAULT_SIGNING, body_id="id-1")}


def detached(key: SigningKey) -> Files:
    made = sign_detached([CONTENT], key, policy=DEFAULT_SIGNING, signing_time=m.NOW)
    return {"signature.der": made, "content": CONTENT}


def attached(key: SigningKey) -> Files:
    return {"signature.der": sign_attached(CONTENT, key, policy=DEFAULT_SIGNING, signing_time=m.NOW)}


def container(key: SigningKey, *, sign: Callable[..., None] = sign_container) -> bytes:
    out = io.BytesIO()
    sign(m.data_objects(), key, policy=DEFAULT_SIGNING, signing_time=m.NOW, out=out)
    return out.getvalue()


# --- certificates, and what authorities sign -------------------------------------------------------------------------
def certificate(family: Family) -> Files:
    return {"signer.der": issued("head", family).certificate}


def revocation_list(family: Family) -> Files:
    made = services(family)
    made.register.revoke(issued("employee", family).certificate, m.NOW - timedelta(days=1), reason=1)
    return {"list.crl": made.crl.issue(m.NOW)}


def ocsp_answer(family: Family) -> Files:
    subject, issuer = issued("head", family).certificate, pki(family).intermediate
    request = new_request(Certificate.from_der(subject), Certificate.from_der(issuer))
    return {"answer.der": services(family).ocsp.answer(request)}


def time_stamp(family: Family) -> Files:
    """A token over CONTENT, whose imprint is by the family's own hash too."""
    algorithm = signature_algorithm(key_of("tsa", family).algorithm)
    assert algorithm is not None
    digest = digest_algorithm(algorithm.digest or "")
    authority = services(family).tsa
    assert digest is not None
    assert authority is not None
    imprint = digest.of(CONTENT)
    answer = authority.answer(new_time_stamp_request(digest, imprint, nonce=7, policy=None))
    return {
        "token.der": read_response(answer, digest=digest, imprint=imprint, nonce=7, policy=None),
        "content": CONTENT,
    }


# --- one bit ---------------------------------------------------------------------------------------------------------
def in_file(name: str, change: Callable[[bytes], bytes]) -> Callable[[Files], Files]:
    def changed(files: Files) -> Files:
        return {**files, name: change(files[name])}

    return changed


def bit_at(offset: int) -> Callable[[bytes], bytes]:
    """From the end when negative."""
    return lambda octets: flipped(octets, offset=offset % len(octets))


def bit_in(text: bytes) -> Callable[[bytes], bytes]:
    """In the first octet of the first place where `text` stands."""
    return lambda octets: flipped(octets, offset=octets.index(text))


def bit_in_value(offset: int) -> Callable[[bytes], bytes]:
    """Of the first SignatureValue of a document; r comes first, so that -1 is in s."""

    def changed(xml: bytes) -> bytes:
        begin, text, end = re.split(rb"(?<=SignatureValue>)([^<]+)(?=</)", xml, maxsplit=1)
        return begin + base64.b64encode(bit_at(offset)(base64.b64decode(text))) + end

    return changed


def bit_in_answer_value(answer: bytes) -> bytes:
    """Certificates come behind the value, so it is looked for by a reader of others."""
    value = ocsp.OCSPResponse.load(answer).basic_ocsp_response["signature"].native
    return flipped(answer, offset=answer.index(value) + 5)


# --- all of it -------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, kw_only=True, slots=True)
class Kind:
    """`task` of the judge; what breaks it, by the words that the refusal must hold."""

    words: str
    task: tuple[str, ...]
    make: Callable[[Family], Files]
    broken: tuple[tuple[str, Callable[[Files], Files], str], ...]
    """What the bit is in, how it is flipped, what is said."""
    families: tuple[Family, ...] = ("gost2015-512", "gost2015-256", "gost2004")


_IN_XML: Final[tuple[Family, ...]] = ("gost2015-512", "gost2004")
"""XML has no name for the other one."""
_NOT_SIGNED: Final = "SignedInfo: the value is not a signature"
_ATTRIBUTES: Final = "signed attributes: the value is not a signature"


def _document(words: str, make: Callable[[SigningKey], Files], kind: str, text: bytes, reference: str) -> Kind:
    return Kind(
        words=words,
        task=("xml", "signed.xml"),
        make=lambda family: make(key_of(kind, family)),
        broken=(
            ("r", in_file("signed.xml", bit_in_value(3)), _NOT_SIGNED),
            ("s", in_file("signed.xml", bit_in_value(-3)), _NOT_SIGNED),
            (
                "the document",
                in_file("signed.xml", bit_in(text)),
                f"Reference '{reference}': the digest is another one",
            ),
        ),
        families=_IN_XML,
    )


def _parts(family: Family, *, sign: Callable[..., None]) -> Files:
    return m.parts_of(container(key_of("head", family), sign=sign))


KINDS: Final[tuple[Kind, ...]] = (
    Kind(
        words="root",
        task=("certificate", "root.der"),
        make=lambda family: {"root.der": pki(family).root},
        broken=(("s", in_file("root.der", bit_at(-3)), "root: the value is not a signature"),),
    ),
    _document("national XML signature", xmldsig, "head", b"100", ""),
    _document("enveloped XAdES", xades, "head", b"100", ""),
    _document("WS-Security envelope", envelope, "information-system", b"1f0e7a52", "#id-1"),
    Kind(
        words="container with XAdES",
        task=("xml", m.SIGNATURES),
        make=partial(_parts, sign=sign_container),
        broken=(
            ("r", in_file(m.SIGNATURES, bit_in_value(3)), _NOT_SIGNED),
            ("s", in_file(m.SIGNATURES, bit_in_value(-3)), _NOT_SIGNED),
            ("an attachment", in_file("docs/a.pdf", bit_at(100)), "the digest is another one"),
            ("the signed properties", in_file(m.SIGNATURES, bit_in(b"2026-11-20T")), "signed properties: the digest"),
        ),
        families=_IN_XML,
    ),
    Kind(
        words="container with CAdES",
        task=("manifest", MANIFEST_FILE),
        make=partial(_parts, sign=sign_container_cades),
        broken=(
            ("s", in_file(CMS_FILE, bit_at(-3)), _ATTRIBUTES),
            ("an attachment", in_file("docs/a.pdf", bit_at(100)), "the digest is another one"),
            ("the manifest", in_file(MANIFEST_FILE, bit_in(b'pdf">')), "content: the digest is another one"),
        ),
        families=_IN_XML,
    ),
    Kind(
        words="detached CMS",
        task=("detached", "signature.der", "content"),
        make=lambda family: detached(key_of("head", family)),
        broken=(
            ("s", in_file("signature.der", bit_at(-3)), _ATTRIBUTES),
            ("the content", in_file("content", bit_at(100)), "content: the digest is another one"),
            ("the signed attributes", in_file("signature.der", bit_in(b"261120101500Z")), _ATTRIBUTES),
        ),
    ),
    Kind(
        words="attached CMS",
        task=("attached", "signature.der"),
        make=lambda family: attached(key_of("head", family)),
        broken=(
            ("s", in_file("signature.der", bit_at(-3)), _ATTRIBUTES),
            ("the content", in_file("signature.der", bit_in(CONTENT[:256])), "content: the digest is another one"),
        ),
    ),
    Kind(
        words="certificate",
        task=("certificate", "signer.der"),
        make=certificate,
        broken=(
            ("s", in_file("signer.der", bit_at(-3)), "certificate: the value is not a signature"),
            ("a name", in_file("signer.der", bit_in("Үлгі".encode()[1:])), "certificate: the value is not a signature"),
        ),
    ),
    Kind(
        words="CRL",
        task=("crl", "list.crl"),
        make=revocation_list,
        broken=(
            ("s", in_file("list.crl", bit_at(-3)), "list: the value is not a signature"),
            ("a date", in_file("list.crl", bit_in(b"261120101500Z")), "list: the value is not a signature"),
        ),
    ),
    Kind(
        words="OCSP answer",
        task=("ocsp", "answer.der"),
        make=ocsp_answer,
        broken=(
            ("r", in_file("answer.der", bit_in_answer_value), "answer: the value is not a signature"),
            ("a date", in_file("answer.der", bit_in(b"20261120101500Z")), "answer: the value is not a signature"),
        ),
    ),
    Kind(
        words="time-stamp",
        task=("time-stamp", "token.der", "content"),
        make=time_stamp,
        broken=(
            ("s", in_file("token.der", bit_at(-3)), _ATTRIBUTES),
            ("the time", in_file("token.der", bit_in(b"20261120101500")), "content: the digest is another one"),
            ("what is stamped", in_file("content", bit_at(100)), "imprint: the digest is another one"),
        ),
    ),
)
