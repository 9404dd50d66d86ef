"""One whole sandbox as an object: what tests, the demo and the HTTP door hold in their hands."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from adapter.errors import Final
from adapter.sandbox.book import Book, BookedMessage
from adapter.sandbox.centre import Centre
from adapter.sandbox.directory import Directory
from adapter.sandbox.events import Clock, Event, EventList, ProtocolFinding
from adapter.sandbox.faults import Stage
from adapter.sandbox.file_store import FileStore
from adapter.sandbox.gateway import Gateway
from adapter.sandbox.lanes import Lanes, Post
from adapter.sandbox.participants import SandboxSettings
from adapter.sandbox.push import over_http
from adapter.sandbox.reading import Call, Refused, TypeName, attached, parse, routing_of
from adapter.sandbox.replies import Post as Request
from adapter.sandbox.replies import Reply
from adapter.sandbox.script import Occasion, Rule, Script, rules_from_toml
from adapter.sandbox.seal import Signatures
from adapter.sandbox.vocabulary import DOC_OUTGOING_FIELDS, DOCUMENT, UNIVERSAL_SERVICE, Kind
from adapter.sandbox.world import World
from adapter.sandbox.writing import document, element, metadata, national, text_element

_STRANGER_FAULTS = frozenset({"stranger-signed-answer", "push-stranger-signed"})


@dataclass(frozen=True, kw_only=True, slots=True)
class OutgoingFile:
    """A file that travels with a document sent in a participant's name."""

    name: str
    mime: str
    content: bytes = field(repr=False)


class Sandbox:
    """Gateway, centre, file store and directory around one set of settings. Safe to use from several threads.

    Without a server around it (see serving.serve) nothing is pushed by itself: call deliver_all.
    """

    def __init__(
        self,
        settings: SandboxSettings,
        clock: Clock,
        *,
        new_id: Callable[[], object],
        post: Post | None = None,
        sink: Callable[[str], None] | None = None,
    ) -> None:
        """`post` reaches participants' endpoints (default: over HTTP); `sink` takes each event as one line of JSON."""
        self.settings = settings
        self._events = EventList(clock, sink)
        self._script = Script()
        self.book = Book(clock)
        world = World(
            settings=settings,
            clock=clock,
            new_id=new_id,
            script=self._script,
            events=self._events,
            book=self.book,
        )
        self._world = world
        signatures = Signatures(world)
        self.lanes = Lanes(world, signatures, over_http(settings) if post is None else post)
        self._centre = Centre(world, self.lanes)
        self.file_store = FileStore(world)
        self._gateway = Gateway(
            world,
            signatures=signatures,
            centre=self._centre,
            file_store=self.file_store,
            directory=Directory(world),
        )
        self.on_refuse: Callable[[float], None] = lambda seconds: None  # noqa: ARG005 - there is no listener yet
        self.add_faults(*settings.script)

    # --- what happened ---
    def events(self, *, after: int = 0) -> tuple[Event, ...]:
        """Everything that happened after event number `after`, oldest first."""
        return self._events.events(after=after)

    def documents(
        self, *, after: int = 0, limit: int | None = None, href: str | None = None
    ) -> list[dict[str, object]]:
        """The book: an entry for each (href, sender, addressee), as adapter.sandbox.book.Book.entries gives them."""
        return self.book.entries(after=after, limit=limit, href=href)

    def note(self, participant: str, what: str, *, outcome: str | None = None, fault: str | None = None) -> None:
        """Record something that happened around the sandbox: the listener, the demo's own marks."""
        self._events.add(participant, what, outcome=outcome, fault=fault)

    def protocol_findings(self, participant: str | None = None) -> tuple[ProtocolFinding, ...]:
        """What participants' messages broke; of one participant (by code) when it is given."""
        return tuple(one for one in self._events.findings() if participant in {None, one.participant})

    # --- faults ---
    def add_faults(self, *rules: Rule) -> None:
        """Put rules behind those in force; "connection-refused" with at_once acts now.

        Final `sandbox.no-stranger-key` for a fault that needs a key the settings do not have.
        """
        for rule in rules:
            if rule.fault in _STRANGER_FAULTS and self.settings.stranger_key is None:
                raise Final("sandbox.no-stranger-key")
        now = [rule for rule in rules if rule.fault == "connection-refused" and rule.value("at_once") is True]
        self._script.add(*(rule for rule in rules if rule not in now))
        for rule in now:
            self._events.add("gateway", "fault.injected", fault=rule.fault)
            self.on_refuse(rule.number("seconds"))

    def add_faults_from_toml(self, text: str) -> None:
        """Put the rules of a script behind those in force. Final `sandbox.unknown-fault`, `sandbox.script-*`."""
        self.add_faults(*rules_from_toml(text))

    def clear_faults(self) -> None:
        """Forget every rule. A listener that is closed stays closed until its time is over or it is opened."""
        self._script.clear()

    def faults(self) -> tuple[tuple[Rule, int], ...]:
        """The rules in force and how often each has struck."""
        return self._script.rules()

    def resets_connection(self) -> bool:
        """Asked once for every new connection: whether it is to be reset at once."""
        rule = self._script.due(Stage.LISTENER, Occasion(), only="connection-reset")
        if rule is not None:
            self._events.add("gateway", "fault.injected", fault=rule.fault, outcome="connection reset")
        return rule is not None

    def read_pace(self, size: int) -> float | None:
        """Asked once for every request, by its stated size: bytes per second that it is read at; None: as they come."""
        rule = self._script.due(Stage.LISTENER, Occasion(size=size), only="slow-read")
        if rule is None:
            return None
        self._events.add("gateway", "fault.injected", fault=rule.fault, outcome=f"{size} bytes")
        return max(1.0, rule.number("bytes_per_second"))

    # --- the exchange ---
    def answer(self, request: Request) -> Reply:
        """What the gateway replies to one HTTP request body."""
        return self._gateway.answer(request)

    def set_endpoint(self, code: str, url: str | None) -> None:
        """Where a participant's messages are pushed from now on. Final `sandbox.unknown-participant`."""
        if self.settings.by_code(code) is None:
            raise Final("sandbox.unknown-participant", params={"code": code})
        self.lanes.set_endpoint(code, url)

    def deliver_all(self) -> None:
        """Try every waiting message now, without its delay."""
        self.lanes.deliver_all()

    def send_document(
        self,
        *,
        sender: str,
        performer: str,
        files: Sequence[OutgoingFile] = (),
        fields: Mapping[str, str] | None = None,
        href: str | None = None,
    ) -> str:
        """Send a docOutgoing in a participant's name, as if its system had done so, and return its href.

        fields  own fields of docOutgoing by name; others get values that a strict receiver accepts.
        Final `sandbox.unknown-participant`, `sandbox.unknown-field`, `sandbox.document-refused`.
        """
        one, other = self.settings.by_code(sender), self.settings.by_code(performer)
        if one is None or other is None:
            raise Final("sandbox.unknown-participant", params={"code": sender if one is None else performer})
        new_id, at = self._world.new_id, national(self._world.clock.now())
        key = href or str(new_id())
        own = {
            "appendCount": str(len(files)),
            "authorNameKz": one.name_kk,
            "authorNameRu": one.name_ru,
            "carrierType": "1",
            "description": "Құжат / Документ",
            "docDate": at,
            "docLang": "KZRU",
            "docNo": "1",
            "documentReceiverKz": other.name_kk,
            "documentReceiverRu": other.name_ru,
            "secondSignEnabled": "0",
            **(fields or {}),
        }
        known = [each.name for each in DOC_OUTGOING_FIELDS if each.kind is not Kind.ANYTHING]
        for name in own:
            if name not in known:
                raise Final("sandbox.unknown-field", params={"name": name, "known": ", ".join(known)})
        meta = metadata(
            activity_id=str(new_id()),
            sender=one.member,
            href=key,
            performers=(other.member,),
            sender_org=one.sender_org,
        )
        try:
            stored = [self.file_store.put(one, name=each.name, mime=each.mime, content=each.content) for each in files]
            attachments = [element("attachments", text_element("fileIdentifier", each)) for each in stored]
            raw = document(
                *attachments, meta, *[text_element(name, own[name]) for name in known if name in own]
            ).encode()
            data = parse(raw)
            call = Call(
                request=data,
                message_id=str(new_id()),
                service_id=UNIVERSAL_SERVICE,
                route_id="",
                message_date=at,
                sender_id=one.account,
                password="",
                data=data,
                type=TypeName(namespace=DOCUMENT, name="docOutgoing"),
            )
            said = BookedMessage(
                message_id=call.message_id,
                # There was no request: the document itself is what there is to digest.
                sha256=sha256(raw).hexdigest(),
                files=self.file_store.booked(attached(data)),
            )
            self._centre.take_document(one, call, routing_of(data), said)
        except Refused as refused:
            raise Final("sandbox.document-refused", params={"reason": f"{refused.code}: {refused.text}"}) from refused
        return key
