"""Who is told of alarms besides the log: a webhook, people by e-mail; and when a row counts as overdue."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final, Literal
from urllib.parse import urlsplit

from adapter.errors import Finding, Severity
from adapter.secret import Secret
from adapter.settings.trust_services import host_of

_SHORTEST_SECRET: Final = 16
"""Characters, as of the token of the JSON API: a short key is found by trying."""
_LAST_PORT: Final = 65_535
_LONGEST_GRACE: Final = timedelta(seconds=45)
"""With the watchdog's own pause an alarm is raised within a minute."""
_HERE: Final = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, kw_only=True, slots=True)
class AlarmSettings:
    """Alarms are always in the audit trail, in the log and in the metric; these tell somebody else, too.

    overdue_after   how late somebody may look at a row
    webhook_url     where events are posted; none: no webhook
    webhook_secret  key of the HMAC over each message; 16 characters or more
    webhook_events  alarms, or every event of the audit trail
    email_to        who is told of alarms, each by himself; empty: nobody
    smtp_host       the server that takes mail; needed with email_to, as smtp_from is
    smtp_starttls   whether the connection must be encrypted; none: required but under profile sandbox
    ca_bundle       PEM; only certificates in it, or issued by them, are trusted for webhook and mail server
    """

    overdue_after: timedelta = timedelta(seconds=30)
    webhook_url: str | None = None
    webhook_secret: Secret | None = None
    webhook_events: Literal["alarms", "all"] = "alarms"
    email_to: tuple[str, ...] = ()
    smtp_host: str | None = None
    smtp_port: int = 587
    smtp_from: str | None = None
    smtp_user: str | None = None
    smtp_password: Secret | None = None
    smtp_starttls: bool | None = None
    ca_bundle: Path | None = None

    def starttls_of(self, profile: str) -> bool:
        """Whether the mail server must encrypt, under this profile."""
        return profile != "sandbox" if self.smtp_starttls is None else self.smtp_starttls


def alarm_contradictions(alarms: AlarmSettings, profile: str) -> Iterator[tuple[str, str]]:
    """What tells strangers: alarms in the open over a network."""
    if profile == "sandbox":
        return
    if alarms.webhook_url is not None and not _is_private(alarms.webhook_url):
        yield f"profile={profile}", "alarms.webhook_url=http://..."
    if alarms.email_to and not alarms.starttls_of(profile) and alarms.smtp_host not in _HERE:
        yield f"profile={profile}", "alarms.smtp_starttls=false"


def alarm_faults(alarms: AlarmSettings) -> Iterator[Finding]:
    """What is missing or is no address."""
    yield from _webhook_faults(alarms)
    yield from _mail_faults(alarms)
    if not timedelta(seconds=1) <= alarms.overdue_after <= _LONGEST_GRACE:
        yield _wrong("alarms.overdue_after_seconds", f"seconds, 1 to {_LONGEST_GRACE.total_seconds():g}")


def _webhook_faults(alarms: AlarmSettings) -> Iterator[Finding]:
    if alarms.webhook_url is not None:
        if host_of(alarms.webhook_url) is None:
            yield _wrong("alarms.webhook_url", "https://...")
        if alarms.webhook_secret is None:
            yield _missing("alarms.webhook_secret")
    if alarms.webhook_secret is not None and len(alarms.webhook_secret.reveal().strip()) < _SHORTEST_SECRET:
        yield _wrong("alarms.webhook_secret", f"text, {_SHORTEST_SECRET} or more")


def _mail_faults(alarms: AlarmSettings) -> Iterator[Finding]:
    senders = (("alarms.smtp_from", alarms.smtp_from), *(("alarms.email_to", one) for one in alarms.email_to))
    for key, address in senders:
        if address is not None and not _is_address(address):
            yield _wrong(key, "duty@example.kz")
    if alarms.email_to and alarms.smtp_host is None:
        yield _missing("alarms.smtp_host")
    if alarms.email_to and alarms.smtp_from is None:
        yield _missing("alarms.smtp_from")
    if (alarms.smtp_user is None) != (alarms.smtp_password is None):
        yield _missing("alarms.smtp_user" if alarms.smtp_user is None else "alarms.smtp_password")
    if not 1 <= alarms.smtp_port <= _LAST_PORT:
        yield _wrong("alarms.smtp_port", f"whole number, 1 to {_LAST_PORT}")


def _is_private(url: str) -> bool:
    """Nobody else reads it on its way: TLS, or not on a network at all."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return True  # no address at all, which is a fault of its own
    return parts.scheme != "http" or parts.hostname in _HERE


def _is_address(text: str) -> bool:
    """Plain enough to stand in a header and in an SMTP command: ASCII, one @, no white space, no control character."""
    name, at, host = text.rpartition("@")
    plain = text.isascii() and text.isprintable() and not set(text) & set(' <>,;"()[]\\')
    return bool(at and name and host) and "@" not in name and plain


def _wrong(key: str, expected: str) -> Finding:
    return Finding(code="settings.wrong-type", severity=Severity.ERROR, params={"key": key, "expected": expected})


def _missing(key: str) -> Finding:
    return Finding(code="settings.missing", severity=Severity.ERROR, params={"key": key})
