"""Faults while a document is taken over: repeats, conflicts, sizes, bombs, hostile names, a full disk."""

from __future__ import annotations

import io
import json
import signal
import subprocess
import sys
import threading
import zipfile
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import signing
from adapter.composition.stand import Stand
from adapter.domain.delivery import Delivery, DeliveryState
from adapter.domain.incoming import JournalState
from adapter.domain.statement import StatementKind
from adapter.errors import Conflict, DocumentRefused, Final, Retryable
from adapter.sandbox import OutgoingFile, SandboxSettings
from adapter.sandbox.writing import envelope, metadata, national, notice, send_message, text_element
from tests.reliability.line import REPORT, Failing, Line, by_hand

ROOT = Path(__file__).resolve().parents[2]
S = DeliveryState
MIB = 1024 * 1024

KILLED_BEFORE_THE_ANSWER = """
import os, signal, sys
from pathlib import Path
from adapter.composition import Node
from adapter.settings import load_settings

node = Node(load_settings(Path(sys.argv[1]), {"ELSHI_STORAGE__URL": sys.argv[2]}))
node.submit_file(Path(sys.argv[3]))
os.kill(os.getpid(), signal.SIGKILL)
"""


def in_parallel(count: int, threads: int, do: Callable[[], Any]) -> list[Any]:
    """What `do` gave, `count` times by so many threads; an exception stands for itself."""
    given: list[Any] = []
    numbers = iter(range(count))
    lock = threading.Lock()

    def run() -> None:
        while True:
            with lock:
                if next(numbers, None) is None:
                    return
            try:
                found = do()
            except Exception as error:  # noqa: BLE001 - reason: it is looked at by the test
                found = error
            with lock:
                given.append(found)

    running = [threading.Thread(target=run) for _ in range(threads)]
    for one in running:
        one.start()
    for one in running:
        one.join()
    return given


def same_message(settings: SandboxSettings, href: str, message_id: str) -> bytes:
    """A notice as the exchange sends it, signed by its gateway, under a message id of the test's choice."""
    at = datetime.now(UTC)
    meta = metadata(activity_id="a", sender=settings.centre_member, href=href, performers=(), sender_org=None)
    body = send_message(
        message_id=message_id,
        service_id="ESEDO_UNIVERSAL_SERVICE",
        sender_id=settings.centre_account,
        at=at,
        session_id="{00000000-0000-4000-8000-000000000000}",
        data=notice("stateStartProcessResponse", meta, text_element("date", national(at))),
    )
    key = settings.gateway_key
    return signing.sign_envelope(envelope(body), key, policy=signing.DEFAULT_SIGNING, body_id="id-1")


def signed_statements(line: Line) -> list[str]:
    """Digests of the signed bytes of all that the ministry's node has stated."""
    return [row[0] for row in by_hand(line.mof.settings.storage.url, SIGNED)]


SIGNED = "SELECT sha256 FROM statement_signatures ORDER BY sequence"


# --- once -----------------------------------------------------------------------------------------------------------
def test_fault_01_what_was_taken_over_and_not_answered_is_the_same_delivery_when_it_is_submitted_again(
    line: Line, home: Stand
) -> None:
    """Killed after the durable commit, before the answer: the person, not knowing, submits again and gets the delivery
    that stands, marked as a repeat, with the receipt that was signed for it, byte for byte. One document is queued, by the
    command and by the API.
    """
    killed = subprocess.run(
        [
            sys.executable,
            "-c",
            KILLED_BEFORE_THE_ANSWER,
            str(home.nodes["KZ-MOF"]),
            line.mof.settings.storage.url,
            str(REPORT),
        ],
        cwd=ROOT,
        timeout=60,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL
    (standing,) = line.all()
    (signed,) = signed_statements(line)
    again = line.mof.submit_file(REPORT)
    assert (again.replayed, again.delivery) == (True, standing)
    by_api = line.ask("POST", "/documents", line.mof.store.blobs.read(standing.content.files[0].sha256))
    assert (by_api.status_code, by_api.json()["replayed"], by_api.json()["delivery"]) == (200, True, standing.id)
    receipt = line.mof.store.blobs.read(signed)
    assert again.receipt is not None
    assert again.receipt.signed == by_api.json()["receipt"]["signed"] == signed
    assert line.ask("GET", by_api.json()["receipt"]["href"]).content == receipt
    assert line.mof.reprint(standing.document_id, StatementKind.SUBMISSION_RECEIPT)[1] == receipt
    assert (line.all(), signed_statements(line)) == ([standing], [signed])
    line.clock.move(timedelta(minutes=5))
    line.settle()
    assert (line.state(standing), line.taken(standing)) == (S.REGISTERED, 1)


def test_fault_06_the_same_bytes_any_number_of_times_at_once_are_one_document_and_one_answer(
    line: Line, submitted: tuple[Delivery, list[bytes]], exchange_settings: SandboxSettings
) -> None:
    """A thousand at once into the outbox, a dozen at once by the API, and the exchange's own repeats at the endpoint:
    one of them is the first, all others get what the first one got.
    """
    template, (container, *_) = submitted
    answers = in_parallel(12, 6, lambda: line.ask("POST", "/documents", container))
    assert Counter(one.status_code for one in answers) == {201: 1, 200: 11}
    (standing,) = line.all()
    assert {one.json()["delivery"] for one in answers} == {standing.id}
    assert [one.json()["receipt"]["signed"] for one in answers] == signed_statements(line) * 12

    def offered() -> Any:
        with line.mof.store.transaction() as transaction:
            return transaction.outbox.add(replace(template, id=str(line.mof.identifiers.new())))

    added = in_parallel(1000, 8, offered)
    assert {(one.replayed, one.delivery.id) for one in added} == {(True, standing.id)}
    line.settle()
    message = line.pushes[0].body
    repeats = in_parallel(24, 6, lambda: line.push(message))
    assert {(one.status_code, one.content) for one in repeats} == {(200, line.pushes[0].answer)}
    assert len([one for one in line.journal() if one.message_id in message.decode()]) == 1
    for number in range(4):
        # Never seen before, so that every one of them may take itself for the first.
        new = same_message(exchange_settings, standing.document_id, f"message-{number}")
        at_once = in_parallel(12, 12, lambda new=new: line.push(new))
        assert {one.status_code for one in at_once} == {200}
        assert len({one.content for one in at_once}) == 1
        assert len([one for one in line.journal() if one.message_id == f"message-{number}"]) == 1
    assert (line.state(standing), line.taken(standing)) == (S.REGISTERED, 1)


def test_fault_07_the_same_id_with_other_bytes_is_a_conflict_that_names_both_and_the_first_stays(
    line: Line, exchange_settings: SandboxSettings, tmp_path: Path
) -> None:
    """Both digests and both times are named, by the command and by the API. At the endpoint both messages are kept and a
    person is told.
    """
    first = line.mof.submit_file(REPORT).delivery
    changed = tmp_path / "report.yaml"
    text = REPORT.read_text("utf-8")
    assert text.count("ТЕСТ-Б-17") == 1
    changed.write_text(text.replace("ТЕСТ-Б-17", "ТЕСТ-Б-18"), encoding="utf-8")
    with pytest.raises(Conflict) as refused:
        line.mof.submit_file(changed)
    params = refused.value.params
    assert (params["known_sha256"], params["known_at"]) == (first.digest, first.created_at)
    assert params["new_sha256"] not in {first.digest, None}
    assert first.created_at < params["new_at"] < line.clock.now()
    other = line.start_node(clock=line.clock)
    by_api = line.ask("POST", "/documents", other.store.blobs.read(other.sign_file(changed).kept.sha256))
    assert by_api.status_code == 409
    for digest in (first.digest, params["new_sha256"]):
        assert digest in by_api.text
    assert line.all() == [first]
    assert len(signed_statements(line)) == 1, "no receipt for what was not taken over"
    one, two = (same_message(exchange_settings, href, "message-1") for href in ("doc-1", "doc-2"))
    assert [line.push(each).status_code for each in (one, two)] == [200, 200]
    kept = [line.mof.store.blobs.read(entry.sha256) for entry in line.journal()]
    assert sorted(kept) == sorted([one, two])
    with line.mof.store.transaction() as transaction:
        codes = [each.event.details.get("code") for each in transaction.audit.events()]
    assert "receive.same-id-other-bytes" in codes
    assert line.told().count("message.conflict") == 1


def test_fault_08_a_first_try_that_failed_before_its_commit_never_counts_as_seen(
    line: Line, submitted: tuple[Delivery, list[bytes]]
) -> None:
    """The database refuses the commit once. The second submit is the first one that counts; the second call of the
    exchange too.
    """
    failing, submit = Failing(line.mof.store, [Retryable("storage.busy")]), line.mof.submit()
    refused = replace(submit, take_over=replace(submit.take_over, store=failing))
    with pytest.raises(Retryable):
        refused.container(line.mof.store.blobs.put(submitted[1][0]))
    assert line.all() == []
    again = line.mof.submit().container(line.mof.store.blobs.put(submitted[1][0]))
    assert (again.replayed, line.all()) == (False, [again.delivery])
    line.settle()
    message = line.pushes[0].body
    fresh = line.start_node(clock=line.clock)
    with pytest.raises(Retryable):
        replace(fresh.receive, store=Failing(fresh.store, [Retryable("storage.busy")]))(message)
    assert line.journal(fresh) == []
    assert fresh.receive(message).status == 200
    assert [one.state for one in line.journal(fresh)] == [JournalState.RECEIVED]


# --- sizes -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("over", [0, 1])
def test_fault_23_a_byte_over_a_limit_is_refused_at_submit_with_both_numbers_and_the_limit_itself_passes(
    new_line: Callable[..., Line], submitted: tuple[Delivery, list[bytes]], tmp_path: Path, over: int
) -> None:
    """The file that the exchange carries in one call, by the command and by the API alike. What can be measured before
    anything is signed, as the printed form of a report, is the same finding at check.
    """
    container = submitted[1][0]
    limit = len(container) - over
    path = tmp_path / "report.asice"
    path.write_bytes(container)
    line = new_line(ELSHI_EXCHANGE__FILES__MAX_FILE_BYTES=str(limit))
    by_api = line.ask("POST", "/documents", container)
    if not over:
        assert (by_api.status_code, line.mof.submit_file(path).replayed) == (201, True)
        return
    with pytest.raises(Final) as refused:
        line.mof.submit_file(path)
    assert (by_api.status_code, by_api.json()["detail"]["code"]) == (413, "submit.file-too-large")
    assert refused.value.code == "submit.file-too-large"
    assert (refused.value.params["size"], refused.value.params["limit"]) == (len(container), limit)
    page = submitted[1][1]
    narrow = line.start_node(
        url=line.mof.settings.storage.url, ELSHI_EXCHANGE__FILES__MAX_FILE_BYTES=str(len(page) - 1)
    )
    (found,) = narrow.check_file(REPORT).findings
    assert (found.code, found.params["size"], found.params["limit"]) == (
        "submit.file-too-large",
        len(page),
        len(page) - 1,
    )
    with pytest.raises(DocumentRefused) as too_large:
        narrow.submit_file(REPORT)
    assert too_large.value.findings == (found,)
    assert line.all() == []


BIG = """
import json, resource, sys
from pathlib import Path
from adapter.composition import Node
from adapter.errors import ElshiError
from adapter.settings import load_settings

node = Node(load_settings(Path(sys.argv[1]), {"ELSHI_STORAGE__URL": sys.argv[2]}))
node.submit(), node.store, node.trust
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    node.submit_file(Path(sys.argv[3]))
    code, reason = "taken", None
except ElshiError as error:
    code, reason = error.code, error.params.get("reason")
grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
print(json.dumps({"code": code, "reason": reason, "grown": grown * 1024, "cpu": sum(resource.getrusage(resource.RUSAGE_SELF)[:2])}))
"""


def submitted_apart(line: Line, home: Stand, path: Path) -> dict[str, Any]:
    """How a submit ends in a process of its own, and what its memory grew by."""
    done = subprocess.run(
        [sys.executable, "-c", BIG, str(home.nodes["KZ-MOF"]), line.mof.settings.storage.url, str(path)],
        cwd=ROOT,
        timeout=60,
        check=True,
        capture_output=True,
        text=True,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_fault_24_a_package_of_200_megabytes_is_refused_at_the_door_and_costs_no_memory(
    line: Line, home: Stand, tmp_path: Path
) -> None:
    """The exchange carries 10 MiB in one call, so it is refused; memory grows by no more than a fraction of it."""
    path = tmp_path / "big.asice"
    with path.open("wb") as big:
        big.truncate(200 * MIB)
    found = submitted_apart(line, home, path)
    assert found["code"] == "submit.file-too-large"
    assert found["grown"] < 40 * MIB
    assert line.all() == []


def test_fault_25_a_zip_bomb_is_refused_before_it_is_unpacked(
    line: Line, home: Stand, submitted: tuple[Delivery, list[bytes]], tmp_path: Path
) -> None:
    """A signed container whose document was replaced by a quarter of a gigabyte that packs into a quarter of a
    megabyte: it is under every limit on the wire, and neither memory nor time follows what it would become.
    """
    path = tmp_path / "bomb.asice"
    with (
        zipfile.ZipFile(io.BytesIO(submitted[1][0])) as genuine,
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as bomb,
    ):
        for item in genuine.infolist():
            if item.filename != "document.xml":
                bomb.writestr(item, genuine.read(item))
                continue
            with bomb.open("document.xml", "w", force_zip64=True) as document:
                for _ in range(256):
                    document.write(bytes(MIB))
    assert path.stat().st_size < MIB
    found = submitted_apart(line, home, path)
    assert found["code"] == "submit.container-not-verified"
    assert "asic.limits" in str(found["reason"]), (
        "for what it would become, and not because it came out other than it was signed"
    )
    assert found["grown"] < 60 * MIB
    assert line.all() == []


# --- names and disks --------------------------------------------------------------------------------------------------
HOSTILE = ("../../есеп.pdf", "C:\\отчёт: қаржы.pdf", "/etc/passwd", "a" * 200 + "ұ.pdf", "..")


def test_fault_26_file_names_of_others_are_data_and_never_a_path(new_line: Callable[..., Line], tmp_path: Path) -> None:
    """Colons, dots that lead upwards, Kazakh letters: the bytes lie under their digest, the name stands as it came."""
    blobs = tmp_path / "blobs"
    line = new_line(ELSHI_STORAGE__BLOBS="directory", ELSHI_STORAGE__BLOB_DIRECTORY=str(blobs))
    files = [OutgoingFile(name=name, mime="application/pdf", content=name.encode()) for name in HOSTILE]
    line.serving.sandbox.send_document(sender="KZ-MLSP", performer="KZ-MOF", files=files)
    before = {path for path in tmp_path.rglob("*") if blobs not in path.parents}
    line.settle()
    (entry,) = [one for one in line.journal() if one.files]
    assert tuple(one.name for one in entry.files) == HOSTILE
    assert [line.mof.store.blobs.read(one.sha256).decode() for one in entry.files] == list(HOSTILE)
    after = {path for path in tmp_path.rglob("*") if blobs not in path.parents}
    assert after == before
    assert not {path.name for path in blobs.rglob("*")} & {Path(name.replace("\\", "/")).name for name in HOSTILE}


def test_fault_27_a_full_disk_takes_nothing_over_promises_nothing_and_is_over_when_there_is_room(
    line: Line, submitted: tuple[Delivery, list[bytes]], exchange_settings: SandboxSettings
) -> None:
    """Submit says that there is no room and leaves no row and no half file; the endpoint answers "later" and no success
    code. With room again both go through, and nothing was lost.
    """
    line.notices_wait()
    sent = line.send()
    with line.engine.full(line.mof.store):
        with pytest.raises(Final) as refused:
            line.mof.submit_file(REPORT)
        assert refused.value.code == "storage.full"
        by_api = line.ask("POST", "/documents", submitted[1][0] + b"\n")
        assert (by_api.status_code, by_api.json()["detail"]["code"]) == (503, "storage.full")
        pushed = line.push(same_message(exchange_settings, sent.document_id, "message-1"))
        assert (pushed.status_code, b"SCSS001" in pushed.content) == (503, False)
    assert len(line.all()) == 1
    later = line.mof.submit_file(REPORT)
    assert not later.replayed
    line.notices_come()
    assert {line.state(one) for one in line.all()} == {S.REGISTERED}
