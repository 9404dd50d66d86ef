"""openssl judges our time-stamps and revocation status, and we judge those that it makes."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from pathlib import Path
from subprocess import CompletedProcess
from typing import Final, Literal

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from signing import ETSI_BASELINE, Certificate, ValidationData
from signing.algorithms import digest_algorithm
from signing.revocation import judge_status, statements_on
from signing.revocation.ocsp_request import new_request as new_ocsp_request
from signing.timestamp import judge_token, new_request, read_response, read_token
from signing.validation_report import conclude
from tests.interop import tools, trust_services
from tests.interop.case import Case, accepts, flipped, refuses
from tests.interop.cases.xmlsec1 import other_pki

CONTENT: Final = bytes(range(256)) * 40
SHA256 = digest_algorithm("sha256")
assert SHA256 is not None


# --- time-stamps ---------------------------------------------------------------------------------------------------
def _time_stamp(
    folder: Path, *, bare: bool = False, content: bytes = CONTENT, root: bytes = b""
) -> CompletedProcess[str]:
    """A time-stamp of our authority, the whole answer to our question or the token alone."""
    request = new_request(SHA256, SHA256.of(CONTENT), nonce=2**63 + 5, policy=None)
    answer = trust_services.tsa().answer(request)
    token = read_response(answer, digest=SHA256, imprint=SHA256.of(CONTENT), nonce=2**63 + 5, policy=None)
    (folder / "content").write_bytes(content)
    (folder / "request.tsq").write_bytes(request)
    (folder / "answer").write_bytes(token if bare else answer)
    _pem(folder, root=root or trust_services.pki().root, ca=trust_services.pki().intermediate)
    asked = ("-data", "content", "-token_in") if bare else ("-queryfile", "request.tsq")
    return tools.run(
        folder, "openssl", "ts", "-verify", "-in", "answer", *asked, "-CAfile", "root.pem", "-untrusted", "ca.pem"
    )


def _time_stamp_of_theirs(folder: Path, *, content: bytes = CONTENT) -> tuple[str, str]:
    """Our question, the answer of openssl as an authority with everything an answer can have, judged by us."""
    request = new_request(SHA256, SHA256.of(CONTENT), nonce=9, policy=None)
    (folder / "request.tsq").write_bytes(request)
    (folder / "tsa.pem").write_bytes(trust_services.issued("tsa", "rsa-2048", "SANDBOX TSA").pem())
    _pem(folder, signer=trust_services.tsa().key.certificate, ca=trust_services.pki().intermediate)
    (folder / "serial").write_text("1000")
    (folder / "tsa.cnf").write_text(_TSA)
    made = tools.run(
        folder, "openssl", "ts", "-reply", "-config", "tsa.cnf", "-queryfile", "request.tsq", "-out", "answer.tsr"
    )
    if made.returncode != 0:
        return "not answered", made.stderr
    answer = (folder / "answer.tsr").read_bytes()
    token = read_response(answer, digest=SHA256, imprint=SHA256.of(CONTENT), nonce=9, policy=None)
    checks, _ = judge_token(
        read_token(token), lambda each: each.of(content), (), policy=ETSI_BASELINE, at=trust_services.now()
    )
    indication, because = conclude(checks)
    return indication.value + (f" ({because.value})" if because is not None else ""), str(checks)


_TSA: Final = """[tsa]
default_tsa = authority
[authority]
serial = ./serial
signer_cert = signer.pem
signer_key = tsa.pem
certs = ca.pem
default_policy = 1.2.3.4.1
digests = sha256, sha384, sha512
signer_digest = sha256
accuracy = secs:1, millisecs:500, microsecs:100
ordering = yes
tsa_name = yes
clock_precision_digits = 3
ess_cert_id_chain = yes
ess_cert_id_alg = sha256
"""


# --- revocation status ---------------------------------------------------------------------------------------------
def _pem(folder: Path, **certificates: bytes) -> None:
    for name, der in certificates.items():
        (folder / f"{name}.der").write_bytes(der)
        tools.run(folder, "openssl", "x509", "-inform", "DER", "-in", f"{name}.der", "-out", f"{name}.pem")


def _our_ocsp_answer(folder: Path, *, root: bytes = b"") -> CompletedProcess[str]:
    """The answer of our responder to our own question."""
    signer, pki = trust_services.issued("head"), trust_services.pki()
    request = new_ocsp_request(Certificate.from_der(signer.certificate), Certificate.from_der(pki.intermediate))
    (folder / "answer.der").write_bytes(trust_services.services().ocsp.answer(request))
    _pem(folder, signer=signer.certificate, ca=pki.intermediate, root=root or pki.root)
    return tools.run(
        folder,
        *("openssl", "ocsp", "-respin", "answer.der", "-issuer", "ca.pem", "-sha256", "-cert", "signer.pem"),
        *("-CAfile", "root.pem", "-verify_other", "ca.pem", "-no_nonce"),
    )


def _our_list(folder: Path, *, broken: bool = False) -> CompletedProcess[str]:
    """A path with the CRLs of both authorities."""
    pki = trust_services.pki()
    _pem(folder, signer=trust_services.issued("head").certificate, ca=pki.intermediate, root=pki.root)
    both = b""
    for name, issuer in (("root", pki.root), ("ca", pki.intermediate)):
        der = trust_services.certificate_list(issuer)
        (folder / f"{name}.crl").write_bytes(flipped(der, offset=len(der) - 9) if broken and name == "ca" else der)
        tools.run(folder, "openssl", "crl", "-inform", "DER", "-in", f"{name}.crl", "-out", f"{name}.crl.pem")
        both += (folder / f"{name}.crl.pem").read_bytes()
    (folder / "all.crl.pem").write_bytes(both)
    return tools.run(
        folder,
        *("openssl", "verify", "-crl_check_all", "-CRLfile", "all.crl.pem", "-purpose", "any"),
        *("-CAfile", "root.pem", "-untrusted", "ca.pem", "signer.pem"),
    )


def _authority_of_theirs(folder: Path, signer: bytes, status: str) -> None:
    """What openssl needs to answer for our intermediate authority: its key, and the index of what it issued."""
    pki, moment = trust_services.pki(), trust_services.NOW
    (folder / "ca.key").write_bytes(
        pki._intermediate_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    _pem(folder, ca=pki.intermediate, root=pki.root, signer=signer)
    serial = f"{Certificate.from_der(signer).serial:X}"
    serial = serial if len(serial) % 2 == 0 else "0" + serial
    revoked = f"{moment - timedelta(hours=1):%y%m%d%H%M%S}Z,keyCompromise" if status == "R" else ""
    (folder / "index.txt").write_text(
        f"{status}\t{moment + timedelta(days=300):%y%m%d%H%M%S}Z\t{revoked}\t{serial}\tunknown\t/CN=x\n"
    )
    (folder / "index.txt.attr").write_text("unique_subject = no\n")
    (folder / "number").write_text("01")
    (folder / "ca.cnf").write_text(_CA)


_CA: Final = """[ca]
default_ca = authority
[authority]
database = index.txt
crlnumber = number
default_md = sha256
default_crl_days = 1
crl_extensions = extensions
[extensions]
authorityKeyIdentifier = keyid
"""


def _status_of_theirs(folder: Path, *, status: str, kind: Literal["ocsp", "crl"]) -> tuple[str, str]:
    """Openssl answers our question, or makes a CRL, as our intermediate authority; the status we find."""
    signer = Certificate.from_der(trust_services.issued("head").certificate)
    issuer = Certificate.from_der(trust_services.pki().intermediate)
    _authority_of_theirs(folder, signer.der, status)
    if kind == "ocsp":
        (folder / "request.der").write_bytes(new_ocsp_request(signer, issuer))
        answering = ("-rsigner", "ca.pem", "-rkey", "ca.key", "-CA", "ca.pem", "-ndays", "1")
        made = tools.run(
            folder,
            *("openssl", "ocsp", "-index", "index.txt", *answering, "-reqin", "request.der", "-respout", "evidence"),
        )
    else:
        made = tools.run(
            folder,
            *(
                "openssl",
                "ca",
                "-gencrl",
                "-config",
                "ca.cnf",
                "-keyfile",
                "ca.key",
                "-cert",
                "ca.pem",
                "-out",
                "crl.pem",
            ),
        )
        tools.run(folder, "openssl", "crl", "-in", "crl.pem", "-outform", "DER", "-out", "evidence")
    if not (folder / "evidence").exists():
        return "not answered", made.stderr
    evidence = (folder / "evidence").read_bytes()
    given = ValidationData(ocsp_responses=(evidence,)) if kind == "ocsp" else ValidationData(crls=(evidence,))
    at = trust_services.now()
    found, turned_away = statements_on(
        signer, issuer, given=given, anchors=trust_services.anchors(), at=at, policy=ETSI_BASELINE
    )
    check, _ = judge_status(found, signer, at=at, policy=ETSI_BASELINE)
    return ", ".join(each.status for each in found) or "nothing", f"{check} {turned_away}"


CASES: Final[tuple[Case, ...]] = (
    accepts("openssl", "time-stamp, whole answer", "Verification: OK", _time_stamp),
    accepts("openssl", "time-stamp, bare token", "Verification: OK", partial(_time_stamp, bare=True)),
    refuses(
        "openssl",
        "time-stamp, other content",
        "message imprint mismatch",
        partial(_time_stamp, bare=True, content=flipped(CONTENT)),
    ),
    refuses(
        "openssl", "time-stamp, another root", "certificate verify error", partial(_time_stamp, root=other_pki().root)
    ),
    Case(tool="openssl", name="makes a time-stamp, we judge", expected="TOTAL-PASSED", ask=_time_stamp_of_theirs),
    Case(
        tool="openssl",
        name="makes a time-stamp, we judge it over other content",
        expected="TOTAL-FAILED (HASH_FAILURE)",
        ask=partial(_time_stamp_of_theirs, content=flipped(CONTENT)),
    ),
    accepts("openssl", "OCSP answer", "signer.pem: good", _our_ocsp_answer),
    refuses(
        "openssl",
        "OCSP answer, another root",
        "Response Verify Failure",
        partial(_our_ocsp_answer, root=other_pki().root),
    ),
    accepts("openssl", "CRLs on a path", "signer.pem: OK", _our_list),
    refuses("openssl", "CRLs on a path, byte flipped", "CRL signature failure", partial(_our_list, broken=True)),
    *(
        Case(
            tool="openssl",
            name=f"makes {'an OCSP answer' if kind == 'ocsp' else 'a CRL'}, {expected}, we read it",
            expected=expected,
            ask=partial(_status_of_theirs, status=status, kind=kind),  # type: ignore[arg-type]
        )
        for kind in ("ocsp", "crl")
        for status, expected in (("V", "good"), ("R", "revoked"))
    ),
)
