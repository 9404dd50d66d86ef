"""Cryptographic verification (EN 319 102-1, 5.2.7), and its algorithms judged again at a proven time."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from signing.algorithms import Standing, verify_signature
from signing.validation_report import Check, Conclusion, SubIndication

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from signing.algorithms import Form, SignatureAlgorithm
    from signing.certificates import Certificate


def signature_value_check(
    check_id: str,
    algorithm: SignatureAlgorithm,
    signer: Certificate,
    message: bytes,
    signature: bytes,
    *,
    form: Form,
) -> Check:
    """Step 4 for one signature value: does it verify with the signer's key? Says apart what was wrong.

    A weak key is CRYPTO_CONSTRAINTS_FAILURE, INDETERMINATE where it is only of a curve we do not compute with; a value
    that does not verify is SIG_CRYPTO_FAILURE; NOT_PERFORMED when the algorithm is not on the allow-list, which
    `algorithm_check` has said already.
    """
    if algorithm.standing is not Standing.TRUSTED:
        return Check.not_performed(check_id, reason="algorithm", algorithm=algorithm.id)
    key = signer.public_key
    if key.type != algorithm.key_type:
        return Check.failed(check_id, SubIndication.SIG_CRYPTO_FAILURE, algorithm=algorithm.id, reason="key type")
    if key.weakness is not None:
        make = Check.indeterminate if key.is_unsupported else Check.failed
        return make(check_id, SubIndication.CRYPTO_CONSTRAINTS_FAILURE, reason=key.weakness)
    if not verify_signature(algorithm, signer, message, signature, form=form):
        return Check.failed(check_id, SubIndication.SIG_CRYPTO_FAILURE, algorithm=algorithm.id, reason="value")
    return Check.passed(check_id, algorithm=algorithm.id)


def judged_at(checks: Iterable[Check], proven_at: datetime, *, newer_than: datetime | None = None) -> tuple[Check, ...]:
    """`checks`, where an algorithm that ended after `proven_at` is good: what it protects existed by then (5.6.2.4).

    `newer_than`: the moment after which what was signed is proven to have been made. Where the algorithm had ended by
    then no older proof can come any more, and the check says CRYPTO_CONSTRAINTS_FAILURE.
    """
    return tuple([_judged_at(check, proven_at, newer_than) if _has_ended(check) else check for check in checks])


def worst_of(checks: Sequence[Check], passed: Check) -> Check:
    """The one of several checks on algorithms that decides, `passed` when all of them passed.

    One that proof can mend never hides one that it cannot, and of two that ended the earlier one counts.
    """
    troubled = [check for check in checks if check.conclusion is not Conclusion.PASSED]
    return max(troubled, key=_severity) if troubled else passed


def _severity(check: Check) -> tuple[bool, bool, int]:
    until = -date.fromisoformat(check.params["until"]).toordinal() if _has_ended(check) else 0
    return check.conclusion is Conclusion.FAILED, not _has_ended(check), until


def _has_ended(check: Check) -> bool:
    return check.sub_indication is SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE and "until" in check.params


def _judged_at(check: Check, proven_at: datetime, newer_than: datetime | None) -> Check:
    until = date.fromisoformat(check.params["until"])
    if proven_at.date() < until:
        params = {name: value for name, value in check.params.items() if name != "reason"}
        return Check.passed(check.id, **params, proven_at=proven_at.isoformat())
    if newer_than is not None and newer_than.date() >= until:
        return Check.indeterminate(check.id, SubIndication.CRYPTO_CONSTRAINTS_FAILURE, **check.params)
    return check
