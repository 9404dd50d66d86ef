"""One node from its settings: ready use cases, each built when it is asked for.

A key is opened at its first use and not before: a node that only serves never asks for the head's password.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO, Literal, TypeVar

import schemas
import signing
from adapter import conversion, rules
from adapter.clock import SystemClock, SystemIdentifiers
from adapter.domain.document import BodyCode, DocumentId, DocumentType, Sha256
from adapter.domain.header import RulesetRef
from adapter.domain.outgoing import Words
from adapter.domain.reference import Bilingual, OrgRef
from adapter.domain.report import Report
from adapter.errors import DocumentRefused, Final, Finding, Place
from adapter.exchange.channel import EsedoChannel
from adapter.exchange.directory import Directory
from adapter.exchange.file_store import FileStore
from adapter.exchange.gateway import Gateway
from adapter.http_client import HttpClient
from adapter.ports import Clock, Identifiers, KeptBlob
from adapter.settings import KeySettings, Settings
from adapter.sources import SourceContext, SourceReport, dump_json, dump_yaml, read_report
from adapter.storage import DirectoryEvidenceFolder, SqlStore, open_store
from adapter.usecases.answer import Answering
from adapter.usecases.apply_notice import ApplyNotice
from adapter.usecases.check import Check, Checked
from adapter.usecases.consolidate import Consolidate
from adapter.usecases.convert import Attached, Convert
from adapter.usecases.deliver import Deliver, DeliveryPlan, Recover
from adapter.usecases.export import Export
from adapter.usecases.facts import FactsOf
from adapter.usecases.findings import Places
from adapter.usecases.intervene import Intervene
from adapter.usecases.process_message import ProcessMessage
from adapter.usecases.publish import Publish
from adapter.usecases.receive import Receive
from adapter.usecases.register_document import RegisterDocument
from adapter.usecases.sign import Sign
from adapter.usecases.submit import Submit, SubmitLimits, Submitted
from adapter.usecases.summarise import Summarise
from adapter.usecases.verified_container import Judged, Trust
from adapter.usecases.watch import Watch
from signing.keys import pem, pkcs12

Made = TypeVar("Made")

AskPassword = Callable[[str], str]
"""Asks a person for the password of the key named; raises Final `keys.no-password` where nobody can be asked."""

_DER_START = b"\x30"


def nobody_to_ask(name: str) -> str:
    """For processes without a person in front of them."""
    raise Final("keys.no-password", params={"key": name})


@dataclass(frozen=True, kw_only=True, slots=True)
class Opened:
    """A report file as it was read: what it says, where each field stands, and its attachments' bytes."""

    source: SourceReport
    file: str
    attachments: tuple[Attached, ...]

    @property
    def report(self) -> Report:
        """The report; DocumentRefused with every finding when the file could not be read as one."""
        if self.source.report is None:
            raise DocumentRefused(self.source.findings, code="source.refused")
        return self.source.report

    @property
    def places(self) -> Places:
        """Where each field stands in the file."""
        return Places(file=self.file, lines=self.source.places)


@dataclass(frozen=True, kw_only=True, slots=True)
class Signed:
    """A container that was signed and judged, and the warnings that stay with it."""

    kept: KeptBlob
    judged: Judged
    findings: tuple[Finding, ...]


class Node:
    """One node of the exchange, put together from its settings."""

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Clock | None = None,
        identifiers: Identifiers | None = None,
        ask_password: AskPassword = nobody_to_ask,
    ) -> None:
        self.settings = settings
        self.clock: Clock = clock or SystemClock()
        self.identifiers: Identifiers = identifiers or SystemIdentifiers()
        self._ask = ask_password
        self._keys: dict[str, signing.SigningKey] = {}

    # --- parts --------------------------------------------------------------------------------------------------------
    @cached_property
    def store(self) -> SqlStore:
        """The store; opened and migrated at first use."""
        return open_store(self.settings.storage, clock=self.clock)

    def close(self) -> None:
        """Let go of the store, if it was opened."""
        if "store" in self.__dict__:
            self.store.close()

    @cached_property
    def rulesets(self) -> rules.Rulesets:
        """Shipped rulesets and those of the folder."""
        return rules.load_rulesets(self.settings.rules.folder)

    @cached_property
    def anchors(self) -> signing.TrustAnchors:
        """The node's one set of anchors; its kind is the profile."""
        texts = [read_file(path, "trust.unreadable") for path in self.settings.trust.anchors]
        return signing_errors(
            lambda: signing.TrustAnchors.from_pem(self.settings.profile, self.settings.profile, *texts)
        )

    @cached_property
    def document_trust(self) -> Trust:
        """For documents and office signatures."""
        return Trust(policy=self._policy(signing.SANDBOX_DOCUMENT, signing.KZ_DOCUMENT), anchors=self.anchors)

    @cached_property
    def envelope_trust(self) -> Trust:
        """For messages."""
        return Trust(policy=self._policy(signing.SANDBOX_ENVELOPE, signing.KZ_ENVELOPE), anchors=self.anchors)

    def _policy(
        self, sandbox: signing.ValidationPolicy, national: signing.ValidationPolicy
    ) -> signing.ValidationPolicy:
        if self.settings.profile == "sandbox":
            return sandbox
        trust = self.settings.trust
        timestamp = "not-required" if trust.timestamp == "not-required" else national.timestamp
        revocation = "not-checked" if trust.revocation == "not-checked" else national.revocation
        return replace(national, timestamp=timestamp, revocation=revocation)

    def _key(self, name: Literal["document", "office", "envelope"]) -> signing.SigningKey:
        """A key by its name in the settings, opened once."""
        if name not in self._keys:
            entry = getattr(self.settings.keys, name)
            if entry is None:
                raise Final("keys.not-set", params={"key": name})
            self._keys[name] = self._opened_key(name, entry)
        return self._keys[name]

    def _opened_key(self, name: str, entry: KeySettings) -> signing.SigningKey:
        content = read_file(entry.file, "keys.unreadable")
        is_pkcs12 = content[:1] == _DER_START
        if entry.password is not None:
            password = entry.password.reveal()
        else:
            needs_one = is_pkcs12 or b"ENCRYPTED" in content
            password = self._ask(f"{name} ({entry.file.name})") if needs_one else ""
        return load_key(content, password.encode() if password else None, file=entry.file.name)

    @cached_property
    def gateway(self) -> Gateway:
        """The gateway of SHEP."""
        exchange = self.settings.exchange
        pinned = tuple(_certificate(path) for path in self.settings.trust.gateway_certificates)
        if pinned:
            exchange = replace(exchange, gateway=replace(exchange.gateway, certificates=pinned))
        return Gateway(
            config=exchange,
            http=HttpClient(self.settings.http),
            key=self._key("envelope"),
            signing_policy=signing.DEFAULT_SIGNING,
            validation_policy=self.envelope_trust.policy,
            anchors=self.anchors,
            identifiers=self.identifiers,
        )

    @cached_property
    def channel(self) -> EsedoChannel:
        """The exchange in both directions."""
        known = frozenset(BodyCode(value.code) for value in schemas.code_list("bodies").values)
        directory = Directory(self.gateway, self.clock, known=known)
        return EsedoChannel(gateway=self.gateway, file_store=FileStore(gateway=self.gateway), address_book=directory)

    @cached_property
    def own(self) -> OrgRef:
        """Our body as it stands in our documents."""
        return self.body(self.settings.node.body)

    def body(self, code: BodyCode) -> OrgRef:
        """A body with its names and, when the settings know it, its BIN."""
        value = schemas.code_list("bodies").get(code)
        if value is None:
            raise Final("bodies.unknown", params={"body": code})
        known = self.settings.bodies.get(code)
        return OrgRef(code=code, name=Bilingual(kk=value.kk, ru=value.ru), bin=known.bin if known else None)

    # --- use cases ----------------------------------------------------------------------------------------------------
    @cached_property
    def plan(self) -> DeliveryPlan:
        """Pacing of deliveries."""
        delivery = self.settings.delivery
        return DeliveryPlan(
            retry=self.settings.retry,
            lease_for=self.settings.storage.lease_for,
            uncertain_window=delivery.uncertain_window,
            silence_alarm=delivery.silence_alarm,
            resend_by_planner=delivery.resend_by_planner,
            resend_when_uncertain=delivery.resend_when_uncertain,
        )

    @cached_property
    def convert(self) -> Convert:
        """Report to validated XML and its printed form."""
        return Convert(rulesets=self.rulesets)

    @cached_property
    def facts(self) -> FactsOf:
        """What the rules ask about the node."""
        return FactsOf(
            store=self.store,
            rulesets=self.rulesets,
            trust=self.document_trust,
            bins={BodyCode(code): known.bin for code, known in self.settings.bodies.items()},
        )

    @cached_property
    def check(self) -> Check:
        """All of submit but the deed."""
        return Check(clock=self.clock, convert=self.convert, facts=self.facts)

    def sign(self, name: Literal["document", "office"] = "document") -> Sign:
        """Signs with the head's key, or with the office's for receipts and responses."""
        office = self.settings.exchange.is_office_signed and self.settings.keys.office is not None
        return Sign(
            blobs=self.store.blobs,
            document_key=lambda: self._key(name),
            office_key=(lambda: self._key("office")) if office else None,
            policy=signing.DEFAULT_SIGNING,
            trust=self.document_trust,
            office_trust=self.document_trust,
        )

    def submit(self, name: Literal["document", "office"] = "document") -> Submit:
        """Convert, sign, verify, queue."""
        return Submit(
            body=self.settings.node.body,
            store=self.store,
            clock=self.clock,
            identifiers=self.identifiers,
            convert=self.convert,
            sign=self.sign(name),
            facts=self.facts,
            limits=SubmitLimits(max_file_bytes=self.settings.exchange.files.max_file_bytes),
        )

    @cached_property
    def deliver(self) -> Deliver:
        """The outgoing half of the worker."""
        return Deliver(
            store=self.store, channel=self.channel, clock=self.clock, identifiers=self.identifiers, plan=self.plan
        )

    @cached_property
    def recover(self) -> Recover:
        """Rows whose lease has ended."""
        return Recover(store=self.store, clock=self.clock, plan=self.plan)

    @cached_property
    def watch(self) -> Watch:
        """Rows past their wake-up."""
        return Watch(store=self.store, clock=self.clock, plan=self.plan)

    @cached_property
    def intervene(self) -> Intervene:
        """A person decides."""
        return Intervene(store=self.store, clock=self.clock, plan=self.plan)

    @cached_property
    def receive(self) -> Receive:
        """The endpoint's one deed."""
        return Receive(store=self.store, channel=self.channel, clock=self.clock, identifiers=self.identifiers)

    @cached_property
    def process_message(self) -> ProcessMessage:
        """The incoming half of the worker."""
        node = self.settings.node
        apply_notice = ApplyNotice(clock=self.clock, identifiers=self.identifiers, plan=self.plan)
        answering = Answering(
            own=self.own,
            system=node.system,
            decided_by=Words(kk=node.subdivision_kk, ru=node.subdivision_ru),
            ruleset=RulesetRef(id=self.settings.rules.id, version=self.settings.rules.version),
            store=self.store,
            submit=self.submit("office"),
        )
        register = RegisterDocument(
            body=node.body,
            member=str(self.settings.exchange.participant.member),
            number_prefix=node.number_prefix,
            store=self.store,
            channel=self.channel,
            clock=self.clock,
            identifiers=self.identifiers,
            addresses=self.channel.address_book,
            rulesets=self.rulesets,
            facts=self.facts,
            trust=self.document_trust,
            office_trust=self.document_trust,
            answering=answering,
        )
        return ProcessMessage(
            store=self.store,
            channel=self.channel,
            addresses=self.channel.address_book,
            clock=self.clock,
            identifiers=self.identifiers,
            apply_notice=apply_notice,
            register_document=register,
            retry=self.settings.retry,
        )

    @cached_property
    def summarise(self) -> Summarise:
        """Registered submissions to the draft of a summary."""
        return Summarise(store=self.store, clock=self.clock, rulesets=self.rulesets, trust=self.document_trust)

    @cached_property
    def consolidate(self) -> Consolidate:
        """The registered summary to the draft of the consolidated information."""
        return Consolidate(store=self.store, clock=self.clock, trust=self.document_trust)

    @cached_property
    def publish(self) -> Publish:
        """The year's results for the internet resource."""
        return Publish(own=self.own, store=self.store, clock=self.clock, summarise=self.summarise)

    @cached_property
    def export(self) -> Export:
        """Evidence folders."""
        return Export(
            store=self.store,
            clock=self.clock,
            trust=self.document_trust,
            own=self.settings.node.body,
            certificates=tuple(_certificate(path) for path in self.settings.trust.gateway_certificates),
        )

    def open_unattended(self) -> None:
        """Open what runs without a person: store, exchange, anchors, the keys of envelope and office.

        Called before a worker begins, so that a wrong password or a missing file is told at start. Raises what they raise.
        """
        _ = self.store, self.document_trust, self.channel, self.process_message
        if self.settings.keys.office is not None:
            self._key("office")

    # --- files --------------------------------------------------------------------------------------------------------
    def open_report(self, path: Path) -> Opened:
        """A report file with its attachments, which lie beside it."""
        return open_report(path, self._source_context(path.parent))

    def submit_file(self, path: Path) -> Submitted:
        """Submit a report (YAML, JSON, XML) or a signed container (.asice)."""
        if path.suffix.lower() == ".asice":
            return self.submit().container(self.keep_file(path))
        opened = self.open_report(path)
        return self.submit().report(opened.report, opened.attachments, places=opened.places)

    def sign_file(self, path: Path) -> Signed:
        """Check and sign a report with the head's key; the container stands in the store and is sent nowhere."""
        opened = self.open_report(path)
        now = self.clock.now()
        facts = self.facts.before_signing(opened.report, at=now, attachments=opened.attachments)
        composed = self.convert(
            opened.report, opened.attachments, facts=facts, stage=rules.Stage.LOCK, places=opened.places
        )
        kept, judged = self.sign().container(composed, at=now)
        return Signed(kept=kept, judged=judged, findings=composed.findings)

    def check_file(self, path: Path) -> Checked:
        """Check a report; what the file itself breaks is among the findings."""
        opened = self.open_report(path)
        if opened.source.report is None:
            return Checked(findings=opened.source.findings)
        checked = self.check(opened.source.report, opened.attachments, places=opened.places)
        return replace(checked, findings=(*opened.source.findings, *checked.findings))

    def keep_file(self, path: Path) -> KeptBlob:
        """A file's bytes in the store."""
        with self.store.blobs.new() as writer:
            try:
                with path.open("rb") as source:
                    while chunk := source.read(1 << 18):
                        writer.file.write(chunk)
            except OSError as error:
                raise Final("file.unreadable", place=Place(file=path.name), params={"file": path.name}) from error
            return writer.keep()

    def export_to(self, document_id: DocumentId, folder: Path) -> Mapping[str, Sha256]:
        """Write an evidence folder; the folder must not exist yet or be empty."""
        return self.export(document_id, DirectoryEvidenceFolder(folder)).files

    def _source_context(self, folder: Path) -> SourceContext:
        return source_context(self.rulesets, self.settings.rules.id, self.settings.rules.version, folder)


# --- without settings ----------------------------------------------------------------------------------------------
def source_context(rulesets: rules.Rulesets, ruleset_id: str, version: str, folder: Path | None) -> SourceContext:
    """What a report file does not say: due dates and addressees of the ruleset, attachments of its folder."""
    ruleset = rulesets.find(ruleset_id, version)

    def due(document: DocumentType, year: int) -> Any:
        return rules.due_date(ruleset, document, year)

    def recipient(document: DocumentType, on: Any) -> BodyCode | None:
        leg = ruleset.leg(document)
        return ruleset.body_of(leg.recipient, on=on) if leg is not None and leg.recipient is not None else None

    return SourceContext(
        ruleset=RulesetRef(id=ruleset_id, version=version),
        due_date=due,
        recipient=recipient,
        open_file=_opener(folder) if folder is not None else None,
    )


def open_report(path: Path, context: SourceContext) -> Opened:
    """Read a report from YAML, JSON or XML; attachments are looked for beside it."""
    content = read_file(path, "file.unreadable")
    if content.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<":
        report = conversion.read(conversion.validated(content))
        source = SourceReport(report=report)
    else:
        source = read_report(content, context, file=path.name)
    declared = source.report.header.attachments if source.report is not None else ()
    open_file = _opener(path.parent)
    attached = tuple(
        Attached(name=item.file_name, media_type=item.media_type, open=_bound(open_file, item.file_name))
        for item in declared
    )
    return Opened(source=source, file=path.name, attachments=attached)


def _bound(open_file: Callable[[str], BinaryIO], name: str) -> Callable[[], BinaryIO]:
    return lambda: open_file(name)


def _opener(folder: Path) -> Callable[[str], BinaryIO]:
    """Opens files of one folder by plain name: no path in it, no link out of it."""

    def opened(name: str) -> BinaryIO:
        if not name or "/" in name or "\\" in name or name in {".", ".."} or (folder / name).is_symlink():
            raise FileNotFoundError(name)
        return (folder / name).open("rb")

    return opened


def written(report: Report, form: Literal["yaml", "json", "xml"]) -> bytes:
    """A report in one of its forms."""
    if form == "xml":
        return conversion.build(report)
    return (dump_yaml(report) if form == "yaml" else dump_json(report)).encode()


def load_key(content: bytes, password: bytes | None, *, file: str) -> signing.SigningKey:
    """A key from PKCS#12 or PEM bytes; what is wrong becomes Final with the signing error's own code."""
    if content[:1] == _DER_START:
        return signing_errors(lambda: pkcs12.load(content, password or b""), file=file)
    return signing_errors(lambda: pem.load(content, password), file=file)


def signing_errors(make: Callable[[], Made], *, file: str | None = None) -> Made:
    """Errors of `signing` become ours at this edge: same code, same parameters."""
    try:
        return make()
    except signing.SigningError as error:
        raise Final(error.code, place=Place(file=file), params=dict(error.params)) from error


def _certificate(path: Path) -> bytes:
    content = read_file(path, "trust.unreadable")
    if content[:1] == _DER_START:
        return content
    try:
        return ssl.PEM_cert_to_DER_cert(content.decode("ascii").strip())
    except ValueError as error:
        raise Final("trust.not-one-certificate", place=Place(file=path.name), params={"file": path.name}) from error


def read_file(path: Path, code: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise Final(code, place=Place(file=path.name), params={"file": path.name}) from error
