"""Alarms reach real receivers on this machine: a webhook over HTTP, a mail server over SMTP, with their faults."""

from __future__ import annotations

import base64
import contextlib
import datetime as dt
import email
import email.policy
import hashlib
import hmac
import json
import logging
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from adapter.composition.receivers import followers_of
from adapter.composition.stand import Stand
from adapter.domain.audit_event import GENESIS, ChainedEvent, chain
from adapter.errors import ElshiError, OutcomeUnknown, Retryable, SettingsRefused
from adapter.ports import Receiver
from adapter.settings import load_settings
from tests.contract import samples

SECRET = "marked-webhook-secret"
PASSWORD = "marked-smtp-password"
DOCS = Path(__file__).resolve().parents[3] / "docs"
AT = samples.NOW


def chained(*actions: str, **changes: Any) -> tuple[ChainedEvent, ...]:
    made, previous = [], GENESIS
    for number, action in enumerate(actions, start=1):
        event = samples.event(number, action=action, actor="A. Clerk", **changes)
        digest = chain(previous, event)
        made.append(ChainedEvent(sequence=number, event=event, previous=previous, digest=digest))
        previous = digest
    return tuple(made)


def receivers(stand: Stand, **environment: str) -> dict[str, Receiver]:
    given = {f"ELSHI_ALARMS__{name.upper()}": value for name, value in environment.items()}
    settings = load_settings(stand.nodes["KZ-MOF"], given)
    return {name: follower.receiver for name, follower in followers_of(settings).items()}


# --- peers -----------------------------------------------------------------------------------------------------------
class Peer:
    """Listens on the loopback; each connection is treated as the next line of the script says."""

    def __init__(self, *script: Callable[[Any], None]) -> None:
        self.script, self.heard = list(script), []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.connections, self.is_closing = 0, False
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            if self.is_closing:
                connection.close()
                return
            act = self.script[min(self.connections, len(self.script) - 1)]
            self.connections += 1
            with connection, contextlib.suppress(OSError):
                connection.settimeout(5)
                act(connection)

    def close(self) -> None:
        self.is_closing = True
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=5):
            pass  # wakes who waits in accept
        self.thread.join(timeout=5)
        self.listener.close()


@pytest.fixture
def peer() -> Iterator[Callable[..., Peer]]:
    made: list[Peer] = []

    def listen(*script: Callable[[Any], None]) -> Peer:
        made.append(Peer(*script))
        return made[-1]

    yield listen
    for one in made:
        one.close()


# --- webhook ---------------------------------------------------------------------------------------------------------
@pytest.fixture
def posts() -> list[tuple[dict[str, str], bytes]]:
    return []


def answering(posts: list[Any], answer: bytes) -> Callable[[socket.socket], None]:
    def act(connection: socket.socket) -> None:
        received = b""
        while b"\r\n\r\n" not in received:
            if not (chunk := connection.recv(65536)):
                return
            received += chunk
        head, _, body = received.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:])
        while len(body) < int(headers["Content-Length"]):
            body += connection.recv(65536)
        posts.append((headers, body))
        connection.sendall(answer)

    return act


TAKEN = b"HTTP/1.1 204 No Content\r\n\r\n"


def webhook(stand: Stand, port: int) -> Receiver:
    return receivers(stand, webhook_url=f"http://127.0.0.1:{port}/hook", webhook_secret=SECRET)["webhook"]


def verifier_of_the_docs() -> Callable[..., bool]:
    """The example that the page on operation gives to whoever writes a receiver."""
    page = (DOCS / "operations.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    names: dict[str, Any] = {}
    exec(code, names)
    is_ours: Callable[..., bool] = names["is_from_elshi"]
    return is_ours


def test_a_webhook_gets_the_events_with_their_chain_under_a_signature_that_the_docs_verify(stand, peer, posts) -> None:
    told = chained("watch.uncertain", "notice.dispute")
    webhook(stand, peer(answering(posts, TAKEN)).port).tell(told, at=AT)
    ((headers, body),) = posts
    content = json.loads(body)
    assert (content["node"], content["first"], content["last"]) == ("KZ-MOF", 1, 2)
    assert [(one["sequence"], one["previous"], one["digest"]) for one in content["events"]] == [
        (one.sequence, one.previous, one.digest) for one in told
    ]
    is_ours = verifier_of_the_docs()
    given = {name.lower(): value for name, value in headers.items()}
    now = AT.timestamp()
    assert is_ours(given, body, SECRET, now=now)
    assert not is_ours(given, body, "another secret", now=now)
    assert not is_ours(given, body.replace(b"watch", b"w4tch"), SECRET, now=now)
    assert not is_ours({**given, "elshi-sequence": "3"}, body, SECRET, now=now)
    assert not is_ours({**given, "elshi-timestamp": str(int(now) + 60)}, body, SECRET, now=now), "another time"
    assert not is_ours(given, body, SECRET, now=now + 3600), "an old message, sent again by somebody else"
    assert not is_ours({}, body, SECRET, now=now)
    expected = hmac.new(SECRET.encode(), f"{int(now)}.2.".encode() + body, hashlib.sha256).hexdigest()
    assert given["elshi-signature"] == f"v1={expected}"


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (b"HTTP/1.1 500 Internal\r\nContent-Length: 0\r\n\r\n", Retryable),
        (b"HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n", Retryable),
        (b"HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n", Retryable),
        (b"", OutcomeUnknown),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nx", OutcomeUnknown),
        (b"220 mail.example ESMTP\r\n", OutcomeUnknown),
    ],
)
def test_nothing_but_a_success_counts_as_taken(stand, peer, posts, answer: bytes, kind: type[ElshiError]) -> None:
    with pytest.raises(kind) as failed:
        webhook(stand, peer(answering(posts, answer)).port).tell(chained("watch.uncertain"), at=AT)
    assert SECRET not in str(failed.value)


def test_a_receiver_that_is_not_there_is_tried_later(stand) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(Retryable, match=r"http\.no-connection"):
        webhook(stand, port).tell(chained("watch.uncertain"), at=AT)


# --- log -------------------------------------------------------------------------------------------------------------
def test_the_log_names_what_happened_and_no_person(stand, caplog) -> None:
    caplog.set_level(logging.WARNING)
    found = receivers(stand)
    assert list(found) == ["log"], "on by default, and nobody else"
    found["log"].tell(chained("watch.uncertain", details={"delivery": "d-1", "reason": "said by A. Clerk"}), at=AT)
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert record.getMessage() == f"alarm 1 watch.uncertain: document {samples.document_id(1)}, delivery d-1"


# --- mail ------------------------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of a mail server at 127.0.0.1, with its key in the same file."""
    import ipaddress

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("mail") / "mail.pem"
    plain = serialization.NoEncryption()
    path.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    )
    return path


class MailServer:
    """As much of SMTP as a client of ours speaks (RFC 5321, 3207, 4954), with an answer replaced where the test says so."""

    def __init__(self, *, tls: Path | None = None, answers: dict[str, str | None] | None = None) -> None:
        self.tls, self.answers = tls, answers or {}
        self.said: list[str] = []
        self.letters: list[bytes] = []
        self.is_encrypted = False

    def __call__(self, connection: socket.socket) -> None:
        self._lines(connection, greeting=True)

    def _lines(self, connection: socket.socket, *, greeting: bool) -> None:
        file = connection.makefile("rb")
        if greeting and not self._answer(connection, "CONNECT", "220 mail ESMTP"):
            return
        while line := file.readline():
            word = line.decode().strip()
            self.said.append(word)
            verb = word.split(" ")[0].upper()
            if verb == "EHLO":
                offers = ["250-mail", *(["250-STARTTLS"] if self.tls and not self.is_encrypted else [])]
                connection.sendall("".join(f"{one}\r\n" for one in [*offers, "250 AUTH PLAIN"]).encode())
            elif verb == "STARTTLS":
                if not self._answer(connection, verb, "220 go on"):
                    return
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.load_cert_chain(self.tls)
                with context.wrap_socket(connection, server_side=True) as encrypted:
                    self.is_encrypted = True
                    self._lines(encrypted, greeting=False)
                return
            elif verb == "DATA":
                if not self._answer(connection, verb, "354 go on"):
                    return
                if verb in self.answers:
                    continue
                letter = b""
                while not letter.endswith(b"\r\n.\r\n"):
                    letter += file.readline()
                self.letters.append(letter)
                if not self._answer(connection, "END", "250 taken"):
                    return
            elif not self._answer(
                connection, verb, "221 bye" if verb == "QUIT" else "235 ok" if verb == "AUTH" else "250 ok"
            ):
                return

    def _answer(self, connection: socket.socket, verb: str, otherwise: str) -> bool:
        answer = self.answers.get(verb, otherwise)
        if answer is None:
            return False
        connection.sendall(f"{answer}\r\n".encode())
        return True


TO = "duty@mof.example"


def mailbox(stand: Stand, port: int, **more: str) -> Receiver:
    found = receivers(
        stand, email_to=TO, smtp_host="127.0.0.1", smtp_port=str(port), smtp_from="elshi@mof.example", **more
    )
    return found[f"email {TO}"]


def test_a_letter_says_in_three_languages_what_happened_and_names_no_person(stand, peer, certificate) -> None:
    server = MailServer(tls=certificate)
    box = mailbox(
        stand,
        peer(server).port,
        smtp_starttls="true",
        ca_bundle=str(certificate),
        smtp_user="elshi",
        smtp_password=PASSWORD,
    )
    told = chained("watch.uncertain", "watch.overdue", details={
        "delivery": "d-1", "addressee": "KZ-MFA", "state": "queued", "code": "overdue.not-taken", "reason": "by B. Clerk",
    })  # fmt: skip
    box.tell(told, at=AT)
    (raw,) = server.letters
    assert server.is_encrypted
    assert server.said[:2] == ["ehlo elshi", "STARTTLS"], "nothing was said before the connection was encrypted"
    letter = email.message_from_bytes(raw, policy=email.policy.default)
    assert letter["Subject"] == "Elshi KZ-MOF: 2 alarm(s), events 1-2"
    assert (letter["To"], letter["From"], letter["Auto-Submitted"]) == (TO, "elshi@mof.example", "auto-generated")
    text = letter.get_content()
    for sentence in (
        "it may have arrived",
        "возможно, документ дошёл",
        "құжат жеткен болуы мүмкін",
        "Row d-1 in state queued was not looked at in time.",
        "It was due and no worker took it.",
        "delivery=d-1, addressee=KZ-MFA, state=queued, code=overdue.not-taken",
    ):
        assert sentence in text, sentence
    assert "Clerk" not in raw.decode() + text
    assert base64.b64encode(f"\0elshi\0{PASSWORD}".encode()).decode() in " ".join(server.said)


def test_each_address_is_told_by_itself(stand) -> None:
    settings = stand.nodes["KZ-MOF"]
    text = settings.read_text(encoding="utf-8")
    table = '[alarms]\nemail_to = ["a@x.kz", "b@x.kz"]\nsmtp_host = "127.0.0.1"\nsmtp_from = "elshi@x.kz"\n'
    settings.write_text(text + table, encoding="utf-8")
    assert list(receivers(stand)) == ["log", "email a@x.kz", "email b@x.kz"]


def test_a_letter_that_is_sent_again_keeps_its_id(stand, peer) -> None:
    server = MailServer(answers={"END": None})
    box = mailbox(stand, peer(server).port)
    for _ in range(2):
        with pytest.raises(OutcomeUnknown, match=r"mail\.no-answer"):
            box.tell(chained("watch.uncertain"), at=AT)
    ids = {email.message_from_bytes(one)["Message-ID"] for one in server.letters}
    assert (len(server.letters), len(ids)) == (2, 1)


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ({"CONNECT": "554 no"}, "mail.refused"),
        ({"CONNECT": None}, "mail.no-connection"),
        ({"MAIL": "550 no"}, "mail.refused"),
        ({"RCPT": "550 duty@mof.example unknown"}, "mail.refused"),
        ({"RCPT": None}, "mail.no-connection"),
        ({"DATA": "451 later"}, "mail.refused"),
        ({"END": "552 full"}, "mail.refused"),
        ({"END": "rubbish"}, "mail.no-answer"),
    ],
)
def test_a_letter_that_was_not_taken_is_said_to_be_none(stand, peer, answers: dict[str, Any], code: str) -> None:
    server = MailServer(answers=answers)
    with pytest.raises((Retryable, OutcomeUnknown)) as failed:
        mailbox(stand, peer(server).port).tell(chained("watch.uncertain"), at=AT)
    assert failed.value.code == code
    assert TO not in f"{failed.value!r} {failed.value.__cause__!r}"


@pytest.mark.parametrize("bundle", ["none", "its own"])
def test_without_encryption_that_holds_nothing_is_said(stand, peer, certificate, tmp_path, bundle: str) -> None:
    """A server that offers none, and one whose certificate nobody vouches for."""
    server = MailServer(tls=None if bundle == "its own" else certificate)
    more = {"ca_bundle": str(certificate)} if bundle == "its own" else {}
    box = mailbox(stand, peer(server).port, smtp_starttls="true", smtp_user="elshi", smtp_password=PASSWORD, **more)
    with pytest.raises(Retryable, match=r"mail\.tls-failed"):
        box.tell(chained("watch.uncertain"), at=AT)
    assert [one for one in server.said if one.split(" ")[0].upper() not in {"EHLO", "STARTTLS"}] == []


def test_an_account_that_is_refused_is_told_without_its_password(stand, peer, certificate) -> None:
    server = MailServer(tls=certificate, answers={"AUTH": f"535 {PASSWORD} is wrong"})
    box = mailbox(
        stand,
        peer(server).port,
        smtp_starttls="true",
        ca_bundle=str(certificate),
        smtp_user="elshi",
        smtp_password=PASSWORD,
    )
    with pytest.raises(Retryable, match=r"mail\.login-refused") as failed:
        box.tell(chained("watch.uncertain"), at=AT)
    assert PASSWORD not in f"{failed.value!r} {failed.value.__cause__!r}"


# --- settings --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("given", "key"),
    [
        ({"webhook_url": "https://x.kz/hook"}, "alarms.webhook_secret"),
        ({"webhook_url": "https://x.kz/hook", "webhook_secret": "short"}, "alarms.webhook_secret"),
        ({"webhook_url": "ftp://x.kz", "webhook_secret": SECRET}, "alarms.webhook_url"),
        ({"webhook_url": "https://u:p@x.kz", "webhook_secret": SECRET}, "alarms.webhook_url"),
        ({"email_to": "a@x.kz", "smtp_from": "b@x.kz"}, "alarms.smtp_host"),
        ({"email_to": "a@x.kz", "smtp_host": "x.kz"}, "alarms.smtp_from"),
        ({"email_to": "a b@x.kz", "smtp_host": "x.kz", "smtp_from": "b@x.kz"}, "alarms.email_to"),
        ({"email_to": "a@x.kz\r\nRCPT TO:<c@x.kz>", "smtp_host": "x.kz", "smtp_from": "b@x.kz"}, "alarms.email_to"),
        ({"smtp_user": "a"}, "alarms.smtp_password"),
        ({"smtp_port": "0"}, "alarms.smtp_port"),
        ({"overdue_after_seconds": "46"}, "alarms.overdue_after_seconds"),
    ],
)
def test_half_a_way_to_tell_somebody_is_refused_at_start(stand, given: dict[str, str], key: str) -> None:
    with pytest.raises(SettingsRefused) as refused:
        receivers(stand, **given)
    assert [one.params["key"] for one in refused.value.findings] == [key]


def test_alarms_do_not_travel_in_the_open(stand) -> None:
    from adapter.settings.alarms import AlarmSettings, alarm_contradictions

    def found(**given: Any) -> list[str]:
        return [second for _, second in alarm_contradictions(AlarmSettings(**given), "production")]

    assert found(webhook_url="http://hook.example") == ["alarms.webhook_url=http://..."]
    assert found(webhook_url="http://127.0.0.1:9/x") == found(webhook_url="https://hook.example") == []
    assert found(email_to=("a@x.kz",), smtp_host="x.kz", smtp_starttls=False) == ["alarms.smtp_starttls=false"]
    assert found(email_to=("a@x.kz",), smtp_host="localhost", smtp_starttls=False) == []
    assert AlarmSettings().starttls_of("production")
    assert not AlarmSettings().starttls_of("sandbox")
