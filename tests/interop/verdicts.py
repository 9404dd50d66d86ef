"""Our own verdicts on what others made, in one line, and what they lean on."""

from __future__ import annotations

from signing import SubIndication, ValidationData, ValidationReport
from tests.interop import trust_services


def given_status() -> ValidationData:
    """Revocation status for signatures that bring none."""
    pki = trust_services.pki()
    return ValidationData(crls=tuple(trust_services.certificate_list(each) for each in (pki.root, pki.intermediate)))


def our_verdict(report: ValidationReport) -> tuple[str, str]:
    """The verdict on each signature, or on the whole where there is none; then every check that did not pass."""
    said = [
        f"{each.indication.value}{_because(each.sub_indication)}, {each.format}"
        + (f"-BASELINE-{each.level.removeprefix('B-')}" if each.level.startswith("B-") else "")
        for each in report.signatures
    ] or [f"{report.indication.value}{_because(report.sub_indication)}"]
    stamps = [check for each in report.signatures for stamp in each.time_stamps for check in stamp.checks]
    every = [*report.checks, *(check for each in report.signatures for check in each.checks), *stamps]
    flaws = [
        f"{check.id} {check.conclusion.value} {dict(check.params)}"
        for check in every
        if check.conclusion.value in ("FAILED", "INDETERMINATE")
    ]
    return "; ".join(said), "\n".join(flaws)


def _because(sub_indication: SubIndication | None) -> str:
    return f" ({sub_indication.value})" if sub_indication is not None else ""
