"""What was fetched from the exchange never depends on the exchange again: each test lets it forget the files meanwhile."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest

import signing
from adapter.domain.document import BodyCode
from adapter.domain.incoming import JournalEntry, JournalState
from adapter.domain.notice import NoticeKind
from adapter.errors import ElshiError, Final, OutcomeUnknown, Retryable
from adapter.ports import FetchedFile, IncomingChannel
from adapter.usecases.process_message import Processed
from adapter.usecases.status import Status
from adapter.usecases.verified_container import Trust, sha256_of
from tests.factories import BINS
from tests.unit.usecases.houses import ALL_BINS, MEMBERS, TRUST_POLICY, House, KnownAddresses, pki
from tests.unit.usecases.test_register_document import (
    DOCUMENT,
    Killed,
    _sent,
    arrive,
    assert_nothing_kept,
    container_bytes,
    marked,
    notices,
    re_signed,
    xml,
)


class MoodyAddresses(KnownAddresses):
    """Says nothing while it has a mood."""

    def __init__(self, mood: BaseException | None) -> None:
        self.mood = mood

    def body_of(self, member: str) -> BodyCode | None:
        if self.mood is not None:
            raise self.mood
        return super().body_of(member)


def with_addresses(mood: BaseException | None) -> tuple[House, MoodyAddresses]:
    mfa, addresses = House("KZ-MFA"), MoodyAddresses(mood)
    mfa.__dict__["addresses"] = addresses
    return mfa, addresses


def silent() -> Retryable:
    return Retryable("exchange.directory-silent")


def row(house: House, entry: JournalEntry) -> JournalEntry:
    """The entry as the journal has it."""
    with house.store.transaction() as transaction:
        found = transaction.journal.get(entry.id)
    assert found is not None
    return found


def only_row(house: House) -> JournalEntry:
    with house.store.transaction() as transaction:
        (found,) = transaction.journal.listed()
    return found


def forget(house: House) -> None:
    """The exchange has no file any more, and counts from here who asks for one."""
    house.incoming.files.clear()
    house.incoming.fetched.clear()


def turn(house: House, **later: float) -> Processed:
    house.clock.move(**later)
    house.recover()
    processed = house.process()
    assert processed is not None
    return processed


def released(house: House, entry: JournalEntry) -> Processed:
    house.intervene.release(entry.id, person="Серикова", reason="settings mended")
    return turn(house, days=4)


# --- later -----------------------------------------------------------------------------------------------------------
def test_a_silent_directory_does_not_cost_the_files(caplog: pytest.LogCaptureFixture) -> None:
    mfa, addresses = with_addresses(silent())
    waiting = arrive(mfa)
    kept = row(mfa, waiting.entry)
    assert (kept.state, kept.outcome, kept.tries) == (JournalState.RECEIVED, "exchange.directory-silent", 1)
    assert (kept.lease, kept.wake_at) == (None, mfa.clock.at + timedelta(seconds=4))
    assert kept.files[0].sha256 == sha256_of(container_bytes())
    assert all(sha256_of(mfa.store.blobs.read(one.sha256)) == one.sha256 for one in kept.files)

    forget(mfa)
    assert turn(mfa, seconds=5).code == "exchange.directory-silent"
    assert row(mfa, kept).tries == 2
    addresses.mood = None
    assert turn(mfa, seconds=60).code == "receive.registered"
    assert mfa.registered(DOCUMENT).office_verdict == "TOTAL-PASSED", "over the very files, in their order"
    assert mfa.incoming.fetched == []
    assert NoticeKind.NOT_VALID not in {one.kind for one in notices(mfa)}
    assert not caplog.records


@pytest.mark.parametrize("error", [Final("storage.full"), OutcomeUnknown("storage.commit-unknown")])
def test_a_full_disk_of_ours_holds_no_message_for_a_person(error: ElshiError) -> None:
    mfa, addresses = with_addresses(error)
    waiting = arrive(mfa)
    assert (row(mfa, waiting.entry).state, waiting.code) == (JournalState.RECEIVED, error.code)
    addresses.mood = None
    assert turn(mfa, seconds=60).code == "receive.registered"


def test_a_message_whose_worker_died_is_worked_on_when_the_lease_of_the_settings_ends() -> None:
    mfa, addresses = with_addresses(Killed())
    with pytest.raises(Killed):
        arrive(mfa)
    addresses.mood = None
    mfa.clock.at += mfa.plan.lease_for - timedelta(seconds=1)
    assert mfa.process() is None
    assert turn(mfa, seconds=1).code == "receive.registered"


def test_a_directory_that_stays_silent_ends_with_a_person_who_can_let_it_go() -> None:
    mfa, addresses = with_addresses(silent())
    mfa.process = replace(mfa.process, tries=2)
    arrive(mfa)
    held = turn(mfa, seconds=5)
    assert row(mfa, held.entry).state is JournalState.HELD
    forget(mfa)
    addresses.mood = None
    assert released(mfa, held.entry).code == "receive.registered"
    assert mfa.incoming.fetched == []


# --- held ------------------------------------------------------------------------------------------------------------
def test_a_document_whose_signer_was_unknown_is_registered_once_its_number_is() -> None:
    mfa = House("KZ-MFA", bins={})
    held = arrive(mfa)
    assert held.code == "receive.signer-unknown"
    forget(mfa)
    mfa.bins.update({BodyCode(body): number for body, number in ALL_BINS.items()})
    assert released(mfa, held.entry).code == "receive.registered"
    assert mfa.registered(DOCUMENT).container == sha256_of(container_bytes())
    assert mfa.incoming.fetched == []


@cache
def stranger() -> signing.SandboxPki:
    """An authority that nobody trusts yet."""
    years = {"not_before": datetime(2026, 1, 1, tzinfo=UTC), "not_after": datetime(2028, 1, 1, tzinfo=UTC)}
    return signing.SandboxPki.create(**years)


def of_stranger(content: bytes) -> bytes:
    return re_signed(content, stranger().issue("head", "head KZ-MOF", "KZ-MOF", bin=BINS["KZ-MOF"], key="ec-p256"))


def trusting(house: House, trust: Trust) -> None:
    """The settings say so from now on about what comes in; our own answers are signed and checked as before."""
    assert house.answering.submit
    house.__dict__["trust"] = trust
    for built in ("facts", "fetch_files", "register_document", "process_message", "process"):
        house.__dict__.pop(built, None)


def both() -> Trust:
    anchors = replace(
        pki().trust_anchors(),
        certificates=(pki().root, stranger().root),
        intermediates=(pki().intermediate, stranger().intermediate),
    )
    return Trust(policy=TRUST_POLICY, anchors=anchors)


def test_a_signature_that_could_not_be_judged_is_judged_again_over_what_came(mfa: House) -> None:
    held = arrive(mfa, container=of_stranger(xml()))
    assert held.code == "receive.indeterminate"
    forget(mfa)
    again = released(mfa, held.entry)
    assert (again.code, row(mfa, again.entry).state) == ("receive.indeterminate", JournalState.HELD)
    trusting(mfa, both())
    assert released(mfa, held.entry).code == "receive.registered"
    assert mfa.incoming.fetched == []
    assert NoticeKind.NOT_VALID not in {one.kind for one in notices(mfa)}


class NoTrust:
    """A defect: whatever is asked of it, it has not."""


def test_a_defect_while_judging_does_not_cost_the_files(mfa: House) -> None:
    right = mfa.trust
    trusting(mfa, NoTrust())  # type: ignore[arg-type]
    held = arrive(mfa)
    assert (held.code, row(mfa, held.entry).state) == ("message.defect", JournalState.HELD)
    forget(mfa)
    trusting(mfa, right)
    assert released(mfa, held.entry).code == "receive.registered"
    assert mfa.incoming.fetched == []


# --- announced again -------------------------------------------------------------------------------------------------
def announced_again(house: House) -> Processed:
    """Once more, and the files of this message are forgotten before its turn."""
    sender, delivery = _sent()
    sender.carried(delivery, house, description="the exchange repeats itself")
    forget(house)
    return turn(house)


def test_a_repeat_whose_files_are_gone_refuses_nothing_while_the_first_waits_for_a_person() -> None:
    mfa = House("KZ-MFA", bins={})
    first = arrive(mfa)
    again = announced_again(mfa)
    assert (again.code, row(mfa, again.entry).state) == ("receive.repeat-without-files", JournalState.HELD)
    assert json.loads(row(mfa, again.entry).outcome_params or "") == {"document": DOCUMENT}
    assert [one.kind for one in notices(mfa)] == [NoticeKind.DELIVERED]
    mfa.bins.update({BodyCode(body): number for body, number in ALL_BINS.items()})
    assert released(mfa, first.entry).code == "receive.registered"
    assert [one.kind for one in notices(mfa)] == [NoticeKind.DELIVERED, NoticeKind.REGISTERED]


def test_a_repeat_whose_files_are_gone_refuses_nothing_while_the_first_waits_for_the_directory() -> None:
    mfa, addresses = with_addresses(silent())
    arrive(mfa)
    assert announced_again(mfa).code == "receive.repeat-without-files"
    addresses.mood = None
    assert turn(mfa, seconds=5).code == "receive.registered"
    assert NoticeKind.NOT_VALID not in {one.kind for one in notices(mfa)}


def test_a_new_try_of_a_refused_document_whose_files_are_gone_is_a_wrong_link(mfa: House) -> None:
    arrive(mfa, sender=MEMBERS["KZ-MLSP"])
    assert announced_again(mfa).code == "receive.file-gone"


# --- killed ----------------------------------------------------------------------------------------------------------
def test_a_crash_after_the_files_were_kept_goes_on_from_them() -> None:
    mfa, addresses = with_addresses(Killed())
    with pytest.raises(Killed):
        arrive(mfa)
    kept = only_row(mfa)
    assert (kept.state, len(kept.files) > 0) == (JournalState.CLAIMED, True)
    assert mfa.everything_queued() == []
    forget(mfa)
    addresses.mood = None
    assert turn(mfa, seconds=301).code == "receive.registered"
    assert row(mfa, kept).state is JournalState.DONE
    assert mfa.incoming.fetched == []


class Slow:
    """IncomingChannel whose file store takes so long that somebody else has his whole turn meanwhile."""

    def __init__(self, channel: IncomingChannel, meanwhile: Callable[[], object]) -> None:
        self._channel = channel
        self._meanwhile = meanwhile

    def fetch_files(self, identifiers: Sequence[str], *, at: datetime) -> tuple[FetchedFile, ...]:
        found = self._channel.fetch_files(identifiers, at=at)
        self._meanwhile()
        return found

    def __getattr__(self, name: str) -> Any:
        return getattr(self._channel, name)


def test_who_comes_back_after_its_lease_writes_nothing_over_the_one_who_went_on(mfa: House) -> None:
    house, delivery = _sent()
    _, entry = house.carried(delivery, mfa)
    faster: list[Processed] = []
    slow = Slow(mfa.incoming, lambda: faster.append(turn(mfa, seconds=301)))
    slower = replace(mfa.process, fetch_files=replace(mfa.fetch_files, channel=slow))  # type: ignore[arg-type]
    overtaken = slower()
    assert overtaken is not None
    assert ([one.code for one in faster], overtaken.code) == (["receive.registered"], "receive.moved-meanwhile")
    left = row(mfa, entry)
    assert (left.state, left.outcome, left.tries) == (JournalState.DONE, "receive.registered", 0)
    assert mfa.told().count("document.registered") == 1


class Asking:
    """IncomingChannel whose store wants to hear of every file, and writes down what was durable when it heard."""

    def __init__(self, house: House) -> None:
        self._house = house
        self.heard: list[tuple[str, bool]] = []

    def fetch_files(self, identifiers: Sequence[str], *, at: datetime) -> tuple[FetchedFile, ...]:
        found = self._house.incoming.fetch_files(identifiers, at=at)
        return tuple(replace(one, awaits_confirmation=True) for one in found)

    def confirm_files(self, identifiers: Sequence[str], *, at: datetime) -> None:
        kept = {one.sha256 for one in only_row(self._house).files}
        assert all(self._house.store.blobs.read(one) for one in kept)
        self.heard += [(one, bool(kept)) for one in identifiers]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._house.incoming, name)


def test_the_exchange_hears_that_a_file_came_only_when_it_is_durable_here(mfa: House) -> None:
    house, delivery = _sent()
    house.carried(delivery, mfa)
    asking = Asking(mfa)
    done = replace(mfa.process, fetch_files=replace(mfa.fetch_files, channel=asking))()  # type: ignore[arg-type]
    assert done is not None
    assert done.code == "receive.registered"
    assert [durable for _, durable in asking.heard] == [True] * len(only_row(mfa).files)


def test_a_worker_that_dies_before_the_files_are_durable_has_confirmed_none(
    mfa: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house, delivery = _sent()
    house.carried(delivery, mfa)
    asking = Asking(mfa)

    def killed(*_: object) -> None:
        raise Killed

    monkeypatch.setattr(type(mfa.fetch_files), "_keep", killed)
    with pytest.raises(Killed):
        replace(mfa.process, fetch_files=replace(mfa.fetch_files, channel=asking))()  # type: ignore[arg-type]
    assert asking.heard == []


# --- damaged ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("number", [0, 1], ids=["container", "printed form"])
def test_kept_bytes_that_are_damaged_wait_for_a_person_and_are_not_held_against_the_sender(number: int) -> None:
    mfa, addresses = with_addresses(silent())
    broken = row(mfa, arrive(mfa).entry).files[number].sha256
    mfa.store.blobs.damage(broken)
    addresses.mood = None
    found = turn(mfa, seconds=5)
    assert (found.code, row(mfa, found.entry).state) == ("storage.damaged-bytes", JournalState.HELD)
    (held,) = Status(store=mfa.store).held()
    assert (held["code"], held["params"]) == ("storage.damaged-bytes", {"sha256": broken})
    assert mfa.everything_queued() == []
    assert mfa.registered(DOCUMENT) is None


# --- nothing kept ----------------------------------------------------------------------------------------------------
def test_a_stopped_document_leaves_no_file_on_the_entry(mfa: House) -> None:
    container = re_signed(marked())
    stopped = arrive(mfa, container=container)
    assert stopped.code == "BR-18"
    assert row(mfa, stopped.entry).files == ()
    assert_nothing_kept(mfa, container, marked())


def test_a_marking_is_looked_at_though_judging_fails_by_a_defect(mfa: House) -> None:
    right = mfa.trust
    trusting(mfa, NoTrust())  # type: ignore[arg-type]
    container = re_signed(marked())
    stopped = arrive(mfa, container=container)
    trusting(mfa, right)
    assert stopped.code == "BR-18"
    assert row(mfa, stopped.entry).files == ()
    assert_nothing_kept(mfa, container, marked())


def test_what_is_stopped_only_after_it_was_kept_is_named_no_longer(mfa: House) -> None:
    """An allowed marking where none belongs: only the schema finds it, and it is asked about signed content alone."""
    twice = xml().replace(b"<Progress>", b"<Progress><AccessMarking>public</AccessMarking>", 1)
    held = arrive(mfa, container=of_stranger(twice))
    assert held.code == "receive.indeterminate"
    assert row(mfa, held.entry).files
    trusting(mfa, both())
    stopped = released(mfa, held.entry)
    assert stopped.code == "BR-18"
    assert row(mfa, stopped.entry).files == ()


# --- no container ----------------------------------------------------------------------------------------------------
def test_what_came_without_a_container_is_kept_and_named(mfa: House) -> None:
    mfa.incoming.files["letter"] = FetchedFile(name="letter.pdf", media_type="application/pdf", content=b"%PDF-1.7")
    refused = arrive(mfa, files=("letter",))
    assert refused.code == "receive.no-container"
    (file,) = row(mfa, refused.entry).files
    assert (file.name, file.media_type, file.size) == ("letter.pdf", "application/pdf", 8)
    assert mfa.store.blobs.read(file.sha256) == b"%PDF-1.7"
