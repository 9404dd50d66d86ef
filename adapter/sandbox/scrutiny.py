"""The strict eyes of the sandbox: what is wrong with a call, recorded as findings; heavy breaches are refused.

The checks of single parts stand in adapter/sandbox/examine.py; here is which of them a call, its data and its files are
owed, and what needs a memory: a message id that comes twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from threading import RLock

from lxml import etree

from adapter.sandbox.events import ProtocolFinding
from adapter.sandbox.examine import (
    Complaint,
    examine_document,
    examine_flatness,
    examine_security,
    examine_sequence,
    examine_transport,
    examine_type,
    instant,
    namespace,
)
from adapter.sandbox.file_store import FileStore
from adapter.sandbox.participants import Participant
from adapter.sandbox.reading import Call, Refused, TypeName, attached, routing_of
from adapter.sandbox.replies import Post
from adapter.sandbox.vocabulary import (
    DIRECTORY_FIELDS,
    GET_DATA,
    REQUEST_FIELDS,
    TEMP_STORAGE,
    TEMP_STORAGE_FIELDS,
    fields_of,
)
from adapter.sandbox.world import World

# Clocks of different machines differ; more than this is a clock that is wrong or a message that lay about.
_SKEW = timedelta(minutes=10)
_REMEMBERED_IDS = 10_000


class Scrutiny:
    """Looks at what comes in, and remembers message ids. Safe to use from several threads.

    Every look records what it finds; Refused SBX-REQUEST for a heavy breach, or for any when the settings say so.
    """

    def __init__(self, world: World, file_store: FileStore) -> None:
        self._settings = world.settings
        self._clock = world.clock
        self._events = world.events
        self._file_store = file_store
        self._seen_ids: dict[tuple[str, str], str] = {}
        self._lock = RLock()

    def look_at_call(self, sender: str, post: Post, call: Call) -> None:
        """The request around the data: headers, envelope, SendMessage, the type that the data claims."""
        root = call.request.getroottree().getroot()
        complaints = examine_transport(post.content_type, post.soap_action)
        complaints += examine_flatness(post.body, root) + examine_security(root)
        complaints += examine_sequence(call.request, REQUEST_FIELDS, form="", path="request")
        sent = instant(call.message_date)
        if sent is not None and sent.tzinfo is not None and abs(sent - self._clock.now()) > _SKEW:
            rule = "messageDate is the time of the message; a clock is wrong"
            complaints.append(
                Complaint(code="message-date-skew", path="requestInfo/messageDate", rule=rule, value=call.message_date)
            )
        if call.data is not None:
            complaints += examine_type(call.data, path="requestData/data")
            if namespace(call.data):
                rule = "data itself is unqualified"
                complaints.append(Complaint(code="inside-qualified", path="requestData/data", rule=rule))
        self._complain(sender, call.message_id, complaints)

    def look_at_data(self, sender: str, message_id: str, data: etree._Element, kind: TypeName) -> None:
        """A document or notice: its sequence, the requisites it travels by, the files it names."""
        fields = fields_of(kind.namespace, kind.name)
        path = f"data({kind.name})"
        complaints: list[Complaint] = []
        if fields is not None:
            complaints = examine_sequence(data, fields, form="", path=path)
        routing = routing_of(data)
        if not routing.href:
            rule = "the correlation key"
            complaints.append(Complaint(code="expected-element", path=f"{path}/metadataSystem/href", rule=rule))
        if routing.sender is None:
            rule = "tells who speaks"
            complaints.append(Complaint(code="expected-element", path=f"{path}/metadataSystem/from", rule=rule))
        if kind.name == "docOutgoing":
            complaints += examine_document(data, path=path)
            if routing.sender_org is None:
                rule = "the sender's number in the centre"
                here = f"{path}/metadataSystem/senderOrg"
                complaints.append(Complaint(code="expected-element", path=here, rule=rule))
            for identifier in attached(data):
                if not self._file_store.holds(identifier):
                    rule = "the store holds the file when the document leaves"
                    complaints.append(Complaint(code="file-not-there", path=f"{path}/attachments", rule=rule))
        self._complain(sender, message_id, complaints)

    def look_at_files(self, sender: str, message_id: str, request: etree._Element) -> None:
        """A request to the file store. Either form is taken, but one message has one form (reference, 4)."""
        form = TEMP_STORAGE if any(namespace(one) == TEMP_STORAGE for one in request) else ""
        complaints = examine_sequence(request, TEMP_STORAGE_FIELDS, form=form, path="tempStorageRequest")
        if namespace(request) != TEMP_STORAGE:
            rule = f"the root stands in {TEMP_STORAGE}"
            complaints.append(Complaint(code="not-qualified", path="tempStorageRequest", rule=rule))
        self._complain(sender, message_id, complaints)

    def look_at_query(self, sender: str, message_id: str, request: etree._Element) -> None:
        """A request to the directory."""
        complaints = examine_sequence(request, DIRECTORY_FIELDS, form=GET_DATA, path="Request")
        self._complain(sender, message_id, complaints)

    def look_for_repeats(self, participant: Participant, call: Call, digest: str) -> None:
        """One message id, two messages: ids are the sender's own, and nothing can be traced by a constant.

        digest  SHA-256 of the whole message
        """
        key = (participant.code, call.message_id)
        with self._lock:
            before = self._seen_ids.get(key)
            if len(self._seen_ids) >= _REMEMBERED_IDS:
                self._seen_ids.pop(next(iter(self._seen_ids)))
            self._seen_ids[key] = digest
        if before is not None and before != digest:
            rule = "a new message has a new id; a repeat has the same bytes"
            complaint = Complaint(code="message-id-reused", path="requestInfo/messageId", rule=rule)
            self._complain(participant.code, call.message_id, [complaint])

    def _complain(self, sender: str, message_id: str, complaints: Sequence[Complaint]) -> None:
        for one in complaints:
            is_refused = one.is_heavy or self._settings.refuses_findings
            self._events.find(
                ProtocolFinding(
                    code=one.code,
                    at=self._clock.now(),
                    participant=sender,
                    message_id=message_id or None,
                    path=one.path,
                    is_refused=is_refused,
                    value=one.value,
                    rule=one.rule,
                )
            )
        heavy = [one for one in complaints if one.is_heavy or self._settings.refuses_findings]
        if heavy:
            raise Refused("SBX-REQUEST", "; ".join(f"{one.code} {one.path}" for one in heavy)[:500])
