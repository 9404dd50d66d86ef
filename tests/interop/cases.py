"""What foreign programs are asked about our signatures, good and with a byte changed; `report` and the tests ask the same.

Each case makes its own material, runs one program in an empty folder and says what that program found. A program that
only ever accepts would agree with half of the cases: that is what the other half is for. A refusal counts only with the
words of its reason, for a misspelt option makes a program "refuse" too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from subprocess import CompletedProcess
from typing import Final, Literal

from signing import sign_detached, sign_envelope
from tests.interop import tools
from tests.unit.signing import xml_material as m

Verdict = Literal["accepts", "refuses", "unclear"]

CONTENT: Final = bytes(range(256)) * 40


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """`ask` gets an empty folder and runs the tool once; `says` stands in what the tool writes with this verdict."""

    tool: str
    name: str
    expected: Verdict
    says: str
    ask: Callable[[Path], CompletedProcess[str]]

    def obtained(self, folder: Path) -> tuple[Verdict, str]:
        """The tool's verdict, and its diagnostics; "unclear" when its words are not those of the verdict expected."""
        done = self.ask(folder)
        verdict: Verdict = "accepts" if done.returncode == 0 else "refuses"
        is_clear = verdict != self.expected or self.says in done.stderr + done.stdout
        return (verdict if is_clear else "unclear"), done.stderr


@cache
def other_pki() -> m.SandboxPki:
    """The same names, other certificates: trusting it must not make our signatures good."""
    return m.SandboxPki.create(not_before=m.pki().not_before, not_after=m.pki().not_after, name="Other")


def flipped(content: bytes, after: bytes = b"", offset: int | None = None) -> bytes:
    """`content` with one byte changed: behind the mark `after`, at `offset`, or in the middle.

    Behind a mark stands text or base64: there one letter becomes another, so that it is still text or base64.
    """
    if after:
        at = content.index(after) + len(after)
        return content[:at] + (b"B" if content[at : at + 1] == b"A" else b"A") + content[at + 1 :]
    at = len(content) // 2 if offset is None else offset
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


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


# --- office signatures ---------------------------------------------------------------------------------------------
def _detached(
    folder: Path, *, kind: str = "rsa-2048", content: bytes = CONTENT, broken: bool = False, stranger: bool = False
) -> CompletedProcess[str]:
    key = m.issued("signer", kind).signing_key()
    signature = sign_detached([CONTENT], key, policy=m.DEFAULT_SIGNING, signing_time=m.NOW)
    if broken:
        signature = flipped(signature, offset=len(signature) - 9)  # inside the signature value, which comes last
    return tools.openssl_on_detached(folder, signature, content, other_pki() if stranger else m.pki())


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


_DIGEST: Final = "data and digest do not match"
_VALUE: Final = "signature verification failed"
_NO_ISSUER: Final = "unable to get local issuer certificate"


def _accepts(tool: str, name: str, says: str, ask: Callable[[Path], CompletedProcess[str]]) -> Case:
    return Case(tool=tool, name=name, expected="accepts", says=says, ask=ask)


def _refuses(tool: str, name: str, says: str, ask: Callable[[Path], CompletedProcess[str]]) -> Case:
    return Case(tool=tool, name=name, expected="refuses", says=says, ask=ask)


CASES: Final = (
    *(
        _accepts("xmlsec1", f"container, {kind}", "OK", partial(_container, kind=kind))
        for kind in ("rsa-2048", "rsa-3072", "ec-p256", "ec-p384", "ec-p521")
    ),
    *(
        _refuses("xmlsec1", f"container, byte flipped in {what}", _DIGEST, partial(_container, part=part))
        for what, part in (
            ("the document", m.REPORT_NAME),
            ("an attachment", "docs/a.pdf"),
            ("the signed properties", m.SIGNATURES),
        )
    ),
    _refuses("xmlsec1", "container, another root", _NO_ISSUER, partial(_container, stranger=True)),
    *(
        _accepts("xmlsec1", f"envelope, {kind}", "OK", partial(_envelope, kind=kind))
        for kind in ("rsa-2048", "ec-p256", "ec-p384")
    ),
    _refuses("xmlsec1", "envelope, byte flipped in the Body", _DIGEST, partial(_envelope, after=b"<messageId>")),
    _refuses(
        "xmlsec1",
        "envelope, byte flipped in the signature value",
        _VALUE,
        partial(_envelope, after=b"<ds:SignatureValue>"),
    ),
    *(
        _accepts("openssl", f"office signature, {kind}", "Verification successful", partial(_detached, kind=kind))
        for kind in ("rsa-2048", "ec-p256", "ec-p384", "ec-p521")
    ),
    _refuses(
        "openssl",
        "office signature, byte flipped in the content",
        "content verify error",
        partial(_detached, content=flipped(CONTENT)),
    ),
    _refuses(
        "openssl",
        "office signature, byte flipped in the signature",
        "verification failure",
        partial(_detached, broken=True),
    ),
    _refuses("openssl", "office signature, another root", _NO_ISSUER, partial(_detached, stranger=True)),
    _accepts("openssl", "PKCS#12, today's form", "BEGIN PRIVATE KEY", _pkcs12),
    _accepts("openssl", "PKCS#12, the national form", "BEGIN PRIVATE KEY", partial(_pkcs12, legacy=True)),
    _refuses("openssl", "PKCS#12, wrong password", "invalid password", partial(_pkcs12, password=tools.WRONG_PASSWORD)),
    *(
        _accepts("openssl", f"certification path, {kind}", "signer.pem: OK", partial(_path, kind=kind))
        for kind in ("head", "signer", "information-system")
    ),
    _refuses("openssl", "certification path, another root", _NO_ISSUER, partial(_path, stranger=True)),
    _refuses(
        "openssl", "certification path, byte flipped", "certificate signature failure", partial(_path, broken=True)
    ),
)
"""Ed25519 is not among them: xmlsec1 1.2 has no identifier for it, OpenSSL 3.0 does not verify it in CMS."""
