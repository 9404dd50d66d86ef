"""The status of every certificate of a path, from just below the anchor down to the leaf (EN 319 102-1, 5.6.2.2).

Control-time begins at the validation time and only ever goes back: to the moment from which a certificate was revoked,
and, for the authorities of time-stamps, to its end. Below a certificate whose key somebody else may hold, or nobody
watches any more, only what is proven to be older speaks. That nobody watches any more speaks against a "good" and not
against a "revoked": of that only the loss of a key above takes the word away.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Final, Literal

from signing.algorithms import signature_algorithm
from signing.certification_path import algorithm_check
from signing.revocation import is_fresh, judge_status
from signing.validation_report import Check, Conclusion, SubIndication

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from signing.certificates import Certificate
    from signing.policy import ValidationPolicy
    from signing.revocation import StatusStatement
    from signing.verify.certificate_status import StatusMaterial
    from signing.verify.proof_of_existence import ProofsOfExistence

STATUS: Final = "revocation.status"

# what is not known may be left unasked by policy; a hold or a number never issued is known
_NOT_KNOWN: Final = frozenset({"absent", "not fresh", "unknown"})
_WITHOUT_STATUS: Final = ("2.5.29.56", "0.4.0.194121.2.1")
"""id-ce-noRevAvail; id-etsi-ext-valassured-ST-certs."""

_PASSED, _FAILED = Conclusion.PASSED, Conclusion.FAILED
_NO_TIME: Final = timedelta(0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Use:
    """What a certificate was used for, and when.

    `judged_at` is the earliest proven time of what it signed; `fresh_at` the time for which its status must be known:
    the same for a signer, genTime for a time-stamp. `newer_than` is the moment after which what it signed is proven to
    have been made, None when nothing proves that.
    """

    certificate: Certificate
    role: Literal["signer", "authority"]
    judged_at: datetime
    fresh_at: datetime
    newer_than: datetime | None = None


class StatusWalk:
    """One walk down one path.

    `checks` and `used` begin with the leaf; `leaf` is the check on its status; `carried` are the certificates whose status
    the signature itself would tell; `keys_held_until` is control-time as far as revocations alone move it; `unproven` is a
    certificate that is not proven to have existed by control-time, `doubtful` an authority that was revoked or whose status
    nobody tells.
    """

    def __init__(self, use: Use, proofs: ProofsOfExistence, material: StatusMaterial, policy: ValidationPolicy) -> None:
        self.use, self.proofs, self.material, self.policy = use, proofs, material, policy
        self.control_time = self.keys_held_until = material.context.at
        self.path: tuple[Certificate, ...] = ()
        self.is_required = policy.revocation == "required" and (
            use.role == "signer" or policy.timestamp_authority_revocation == "required"
        )
        self.checks: list[Check] = []
        self.used: list[StatusStatement] = []
        self.carried: set[Certificate] = set()
        self.leaf: Check | None = None
        self.unproven: Certificate | None = None
        self.doubtful: Certificate | None = None

    def down(self, path: Sequence[Certificate]) -> None:
        self.path = tuple(path)
        for index in range(len(path) - 2, -1, -1):
            self._step(path[index], path[index + 1], is_leaf=index == 0)

    def _step(self, certificate: Certificate, issuer: Certificate, *, is_leaf: bool) -> None:
        if self.proofs.time(certificate.sha256) > self.control_time:
            self.unproven = certificate
        if self.use.role == "authority":
            self.control_time = min(self.control_time, certificate.not_after)
        check, statement, usable, told = self._status(certificate, issuer)
        check = self._said(check, statement, is_leaf=is_leaf)
        # the signer's own status first, as the path has it
        self.checks[:0] = [check, *(each for each in told if each not in self.checks)]
        if statement is not None:
            self.used.insert(0, statement)
        if self._is_carried(certificate, check, usable):
            self.carried.add(certificate)
        if is_leaf:
            self.leaf = check
        elif check.conclusion is Conclusion.INDETERMINATE:
            self.doubtful = certificate
        for each in usable:
            # revoked by the time judged at: said above, and what lies below is judged for itself
            if each.revoked_from is not None and each.revoked_from > self.use.judged_at:
                self.control_time = min(self.control_time, each.revoked_from)
                self.keys_held_until = min(self.keys_held_until, each.revoked_from)

    def _status(
        self, certificate: Certificate, issuer: Certificate
    ) -> tuple[Check, StatusStatement | None, tuple[StatusStatement, ...], list[Check]]:
        """The status and the statement it rests on; every statement that is usable; what was turned away or fetched."""
        statements, refused = self.material.on(certificate, issuer)
        usable = self._usable(statements)
        check, statement = self._judge(certificate, statements, usable)
        if _is_open(check) and self.policy.accept_certificates_without_revocation and _has_no_status(certificate):
            return Check.not_performed(STATUS, **{**check.params, "reason": "has none"}), None, usable, []
        if self._is_worth_asking(certificate, check, statement):
            said = self.material.ask(certificate, issuer)
            if said:
                statements, refused = self.material.on(certificate, issuer)
                refused = (*said, *refused)
                usable = self._usable(statements)
                check, statement = self._judge(certificate, statements, usable)
        if _is_open(check) and not self.is_required:
            check = Check.not_performed(STATUS, **{**check.params, "reason": "not checked"})
        # what was turned away decides nothing beside the status itself, and is told all the same
        told = [each if each.conclusion is _PASSED else Check.not_performed(each.id, **each.params) for each in refused]
        return check, statement, usable, told

    def _is_worth_asking(self, certificate: Certificate, check: Check, statement: StatusStatement | None) -> bool:
        """Where nothing is known; and of the signer, where what is known was issued before the time judged at.

        Such a status may be current and still not know of a revocation before the signature was made. It is asked also
        where a status is only welcome.
        """
        if self.policy.revocation == "not-checked":
            return False
        if certificate != self.use.certificate or self.use.role != "signer" or check.conclusion is not _PASSED:
            return _is_open(check)
        return statement is not None and statement.this_update < self.use.judged_at

    def _usable(self, statements: Iterable[StatusStatement]) -> tuple[StatusStatement, ...]:
        return tuple([each for each in statements if self._is_usable(each)])

    def _is_usable(self, statement: StatusStatement) -> bool:
        """5.6.2.2: issued, and proven to exist, by control-time; and its algorithm was good when that was proven."""
        by = self.keys_held_until if statement.status == "revoked" else self.control_time
        proven = max(map(self.proofs.time, (statement.evidence, *statement.based_on_evidence)))
        tolerance = self.policy.clock_tolerance if by == self.proofs.at else _NO_TIME
        if proven > by or statement.this_update - by > tolerance:
            return False
        return _is_trusted(statement.algorithm, proven, self.policy) and self._speaks(statement, proven, by)

    def _speaks(self, statement: StatusStatement, proven: datetime, by: datetime) -> bool:
        """Nobody on the way from the signer of the evidence to an anchor lost his key before the evidence was there.

        And each of them was there by control-time, by a proof of its own or inside the evidence: whoever took the key above
        could make a responder of somebody whose answer is old. Those who are in the path themselves have moved control-time
        already; what is said of the others is not judged in its turn: a doubt is enough to leave the evidence aside.
        """
        for certificate, issuer in pairwise(statement.issuer_path):
            if certificate in self.path or certificate == statement.certificate:
                continue
            if self.proofs.time(certificate.sha256) > by and certificate.der not in statement.der:
                return False
            said, _ = self.material.on(certificate, issuer)
            if any(each.revoked_from is not None and each.revoked_from <= proven for each in said):
                return False
        return True

    def _judge(
        self,
        certificate: Certificate,
        statements: tuple[StatusStatement, ...],
        usable: tuple[StatusStatement, ...],
    ) -> tuple[Check, StatusStatement | None]:
        """The status at the proven time; where nothing says "revoked by then", at the time it must be known for."""
        # a certificate that had ended by then was good for anything only before
        at = min(self.use.judged_at, certificate.not_after)
        check, statement = judge_status(usable, certificate, at=at, policy=self.policy)
        if not _is_open(check):
            return check, statement
        fresh_at = min(self.use.fresh_at, at)
        if fresh_at < at:
            check, statement = judge_status(usable, certificate, at=fresh_at, policy=self.policy)
        if _is_open(check) and len(usable) < len(statements):
            return self._unproven(certificate, statements, at, fresh_at) or (check, statement)
        return check, statement

    def _unproven(
        self, certificate: Certificate, statements: tuple[StatusStatement, ...], at: datetime, fresh_at: datetime
    ) -> tuple[Check, StatusStatement | None] | None:
        """What the evidence would say that is not proven to be old enough; None when that is nothing either."""
        check, statement = judge_status(statements, certificate, at=at, policy=self.policy)
        if check.conclusion is _FAILED and not self.is_required:
            # no duty to ask is no licence to overlook
            return check, statement
        if _is_open(check):
            check, _ = judge_status(statements, certificate, at=fresh_at, policy=self.policy)
        if _is_open(check) or not self.is_required:
            # evidence that nobody has to have cannot do harm either
            return None
        params = {**check.params, "reason": "not proven by then", "control_time": self.control_time.isoformat()}
        return Check.indeterminate(STATUS, SubIndication.NO_POE, **params), None

    def _is_carried(self, certificate: Certificate, check: Check, usable: Iterable[StatusStatement]) -> bool:
        if check.conclusion is not _PASSED:
            return check.params.get("reason") == "has none"
        at = min(self.use.fresh_at, self.use.judged_at, certificate.not_after)
        return any(each.origin == "embedded" and is_fresh(each, at=at, policy=self.policy) for each in usable)

    def _said(self, check: Check, statement: StatusStatement | None, *, is_leaf: bool) -> Check:
        """What "revoked by then" means: for an authority, for a signer without proof, for one with proof against him."""
        if check.conclusion is not _FAILED:
            return check
        if not is_leaf:
            # another path may exist that was not given
            return Check.indeterminate(check.id, SubIndication.REVOKED_CA_NO_POE, **check.params)
        use, since = self.use, statement.revoked_from if statement is not None else None
        if use.newer_than is not None and since is not None and use.newer_than >= since:
            return check
        if use.role == "signer" and self.policy.revoked_without_proof == "failed":
            return check
        return Check.indeterminate(check.id, SubIndication.REVOKED_NO_POE, **check.params)


def _is_open(check: Check) -> bool:
    """Nothing at hand answers the question."""
    return check.sub_indication is SubIndication.TRY_LATER and check.params.get("reason") in _NOT_KNOWN


def _has_no_status(certificate: Certificate) -> bool:
    return not certificate.is_ca and any(certificate.extension(oid) is not None for oid in _WITHOUT_STATUS)


def _is_trusted(algorithm_id: str, proven: datetime, policy: ValidationPolicy) -> bool:
    algorithm = signature_algorithm(algorithm_id)
    check = algorithm_check(STATUS, algorithm, named=algorithm_id, day=proven.date(), policy=policy)
    return check.conclusion is _PASSED
