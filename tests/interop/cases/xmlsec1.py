"""xmlsec1 judges our containers and envelopes."""

from __future__ import annotations

from functools import cache, partial
from pathlib import Path
from subprocess import CompletedProcess
from typing import Final, Literal

from signing import sign_envelope, sign_xml
from tests.interop import tools
from tests.interop.case import Case, accepts, flipped, refuses
from tests.unit.signing import xml_material as m


@cache
def other_pki() -> m.SandboxPki:
    """The same names, other certificates: trusting it must not make our signatures good."""
    return m.SandboxPki.create(not_before=m.pki().not_before, not_after=m.pki().not_after, name="Other")


# --- containers ----------------------------------------------------------------------------------------------------
def _container(
    folder: Path, *, kind: str = "rsa-2048", part: str = "", stranger: bool = False
) -> CompletedProcess[str]:
    container = m.signed(key=m.issued("head", kind).signing_key())
    if part:
        after = b"SigningTime>" if part == m.SIGNATURES else b""
        parts = m.parts_of(container)
        container = m.raw_zip(m.raw_entries({**parts, part: flipped(parts[part], after)}))
    return tools.xmlsec1_on_container(folder, container, other_pki() if stranger else m.pki())


# --- envelopes -----------------------------------------------------------------------------------------------------
def _envelope(folder: Path, *, kind: str = "rsa-2048", after: bytes = b"") -> CompletedProcess[str]:
    key = m.issued("information-system", kind).signing_key()
    message = sign_envelope(m.ENVELOPE, key, policy=m.DEFAULT_SIGNING, body_id="id-1")
    return tools.xmlsec1_on_envelope(folder, flipped(message, after) if after else message, key.certificate_chain[0])


# --- documents -----------------------------------------------------------------------------------------------------
DOCUMENT: Final = "<r:есеп xmlns:r='urn:r' xmlns='urn:d' xml:lang='kk'><сома>100</сома></r:есеп>".encode()


def _document(
    folder: Path, *, form: Literal["xades", "xmldsig"], kind: str = "rsa-2048", broken: bool = False
) -> CompletedProcess[str]:
    """An enveloped signature: XAdES, and the national form, whose canonicalization is the inclusive one."""
    key = m.issued("head", kind).signing_key()
    signed = sign_xml(DOCUMENT, key, policy=m.DEFAULT_SIGNING, signing_time=m.NOW, form=form)
    return tools.xmlsec1_on_document(
        folder, flipped(signed, offset=signed.index(b"100")) if broken else signed, m.pki()
    )


_DIGEST: Final = "data and digest do not match"
_VALUE: Final = "signature verification failed"
_NO_ISSUER: Final = "unable to get local issuer certificate"

CASES: Final[tuple[Case, ...]] = (
    *(
        accepts("xmlsec1", f"container, {kind}", "OK", partial(_container, kind=kind))
        for kind in ("rsa-2048", "rsa-3072", "ec-p256", "ec-p384", "ec-p521")
    ),
    *(
        refuses("xmlsec1", f"container, byte flipped in {what}", _DIGEST, partial(_container, part=part))
        for what, part in (
            ("the document", m.REPORT_NAME),
            ("an attachment", "docs/a.pdf"),
            ("the signed properties", m.SIGNATURES),
        )
    ),
    refuses("xmlsec1", "container, another root", _NO_ISSUER, partial(_container, stranger=True)),
    *(
        accepts("xmlsec1", f"envelope, {kind}", "OK", partial(_envelope, kind=kind))
        for kind in ("rsa-2048", "ec-p256", "ec-p384")
    ),
    refuses("xmlsec1", "envelope, byte flipped in the Body", _DIGEST, partial(_envelope, after=b"<messageId>")),
    refuses(
        "xmlsec1",
        "envelope, byte flipped in the signature value",
        _VALUE,
        partial(_envelope, after=b"<ds:SignatureValue>"),
    ),
    *(
        accepts("xmlsec1", f"enveloped {form}, {kind}", "OK", partial(_document, form=form, kind=kind))
        for form in ("xades", "xmldsig")
        for kind in ("rsa-2048", "ec-p256", "ec-p384")
    ),
    *(
        refuses(
            "xmlsec1",
            f"enveloped {form}, byte flipped in the document",
            _DIGEST,
            partial(_document, form=form, broken=True),
        )
        for form in ("xades", "xmldsig")
    ),
)
"""Ed25519 is not among them: xmlsec1 1.2 has no identifier for it."""
