"""The seeded plan: which injection comes after which, on whom, with which numbers. Nothing here looks at a clock.

What the seed decides     the order of injections, their targets, durable steps, crossings, lengths and parameters; the fate
                          of the n-th connection of each link; the documents' ids; what the person in the play does
What it does not decide   when the operating system runs whom: so which document a killed process held
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from tests.chaos.time_stamps import OUTAGES

Value = str | int | float | bool

KILLS = frozenset({"kill-at-step", "kill-at-random"})
"""Injections that end a process of the program."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Injection:
    """One thing that is done to the system.

    number      its place in the plan, from 1
    kind        kill-at-step, kill-at-random, database-..., disk-full, clock-jump, network-..., time-stamps-out, exchange
    target      process, host, body or link; what comes instead of time-stamps; the fault's name for `exchange`
    detail      numbers that go with it
    """

    number: int
    kind: str
    target: str
    detail: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Cast:
    """Who can be struck.

    processes   name to role: serve, worker, submit
    hosts       whose clocks can jump
    disks       bodies whose disk can be full
    links       of the network
    """

    processes: Mapping[str, str]
    hosts: Sequence[str]
    disks: Sequence[str]
    links: Sequence[str]


def _around(*steps: str) -> tuple[str, ...]:
    return tuple(f"{side} {step}" for step in steps for side in ("before", "after"))


_SIGNING = _around(
    "commit of sign_statements.sign",
    "bytes of sign.raised",
    "bytes of submit._content",
    "commit of take_over.__call__",
)
_TELLING = _around("commit of notify.claim", "commit of notify._took")
_KEEPING = _around("commit of stamp_head.__call__", "commit of stamp_head._done")
_WATCHING = _around("commit of overdue.__call__")
_RECEIVING = _around("commit of receive.__call__", "the endpoint's answer")
_DELIVERING = _around(
    "commit of clock_steps.__call__",
    "commit of recover.__call__",
    "commit of watch.__call__",
    "commit of leases.__call__",
    "commit of deliver._claim",
    "bytes of sign._augmented",
    "commit of obtain_stamp._settled",
    "call of directory._fetch",
    "call of file_store._ask",
    "commit of deliver._prepare",
    "commit of deliver._record_unsent",
    "call of channel.send",
    "commit of deliver._close",
)
_PROCESSING = _around(
    "commit of process_message.__call__",
    "commit of fetch_files._keep",
    "commit of register_document._register",
    "commit of register_document._again",
    "commit of register_document._note",
    "commit of register_document._tell_delivered",
    "commit of process_message._notice",
    "commit of process_message._later",
    "commit of process_message._end",
)
POINTS: Mapping[str, tuple[str, ...]] = {
    "submit": _SIGNING,
    "serve": (*_RECEIVING, *_TELLING, *_WATCHING, *_around("commit of notify._subscribe")),
    "worker": (*_DELIVERING, *_PROCESSING, *_SIGNING, *_TELLING, *_KEEPING, *_WATCHING),
}
"""Durable steps by role; a worker submits the receipts that it makes. What a run crosses and nobody lists here is told in the report as `unlisted`."""

_EXCHANGE: tuple[tuple[str, Mapping[str, Value]], ...] = (
    ("timeout-after-accept", {"operation": "docOutgoing", "seconds": 7.0}),
    ("timeout-after-accept", {"operation": "stateRegistered", "seconds": 7.0}),
    ("reset-before-answer", {"operation": "docOutgoing", "processed": True}),
    ("reset-before-answer", {"operation": "docOutgoing", "processed": False}),
    ("reset-before-answer", {"processed": True, "count": 3}),
    ("cut-mid-answer", {"share": 0.5, "count": 3}),
    ("slow-drip", {"chunk": 512, "pause": 0.1, "count": 3}),
    ("garbage-answer", {"count": 2}),
    ("unsigned-answer", {"operation": "docOutgoing"}),
    ("wrongly-signed-answer", {"operation": "docOutgoing"}),
    ("stranger-signed-answer", {"operation": "docOutgoing"}),
    ("double-encoded-answer", {"operation": "docOutgoing"}),
    ("text-payload-answer", {"service": "EDS_TEMP_FILES", "count": 2}),
    ("http-503", {"count": 4}),
    ("http-503", {"operation": "docOutgoing", "retry_after": 1, "processed": True}),
    ("http-502-html", {"count": 3}),
    ("http-502-html", {"operation": "docOutgoing", "processed": True}),
    ("http-504", {"operation": "docOutgoing", "processed": True}),
    ("http-504", {"operation": "docOutgoing", "processed": False}),
    ("http-200-html", {"operation": "docOutgoing", "processed": True}),
    ("http-429", {"count": 2, "retry_after": 1}),
    ("http-403", {"operation": "docOutgoing"}),
    ("soap-fault-unlisted", {"operation": "docOutgoing"}),
    ("status-unlisted", {"operation": "docOutgoing"}),
    ("connection-refused", {"at_once": True, "seconds": 2.0}),
    ("connection-reset", {"count": 3}),
    ("upload-partial-failure", {"operation": "UPLOAD"}),
    ("directory-error", {"code": "500"}),
    ("document-delivered-twice", {"same_message": True}),
    ("document-delivered-twice", {"same_message": False, "copies": 3}),
    ("notice-duplicated", {"copies": 3}),
    ("notice-duplicated", {"operation": "stateRegistered", "same_message": False}),
    ("notice-reordered", {"operation": "stateDelivered", "behind": 1, "seconds": 4.0}),
    ("notice-reordered", {"operation": "stateStartProcessResponse", "behind": 2, "seconds": 4.0}),
    ("notice-delayed", {"operation": "stateRegistered", "seconds": 5.0}),
)
"""Faults after which the truth can still be had. Not among them: what makes a refusal that is right (a listed fault, an
altered file), and what nobody can ever know without a person who asks by telephone (push-lost)."""

_WEIGHTS: Mapping[str, int] = {
    "kill-at-step": 60,
    "kill-at-random": 20,
    "database-session-ended": 4,
    "database-fast": 2,
    "database-immediate": 2,
    "database-process-killed": 2,
    "clock-jump": 2,
    "disk-full": 2,
    "network-down": 2,
    "time-stamps-out": 3,
    "exchange": 14,
}


def injections(seed: int, cast: Cast) -> Iterator[Injection]:
    """Without an end; a run takes as many as it needs."""
    # A stream for each: a step that is added to the list changes which steps come, and nothing else of the plan.
    order = random.Random(f"elshi-chaos/{seed}/order")
    roles = sorted(set(cast.processes.values()))
    steps = _Deck(
        random.Random(f"elshi-chaos/{seed}/steps"), [(role, point) for role in roles for point in POINTS[role]]
    )
    faults = _Deck(random.Random(f"elshi-chaos/{seed}/faults"), list(_EXCHANGE))
    kinds = [kind for kind in _WEIGHTS if (kind != "disk-full" or cast.disks) and (kind != "clock-jump" or cast.hosts)]
    weights = [_WEIGHTS[kind] for kind in kinds]
    number = 0
    while True:
        number += 1
        (kind,) = order.choices(kinds, weights)
        chance = random.Random(f"elshi-chaos/{seed}/{number}")
        target, detail = _drawn(kind, chance, cast, steps, faults)
        yield Injection(number=number, kind=kind, target=target, detail=detail)


class _Deck:
    """Cards drawn without putting back until none is left: everything comes up before anything comes twice."""

    def __init__(self, chance: random.Random, cards: Sequence[tuple[str, object]]) -> None:
        self._chance = chance
        self._all = list(cards)
        self._left: list[tuple[str, object]] = []

    def draw(self) -> tuple[str, object]:
        if not self._left:
            self._left = list(self._all)
            self._chance.shuffle(self._left)
        return self._left.pop()


def _drawn(  # noqa: PLR0911 - each kind of injection is one line
    kind: str, chance: random.Random, cast: Cast, steps: _Deck, faults: _Deck
) -> tuple[str, Mapping[str, Value]]:
    match kind:
        case "kill-at-step":
            role, point = steps.draw()
            name = chance.choice(sorted(name for name, own in cast.processes.items() if own == role))
            return name, {"point": str(point), "crossing": chance.choice((1, 1, 1, 2, 3)), "back": chance.uniform(0, 1)}
        case "kill-at-random":
            return chance.choice(sorted(cast.processes)), {"after": chance.uniform(0, 1), "back": chance.uniform(0, 1)}
        case "clock-jump":
            return chance.choice(list(cast.hosts)), {
                "seconds": chance.choice((-86_400, 86_400)),
                "for": chance.uniform(1, 4),
            }
        case "disk-full":
            return chance.choice(list(cast.disks)), {"for": chance.uniform(1, 4)}
        case "network-down":
            return chance.choice(list(cast.links)), {"for": chance.uniform(0.5, 4)}
        case "time-stamps-out":
            return chance.choice(OUTAGES), {"for": chance.uniform(1, 6)}
        case "exchange":
            name, parameters = faults.draw()
            assert isinstance(parameters, Mapping)
            return name, dict(parameters)
        case _:
            return "KZ-MFA", {"session": chance.randrange(64)}


def identifiers(seed: int, body: str) -> Iterator[tuple[uuid.UUID, int]]:
    """DocumentIds and numbers of the documents of a body."""
    chance = random.Random(f"elshi-chaos/{seed}/{body}")
    number = 0
    while True:
        number += 1
        yield uuid.UUID(int=chance.getrandbits(128), version=4), 1000 + number


def person_asks_first(seed: int, document: str, times: int) -> bool:
    """Whether the person asks the centre about a document before he resends it, or resends blindly."""
    return random.Random(f"elshi-chaos/{seed}/person/{document}/{times}").random() < 0.5
