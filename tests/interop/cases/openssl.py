"""openssl judges our office signatures, attached CMS, key files and paths."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from subprocess import CompletedProcess
from typing import Final

from signing import sign_attached, sign_detached
from tests.interop import tools
from tests.interop.case import Case, accepts, flipped, refuses
from tests.interop.cases.xmlsec1 import other_pki
from tests.unit.signing import xml_material as m

CONTENT: Final = bytes(range(256)) * 40


# --- office signatures ---------------------------------------------------------------------------------------------
def _detached(
    folder: Path, *, kind: str = "rsa-2048", content: bytes = CONTENT, broken: bool = False, stranger: bool = False
) -> CompletedProcess[str]:
    key = m.issued("signer", kind).signing_key()
    signature = sign_detached([CONTENT], key, policy=m.DEFAULT_SIGNING, signing_time=m.NOW)
    if broken:
        signature = flipped(signature, offset=len(signature) - 9)  # inside the signature value, which comes last
    return tools.openssl_on_detached(folder, signature, content, other_pki() if stranger else m.pki())


def _attached(folder: Path, *, kind: str = "rsa-2048", broken: bool = False) -> CompletedProcess[str]:
    key = m.issued("signer", kind).signing_key()
    signature = sign_attached(CONTENT, key, policy=m.DEFAULT_SIGNING, signing_time=m.NOW)
    if broken:
        signature = flipped(signature, offset=signature.index(CONTENT[:200]) + 100)
    return tools.openssl_on_attached(folder, signature, m.pki())


# --- key files and paths -------------------------------------------------------------------------------------------
def _pkcs12(folder: Path, *, legacy: bool = False, password: bytes = tools.PASSWORD) -> CompletedProcess[str]:
    content = m.issued("head").pkcs12(tools.PASSWORD, legacy=legacy)
    given = ("-passin", f"pass:{password.decode()}")
    return tools.openssl_on_pkcs12(folder, content, *given, *(("-legacy",) if legacy else ()))


def _path(folder: Path, *, kind: str = "head", stranger: bool = False, broken: bool = False) -> CompletedProcess[str]:
    certificate = m.issued(kind).certificate
    if broken:
        certificate = flipped(certificate, offset=len(certificate) - 9)
    return tools.openssl_on_path(folder, certificate, other_pki() if stranger else m.pki())


_VALUE: Final = "verification failure"
_NO_ISSUER: Final = "unable to get local issuer certificate"

CASES: Final[tuple[Case, ...]] = (
    *(
        accepts("openssl", f"office signature, {kind}", "Verification successful", partial(_detached, kind=kind))
        for kind in ("rsa-2048", "ec-p256", "ec-p384", "ec-p521")
    ),
    refuses(
        "openssl",
        "office signature, byte flipped in the content",
        "content verify error",
        partial(_detached, content=flipped(CONTENT)),
    ),
    refuses(
        "openssl",
        "office signature, byte flipped in the signature",
        "verification failure",
        partial(_detached, broken=True),
    ),
    refuses("openssl", "office signature, another root", _NO_ISSUER, partial(_detached, stranger=True)),
    *(
        accepts("openssl", f"attached CMS, {kind}", "Verification successful", partial(_attached, kind=kind))
        for kind in ("rsa-2048", "ec-p256", "ec-p384", "ec-p521")
    ),
    refuses(
        "openssl", "attached CMS, byte flipped in the content", "content verify error", partial(_attached, broken=True)
    ),
    accepts("openssl", "PKCS#12, today's form", "BEGIN PRIVATE KEY", _pkcs12),
    accepts("openssl", "PKCS#12, the national form", "BEGIN PRIVATE KEY", partial(_pkcs12, legacy=True)),
    refuses("openssl", "PKCS#12, wrong password", "invalid password", partial(_pkcs12, password=tools.WRONG_PASSWORD)),
    *(
        accepts("openssl", f"certification path, {kind}", "signer.pem: OK", partial(_path, kind=kind))
        for kind in ("head", "signer", "information-system")
    ),
    refuses("openssl", "certification path, another root", _NO_ISSUER, partial(_path, stranger=True)),
    refuses(
        "openssl", "certification path, byte flipped", "certificate signature failure", partial(_path, broken=True)
    ),
)
"""Ed25519 is not among them: OpenSSL 3.0 does not verify it in CMS."""
