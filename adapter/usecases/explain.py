"""One delivery in plain sentences for a clerk: its state, why, what happens next and when, who must act, with which command.

Pure: a row, its attempts and the plan in; codes with parameters out, whose sentences stand in adapter/texts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from adapter import texts
from adapter.domain.delivery import Attempt, AttemptOutcome, Delivery, DeliveryState, is_final
from adapter.domain.outgoing import ContentKind
from adapter.domain.overdue import OverdueLimits
from adapter.domain.retry import last_safe_try
from adapter.texts import Language
from adapter.usecases.delivery_plan import DeliveryPlan, is_known_taken, planners_try_at, window_end

_ALMATY = ZoneInfo("Asia/Almaty")
"""Dates of law and clerks' clocks."""

_FILES_EXPIRED = "deliver.files-expired"
_WORKING = frozenset({DeliveryState.QUEUED, DeliveryState.CLAIMED, DeliveryState.SENDING})
_HELD = frozenset({DeliveryState.CLAIMED, DeliveryState.SENDING})
_SILENT = frozenset({DeliveryState.SENT, DeliveryState.IN_CENTRE, DeliveryState.DELIVERED})


# --- what lies ahead -------------------------------------------------------------------------------------------------
@dataclass(frozen=True, kw_only=True, slots=True)
class Prospect:
    """What lies ahead of one delivery.

    next_try        when the next try begins by itself; None where none does
    next_look       when somebody looks at it again; None when it is done
    last_safe_try   the last moment at which a try can still end before the legal deadline; None without one
    time_left       until the legal deadline, negative after it; None without one, and when it is done
    is_overdue      nobody looked at it in time
    stamp_pending   it waits for its time-stamp before it leaves (obtain_stamp.py)
    """

    next_try: datetime | None
    next_look: datetime | None
    last_safe_try: datetime | None
    time_left: timedelta | None
    is_overdue: bool
    stamp_pending: bool = False

    def as_json(self) -> dict[str, object]:
        """Plain values: instants in ISO 8601, spans in seconds."""
        return {
            "nextTry": _iso(self.next_try),
            "nextLook": _iso(self.next_look),
            "lastSafeTry": _iso(self.last_safe_try),
            "timeLeftSeconds": None if self.time_left is None else round(self.time_left.total_seconds()),
            "overdue": self.is_overdue,
            "stampPending": self.stamp_pending,
        }


def prospect(delivery: Delivery, plan: DeliveryPlan, limits: OverdueLimits, now: datetime) -> Prospect:
    """What lies ahead at `now`; `limits` are those of the watchdog."""
    done = is_final(delivery.state, delivery.content_kind)
    safe = None if delivery.deadline is None else last_safe_try(plan.retry, delivery.deadline)
    next_try = delivery.wake_at if delivery.state is DeliveryState.QUEUED else None
    if delivery.state is DeliveryState.UNCERTAIN:
        next_try = _by_itself(delivery, plan, now)
    return Prospect(
        next_try=next_try,
        next_look=None if done else delivery.wake_at,
        last_safe_try=safe,
        time_left=None if done or delivery.deadline is None else delivery.deadline - now,
        is_overdue=not done and _is_overdue(delivery, limits),
    )


def _by_itself(delivery: Delivery, plan: DeliveryPlan, now: datetime) -> datetime | None:
    """When an unknown outcome is sent again without a person, by the settings."""
    safe = planners_try_at(plan, delivery)
    tries = [] if safe is None or delivery.deadline is None or now >= delivery.deadline else [max(safe, now)]
    if plan.resend_when_uncertain == "identical":
        tries.append(max(window_end(plan, delivery), now))
    return min(tries, default=None)


def _is_overdue(delivery: Delivery, limits: OverdueLimits) -> bool:
    """As the store decides it (ports.Watched), but for a row that waits for another of its lane."""
    if delivery.wake_at is None:
        return True
    is_free = delivery.lease_until is None or delivery.lease_until <= limits.before
    is_free = is_free and not (limits.is_channel_shut and delivery.state is DeliveryState.QUEUED)
    beyond = limits.working_beyond if delivery.state in _WORKING else limits.waiting_beyond
    return (delivery.wake_at <= limits.before and is_free) or delivery.wake_at > beyond


# --- in words --------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, kw_only=True, slots=True)
class Statement:
    """One sentence: its code, and what fills it."""

    code: str
    params: Mapping[str, object] = field(default_factory=dict)


def explain(
    delivery: Delivery, attempts: Sequence[Attempt], ahead: Prospect, plan: DeliveryPlan, now: datetime
) -> tuple[Statement, ...]:
    """In this order: state, why, what happens next, the deadline, who must act."""
    if delivery.state is DeliveryState.UNCERTAIN and is_known_taken(delivery, attempts[-1] if attempts else None):
        ahead = replace(ahead, next_try=None)
    return (
        *_state(delivery),
        *_why(delivery, attempts),
        *_next(delivery, ahead, plan, now),
        *_deadline(delivery, ahead, now),
        *_act(delivery, ahead, plan),
    )


def _state(delivery: Delivery) -> Iterator[Statement]:
    who = {"document": delivery.document_id, "addressee": delivery.addressee}
    if delivery.content_kind is ContentKind.NOTICE:
        yield Statement(code="explain.is-notice", params=who)
        if delivery.state is DeliveryState.SENT:
            yield Statement(code="explain.notice-done", params=who)
            return
    yield Statement(code=_STATES[delivery.state], params=who)
    if delivery.state is DeliveryState.REGISTERED:
        yield Statement(code=_PROOFS[delivery.proof.value], params={"number": delivery.registration_number})


def _why(delivery: Delivery, attempts: Sequence[Attempt]) -> Iterator[Statement]:
    if not attempts:
        yield Statement(code="explain.no-tries")
    else:
        last = attempts[-1]
        yield Statement(code="explain.tries", params={"count": len(attempts), "at": clerks_time(last.started_at)})
        yield Statement(code=_OUTCOMES[last.outcome], params={"code": last.code})
    if delivery.reason is not None:
        yield Statement(code="explain.reason", params={"code": delivery.reason, "reason": _sentence(delivery)})
    if delivery.reason_text:
        yield Statement(code="explain.their-words", params={"text": delivery.reason_text})


def _next(delivery: Delivery, ahead: Prospect, plan: DeliveryPlan, now: datetime) -> Iterator[Statement]:
    at = {"at": clerks_time(delivery.wake_at)}
    if ahead.next_look is None:
        yield Statement(code="explain.nothing-follows")
    elif ahead.is_overdue:
        yield Statement(code="explain.overdue", params=at)
    elif delivery.state is DeliveryState.QUEUED:
        is_now = ahead.next_look <= now
        yield Statement(code="explain.next-try-now") if is_now else Statement(code="explain.next-try", params=at)
        yield from _stamp(delivery, ahead, now)
    elif delivery.state in _HELD:
        yield Statement(code="explain.lease-until", params=at)
    elif delivery.state is DeliveryState.ABANDONED:
        yield Statement(code="explain.reminder", params=at)
    elif delivery.state is DeliveryState.UNCERTAIN:
        yield Statement(code="explain.waits-for-notice", params=at)
        if ahead.next_try is not None:
            identical = plan.resend_when_uncertain == "identical"
            code = "explain.window-resend" if identical else "explain.planner-resend"
            yield Statement(code=code, params={"at": clerks_time(ahead.next_try)})
    else:
        yield Statement(code="explain.next-look", params=at)


def _stamp(delivery: Delivery, ahead: Prospect, now: datetime) -> Iterator[Statement]:
    if not ahead.stamp_pending:
        return
    yield Statement(code="explain.stamp-pending")
    if ahead.last_safe_try is not None and delivery.deadline is not None and now < delivery.deadline:
        yield Statement(code="explain.stamp-pending-until", params={"at": clerks_time(ahead.last_safe_try)})


def _deadline(delivery: Delivery, ahead: Prospect, now: datetime) -> Iterator[Statement]:
    if ahead.next_look is None:
        return
    if delivery.deadline is None or ahead.time_left is None or ahead.last_safe_try is None:
        yield Statement(code="explain.no-deadline")
        return
    if ahead.time_left <= timedelta():
        since = {"deadline": clerks_time(delivery.deadline), "since": span_in_words(-ahead.time_left)}
        yield Statement(code="explain.deadline-passed", params=since)
        return
    left = {"deadline": clerks_time(delivery.deadline), "left": span_in_words(ahead.time_left)}
    yield Statement(code="explain.deadline", params=left)
    code = "explain.last-safe" if now < ahead.last_safe_try else "explain.last-safe-passed"
    yield Statement(code=code, params={"at": clerks_time(ahead.last_safe_try)})


def _act(delivery: Delivery, ahead: Prospect, plan: DeliveryPlan) -> Iterator[Statement]:
    this = {"delivery": delivery.id, "addressee": delivery.addressee}
    state = delivery.state
    if ahead.is_overdue and state not in {DeliveryState.UNCERTAIN, DeliveryState.ABANDONED}:
        yield Statement(code="explain.do-see-worker")
    elif state is DeliveryState.UNCERTAIN:
        yield Statement(code="explain.do-settle", params=this)
    elif state is DeliveryState.ABANDONED:
        again = "explain.do-resend-files" if delivery.reason == _FILES_EXPIRED else "explain.do-resend"
        yield Statement(code=again, params=this)
    elif state is DeliveryState.REFUSED and delivery.content_kind is ContentKind.DOCUMENT:
        yield Statement(code="explain.do-correct", params=this)
    else:
        yield Statement(code="explain.do-nothing")
        if state in _SILENT and ahead.next_look is not None:
            silence = span_in_words(plan.silence_alarm)
            yield Statement(code="explain.do-ask-if-silent", params={**this, "silence": silence})
    if state in {DeliveryState.QUEUED, DeliveryState.ABANDONED} and not delivery.ever_sent:
        yield Statement(code="explain.may-withdraw", params=this)


_STATES: Mapping[DeliveryState, str] = {state: f"explain.state-{state.value}" for state in DeliveryState}
_OUTCOMES: Mapping[AttemptOutcome, str] = {outcome: f"explain.try-{outcome.value}" for outcome in AttemptOutcome}
_PROOFS = {
    "none": "explain.proof-none",
    "notice": "explain.proof-notice",
    "digest": "explain.proof-digest",
}


def _sentence(delivery: Delivery) -> Mapping[str, str] | str:
    """The reason's own sentence in each language; the bare code where it has none, or needs more than the row holds."""
    code = delivery.reason or ""
    params = {"document": delivery.document_id, "addressee": delivery.addressee}
    if code not in texts.codes() or texts.unfilled(code, params):
        return code
    return {language.value: texts.render(code, params, language).what for language in Language}


def span_in_words(span: timedelta) -> Mapping[str, str]:
    """Days and hours, hours and minutes, or minutes, in each language; under a minute as such."""
    minutes = int(span.total_seconds() // 60)
    days, hours, rest = minutes // 1440, minutes // 60 % 24, minutes % 60
    if days:
        numbers: tuple[tuple[int, int], ...] = ((days, 0), (hours, 1))
    elif hours:
        numbers = ((hours, 1), (rest, 2))
    else:
        numbers = ((rest, 2),)
    return {
        language: " ".join(f"{number} {units[place]}" for number, place in numbers) if minutes else short
        for language, (units, short) in _UNITS.items()
    }


_UNITS: Mapping[str, tuple[tuple[str, str, str], str]] = {
    "kk": (("күн", "сағ", "мин"), "бір минуттан аз"),
    "ru": (("дн", "ч", "мин"), "меньше минуты"),
    "en": (("d", "h", "min"), "less than a minute"),
}


def clerks_time(instant: datetime | None) -> datetime | None:
    """The instant on a Kazakh clerk's clock."""
    return None if instant is None else instant.astimezone(_ALMATY)


def _iso(instant: datetime | None) -> str | None:
    return None if instant is None else instant.isoformat()
