"""The head of the audit chain gets a time-stamp once a day, by one process of all: from then on nobody rewrites the past.

1 claim   T   the follower `head-stamp`, under a lease
2 look        nothing has happened since the last stamp: nothing is stamped
3 stamp       outside of any transaction: the authority of the settings, or our own key where there is none
4 judge       our own verifier must let it pass before it is kept
5 keep    T   the token, and an event that names its digest
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import signing
from adapter.domain.audit_event import AuditEvent
from adapter.domain.head_stamp import STAMPED, HeadStamp, StampKind, stamped_bytes
from adapter.domain.retry import RetryPolicy, wait_after
from adapter.domain.subscription import HEAD_STAMP, Subscription
from adapter.errors import ElshiError, Final
from adapter.ports import ChainHead, Clock, Identifiers, Store
from adapter.usecases.delivery_plan import MANDATE
from adapter.usecases.notify import Alarm, Turn, claim, put_off
from adapter.usecases.sign import detached
from adapter.usecases.sign_refusals import refuse_unfit_key
from adapter.usecases.verified_container import Trust

NOT_STAMPED = "watch.head-not-stamped"
"""Action of the alarm when no stamp was to be had for a day."""

_WIDEST_JITTER = 0.2
"""domain/retry.py."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StampHead:
    """Stamps the head when a day has passed since the last one and something has happened.

    authority   gives RFC 3161 tokens; None: the head is signed by `own_key`, which proves order under that key alone
    own_key     the key that seals evidence; asked for only without an authority
    retry       the schedule while the authority is silent; there is no last try
    """

    store: Store
    clock: Clock
    identifiers: Identifiers
    authority: signing.TimeStampAuthority | None
    own_key: Callable[[], signing.SigningKey]
    policy: signing.SigningPolicy
    trust: Trust
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    every: timedelta = timedelta(days=1)
    alarm_after: timedelta = timedelta(days=1)
    lease_for: timedelta = timedelta(minutes=5)

    def __call__(self) -> HeadStamp | None:
        """The stamp that was made; None when none is due, none was to be had, or another process makes it."""
        now = self.clock.now()
        with self.store.snapshot() as transaction:
            standing = transaction.subscriptions.get(HEAD_STAMP)
        if standing is not None and now < standing.wake_at <= now + self._longest():
            return None
        if standing is None:
            with self.store.transaction() as transaction:
                transaction.subscriptions.add(Subscription(name=HEAD_STAMP, cursor=0, wake_at=now, succeeded_at=now))
        turn = Turn(lease=str(self.identifiers.new()), lease_for=self.lease_for, longest=self._longest())
        claimed = claim(self.store, HEAD_STAMP, turn, now=now)
        if claimed is None:
            return None
        head = self._new_head(claimed)
        if head is None:
            self._done(claimed, None)
            return None
        try:
            stamp = self._stamped(head)
        except ElshiError as error:
            self._put_off(claimed, error.code)
            return None
        return stamp if self._done(claimed, stamp) else None

    def _longest(self) -> timedelta:
        return max(self.every, self.retry.cap * (1 + _WIDEST_JITTER))

    def _new_head(self, claimed: Subscription) -> ChainHead | None:
        """The head, unless nothing stands behind the last stamp but the event that tells of it."""
        with self.store.snapshot() as transaction:
            head = transaction.audit.head()
            since = transaction.audit.events(after=claimed.cursor, limit=2)
        if head is None or all(item.event.action == STAMPED for item in since):
            return None
        return head

    def _stamped(self, head: ChainHead) -> HeadStamp:
        content, now = stamped_bytes(head.sequence, head.digest), self.clock.now()
        if self.authority is None:
            kind, token = StampKind.OWN_KEY, self._signed(content)
        else:
            kind, token = StampKind.TIME_STAMP, self._asked(self.authority, content)
        return HeadStamp(sequence=head.sequence, digest=head.digest, stamped_at=now, kind=kind, token=token)

    def _asked(self, authority: signing.TimeStampAuthority, content: bytes) -> bytes:
        try:
            digest = authority.digest_algorithm
            token = authority.stamp(digest, digest.of(content))
        except signing.SigningError as error:
            raise Final(error.code, params=dict(error.params)) from error
        judged = judged_token(token, content, self.trust, at=self.clock.now())
        if judged.report.indication is not signing.Indication.TOTAL_PASSED:
            raise Final("journal.stamp-not-made", params={"indication": judged.report.indication.value})
        return token

    def _signed(self, content: bytes) -> bytes:
        key, now = self.own_key(), self.clock.now()
        refuse_unfit_key(key, at=now)
        return detached(
            lambda: [content], key, policy=self.policy, trust=self.trust, at=now, code="journal.stamp-not-made"
        )

    def _done(self, claimed: Subscription, stamp: HeadStamp | None) -> bool:
        now = self.clock.now()
        after = replace(
            claimed,
            cursor=stamp.sequence if stamp else claimed.cursor,
            told=claimed.told + (1 if stamp else 0),
            wake_at=now + self.every,
            failures=0,
            error=None,
            succeeded_at=now,
            alarmed_at=None,
            lease=None,
            lease_until=None,
        )
        with self.store.transaction() as transaction:
            if not transaction.subscriptions.save(after):
                return False
            if stamp is None:
                return True
            transaction.head_stamps.add(stamp)
            transaction.audit.append(
                AuditEvent(
                    at=now,
                    actor="watchdog",
                    action=STAMPED,
                    mandate=MANDATE,
                    document_id=None,
                    details={
                        "sequence": stamp.sequence,
                        "digest": stamp.digest,
                        "kind": stamp.kind.value,
                        "token": hashlib.sha256(stamp.token).hexdigest(),
                    },
                )
            )
        return True

    def _put_off(self, claimed: Subscription, code: str) -> None:
        with self.store.transaction() as transaction:
            put_off(
                transaction,
                claimed,
                code,
                now=self.clock.now(),
                wait=wait_after(self.retry, claimed.failures + 1, self.identifiers.jitter()),
                alarm=Alarm(action=NOT_STAMPED, after=self.alarm_after, reminder=self.every),
            )


def judged_token(token: bytes, content: bytes, trust: Trust, *, at: datetime) -> signing.EvidenceValidation:
    """The verdict on a time-stamp token over `content`, at a time (aware) at which it must hold."""
    return signing.verify_evidence(
        token,
        "time-stamp",
        policy=trust.policy,
        anchors=trust.anchors,
        at=at,
        content=[content],
        data=trust.data,
        fetcher=trust.fetcher,
    )
