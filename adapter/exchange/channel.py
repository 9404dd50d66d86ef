"""ESEDO behind both channel ports: OutgoingChannel (prepare, send) and IncomingChannel (open, interpret, fetch_files).

Secrets: the stored envelope holds the channel's password, because the schema puts it into the signed Body. The exact
bytes live in the store only; for a log, a page or a folder that leaves the house there is `redacted`.

`open`, in this order; whatever is wrong with the bytes becomes a REFUSED entry and a signed fault, never an exception:
1. size, XML under limits, one Body       ELSHI-SIZE, ELSHI-XML
2. signed wrongly, or by another          ELSHI-SIGNATURE
3. a SendMessage request                  ELSHI-REQUEST
4. unsigned, or only trust is missing     HELD with SCSS001, or ELSHI-UNSIGNED, by `gateway.unsigned_push`
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final as Constant

from lxml import etree

import schemas
from adapter.domain.document import Sha256
from adapter.domain.incoming import Interpreted, JournalState, NotUnderstood
from adapter.domain.outgoing import Content, OutgoingDocument, OutgoingNotice, TravellingFile
from adapter.domain.receipt import MessageVerdict
from adapter.exchange import documents, envelope, notices
from adapter.exchange.config import ExchangeConfig
from adapter.exchange.file_store import DownloadedFile, FileStore, UploadedFile
from adapter.exchange.gateway import Gateway, Judged, refusal_of
from adapter.exchange.markup import ALMATY, Markup, local
from adapter.exchange.passing_files import PassingFiles
from adapter.ports import Accepted, AddressBook, FetchedFile, Files, Opened, Prepared

_SUCCESS_TEXT: Constant = "Message has been processed successfully"
_SUCCESS_STATUS: Constant = 200
_FAULT_STATUS: Constant = 500
"""SOAP 1.1, section 6.2: a fault travels under 500."""
_LONGEST_MESSAGE_ID: Constant = 255
_LONGEST_TYPE: Constant = 300
_ENOUGH_LIFE: Constant = timedelta(minutes=30)
"""An upload of an earlier try is named only while the store keeps it that much longer: a resend must still find it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Refusal:
    """Why we do not take a message: our code for the journal, the fault's code and words for the caller."""

    code: str
    fault: str
    words: str


_TOO_LARGE: Constant = _Refusal(
    code="exchange.push-too-large", fault="ELSHI-SIZE", words="Сообщение больше допустимого размера"
)
_NOT_XML: Constant = _Refusal(
    code="exchange.push-not-xml", fault="ELSHI-XML", words="Сообщение не является допустимым конвертом SOAP 1.1"
)
_BAD_SIGNATURE: Constant = _Refusal(
    code="exchange.push-signature", fault="ELSHI-SIGNATURE", words="Подпись конверта не прошла проверку"
)
_NO_REQUEST: Constant = _Refusal(
    code="exchange.push-no-request", fault="ELSHI-REQUEST", words="В теле сообщения нет запроса SendMessage"
)
_UNSIGNED: Constant = _Refusal(
    code="exchange.push-unverified",
    fault="ELSHI-UNSIGNED",
    words="Конверт не подписан или его подпись невозможно проверить",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class EsedoChannel:
    """Both channel ports over one gateway."""

    gateway: Gateway
    file_store: FileStore
    address_book: AddressBook
    uploads: PassingFiles[UploadedFile] = field(default_factory=PassingFiles)
    downloads: PassingFiles[DownloadedFile] = field(default_factory=PassingFiles)

    @property
    def _config(self) -> ExchangeConfig:
        return self.gateway.config

    # --- out ----------------------------------------------------------------------------------------------------------
    def prepare(self, content: Content, *, message_id: str, files: Files, at: datetime) -> Prepared:
        """Upload the files, build the message, sign it and verify what was signed; see OutgoingChannel."""
        if isinstance(content, OutgoingNotice):
            return self._prepared(self._notice(content, at=at), message_id, None, at=at)
        self.file_store.require_fit(content.files)
        performer = self._performer(content, at=at)
        uploaded = [self._uploaded(one, message_id, files, at=at) for one in content.files]
        activity = self._new_id()
        data = documents.data_of(
            content,
            files=[one.identifier for one in uploaded],
            performer=performer,
            activity=activity,
            section=activity if self._config.document.activity_id == "same" else self._new_id(),
            at=at,
            config=self._config,
        )
        expire_at = min((one.expires_at for one in uploaded), default=None)
        prepared = self._prepared(data, message_id, expire_at, at=at)
        self.uploads.forget(message_id)
        return prepared

    def _uploaded(self, file: TravellingFile, message_id: str, files: Files, *, at: datetime) -> UploadedFile:
        """Uploaded now, or by a try of this message before that failed at another file."""
        return self.uploads.get_or(
            message_id,
            f"{file.sha256} {file.name}",
            lambda: self.file_store.upload(file, files=files, at=at),
            at=at,
            size=lambda _: 0,
            usable=lambda one: one.expires_at - at > _ENOUGH_LIFE,
        )

    def send(self, message: bytes, *, at: datetime, leave_within: timedelta | None = None) -> Accepted:
        """One POST of exactly these bytes; see OutgoingChannel and the table in faults.py."""
        answered = self.gateway.post(message, at=at, leave_within=leave_within)
        return Accepted(
            answer=answered.raw,
            verdict=answered.verdict,
            code=answered.answer.code,
            text=answered.answer.words,
        )

    def _notice(self, content: OutgoingNotice, *, at: datetime) -> Markup:
        # The participant that spoke to us is answered under its own number, also when the directory has lost it.
        performer = content.notice.addressee or self._performer(content, at=at)
        return notices.data_of(content.notice, performer=performer, activity=self._new_id(), at=at, config=self._config)

    def _performer(self, content: OutgoingDocument | OutgoingNotice, *, at: datetime) -> str:
        return self.address_book.find(content.addressee, on=at.astimezone(ALMATY).date()).member

    def _prepared(self, data: Markup, message_id: str, expire_at: datetime | None, *, at: datetime) -> Prepared:
        unsigned = envelope.request(
            service=self._config.services.esedo,
            route=self._config.services.esedo_route,
            account=self._config.account,
            message_id=message_id,
            at=at,
            data=data,
        )
        return Prepared(message=self.gateway.sign(unsigned, at=at), message_id=message_id, files_expire_at=expire_at)

    def _new_id(self) -> str:
        return str(self.gateway.identifiers.new())

    # --- in -----------------------------------------------------------------------------------------------------------
    def open(self, raw: bytes, *, at: datetime) -> Opened:
        """Judge a raw request; see IncomingChannel and the steps above."""
        digest = f"sha256:{hashlib.sha256(raw).hexdigest()}"
        if len(raw) > schemas.ENVELOPE_LIMITS.max_bytes:
            return self._refused(_TOO_LARGE, digest, MessageVerdict.UNVERIFIED, at=at)
        judged = self.gateway.judge(raw, at=at)
        if judged.body is None:
            code = refusal_of(raw) or _NOT_XML.code
            return self._refused(_NOT_XML, digest, MessageVerdict.UNVERIFIED, code=code, at=at)
        said = envelope.read(judged.body)
        message_id = _usable_id(said) or digest
        if judged.verdict is MessageVerdict.FAILED:
            return self._refused(_BAD_SIGNATURE, message_id, judged.verdict, at=at)
        if not isinstance(said, envelope.Request):
            return self._refused(_NO_REQUEST, message_id, judged.verdict, at=at)
        return self._taken(said, judged, message_id, at=at)

    def interpret(self, raw: bytes) -> Interpreted:
        """What a stored message says; see IncomingChannel and the function below."""
        repairs = self._config.notices.encoding_repair == "display_only"
        return interpret(raw, own=str(self._config.participant.member), repairs=repairs)

    def fetch_files(self, identifiers: Sequence[str], *, at: datetime) -> tuple[FetchedFile, ...]:
        """Download, one call for each; see IncomingChannel.

        A try that fails at one file keeps the others in memory for the next one.
        """
        whole = " ".join(identifiers)
        found = [self._downloaded(one, whole, at=at) for one in identifiers]
        self.downloads.forget(whole)
        return tuple(
            replace(downloaded.file, awaits_confirmation=downloaded.is_to_be_confirmed) for downloaded in found
        )

    def confirm_files(self, identifiers: Sequence[str], *, at: datetime) -> None:
        """One call for each; see IncomingChannel."""
        for one in identifiers:
            self.file_store.confirm(one, at=at)

    def _downloaded(self, identifier: str, whole: str, *, at: datetime) -> DownloadedFile:
        return self.downloads.get_or(
            whole,
            identifier,
            lambda: self.file_store.download(identifier, at=at),
            at=at,
            size=lambda one: len(one.file.content),
        )

    # --- answers ------------------------------------------------------------------------------------------------------
    def _taken(self, said: envelope.Request, judged: Judged, message_id: str, *, at: datetime) -> Opened:
        is_verified = judged.verdict is MessageVerdict.VERIFIED
        if not is_verified and self._config.gateway.unsigned_push == "reject":
            return self._refused(_UNSIGNED, message_id, judged.verdict, at=at)
        is_echo = self._config.receiver.answer_message_id == "echo" and _usable_id(said) is not None
        answer = envelope.answer(
            message_id=message_id if is_echo else self._new_id(),
            correlation_id=_usable_id(said),
            at=at,
            code=self._config.codes.success[0],
            words=_SUCCESS_TEXT,
        )
        return Opened(
            message_id=message_id,
            verdict=judged.verdict,
            state=JournalState.RECEIVED if is_verified else JournalState.HELD,
            answer=self._signed(answer, at=at),
            status=_SUCCESS_STATUS,
            code=None if is_verified else _UNSIGNED.code,
        )

    def _refused(
        self,
        refusal: _Refusal,
        message_id: str,
        verdict: MessageVerdict,
        *,
        at: datetime,
        code: str | None = None,
    ) -> Opened:
        answer = envelope.fault(code=refusal.fault, words=refusal.words, at=at, is_senders=True)
        return Opened(
            message_id=message_id,
            verdict=verdict,
            state=JournalState.REFUSED,
            answer=self._signed(answer, at=at),
            status=_FAULT_STATUS,
            code=code or refusal.code,
        )

    def _signed(self, answer: bytes, *, at: datetime) -> bytes:
        return self.gateway.sign(answer, at=at) if self._config.receiver.sign_answer else answer


def interpret(raw: bytes, *, own: str | None = None, repairs: bool = True) -> Interpreted:
    """What a message says; one that cannot be read is NotUnderstood and never an exception.

    Needs no settings, so that an auditor can read a message too. `own` and `repairs`: see notices.incoming.
    Not checked here: any signature.
    """
    try:
        body = envelope.sole_body(schemas.parse_untrusted(raw, schemas.ENVELOPE_LIMITS))
        said = None if body is None else envelope.read(body)
        if not isinstance(said, envelope.Request):
            return NotUnderstood(what=_NO_REQUEST.code)
        if said.data is None:
            return NotUnderstood(what="exchange.push-no-data")
        content = envelope.business(said.data)
    except schemas.XmlRefused as error:
        return NotUnderstood(what=error.code)
    type_ = envelope.type_of(content)
    if type_ == documents.DOC_OUTGOING:
        return documents.incoming(content)
    kind = None if type_ is None else notices.KIND_OF.get(type_)
    if kind is not None:
        digest = Sha256(hashlib.sha256(raw).hexdigest())
        return notices.incoming(content, kind, raw=digest, own=own, repairs=repairs)
    return NotUnderstood(what=_shown_type(type_, content))


def _usable_id(said: object) -> str | None:
    """The request's messageId; None when there is none, or one too long to be an id."""
    found = said.message_id if isinstance(said, envelope.Request) else None
    return found if found is not None and len(found) <= _LONGEST_MESSAGE_ID else None


def _shown_type(type_: tuple[str, str] | None, content: etree._Element) -> str:
    """A type nobody knows, as the exchange named it: {namespace}name."""
    shown = f"{{{type_[0]}}}{type_[1]}" if type_ is not None else local(content)
    return shown[:_LONGEST_TYPE]


# --- display ---------------------------------------------------------------------------------------------------------
_SECRET_PARENTS: Constant = frozenset({"sender", "credentials"})
_SECRETS: Constant = frozenset({"password", "login"})
_BLANK: Constant = "***"


def redacted(message: bytes) -> bytes:
    """A copy of a message for logs and evidence: account names and passwords blanked, so its signature no longer holds.

    Blanked are the children of `sender` and `credentials` and every element named password or login, in any case, in
    any namespace. What is no XML that we take is left out altogether: it cannot be searched for secrets.
    """
    try:
        root = schemas.parse_untrusted(message, schemas.ENVELOPE_LIMITS)
    except schemas.XmlRefused as error:
        return f"<!-- not shown: {error.code} -->".encode()
    for node in list(root.iter("*")):
        parent = node.getparent()
        is_in_account = parent is not None and local(parent) in _SECRET_PARENTS
        if is_in_account or local(node).casefold() in _SECRETS:
            for inner in list(node):
                node.remove(inner)
            node.text = _BLANK
    return etree.tostring(root, encoding="UTF-8")
