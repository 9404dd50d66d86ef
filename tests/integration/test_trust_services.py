"""A node that asks its trust services over HTTP on the loopback: time-stamps, status, lists, and what happens when they are silent."""

from __future__ import annotations

import io
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from adapter.clock import ScenarioClock
from adapter.composition import Node
from adapter.composition.file_signing import Raising, SignatureForm, raise_level, sign_files
from adapter.composition.kept_lists import KeptLists
from adapter.composition.stand import Stand
from adapter.composition.trust_services import TrustServices
from adapter.domain.outgoing import OutgoingDocument
from adapter.errors import Final, Retryable
from adapter.rules import Stage
from adapter.settings import load_settings
from signing import (
    SANDBOX_DOCUMENT,
    FetchRequest,
    Indication,
    SandboxPki,
    SigningError,
    ValidationReport,
    verify_attached,
    verify_container,
    verify_detached,
    verify_xml,
)
from signing.sandbox_pki import StatusUrls
from signing.sandbox_services.services import SandboxServices
from signing.sandbox_services.tsa import SandboxTsa

REPORT = Path(__file__).resolve().parents[2] / "examples" / "2026" / "mof" / "report.yaml"
PASSWORD = b"marked-secret"
STRICT = replace(SANDBOX_DOCUMENT, revocation="required", timestamp="required")


class World:
    """Trust services behind one port of the loopback."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 10, 12, 0, tzinfo=UTC)
        self.paths: list[str] = []
        self.down: set[str] = set()
        self.redirect: str | None = None
        world = self

        class Answer(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self._answer(self.rfile.read(int(self.headers["Content-Length"])))

            def do_GET(self) -> None:
                self._answer(None)

            def _answer(self, body: bytes | None) -> None:
                world.paths.append(self.path)
                if world.redirect is not None:
                    self.send_response(302)
                    self.send_header("Location", world.redirect)
                    self.end_headers()
                    return
                kind: Any = {"/tsa": "time-stamp", "/ocsp": "ocsp"}.get(self.path, "crl")
                if self.path in world.down:
                    self.send_error(503)
                    return
                try:
                    content = world.services.fetch(
                        FetchRequest(kind=kind, url=world.url + self.path, body=body), 10_000_000
                    )
                except SigningError:
                    self.send_error(404)
                    return
                self.send_response(200)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.pki = SandboxPki.create(
            not_before=datetime(2026, 1, 1, tzinfo=UTC),
            not_after=datetime(2036, 1, 1, tzinfo=UTC),
            urls=StatusUrls(ocsp=f"{self.url}/ocsp", crl=f"{self.url}/crl", root_crl=f"{self.url}/root.crl"),
        )
        tsa = self.pki.issue("tsa", "SANDBOX TSA", "Sandbox", key="ec-p256")
        self.services = SandboxServices.of(self.pki, lambda: self.now, tsa=SandboxTsa(key=tsa, clock=lambda: self.now))
        self.office = self.pki.issue("employee", "КАНЦЕЛЯРИЯ", "Министерство", bin="991340000106", iin="123456789012")
        self.head = self.pki.issue("head", "ТЕСТОВ ТЕСТ", "Министерство", bin="991340000106", iin="123456789011")

    @contextmanager
    def served(self) -> Iterator[World]:
        thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield self
        finally:
            self.server.shutdown()
            self.server.server_close()
            thread.join()


@pytest.fixture(scope="module")
def made() -> Iterator[World]:
    with World().served() as world:
        yield world


@pytest.fixture
def world(made: World) -> World:
    made.paths.clear()
    made.down.clear()
    made.redirect = None
    return made


@pytest.fixture
def node(world: World, stand: Stand, tmp_path: Path) -> Iterator[Callable[..., Node]]:
    """The node of a ministry whose head has a certificate of this world."""
    path = stand.nodes["KZ-MOF"]
    (tmp_path / "head.p12").write_bytes(world.head.pkcs12(PASSWORD))
    (tmp_path / "office.p12").write_bytes(world.office.pkcs12(PASSWORD))
    (tmp_path / "root.pem").write_bytes(world.pki.anchor_pem())
    text = path.read_text(encoding="utf-8")
    for table, name in (("document", "head"), ("office", "office")):
        key = f'[keys.{table}]\nfile = "{tmp_path}/{name}.p12"\npassword = "{PASSWORD.decode()}"\n'
        text = re.sub(rf"\[keys\.{table}\]\n.*\n.*\n", key, text)
    text = re.sub(r"anchors = .*", f'anchors = ["{tmp_path}/root.pem"]', text)
    made: list[Node] = []

    def start(level: str = "B-T", hosts: str = '["127.0.0.1"]') -> Node:
        more = (
            f'\n[time_stamps]\nurl = "{world.url}/tsa"\nlevel = "{level}"\n'
            f'[revocation]\nhosts = {hosts}\ncache = "{tmp_path}/lists"\n'
        )
        path.write_text(text + more, encoding="utf-8")
        made.append(Node(load_settings(path, {}), clock=ScenarioClock(world.now, monotonic=lambda: 0.0)))
        return made[-1]

    yield start
    for each in made:
        each.close()


def judged(world: World, content: bytes, at: datetime) -> ValidationReport:
    """As an auditor without a network judges it."""
    return verify_container(content, policy=STRICT, anchors=world.pki.trust_anchors(), at=at).report


def signed(node: Node) -> bytes:
    return node.store.blobs.read(node.sign_file(REPORT).kept.sha256)


@pytest.mark.parametrize(
    ("level", "holds_for"), [("B-T", None), ("B-LT", timedelta(0)), ("B-LTA", timedelta(days=365 * 5))]
)
def test_a_report_is_signed_at_the_level_of_the_settings(
    world: World, node: Callable[..., Node], level: str, holds_for: timedelta | None
) -> None:
    content = signed(node(level))
    assert "/tsa" in world.paths
    if holds_for is None:
        # no status in it: who has no network cannot tell
        assert judged(world, content, world.now).indication is Indication.INDETERMINATE
    else:
        assert judged(world, content, world.now + holds_for).indication is Indication.TOTAL_PASSED
    asked = len(world.paths)
    judged(world, content, world.now)
    assert len(world.paths) == asked, "an auditor asks nobody"


@pytest.mark.parametrize("level", ["B-T", "B-LT", "B-LTA"])
def test_a_submitted_report_has_an_office_signature_at_the_same_level(
    world: World, node: Callable[..., Node], level: str
) -> None:
    ready = node(level)
    content = ready.submit_file(REPORT).delivery.content
    assert isinstance(content, OutgoingDocument)
    assert content.office_signature is not None
    travelling = [ready.store.blobs.read(file.sha256) for file in content.files]
    report = verify_detached(
        content.office_signature, travelling, policy=STRICT, anchors=world.pki.trust_anchors(), at=world.now
    )
    assert report.indication is (Indication.INDETERMINATE if level == "B-T" else Indication.TOTAL_PASSED)


def test_an_authority_that_is_silent_is_tried_again_later_and_nothing_is_signed(
    world: World, node: Callable[..., Node]
) -> None:
    world.down.add("/tsa")
    ready = node()
    with pytest.raises(Retryable) as caught:
        ready.sign_file(REPORT)
    assert caught.value.code == "signing.fetch-failed"
    assert "marked-secret" not in repr(caught.value)


def test_a_status_that_is_not_to_be_had_is_tried_again_later(world: World, node: Callable[..., Node]) -> None:
    world.down |= {"/ocsp", "/crl", "/root.crl"}
    for level, code in (("B-LT", "signing.status-unavailable"), ("B-T", "sign.status-later")):
        ready = node(level)
        with pytest.raises(Retryable) as caught:
            ready.sign_file(REPORT)
        assert caught.value.code == code


@pytest.mark.parametrize("level", ["B-T", "B-LT"])
def test_a_report_is_taken_over_while_nobody_tells_the_status_and_gets_it_before_it_leaves(
    world: World, node: Callable[..., Node], level: str
) -> None:
    """At B-T nothing is missing from the container: what is waited for is the verdict."""
    world.down |= {"/ocsp", "/crl", "/root.crl"}
    ready = node(level)
    told = ready.submit_file(REPORT)
    codes = {one.code: one.params for one in told.findings}
    assert codes["submit.stamp-pending"]["reason"] in {"signing.status-unavailable", "sign.status-later"}
    ready.clock.move(timedelta(seconds=4))
    with pytest.raises(Retryable) as waits:
        ready.obtain_stamp(told.delivery)
    assert waits.value.code == "deliver.stamp-pending"
    world.down.clear()
    ready.clock.move(timedelta(seconds=4))
    travels = ready.obtain_stamp(told.delivery)
    assert isinstance(travels, OutgoingDocument)
    assert travels.office_signature is not None
    container = ready.store.blobs.read(travels.files[0].sha256)
    expected = Indication.INDETERMINATE if level == "B-T" else Indication.TOTAL_PASSED
    assert judged(world, container, ready.clock.now()).indication is expected
    office = verify_detached(
        travels.office_signature,
        [container, ready.store.blobs.read(travels.files[1].sha256)],
        policy=STRICT,
        anchors=world.pki.trust_anchors(),
        at=ready.clock.now(),
    )
    assert office.indication is expected


def test_a_container_signed_elsewhere_is_taken_over_while_nobody_tells_the_status(
    world: World, node: Callable[..., Node]
) -> None:
    ready = node()
    container = signed(ready)
    world.down |= {"/ocsp", "/crl", "/root.crl"}
    told = ready.submit().container(ready.store.blobs.put(container))
    assert "submit.stamp-pending" in {one.code for one in told.findings}
    world.down.clear()
    ready.clock.move(timedelta(seconds=4))
    travels = ready.obtain_stamp(told.delivery)
    assert isinstance(travels, OutgoingDocument)
    assert ready.store.blobs.read(travels.files[0].sha256) == container, "it has its time-stamp already"


def test_a_container_without_the_time_stamp_that_is_demanded_is_no_outage(
    world: World, node: Callable[..., Node]
) -> None:
    ready = node()
    unstamped = io.BytesIO()
    with ready.store.blobs.open(ready.sign().without_services.container(composed(ready), at=world.now)[0].sha256) as at:
        unstamped.write(at.read())
    world.down |= {"/ocsp", "/crl", "/root.crl"}
    strict = replace(ready.trust, policy=STRICT)
    submit = ready.submit()
    with pytest.raises(Final) as refused:
        replace(submit, sign=replace(submit.sign, trust=strict)).container(ready.store.blobs.put(unstamped.getvalue()))
    assert refused.value.code == "submit.container-not-verified"


def composed(node: Node) -> Any:
    opened = node.open_report(REPORT)
    facts = node.facts.before_signing(opened.report, at=node.clock.now(), attachments=opened.attachments)
    return node.convert(opened.report, opened.attachments, facts=facts, stage=Stage.LOCK, places=opened.places)


# --- files and renewal -----------------------------------------------------------------------------------------------
def _raising(world: World, node: Node, level: str) -> Raising:
    assert node.baseline is not None
    return Raising(baseline=replace(node.baseline, level=level), trust=node.trust, at=world.now)


_EACH_LEVEL = (SignatureForm.CADES_DETACHED, SignatureForm.CADES_ATTACHED, SignatureForm.ASICE, SignatureForm.XADES)


@pytest.mark.parametrize("level", ["B-T", "B-LT", "B-LTA"])
@pytest.mark.parametrize("form", _EACH_LEVEL)
def test_a_file_is_signed_at_each_level(
    world: World, node: Callable[..., Node], tmp_path: Path, form: SignatureForm, level: str
) -> None:
    path, out = tmp_path / "act.txt", io.BytesIO()
    path.write_bytes(b"<act>" + b"an act\n" * 1000 + b"</act>")
    ready = node()
    how = _raising(world, ready, level)
    sign_files([path], out, world.head.signing_key(), form=form, at=world.now, raising=how)
    later = world.now + (timedelta(days=365 * 5) if level == "B-LTA" else timedelta())
    asked: dict[str, Any] = {"policy": STRICT, "anchors": world.pki.trust_anchors(), "at": later}
    report = {
        SignatureForm.CADES_DETACHED: lambda: verify_detached(out.getvalue(), [path.read_bytes()], **asked),
        SignatureForm.CADES_ATTACHED: lambda: verify_attached(out.getvalue(), **asked).report,
        SignatureForm.ASICE: lambda: verify_container(out.getvalue(), **asked).report,
        SignatureForm.XADES: lambda: verify_xml(out.getvalue(), **asked).report,
    }[form]()
    assert report.indication is (Indication.INDETERMINATE if level == "B-T" else Indication.TOTAL_PASSED)


def judged_document(world: World, document: bytes, at: datetime) -> ValidationReport:
    return verify_xml(document, policy=STRICT, anchors=world.pki.trust_anchors(), at=at).report


@pytest.mark.parametrize("form", [SignatureForm.ASICE, SignatureForm.XADES])
def test_what_was_signed_without_a_time_stamp_is_raised_and_renewed(
    world: World, node: Callable[..., Node], tmp_path: Path, form: SignatureForm
) -> None:
    path, ready = tmp_path / "act.txt", node()
    path.write_bytes(b"<act>an act</act>")
    steps = [io.BytesIO()]
    sign_files([path], steps[0], world.head.signing_key(), form=form, at=world.now, raising=None)
    for level in ("B-T", "B-LT", "B-LTA", "B-LTA"):
        steps[-1].seek(0)
        steps.append(io.BytesIO())
        raise_level(steps[-2], steps[-1], (), _raising(world, ready, level), name="act.asice")
    sizes = [len(each.getvalue()) for each in steps]
    assert sizes == sorted(set(sizes)), "each step adds and takes nothing away"
    judge = judged if form is SignatureForm.ASICE else judged_document
    for each in steps[2:]:
        assert judge(world, each.getvalue(), world.now).indication is Indication.TOTAL_PASSED
    steps[2].seek(0)
    with pytest.raises(Final) as caught:
        raise_level(steps[2], io.BytesIO(), (), _raising(world, ready, "B-LT"), name="act.asice")
    assert caught.value.code == "signing.level-reached"


# --- P16: who is asked -----------------------------------------------------------------------------------------------
def asked(world: World, path: str, *, hosts: frozenset[str], limit: int = 1_000_000) -> bytes:
    return TrustServices(hosts).fetch(FetchRequest(kind="crl", url=world.url + path), limit)


def test_p16_a_host_that_is_not_on_the_list_is_not_asked(world: World) -> None:
    with pytest.raises(SigningError) as caught:
        asked(world, "/crl", hosts=frozenset({"crl.example"}))
    assert (caught.value.code, world.paths) == ("signing.fetch-failed", [])


def test_p16_a_redirect_leads_nowhere(world: World) -> None:
    world.redirect = f"{world.url}/crl"
    with pytest.raises(SigningError):
        asked(world, "/root.crl", hosts=frozenset({"127.0.0.1"}))
    assert world.paths == ["/root.crl"]


def test_p16_an_answer_over_its_limit_is_refused_while_it_is_read(world: World) -> None:
    assert asked(world, "/crl", hosts=frozenset({"127.0.0.1"}))
    with pytest.raises(SigningError):
        asked(world, "/crl", hosts=frozenset({"127.0.0.1"}), limit=100)


# --- R12, R15: kept lists --------------------------------------------------------------------------------------------
def test_r12_a_list_is_fetched_once_an_hour_and_a_broken_file_is_fetched_anew(world: World, tmp_path: Path) -> None:
    clock = ScenarioClock(world.now, monotonic=lambda: 0.0)
    services = TrustServices(frozenset({"127.0.0.1"}))
    lists = KeptLists(fetcher=services, folder=tmp_path / "lists", keep_for=timedelta(hours=1), clock=clock)
    request = FetchRequest(kind="crl", url=f"{world.url}/crl")
    first = lists.fetch(request, 1_000_000)
    assert lists.fetch(request, 1_000_000) == first
    assert world.paths == ["/crl"]
    (kept,) = (tmp_path / "lists").iterdir()
    kept.write_bytes(kept.read_bytes()[:-1])
    assert lists.fetch(request, 1_000_000) == first
    assert world.paths == ["/crl"] * 2
    assert not list((tmp_path / "lists").glob("*.part"))


def test_r12_a_kept_list_grows_old_and_one_from_the_future_is_not_taken(world: World, tmp_path: Path) -> None:
    services = TrustServices(frozenset({"127.0.0.1"}))
    request = FetchRequest(kind="crl", url=f"{world.url}/crl")
    for ahead in (timedelta(), timedelta(hours=1), timedelta(hours=-1)):
        clock = ScenarioClock(world.now + ahead, monotonic=lambda: 0.0)
        KeptLists(fetcher=services, folder=tmp_path, keep_for=timedelta(hours=1), clock=clock).fetch(request, 1_000_000)
    assert world.paths == ["/crl"] * 3


def test_r15_one_address_never_answers_for_another(world: World, tmp_path: Path) -> None:
    clock = ScenarioClock(world.now, monotonic=lambda: 0.0)
    services = TrustServices(frozenset({"127.0.0.1"}))
    lists = KeptLists(fetcher=services, folder=tmp_path, keep_for=timedelta(hours=1), clock=clock)
    one, other = (
        lists.fetch(FetchRequest(kind="crl", url=world.url + path), 1_000_000) for path in ("/crl", "/root.crl")
    )
    assert one != other


def test_a_folder_that_cannot_be_written_makes_nothing_fail(world: World, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    clock = ScenarioClock(world.now, monotonic=lambda: 0.0)
    services = TrustServices(frozenset({"127.0.0.1"}))
    lists = KeptLists(fetcher=services, folder=tmp_path / "file" / "in", keep_for=timedelta(hours=1), clock=clock)
    assert lists.fetch(FetchRequest(kind="crl", url=f"{world.url}/crl"), 1_000_000)
