"""The passes of one body, put together from its parts: each use case is built when it is asked for, and once.

A node has real parts (node), a test has stand-ins; what they are put together to is the same and stands here.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import signing
from adapter import rules
from adapter.domain.document import BodyCode
from adapter.domain.header import RulesetRef
from adapter.domain.outgoing import Words
from adapter.domain.reference import OrgRef
from adapter.ports import AddressBook, Clock, Identifiers, IncomingChannel, OutgoingChannel, Store
from adapter.usecases.answer import Answering
from adapter.usecases.apply_answer import ApplyAnswer
from adapter.usecases.apply_notice import ApplyNotice
from adapter.usecases.certificate_runway import OwnCertificate
from adapter.usecases.check import Check
from adapter.usecases.clock_steps import WakeSleepers
from adapter.usecases.consolidate import Consolidate
from adapter.usecases.convert import Convert
from adapter.usecases.deliver import Deliver
from adapter.usecases.delivery_plan import DeliveryPlan
from adapter.usecases.escalate import Escalate
from adapter.usecases.examine import Examine
from adapter.usecases.export import Export
from adapter.usecases.facts import FactsOf
from adapter.usecases.fetch_files import FetchFiles
from adapter.usecases.intervene import Intervene
from adapter.usecases.leases import HeldLeases, RenewLeases
from adapter.usecases.look import Look
from adapter.usecases.obtain_stamp import ObtainStamp
from adapter.usecases.preflight import SubmitLimits
from adapter.usecases.probe_services import ProbeTimeStamps
from adapter.usecases.process_message import ProcessMessage
from adapter.usecases.publish import Publish
from adapter.usecases.receive import Receive
from adapter.usecases.recover import Recover
from adapter.usecases.register_document import RegisterDocument
from adapter.usecases.sign import Baseline, Sign
from adapter.usecases.sign_statements import Reprint, SignStatements
from adapter.usecases.silence import Silence
from adapter.usecases.submit import Submit
from adapter.usecases.summarise import Summarise
from adapter.usecases.take_over import TakeOver
from adapter.usecases.tell_sender import TellSender
from adapter.usecases.verified_container import Trust
from adapter.usecases.watch import Watch
from adapter.usecases.watch_channel import WatchChannel

OpenKey = Callable[[], signing.SigningKey]
"""Opens a key at its first use; may ask a person for its password."""


@dataclass(frozen=True, kw_only=True, slots=True)
class OwnBody:
    """Who we are in the exchange and in what we write.

    member          participant id in the exchange
    system          name of the system of record in our receipts
    number_prefix   before incoming numbers
    decided_by      who answers for what the program decides by itself
    ruleset         under which our answers are made
    """

    ref: OrgRef
    member: str
    system: str
    number_prefix: str
    decided_by: Words
    ruleset: RulesetRef


class Passes(ABC):
    """Use cases over the parts that a subclass provides; a part that costs something is a property and built when asked.

    plan, limits        pacing of deliveries; how large a file may be
    bins                which body a certificate speaks for
    is_office_signed    whether the office signs the files as they travel
    """

    clock: Clock
    identifiers: Identifiers
    plan: DeliveryPlan
    limits: SubmitLimits
    bins: Mapping[BodyCode, str]
    is_office_signed: bool

    # --- parts --------------------------------------------------------------------------------------------------------
    @property
    @abstractmethod
    def own(self) -> OwnBody:
        """Our body in the exchange and in our documents."""

    @property
    @abstractmethod
    def store(self) -> Store:
        """Where everything is kept."""

    @property
    @abstractmethod
    def rulesets(self) -> rules.Rulesets:
        """What documents are made and judged under."""

    @property
    @abstractmethod
    def trust(self) -> Trust:
        """For documents and office signatures."""

    @property
    @abstractmethod
    def outgoing(self) -> OutgoingChannel:
        """The exchange, as deliveries see it."""

    @property
    @abstractmethod
    def incoming(self) -> IncomingChannel:
        """The exchange, as the journal sees it."""

    @property
    @abstractmethod
    def addresses(self) -> AddressBook:
        """The exchange's directory of bodies."""

    @property
    def gateway_certificates(self) -> tuple[bytes, ...]:
        """The gateway's own certificates, DER; they lie in evidence folders."""
        return ()

    @abstractmethod
    def head_key(self) -> signing.SigningKey:
        """The head's key; a person may be asked for its password."""

    @abstractmethod
    def office_key(self) -> signing.SigningKey:
        """The office's key, opened without a person."""

    @property
    def signer_certificates(self) -> tuple[OwnCertificate, ...]:
        """The certificate that reports will be signed with, as far as it can be read without a person."""
        return ()

    @property
    def way_certificates(self) -> tuple[OwnCertificate, ...]:
        """Certificates of office, envelope and gateway, which have to last until a document has arrived."""
        return ()

    @property
    def baseline(self) -> Baseline | None:
        """What our signatures are raised to; None: level B-B."""
        return None

    @property
    def waits_for_stamp(self) -> bool:
        """Whether a document is taken over although a trust service is silent, and waits for its time-stamp."""
        return True

    def seal_key(self) -> signing.SigningKey:
        """The key that seals evidence folders: the office's."""
        return self.office_key()

    def statement_key(self) -> signing.SigningKey:
        """The key under the node's own statements: the office's, which a machine holds."""
        return self.office_key()

    # --- out ----------------------------------------------------------------------------------------------------------
    @cached_property
    def convert(self) -> Convert:
        """Report to validated XML and its printed form."""
        return Convert(rulesets=self.rulesets)

    @cached_property
    def facts(self) -> FactsOf:
        """What the rules ask about the node."""
        return FactsOf(store=self.store, rulesets=self.rulesets, trust=self.trust, bins=self.bins)

    @cached_property
    def check(self) -> Check:
        """All of submit but the deed."""
        return Check(
            clock=self.clock,
            convert=self.convert,
            facts=self.facts,
            limits=self.limits,
            certificates=(*self.signer_certificates, *self.way_certificates),
        )

    def sign(self, key: OpenKey | None = None) -> Sign:
        """Signs with the head's key, or with the one given: the office's for receipts and responses."""
        return Sign(
            blobs=self.store.blobs,
            document_key=key or self.head_key,
            office_key=self.office_key if self.is_office_signed else None,
            policy=signing.DEFAULT_SIGNING,
            trust=self.trust,
            office_trust=self.trust,
            baseline=self.baseline,
            waits_for_stamp=self.waits_for_stamp,
            silence=self.silence,
        )

    def submit(self, key: OpenKey | None = None) -> Submit:
        """Convert, sign with the head's key or the one given, verify, queue."""
        return Submit(
            body=self.own.ref.code,
            store=self.store,
            clock=self.clock,
            identifiers=self.identifiers,
            convert=self.convert,
            sign=self.sign(key),
            facts=self.facts,
            limits=self.limits,
            certificates=self.way_certificates,
            take_over=TakeOver(
                store=self.store, clock=self.clock, retry=self.plan.retry, statements=self.sign_statements
            ),
        )

    @cached_property
    def sign_statements(self) -> SignStatements:
        """Signatures under what the node itself states."""
        return SignStatements(
            store=self.store,
            clock=self.clock,
            key=self.statement_key,
            policy=signing.DEFAULT_SIGNING,
            trust=self.trust,
            baseline=self.baseline,
            silence=self.silence,
        )

    @cached_property
    def silence(self) -> Silence:
        """That a trust service was silent a moment ago."""
        return Silence()

    @cached_property
    def reprint(self) -> Reprint:
        """Signed statements, the same bytes each time."""
        return Reprint(store=self.store, sign=self.sign_statements)

    @cached_property
    def deliver(self) -> Deliver:
        """The outgoing half of the worker."""
        return Deliver(
            store=self.store,
            channel=self.outgoing,
            clock=self.clock,
            identifiers=self.identifiers,
            plan=self.plan,
            travels=self.obtain_stamp,
            leases=self.leases,
        )

    @cached_property
    def obtain_stamp(self) -> ObtainStamp:
        """Time-stamps that were not to be had at submit."""
        return ObtainStamp(store=self.store, clock=self.clock, sign=self.sign(), retry=self.plan.retry)

    @cached_property
    def probe_time_stamps(self) -> ProbeTimeStamps:
        """Whether the time-stamp authority gives real answers."""
        return ProbeTimeStamps(clock=self.clock, identifiers=self.identifiers, baseline=self.baseline)

    @cached_property
    def leases(self) -> HeldLeases:
        """What this process holds."""
        return HeldLeases()

    @cached_property
    def renew_leases(self) -> RenewLeases:
        """Keeps what this process holds from ending."""
        return RenewLeases(store=self.store, clock=self.clock, plan=self.plan, held=self.leases)

    @cached_property
    def look(self) -> Look:
        """Whether anything is due."""
        return Look(store=self.store, clock=self.clock, plan=self.plan)

    @cached_property
    def watch_channel(self) -> WatchChannel:
        """A channel that stays closed."""
        return WatchChannel(store=self.store, clock=self.clock, plan=self.plan)

    @cached_property
    def recover(self) -> Recover:
        """Rows whose lease has ended."""
        return Recover(store=self.store, clock=self.clock, identifiers=self.identifiers, plan=self.plan)

    @cached_property
    def watch(self) -> Watch:
        """Rows past their wake-up."""
        return Watch(store=self.store, clock=self.clock, plan=self.plan)

    @cached_property
    def escalate(self) -> Escalate:
        """Deadlines that come near without proof; signs what is stated."""
        return Escalate(store=self.store, clock=self.clock, retry=self.plan.retry, statements=self.sign_statements)

    @cached_property
    def wake_sleepers(self) -> WakeSleepers:
        """Rows that a wrong clock has put to sleep."""
        return WakeSleepers(store=self.store, clock=self.clock, plan=self.plan)

    @cached_property
    def intervene(self) -> Intervene:
        """A person decides."""
        return Intervene(store=self.store, clock=self.clock, plan=self.plan)

    # --- in -----------------------------------------------------------------------------------------------------------
    @cached_property
    def receive(self) -> Receive:
        """The endpoint's one deed."""
        return Receive(store=self.store, channel=self.incoming, clock=self.clock, identifiers=self.identifiers)

    @cached_property
    def apply_notice(self) -> ApplyNotice:
        """What a notice says of a delivery of ours."""
        return ApplyNotice(clock=self.clock, identifiers=self.identifiers, plan=self.plan)

    @cached_property
    def answering(self) -> Answering:
        """Receipts and responses, signed by the office."""
        return Answering(
            own=self.own.ref,
            system=self.own.system,
            decided_by=self.own.decided_by,
            ruleset=self.own.ruleset,
            store=self.store,
            submit=self.submit(self.office_key),
        )

    @cached_property
    def fetch_files(self) -> FetchFiles:
        """The files of a document that came, durable."""
        return FetchFiles(store=self.store, channel=self.incoming, clock=self.clock, trust=self.trust)

    @cached_property
    def register_document(self) -> RegisterDocument:
        """A document to the register, or its refusal."""
        body = self.own.ref.code
        return RegisterDocument(
            number_prefix=self.own.number_prefix,
            store=self.store,
            clock=self.clock,
            addresses=self.addresses,
            rulesets=self.rulesets,
            trust=self.trust,
            examine=Examine(
                body=body,
                store=self.store,
                clock=self.clock,
                addresses=self.addresses,
                rulesets=self.rulesets,
                facts=self.facts,
                office_trust=self.trust,
            ),
            tell=TellSender(body=body, member=self.own.member, clock=self.clock, identifiers=self.identifiers),
            apply_answer=ApplyAnswer(body=body, clock=self.clock, identifiers=self.identifiers),
            answering=self.answering,
        )

    @cached_property
    def process_message(self) -> ProcessMessage:
        """The incoming half of the worker."""
        return ProcessMessage(
            store=self.store,
            channel=self.incoming,
            addresses=self.addresses,
            clock=self.clock,
            identifiers=self.identifiers,
            apply_notice=self.apply_notice,
            fetch_files=self.fetch_files,
            register_document=self.register_document,
            retry=self.plan.retry,
            lease_for=self.plan.lease_for,
            leases=self.leases,
        )

    # --- the yearly cycle, evidence -----------------------------------------------------------------------------------
    @cached_property
    def summarise(self) -> Summarise:
        """Registered submissions to the draft of a summary."""
        return Summarise(store=self.store, clock=self.clock, rulesets=self.rulesets, trust=self.trust)

    @cached_property
    def consolidate(self) -> Consolidate:
        """The registered summary to the draft of the consolidated information."""
        return Consolidate(store=self.store, clock=self.clock, trust=self.trust)

    @cached_property
    def publish(self) -> Publish:
        """The year's results for the internet resource."""
        return Publish(own=self.own.ref, store=self.store, clock=self.clock, summarise=self.summarise)

    @cached_property
    def export(self) -> Export:
        """Evidence folders."""
        return Export(
            store=self.store,
            clock=self.clock,
            trust=self.trust,
            own=self.own.ref.code,
            seal_key=self.seal_key,
            statements=self.sign_statements,
            baseline=self.baseline,
            signing_policy=signing.DEFAULT_SIGNING,
            certificates=self.gateway_certificates,
        )
