"""`elshi demo`: the whole year of paragraphs 5 to 12 in one minute, over real HTTP, with faults, a forgery and a late report.

Eight nodes with a database, an endpoint and a worker each, and the sandbox between them. Only the clock is the scenario's:
it starts on 9 November 2026 and jumps between the acts. Every act ends in expectations; the exit code is 0 only if all hold.
"""

from __future__ import annotations

import io
import json
import queue
import shutil
import socket
import sys
import threading
import tomllib
import zipfile
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.text import Text

from adapter import sandbox as exchange
from adapter.cli.app import FINDINGS, OK, LanguageOption, app, context, now
from adapter.cli.narration import CONTENTS, LINES, STATES
from adapter.cli.screen import Screen
from adapter.composition import Node, evidence_folder, load_key, opened_container, verifier
from adapter.composition.forms import audit_page, write_consolidated, write_site, write_summary
from adapter.composition.machine import machine_identifiers, scenario_clock
from adapter.composition.stand import Stand, default_plan, make_stand
from adapter.domain.delivery import Delivery, DeliveryState, Proof
from adapter.domain.document import DocumentId
from adapter.domain.notice import NoticeKind
from adapter.domain.outgoing import ContentKind, OutgoingDocument
from adapter.errors import Final
from adapter.server import Server
from adapter.settings import load_settings
from adapter.usecases.deliver import Delivered
from adapter.usecases.process_message import Processed
from adapter.usecases.verdict import chain_of
from adapter.worker import Observers, Worker

MARK = ".elshi-demo"
"""Stands in a folder that a demonstration made; only such a folder is made anew."""

_START = datetime.fromisoformat("2026-11-09T09:00:00+05:00")
_DAY_TWO = datetime.fromisoformat("2026-11-10T10:30:00+05:00")
_LATE = datetime.fromisoformat("2026-11-12T11:04:00+05:00")
_SUMMARY = datetime.fromisoformat("2026-11-16T17:45:00+05:00")
_CONSOLIDATED = datetime.fromisoformat("2026-11-18T10:29:00+05:00")
_PUBLISHED = datetime.fromisoformat("2026-11-20T12:00:00+05:00")
_WAIT_SECONDS = 40.0

_MINISTRIES = ("KZ-MOF", "KZ-MLSP", "KZ-MENR", "KZ-MOT")


@app.command(epilog="Example: [cyan]elshi demo --output demo-output[/]")
def demo(
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for everything it leaves behind.")] = Path(
        "demo-output"
    ),
    examples: Annotated[Path, typer.Option("--examples", help="Where the example reports lie.")] = Path(
        "examples/2026"
    ),
    language: LanguageOption = None,
) -> int:
    """Watch state documents travel: four ministries, the MFA, the Office, the Administration, and an auditor at the end."""
    ready = context(language=language)
    if not examples.is_dir():
        raise Final("demo.no-examples", params={"folder": str(examples)})
    if output.exists() and any(output.iterdir()) and not (output / MARK).exists():
        raise Final("demo.folder-in-use", params={"folder": str(output)})
    shutil.rmtree(output, ignore_errors=True)
    output.mkdir(parents=True)
    (output / MARK).touch()
    with ExitStack() as stack:
        play = _Play(screen=ready.screen, output=output, examples=examples, stack=stack)
        play.run()
        return OK if play.all_hold else FINDINGS


def _free_ports(count: int) -> list[int]:
    """Ports that nobody listens on now."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


@dataclass(slots=True)
class _Play:
    """The stage and what is seen on it."""

    screen: Screen
    output: Path
    examples: Path
    stack: ExitStack
    nodes: dict[str, Node] = field(default_factory=dict)
    expectations: list[tuple[str, bool]] = field(default_factory=list)
    seen: queue.SimpleQueue[str] = field(default_factory=queue.SimpleQueue)
    serving: exchange.Serving | None = None
    stand: Stand | None = None
    event: int = 0
    clock: Any = field(init=False)

    def __post_init__(self) -> None:
        self.clock = scenario_clock(_START)

    @property
    def all_hold(self) -> bool:
        return all(held for _, held in self.expectations)

    def run(self) -> None:
        self._title("title")
        self._set_up()
        self._reports()
        self._forgery()
        self._late()
        self._summary()
        self._consolidated()
        self._publication()
        self._evidence()
        self._close()

    # --- acts ---------------------------------------------------------------------------------------------------------
    def _set_up(self) -> None:
        self._title("set-up")
        plan = default_plan(now(), host="127.0.0.1", port=0)
        gateway, *others = _free_ports(1 + len(plan.bodies))
        plan = replace(
            plan,
            port=gateway,
            ports=dict(zip(plan.bodies, others, strict=True)),
            rules=self.examples / "rules",
            delivery={"first_wait_seconds": 1.0, "idle_seconds": 0.1},
        )
        self.stand = make_stand(self.output / "stand", plan)
        (self.output / "trust").mkdir()
        for anchor in self.stand.anchors:
            shutil.copy(anchor, self.output / "trust" / anchor.name)
        settings = exchange.sandbox_settings(
            tomllib.loads(self.stand.sandbox.read_text(encoding="utf-8")),
            lambda name: (self.output / "stand" / name).read_bytes(),
            load_key=lambda content, password: load_key(content, password, file="gateway.p12"),
        )
        self.serving = self.stack.enter_context(
            exchange.serve(settings, self.clock, "127.0.0.1", gateway, new_id=machine_identifiers().new)
        )
        for body, path in self.stand.nodes.items():
            self._start_node(body, path)
        self._line("stand-ready", count=len(self.nodes), url=self.serving.gateway_url)

    def _start_node(self, body: str, path: Path) -> None:
        node = Node(load_settings(path, {}), clock=self.clock)
        self.nodes[body] = node
        self.stack.callback(node.close)
        self.stack.enter_context(Server(node))
        worker = Worker(
            node,
            observers=Observers(
                delivered=partial(self._delivered, body),
                processed=partial(self._processed, body),
            ),
        )
        thread = threading.Thread(target=worker.run, name=f"worker {body}", daemon=True)
        thread.start()
        self.stack.callback(thread.join, 20)
        self.stack.callback(worker.stop)

    def _reports(self) -> None:
        self._title("reports")
        self._submit("KZ-MOF", self.examples / "mof" / "report.yaml")
        self._await("KZ-MOF", DeliveryState.REGISTERED, "expect-registered")

        self._line("fault-refused")
        assert self.serving is not None
        self.serving.close_gateway()
        self._submit("KZ-MLSP", self.examples / "mlsp" / "report.yaml")
        self._until(lambda: self._document("KZ-MLSP").revision >= _REVISION_AFTER_ONE_TRY)
        self.serving.open_gateway()
        self._await("KZ-MLSP", DeliveryState.REGISTERED, "expect-survives-refused")

        self._move_to(_DAY_TWO)
        self._line("fault-503")
        self.serving.sandbox.add_faults_from_toml(_FAULTS)
        self._submit("KZ-MENR", self.examples / "menr" / "report.yaml")
        self._await("KZ-MENR", DeliveryState.REGISTERED, "expect-survives-503")
        self._expect("expect-two-attempts", self._attempts("KZ-MENR") >= _TWO)

    def _forgery(self) -> None:
        self._title("forgery")
        node = self.nodes["KZ-MTI"]
        signed = node.sign_file(self.examples / "mti" / "report.yaml")
        forged = forge(node.store.blobs.read(signed.kept.sha256))
        folder = self.output / "forged"
        folder.mkdir()
        (folder / "kz-mti.asice").write_bytes(forged)
        assert self.serving is not None
        assert signed.judged.report is not None
        document = signed.judged.report.header.document_id
        href = self.serving.sandbox.send_document(
            sender="KZ-MTI",
            performer="KZ-MFA",
            files=[exchange.OutgoingFile(name="report.asice", content=forged, mime=_CONTAINER)],
            href=document.removeprefix("urn:uuid:"),
        )
        self._line("forged-sent", document=href)
        refused = self._until(lambda: self._has_notice("KZ-MFA", DocumentId(document), NoticeKind.NOT_VALID))
        self._expect("expect-forgery-refused", refused)
        with self.nodes["KZ-MFA"].store.transaction() as transaction:
            registered = transaction.register.find(DocumentId(document))
        self._expect("expect-forgery-not-registered", registered is None)

    def _late(self) -> None:
        self._title("late")
        self._move_to(_LATE)
        self._submit("KZ-MOT", self.examples / "mot" / "report.yaml")
        self._await("KZ-MOT", DeliveryState.REGISTERED, "expect-late-registered")
        row = self._registered("KZ-MFA", self._document("KZ-MOT").document_id)
        self._expect("expect-late-flagged", row is not None and row.is_late)
        for body in _MINISTRIES:
            held = self._until(lambda body=body: self._document(body).proof is Proof.DIGEST)  # type: ignore[misc]
            self._expect("expect-receipt", held, body=body)

    def _summary(self) -> None:
        self._title("summary")
        self._move_to(_SUMMARY)
        mfa = self.nodes["KZ-MFA"]
        path = write_summary(mfa, 2026, self.examples / "mfa" / "summary.yaml", self.output / "summary")
        self._submit("KZ-MFA", path)
        self._await("KZ-MFA", DeliveryState.REGISTERED, "expect-summary")

    def _consolidated(self) -> None:
        self._title("consolidated")
        self._move_to(_CONSOLIDATED)
        office = self.nodes["KZ-GA"]
        path = write_consolidated(
            office, 2026, self.examples / "ga" / "consolidated.yaml", self.output / "consolidated"
        )
        self._submit("KZ-GA", path)
        self._await("KZ-GA", DeliveryState.REGISTERED, "expect-consolidated")

    def _publication(self) -> None:
        self._title("publication")
        self._move_to(_PUBLISHED)
        _, files = write_site(
            self.nodes["KZ-MFA"], 2026, self.examples / "mfa" / "publication.yaml", self.output / "site"
        )
        self._line("published", files=", ".join(sorted(files)))
        self._expect("expect-site", {"index.html", "ru.html", "results.xml", "results.asice"} <= set(files))

    def _evidence(self) -> None:
        self._title("audit")
        self._settle()
        packages = self.output / "packages"
        packages.mkdir()
        folders: list[Path] = []
        for body in (*_MINISTRIES, "KZ-MFA", "KZ-GA"):
            delivery = self._document(body)
            folder = self.output / "evidence" / delivery.document_id.removeprefix("urn:uuid:")
            self.nodes[body].export_to(delivery.document_id, folder)
            folders.append(folder)
            shutil.copy(folder / "document.asice", packages / f"{body.lower()}.asice")
        shutil.copy(self.output / "site" / "results.asice", packages / "published.asice")
        judge = verifier(
            [self.output / "trust" / one.name for one in (self.stand.anchors if self.stand else ())],
            kind="sandbox",
            at=max(now(), self.clock.now()),
            policy="sandbox",
        )
        verdicts = [judge.folder(str(folder.relative_to(self.output)), evidence_folder(folder)) for folder in folders]
        with opened_container(packages / "published.asice") as (source, kept):
            verdicts.append(judge.container("packages/published.asice", source, kept))
        links = chain_of(verdicts)
        for verdict in verdicts:
            kind = (verdict.subject or {}).get("documentType", "")
            self._say(f"  {'✓' if verdict.indication == _PASSED else '✗'} {verdict.indication}  {verdict.file}  {kind}")
        self._expect("expect-audit", all(one.indication == _PASSED for one in verdicts))
        self._expect("expect-chain", bool(links) and all(link.conclusion == _PASSED for link in links))
        with opened_container(self.output / "forged" / "kz-mti.asice") as (source, kept):
            forged = judge.container("forged/kz-mti.asice", source, kept)
        self._expect("expect-auditor-sees-forgery", forged.indication == "TOTAL-FAILED")
        plain = [one.as_json() for one in verdicts]
        chain = [asdict(link) for link in links]
        (self.output / "audit.json").write_text(
            json.dumps(
                {
                    "expectations": [{"what": what, "held": held} for what, held in self.expectations],
                    "verdicts": plain,
                    "chain": chain,
                },
                ensure_ascii=False,
                indent=1,
            ),
            encoding="utf-8",
        )
        (self.output / "audit.html").write_bytes(audit_page(plain, chain, self.screen.language))

    def _close(self) -> None:
        assert self.serving is not None
        findings = self.serving.sandbox.protocol_findings()
        for finding in findings:
            self._say(
                f"  [yellow]{finding.participant} {finding.code}[/] {escape(finding.path)}: {escape(finding.rule)}"
            )
        self._expect("expect-clean-protocol", not findings)
        self._title("end" if self.all_hold else "end-failed")
        for what, held in self.expectations:
            if not held:
                self._say(f"  [red]✗ {what}[/]")
        self._line("where", folder=str(self.output))
        self._line(
            "try",
            command=f"{_command()} verify {self.output}/packages/*.asice --trust {self.output}/trust/*.pem{self._at()}",
        )
        self._line(
            "try-forged", command=f"{_command()} verify {self.output}/forged/*.asice --trust {self.output}/trust/*.pem"
        )

    # --- seen as it happens ------------------------------------------------------------------------------------------
    def _delivered(self, body: str, one: Delivered) -> None:
        """Called in a worker's thread: only puts a line down."""
        after = one.after
        what = "notice-out" if after.content_kind is ContentKind.NOTICE else "document-out"
        error = f"  [yellow]{one.error.code}[/]" if one.error is not None else ""
        key = after.key.rpartition("#")[2] if after.content_kind is ContentKind.NOTICE else _number(after)
        self.seen.put(
            self._text(
                what,
                body=body,
                to=after.addressee,
                what=self._word(CONTENTS, key),
                state=self._word(STATES, after.state.value),
                attempt=max(after.attempts, 1),
            )
            + error
        )

    def _processed(self, body: str, one: Processed) -> None:
        self.seen.put(self._text("message-in", body=body, code=self._word(CONTENTS, one.code)))

    def _show(self) -> None:
        """Everything seen since, in the order in which it was put down."""
        if self.serving is not None:
            for event in self.serving.sandbox.events(after=self.event):
                self.event = event.number
                if event.what == "fault.injected" and event.fault is not None:
                    self._say(f"  {self._time()}  [magenta]⚡ {event.fault}[/] {event.operation or ''}")
        while not self.seen.empty():
            self._say(f"  {self._time()}  {self.seen.get()}")

    # --- small steps --------------------------------------------------------------------------------------------------
    def _submit(self, body: str, path: Path) -> None:
        submitted = self.nodes[body].submit_file(path)
        delivery = submitted.delivery
        self._say(
            f"  {self._time()}  "
            + self._text("queued", body=body, to=delivery.addressee, what=_number(delivery), xml=delivery.digest[:12])
        )
        for finding in submitted.findings:
            self._say(f"      [yellow]{finding.code}[/] {escape(finding.place.xpath or '')}")

    def _await(self, body: str, state: DeliveryState, expectation: str) -> None:
        held = self._until(lambda: self._document(body).state is state)
        delivery = self._document(body)
        self._expect(expectation, held, body=body, number=delivery.registration_number or "—")

    def _until(self, condition: Callable[[], bool]) -> bool:
        """Wait in real time, showing what happens; False when it did not come about in time."""
        waiting = threading.Event()
        for _ in range(int(_WAIT_SECONDS / _STEP_SECONDS)):
            self._show()
            if condition():
                self._show()
                return True
            waiting.wait(_STEP_SECONDS)
        return False

    def _move_to(self, moment: datetime) -> None:
        """Let everything come to rest, then jump: files at the exchange live for hours, and the scenario has weeks."""
        self._settle()
        self.clock.move_to(moment)

    def _settle(self) -> None:
        """Wait until no node has anything to deliver or to process."""
        self._until(lambda: all(_is_quiet(node) for node in self.nodes.values()))

    def _document(self, body: str) -> Delivery:
        """The body's own business document: the last that it queued."""
        with self.nodes[body].store.transaction() as transaction:
            rows = transaction.outbox.listed()
        return next(row for row in reversed(rows) if row.content_kind is ContentKind.DOCUMENT and _is_business(row))

    def _attempts(self, body: str) -> int:
        delivery = self._document(body)
        with self.nodes[body].store.transaction() as transaction:
            return len(transaction.outbox.attempts(delivery.id))

    def _registered(self, body: str, document: DocumentId) -> Any:
        with self.nodes[body].store.transaction() as transaction:
            return transaction.register.find(document)

    def _has_notice(self, body: str, document: DocumentId, kind: NoticeKind) -> bool:
        with self.nodes[body].store.transaction() as transaction:
            rows = transaction.outbox.of_document(document)
        return any(row.key == f"{document}#{kind.value}" and row.state is DeliveryState.SENT for row in rows)

    def _expect(self, key: str, held: bool, **params: object) -> None:  # noqa: FBT001 - what was found
        text = self._text(key, **params)
        self.expectations.append((text, held))
        self._say(f"  [green]✓[/] {text}" if held else f"  [bold red]✗[/] {text}")

    def _title(self, key: str) -> None:
        self._show()
        self._say("")
        self._say(f"[bold cyan]{self._text(key)}[/]")

    def _line(self, key: str, **params: object) -> None:
        self._say(f"  {self._text(key, **params)}")

    def _say(self, line: str) -> None:
        self.screen.say(Text.from_markup(line))

    def _text(self, key: str, **params: object) -> str:
        plain = {name: escape(value) if isinstance(value, str) else value for name, value in params.items()}
        return LINES[key][self.screen.language.value].format(**plain)

    def _at(self) -> str:
        """The scenario's documents claim times of November 2026; before that, a verifier has to be told the moment."""
        return "" if now() > self.clock.now() else f" --at {self.clock.now():%Y-%m-%dT%H:%M:%S}"

    def _word(self, words: Mapping[str, Mapping[str, str]], code: str) -> str:
        """A code in the reader's language; one without a word is shown as it is."""
        return words[code][self.screen.language.value] if code in words else code

    def _time(self) -> str:
        return f"[dim]{self.clock.now().astimezone(_START.tzinfo):%d.%m %H:%M:%S}[/]"


_PASSED = "TOTAL-PASSED"
_CONTAINER = "application/vnd.etsi.asic-e+zip"
_STEP_SECONDS = 0.1
_TWO = 2
_REVISION_AFTER_ONE_TRY = 2
"""A claim and its return to the queue are two writes: the row has met the closed gateway once."""

_FAULTS = """
[[fault]]
name = "http-503"
service = "ESEDO_UNIVERSAL_SERVICE"
operation = "docOutgoing"
sender = "KZ-MENR"
count = 1

[[fault]]
name = "notice-duplicated"
operation = "stateRegistered"
addressee = "KZ-MENR"
count = 1
"""


def _number(delivery: Delivery) -> str:
    """The outgoing number; receipts and responses have none and are called by what they are."""
    content = delivery.content
    if isinstance(content, OutgoingDocument) and content.document_type.is_business_document:
        return content.registration_number
    return content.document_type.value if isinstance(content, OutgoingDocument) else delivery.key


def _command() -> str:
    """The command as this person can type it: by its path when it lies below the folder they are in."""
    here = Path(sys.argv[0]).absolute()
    return str(here.relative_to(Path.cwd())) if here.is_relative_to(Path.cwd()) else "elshi"


def _is_business(delivery: Delivery) -> bool:
    kind = getattr(delivery.content, "document_type", None)
    return kind is not None and bool(kind.is_business_document)


def _is_quiet(node: Node) -> bool:
    with node.store.transaction() as transaction:
        rows = transaction.outbox.listed(
            states=(DeliveryState.QUEUED, DeliveryState.CLAIMED, DeliveryState.SENDING, DeliveryState.IN_CENTRE)
        )
        waiting = [
            row
            for row in transaction.outbox.listed(states=(DeliveryState.SENT, DeliveryState.DELIVERED))
            if row.content_kind is ContentKind.DOCUMENT
        ]
        entries = [row for row in transaction.journal.listed() if row.wake_at is not None]
    return not rows and not waiting and not entries


def forge(container: bytes) -> bytes:
    """The container with one figure of the XML changed and everything else as it was: what a forger would send."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(container)) as source, zipfile.ZipFile(out, "w") as target:
        for item in source.infolist():
            content = source.read(item)
            if item.filename == "document.xml":
                place = content.index(b"2026")
                content = content[:place] + b"2025" + content[place + 4 :]
            target.writestr(item, content)
    return out.getvalue()
