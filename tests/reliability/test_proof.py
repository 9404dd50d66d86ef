"""Faults of proof: trust services that fail, chains that end nowhere, no network, attachments, what the schema refuses."""

from __future__ import annotations

import io
import itertools
import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

import signing
from adapter import conversion, texts
from adapter.clock import ScenarioClock
from adapter.composition import Node
from adapter.composition.stand import Stand, default_plan, make_stand
from adapter.composition.watching import queue_of
from adapter.composition.years_later import JUDGED, STRICT, YearsLater, years_later
from adapter.domain.delivery import Delivery, DeliveryState, Proof
from adapter.domain.incoming import JournalState
from adapter.domain.retry import last_safe_try
from adapter.errors import DocumentRefused, Final, Retryable, Severity
from adapter.settings import load_settings
from adapter.texts import Language
from signing import SandboxPki
from signing.sandbox_services.services import SandboxServices
from signing.sandbox_services.tsa import SandboxTsa
from tests import corpus
from tests.reliability.line import REPORT, Engine, Line, by_hand
from tests.stands import EXAMPLES
from tests.unit.cli.conftest import Elshi, elshi

__all__ = ["elshi"]
S = DeliveryState


@dataclass
class Authority:
    """A time-stamp authority on the loopback: takes connections, and answers rubbish until it is well.

    url, root   where it is asked, and the anchor of its certificate
    clock       its time and the node's: a week before the report is due
    asked       how often it was
    """

    url: str
    root: Path
    clock: ScenarioClock
    is_well: bool = False
    asked: int = 0


@pytest.fixture
def authority(tmp_path: Path) -> Iterator[Authority]:
    pki = SandboxPki.create(not_before=datetime(2026, 1, 1, tzinfo=UTC), not_after=datetime(2046, 1, 1, tzinfo=UTC))
    key = pki.issue("tsa", "SANDBOX TSA", "Sandbox", key="ec-p256")
    ticks = itertools.count()
    clock = ScenarioClock(datetime(2026, 11, 3, 6, 0, tzinfo=UTC), monotonic=lambda: next(ticks) * 1e-6)
    services = SandboxServices.of(pki, clock.now, tsa=SandboxTsa(key=key, clock=clock.now))
    (tmp_path / "tsa-root.pem").write_bytes(pki.anchor_pem())

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            found.asked += 1
            body = self.rfile.read(int(self.headers["Content-Length"]))
            request = signing.FetchRequest(kind="time-stamp", url=found.url, body=body)
            content = services.fetch(request, 1_000_000) if found.is_well else b"rubbish"
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Answer)
    url = f"http://127.0.0.1:{server.server_address[1]}/tsa"
    found = Authority(url=url, root=tmp_path / "tsa-root.pem", clock=clock)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield found
    server.shutdown()
    server.server_close()
    thread.join()


def _line(new_line: Callable[..., Line], authority: Authority, **settings: str) -> Line:
    return new_line(clock=authority.clock, anchors=(authority.root,), ELSHI_TIME_STAMPS__URL=authority.url, **settings)


def test_fault_17_a_time_stamp_authority_that_answers_rubbish_keeps_no_document_out_and_none_leaves_unstamped(
    new_line: Callable[..., Line], authority: Authority
) -> None:
    """TCP works, the answer is none: the document is taken over with its receipt and waits as "time-stamp pending"; the
    queue goes on. When the authority is well it gets its time-stamp and leaves; what was handed over stays as it was.
    """
    line = _line(new_line, authority)
    (before,) = line.queue()
    submitted = line.mof.submit_file(REPORT)
    assert [one.code for one in submitted.findings if one.severity is Severity.WARNING] == ["submit.stamp-pending"]
    assert submitted.receipt is not None
    handed_over = submitted.delivery.content.files[0].sha256
    line.settle()
    assert line.state(before) is S.REGISTERED
    waiting = line.row(submitted.delivery)
    assert (waiting.state, waiting.attempts, line.taken(waiting)) == (S.QUEUED, 0, 0)
    assert queue_of(line.mof).ahead(waiting).stamp_pending
    assert "watch.stamp-pending" in line.told()
    probe = line.ask("GET", "/ready/services", token=None)
    assert (probe.status_code, probe.json()["timeStamps"]["code"]) == (503, "signing.timestamp-unreadable")
    assert line.ask("GET", "/ready", token=None).status_code == 200
    again = line.mof.submit_file(REPORT)
    assert (again.replayed, again.delivery.id) == (True, waiting.id)

    authority.is_well = True
    sent = waiting
    while sent.state is S.QUEUED:
        assert sent.wake_at is not None
        assert sent.wake_at < line.clock.now() + timedelta(minutes=1)
        line.clock.move(max(timedelta(), sent.wake_at - line.clock.now()))
        line.settle()
        sent = line.row(waiting)
    assert (sent.state, sent.proof) == (S.REGISTERED, Proof.NOTICE)
    with line.mof.store.snapshot() as transaction:
        stamped = transaction.outbox.stamped(sent.id)
    assert stamped is not None
    assert stamped.level == "B-T"
    assert sent.content.files[0].sha256 == handed_over != stamped.files[0].sha256
    assert signing.is_raised_from(
        line.mof.store.blobs.read(stamped.files[0].sha256), line.mof.store.blobs.read(handed_over)
    )
    (seen,) = line.serving.sandbox.documents(href=sent.document_id.removeprefix("urn:uuid:"))
    assert seen["taken"] == 1
    assert "delivery.stamped" in line.told()
    line.clock.move(timedelta(seconds=31))
    probe = line.ask("GET", "/ready/services", token=None)
    assert (probe.status_code, probe.json()["timeStamps"]["status"]) == (200, "green")


def test_at_the_last_safe_try_a_document_leaves_without_its_time_stamp_and_a_person_is_told(
    new_line: Callable[..., Line], authority: Authority
) -> None:
    line = _line(new_line, authority)
    waiting = line.mof.submit_file(REPORT).delivery
    line.settle()
    assert waiting.deadline is not None
    safe = last_safe_try(line.mof.plan.retry, waiting.deadline)
    line.clock.move_to(safe - timedelta(hours=1))
    tries = authority.asked
    while line.clock.now() < safe:
        assert line.state(waiting) is S.QUEUED
        wake = line.row(waiting).wake_at
        assert wake is not None
        assert wake <= safe
        line.clock.move(max(timedelta(), wake - line.clock.now()))
        line.settle()
    assert authority.asked > tries
    assert line.state(waiting) is S.REGISTERED
    with line.mof.store.snapshot() as transaction:
        stamped = transaction.outbox.stamped(waiting.id)
    assert stamped is not None
    assert (stamped.level, stamped.files) == ("B-B", waiting.content.files)
    assert stamped.office_signature
    assert "watch.sent-without-time-stamp" in line.told()


def test_settings_that_refuse_to_wait_end_the_command_and_nothing_is_queued_by_half(
    new_line: Callable[..., Line], authority: Authority
) -> None:
    line = _line(new_line, authority, ELSHI_TIME_STAMPS__WHEN_SILENT="refuse")
    with pytest.raises(Retryable) as refused:
        line.mof.submit_file(REPORT)
    assert refused.value.code == "signing.timestamp-unreadable"
    assert line.all() == []


@pytest.fixture(scope="module")
def expiring(tmp_path_factory: pytest.TempPathFactory) -> Stand:
    """A ministry whose certificates end on 31 October, ten days before its report is due."""
    at = datetime(2026, 10, 1, tzinfo=UTC)
    plan = replace(
        default_plan(at, host="127.0.0.1", port=61000),
        bodies=("KZ-MOF",),
        ports={"KZ-MOF": 61001},
        rules=EXAMPLES / "rules",
        not_after=datetime(2026, 10, 31, tzinfo=UTC),
    )
    return make_stand(tmp_path_factory.mktemp("expiring") / "stand", plan)


def test_fault_18_a_signers_certificate_that_ends_before_the_deadline_is_refused_with_the_date_and_the_remedy(
    engine: Engine, expiring: Stand
) -> None:
    """It would be judged at the addressee when it has ended. Check and submit say the same before anything is signed:
    the date, the deadline and what to do; nothing is stored. The office's and the envelope's, which somebody can renew
    on the way, are announced.
    """
    url = engine.url()
    settings = load_settings(expiring.nodes["KZ-MOF"], {"ELSHI_STORAGE__URL": url})
    with closing(Node(settings, clock=ScenarioClock(datetime(2026, 10, 5, tzinfo=UTC)))) as node:
        checked = node.check_file(REPORT).findings
        with pytest.raises(DocumentRefused) as refused:
            node.submit_file(REPORT)
    (found,) = refused.value.findings
    assert [one for one in checked if one.severity is Severity.ERROR] == [found]
    assert {one.params["role"] for one in checked if one.severity is Severity.WARNING} == {
        *("office", "envelope", "gateway")
    }
    assert (found.code, found.params["role"]) == ("submit.certificate-ends-before-deadline", "signer")
    for language in Language:
        sentence = texts.render_finding(found, language)
        assert "31.10.2026" in sentence.what
        assert "10.11.2026" in sentence.what
        assert sentence.to_do
    tables = ("deliveries", "statements", "audit_trail", "blobs", "receipts")
    assert [by_hand(url, f"SELECT count(*) FROM {one}")[0][0] for one in tables] == [0] * len(tables)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> YearsLater:
    """Signed in 2026 under an authority whose own and whose responder's certificates end in 2031."""
    objects = [signing.DataObject.of("document.xml", "application/xml", b"<a/>")]
    return years_later(objects, tmp_path_factory.mktemp("kept") / "years")


def test_fault_19_a_responder_that_ended_years_ago_does_not_end_the_verdict_and_the_report_says_why(
    kept: YearsLater,
) -> None:
    """Time-stamped and renewed while the responder's certificate still lived: judged in 2041 as of the signing."""
    found = signing.verify_container(
        kept.container.read_bytes(),
        policy=STRICT,
        anchors=signing.TrustAnchors.from_pem("t", "sandbox", kept.anchors.read_bytes()),
        at=JUDGED,
        data=signing.ValidationData(crls=tuple(path.read_bytes() for path in kept.lists)),
    ).report
    assert found.indication is signing.Indication.TOTAL_PASSED
    assert found.signatures[0].best_signature_time.year == 2026
    assert kept.neglected is signing.Indication.INDETERMINATE, "without a time-stamp nothing proves when it was signed"
    assert [one["best_signature_time"][:4] for one in found.as_json()["signatures"]] == ["2026"]


def _of_nobody(now: datetime) -> signing.SandboxPki:
    """An authority that nobody trusts."""
    return signing.SandboxPki.create(not_before=now - timedelta(days=365), not_after=now + timedelta(days=365))


def resigned(line: Line, container: bytes) -> bytes:
    """The same report signed by a head whose authority nobody trusts."""
    objects = []
    for name in ("document.xml", "document.pdf"):
        content = signing.unverified_content(container, name, max_bytes=10_000_000)
        assert content is not None
        objects.append(signing.DataObject.of(name, "application/octet-stream", content))
    now = datetime.now(UTC)
    head = _of_nobody(now).issue("head", "HEAD", "KZ-MOF", bin="991340000106", iin="123456789011", key="ec-p256")
    out = io.BytesIO()
    signing.sign_container(
        objects, head.signing_key(), policy=signing.DEFAULT_SIGNING, signing_time=line.clock.now(), out=out
    )
    return out.getvalue()


def test_fault_20_a_chain_that_ends_in_no_anchor_of_ours_is_not_sent_and_says_so(
    line: Line, submitted: tuple[Delivery, list[bytes]]
) -> None:
    """A right signature under a root that only the file itself vouches for: refused by the command and by the API."""
    content = resigned(line, submitted[1][0])
    with pytest.raises(Final) as refused:
        line.mof.submit().container(line.mof.store.blobs.put(content))
    assert refused.value.code == "submit.container-not-verified"
    assert (refused.value.params["indication"], refused.value.params["reason"]) == ("INDETERMINATE", "path.found")
    assert line.ask("POST", "/documents", content).status_code == 422
    assert line.all() == []


def test_fault_21_a_verdict_needs_no_network_and_opens_no_socket(
    elshi: Elshi, home: Stand, submitted: tuple[Delivery, list[bytes]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`elshi verify` with every socket refused: passed under the right anchors, "cannot be told" under others."""
    path = tmp_path / "report.asice"
    path.write_bytes(submitted[1][0])
    opened: list[object] = []

    def none(*arguments: object, **_: object) -> None:
        opened.append(arguments)
        raise OSError("no network in this test")

    monkeypatch.setattr(socket, "socket", none)
    monkeypatch.setattr(socket, "create_connection", none)
    monkeypatch.setattr(socket, "getaddrinfo", none)
    others = tmp_path / "others.pem"
    now = datetime.now(UTC)
    others.write_bytes(_of_nobody(now).anchor_pem())
    right = elshi("verify", path, "--trust", home.folder / "trust" / "sandbox.pem", "--json", code=0)
    unknown = elshi("verify", path, "--trust", others, "--json", code=2)
    assert "TOTAL-PASSED" in right.out
    assert "INDETERMINATE" in unknown.out
    assert opened == []


def test_fault_22_each_attachment_arrives_with_its_own_bytes(new_line: Callable[..., Line]) -> None:
    """Two attachments through the real exchange to the real other node: names and digests compared one by one."""
    line = new_line("itself")
    assert line.mfa is not None
    mlsp = line.start_node("KZ-MLSP", clock=line.clock)
    sent = mlsp.submit_file(EXAMPLES / "mlsp" / "report.yaml").delivery
    told = mlsp.deliver()
    assert told is not None
    assert told.after.state is S.SENT
    line.settle()
    with line.mfa.store.transaction() as transaction:
        (registered,) = transaction.register.listed()
    assert registered.document_id == sent.document_id
    container = line.mfa.store.blobs.read(registered.container)
    names = ("recommendation-1-en.txt", "accessibility-2026.csv")
    arrived = [signing.unverified_content(container, f"attachments/{name}", max_bytes=1_000_000) for name in names]
    assert arrived == [(EXAMPLES / "mlsp" / name).read_bytes() for name in names]
    assert arrived[0] != arrived[1]


def test_fault_35_what_is_not_signed_is_not_taken_unless_a_switch_says_so_and_then_it_moves_nothing(
    new_line: Callable[..., Line], submitted: tuple[Delivery, list[bytes]]
) -> None:
    """A call of the exchange without a signature waits for a person; with the stricter value of the switch it is refused.
    A container without a signature is never sent.
    """
    line = new_line()
    bare = re.sub(rb"META-INF/signatures", b"META-INF/sign_tures", submitted[1][0])
    with pytest.raises(Final) as refused:
        line.mof.submit().container(line.mof.store.blobs.put(bare))
    assert refused.value.code == "submit.container-not-verified"
    line.fault("push-unsigned", addressee="KZ-MOF", operation="stateRegistered")
    sent = line.send()
    line.settle()
    assert line.state(sent) is S.DELIVERED
    held = [one for one in line.journal() if one.state is JournalState.HELD]
    assert [(one.verdict, one.outcome) for one in held] == [("unverified", "exchange.push-unverified")]
    strict = line.start_node(clock=line.clock, ELSHI_EXCHANGE__GATEWAY__UNSIGNED_PUSH="reject")
    (unsigned,) = [one.body for one in line.pushes if b"stateRegistered" in one.body]
    assert b"SCSS001" not in strict.receive(unsigned).content
    assert [one.state for one in line.journal(strict)] == [JournalState.REFUSED]
    unsettled = strict.settings.exchange.unconfirmed()
    assert "gateway.unsigned_answer" in unsettled, "what is open about signatures is named at start"


def test_fault_36_a_breach_of_the_schema_is_told_with_line_place_value_rule_and_remedy_in_three_languages(
    elshi: Elshi, tmp_path: Path
) -> None:
    """Every breach at once: a code that stays, the line, the path, the value, what would be right, what to do."""
    document = conversion.build(corpus.small(corpus.root_named("TreatyInformation")))
    assert document.count(b">head<") == 1
    path = tmp_path / "report.xml"
    path.write_bytes(
        document.replace(b">head<", b">deputy<").replace(b">2026</h:ReportingYear>", b">26</h:ReportingYear>")
    )
    told: list[dict[str, Any]] = elshi("check", path, "--json", code=2).json["findings"]
    found = {one["xpath"]: one for one in told if one["code"].startswith("xsd.")}
    capacity = found["/TreatyInformation/Header/Signatory/Capacity"]
    assert capacity["code"] == "xsd.not-in-list"
    lines = path.read_text("utf-8").splitlines()
    assert "deputy" in lines[capacity["line"] - 1]
    for language in ("kk", "ru", "en"):
        assert all(word in capacity["text"][language] for word in ("deputy", "acting-head"))
        assert capacity["toDo"][language]
    assert len({capacity["text"][language] for language in ("kk", "ru", "en")}) == 3
    assert "/TreatyInformation/Header/ReportingYear" in found
