"""Python libraries of others judge what we make, and we judge what they make; each runs as a program of its own."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from subprocess import CompletedProcess
from typing import Final

from signing import (
    DEFAULT_SIGNING,
    ETSI_BASELINE,
    sign_attached,
    sign_detached,
    sign_xml,
    verify_attached,
    verify_detached,
    verify_xml,
)
from signing.algorithms import digest_algorithm
from signing.timestamp import judge_token, new_request, read_response, read_token
from signing.validation_report import conclude
from tests.interop import tools, trust_services
from tests.interop.case import Case, accepts, flipped, refuses
from tests.interop.verdicts import given_status, our_verdict

# names in ASCII: signxml writes the tree again in ASCII, which a name in other letters does not survive
DOCUMENT: Final = "<r:report xmlns:r='urn:r'><amount unit='теңге'>100</amount></r:report>".encode()
CONTENT: Final = bytes(range(256)) * 40
SHA256 = digest_algorithm("sha256")
assert SHA256 is not None


def peer(folder: Path, *task: str) -> CompletedProcess[str]:
    return tools.run(folder, tools.PEER_PYTHON, tools.ROOT / "tests" / "interop" / "peer_program.py", *task)


def _trust(folder: Path) -> None:
    pki = trust_services.pki()
    (folder / "anchors.pem").write_bytes(pki.anchor_pem())
    for name, issuer in (("root.crl", pki.root), ("ca.crl", pki.intermediate)):
        (folder / name).write_bytes(trust_services.certificate_list(issuer))


# --- signxml -------------------------------------------------------------------------------------------------------
def _signxml_judges(folder: Path, *, form: str, key: str, broken: bool = False) -> CompletedProcess[str]:
    signed = sign_xml(
        DOCUMENT,
        trust_services.key_of("head", key),
        policy=DEFAULT_SIGNING,
        signing_time=trust_services.NOW,
        form=form,  # type: ignore[arg-type]
    )
    (folder / "signed.xml").write_bytes(flipped(signed, offset=signed.index(b"100")) if broken else signed)
    (folder / "anchors.pem").write_bytes(trust_services.pki().anchor_pem())
    return peer(folder, "signxml_verify", form)


def _we_judge_signxml(folder: Path, *, form: str, key: str) -> tuple[str, str]:
    (folder / "document.xml").write_bytes(DOCUMENT)
    (folder / "key.pem").write_bytes(trust_services.issued("head", key).pem())
    made = peer(folder, "signxml_sign", form)
    if made.returncode != 0:
        return "not signed", made.stderr
    validation = verify_xml(
        (folder / "signed.xml").read_bytes(),
        # plain XMLDSig has no signed certificate reference and no time
        policy=replace(
            ETSI_BASELINE, require_signing_certificate=form == "xades", require_signing_time=form == "xades"
        ),
        anchors=trust_services.anchors(),
        at=trust_services.now(),
        data=given_status(),
    )
    return our_verdict(validation.report)


# --- pyHanko -------------------------------------------------------------------------------------------------------
def _pyhanko_judges(
    folder: Path, *, key: str, attached: bool = False, time_stamped: bool = False, broken: bool = False
) -> CompletedProcess[str]:
    signer = trust_services.key_of("head", key)
    time_stamps = trust_services.authority() if time_stamped else None
    if attached:
        signature = sign_attached(
            CONTENT, signer, policy=DEFAULT_SIGNING, signing_time=trust_services.NOW, time_stamps=time_stamps
        )
    else:
        signature = sign_detached(
            [CONTENT], signer, policy=DEFAULT_SIGNING, signing_time=trust_services.NOW, time_stamps=time_stamps
        )
    _trust(folder)
    (folder / "signature.der").write_bytes(signature)
    (folder / "content").write_bytes(flipped(CONTENT) if broken else CONTENT)
    packaging = "attached" if attached else "detached"
    return peer(folder, "pyhanko_verify", packaging, "time-stamped" if time_stamped else "")


def _we_judge_pyhanko(folder: Path, *, key: str, time_stamped: bool, attached: bool) -> tuple[str, str]:
    (folder / "content").write_bytes(CONTENT)
    (folder / "key.p12").write_bytes(trust_services.issued("head", key).pkcs12(tools.PASSWORD))
    authority = trust_services.on_loopback(trust_services.TSA_URL) if time_stamped else "-"
    made = peer(folder, "pyhanko_sign", "attached" if attached else "detached", authority)
    if made.returncode != 0:
        return "not signed", made.stderr
    signature = (folder / "signature.der").read_bytes()
    context = {
        "policy": ETSI_BASELINE,
        "anchors": trust_services.anchors(),
        "at": trust_services.now(),
        "fetcher": trust_services.services(),
    }
    report = (
        verify_attached(signature, **context).report  # type: ignore[arg-type]
        if attached
        else verify_detached(signature, [CONTENT], **context)  # type: ignore[arg-type]
    )
    return our_verdict(report)


# --- time-stamps ---------------------------------------------------------------------------------------------------
def _rfc3161_judges(folder: Path, *, broken: bool = False) -> CompletedProcess[str]:
    nonce = 2**63 + 11
    request = new_request(SHA256, SHA256.of(CONTENT), nonce=nonce, policy=None)
    (folder / "answer.tsr").write_bytes(trust_services.tsa().answer(request))
    (folder / "nonce.txt").write_text(str(nonce))
    (folder / "content").write_bytes(flipped(CONTENT) if broken else CONTENT)
    (folder / "anchors.pem").write_bytes(trust_services.pki().anchor_pem())
    return peer(folder, "rfc3161_verify")


def _we_answer_rfc3161(folder: Path) -> tuple[str, str]:
    """Its question, our authority's answer, judged by us."""
    (folder / "content").write_bytes(CONTENT)
    asked = peer(folder, "rfc3161_request")
    if asked.returncode != 0:
        return "not asked", asked.stderr
    answer = trust_services.tsa().answer((folder / "request.tsq").read_bytes())
    nonce = int((folder / "nonce.txt").read_text())
    # it asks with SHA-512
    digest = digest_algorithm("sha512")
    assert digest is not None
    token = read_token(read_response(answer, digest=digest, imprint=digest.of(CONTENT), nonce=nonce, policy=None))
    checks, _ = judge_token(token, lambda each: each.of(CONTENT), (), policy=ETSI_BASELINE, at=trust_services.now())
    return conclude(checks)[0].value, str(checks)


CASES: Final[tuple[Case, ...]] = (
    *(
        accepts("signxml", f"judges {form}, {key}", "", partial(_signxml_judges, form=form, key=key))
        for form in ("xades", "xmldsig")
        for key in ("rsa-2048", "ec-p256")
    ),
    *(
        refuses(
            "signxml",
            f"judges {form}, byte flipped in the document",
            "Digest mismatch",
            partial(_signxml_judges, form=form, key="ec-p256", broken=True),
        )
        for form in ("xades", "xmldsig")
    ),
    *(
        Case(
            tool="signxml",
            name=f"signs, we judge {form}, {key}",
            expected="TOTAL-PASSED, XAdES-BASELINE-B" if form == "xades" else "TOTAL-PASSED, XMLDSig",
            ask=partial(_we_judge_signxml, form=form, key=key),
        )
        for form in ("xades", "xmldsig")
        for key in ("rsa-2048", "ec-p256")
    ),
    *(
        accepts(
            "pyHanko",
            f"judges {'attached' if attached else 'detached'} CMS{', time-stamped' if time_stamped else ''}, {key}",
            "INTACT",
            partial(_pyhanko_judges, key=key, attached=attached, time_stamped=time_stamped),
        )
        for attached in (False, True)
        for time_stamped in (False, True)
        for key in ("rsa-2048", "ec-p256", "ec-p384")
    ),
    refuses(
        "pyHanko",
        "judges detached CMS, byte flipped in the content",
        "INVALID",
        partial(_pyhanko_judges, key="ec-p256", broken=True),
    ),
    *(
        Case(
            tool="pyHanko",
            name=f"signs, we judge {'attached' if attached else 'detached'} CMS"
            f"{', time-stamped' if time_stamped else ''}, {key}",
            expected=f"TOTAL-PASSED, CAdES-BASELINE-{'T' if time_stamped else 'B'}",
            ask=partial(_we_judge_pyhanko, key=key, time_stamped=time_stamped, attached=attached),
        )
        for attached in (False, True)
        for key in ("rsa-2048", "ec-p256")
        for time_stamped in (False, True)
    ),
    accepts("rfc3161-client", "judges a time-stamp", "", _rfc3161_judges),
    refuses(
        "rfc3161-client",
        "judges a time-stamp of other content",
        "VerificationError",
        partial(_rfc3161_judges, broken=True),
    ),
    Case(tool="rfc3161-client", name="asks, we answer and judge", expected="TOTAL-PASSED", ask=_we_answer_rfc3161),
)
