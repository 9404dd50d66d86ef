"""EDS_TEMP_FILES: upload, download, confirm, ask about a file (reference, section 4).

One file per call: SHEP's limit is on the message. Each file has a status of its own, and the status of the whole call
may hide that a file failed: what counts is the identifier or the content that came for the very file. The values of the
codes are not published; the settings may list some, everything else is judged by what came.
The store forgets: what was granted in the answer counts, not what was asked for. Every call is harmless to repeat.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final as Constant

from lxml import etree

import schemas
from adapter.domain.outgoing import TravellingFile
from adapter.errors import ElshiError, Final, Retryable
from adapter.exchange.config import FilesConfig
from adapter.exchange.envelope import named, payload
from adapter.exchange.gateway import Gateway
from adapter.exchange.markup import Markup, child, children, element, instant, text
from adapter.ports import FetchedFile, Files

_log = logging.getLogger(__name__)

TEMP_STORAGE: Constant = "http://egov.bee.kz/eds/tempstorage/v2/"

_NAMELESS: Constant = "file"
_UNTYPED: Constant = "application/octet-stream"
_LONGEST_WORDS: Constant = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class UploadedFile:
    """Where a file went: the store's identifier, and when the store forgets it."""

    identifier: str
    expires_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class DownloadedFile:
    """A file that came, and whether the store wants to hear of it."""

    file: FetchedFile
    is_to_be_confirmed: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class _FileAnswer:
    """What the store says about one file.

    is_own  the file's status differs from that of the whole call: the call went well and the file is the matter
    """

    result: etree._Element
    code: str
    words: str
    is_own: bool

    @property
    def params(self) -> dict[str, object]:
        return {"code": self.code, "text": self.words}


@dataclass(frozen=True, kw_only=True, slots=True)
class FileStore:
    """The temporary file store, reached through the gateway."""

    gateway: Gateway

    @property
    def _settings(self) -> FilesConfig:
        return self.gateway.config.files

    def require_fit(self, files: Sequence[TravellingFile]) -> None:
        """Final `exchange.file-too-large` for the first file over the limit, before anything is uploaded."""
        for one in files:
            if one.size > self._settings.max_file_bytes:
                raise Final(
                    "exchange.file-too-large",
                    params={"file": one.name, "size": one.size, "limit": self._settings.max_file_bytes},
                )

    def upload(self, file: TravellingFile, *, files: Files, at: datetime) -> UploadedFile:
        """Upload one file.

        Raises Final `exchange.file-differs`, `exchange.file-refused`; Retryable `exchange.upload-failed`; what the
        gateway raises.
        """
        with files.open(file.sha256) as opened:
            content = opened.read(self._settings.max_file_bytes + 1)
        if len(content) != file.size or hashlib.sha256(content).hexdigest() != file.sha256:
            raise Final("exchange.file-differs", params={"file": file.name})
        process = file.sha256[:32]
        answer = self._ask("UPLOAD", self._upload_request(process, file, content), at=at)
        found = self._file_answer(answer, "uploadResponse", "uploadFileResults", "fileProcessIdentifier", process)
        identifier = None if found is None else text(found.result, "fileIdentifier")
        if found is None or identifier is None or found.code in self._refusing:
            params = {"file": file.name, **({} if found is None else found.params)}
            if found is not None and found.code in self._settings.refused_codes:
                raise Final("exchange.file-refused", params=params)
            raise Retryable("exchange.upload-failed", params=params)
        granted = _milliseconds(text(found.result, "lifeTime"))
        lifetime = self._settings.lifetime if granted is None else granted
        return UploadedFile(identifier=identifier, expires_at=at + lifetime)

    def download(self, identifier: str, *, at: datetime) -> DownloadedFile:
        """Download one file; confirming it is the caller's, once it needs no second download.

        Raises Final `exchange.file-gone` when the store has forgotten it; Retryable `exchange.download-failed`.
        """
        answer = self._ask("DOWNLOAD", _identifiers("downloadRequest", identifier), at=at)
        found = self._file_answer(answer, "downloadResponse", "fileDownloadResults", "fileIdentifier", identifier)
        content = None if found is None else child(found.result, "content")
        # An empty file has an empty `content`; a file that failed has none.
        if found is None or content is None or found.code in self._refusing:
            raise self._why_missing(identifier, found, at=at)
        fetched = FetchedFile(
            name=text(found.result, "meta", "name") or _NAMELESS,
            media_type=text(found.result, "meta", "mime") or _UNTYPED,
            content=_decoded(content),
        )
        stated = text(found.result, "meta", "size")
        if stated is not None and stated.isascii() and stated.isdigit() and int(stated[:19]) != len(fetched.content):
            raise Retryable("exchange.download-failed", params={"code": found.code, "text": "size"})
        asks = _is_true(text(found.result, "meta", "needToBeConfirmed"))
        return DownloadedFile(file=fetched, is_to_be_confirmed=self._settings.need_confirm or asks)

    @property
    def _refusing(self) -> frozenset[str]:
        settings = self._settings
        return frozenset((*settings.refused_codes, *settings.gone_codes, *settings.later_codes))

    def _why_missing(self, identifier: str, found: _FileAnswer | None, *, at: datetime) -> Final | Retryable:
        """Forgotten for good, or not to be had now. Only the first may end as "wrong link" at the sender, so it needs
        a ground: a listed code, facts that say deleted or expired, or twice a plain "this file: no" from a store that
        otherwise works.
        """
        if found is None:
            return Retryable("exchange.download-failed", params={"code": "", "text": ""})
        failed = Retryable("exchange.download-failed", params=found.params)
        if found.code in self._settings.later_codes:
            return failed
        gone = Final("exchange.file-gone", params=found.params)
        if found.code in self._settings.gone_codes or _is_past(child(found.result, "meta"), at):
            return gone
        answer = self._ask("GET_FILE_INFO", _identifiers("getFileInfoRequest", identifier), at=at)
        asked = self._file_answer(answer, "getFileInfoResponse", "fileInfoResults", "fileIdentifier", identifier)
        if asked is None:
            return failed
        facts = child(asked.result, "meta")
        if _is_past(facts, at) or (facts is None and found.is_own and asked.is_own):
            return gone
        return failed

    def confirm(self, identifier: str, *, at: datetime) -> None:
        """Tell the store that we have the file. A failure is told and no more: the bytes are here and stay here."""
        try:
            self._ask("CONFIRM", _identifiers("confirmRequest", identifier), at=at)
        except ElshiError as error:
            _log.warning("a downloaded file could not be confirmed: %s", error.code)

    # --- requests and answers -----------------------------------------------------------------------------------------
    def _ask(self, operation: str, part: Markup, *, at: datetime) -> etree._Element:
        """The tempStorageResponse. Retryable `exchange.store-unreadable` when there is none in the answer."""
        account = self.gateway.config.file_store
        credentials = element(
            "credentials",
            element("senderId", account.sender_id),
            element("password", account.password.reveal()),
        )
        # The children stand without prefix in either form: in the root's default namespace, or in none.
        declared = {"xmlns" if self._settings.qualified else "xmlns:t": TEMP_STORAGE}
        root = "tempStorageRequest" if self._settings.qualified else "t:tempStorageRequest"
        request = element(root, element("type", operation), part, credentials, attributes=declared)
        answer = self.gateway.ask(service=self.gateway.config.services.files, data=element("data", request), at=at)
        try:
            content = None if answer.data is None else payload(answer.data)
        except schemas.XmlRefused as error:
            raise Retryable("exchange.store-unreadable", params={"cause": error.code}) from error
        found = None if content is None else named(content, "tempStorageResponse")
        if found is None:
            raise Retryable("exchange.store-unreadable", params={"cause": "tempStorageResponse"})
        return found

    def _upload_request(self, process: str, file: TravellingFile, content: bytes) -> Markup:
        lifetime = self._settings.lifetime // timedelta(milliseconds=1)
        return element(
            "uploadRequest",
            element(
                "fileUploadRequests",
                element("fileProcessIdentifier", process),
                element("content", Markup(base64.b64encode(content))),
                element("name", file.name),
                element("mime", file.media_type),
                element("lifeTime", str(lifetime)),
                element("needToBeConfirmed", "true" if self._settings.need_confirm else "false"),
            ),
        )

    def _file_answer(
        self, answer: etree._Element, part: str, results: str, key: str, wanted: str
    ) -> _FileAnswer | None:
        """The result for the very file asked about; None when the answer has none, or several."""
        whole = child(answer, part)
        if whole is None:
            return None
        found = [one for one in children(whole, results) if text(one, key) == wanted]
        if len(found) != 1:
            return None
        code = text(found[0], "status", "code") or ""
        words = text(found[0], "status", "message") or text(found[0], "status", "status") or ""
        overall = text(whole, "status", "code") or ""
        return _FileAnswer(
            result=found[0],
            code=code,
            words=self.gateway.shown(words[:_LONGEST_WORDS]),
            is_own=bool(overall) and code != overall,
        )


def _identifiers(name: str, identifier: str) -> Markup:
    return element(name, element("fileIdentifiers", identifier))


def _decoded(content: etree._Element) -> bytes:
    try:
        return base64.b64decode("".join((text(content) or "").split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise Retryable("exchange.download-failed", params={"code": "", "text": "base64"}) from error


def _is_past(facts: etree._Element | None, at: datetime) -> bool:
    """Deleted or expired, by the store's own words."""
    if facts is None:
        return False
    expires = instant(text(facts, "expirationTime"))
    return _is_true(text(facts, "deleted")) or (expires is not None and expires <= at)


def _is_true(value: str | None) -> bool:
    return value in {"true", "1"}


def _milliseconds(value: str | None) -> timedelta | None:
    """A granted life time; None when it is absent or no number."""
    if value is None or not (value.isascii() and value.isdigit()):
        return None
    return timedelta(milliseconds=min(int(value[:15]), 10**13))
