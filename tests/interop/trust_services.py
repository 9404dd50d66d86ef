"""The sandbox's trust services around the real now, in memory for us and on loopback for programs that ask over HTTP.

Foreign programs judge at the time of the machine's clock, so this PKI is valid around it; the clock is read once.
"""

from __future__ import annotations

import atexit
import hashlib
import threading
from datetime import UTC, datetime, timedelta
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from signing.fetcher import FetchRequest
from signing.keys import SigningKey
from signing.sandbox_pki import IssuedKey, SandboxPki
from signing.sandbox_services.tsa import SandboxTsa
from signing.timestamp import TimeStampAuthority
from signing.trust_anchors import TrustAnchors

BIN = "123456789012"
NOW = datetime.now(UTC).replace(microsecond=0)
"""When this run began."""


def now() -> datetime:
    """The machine's clock."""
    return datetime.now(UTC)


@cache
def pki() -> SandboxPki:
    return SandboxPki.create(not_before=NOW - timedelta(days=30), not_after=NOW + timedelta(days=400))


@cache
def issued(kind: str, key: str = "rsa-2048", name: str = "Үлгі Б.") -> IssuedKey:
    return pki().issue(kind, name, "Үлгі министрлігі", bin=BIN, key=key)  # type: ignore[arg-type]


def key_of(kind: str, key: str = "rsa-2048", name: str = "Үлгі Б.") -> SigningKey:
    return issued(kind, key, name).signing_key()


@cache
def stranger() -> SigningKey:
    """A key under another root of the same name."""
    other = SandboxPki.create(not_before=pki().not_before, not_after=pki().not_after)
    return other.issue("head", "Үлгі Б.", "Үлгі министрлігі", bin=BIN, key="ec-p256").signing_key()


@cache
def anchors() -> TrustAnchors:
    return pki().trust_anchors()


@cache
def tsa() -> SandboxTsa:
    return SandboxTsa(key=issued("tsa", "rsa-2048", "SANDBOX TSA"), clock=now)


def authority() -> TimeStampAuthority:
    numbers = iter(range(1, 1000))
    return TimeStampAuthority(url="http://sandbox/tsa", fetcher=InMemory(), nonce=lambda: next(numbers), clock=now)


# --- status --------------------------------------------------------------------------------------------------------
def _issuer_key(issuer: bytes) -> object:
    return pki()._root_key if issuer == pki().root else pki()._intermediate_key


@cache
def certificate_list(issuer: bytes) -> bytes:
    """DER of the CRL of one of the two authorities; nothing is revoked."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(x509.load_der_x509_certificate(issuer).subject)
        .last_update(NOW - timedelta(minutes=1))
        .next_update(NOW + timedelta(days=1))
        .add_extension(x509.CRLNumber(1), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(_issuer_key(issuer).public_key()),  # type: ignore[attr-defined]
            critical=False,
        )
    )
    return builder.sign(_issuer_key(issuer), hashes.SHA256()).public_bytes(Encoding.DER)  # type: ignore[arg-type]


def ocsp_answer(request: bytes) -> bytes:
    """DER of the OCSPResponse to a question about one certificate: good, signed by the delegated responder.

    The root answers for itself.
    """
    asked = ocsp.load_der_ocsp_request(request)
    issuer = _issuer_of(asked)
    moment = now().replace(microsecond=0)
    is_root = issuer == pki().root
    responder = x509.load_der_x509_certificate(pki().root if is_root else issued("ocsp-responder").certificate)
    builder = (
        ocsp.OCSPResponseBuilder()
        .add_response_by_hash(
            issuer_name_hash=asked.issuer_name_hash,
            issuer_key_hash=asked.issuer_key_hash,
            serial_number=asked.serial_number,
            algorithm=asked.hash_algorithm,
            cert_status=ocsp.OCSPCertStatus.GOOD,
            this_update=moment,
            next_update=moment + timedelta(hours=1),
            revocation_time=None,
            revocation_reason=None,
        )
        .responder_id(ocsp.OCSPResponderEncoding.HASH, responder)
    )
    for extension in asked.extensions:
        if isinstance(extension.value, x509.OCSPNonce):
            builder = builder.add_extension(extension.value, critical=False)
    if not is_root:
        builder = builder.certificates([responder])
    key = pki()._root_key if is_root else issued("ocsp-responder").private_key
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)  # type: ignore[arg-type]


def _issuer_of(asked: ocsp.OCSPRequest) -> bytes:
    for issuer in (pki().root, pki().intermediate):
        key = x509.load_der_x509_certificate(issuer).extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
        if asked.hash_algorithm.name == "sha1" and key.value.digest == asked.issuer_key_hash:
            return issuer
        name = x509.load_der_x509_certificate(issuer).subject.public_bytes()
        if hashlib.new(asked.hash_algorithm.name, name).digest() == asked.issuer_name_hash:
            return issuer
    raise ValueError("not an issuer of this PKI")


# --- reached in memory and over HTTP -------------------------------------------------------------------------------
class InMemory:
    """Implements signing.Fetcher."""

    def fetch(self, request: FetchRequest, limit: int) -> bytes:
        answer = _answer(request.url.split("/", 3)[3], request.body)
        assert len(answer) <= limit
        return answer


def _answer(path: str, body: bytes | None) -> bytes:
    if path == "tsa" and body is not None:
        return tsa().answer(body)
    if path == "ocsp" and body is not None:
        return ocsp_answer(body)
    for issuer in (pki().root, pki().intermediate):
        if path == "crl/" + hashlib.sha256(issuer).hexdigest():
            return certificate_list(issuer)
    raise ValueError(path)


_TYPES = {
    "tsa": "application/timestamp-reply",
    "ocsp": "application/ocsp-response",
    "crl": "application/pkix-crl",
}


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self._respond(None)

    def do_POST(self) -> None:
        self._respond(self.rfile.read(int(self.headers["Content-Length"])))

    def _respond(self, body: bytes | None) -> None:
        try:
            answer, status = _answer(self.path.lstrip("/"), body), 200
        except ValueError as error:
            answer, status = str(error).encode(), 404
        self.send_response(status)
        self.send_header("Content-Type", _TYPES.get(self.path.split("/")[1], "application/octet-stream"))
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Quiet: what was asked is seen in the answers."""


@cache
def address() -> str:
    """Where the services listen, from the first call until the program ends."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    atexit.register(server.server_close)
    atexit.register(server.shutdown)
    return f"http://127.0.0.1:{server.server_port}"
