"""The node's own statements get their signature after they are durable, and the same bytes for ever after.

A statement counts from its commit on: what is signed here can be signed later, by whoever comes next. Whoever signs first
has signed for all; the bytes of a slower signer are named by nobody. The key is one that a machine holds (the office's, else
the envelope's), so that no person has to be there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import signing
from adapter.domain.document import DocumentId, Sha256
from adapter.domain.statement import SignedStatement, Statement, StatementKind
from adapter.errors import ElshiError, Final, Retryable
from adapter.ports import Clock, Store
from adapter.usecases.sign import Baseline
from adapter.usecases.sign_refusals import is_of_services, refuse_outside_validity, told
from adapter.usecases.silence import Silence
from adapter.usecases.verified_container import Trust

AGAIN_AFTER = timedelta(minutes=1)
"""After a key that was not to be had, the housekeeping leaves it alone for so long: a token counts wrong PINs."""

_AT_ONCE = 50
"""Statements signed in one round of the housekeeping."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Stated:
    """A statement that is durable.

    signed      digest of the bytes with the signature; None while there are none
    pending     code of why not yet; None when signed
    """

    statement: Statement
    signed: Sha256 | None
    pending: str | None = None

    def as_json(self) -> dict[str, object]:
        """Plain values: number, digest of the statement, digest of the signed bytes or why there are none yet."""
        return {
            "sequence": self.statement.sequence,
            "digest": self.statement.digest,
            "madeAt": self.statement.made_at.isoformat(),
            "signed": self.signed,
            "pending": self.pending,
        }


@dataclass(slots=True)
class _Reach:
    """What this process knows: up to where everything is signed, and until when the key is left alone."""

    signed_up_to: int = 0
    not_before: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class SignStatements:
    """Signs outside of any transaction.

    key         opens without a person
    baseline    level and authority of time-stamps; None: level B-B
    """

    store: Store
    clock: Clock
    key: Callable[[], signing.SigningKey]
    policy: signing.SigningPolicy
    trust: Trust
    baseline: Baseline | None = None
    silence: Silence = field(default_factory=Silence, repr=False, compare=False)
    _reach: _Reach = field(default_factory=_Reach, repr=False, compare=False)

    def sign(self, statement: Statement) -> SignedStatement:
        """The signed form that stands, made now where there is none.

        Raises what opening the key raises, Final `sign.certificate-expired`, `sign.certificate-not-yet-valid`, Final and
        Retryable with the code of the signing error, and what the store raises.
        """
        with self.store.snapshot() as transaction:
            standing = transaction.statements.signed(statement.sequence)
        if standing is not None:
            return standing
        now = self.clock.now()
        content = self._signed(statement.content, now)
        with self.store.transaction() as transaction:
            standing = transaction.statements.signed(statement.sequence)
            if standing is not None:  # another one was faster; nobody needs our bytes
                return standing
            kept = transaction.keep(content)
            signed = SignedStatement(sequence=statement.sequence, sha256=kept.sha256, signed_at=now)
            return transaction.statements.add_signed(signed)

    def stated(self, statement: Statement) -> Stated:
        """As `sign`, and never an error: what is durable does not fail because its paper comes later."""
        try:
            return Stated(statement=statement, signed=self.sign(statement).sha256)
        except ElshiError as error:
            return Stated(statement=statement, signed=None, pending=error.code)

    def __call__(self) -> int:
        """The housekeeping: sign what is unsigned, oldest first; how many were signed. Raises what the store raises."""
        now = self.clock.now()
        if self._reach.not_before is not None and now < self._reach.not_before <= now + AGAIN_AFTER:
            return 0
        with self.store.snapshot() as transaction:
            last = transaction.statements.last()
            waiting = transaction.statements.unsigned(after=self._reach.signed_up_to, limit=_AT_ONCE)
        for count, statement in enumerate(waiting):
            if self.stated(statement).pending is not None:
                self._reach.not_before = now + AGAIN_AFTER
                return count
            self._reach.signed_up_to = statement.sequence
        self._reach.not_before = None
        if len(waiting) < _AT_ONCE:
            # What others have signed is not looked through again in every turn.
            self._reach.signed_up_to = last
        return len(waiting)

    def _signed(self, content: bytes, now: datetime) -> bytes:
        key = self.key()
        refuse_outside_validity(signing.certificate_facts(key.certificate_chain[0]), at=now)
        baseline = None if self.silence.lasts(now) else self.baseline
        begun = self.clock.running()
        try:
            return self._at_level(content, key, baseline, now)
        except signing.SigningError as error:
            if baseline is None or not is_of_services(error.code):
                raise told(error) from error
            # A paper in the hands of those who handed it over, today, is worth more than a time-stamp on it tomorrow: the
            # chain that it stands in is time-stamped as a whole.
            self.silence.begins(error.code, now=self.clock.now(), took=self.clock.running() - begun)
        try:
            return self._at_level(content, key, None, now)
        except signing.SigningError as error:
            raise told(error) from error

    def _at_level(self, content: bytes, key: signing.SigningKey, baseline: Baseline | None, now: datetime) -> bytes:
        authority = None if baseline is None else baseline.time_stamps
        signed = signing.sign_xml(content, key, policy=self.policy, signing_time=now, time_stamps=authority)
        if baseline is None or baseline.level == "B-T":
            return signed
        return signing.augment_xml(
            signed,
            level=baseline.level,
            time_stamps=baseline.time_stamps,
            anchors=self.trust.anchors,
            policy=machine_policy(self.trust.policy),
            at=now,
            fetcher=self.trust.fetcher,
        )


def machine_policy(policy: signing.ValidationPolicy) -> signing.ValidationPolicy:
    """What is asked of a statement's signature: all that is asked of a document's but the role, for a machine makes it, and
    but the time-stamp, which is not waited for while its authority is silent: the chain's head has one each day.
    """
    return replace(
        policy,
        name=f"{policy.name}#statement",
        required_roles=signing.KZ_SIGNATURE.required_roles,
        refused_roles=signing.KZ_SIGNATURE.refused_roles,
        timestamp="not-required",
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Reprint:
    """The signed statement about a document, byte for byte as the first time."""

    store: Store
    sign: SignStatements

    def __call__(self, document_id: DocumentId, kind: StatementKind) -> tuple[Statement, bytes]:
        """The last statement of the kind, and its signed bytes.

        Raises Final `status.no-such-document`; Final `statement.none` where no statement of the kind was made; Retryable
        `statement.pending` while the key is not to be had.
        """
        statement = self.find(document_id, kind)
        try:
            signed = self.sign.sign(statement)
        except ElshiError as error:
            params = {"document": document_id, "reason": error.code}
            raise Retryable("statement.pending", params=params) from error
        return statement, self.store.blobs.read(signed.sha256)

    def find(self, document_id: DocumentId, kind: StatementKind) -> Statement:
        """The last statement of the kind about the document; raises as the call does, but nothing of the key."""
        with self.store.snapshot() as transaction:
            rows = transaction.statements.of_document(document_id)
            is_known = bool(rows) or bool(transaction.outbox.of_document(document_id))
        found = [one for one in rows if one.kind is kind]
        if found:
            return found[-1]
        if not is_known:
            raise Final("status.no-such-document", params={"document": document_id})
        raise Final("statement.none", params={"document": document_id, "kind": kind.value})
