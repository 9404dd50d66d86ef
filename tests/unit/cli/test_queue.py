"""The commands queue and journal: what a person on duty sees and decides."""

from __future__ import annotations

import json
import sqlite3
import tomllib
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from adapter.composition import Node
from adapter.composition.stand import Stand
from adapter.domain.delivery import DeliveryState
from adapter.settings import load_settings
from tests.contract import samples
from tests.unit.cli.conftest import Elshi

S = DeliveryState
WHO = ("--person", "A. Clerk", "--reason", "the centre said so")


@pytest.fixture
def queued(stand: Stand) -> Path:
    """A node with a document that waits, one of unknown outcome, and one that is done."""
    path = stand.nodes["KZ-MOF"]
    node = Node(load_settings(path, {}))
    node.store.blobs.put(samples.CONTAINER)
    now = node.clock.now()
    with node.store.transaction() as t:
        t.outbox.add(samples.delivery(1, wake_at=now + timedelta(minutes=3), deadline=now + timedelta(hours=5)))
        t.outbox.add(
            samples.delivery(2, state=S.UNCERTAIN, wake_at=now + timedelta(hours=2), ever_sent=True, attempts=1)
        )
        t.outbox.add(samples.delivery(3, state=S.REGISTERED, wake_at=None, registration_number="вх-1", ever_sent=True))
        t.outbox.add(samples.notice_delivery(4, wake_at=now - timedelta(hours=1)))
        t.audit.append(samples.event(1))
    node.close()
    return path


def test_the_list_shows_what_is_open_and_each_line_is_one_object_for_a_script(elshi: Elshi, queued: Path) -> None:
    ran = elshi("queue", "list", "-s", queued, "--json", code=0)
    assert [one["delivery"] for one in ran.lines] == ["delivery-0001", "delivery-0002", "notice-0004"]
    assert [one["state"] for one in elshi("queue", "list", "-s", queued, "--json", "--all").lines][2] == "registered"
    assert [one["delivery"] for one in elshi("queue", "list", "-s", queued, "--json", "--overdue").lines] == [
        "notice-0004"
    ]
    only = elshi("queue", "list", "-s", queued, "--json", "--state", "registered").lines
    assert [one["delivery"] for one in only] == ["delivery-0003"]
    elshi("queue", "list", "-s", queued, "--state", "lost", code=2)


@pytest.mark.parametrize("language", ["kk", "ru", "en"])
def test_the_list_of_a_person_fits_a_terminal_and_hides_nothing(elshi: Elshi, queued: Path, language: str) -> None:
    shown = elshi("queue", "list", "-s", queued, "-l", language, code=0).out
    assert {"delivery-0001", "delivery-0002", "notice-0004"} <= set(shown.split())
    words = {"kk": ("кезекте", "белгісіз"), "ru": ("в очереди", "неизвестно"), "en": ("queued", "uncertain")}
    assert all(word in shown for word in words[language])


@pytest.mark.parametrize("width", [60, 80, 100, 120])
@pytest.mark.parametrize("language", ["kk", "ru", "en"])
def test_the_list_breaks_no_heading_no_number_and_no_id_over_lines(
    elshi: Elshi, queued: Path, language: str, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    identifier = "0192ac28-a127-7baf-8b2a-39095299c7fc"
    with closing(Node(load_settings(queued, {}))) as node, node.store.transaction() as t:
        deadline = node.clock.now() + timedelta(days=12, hours=5, minutes=1)
        wake_at = node.clock.now() + timedelta(minutes=1)
        t.outbox.add(samples.delivery(5, id=identifier, wake_at=wake_at, attempts=117, deadline=deadline))
    monkeypatch.setenv("COLUMNS", str(width))
    lines = elshi("queue", "list", "-s", queued, "--all", "-l", language, code=0).out.splitlines()
    assert max(map(len, lines)) <= width
    headings = {
        "kk": ("кімге", "күйі", "рет", "келесі", "мерзімге дейін", "жеткізілім"),
        "ru": ("кому", "состояние", "попыток", "дальше", "до срока", "доставка"),
        "en": ("to", "state", "tries", "next", "time left", "delivery"),
    }
    left = {"kk": "12 күн 5 сағ", "ru": "12 дн 5 ч", "en": "12 d 5 h"}
    for word in (*headings[language], left[language], "11-1/5", "117", "KZ-MFA", identifier):
        assert any(word in line for line in lines), word


def test_status_and_queue_say_the_same_of_what_lies_ahead(elshi: Elshi, queued: Path) -> None:
    status = {one["delivery"]: one for one in elshi("status", "-s", queued, "--json").json}
    queue = {one["delivery"]: one for one in elshi("queue", "list", "-s", queued, "--json").lines}
    for name in ("delivery-0001", "delivery-0002"):
        ahead = ("nextTry", "nextLook", "lastSafeTry", "overdue")
        assert {key: status[name][key] for key in ahead} == {key: queue[name][key] for key in ahead}
    assert 4 * 3600 < status["delivery-0001"]["timeLeftSeconds"] <= 5 * 3600


def test_one_delivery_is_shown_whole_and_found_by_its_document(elshi: Elshi, queued: Path) -> None:
    whole = elshi("queue", "show", samples.document_id(2), "-s", queued, "--json", code=0).json
    assert (whole["delivery"], whole["tries"], whole["receipts"]) == ("delivery-0002", [], [])
    assert "delivery-0002" in elshi("queue", "show", "delivery-0002", "-s", queued, code=0).out
    ran = elshi("queue", "show", "nobody", "-s", queued, "-l", "ru", code=2)
    assert "intervene.no-such-delivery" in ran.err


def test_a_clerk_reads_what_to_do_and_the_command_is_the_one_that_works(elshi: Elshi, queued: Path) -> None:
    said = elshi("queue", "explain", "delivery-0002", "-s", queued, "-l", "en", code=0).out
    assert "may have arrived" in said
    assert '`elshi queue resend delivery-0002 --person "…" --reason "…"`' in said
    told = elshi("queue", "explain", "delivery-0002", "-s", queued, "--json", code=0).json
    assert all(set(one["text"]) == {"kk", "ru", "en"} for one in told["explanation"])
    elshi("queue", "resend", "delivery-0002", *WHO, "-s", queued, code=0)
    assert "queued" in elshi("queue", "show", "delivery-0002", "-s", queued).out
    history = elshi("queue", "show", "delivery-0002", "-s", queued, "--json").json["history"]
    assert history[-1]["actor"] == "A. Clerk"
    assert history[-1]["details"]["reason"] == "the centre said so"


def test_an_argument_that_is_no_text_is_an_error_and_no_defect(elshi: Elshi, queued: Path) -> None:
    """A terminal in another encoding; the same for whoever decides and for what he looks for."""
    half = b"\xff".decode(errors="surrogateescape")
    for command in (("show", half), ("resend", "delivery-0002", "--person", half, "--reason", "x")):
        assert "cli.argument-not-text" in elshi("queue", *command, "-s", queued, code=2).err
    assert elshi("queue", "show", "delivery-0002", "-s", queued, "--json").json["state"] == "uncertain"


def test_decisions_have_a_short_form_and_the_same_effect(elshi: Elshi, queued: Path) -> None:
    assert (
        elshi("queue", "withdraw", samples.document_id(1), *WHO, "-s", queued, "--json", code=0).json["state"]
        == "withdrawn"
    )
    assert elshi("give-up", samples.document_id(2), *WHO, "-s", queued, "--json", code=0).json["state"] == "abandoned"
    elshi("queue", "give-up", "delivery-0003", *WHO, "-s", queued, code=2)
    elshi("queue", "resend", "delivery-0002", "-s", queued, code=2)


# --- journal ---------------------------------------------------------------------------------------------------------
def test_the_exit_code_tells_a_whole_trail_from_a_broken_one_and_from_one_that_cannot_be_judged(
    elshi: Elshi, queued: Path, tmp_path: Path
) -> None:
    holds = elshi("journal", "verify", "-s", queued, "--json").json
    assert (holds["verdict"], holds["events"]) == ("cannot-tell", 1), "an event of January, and no stamp since"
    elshi("journal", "verify", "-s", queued, code=2)
    whole = elshi("queue", "show", "delivery-0001", "-s", queued, "--json").json
    assert whole["history"] == []
    kept = tmp_path / "kept.json"
    kept.write_text(json.dumps([holds["head"]]), encoding="utf-8")
    elshi("journal", "verify", "-s", queued, "--receipt", kept, "--bytes", code=0)
    database = sqlite3.connect(_database_of(queued))
    database.execute("DROP TRIGGER audit_trail_no_update")
    database.execute("UPDATE audit_trail SET actor = 'nobody'")
    database.commit()
    database.close()
    broken = elshi("journal", "verify", "-s", queued, "-l", "ru", code=1)
    assert "Событие 1 изменено" in broken.out
    assert elshi("journal", "verify", "-s", queued, "--json", code=1).json["findings"][0]["code"] == "journal.edited"
    elshi("journal", "verify", "-s", queued, "--receipt", tmp_path / "none.json", code=3)
    elshi("journal", "verify", code=3)
    elshi("journal", "verify", "--segment", kept, code=3)


def _database_of(settings: Path) -> str:
    url = tomllib.loads(settings.read_text(encoding="utf-8"))["storage"]["url"]
    return str(url).removeprefix("sqlite:///").replace("{folder}", str(settings.parent))


def test_a_worker_that_runs_once_watches_and_stamps_once(
    elshi: Elshi, queued: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert datetime.now(UTC) > samples.NOW
    elshi("worker", "--once", "-s", queued, code=0)
    report = elshi("journal", "verify", "-s", queued, "--json", code=0).json
    assert (report["verdict"], report["stamps"]) == ("holds", 1)
