"""A participant's side made by hand: envelopes as text, raw HTTP, an endpoint that answers. Nothing of adapter.exchange."""

from __future__ import annotations

import base64
import http.client
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from lxml import etree

import signing
from adapter.sandbox import Participant, SandboxSettings

START = datetime(2026, 11, 20, 5, 15, tzinfo=UTC)
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
SYNC = "http://bip.bee.kz/SyncChannel/v10/Types"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
STORAGE = "http://egov.bee.kz/eds/tempstorage/v2/"
HREF = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
MINISTRY, FOREIGN, OTHER = 90000001, 90000003, 90000005
CHANNEL, STORE, DIRECTORY = "channel-secret-1", "store-secret-2", "directory-secret-3"
EVERY_SECRET = (CHANNEL, STORE, DIRECTORY)


class ManualClock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.at = START

    def now(self) -> datetime:
        return self.at

    def move(self, by: timedelta) -> None:
        self.at += by


@dataclass(frozen=True)
class Keys:
    """One throwaway PKI with everybody's keys."""

    pki: signing.SandboxPki
    gateway: object
    stranger: object
    ministry: object
    foreign: object

    @classmethod
    def made(cls) -> Keys:
        pki = signing.SandboxPki.create(not_before=START - timedelta(days=30), not_after=START + timedelta(days=900))
        elsewhere = signing.SandboxPki.create(
            not_before=START - timedelta(days=30), not_after=START + timedelta(days=900), name="Elsewhere"
        )
        return cls(
            pki=pki,
            gateway=pki.issue("gateway", "SHEP", "Operator", key="ec-p256"),
            stranger=elsewhere.issue("gateway", "Stranger", "Nobody", key="ec-p256"),
            ministry=pki.issue("information-system", "Ministry node", "Ministry", bin="000000000001", key="ec-p256"),
            foreign=pki.issue("information-system", "MFA node", "MFA", bin="000000000002", key="ec-p256"),
        )


def participants(keys: Keys, **changes: dict[str, object]) -> tuple[Participant, ...]:
    """MIN (a ministry), MFA (its addressee) and PLAY (a body the sandbox plays); `changes` by lower-case code."""
    secrets = {"channel_password": CHANNEL, "file_password": STORE, "directory_password": DIRECTORY}
    made: list[dict[str, object]] = [
        {
            "code": "MIN",
            "name_kk": "Үлгі министрлігі",
            "name_ru": "Министерство-образец",
            "member": MINISTRY,
            "sender_org": 90000002,
            "account": "elshi_test",
            "certificates": (keys.ministry.certificate,),
            **secrets,
        },
        {
            "code": "MFA",
            "name_kk": "СІМ (үлгі)",
            "name_ru": "МИД (образец)",
            "member": FOREIGN,
            "sender_org": 90000004,
            "account": "mfa_test",
            "certificates": (keys.foreign.certificate,),
            **secrets,
        },
        {
            "code": "PLAY",
            "name_kk": "Ойнатылатын",
            "name_ru": "Играемый",
            "member": OTHER,
            "sender_org": 90000006,
            "account": "play_test",
            "plays": "registers",
            **secrets,
        },
    ]
    return tuple(Participant(**{**one, **changes.get(str(one["code"]).lower(), {})}) for one in made)


def settings(keys: Keys, **changes: object) -> SandboxSettings:
    values: dict[str, object] = {
        "participants": participants(keys),
        "gateway_key": keys.gateway.signing_key(),
        "stranger_key": keys.stranger.signing_key(),
        "trust": keys.pki.trust_anchors(),
        "retry_delays": (timedelta(milliseconds=20),),
        **changes,
    }
    return SandboxSettings(**values)


# --- what a participant says --------------------------------------------------------------------------------------------
def stamp(at: datetime) -> str:
    return at.astimezone(timezone(timedelta(hours=5))).isoformat(timespec="milliseconds")


def envelope(
    data: str,
    *,
    service: str = "ESEDO_UNIVERSAL_SERVICE",
    route: str | None = None,
    message_id: str | None = None,
    sender: str = "elshi_test",
    password: str = CHANNEL,
    at: datetime = START,
) -> bytes:
    """A SendMessage as a clean client writes it, not signed yet."""
    route = ("R_ESEDO" if service == "ESEDO_UNIVERSAL_SERVICE" else "") if route is None else route
    return (
        f'<soap:Envelope xmlns:soap="{SOAP}"><soap:Header/><soap:Body><SendMessage xmlns="{SYNC}"><request xmlns="">'
        f"<requestInfo><messageId>{message_id or uuid.uuid4()}</messageId><serviceId>{service}</serviceId>"
        f"<messageDate>{stamp(at)}</messageDate>{f'<routeId>{route}</routeId>' if route else ''}"
        f"<sender><senderId>{sender}</senderId><password>{password}</password></sender></requestInfo>"
        f"<requestData>{data}</requestData></request></SendMessage></soap:Body></soap:Envelope>"
    ).encode()


def signed(message: bytes, key: object) -> bytes:
    return signing.sign_envelope(
        message, key.signing_key(), policy=signing.DEFAULT_SIGNING, body_id=f"id-{uuid.uuid4()}"
    )


def meta(
    href: str = HREF, *, speaker: int = MINISTRY, performers: tuple[int, ...] = (FOREIGN,), org: int | None = 90000002
) -> str:
    return (
        "<metadataSystem><activityId>2a6c1d3e-4b5f-4a6b-8c7d-9e0f1a2b3c4d</activityId>"
        f"<from>{speaker}</from><href>{href}</href>"
        + "".join(f"<performers>{one}</performers>" for one in performers)
        + (f"<senderOrg>{org}</senderOrg>" if org else "")
        + "</metadataSystem>"
    )


def document(*files: str, head: str | None = None, own: str = "", kind: str = "docOutgoing") -> str:
    """A docOutgoing with what a clean one has; `own` is put before docLang."""
    attachments = "".join(f"<attachments><fileIdentifier>{one}</fileIdentifier></attachments>" for one in files)
    return (
        f'<data xsi:type="d:{kind}" xmlns:xsi="{XSI}" xmlns:d="http://esedo.nitec.kz/service/model/document">'
        f"{attachments}{meta() if head is None else head}<appendCount>{len(files)}</appendCount>"
        "<authorNameKz>Үлгі</authorNameKz><authorNameRu>Образец</authorNameRu><carrierType>1</carrierType>"
        "<description>Есеп / Отчёт</description><docDate>2026-11-20T00:00:00.000+05:00</docDate>"
        f"{own}<docLang>KZRU</docLang><docNo>EX-11/204</docNo><secondSignEnabled>0</secondSignEnabled></data>"
    )


def notice(kind: str, *own: str, head: str | None = None, speaker: int = FOREIGN, href: str = HREF) -> str:
    head = meta(href, speaker=speaker, performers=(MINISTRY,), org=None) if head is None else head
    return (
        f'<data xsi:type="n:{kind}" xmlns:xsi="{XSI}" xmlns:n="http://esedo.nitec.kz/service/model/notification">'
        f"{head}{''.join(own)}</data>"
    )


DATE = "<date>2026-11-20T16:39:58.000+05:00</date>"
REGISTERED = (DATE, "<idPortalInternal>0</idPortalInternal>", "<regNo>EX-1-000000-26-00001</regNo>")


def storage(
    kind: str, inner: str, *, qualified: bool = False, password: str = STORE, account: str = "elshi_test"
) -> str:
    credentials = f"<credentials><senderId>{account}</senderId><password>{password}</password></credentials>"
    inside = f"<type>{kind}</type>{inner}{credentials}"
    if qualified:
        return f'<data><tempStorageRequest xmlns="{STORAGE}">{inside}</tempStorageRequest></data>'
    return f'<data><t:tempStorageRequest xmlns:t="{STORAGE}">{inside}</t:tempStorageRequest></data>'


def upload(*contents: bytes, life: int = 28_800_000, confirm: bool = False, **more: object) -> str:
    files = "".join(
        f"<fileUploadRequests><fileProcessIdentifier>{place}</fileProcessIdentifier>"
        f"<content>{base64.b64encode(content).decode()}</content><name>f{place}.xml</name><mime>application/xml</mime>"
        f"<lifeTime>{life}</lifeTime><needToBeConfirmed>{str(confirm).lower()}</needToBeConfirmed></fileUploadRequests>"
        for place, content in enumerate(contents)
    )
    return storage("UPLOAD", f"<uploadRequest>{files}</uploadRequest>", **more)


def about(kind: str, *identifiers: str, **more: object) -> str:
    """DOWNLOAD, CONFIRM, GET_FILE_INFO."""
    part = {"DOWNLOAD": "downloadRequest", "CONFIRM": "confirmRequest", "GET_FILE_INFO": "getFileInfoRequest"}[kind]
    inner = "".join(f"<fileIdentifiers>{one}</fileIdentifiers>" for one in identifiers)
    return storage(kind, f"<{part}>{inner}</{part}>", **more)


def entity(name: str = "EXAMPLE_ORGANISATIONS", *, password: str = DIRECTORY, more: str = "") -> str:
    return (
        '<data><Request xmlns="http://nitec.kz/unidic/ws/getdata"><Login>elshi_test</Login>'
        f"<Password>{password}</Password><EntityName>{name}</EntityName>{more}</Request></data>"
    )


# --- what comes back ----------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Answer:
    """An HTTP answer read with lxml by local name."""

    status: int
    headers: dict[str, str]
    body: bytes = field(repr=False)

    @property
    def root(self) -> etree._Element:
        return etree.fromstring(self.body, etree.XMLParser(huge_tree=True))

    def all(self, name: str) -> list[str]:
        return [one.text or "" for one in self.root.iter(f"{{*}}{name}")]

    def one(self, name: str) -> str:
        found = self.all(name)
        assert found, f"no {name} in {self.body[:2000]!r}"
        return found[0]

    @property
    def code(self) -> str:
        """Status code of an answer, errorCode of a fault."""
        return (
            self.all("errorCode")
            or [*self.root.xpath("//*[local-name()='responseInfo']//*[local-name()='code']/text()")]
        )[0]


def post(url: str, body: bytes, *, headers: dict[str, str] | None = None, within: float = 20) -> Answer:
    """One POST over a connection of its own; errors of the network pass through."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=within)
    try:
        connection.request(
            "POST",
            parts.path,
            body,
            {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": '""'} if headers is None else headers,
        )
        response = connection.getresponse()
        return Answer(response.status, {name.lower(): text for name, text in response.getheaders()}, response.read())
    finally:
        connection.close()


class Endpoint:
    """A participant's own SyncChannel endpoint: keeps what is pushed, answers as told."""

    def __init__(self, key: object) -> None:
        self.received: list[bytes] = []
        self.changed = threading.Condition()
        self.reply: Callable[[bytes], tuple[int, bytes]] = lambda raw: (200, self.success(raw))
        self._key = key
        endpoint = self

        class Taking(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers["Content-Length"]))
                status, body = endpoint.reply(raw)
                # Kept before the answer is out: the sandbox records the delivery after it.
                with endpoint.changed:
                    endpoint.received.append(raw)
                    endpoint.changed.notify_all()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Taking)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/endpoint/"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def success(self, raw: bytes) -> bytes:
        return signed(answered(), self._key)

    def wait_for(self, count: int) -> list[bytes]:
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.received) >= count, 15), self.kinds()
            return list(self.received)

    def kinds(self) -> list[str]:
        return [kind_of(one) for one in self.received]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def answered(code: str = "SCSS001") -> bytes:
    return (
        f'<soap:Envelope xmlns:soap="{SOAP}"><soap:Header/><soap:Body><SendMessageResponse xmlns="{SYNC}">'
        f'<response xmlns=""><responseInfo><messageId>{uuid.uuid4()}</messageId>'
        f"<responseDate>{stamp(START)}</responseDate><status><code>{code}</code><message>taken</message></status>"
        "</responseInfo><responseData/></response></SendMessageResponse></soap:Body></soap:Envelope>"
    ).encode()


def kind_of(message: bytes) -> str:
    data = next(etree.fromstring(message).iter("data"))
    return data.get(f"{{{XSI}}}type").rpartition(":")[2]


def verdict(message: bytes, keys: Keys, at: datetime = START) -> str:
    """What a participant that pins the gateway's certificate finds."""
    validation = signing.verify_envelope(
        message,
        policy=signing.SANDBOX_ENVELOPE,
        anchors=keys.pki.trust_anchors(),
        at=at,
        pinned=(keys.gateway.certificate,),
    )
    return validation.report.indication.value if validation.is_signed else "unsigned"
