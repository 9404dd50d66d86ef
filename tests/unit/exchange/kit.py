"""Values for the tests of the exchange: settings, identifiers, keys of a throwaway PKI."""

from __future__ import annotations

import base64
import hashlib
import itertools
import re
from dataclasses import dataclass, field
from dataclasses import fields as dataclass_fields
from datetime import UTC, date, datetime
from functools import cache
from typing import Any
from uuid import UUID

import signing
from adapter.domain.document import BodyCode, DocumentId, DocumentType, Sha256
from adapter.domain.outgoing import OutgoingDocument, TravellingFile, Words
from adapter.exchange.config import (
    Account,
    BodyAddress,
    DirectoryConfig,
    ExchangeConfig,
    GatewayConfig,
    ParticipantConfig,
    SecondSignConfig,
    Secret,
)
from adapter.exchange.gateway import Gateway
from adapter.http_client import HttpAnswer
from signing.algorithms import ecdsa_to_raw

AT = datetime(2026, 11, 20, 5, 15, tzinfo=UTC)
"""10:15 in Almaty."""
CHANNEL_SECRET = "chan-S3CRET"
FILE_SECRET = "file-S3CRET"
DIRECTORY_SECRET = "dir-S3CRET"
SECRETS = (CHANNEL_SECRET, FILE_SECRET, DIRECTORY_SECRET)

CONTENT = b"container bytes"


def document(**changes: Any) -> OutgoingDocument:
    words = Words(kk="Сыртқы істер министрлігі", ru="Министерство иностранных дел")
    fields: dict[str, Any] = {
        "document_id": DocumentId("urn:uuid:00000000-0000-4000-8000-000000000001"),
        "document_type": DocumentType.TREATY_INFORMATION,
        "reporting_year": 2025,
        "sender": BodyCode("KZ-MOF"),
        "addressee": BodyCode("KZ-MFA"),
        "registration_number": "11-1/1",
        "registration_date": date(2026, 1, 30),
        "description": words,
        "author": words,
        "recipient": words,
        "signer": words,
        "executor": "Ахметова Г.",
        "executor_phone": "+7 7172 00 00 00",
        "sheets": 4,
        "files": (travelling("есеп.asice", CONTENT),),
        "office_signature": b"\x30\x00\xff",
        "prepared_at": datetime(2026, 1, 31, 9, 30, 15, 250_000, tzinfo=UTC),
        "answers": "11-1-4/135",
        "due_on": date(2026, 2, 1),
    }
    known = {one.name for one in dataclass_fields(OutgoingDocument)}
    return OutgoingDocument(**{name: value for name, value in (fields | changes).items() if name in known})


def travelling(name: str, content: bytes) -> TravellingFile:
    return TravellingFile(
        name=name,
        media_type="application/vnd.etsi.asic-e+zip",
        size=len(content),
        sha256=Sha256(hashlib.sha256(content).hexdigest()),
    )


US = 90000001
PEER = "90000003"


class Counting:
    """Identifiers 1, 2, 3, ... as UUIDs; no chance."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)

    def new(self) -> UUID:
        return UUID(int=next(self._numbers) | (4 << 76) | (8 << 60))

    def jitter(self) -> float:
        return 0.0


@dataclass
class StillClock:
    at: datetime = AT

    def now(self) -> datetime:
        return self.at


@dataclass(frozen=True)
class Keys:
    pki: signing.SandboxPki
    ours: signing.IssuedKey
    gateway: signing.IssuedKey
    stranger: signing.IssuedKey


@cache
def keys() -> Keys:
    """Our key, the gateway's, and one of the same authority that nobody pinned."""
    pki = signing.SandboxPki.create(
        not_before=datetime(2026, 1, 1, tzinfo=UTC), not_after=datetime(2028, 1, 1, tzinfo=UTC)
    )

    def issue(kind: Any, name: str) -> signing.IssuedKey:
        return pki.issue(kind, name, "Organisation", bin="123456789021", key="ec-p256")

    return Keys(
        pki=pki,
        ours=issue("information-system", "ours"),
        gateway=issue("gateway", "gateway"),
        stranger=issue("information-system", "stranger"),
    )


def config(**changes: Any) -> ExchangeConfig:
    fields: dict[str, Any] = {
        "endpoint": "http://127.0.0.1:1/bip-sync-wss-gost/",
        "account": Account(sender_id="elshi_test", password=Secret(CHANNEL_SECRET)),
        "file_store": Account(sender_id="elshi_files", password=Secret(FILE_SECRET)),
        "directory": DirectoryConfig(
            account=Account(sender_id="elshi_dir", password=Secret(DIRECTORY_SECRET)),
            entity_name="EXAMPLE_ORGANISATIONS",
            bodies={"KZ-MFA": BodyAddress(code="EX-1")},
        ),
        "participant": ParticipantConfig(member=US, sender_org=90000002),
        "doc_kind": 90000010,
        "character": 90000020,
        "profile": "stand",
        "gateway": GatewayConfig(certificates=(keys().gateway.certificate,)),
    }
    return ExchangeConfig(**(fields | changes))


def production(**changes: Any) -> ExchangeConfig:
    return config(
        **(
            {"profile": "production", "endpoint": "https://gw.example/", "second_sign": SecondSignConfig(enabled=True)}
            | changes
        )
    )


@dataclass
class CannedHttp:
    """Stands where the network door is: answers in turn (the last one again and again), remembers what was posted."""

    answers: list[Any] = field(default_factory=list)
    posted: list[bytes] = field(default_factory=list)
    repeatable: list[bool] = field(default_factory=list)

    def post(
        self, url: str, body: bytes, *, headers: Any = None, repeatable: bool = False, leave_within: Any = None
    ) -> HttpAnswer:
        self.posted.append(body)
        self.repeatable.append(repeatable)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        answer = answer(body) if callable(answer) else answer
        if isinstance(answer, Exception):
            raise answer
        return answer


def gateway(http: Any, settings: ExchangeConfig | None = None, **changes: Any) -> Gateway:
    fields: dict[str, Any] = {
        "config": settings or config(),
        "http": http,
        "key": keys().ours.signing_key(),
        "signing_policy": signing.DEFAULT_SIGNING,
        "validation_policy": signing.SANDBOX_ENVELOPE,
        "anchors": keys().pki.trust_anchors(),
        "identifiers": Counting(),
    }
    return Gateway(**(fields | changes))


def signed(message: bytes, by: signing.IssuedKey | None = None, number: int = 1) -> bytes:
    key = (by or keys().gateway).signing_key()
    return signing.sign_envelope(message, key, policy=signing.DEFAULT_SIGNING, body_id=f"id-{number}")


def http(body: bytes, status: int = 200, **headers: str) -> HttpAnswer:
    return HttpAnswer(status=status, headers={k.replace("_", "-"): v for k, v in headers.items()}, body=body)


def _replaced(pattern: str, by: str, message: bytes) -> bytes:
    changed, count = re.subn(pattern, by.replace("\\", r"\\"), message.decode(), count=1, flags=re.DOTALL)
    assert count == 1, pattern
    return changed.encode()


def naming(certificate: bytes, message: bytes) -> bytes:
    """The signed message with a KeyInfo that only names this certificate by issuer and serial, as real answers do."""
    facts = signing.certificate_facts(certificate)
    named = (
        f"<ds:X509Data><ds:X509IssuerSerial><ds:X509IssuerName>{facts.issuer}</ds:X509IssuerName>"
        f"<ds:X509SerialNumber>{int(facts.serial, 16)}</ds:X509SerialNumber></ds:X509IssuerSerial></ds:X509Data>"
    )
    return _replaced(r"<wsse:KeyIdentifier.*</wsse:KeyIdentifier>", named, message)


def _with_signed_info(pattern: str, by: str, message: bytes) -> bytes:
    """The signed message with another SignedInfo, and the gateway's right value over that."""
    found = re.search(rb"<ds:SignedInfo .*</ds:SignedInfo>", message)
    assert found is not None
    changed = _replaced(pattern, by, found[0])
    value = base64.b64encode(ecdsa_to_raw(keys().gateway.signing_key().sign(changed), 256)).decode()
    return _replaced(r"(?<=SignatureValue>)[^<]+", value, message.replace(found[0], changed))


def forgeries(message: bytes) -> dict[str, tuple[bytes, str]]:
    """The message signed wrongly or by another than the pinned gateway; each with the check that says so."""
    right = signed(message)
    unnamed = _replaced(r"<ds:KeyInfo>.*</ds:KeyInfo>", "", right)
    signature = unnamed[unnamed.index(b"<ds:Signature ") : unnamed.index(b"</wsse:Security>")]
    value, other = (re.findall(rb"SignatureValue>(.*?)<", one)[0] for one in (right, signed(message, number=2)))
    by_another = signed(message, keys().stranger)
    return {
        "altered body": (right.replace(b"<messageId>", b"<messageId>0"), "xmldsig.digests"),
        "altered value": (right.replace(value, other), "xmldsig.signature-value"),
        "another certificate": (by_another, "wss.pinned"),
        "another certificate, named": (naming(keys().stranger.certificate, by_another), "wss.key-info"),
        "no certificate at all": (unnamed, "wss.key-info"),
        "a second signature without certificate": (
            right.replace(b"</wsse:Security>", signature + b"</wsse:Security>"),
            "wss.key-info",
        ),
        "algorithm nobody has": (
            _replaced(r"xmldsig-more#ecdsa-sha256", "xmldsig-more#unheard-of", right),
            "xmldsig.signature-algorithm",
        ),
        "digest nobody has": (
            _with_signed_info(r"xmlenc#sha256", "xmlenc#unheard-of", right),
            "xmldsig.digest-algorithms",
        ),
        "beside the place of signatures": (
            unnamed.replace(signature, b"").replace(b"</soap:Header>", signature + b"</soap:Header>"),
            "wss.signature-present",
        ),
        "not over this body": (_replaced(r'URI="#id-1"', 'URI="#id-2"', right), "wss.coverage"),
    }


SOAP = 'xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"'
SYNC = "http://bip.bee.kz/SyncChannel/v10/Types"


def soap(body: str) -> bytes:
    return f"<soap:Envelope {SOAP}><soap:Body>{body}</soap:Body></soap:Envelope>".encode()


def answer(code: str = "SCSS001", words: str = "Message has been processed successfully", data: str = "") -> bytes:
    return soap(
        f'<SendMessageResponse xmlns="{SYNC}"><response xmlns=""><responseInfo><messageId>e4f0</messageId>'
        "<responseDate>2026-11-20T10:15:01.120+05:00</responseDate>"
        f"<status><code>{code}</code><message>{words}</message></status></responseInfo>"
        f"<responseData>{data}</responseData></response></SendMessageResponse>"
    )


def fault(*codes: str, faultcode: str = "soap:Server") -> bytes:
    detail = ""
    for code in reversed(codes):
        detail = f"<errorCode>{code}</errorCode><errorMessage>says {code}</errorMessage>" + (
            f"<subError>{detail}</subError>" if detail else ""
        )
    detail = f'<t:SendMessageFault1_SendMessageFault xmlns:t="{SYNC}">{detail}</t:SendMessageFault1_SendMessageFault>'
    return soap(
        f"<soap:Fault><faultcode>{faultcode}</faultcode><faultstring>bad</faultstring>"
        f"<detail>{detail if codes else ''}</detail></soap:Fault>"
    )


def push(data: str, message_id: str = "9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d") -> bytes:
    return soap(
        f'<t:SendMessage xmlns:t="{SYNC}"><request><requestInfo><messageId>{message_id}</messageId>'
        "<serviceId>ESEDO_UNIVERSAL_SERVICE</serviceId><messageDate>2026-11-20T16:40:12.000+05:00</messageDate>"
        "<sender><senderId>esedo_example</senderId></sender>"
        "<sessionId>{5e2f7a11-9c0d-4b7e-8a21-0c1d2e3f4a5b}</sessionId></requestInfo>"
        f"<requestData>{data}</requestData></request></t:SendMessage>"
    )


HREF = "7c9e6679-7425-40de-944b-e07fc1f90ae7"


def notice(name: str, fields: str = "", *, routing: str | None = None) -> str:
    meta = (
        routing
        if routing is not None
        else (
            f"<metadataSystem><activityId>6f1d</activityId><from>{PEER}</from><href>{HREF}</href>"
            f"<performers>{US}</performers></metadataSystem>"
        )
    )
    return (
        f'<data xsi:type="n:{name}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        f'xmlns:n="http://esedo.nitec.kz/service/model/notification">{meta}{fields}</data>'
    )
