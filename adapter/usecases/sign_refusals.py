"""Why nothing is signed, or what was signed is not sent: errors of signing, unfit keys, verdicts that do not pass."""

from __future__ import annotations

from datetime import datetime

import signing
from adapter.errors import Final, Retryable
from adapter.usecases.verified_container import Judged

_LATER = frozenset(
    {
        "signing.fetch-failed",
        "signing.status-unavailable",
        "signing.timestamp-no-token",
        "signing.timestamp-unreadable",
    }
)
"""Codes of a trust service that is silent: the same may go well in an hour."""
STATUS_LATER = "sign.status-later"
SIGNED_AHEAD = "sign.signed-ahead"
"""Signed under a clock that was ahead: until the time that the signature claims has come, no time-stamp fits it."""
_CLAIMED_TIME = "claims.signing-time"


def is_of_services(code: str) -> bool:
    """Whether a code says that a time-stamp or a status is not to be had, or not to be believed: no fault of the document.

    A certificate that is known to be revoked is none of these.
    """
    return code in {*_LATER, STATUS_LATER} or code.startswith("signing.timestamp-")


def is_signed_ahead(report: signing.ValidationReport) -> bool:
    """Whether nothing is wrong but that the time of signing which is claimed has not come yet."""
    open_checks = [
        check
        for one in report.signatures
        for check in one.checks
        if check.conclusion in {signing.Conclusion.FAILED, signing.Conclusion.INDETERMINATE}
    ]
    open_checks += [check for check in report.checks if check.conclusion is signing.Conclusion.FAILED]
    return bool(open_checks) and all(
        (check.id, check.conclusion) == (_CLAIMED_TIME, signing.Conclusion.INDETERMINATE) for check in open_checks
    )


def told(error: signing.SigningError) -> Final | Retryable:
    """What a signing error means here: later, where only a trust service is silent."""
    kind = Retryable if error.code in _LATER else Final
    return kind(error.code, params=dict(error.params))


def refuse_unfit_key(key: signing.SigningKey, *, at: datetime) -> None:
    """A key whose certificate is not valid now, or was made for logging in only, signs nothing (BR-03b)."""
    refuse_unfit_certificate(key.certificate_chain[0], at=at)


def refuse_unfit_certificate(certificate: bytes, *, at: datetime) -> None:
    """The same of a certificate (DER) whose key is elsewhere."""
    facts = signing.certificate_facts(certificate)
    refuse_outside_validity(facts, at=at)
    if "nonRepudiation" not in facts.key_usage:
        params = {"signer": facts.common_name or "", "from": facts.not_before, "to": facts.not_after}
        raise Final("sign.certificate-authentication-only", params=params)


def refuse_outside_validity(certificate: signing.CertificateFacts, *, at: datetime) -> None:
    """Raise Final `sign.certificate-not-yet-valid` or `sign.certificate-expired`."""
    params = {
        "signer": certificate.common_name or "",
        "from": certificate.not_before,
        "to": certificate.not_after,
    }
    if at < certificate.not_before:
        raise Final("sign.certificate-not-yet-valid", params=params)
    if at > certificate.not_after:
        raise Final("sign.certificate-expired", params=params)


def refuse_unless_passed(judged: Judged, code: str) -> None:
    """Raise Final `code` unless the verdict is TOTAL-PASSED and the container says what its header declares."""
    if judged.validation.indication is not signing.Indication.TOTAL_PASSED:
        raise refusal(code, judged.validation)
    if judged.container is None or judged.findings:
        reason = judged.findings[0].code if judged.findings else "container.no-document"
        raise Final(code, params={"indication": "TOTAL-PASSED", "reason": reason, "signer": ""})


def refusal(code: str, report: signing.ValidationReport) -> Final:
    """Final `code` with the verdict and every check that kept it from passing."""
    failed = [check.id for check in report.checks if check.conclusion is not signing.Conclusion.PASSED]
    for signature in report.signatures:
        failed += [
            check.id
            for check in signature.checks
            if check.conclusion in {signing.Conclusion.FAILED, signing.Conclusion.INDETERMINATE}
        ]
    signer = report.signatures[0].signer if report.signatures else None
    return Final(
        code,
        params={
            "indication": report.indication.value,
            "reason": ", ".join(failed) or (report.sub_indication.value if report.sub_indication else ""),
            "signer": (signer.common_name or "") if signer else "",
        },
    )
