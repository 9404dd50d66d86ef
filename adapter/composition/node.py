"""One node from its settings: the concrete parts of its passes, each built when it is asked for.

A key is opened at its first use and not before: a node that only serves never asks for the head's password.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Literal

import schemas
import signing
from adapter import rules
from adapter.clock import SystemClock, SystemIdentifiers
from adapter.composition.key_files import certificate, signing_errors
from adapter.composition.node_keys import NodeKeys
from adapter.composition.passes import OpenKey, OwnBody, Passes
from adapter.composition.regular_files import read_file, reading
from adapter.composition.report_files import Opened, open_report, source_context
from adapter.composition.secret_sources import AskPassword
from adapter.composition.services import baseline_of, fetcher_of
from adapter.composition.trust_files import MAX_CERTIFICATES
from adapter.composition.trust_sets import TrustSets
from adapter.domain.breaker import BreakerPolicy
from adapter.domain.document import BodyCode, DocumentId, Sha256
from adapter.domain.header import RulesetRef
from adapter.domain.outgoing import Words
from adapter.domain.reference import Bilingual, OrgRef
from adapter.errors import Final, Finding, Place
from adapter.exchange.channel import EsedoChannel
from adapter.exchange.directory import Directory
from adapter.exchange.file_store import FileStore
from adapter.exchange.gateway import Gateway
from adapter.http_client import HttpClient
from adapter.ports import AddressBook, Clock, Identifiers, KeptBlob
from adapter.settings import Settings
from adapter.storage import DirectoryEvidenceFolder, SqlStore, open_store
from adapter.usecases.certificate_runway import OwnCertificate
from adapter.usecases.check import Checked
from adapter.usecases.delivery_plan import DeliveryPlan
from adapter.usecases.preflight import SubmitLimits
from adapter.usecases.sign import Baseline
from adapter.usecases.submit import Submitted
from adapter.usecases.verified_container import Judged, Trust


def nobody_to_ask(name: str) -> str:
    """For processes without a person in front of them."""
    raise Final("keys.no-password", params={"key": name})


@dataclass(frozen=True, kw_only=True, slots=True)
class Signed:
    """A container that was signed and judged, and the warnings that stay with it."""

    kept: KeptBlob
    judged: Judged
    findings: tuple[Finding, ...]


class Node(Passes):
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
        self.plan = _plan(settings)
        self.limits = SubmitLimits(
            max_file_bytes=settings.exchange.files.max_file_bytes,
            max_message_bytes=settings.exchange.files.max_message_bytes,
        )
        self.bins = {BodyCode(code): known.bin for code, known in settings.bodies.items()}
        self.is_office_signed = settings.exchange.is_office_signed and settings.keys.office is not None
        is_stand = settings.profile == "sandbox"
        self._keys = NodeKeys(settings.keys, ask=ask_password, clock=self.clock, is_stand=is_stand)

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
        trust = self.settings.trust
        if trust.set is not None and trust.set_folder is not None:
            return TrustSets(folder=trust.set_folder).anchors(trust.set)
        texts = [read_file(path, "trust.unreadable", limit=MAX_CERTIFICATES) for path in trust.anchors]
        return signing_errors(
            lambda: signing.TrustAnchors.from_pem(self.settings.profile, self.settings.profile, *texts)
        )

    @cached_property
    def trust(self) -> Trust:
        """For documents and office signatures."""
        policy = self._policy(signing.SANDBOX_DOCUMENT, signing.KZ_DOCUMENT)
        return Trust(policy=policy, anchors=self.anchors, fetcher=self.fetcher)

    @cached_property
    def envelope_trust(self) -> Trust:
        """For messages."""
        policy = self._policy(signing.SANDBOX_ENVELOPE, signing.KZ_ENVELOPE)
        return Trust(policy=policy, anchors=self.anchors, fetcher=self.fetcher)

    @cached_property
    def fetcher(self) -> signing.Fetcher | None:
        """Asks the trust services of the settings; None where they name none."""
        return fetcher_of(self.settings, self.clock)

    @cached_property
    def baseline(self) -> Baseline | None:
        """What our signatures are raised to; None where the settings name no time-stamp authority."""
        return baseline_of(self.settings, self.fetcher, self.clock)

    @property
    def waits_for_stamp(self) -> bool:
        """As the settings say."""
        return self.settings.time_stamps.when_silent == "wait"

    def _policy(
        self, sandbox: signing.ValidationPolicy, national: signing.ValidationPolicy
    ) -> signing.ValidationPolicy:
        trust = self.settings.trust
        if self.settings.profile == "sandbox":
            # a stand has services where its settings name them, and is then judged as strictly as the real thing
            has_status, has_stamps = bool(self.settings.revocation.hosts), self.baseline is not None
            national = replace(
                sandbox,
                revocation="required" if has_status else sandbox.revocation,
                timestamp="required" if has_stamps and national.timestamp == "required" else sandbox.timestamp,
            )
        timestamp = "not-required" if trust.timestamp == "not-required" else national.timestamp
        revocation = "not-checked" if trust.revocation == "not-checked" else national.revocation
        return replace(national, timestamp=timestamp, revocation=revocation)

    def head_key(self) -> signing.SigningKey:
        """The head's key. Raises Final `keys.not-set`, `keys.no-password` and what is wrong with its file."""
        return self._key("document")

    def office_key(self) -> signing.SigningKey:
        """The office's key. Raises as the head's does."""
        return self._key("office")

    def named_key(self, name: str) -> signing.SigningKey:
        """A key by its name in the settings: document, office, envelope. Raises as the head's does."""
        return self._keys.get(name)

    def seal_key(self) -> signing.SigningKey:
        """The office's; where there is none the head is asked, who may sign everything."""
        return self.head_key() if self.settings.keys.office is None else self.office_key()

    def statement_key(self) -> signing.SigningKey:
        """The office's; where there is none the envelope's: neither needs a person."""
        return self._key("envelope" if self.settings.keys.office is None else "office")

    def _key(self, name: Literal["document", "office", "envelope"]) -> signing.SigningKey:
        """A key by its name in the settings, opened once."""
        return self._keys.get(name)

    @cached_property
    def gateway_certificates(self) -> tuple[bytes, ...]:
        """The gateway's own certificates, pinned; DER."""
        return tuple(certificate(path) for path in self.settings.trust.gateway_certificates)

    @property
    def signer_certificates(self) -> tuple[OwnCertificate, ...]:
        """Of the head's key, where the settings name one and nobody has to be asked for its password."""
        if self.settings.keys.document is None:
            return ()
        return (OwnCertificate(role="signer", open=lambda: self._keys.certificate_of("document")),)

    @property
    def way_certificates(self) -> tuple[OwnCertificate, ...]:
        """Of the office's and the envelope's key, and the gateway's pinned ones."""
        named = self.settings.keys.named
        office = OwnCertificate(role="office", open=lambda: self._keys.certificate_of("office"))
        envelope = OwnCertificate(role="envelope", open=lambda: self._keys.certificate_of("envelope"))
        return (
            *([office] if "office" in named else []),
            *([envelope] if "envelope" in named else []),
            *(
                OwnCertificate(role="gateway", open=partial(certificate, path))
                for path in self.settings.trust.gateway_certificates
            ),
        )

    @cached_property
    def gateway(self) -> Gateway:
        """The gateway of SHEP."""
        exchange = self.settings.exchange
        if self.gateway_certificates:
            exchange = replace(exchange, gateway=replace(exchange.gateway, certificates=self.gateway_certificates))
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

    @property
    def outgoing(self) -> EsedoChannel:
        """The exchange, as deliveries see it."""
        return self.channel

    @property
    def incoming(self) -> EsedoChannel:
        """The exchange, as the journal sees it."""
        return self.channel

    @property
    def addresses(self) -> AddressBook:
        """The exchange's directory of bodies."""
        return self.channel.address_book

    @cached_property
    def own(self) -> OwnBody:
        """Our body in the exchange and in our documents."""
        node, chosen = self.settings.node, self.settings.rules
        return OwnBody(
            ref=self.body(node.body),
            member=str(self.settings.exchange.participant.member),
            system=node.system,
            number_prefix=node.number_prefix,
            decided_by=Words(kk=node.subdivision_kk, ru=node.subdivision_ru),
            ruleset=RulesetRef(id=chosen.id, version=chosen.version),
        )

    def body(self, code: BodyCode) -> OrgRef:
        """A body with its names and, when the settings know it, its BIN."""
        value = schemas.code_list("bodies").get(code)
        if value is None:
            raise Final("bodies.unknown", params={"body": code})
        known = self.settings.bodies.get(code)
        return OrgRef(code=code, name=Bilingual(kk=value.kk, ru=value.ru), bin=known.bin if known else None)

    def open_unattended(self) -> None:
        """Open what runs without a person: store, exchange, anchors, the keys of envelope and office.

        Called before a worker begins, so that a wrong password or a missing file is told at start. Raises what they raise.
        """
        _ = self.store, self.trust, self.channel, self.process_message
        if self.settings.keys.office is not None:
            self._key("office")

    # --- files --------------------------------------------------------------------------------------------------------
    def open_report(self, path: Path) -> Opened:
        """A report file with its attachments, which lie beside it."""
        chosen = self.settings.rules
        context = source_context(self.rulesets, chosen.id, chosen.version, path.parent, bins=self.bins)
        return open_report(path, context)

    def submit_file(self, path: Path) -> Submitted:
        """Submit a report (YAML, JSON, XML) or a signed container (.asice).

        Raises Final `submit.file-too-large` for a container that the exchange does not carry, before it is kept.
        """
        if path.suffix.lower() == ".asice":
            return self.submit().container(self.keep_file(path, limit=self.limits.max_file_bytes))
        opened = self.open_report(path)
        return self.submit().report(opened.report, opened.attachments, places=opened.places)

    def check_file(self, path: Path) -> Checked:
        """All of submit but the deed: what the file itself breaks is among the findings."""
        opened = self.open_report(path)
        if opened.source.report is None:
            return Checked(findings=opened.source.findings)
        checked = self.check(opened.source.report, opened.attachments, places=opened.places)
        return replace(checked, findings=(*opened.source.findings, *checked.findings))

    def sign_file(self, path: Path, key: OpenKey | None = None) -> Signed:
        """Check and sign a report with the head's key or the one given; the container is kept and sent nowhere."""
        opened = self.open_report(path)
        now = self.clock.now()
        facts = self.facts.before_signing(opened.report, at=now, attachments=opened.attachments)
        composed = self.convert(
            opened.report, opened.attachments, facts=facts, stage=rules.Stage.LOCK, places=opened.places
        )
        kept, judged = self.sign(key).container(composed, at=now)
        return Signed(kept=kept, judged=judged, findings=composed.findings)

    def keep_file(self, path: Path, *, limit: int | None = None) -> KeptBlob:
        """A file's bytes in the store. Final `submit.file-too-large` for one that is longer than `limit` bytes."""
        with self.store.blobs.new() as writer, ExitStack() as opened:
            with reading(path):
                source = opened.enter_context(path.open("rb"))
                # Before a byte of it is copied: who took the wrong file does not fill the disk with it.
                size = os.fstat(source.fileno()).st_size
            while limit is None or size <= limit:
                with reading(path):
                    chunk = source.read(1 << 18)
                if not chunk:
                    return writer.keep()
                # Outside: a disk without room for the copy is no fault of the file (the writer says so).
                writer.file.write(chunk)
                size = max(size, writer.file.tell())
            raise Final("submit.file-too-large", params={"file": path.name, "size": size, "limit": limit})

    def export_to(self, document_id: DocumentId, folder: Path) -> Mapping[str, Sha256]:
        """Write an evidence folder: a new or empty one, or over an earlier export of the same document.

        Raises Final `export.folder-in-use` for any other, before anything is written, and what Export raises.
        """
        try:
            return self.export(document_id, DirectoryEvidenceFolder(folder)).files
        except Final as error:
            if error.code != "export.folder-in-use":
                raise
            raise Final(error.code, place=Place(file=folder.name), params=dict(error.params)) from error


def _plan(settings: Settings) -> DeliveryPlan:
    """Pacing of deliveries."""
    delivery = settings.delivery
    return DeliveryPlan(
        retry=settings.retry,
        lease_for=settings.storage.lease_for,
        uncertain_window=delivery.uncertain_window,
        silence_alarm=delivery.silence_alarm,
        resend_by_planner=delivery.resend_by_planner,
        resend_when_uncertain=delivery.resend_when_uncertain,
        channel_alarm=delivery.channel_alarm,
        reupload_on_expiry=settings.exchange.files.reupload_on_expiry,
        breaker=BreakerPolicy(
            failures=delivery.breaker_failures,
            first_wait=delivery.breaker_first_wait,
            longest_wait=delivery.breaker_longest_wait,
            probe_within=settings.http.total_within + settings.storage.lease_for,
            drain_per_second=delivery.drain_per_second,
        ),
    )
