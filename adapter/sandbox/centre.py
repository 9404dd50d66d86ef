"""The ESEDO centre: takes documents and notices from participants and says to whom they go.

1. A document is answered for by the centre itself (stateStartProcessResponse), then goes to each performer.
2. A notice goes to the sender of the document it names by href; a notice of that sender goes to the performers.

How they get there is the lanes' work (adapter/sandbox/lanes.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from threading import RLock

from lxml import etree

from adapter.sandbox.book import BookedMessage
from adapter.sandbox.dispatch import Message
from adapter.sandbox.lanes import Lanes
from adapter.sandbox.participants import CENTRE, Participant
from adapter.sandbox.reading import Call, Refused, Routing, child
from adapter.sandbox.vocabulary import UNIVERSAL_SERVICE
from adapter.sandbox.world import World
from adapter.sandbox.writing import metadata, national, notice, text_element

MOST_DOCUMENTS = 50_000


@dataclass(frozen=True, kw_only=True, slots=True)
class _Document:
    """What the centre remembers of a document: who sent it to whom."""

    sender: str
    performers: tuple[str, ...]
    activity_id: str


class Centre:
    """Accepts and routes messages; the lanes bring them. Safe to use from several threads."""

    def __init__(self, world: World, lanes: Lanes) -> None:
        self._settings = world.settings
        self._new_id = world.new_id
        self._events = world.events
        self._book = world.book
        self._lanes = lanes
        self._documents: dict[str, _Document] = {}
        self._lock = RLock()

    # --- what participants send ---
    def take_document(self, sender: Participant, call: Call, routing: Routing, said: BookedMessage) -> None:
        """Accept a document for its performers. Refused SBX-SENDER, SBX-ADDRESSEE, SBX-HREF, SBX-SIZE.

        said    what of it goes into the book
        """
        assert call.data is not None
        assert call.type is not None
        if routing.sender != sender.member or routing.sender_org not in {None, sender.sender_org}:
            raise Refused("SBX-SENDER", "from or senderOrg is not the number of this account")
        if not routing.href:
            raise Refused("SBX-HREF", "a document without href")
        self._lanes.require_room()
        performers = tuple(self._performer(number) for number in routing.performers)
        if not performers:
            raise Refused("SBX-ADDRESSEE", "a document without performers")
        known = self._remember(sender, performers, routing, call)
        self._book.took(routing.href, sender.code, tuple(one.code for one in performers), said)
        self._note(sender, "document.taken", call, routing, "again" if known else "new")
        if known and self._settings.repeated_href == "drop":
            return
        if self._settings.sends_start_notice:
            self._start_notices(sender, performers, routing)
        for performer in performers:
            self._pass_on(performer, sender, call, routing)
            self._play(performer, sender, routing)

    def take_notice(self, sender: Participant, call: Call, routing: Routing) -> None:
        """Route a notice. Refused SBX-HREF when no such document has passed or this sender has no part in it."""
        assert call.data is not None
        assert call.type is not None
        if routing.sender is not None and routing.sender != sender.member:
            raise Refused("SBX-SENDER", "from is not the number of this account")
        with self._lock:
            document = self._documents.get(routing.href)
        if document is None:
            raise Refused("SBX-HREF", "no document with this href has passed")
        self._lanes.require_room()
        if sender.code in document.performers:
            receivers: tuple[str, ...] = (document.sender,)
        elif sender.code == document.sender:
            receivers = document.performers
        else:
            raise Refused("SBX-HREF", "this account has no part in the document")
        self._note(sender, "notice.taken", call, routing, f"for {', '.join(receivers)}")
        for code in receivers:
            receiver = self._settings.by_code(code)
            if receiver is not None:
                self._pass_on(receiver, sender, call, routing)

    def take_other(self, sender: Participant, call: Call, routing: Routing) -> None:
        """A dictionary message: kept in the events, nobody answers it here."""
        self._note(sender, "message.kept", call, routing, "the sandbox has no answer to dictionary messages")

    def _pass_on(self, receiver: Participant, sender: Participant, call: Call, routing: Routing) -> None:
        """The data of a call as it came, to one receiver."""
        assert call.data is not None
        assert call.type is not None
        data = etree.tostring(call.data, encoding="unicode", with_tail=False)
        self._lanes.queue(
            Message(
                to=receiver,
                speaker=sender.code,
                names=sender.names,
                operation=call.type.name,
                href=routing.href,
                write=lambda _: data,
                source=call.message_id,
            )
        )

    def _performer(self, number: int) -> Participant:
        found = self._settings.by_member(number)
        if found is None:
            raise Refused("SBX-ADDRESSEE", f"no participant has the number {number}")
        if found.is_deleted or found.is_esedo != "1" or found.is_ready != "1":
            raise Refused("SBX-ADDRESSEE", f"participant {number} takes no documents")
        return found

    def _remember(self, sender: Participant, performers: tuple[Participant, ...], routing: Routing, call: Call) -> bool:
        """True when the href has passed before. Refused SBX-HREF when it is another's, or repeats are refused."""
        codes = tuple(one.code for one in performers)
        with self._lock:
            before = self._documents.get(routing.href)
            if before is not None and before.sender != sender.code:
                raise Refused("SBX-HREF", "this href belongs to another sender's document")
            if before is not None and self._settings.repeated_href == "refuse":
                raise Refused("SBX-HREF", "a document with this href has passed")
            if len(self._documents) >= MOST_DOCUMENTS:
                raise Refused("SBX-SIZE", "the sandbox remembers no more documents")
            meta = None if call.data is None else child(call.data, "metadataSystem")
            activity = child(meta, "activityId")
            self._documents[routing.href] = _Document(
                sender=sender.code,
                performers=codes if before is None else tuple(dict.fromkeys((*before.performers, *codes))),
                activity_id=str(self._new_id()) if activity is None else str(activity.text or ""),
            )
        return before is not None

    # --- what the centre says itself ---
    def _start_notices(self, sender: Participant, performers: tuple[Participant, ...], routing: Routing) -> None:
        speaks = self._settings.start_notice_from
        numbers = [one.member for one in performers] if speaks == "performer" else [self._settings.centre_member]
        for number in numbers:
            own = ("description", "Документ обработан")
            self._say(sender, number, routing.href, "stateStartProcessResponse", own)

    def _play(self, performer: Participant, sender: Participant, routing: Routing) -> None:
        """Answer in the name of a body the sandbox plays."""
        steps: dict[str, tuple[tuple[str, tuple[str, str] | None], ...]] = {
            "delivers": (("stateDelivered", None),),
            "registers": (
                ("stateDelivered", None),
                ("stateRegistered", ("regNo", f"EX-{performer.code}-{len(self._documents):05d}")),
            ),
            "refuses": (("stateDelivered", None), ("stateNotValid", ("isValidReason", "3"))),
        }
        for kind, own in steps.get(performer.plays, ()):
            self._say(sender, performer.member, routing.href, kind, own, speaks=performer)

    def _say(
        self,
        to: Participant,
        speaker: int,
        href: str,
        kind: str,
        own: tuple[str, str] | None,
        *,
        speaks: Participant | None = None,
    ) -> None:
        meta = metadata(
            activity_id=str(self._new_id()), sender=speaker, href=href, performers=(to.member,), sender_org=None
        )
        portal = [text_element("idPortalInternal", 0)] if kind in {"stateRegistered", "stateNotValid"} else []
        rest = [*portal, *([] if own is None else [text_element(*own)])]
        self._lanes.queue(
            Message(
                to=to,
                speaker=CENTRE if speaks is None else speaks.code,
                names=frozenset({CENTRE}) if speaks is None else speaks.names,
                operation=kind,
                href=href,
                write=lambda at: notice(kind, meta, text_element("date", national(at)), *rest),
            )
        )

    def _note(self, sender: Participant, what: str, call: Call, routing: Routing, outcome: str) -> None:
        self._events.add(
            sender.code,
            what,
            service=UNIVERSAL_SERVICE,
            operation=None if call.type is None else call.type.name,
            message_id=call.message_id,
            href=routing.href or None,
            outcome=outcome,
        )
