"""What watches over a node: the watchdog, whoever is told, the stamps over the audit trail, and its verification."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import signing
from adapter.composition.duties import Duties, Duty
from adapter.composition.node import Node
from adapter.composition.receivers import followers_of
from adapter.composition.regular_files import read_file
from adapter.domain.subscription import HEAD_STAMP, LOG
from adapter.usecases.gauges import Gauges
from adapter.usecases.journal_files import verify_segment, witnesses_in
from adapter.usecases.journal_report import JournalReport, Witness
from adapter.usecases.notify import Follower, Notify
from adapter.usecases.overdue import Watchdog
from adapter.usecases.queue import Queue
from adapter.usecases.stamp_head import StampHead
from adapter.usecases.verify_journal import VerifyJournal

MAX_WITNESS = 64_000_000
"""Bytes of one file that tells of the chain: a hundred thousand events."""


def watchdog_of(node: Node) -> Watchdog:
    """Rows that nobody looks at in time."""
    return Watchdog(store=node.store, clock=node.clock, plan=node.plan, grace=node.settings.alarms.overdue_after)


def queue_of(node: Node) -> Queue:
    """The queue as people and programs see it."""
    return Queue(store=node.store, clock=node.clock, plan=node.plan, watchdog=watchdog_of(node))


def gauges_of(node: Node) -> Gauges:
    """The node in numbers."""
    names = frozenset({*followers_of(node.settings), HEAD_STAMP})
    return Gauges(store=node.store, clock=node.clock, watchdog=watchdog_of(node), names=names)


def notify_of(node: Node) -> Notify:
    """Tells the log, the webhook, the mailboxes of the settings."""
    return Notify(
        store=node.store,
        clock=node.clock,
        identifiers=node.identifiers,
        followers=followers_of(node.settings),
        retry=node.plan.retry,
        reminder=node.plan.reminder,
    )


def stamp_head_of(node: Node) -> StampHead:
    """Time-stamps over the head of the audit trail; by our own key where the settings name no authority."""
    baseline = node.baseline
    return StampHead(
        store=node.store,
        clock=node.clock,
        identifiers=node.identifiers,
        authority=None if baseline is None else baseline.time_stamps,
        own_key=node.seal_key,
        policy=signing.DEFAULT_SIGNING,
        trust=node.trust,
        retry=node.plan.retry,
    )


def duties_of(node: Node, *, stamps: bool) -> Duties:
    """What a process of this node does beside its work; `stamps`: whether it has the key that may be needed for them.

    Everything is put together here, so that what a person must change ends the start. Raises what the parts raise.
    """
    notify = notify_of(node)
    ways: dict[str, dict[str, Follower]] = {}
    for name, follower in notify.followers.items():
        ways.setdefault(name.partition(" ")[0], {})[name] = follower
    told = {way: replace(notify, followers=followers) for way, followers in ways.items()}
    duties: list[tuple[str, Duty]] = [("watch", watchdog_of(node)), ("notify log", told.pop(LOG))]
    beside: list[tuple[str, Duty]] = [(f"notify {way}", one) for way, one in told.items()]
    if stamps:
        beside.append(("head-stamp", stamp_head_of(node)))
    return Duties(duties, beside=beside)


def verify_journal(node: Node, receipts: list[Path], *, reads_bytes: bool) -> JournalReport:
    """The verdict on the node's audit trail. Raises Final `file.unreadable`, `journal.no-witness`."""
    witnesses: list[Witness] = []
    for path in receipts:
        witnesses += witnesses_in(read_file(path, "file.unreadable", limit=MAX_WITNESS), path.name)
    verifier = VerifyJournal(
        store=node.store, clock=node.clock, trust=node.trust, has_authority=node.baseline is not None
    )
    return verifier(witnesses, reads_bytes=reads_bytes)


def verify_segment_file(path: Path) -> JournalReport:
    """The verdict on a stretch of a chain in a file. Raises Final `file.unreadable`, `journal.no-segment`."""
    return verify_segment(read_file(path, "file.unreadable", limit=MAX_WITNESS), path.name)
