"""Who is told of events, from the settings: the log always, a webhook, people by e-mail.

A message of the webhook:

    POST            {"node": body, "first": n, "last": m, "events": [...]}, each event as in GET /events
    Elshi-Sequence  sequence of the last event in it
    Elshi-Timestamp seconds since 1970 when it was sent
    Elshi-Signature v1= and the HMAC-SHA256, in hexadecimal, over timestamp, full stop, sequence, full stop, body
"""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Final as Constant

from adapter.domain.alarms import is_alarm
from adapter.domain.audit_event import ChainedEvent
from adapter.domain.subscription import LOG
from adapter.errors import Retryable
from adapter.http_client import HttpClient, HttpSettings
from adapter.mail import Mailer, MailSettings
from adapter.ports import Receiver
from adapter.secret import Secret
from adapter.settings import Settings
from adapter.settings.trust_services import host_of
from adapter.usecases.alarm_text import facts_of, letter
from adapter.usecases.evidence_json import event_json
from adapter.usecases.notify import Follower

_log = logging.getLogger("adapter.alarms")
_ANSWER: Constant = 100_000
"""Bytes of an answer that are read; nothing in it is used."""
_CONNECT: Constant = timedelta(seconds=5)
_WITHIN: Constant = timedelta(seconds=20)
_TAKEN: Constant = range(200, 300)

WEBHOOK: Constant = "webhook"


def followers_of(settings: Settings) -> dict[str, Follower]:
    """Everybody who is told. Raises Final `http.tls-settings`, `mail.tls-settings` for a bundle that cannot be read."""
    alarms, body = settings.alarms, settings.node.body
    found = {LOG: Follower(receiver=LogReceiver(), wants=is_alarm)}
    if alarms.webhook_url is not None and alarms.webhook_secret is not None:
        is_all = alarms.webhook_events == "all"
        found[WEBHOOK] = Follower(
            receiver=_webhook(settings, alarms.webhook_url, alarms.webhook_secret),
            wants=(lambda _: True) if is_all else is_alarm,
        )
    if alarms.email_to and alarms.smtp_host is not None and alarms.smtp_from is not None:
        mailer = Mailer(
            MailSettings(
                host=alarms.smtp_host,
                port=alarms.smtp_port,
                user=alarms.smtp_user,
                password=alarms.smtp_password,
                starttls=alarms.starttls_of(settings.profile),
                ca_bundle=alarms.ca_bundle,
            )
        )
        for address in alarms.email_to:
            # Each by himself: an address that is refused keeps nobody else from his mail.
            receiver = MailReceiver(mailer=mailer, body=body, sender=alarms.smtp_from, recipient=address)
            found[f"email {address}"] = Follower(receiver=receiver, wants=is_alarm)
    return found


def _webhook(settings: Settings, url: str, secret: Secret) -> Receiver:
    http = HttpClient(
        HttpSettings(
            connect_within=_CONNECT,
            read_within=_WITHIN,
            total_within=_WITHIN,
            max_answer_bytes=_ANSWER,
            ca_bundle=settings.alarms.ca_bundle,
            proxies=settings.http.proxies,
            allowed_hosts=frozenset({host_of(url) or ""}),
            # The settings refuse http but to this machine; outside a sandbox nothing else gets here.
            plain_http_allowed=True,
        )
    )
    return WebhookReceiver(http=http, url=url, secret=secret, body=settings.node.body)


class LogReceiver:
    """adapter.ports.Receiver: a line at WARNING for each alarm."""

    def tell(self, events: Sequence[ChainedEvent], *, at: datetime) -> None:
        """Never refuses."""
        del at
        for one in events:
            shown = ", ".join(f"{name} {value}" for name, value in facts_of(one).items())
            _log.warning("alarm %d %s: %s", one.sequence, one.event.action, shown)


@dataclass(frozen=True, kw_only=True, slots=True)
class WebhookReceiver:
    """adapter.ports.Receiver over HTTP; `secret` is the key of the HMAC, `body` the code of our body."""

    http: HttpClient
    url: str
    secret: Secret
    body: str

    def tell(self, events: Sequence[ChainedEvent], *, at: datetime) -> None:
        """Taken is a status from 200 to 299. Raises Retryable `alarms.receiver-refused`, and what the network raises."""
        content = {
            "node": self.body,
            "first": events[0].sequence,
            "last": events[-1].sequence,
            "events": [event_json(one) for one in events],
        }
        raw = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
        headers = signed_headers(raw, sequence=events[-1].sequence, at=at, secret=self.secret)
        answer = self.http.post(self.url, raw, headers={"Content-Type": "application/json", **headers})
        if answer.status not in _TAKEN:
            raise Retryable("alarms.receiver-refused", params={"receiver": WEBHOOK, "status": answer.status})


def signed_headers(raw: bytes, *, sequence: int, at: datetime, secret: Secret) -> dict[str, str]:
    """The headers that let a receiver know who speaks, when, and that nothing was changed or left out."""
    timestamp = str(int(at.timestamp()))
    told = f"{timestamp}.{sequence}.".encode() + raw
    made = hmac.new(secret.reveal().encode(), told, hashlib.sha256).hexdigest()
    return {"Elshi-Sequence": str(sequence), "Elshi-Timestamp": timestamp, "Elshi-Signature": f"v1={made}"}


@dataclass(frozen=True, kw_only=True, slots=True)
class MailReceiver:
    """adapter.ports.Receiver by e-mail; a letter that is sent again keeps its Message-ID, so a mailbox may know it."""

    mailer: Mailer
    body: str
    sender: str
    recipient: str

    def tell(self, events: Sequence[ChainedEvent], *, at: datetime) -> None:
        """One letter. Raises what the mailer raises."""
        told = letter(events, self.body)
        message = EmailMessage()
        message["Subject"] = told.subject
        message["From"] = self.sender
        message["To"] = self.recipient
        message["Date"] = format_datetime(at)
        host = self.sender.rpartition("@")[2]
        message["Message-ID"] = f"<elshi-{self.body.lower()}-{events[0].sequence}-{events[-1].digest[:16]}@{host}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(told.text, charset="utf-8", cte="base64")
        self.mailer.send(message, sender=self.sender, recipient=self.recipient)
