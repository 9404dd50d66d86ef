"""The network's door: what left and what did not, limits of time and size, and nothing secret in an error."""

from __future__ import annotations

import contextlib
import datetime as dt
import socket
import ssl
import struct
import threading
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from adapter.errors import ElshiError, Final, OutcomeUnknown, Retryable
from adapter.http_client import HttpClient, HttpSettings
from adapter.secret import Secret

SECRET = "s3cret-in-the-address"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Two: b\r\n\r\nhello"


def read_request(connection: socket.socket) -> bytes:
    received = b""
    while b"\r\n\r\n" not in received:
        chunk = connection.recv(65536)
        if not chunk:
            return received
        received += chunk
    head, _, body = received.partition(b"\r\n\r\n")
    length = next(
        (int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")), 0
    )
    while len(body) < length:
        chunk = connection.recv(65536)
        if not chunk:
            break
        body += chunk
    return head + b"\r\n\r\n" + body


def answering(content: bytes) -> Callable[[socket.socket], None]:
    def act(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(content)

    return act


class Peer:
    """A TCP listener that treats each connection with the next behaviour of its script."""

    def __init__(self, *script: Callable[[socket.socket], None], tls: ssl.SSLContext | None = None) -> None:
        self.script = list(script)
        self.tls = tls
        self.connections = 0
        self.release = threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            act = self.script[min(self.connections, len(self.script)) - 1]
            with contextlib.suppress(OSError):
                if self.tls is not None:
                    connection = self.tls.wrap_socket(connection, server_side=True)
                act(connection)
                connection.close()
            with contextlib.suppress(OSError):
                connection.close()

    def close(self) -> None:
        self.release.set()
        self.listener.close()
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=0.2):
            pass
        self.thread.join(timeout=5)


@pytest.fixture
def peers() -> Iterator[Callable[..., Peer]]:
    made: list[Peer] = []

    def make(*script: Callable[[socket.socket], None], tls: ssl.SSLContext | None = None) -> Peer:
        made.append(Peer(*script, tls=tls))
        return made[-1]

    yield make
    for peer in made:
        peer.close()


def client(**settings: object) -> HttpClient:
    defaults: dict[str, object] = {
        "plain_http_allowed": True,
        "connect_within": dt.timedelta(seconds=2),
        "read_within": dt.timedelta(seconds=2),
        "total_within": dt.timedelta(seconds=5),
    }
    return HttpClient(HttpSettings(**(defaults | settings)), sleep=lambda _: None)  # type: ignore[arg-type]


def url(peer: Peer, scheme: str = "http") -> str:
    return f"{scheme}://127.0.0.1:{peer.port}/path?key={SECRET}"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def assert_tells_no_secret(error: ElshiError) -> None:
    shown = "".join(traceback.format_exception(error)) + str(error) + repr(error) + repr(error.params)
    assert SECRET not in shown


# --- answers ---------------------------------------------------------------------------------------------------------
def test_gives_status_headers_and_body_of_an_answer(peers: Callable[..., Peer]) -> None:
    answer = client().post(url(peers(answering(OK))), b"<a/>")
    assert (answer.status, answer.body, answer.headers["x-two"]) == (200, b"hello", "b")


@pytest.mark.parametrize("status", [301, 307, 404, 413, 500, 502, 503, 504])
def test_every_status_is_an_answer_and_no_redirect_is_followed(peers: Callable[..., Peer], status: int) -> None:
    head = f"HTTP/1.1 {status} X\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"
    peer = peers(answering(head.encode()))
    assert client().post(url(peer), b"x").status == status
    assert peer.connections == 1


def test_sends_the_exact_bytes_and_asks_for_plain_ones_on_a_connection_of_its_own(peers: Callable[..., Peer]) -> None:
    seen: list[bytes] = []

    def act(connection: socket.socket) -> None:
        seen.append(read_request(connection))
        connection.sendall(OK)

    peer = peers(act)
    one = client()
    for _ in range(2):
        one.post(url(peer), b"\x00exact\r\nbytes", headers={"SOAPAction": '""'})
    assert peer.connections == 2
    head, _, body = seen[0].partition(b"\r\n\r\n")
    assert body == b"\x00exact\r\nbytes"
    assert b"Connection: close" in head
    assert b"Accept-Encoding: identity" in head
    assert b'SOAPAction: ""' in head


def test_ignores_the_proxies_of_the_environment(peers: Callable[..., Peer], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    assert client().post(url(peers(answering(OK))), b"x").status == 200


def test_uses_the_proxy_that_is_set(peers: Callable[..., Peer]) -> None:
    proxy = peers(answering(OK))
    answer = client(proxies={"http": Secret(f"http://127.0.0.1:{proxy.port}")}).post("http://gateway.invalid/x", b"x")
    assert (answer.status, proxy.connections) == (200, 1)


# --- nothing left ----------------------------------------------------------------------------------------------------
def test_a_refused_connection_is_retryable_and_tells_no_secret() -> None:
    waits: list[float] = []
    one = HttpClient(HttpSettings(plain_http_allowed=True), sleep=waits.append)
    with pytest.raises(Retryable) as caught:
        one.post(f"http://127.0.0.1:{free_port()}/path?key={SECRET}", b"x")
    assert caught.value.code == "http.no-connection"
    assert caught.value.params["cause"] == "ConnectionRefusedError"
    assert len(waits) == 2
    assert_tells_no_secret(caught.value)


def test_a_connection_that_nobody_answers_is_waited_for_once() -> None:
    """A refused one may be a blink. Waiting the whole time again and again would hold up every other document and message
    of the worker, and the schedule of the delivery comes back by itself.
    """
    waits: list[float] = []
    one = HttpClient(
        HttpSettings(plain_http_allowed=True, connect_within=dt.timedelta(seconds=0.2)), sleep=waits.append
    )
    with contextlib.ExitStack() as stack:
        full = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(3):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        for repeatable in (False, True):
            with pytest.raises(Retryable) as caught:
                one.post(f"http://127.0.0.1:{full.getsockname()[1]}/", b"x", repeatable=repeatable)
            assert (caught.value.code, caught.value.params["cause"]) == ("http.no-connection", "TimeoutError")
    assert waits == []


def test_an_unknown_name_is_retryable() -> None:
    with pytest.raises(Retryable) as caught:
        client().post(f"http://nobody.invalid/path?key={SECRET}", b"x")
    assert caught.value.code == "http.name-not-found"
    assert_tells_no_secret(caught.value)


def test_a_peer_that_speaks_no_tls_is_retryable(peers: Callable[..., Peer]) -> None:
    def act(connection: socket.socket) -> None:
        connection.recv(1000)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with pytest.raises(Retryable) as caught:
        client().post(url(peers(act), "https"), b"x")
    assert caught.value.code == "http.tls-failed"
    assert_tells_no_secret(caught.value)


def test_a_connection_cut_within_the_handshake_is_retryable(peers: Callable[..., Peer]) -> None:
    def act(connection: socket.socket) -> None:
        connection.recv(1000)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    peer = peers(act)
    with pytest.raises(Retryable):
        client().post(url(peer, "https"), b"x")
    assert peer.connections == 3


def test_a_handshake_that_hangs_is_retryable(peers: Callable[..., Peer]) -> None:
    peer = peers(lambda connection: peer_waits(connection, peer_list))
    peer_list = [peer]
    with pytest.raises(Retryable):
        client(connect_within=dt.timedelta(milliseconds=200)).post(url(peer, "https"), b"x")
    peer.release.set()


def peer_waits(connection: socket.socket, peer: list[Peer]) -> None:
    peer[0].release.wait(10)
    connection.close()


# --- something may have left -----------------------------------------------------------------------------------------
def silent(connection: socket.socket) -> None:
    read_request(connection)
    with contextlib.suppress(OSError):
        connection.settimeout(10)
        connection.recv(1)


def reset(connection: socket.socket) -> None:
    read_request(connection)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def closed_at_once(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def not_http(connection: socket.socket) -> None:
    read_request(connection)
    connection.sendall(b"SSH-2.0-nonsense\r\n\r\n")


def cut_within_the_body(connection: socket.socket) -> None:
    read_request(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n<half of")


def cut_within_a_chunk(connection: socket.socket) -> None:
    read_request(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nff\r\nab")


def bad_length(connection: socket.socket) -> None:
    read_request(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 7\r\n\r\nhello")


@pytest.mark.parametrize("act", [silent, reset, not_http, cut_within_the_body, cut_within_a_chunk, bad_length])
def test_whatever_goes_wrong_after_the_first_byte_leaves_the_outcome_unknown(
    peers: Callable[..., Peer], act: Callable[[socket.socket], None]
) -> None:
    peer = peers(act)
    with pytest.raises(OutcomeUnknown) as caught:
        client(read_within=dt.timedelta(milliseconds=300)).post(url(peer), b"x" * 100)
    assert caught.value.code == "http.no-answer"
    assert peer.connections == 1
    assert_tells_no_secret(caught.value)


def test_a_connection_reset_before_the_request_is_read_leaves_the_outcome_unknown(peers: Callable[..., Peer]) -> None:
    def act(connection: socket.socket) -> None:
        # One byte has come, so the request has begun; a reset during the connect itself would rightly be Retryable.
        connection.recv(1)
        closed_at_once(connection)

    peer = peers(act)
    with pytest.raises(OutcomeUnknown):
        client().post(url(peer), b"x" * 5_000_000)
    assert peer.connections == 1


def test_the_part_of_an_answer_that_came_is_kept(peers: Callable[..., Peer]) -> None:
    with pytest.raises(OutcomeUnknown) as caught:
        client().post(url(peers(cut_within_a_chunk)), b"x")
    assert caught.value.answer == b"hello"


def test_an_answer_cut_within_its_headers_is_logged_by_no_library(
    peers: Callable[..., Peer], caplog: pytest.LogCaptureFixture
) -> None:
    """Its log would show the whole address and a traceback; what the bytes without an end mean, the caller decides."""
    peer = peers(answering(b"HTTP/1.1 200 OK\r\nServer: a\r\ncont"))
    assert client().post(url(peer), b"<x/>").body == b""
    assert caplog.records == []


def test_a_peer_that_drips_is_cut_at_the_total_time(peers: Callable[..., Peer]) -> None:
    def act(connection: socket.socket) -> None:
        read_request(connection)
        for byte in b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n" + b"x" * 500:
            connection.sendall(bytes([byte]))
            peer.release.wait(0.05)

    peer = peers(act)
    with pytest.raises(OutcomeUnknown) as caught:
        client(total_within=dt.timedelta(milliseconds=400)).post(url(peer), b"x")
    assert caught.value.params["cause"] == "total-time"


def test_an_answer_without_length_that_our_own_watch_cut_is_no_answer(peers: Callable[..., Peer]) -> None:
    def act(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n<begun>")
        peer.release.wait(10)

    peer = peers(act)
    with pytest.raises(OutcomeUnknown) as caught:
        client(total_within=dt.timedelta(milliseconds=300)).post(url(peer), b"x")
    assert caught.value.params["cause"] == "total-time"


@pytest.mark.parametrize("head", [b"Content-Length: 5000000\r\n", b"", b"Transfer-Encoding: chunked\r\n"])
def test_an_answer_over_the_limit_is_cut_off_while_it_streams(peers: Callable[..., Peer], head: bytes) -> None:
    def act(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n")
        block = b"10000\r\n" + b"x" * 0x10000 + b"\r\n" if b"chunked" in head else b"x" * 0x10000
        for _ in range(76):
            connection.sendall(block)

    with pytest.raises(OutcomeUnknown) as caught:
        client(max_answer_bytes=100_000).post(url(peers(act)), b"x")
    assert caught.value.code == "http.answer-too-large"
    assert caught.value.answer is not None
    assert len(caught.value.answer) == 100_000


def test_a_compressed_answer_is_kept_and_not_unpacked(peers: Callable[..., Peer]) -> None:
    content = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\x1f\x8b\x08\x00"
    with pytest.raises(OutcomeUnknown) as caught:
        client().post(url(peers(answering(content))), b"x")
    assert (caught.value.code, caught.value.answer) == ("http.answer-encoded", b"\x1f\x8b\x08\x00")


# --- repeats ---------------------------------------------------------------------------------------------------------
def test_a_repeatable_call_is_repeated_after_an_unknown_outcome(peers: Callable[..., Peer]) -> None:
    peer = peers(reset, reset, answering(OK))
    assert client().post(url(peer), b"x", repeatable=True).body == b"hello"
    assert peer.connections == 3


def test_a_repeatable_call_gives_up_after_three_tries(peers: Callable[..., Peer]) -> None:
    peer = peers(reset)
    with pytest.raises(OutcomeUnknown):
        client().post(url(peer), b"x", repeatable=True)
    assert peer.connections == 3


# --- too late to leave -----------------------------------------------------------------------------------------------
def test_when_the_time_to_leave_is_over_no_byte_leaves_and_it_is_not_tried_again(peers: Callable[..., Peer]) -> None:
    seen: list[bytes] = []

    def listen(connection: socket.socket) -> None:
        seen.append(connection.recv(100))

    peer = peers(listen)
    with pytest.raises(Retryable) as caught:
        client().post(url(peer), b"x", repeatable=True, leave_within=dt.timedelta(seconds=-1))
    assert (caught.value.code, caught.value.params) == ("http.left-too-late", {"host": "127.0.0.1"})
    assert seen in ([], [b""])
    assert peer.connections <= 1


def test_what_leaves_in_time_is_sent_and_may_be_answered_late(peers: Callable[..., Peer]) -> None:
    assert client().post(url(peers(answering(OK))), b"x", leave_within=dt.timedelta(seconds=60)).body == b"hello"


# --- addresses -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "address",
    ["ftp://host/x", "host/x", "https://", f"https://me:{SECRET}@host/path", "http://[::1", "https://host:99999/path"],
)
def test_refuses_an_address_it_does_not_speak_to(address: str) -> None:
    with pytest.raises(Final) as caught:
        client().post(address, b"x")
    assert caught.value.code == "http.address-refused"
    assert SECRET not in str(caught.value)


def test_refuses_plain_http_unless_it_is_switched_on() -> None:
    with pytest.raises(Final) as caught:
        HttpClient(HttpSettings()).post("http://127.0.0.1/", b"x")
    assert caught.value.code == "http.address-refused"


def test_refuses_a_host_that_is_not_on_the_list(peers: Callable[..., Peer]) -> None:
    peer = peers(answering(OK))
    with pytest.raises(Final):
        client(allowed_hosts=frozenset({"gateway.example"})).post(url(peer), b"x")
    assert peer.connections == 0


def test_a_header_that_cannot_be_written_is_final(peers: Callable[..., Peer]) -> None:
    peer = peers(answering(OK))
    with pytest.raises(Final) as caught:
        client().post(url(peer), b"x", headers={"X": f"a\r\nB: {SECRET}"})
    assert_tells_no_secret(caught.value)


# --- TLS -------------------------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate for 127.0.0.1 with its key, in one PEM file."""
    import ipaddress

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "gateway of a test")])
    now = dt.datetime.now(dt.UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "gateway.pem"
    path.write_bytes(
        built.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return path


def server_side(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def test_trusts_the_pinned_certificate(peers: Callable[..., Peer], certificate: Path) -> None:
    peer = peers(answering(OK), tls=server_side(certificate))
    assert client(ca_bundle=certificate).post(url(peer, "https"), b"x").body == b"hello"


def test_does_not_trust_an_unknown_certificate(peers: Callable[..., Peer], certificate: Path) -> None:
    peer = peers(answering(OK), tls=server_side(certificate))
    with pytest.raises(Retryable) as caught:
        client().post(url(peer, "https"), b"x")
    assert (caught.value.code, caught.value.params["cause"]) == ("http.tls-failed", "SSLCertVerificationError")


def test_a_pinned_certificate_does_not_excuse_another_host(peers: Callable[..., Peer], certificate: Path) -> None:
    peer = peers(answering(OK), tls=server_side(certificate))
    with pytest.raises(Retryable) as caught:
        client(ca_bundle=certificate).post(f"https://localhost:{peer.port}/", b"x")
    assert caught.value.code == "http.tls-failed"


def test_shows_its_certificate_to_a_gateway_that_asks(peers: Callable[..., Peer], certificate: Path) -> None:
    asking = server_side(certificate)
    asking.verify_mode = ssl.CERT_REQUIRED
    asking.load_verify_locations(certificate)
    asking.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    peer = peers(answering(OK), tls=asking)
    answer = client(ca_bundle=certificate, client_certificate=certificate).post(url(peer, "https"), b"x")
    assert answer.status == 200


@pytest.fixture(scope="module")
def locked(certificate: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same certificate with its key under a password."""
    from cryptography.hazmat.primitives import serialization

    whole = certificate.read_bytes()
    key = serialization.load_pem_private_key(whole, None)
    path = tmp_path_factory.mktemp("locked") / "client.pem"
    form = serialization.BestAvailableEncryption(b"mArKeD-s3cret")
    path.write_bytes(
        whole[: whole.index(b"-----BEGIN PRIVATE")]
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, form)
    )
    return path


def test_opens_its_own_key_with_the_password_of_the_settings(
    peers: Callable[..., Peer], certificate: Path, locked: Path
) -> None:
    asking = server_side(certificate)
    asking.verify_mode = ssl.CERT_REQUIRED
    asking.load_verify_locations(certificate)
    peer = peers(answering(OK), tls=asking)
    opened = client(ca_bundle=certificate, client_certificate=locked, client_key_password=Secret("mArKeD-s3cret"))
    assert opened.post(url(peer, "https"), b"x").body == b"hello"


@pytest.mark.parametrize("password", [None, Secret("mArKeD-wrong")])
def test_a_key_that_does_not_open_is_said_at_start_and_nobody_is_asked(locked: Path, password: Secret | None) -> None:
    with pytest.raises(Final) as caught:
        client(client_certificate=locked, client_key_password=password)
    assert caught.value.code == "http.tls-settings"
    assert "mArKeD" not in f"{caught.value} {caught.value!r}"


def test_silence_and_drips_over_tls_end_too(peers: Callable[..., Peer], certificate: Path) -> None:
    def act(connection: socket.socket) -> None:
        read_request(connection)
        for byte in b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n" + b"x" * 500:
            connection.sendall(bytes([byte]))
            peer.release.wait(0.05)

    peer = peers(act, tls=server_side(certificate))
    with pytest.raises(OutcomeUnknown) as caught:
        client(ca_bundle=certificate, total_within=dt.timedelta(milliseconds=500)).post(url(peer, "https"), b"x")
    assert caught.value.params["cause"] == "total-time"


def test_a_certificate_file_that_cannot_be_read_is_refused_at_start(tmp_path: Path) -> None:
    with pytest.raises(Final) as caught:
        client(ca_bundle=tmp_path / "none.pem")
    assert caught.value.code == "http.tls-settings"
