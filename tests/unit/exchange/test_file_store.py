"""EDS_TEMP_FILES: each file by itself."""

from __future__ import annotations

import base64
import hashlib
import io
from dataclasses import replace
from datetime import timedelta
from typing import Any, BinaryIO

import pytest
from lxml import etree

import schemas
from adapter.domain.document import Sha256
from adapter.domain.outgoing import TravellingFile
from adapter.errors import ElshiError, Final, OutcomeUnknown, Retryable
from adapter.exchange.config import FilesConfig
from adapter.exchange.file_store import FileStore
from tests.unit.exchange import kit

CONTENT = b"Example"
SHA = Sha256(hashlib.sha256(CONTENT).hexdigest())
FILE = TravellingFile(
    name="есеп & отчёт.asice", media_type="application/vnd.etsi.asic-e+zip", size=len(CONTENT), sha256=SHA
)
T = "http://egov.bee.kz/eds/tempstorage/v2/"


class Blobs:
    def __init__(self, content: bytes = CONTENT) -> None:
        self.content = content

    def open(self, sha256: Sha256) -> BinaryIO:
        return io.BytesIO(self.content)


def status(code: str = "EXAMPLE_OK", message: str = "") -> str:
    return f"<status><code>{code}</code><status>OK</status><message>{message}</message></status>"


def stored(part: str, results: str, overall: str = "EXAMPLE_OK", namespace: str = f' xmlns="{T}"') -> str:
    kind = {"upload": "UPLOAD", "download": "DOWNLOAD", "confirm": "CONFIRM", "getFileInfo": "GET_FILE_INFO"}[part]
    return (
        f"<tempStorageResponse{namespace}><type>{kind}</type><{part}Response>{results}{status(overall)}</{part}Response>"
        "</tempStorageResponse>"
    )


def uploaded(
    process: str = SHA[:32], identifier: str = "<fileIdentifier>TF-1</fileIdentifier>", code: str = "EXAMPLE_OK"
) -> str:
    return (
        f"<uploadFileResults><fileProcessIdentifier>{process}</fileProcessIdentifier>{status(code)}{identifier}"
        "<lifeTime>60000</lifeTime></uploadFileResults>"
    )


def meta(deleted: str = "false", expires: str = "2026-11-20T16:00:00.000+05:00", more: str = "", size: int = 7) -> str:
    return (
        "<meta><name>letter.pdf</name><mime>application/pdf</mime><uploadDate>2026-11-20T08:00:00.000+05:00</uploadDate>"
        f"<uploaderSystem><id>p</id></uploaderSystem><expirationTime>{expires}</expirationTime>{more}<size>{size}</size>"
        f"<deleted>{deleted}</deleted><confirmed>false</confirmed></meta>"
    )


def downloaded(content: str = "<content>RXhhbXBsZQ==</content>", facts: str = meta(), code: str = "EXAMPLE_OK") -> str:
    return f"<fileDownloadResults>{status(code)}<fileIdentifier>TF-7</fileIdentifier>{content}{facts}</fileDownloadResults>"


def informed(facts: str = "", code: str = "EXAMPLE_OK") -> str:
    return f"<fileInfoResults>{status(code)}<fileIdentifier>TF-7</fileIdentifier>{facts}</fileInfoResults>"


def reply(content: str) -> Any:
    return kit.http(kit.signed(kit.answer(data=f"<data>{content}</data>")))


def store(*answers: Any, **settings: Any) -> tuple[FileStore, kit.CannedHttp]:
    http = kit.CannedHttp([reply(one) if isinstance(one, str) else one for one in answers])
    return FileStore(gateway=kit.gateway(http, kit.config(files=FilesConfig(**settings)))), http


def request_in(message: bytes) -> etree._Element:
    found = schemas.parse_untrusted(message).find(f".//{{{T}}}tempStorageRequest")
    assert found is not None
    return found


# --- upload ----------------------------------------------------------------------------------------------------------
def test_an_upload_gives_the_identifier_and_the_granted_life() -> None:
    one, http = store(stored("upload", uploaded()))
    found = one.upload(FILE, files=Blobs(), at=kit.AT)
    assert (found.identifier, found.expires_at) == ("TF-1", kit.AT + timedelta(seconds=60))
    assert http.repeatable == [True]


def test_the_life_asked_for_counts_when_none_is_granted() -> None:
    for granted in ("", "<lifeTime/>", "<lifeTime>long</lifeTime>"):
        one, _ = store(stored("upload", uploaded().replace("<lifeTime>60000</lifeTime>", granted)))
        assert one.upload(FILE, files=Blobs(), at=kit.AT).expires_at == kit.AT + timedelta(hours=8)


@pytest.mark.parametrize(
    ("qualified", "schema"),
    [(False, "tempstorage/v2-mixed"), (True, "tempstorage/v2")],
    ids=["children-plain", "qualified"],
)
def test_what_we_ask_satisfies_the_schema_in_both_forms(qualified: bool, schema: str) -> None:
    one, http = store(
        stored("upload", uploaded()),
        stored("download", downloaded()),
        stored("confirm", ""),
        qualified=qualified,
        need_confirm=True,
    )
    one.upload(FILE, files=Blobs(), at=kit.AT)
    one.download("TF-7", at=kit.AT)
    one.confirm("TF-7", at=kit.AT)
    assert len(http.posted) == 3
    for message in http.posted:
        assert schemas.validate(etree.tostring(request_in(message)), schema) == ()


def test_the_upload_holds_the_bytes_the_name_and_the_account() -> None:
    one, http = store(stored("upload", uploaded()))
    one.upload(FILE, files=Blobs(), at=kit.AT)
    request = request_in(http.posted[0])
    assert base64.b64decode(request.findtext(".//content") or "") == CONTENT
    assert request.findtext(".//name") == FILE.name
    assert request.findtext(".//lifeTime") == "28800000"
    assert request.findtext("credentials/senderId") == "elshi_files"
    assert request.findtext("credentials/password") == kit.FILE_SECRET
    assert kit.CHANNEL_SECRET.encode() in http.posted[0]


@pytest.mark.parametrize(
    "results",
    [
        "",
        uploaded(identifier=""),
        uploaded(identifier="<fileIdentifier/>"),
        uploaded(process="another"),
        uploaded() + uploaded(),
        uploaded(identifier="", code="EXAMPLE_ERROR"),
    ],
)
def test_an_overall_success_hides_no_failed_file(results: str) -> None:
    one, _ = store(stored("upload", results))
    with pytest.raises(Retryable) as caught:
        one.upload(FILE, files=Blobs(), at=kit.AT)
    assert caught.value.code == "exchange.upload-failed"


def test_a_listed_status_refuses_the_file_for_good() -> None:
    one, _ = store(stored("upload", uploaded(code="BAD_TYPE")), refused_codes=("BAD_TYPE",))
    with pytest.raises(Final) as caught:
        one.upload(FILE, files=Blobs(), at=kit.AT)
    assert (caught.value.code, caught.value.params["code"]) == ("exchange.file-refused", "BAD_TYPE")


@pytest.mark.parametrize("content", [b"Exampl", b"Example!", b"examplE"])
def test_other_bytes_than_those_that_were_signed_are_not_uploaded(content: bytes) -> None:
    one, http = store(stored("upload", uploaded()))
    with pytest.raises(Final) as caught:
        one.upload(FILE, files=Blobs(content), at=kit.AT)
    assert caught.value.code == "exchange.file-differs"
    assert http.posted == []


def test_the_limit_is_held_before_anything_is_uploaded() -> None:
    one, _ = store("", max_file_bytes=100)
    one.require_fit([replace(FILE, size=100)])
    with pytest.raises(Final) as caught:
        one.require_fit([FILE, replace(FILE, size=101)])
    assert dict(caught.value.params) == {"file": FILE.name, "size": 101, "limit": 100}


def test_a_file_of_exactly_the_limit_fits_the_message() -> None:
    content = b"\xff" * (10 * 1024 * 1024)
    sha = Sha256(hashlib.sha256(content).hexdigest())
    one, http = store(stored("upload", uploaded(process=sha[:32])))
    one.upload(replace(FILE, size=len(content), sha256=sha), files=Blobs(content), at=kit.AT)
    assert 13_900_000 < len(http.posted[0]) <= 15_000_000


def test_an_upload_never_ends_in_an_unknown_outcome() -> None:
    for answer in (OutcomeUnknown("http.no-answer"), kit.http(b"<html/>"), kit.http(b"", 504), kit.http(b"x", 500)):
        one, _ = store(answer)
        with pytest.raises(Retryable):
            one.upload(FILE, files=Blobs(), at=kit.AT)


@pytest.mark.parametrize("data", ["", "<a/>", "text", "&lt;!DOCTYPE a>&lt;a/>"])
def test_an_answer_without_the_stores_part_is_retried(data: str) -> None:
    one, _ = store(data)
    with pytest.raises(Retryable) as caught:
        one.upload(FILE, files=Blobs(), at=kit.AT)
    assert caught.value.code == "exchange.store-unreadable"


@pytest.mark.parametrize(
    "content",
    [
        stored("upload", uploaded()),
        stored("upload", uploaded(), namespace=""),
        stored("upload", uploaded()).replace("<", "&lt;"),
        f'<t:tempStorageResponse xmlns:t="{T}"><uploadResponse>{uploaded()}</uploadResponse></t:tempStorageResponse>',
        f'<x:tempStorageResponse xmlns:x="urn:x"><x:uploadResponse>{status()}{uploaded()}</x:uploadResponse><type/></x:tempStorageResponse>',
    ],
)
def test_reads_every_form_of_the_answer_seen(content: str) -> None:
    one, _ = store(content)
    assert one.upload(FILE, files=Blobs(), at=kit.AT).identifier == "TF-1"


# --- download --------------------------------------------------------------------------------------------------------
def test_a_download_gives_name_type_and_bytes_and_does_not_confirm_unasked() -> None:
    one, http = store(stored("download", downloaded()))
    found = one.download("TF-7", at=kit.AT)
    file = found.file
    assert (file.name, file.media_type, file.content) == ("letter.pdf", "application/pdf", CONTENT)
    assert not found.is_to_be_confirmed
    assert len(http.posted) == 1


def test_a_download_is_to_be_confirmed_when_its_facts_or_the_settings_ask_for_it() -> None:
    asked = meta(more="<needToBeConfirmed>true</needToBeConfirmed>")
    one, _ = store(stored("download", downloaded(facts=asked)))
    assert one.download("TF-7", at=kit.AT).is_to_be_confirmed
    one, http = store(stored("download", downloaded()), stored("confirm", ""), need_confirm=True)
    assert one.download("TF-7", at=kit.AT).is_to_be_confirmed
    one.confirm("TF-7", at=kit.AT)
    assert request_in(http.posted[1]).findtext("confirmRequest/fileIdentifiers") == "TF-7"


def test_a_confirmation_that_fails_is_no_error() -> None:
    one, http = store(kit.http(b"", 503))
    one.confirm("TF-7", at=kit.AT)
    assert len(http.posted) == 1


def test_a_life_of_nothing_is_not_the_life_asked_for() -> None:
    one, _ = store(stored("upload", uploaded().replace("60000", "0")))
    assert one.upload(FILE, files=Blobs(), at=kit.AT).expires_at == kit.AT


def test_a_file_without_facts_has_a_neutral_name_and_an_empty_one_no_bytes() -> None:
    one, _ = store(stored("download", downloaded("<content/>", facts="")))
    found = one.download("TF-7", at=kit.AT).file
    assert (found.name, found.media_type, found.content) == ("file", "application/octet-stream", b"")


@pytest.mark.parametrize(
    "content", ["<content>не base64</content>", "<content>RXhhbX</content>", "<content>AAAA</content>"]
)
def test_damaged_content_is_asked_for_again(content: str) -> None:
    one, _ = store(stored("download", downloaded(content)))
    with pytest.raises(Retryable):
        one.download("TF-7", at=kit.AT)


BAD = "EXAMPLE_ERROR"
GONE: list[tuple[str, str, dict[str, Any]]] = [
    (stored("download", downloaded("", meta(deleted="true"), BAD)), "", {}),
    (stored("download", downloaded("", meta(expires="2026-11-20T10:15:00.000+05:00"), BAD)), "", {}),
    (stored("download", downloaded("", "", "NO_FILE")), "", {"gone_codes": ("NO_FILE",)}),
    (stored("download", downloaded("", "", BAD)), stored("getFileInfo", informed("", BAD)), {}),
    (stored("download", downloaded("", "", BAD)), stored("getFileInfo", informed(meta(deleted="true"))), {}),
]


@pytest.mark.parametrize(("download", "info", "settings"), GONE)
def test_a_file_is_gone_only_on_a_ground(download: str, info: str, settings: dict[str, Any]) -> None:
    one, _ = store(*([download, info] if info else [download]), **settings)
    with pytest.raises(Final) as caught:
        one.download("TF-7", at=kit.AT)
    assert caught.value.code == "exchange.file-gone"


NOT_NOW: list[tuple[str, str, dict[str, Any]]] = [
    (stored("download", ""), "", {}),
    (stored("download", downloaded("", "", "BUSY")), "", {"later_codes": ("BUSY",)}),
    (stored("download", downloaded("", meta(), BAD)), stored("getFileInfo", informed(meta())), {}),
    # a wrong password: every file fails and the whole call does
    (stored("download", downloaded("", "", BAD), BAD), stored("getFileInfo", informed("", BAD), BAD), {}),
    (stored("download", downloaded("", "", BAD)), stored("getFileInfo", ""), {}),
    (stored("download", downloaded(code="BUSY")), stored("getFileInfo", informed(meta())), {"later_codes": ("BUSY",)}),
]


@pytest.mark.parametrize(("download", "info", "settings"), NOT_NOW)
def test_everything_else_is_only_not_now(download: str, info: str, settings: dict[str, Any]) -> None:
    one, _ = store(*([download, info] if info else [download]), **settings)
    with pytest.raises(Retryable) as caught:
        one.download("TF-7", at=kit.AT)
    assert caught.value.code == "exchange.download-failed"


def test_no_secret_is_in_any_error_of_the_store() -> None:
    failed = uploaded(identifier="").replace("<message></message>", f"<message>{kit.FILE_SECRET}</message>")
    one, _ = store(stored("upload", failed))
    with pytest.raises(ElshiError) as caught:
        one.upload(FILE, files=Blobs(), at=kit.AT)
    assert caught.value.params["text"] == "***"
