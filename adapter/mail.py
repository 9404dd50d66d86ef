"""The one door for mail: one message over one fresh SMTP connection, under limits of time.

SMTP is network too; it stands beside http_client and answers in the same words. A message that may have been taken and
was not confirmed is sent again by whoever keeps the books, so every failure here is one to repeat.

Errors name the host and the kind of failure; never an address, a password or a text.
"""

from __future__ import annotations

import contextlib
import smtplib
import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path

from adapter.errors import Final, OutcomeUnknown, Retryable
from adapter.secret import Secret


@dataclass(frozen=True, kw_only=True, slots=True)
class MailSettings:
    """How the mail server is reached.

    starttls        the connection must be encrypted before anything is said; False sends account and text in the open
    ca_bundle       PEM; only certificates in it (or issued by them) are trusted. None: those of the system
    silence_within  longest silence of the server
    total_within    one message from the connection to the last answer; ends a server that drips
    """

    host: str
    port: int
    user: str | None = None
    password: Secret | None = None
    starttls: bool = True
    ca_bundle: Path | None = None
    silence_within: timedelta = timedelta(seconds=20)
    total_within: timedelta = timedelta(seconds=60)


class Mailer:
    """Sends; safe to share between threads."""

    def __init__(self, settings: MailSettings) -> None:
        """Load the certificates. Final `mail.tls-settings` when they cannot be read."""
        self._settings = settings
        try:
            self._tls = ssl.create_default_context(cafile=settings.ca_bundle)
        except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
            raise Final("mail.tls-settings", params={"cause": type(error).__name__}) from error
        self._tls.minimum_version = ssl.TLSVersion.TLSv1_2
        # A pinned certificate is trusted as it stands: a server's own certificate need not be a root.
        self._tls.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN

    def send(self, message: EmailMessage, *, sender: str, recipient: str) -> None:
        """Hand the message over for one recipient.

        Raises Retryable `mail.no-connection`, `mail.tls-failed`, `mail.login-refused`, `mail.refused`; OutcomeUnknown
        `mail.no-answer` when the text had begun to leave and the server did not say that it took it.
        """
        host, progress = self._settings.host, _Progress()
        try:
            with self._connected(progress) as smtp:
                self._introduce(smtp)
                _dialogue(smtp, message, sender, recipient, progress)
        except smtplib.SMTPAuthenticationError as error:
            raise self._failed("mail.login-refused", error.smtp_code) from _plain(error)
        except smtplib.SMTPResponseException as error:
            if progress.has_begun and not _is_answer(error.smtp_code):
                raise OutcomeUnknown("mail.no-answer", params={"host": host}) from _plain(error)
            raise self._failed("mail.refused", error.smtp_code) from _plain(error)
        except smtplib.SMTPNotSupportedError as error:
            raise self._failed("mail.tls-failed", type(error).__name__) from _plain(error)
        except ssl.SSLError as error:
            raise self._failed("mail.tls-failed", type(error).__name__) from _plain(error)
        except (smtplib.SMTPException, OSError, ValueError) as error:
            if progress.has_begun:
                raise OutcomeUnknown("mail.no-answer", params={"host": host}) from _plain(error)
            raise self._failed("mail.no-connection", type(error).__name__) from _plain(error)

    @contextlib.contextmanager
    def _connected(self, progress: _Progress) -> Iterator[smtplib.SMTP]:
        settings = self._settings
        smtp = _Session(settings.host, settings.silence_within.total_seconds())
        watchdog = threading.Timer(settings.total_within.total_seconds(), _cut, (smtp,))
        watchdog.daemon = True
        watchdog.start()
        try:
            code, _ = smtp.connect(settings.host, settings.port)
            if code != _READY:
                raise smtplib.SMTPResponseException(code, "")
            yield smtp
            if progress.is_taken:
                with contextlib.suppress(smtplib.SMTPException, OSError):
                    smtp.quit()
        finally:
            watchdog.cancel()
            smtp.close()

    def _introduce(self, smtp: smtplib.SMTP) -> None:
        settings = self._settings
        smtp.ehlo_or_helo_if_needed()
        if settings.starttls:
            smtp.starttls(context=self._tls)
            smtp.ehlo()
        if settings.user is not None and settings.password is not None:
            smtp.login(settings.user, settings.password.reveal())

    def _failed(self, code: str, cause: object) -> Retryable:
        return Retryable(code, params={"host": self._settings.host, "cause": str(cause)})


class _Session(smtplib.SMTP):
    """Connects when told, not when made: who cuts it must have it before it waits for anybody."""

    def __init__(self, host: str, timeout: float) -> None:
        # The name of this machine for HELO is asked of nobody, because a resolver may be slow.
        super().__init__(timeout=timeout, local_hostname="elshi")
        self._host = host  # the name that must stand in the server's certificate


class _Progress:
    """Where one message stands."""

    def __init__(self) -> None:
        self.has_begun = False
        self.is_taken = False


def _dialogue(smtp: smtplib.SMTP, message: EmailMessage, sender: str, recipient: str, progress: _Progress) -> None:
    """MAIL, RCPT, DATA (RFC 5321, 4.1.1): each answer is looked at before the next word."""
    for code, said in (smtp.mail(sender), smtp.rcpt(recipient)):
        if not _is_good(code):
            raise smtplib.SMTPResponseException(code, said)
    progress.has_begun = True
    code, said = smtp.data(message.as_bytes())
    if not _is_good(code):
        raise smtplib.SMTPResponseException(code, said)
    progress.is_taken = True


_READY = 220
_GOOD = 2


def _is_answer(code: int) -> bool:
    """A refusal in the words of SMTP: 4yz and 5yz (RFC 5321, 4.2.1)."""
    return code // 100 in {4, 5}


def _is_good(code: int) -> bool:
    return code // 100 == _GOOD


def _cut(smtp: smtplib.SMTP) -> None:
    """End every read and write of a dialogue that takes too long."""
    standing = smtp.sock
    if standing is not None:
        with contextlib.suppress(OSError):
            # The plain shutdown of the descriptor: that of an SSLSocket drops its state under the reader's hands.
            socket.socket.shutdown(standing, socket.SHUT_RDWR)


def _plain(error: BaseException) -> Exception:
    """What is shown as the cause: the class alone. The texts of a mail server hold addresses."""
    return ConnectionError(type(error).__name__)
