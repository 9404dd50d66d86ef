"""Two nodes and the sandbox over real HTTP: every fault of the exchange that has a story, from end to end."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

import signing
from adapter import sandbox
from adapter.composition import Node
from adapter.composition.machine import machine_clock, machine_identifiers
from adapter.composition.stand import Stand
from adapter.domain.delivery import AttemptOutcome, Delivery, DeliveryState, Proof
from adapter.domain.document import DocumentId
from adapter.domain.incoming import JournalState
from adapter.domain.outgoing import ContentKind
from adapter.domain.receipt import ReceiptKind
from adapter.errors import ElshiError
from adapter.server import Server
from adapter.settings import load_settings
from adapter.usecases.verified_container import sha256_of
from adapter.worker import Worker
from tests.stands import EXAMPLES, gateway_port, sandbox_settings

S = DeliveryState
REPORT = EXAMPLES / "mof" / "report.yaml"
_ROUNDS = 400


@dataclass
class Line:
    """A ministry, the MFA and the exchange between them; workers turn when the test says so."""

    mof: Node
    mfa: Node
    serving: sandbox.Serving
    workers: tuple[Worker, Worker]

    def fault(self, name: str, **matchers: Any) -> None:
        lines = [f'name = "{name}"', *(f"{key} = {value!r}".replace("'", '"') for key, value in matchers.items())]
        self.serving.sandbox.add_faults_from_toml("[[fault]]\n" + "\n".join(lines).replace("False", "false"))

    def submit(self, path: Path = REPORT) -> Delivery:
        return self.mof.submit_file(path).delivery

    def row(self, of: Delivery) -> Delivery:
        with self.mof.store.transaction() as transaction:
            found = transaction.outbox.get(of.id)
        assert found is not None
        return found

    def attempts(self, of: Delivery) -> list[Any]:
        with self.mof.store.transaction() as transaction:
            return list(transaction.outbox.attempts(of.id))

    def until(self, holds: Callable[[], bool], *, without_mof: bool = False) -> None:
        """Turn until it holds, each round after a short rest for the exchange."""
        rest = threading.Event()
        for _ in range(_ROUNDS):
            if holds():
                return
            busy = [worker.turn() for worker in (self.workers[1:] if without_mof else self.workers)]
            if not any(busy):
                self.serving.retry_now()
                rest.wait(0.02)
        raise AssertionError([str(one) for one in self.serving.sandbox.events()][-20:])

    def until_state(self, of: Delivery, state: DeliveryState) -> Delivery:
        self.until(lambda: self.row(of).state is state)
        return self.row(of)

    def until_proved(self, of: Delivery) -> Delivery:
        self.until(lambda: self.row(of).proof is Proof.DIGEST)
        return self.row(of)

    def registered(self) -> list[Any]:
        with self.mfa.store.transaction() as transaction:
            return list(transaction.register.listed())

    def taken(self) -> int:
        """How often the exchange took a document of the ministry."""
        return sum(
            one.what == "document.taken" and one.participant == "KZ-MOF" for one in self.serving.sandbox.events()
        )


@pytest.fixture
def new_line(stand: Stand) -> Iterator[Callable[..., Line]]:
    with ExitStack() as stack:

        def made(**environment: str) -> Line:
            serving = stack.enter_context(
                sandbox.serve(
                    sandbox_settings(stand),
                    machine_clock(),
                    "127.0.0.1",
                    gateway_port(stand),
                    new_id=machine_identifiers().new,
                )
            )
            nodes = []
            for body in ("KZ-MOF", "KZ-MFA"):
                node = Node(load_settings(stand.nodes[body], environment))
                stack.callback(node.close)
                stack.enter_context(Server(node))
                nodes.append(node)
            return Line(mof=nodes[0], mfa=nodes[1], serving=serving, workers=(Worker(nodes[0]), Worker(nodes[1])))

        yield made


@pytest.fixture
def line(new_line: Callable[..., Line]) -> Line:
    return new_line()


def test_a_report_travels_is_registered_and_its_receipt_proves_the_bytes(line: Line) -> None:
    sent = line.submit()
    row = line.until_proved(sent)
    assert row.state is S.REGISTERED
    (registered,) = line.registered()
    assert row.registration_number == registered.number
    assert registered.container == sent.content.files[0].sha256
    assert registered.office_verdict == "TOTAL-PASSED"
    assert line.serving.sandbox.protocol_findings() == ()


def test_what_the_gateway_did_not_take_is_sent_again_with_the_same_bytes(line: Line) -> None:
    line.fault("http-503", service="ESEDO_UNIVERSAL_SERVICE", operation="docOutgoing", count=2)
    sent = line.submit()
    line.until_state(sent, S.REGISTERED)
    attempts = line.attempts(sent)
    assert [one.outcome for one in attempts] == [
        AttemptOutcome.CHANNEL_CLOSED,
        AttemptOutcome.CHANNEL_CLOSED,
        AttemptOutcome.ACCEPTED,
    ]
    assert len({one.message for one in attempts}) == 1
    assert line.taken() == 1


def test_taken_and_then_silence_waits_for_the_notice_and_is_never_sent_twice(new_line: Callable[..., Line]) -> None:
    """Fault 15 and 2: the answer is lost, the document is not."""
    line = new_line(ELSHI_HTTP__READ_WITHIN_SECONDS="0.5", ELSHI_HTTP__TOTAL_WITHIN_SECONDS="30")
    line.fault("timeout-after-accept", operation="docOutgoing", seconds=3.0)
    sent = line.submit()
    line.workers[0].turn()
    assert line.row(sent).state is S.UNCERTAIN
    line.until_state(sent, S.REGISTERED)
    assert (line.taken(), len(line.attempts(sent)), len(line.registered())) == (1, 1, 1)


def test_notices_that_come_twice_and_in_another_order_end_the_same(line: Line) -> None:
    line.fault("notice-duplicated", operation="stateRegistered", addressee="KZ-MOF", same_message=False)
    line.fault("notice-reordered", operation="stateDelivered", addressee="KZ-MOF", seconds=1.0)
    sent = line.submit()
    assert line.until_proved(sent).state is S.REGISTERED
    with line.mof.store.transaction() as transaction:
        receipts = transaction.receipts.of_document(sent.document_id)
    assert not any(one.is_dispute for one in receipts)


def test_a_document_that_the_centre_delivers_twice_is_registered_once(line: Line) -> None:
    line.fault("document-delivered-twice", addressee="KZ-MFA", same_message=False)
    sent = line.submit()
    line.until_proved(sent)
    line.until(lambda: len([one for one in journal(line.mfa) if one.state is JournalState.DONE]) >= 2)
    assert len(line.registered()) == 1


def journal(node: Node) -> list[Any]:
    with node.store.transaction() as transaction:
        return list(transaction.journal.listed())


def test_a_file_that_the_store_forgot_is_refused_as_a_wrong_link_even_when_the_reason_comes_as_text(
    line: Line,
) -> None:
    line.fault("file-forgotten", operation="UPLOAD", sender="KZ-MOF")
    line.fault("notice-text-reason", operation="stateNotValid", addressee="KZ-MOF", text="Ссылка не верна")
    sent = line.submit()
    row = line.until_state(sent, S.REFUSED)
    assert (row.reason, row.reason_text) == ("wrong-link", "Ссылка не верна")
    assert line.registered() == []


def test_a_file_that_was_damaged_on_the_way_is_fetched_again_and_never_judged_by_its_damage(line: Line) -> None:
    line.fault("download-altered", operation="DOWNLOAD", sender="KZ-MFA", count=1)
    sent = line.submit()
    assert line.until_state(sent, S.REGISTERED).reason is None
    assert [one.container for one in line.registered()] == [sent.content.files[0].sha256]


@pytest.mark.parametrize("fault", ["push-unsigned", "push-wrongly-signed", "push-stranger-signed"])
def test_a_push_that_the_exchange_did_not_sign_rightly_registers_nothing(line: Line, fault: str) -> None:
    line.fault(fault, addressee="KZ-MFA", count=1)
    line.submit()
    line.until(lambda: bool(journal(line.mfa)))
    assert {one.state for one in journal(line.mfa)[:1]} <= {JournalState.HELD, JournalState.REFUSED}
    assert line.registered() == []


@pytest.mark.parametrize(
    ("fault", "unsigned_answer", "state"),
    [
        ("unsigned-answer", "mark", S.SENT),
        ("unsigned-answer", "reject", S.UNCERTAIN),
        ("stranger-signed-answer", "mark", S.UNCERTAIN),
        ("stranger-signed-answer", "reject", S.UNCERTAIN),
        ("wrongly-signed-answer", "mark", S.UNCERTAIN),
    ],
)
def test_the_setting_lets_an_unsigned_answer_count_and_never_a_forged_one(
    new_line: Callable[..., Line], fault: str, unsigned_answer: str, state: DeliveryState
) -> None:
    """Whether one without a signature counts is `exchange.gateway.unsigned_answer`; it is never kept as verified."""
    line = new_line(ELSHI_EXCHANGE__GATEWAY__UNSIGNED_ANSWER=unsigned_answer)
    line.fault(fault, operation="docOutgoing", count=1)
    sent = line.submit()
    line.workers[0].turn()
    assert line.row(sent).state is state
    assert "verified" not in [one.answer_verdict for one in line.attempts(sent)]
    line.until_state(sent, S.REGISTERED)
    assert (line.taken(), len(line.attempts(sent))) == (1, 1), "the notice settles it, nothing is sent again"


@pytest.mark.parametrize("fault", sandbox.FAULTS)
def test_every_fault_can_be_scripted_on_a_stand_as_it_was_made(
    stand_template: Stand, tmp_path: Path, fault: str
) -> None:
    """Two of them needed a key that a person had to make by hand."""
    made = sandbox.Sandbox(sandbox_settings(stand_template), machine_clock(), new_id=machine_identifiers().new)
    made.add_faults_from_toml(f'[[fault]]\nname = "{fault}"\n')
    assert [rule.fault for rule, _ in made.faults()] == [fault]


def test_an_outage_uses_no_document_up_and_ends_by_itself(line: Line) -> None:
    line.serving.close_gateway()
    sent = line.submit()
    for _ in range(3):
        line.workers[0].turn()
    assert line.row(sent).state is S.QUEUED
    assert line.taken() == 0
    line.serving.open_gateway()
    line.until_state(sent, S.REGISTERED)


def test_a_refusal_that_names_the_request_stops_at_once(line: Line) -> None:
    """Fault 14."""
    line.fault("soap-fault-listed", operation="docOutgoing", code="VAL-R-004")
    sent = line.submit()
    row = line.until_state(sent, S.REFUSED)
    assert row.wake_at is None
    assert len(line.attempts(sent)) == 1
    assert line.attempts(sent)[0].answer is not None


def test_a_code_on_no_list_stops_for_a_person_who_sends_the_same_bytes(line: Line) -> None:
    line.fault("status-unlisted", operation="docOutgoing")
    sent = line.submit()
    assert line.until_state(sent, S.ABANDONED).reason == "exchange.not-understood"
    line.mof.intervene.resend(sent.id, person="A. Clerk", reason="the operator says: send again")
    line.until_state(sent, S.REGISTERED)
    first, second = line.attempts(sent)
    assert first.message == second.message


def test_notices_of_ours_go_out_again_by_themselves(line: Line) -> None:
    line.fault("http-502-html", service="ESEDO_UNIVERSAL_SERVICE", operation="stateRegistered", count=1)
    sent = line.submit()
    line.until_state(sent, S.REGISTERED)
    with line.mfa.store.transaction() as transaction:
        rows = [
            one for one in transaction.outbox.of_document(sent.document_id) if one.content_kind is ContentKind.NOTICE
        ]
    assert {one.state for one in rows} == {S.SENT}


def test_a_worker_that_is_stopped_ends_after_its_turn(line: Line) -> None:
    worker = Worker(line.mof)
    thread = threading.Thread(target=worker.run)
    thread.start()
    sent = line.submit()
    line.until(lambda: line.row(sent).state is S.REGISTERED, without_mof=True)
    worker.stop()
    thread.join(timeout=20)
    assert not thread.is_alive()


def sent_past_our_own_check(node: Node, template: Delivery, marking: str) -> tuple[Delivery, bytes]:
    """The report of a delivery under another identifier and marking, signed by the head and put into the outbox.

    No door of ours lets such a document out, so the rows are written by hand; all that follows is the program's own.
    """
    document = f"urn:uuid:{node.identifiers.new()}"
    container = node.store.blobs.read(template.content.files[0].sha256)
    contents = {}
    for name in ("document.xml", "document.pdf"):
        content = signing.unverified_content(container, name, max_bytes=10_000_000)
        assert content is not None
        contents[name] = content
    text = contents["document.xml"].decode().replace(template.document_id, document)
    assert "AccessMarking>public</" in text
    contents["document.xml"] = text.replace("AccessMarking>public</", f"AccessMarking>{marking}</", 1).encode()
    out = io.BytesIO()
    now = node.clock.now()
    signing.sign_container(
        [signing.DataObject.of(name, "application/octet-stream", content) for name, content in contents.items()],
        node._key("document"),
        policy=signing.DEFAULT_SIGNING,
        signing_time=now,
        out=out,
    )
    kept = node.store.blobs.put(out.getvalue())
    file = replace(template.content.files[0], size=kept.size, sha256=kept.sha256)
    content = replace(template.content, document_id=DocumentId(document), files=(file,))
    content = replace(content, office_signature=node.sign().office_signature([file], at=now))
    row = replace(
        template,
        id=str(node.identifiers.new()),
        key=document,
        document_id=DocumentId(document),
        content=content,
        message_id=str(node.identifiers.new()),
        digest=sha256_of(contents["document.xml"]),
        state=S.QUEUED,
        wake_at=now,
        created_at=now,
        changed_at=now,
        revision=0,
    )
    with node.store.transaction() as transaction:
        return transaction.outbox.add(row).delivery, out.getvalue()


def test_a_document_above_official_use_is_answered_with_the_rule_alone_and_nothing_of_it_is_kept(line: Line) -> None:
    template = line.submit()
    sent, container = sent_past_our_own_check(line.mof, template, "secret")
    line.until(lambda: (line.row(sent).reason_text or "").startswith("BR-18: "))
    assert line.until_state(sent, S.REFUSED).reason == "against-rules"
    assert (line.row(sent).reason_text or "").startswith("BR-18: "), "whichever came last, the words stay"
    with line.mof.store.transaction() as transaction:
        kinds = {one.kind for one in transaction.receipts.of_document(sent.document_id)}
    assert ReceiptKind.PROCESSING_RESPONSE in kinds
    assert sent.document_id not in {one.document_id for one in line.registered()}
    with pytest.raises(ElshiError), line.mfa.store.blobs.open(sha256_of(container)):
        pass
    assert line.serving.sandbox.protocol_findings() == ()
