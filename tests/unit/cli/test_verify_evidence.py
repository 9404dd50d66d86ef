"""Evidence beside what is judged: given by the auditor, or asked for over the network, from hosts that are allowed."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

import signing
from adapter.composition.trust_services import OncePerAudit, TrustServices
from tests.unit.cli.conftest import Elshi
from tests.unit.signing import levels_material
from tests.unit.signing import xml_material as m

AT = f"{m.NOW:%Y-%m-%dT%H:%M:%SZ}"


@pytest.fixture
def under(tmp_path: Path) -> tuple[object, ...]:
    anchor = tmp_path / "anchor.pem"
    anchor.write_bytes(m.pki().anchor_pem())
    return ("--trust", anchor, "--at", AT, "--policy", "etsi-baseline", "--json")


@pytest.fixture
def container(tmp_path: Path) -> Path:
    path = tmp_path / "good.asice"
    path.write_bytes(m.good())
    return path


def test_status_that_the_auditor_gives_decides(
    elshi: Elshi, under: tuple[object, ...], container: Path, tmp_path: Path
) -> None:
    assert elshi("verify", container, *under, code=2).json["sub_indication"] == "TRY_LATER"
    answers = tmp_path / "answers"
    answers.mkdir()
    for number, der in enumerate(levels_material.statuses(m.head()).ocsp_responses):
        (answers / f"{number}.ocsp").write_bytes(der)
    row = elshi("verify", container, "--ocsp", answers, *under, code=0).json
    assert {one["origin"] for one in row["signatures"][0]["revocation"]} == {"given"}


def test_certificates_beside_it_are_trusted_for_nothing(
    elshi: Elshi, under: tuple[object, ...], container: Path, tmp_path: Path
) -> None:
    pem = b"-----BEGIN CERTIFICATE-----\r\n%b-----END CERTIFICATE-----\r\n" % base64.encodebytes(m.pki().intermediate)
    (tmp_path / "more.pem").write_bytes(pem)
    more = ("--certificate", tmp_path / "more.pem")
    assert elshi("verify", container, *more, *under, code=2).json["sub_indication"] == "TRY_LATER"


@pytest.mark.parametrize("option", ["--certificate", "--crl", "--ocsp"])
def test_evidence_that_cannot_be_read_is_told_before_anything_is_judged(
    elshi: Elshi, under: tuple[object, ...], container: Path, tmp_path: Path, option: str
) -> None:
    odd = [tmp_path / "none"]
    if option != "--ocsp":
        odd.append(tmp_path / "text.pem")
        odd[1].write_bytes(b"text")
    for path in odd:
        assert elshi("verify", container, option, path, *under, code=3).json["error"] == "verify.evidence-unreadable"


# --- over the network ------------------------------------------------------------------------------------------------
@pytest.fixture
def service() -> Iterator[Callable[[bytes, int], str]]:
    """Begins a trust service of one answer, on this machine; gives its address."""
    begun: list[ThreadingHTTPServer] = []

    def begin(answer: bytes, status: int = 200) -> str:
        class Service(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length", "0")))
                self.do_GET()

            def do_GET(self) -> None:
                self.send_response(status)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: Any) -> None:
                return

        server = ThreadingHTTPServer(("127.0.0.1", 0), Service)
        begun.append(server)
        Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}/"

    yield begin
    for server in begun:
        server.shutdown()
        server.server_close()


def test_an_allowed_host_is_asked(service: Callable[..., str]) -> None:
    url = service(b"answer")
    services = TrustServices(frozenset({"127.0.0.1"}))
    assert services.fetch(signing.FetchRequest(kind="crl", url=url), 100) == b"answer"
    asked = signing.FetchRequest(kind="ocsp", url=url, body=b"question", content_type="application/ocsp-request")
    assert services.fetch(asked, 100) == b"answer"


@pytest.mark.parametrize("why", ["host", "status", "size", "address", "nobody"])
def test_what_may_not_or_cannot_be_asked_is_a_refusal_that_says_why(service: Callable[..., str], why: str) -> None:
    url = service(b"answer" * 100, 404 if why == "status" else 200)
    url = {"address": "file:///etc/passwd", "nobody": "http://127.0.0.1:1/"}.get(why, url)
    hosts = frozenset({"ocsp.example"} if why == "host" else {"127.0.0.1"})
    with pytest.raises(signing.SigningError) as refused:
        TrustServices(hosts).fetch(signing.FetchRequest(kind="crl", url=url), 10 if why == "size" else 1000)
    assert refused.value.code == "signing.fetch-failed"
    assert refused.value.params["kind"] == "crl"


class Answering:
    """A fetcher that counts what it is asked."""

    def __init__(self, cause: str | None = None) -> None:
        self.asked: list[str] = []
        self.cause = cause

    def fetch(self, request: signing.FetchRequest, limit: int) -> bytes:
        self.asked.append(request.url)
        if self.cause is not None:
            raise signing.SigningError("signing.fetch-failed", kind=request.kind, host="h", cause=self.cause)
        return b"answer"


def test_one_audit_fetches_a_list_once_and_asks_each_question_about_a_status() -> None:
    inside = Answering()
    once = OncePerAudit(inside)
    for _ in range(3):
        assert once.fetch(signing.FetchRequest(kind="crl", url="http://h/crl"), 10) == b"answer"
        assert once.fetch(signing.FetchRequest(kind="ocsp", url="http://h/ocsp", body=b"q"), 10) == b"answer"
    assert inside.asked == ["http://h/crl", *["http://h/ocsp"] * 3]


@pytest.mark.parametrize(("cause", "times"), [("http.no-connection", 1), ("http.address-refused", 3), ("HTTP 404", 3)])
def test_a_host_that_is_not_there_is_asked_once(cause: str, times: int) -> None:
    inside = Answering(cause)
    once = OncePerAudit(inside)
    for _ in range(3):
        with pytest.raises(signing.SigningError):
            once.fetch(signing.FetchRequest(kind="ocsp", url="http://h/ocsp", body=b"q"), 10)
    assert len(inside.asked) == times
