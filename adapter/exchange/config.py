"""Addresses, accounts, limits and dialect of the exchange, as one frozen value.

Most of what the operator has not published is a switch here, with the default that is safe until the operator answers
(exchange reference, section 10). `unconfirmed()` lists the switches that nobody has settled; a production start shows
it. `not_carried_out()` lists values that are known but that this release does not act on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import Any, Final, Literal, get_args, get_origin, get_type_hints

from adapter.domain.outgoing import message_bytes
from adapter.errors import Finding, SettingsRefused, Severity
from adapter.secret import Secret


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """An account at the gateway, the file store or the directory: three accounts, three passwords (section 1)."""

    sender_id: str
    password: Secret


@dataclass(frozen=True, kw_only=True, slots=True)
class Services:
    """Names in SHEP's register (section 1); an empty route is not written."""

    esedo: str = "ESEDO_UNIVERSAL_SERVICE"
    esedo_route: str = "R_ESEDO"
    files: str = "EDS_TEMP_FILES"
    directory: str = "ENSI_SeGetDataGetItems"


@dataclass(frozen=True, kw_only=True, slots=True)
class SecondSignConfig:
    """The office signature, `secondSignData`: the top open question (section 3.5).

    enabled          None: nobody has said. A stand then signs; production refuses to start
    scope            bytes under the signature; concatenated attachments is the only reading that fits the message seen
    detached         the message seen was detached
    timestamp        whether a time-stamp must be inside; the message seen had one
    ocsp             where the OCSP answer goes
    file_names_attr  the undocumented attribute with the names of the files
    """

    enabled: bool | None = None
    scope: Literal["attachments_concat", "first_attachment", "each_attachment"] = "attachments_concat"
    detached: bool = True
    timestamp: Literal["required", "if_available", "off"] = "required"
    ocsp: Literal["signed_attr_legacy", "revocation_values", "none"] = "revocation_values"
    file_names_attr: Literal["emit", "omit"] = "omit"


@dataclass(frozen=True, kw_only=True, slots=True)
class EnvelopeConfig:
    """Our signature on the envelope.

    certificate_role      whose certificate; checked and shown, not refused
    inclusive_namespaces  prefixes for InclusiveNamespaces; what we receive is always honoured
    """

    certificate_role: Literal["any_legal", "civil_servant", "information_system"] = "any_legal"
    inclusive_namespaces: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class GatewayConfig:
    """What the gateway's signature is worth.

    certificates     DER, pinned. Empty: what the gateway signs may end as "could not be checked", never as "valid"
    unsigned_answer  mark: the transport's result counts, its evidence is "unverified"; reject: the outcome is unknown
    unsigned_push    quarantine: stored and shown, moves nothing; reject: refused with a fault

    Both speak of what has no signature, or one of which only the certificate cannot be judged. What is signed wrongly or
    by another never counts.
    """

    certificates: tuple[bytes, ...] = field(default=(), repr=False)
    unsigned_answer: Literal["reject", "mark"] = "mark"
    unsigned_push: Literal["reject", "quarantine"] = "quarantine"


@dataclass(frozen=True, kw_only=True, slots=True)
class FilesConfig:
    """The temporary file store EDS_TEMP_FILES (section 4).

    qualified            children in the namespace, as the schema says; False: the form all known clients send
    max_message_bytes    SHEP's limit on a whole message, about 15 MB by a second-hand source
    max_file_bytes       raw bytes of one file, one file per call: base64 adds a third, the signature some more
    lifetime             what we ask for (8 h were seen); what the answer grants is what counts
    need_confirm         whether the recipient must confirm; one that does not know would never do it
    reupload_on_expiry   whether an expired file may be replaced under the same href, after an unknown outcome, without a
                         person; auto may bring a document twice, under one href and with other bytes around it
    refused_codes        file statuses that mean: this file never. No catalogue exists, so none by default
    gone_codes           file statuses that mean: forgotten. Without them absence is found by asking about the file
    later_codes          file statuses that mean: ask again later
    """

    qualified: bool = False
    max_message_bytes: int = 15_000_000
    max_file_bytes: int = 10 * 1024 * 1024
    lifetime: timedelta = timedelta(hours=8)
    need_confirm: bool = False
    reupload_on_expiry: Literal["manual", "auto"] = "manual"
    refused_codes: tuple[str, ...] = ()
    gone_codes: tuple[str, ...] = ()
    later_codes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class DocumentConfig:
    """`docOutgoing` (section 3.2).

    empty_elements          as_template: unused texts are empty elements, as in the template of 2026; omit: left out.
                            A long or a dateTime is never empty in either
    doc_lang_case           the schema writes KZRU, one client kzru; read without case
    activity_id             same: one GUID in activityId and documentSectionId, as in the template
    recipients_per_message  one: one href, one state, one piece of evidence
    """

    empty_elements: Literal["as_template", "omit"] = "as_template"
    doc_lang_case: Literal["schema", "lower"] = "schema"
    activity_id: Literal["same", "distinct"] = "same"
    recipients_per_message: Literal["one", "many"] = "one"


@dataclass(frozen=True, kw_only=True, slots=True)
class ReceiverConfig:
    """What we do as a receiver.

    notices              which notices we send; on durable save, on registration, on refusal
    not_valid_reason     code: 1, 2, 3; text: the words. 2 only for a signature that failed, never for one unchecked
    second_sign_notif    whether our notices carry an office signature
    answer_message_id    own: an id of ours with theirs in correlationId; echo: theirs
    sign_answer          whether our answers are signed
    """

    notices: tuple[str, ...] = ("stateDelivered", "stateRegistered", "stateNotValid")
    not_valid_reason: Literal["code", "text"] = "code"
    second_sign_notif: Literal["omit", "sign"] = "omit"
    answer_message_id: Literal["own", "echo"] = "own"
    sign_answer: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class NoticesConfig:
    """Texts in broken encodings: repaired for display, or shown as they came. The bytes are kept in either case."""

    encoding_repair: Literal["display_only", "off"] = "display_only"


@dataclass(frozen=True, kw_only=True, slots=True)
class TlsConfig:
    """How the gateway's TLS certificate is judged; there is no value that switches it off."""

    verify: Literal["pinned", "system"] = "pinned"


@dataclass(frozen=True, kw_only=True, slots=True)
class UnknownConfig:
    """How long a notice may take to clear an unknown outcome before a person is asked."""

    wait: timedelta = timedelta(hours=2)


@dataclass(frozen=True, kw_only=True, slots=True)
class CodesConfig:
    """Status and fault codes: an open set without a published catalogue (section 2.3), so each list is a setting.

    success   taken by the gateway
    final     refused because of the request. Defaults: codes of public clients whose names say "validation"
    later     a condition of the gateway: the same bytes later. None is known
    A code on no list stops for a person: neither success nor refusal is guessed.
    """

    success: tuple[str, ...] = ("SCSS001",)
    final: tuple[str, ...] = ("VAL-JSR-001", "VAL-R-004", "SBF-VE-8")
    later: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class ParticipantConfig:
    """Who we are: our participant id (`from`) and our id in the ESEDO centre (`senderOrg`)."""

    member: int
    sender_org: int


@dataclass(frozen=True, kw_only=True, slots=True)
class BodyAddress:
    """How the directory knows a body whose code there is not ours."""

    code: str


@dataclass(frozen=True, kw_only=True, slots=True)
class DirectoryConfig:
    """The directory of organisations in ENSI (section 5).

    entity_name  name of the directory; no published value, so the operator's
    bodies       our code -> the directory's; a body that is not named here is looked for under our own code
    cache_for    how long one reading serves; shorter costs calls, longer delays a new or closed addressee
    positive     values of isEsedo and isReady (strings, not booleans) that mean yes
    """

    account: Account
    entity_name: str
    bodies: Mapping[str, BodyAddress] = field(default_factory=lambda: MappingProxyType({}))
    cache_for: timedelta = timedelta(hours=24)
    positive: tuple[str, ...] = ("1", "true")


@dataclass(frozen=True, kw_only=True, slots=True)
class ExchangeConfig:
    """Everything this package is told. Raises SettingsRefused with every finding when values do not fit together.

    endpoint             address of the gateway's SendMessage
    doc_kind, character  ENSI codes of the kind of document and the nature of the matter; never a default of ours
    confirmed            keys whose default the operator has confirmed
    profile              production, or a stand (simulator, test circuit) where a missing answer may be assumed
    """

    endpoint: str
    account: Account
    file_store: Account
    directory: DirectoryConfig
    participant: ParticipantConfig
    doc_kind: int
    character: int
    services: Services = Services()
    codes: CodesConfig = CodesConfig()
    second_sign: SecondSignConfig = SecondSignConfig()
    envelope: EnvelopeConfig = EnvelopeConfig()
    gateway: GatewayConfig = GatewayConfig()
    files: FilesConfig = FilesConfig()
    document: DocumentConfig = DocumentConfig()
    receiver: ReceiverConfig = ReceiverConfig()
    notices: NoticesConfig = NoticesConfig()
    tls: TlsConfig = TlsConfig()
    unknown: UnknownConfig = UnknownConfig()
    resend_unknown: Literal["manual", "auto_same_bytes"] = "manual"
    confirmed: frozenset[str] = frozenset()
    profile: Literal["production", "stand"] = "production"

    def __post_init__(self) -> None:
        findings = (*_wrong_values(self), *_contradictions(self))
        if findings:
            raise SettingsRefused(findings)

    @property
    def is_office_signed(self) -> bool:
        """Whether documents carry the office signature; a stand assumes yes."""
        return self.second_sign.enabled is not False

    def unconfirmed(self) -> tuple[str, ...]:
        """Keys of the switches that stand at a default nobody has confirmed, for example `second_sign.scope`."""
        return tuple(key for key, value, default in _switches(self) if value == default and key not in self.confirmed)

    def not_carried_out(self) -> tuple[str, ...]:
        """Settings, as `key=value`, that ask for what this release does not do."""
        undone = {
            # The worker's own [delivery] resend_when_uncertain and uncertain_window decide these two.
            "resend_unknown": self.resend_unknown != "manual",
            "unknown.wait": self.unknown.wait != UnknownConfig().wait,
            "receiver.notices": self.receiver.notices != ReceiverConfig().notices,
            "tls.verify": self.tls.verify != "pinned",
            "second_sign.scope": self.second_sign.scope != "attachments_concat",
            "second_sign.detached": not self.second_sign.detached,
            "second_sign.timestamp": self.second_sign.timestamp != "off",
            "second_sign.ocsp": self.second_sign.ocsp != "none",
            "second_sign.file_names_attr": self.second_sign.file_names_attr == "emit",
            "envelope.certificate_role": self.envelope.certificate_role != "any_legal",
            "envelope.inclusive_namespaces": bool(self.envelope.inclusive_namespaces),
            "document.recipients_per_message": self.document.recipients_per_message == "many",
            "receiver.second_sign_notif": self.receiver.second_sign_notif == "sign",
        }
        values = {key: value for key, value, _ in _switches(self)}
        return tuple(f"{key}={values[key]}" for key, is_undone in undone.items() if is_undone)


_SWITCH_GROUPS: Final = (
    "second_sign",
    "envelope",
    "gateway",
    "files",
    "document",
    "receiver",
    "notices",
    "tls",
    "unknown",
    "codes",
)


def _switches(config: ExchangeConfig) -> Iterator[tuple[str, Any, Any]]:
    """Every switch as (key, value, default)."""
    yield "resend_unknown", config.resend_unknown, "manual"
    for group in _SWITCH_GROUPS:
        part = getattr(config, group)
        for one in fields(part):
            yield f"{group}.{one.name}", getattr(part, one.name), one.default


def _wrong_values(part: Any, prefix: str = "") -> Iterator[Finding]:
    """A value outside its list: settings come from text, so the type checker has not seen them."""
    hints = get_type_hints(type(part))
    for one in fields(part):
        value, hint = getattr(part, one.name), hints[one.name]
        if is_dataclass(value):
            yield from _wrong_values(value, f"{prefix}{one.name}.")
        elif get_origin(hint) is Literal and value not in get_args(hint):
            yield _finding(
                "exchange.setting-value",
                key=f"{prefix}{one.name}",
                value=str(value),
                allowed=", ".join(map(str, get_args(hint))),
            )


def _contradictions(config: ExchangeConfig) -> Iterator[Finding]:
    if config.profile == "production":
        if config.second_sign.enabled is None:
            yield _finding("exchange.setting-missing", key="second_sign.enabled")
        if not config.endpoint.startswith("https://"):
            yield _finding(
                "exchange.setting-contradiction", first="profile=production", second="endpoint without https"
            )
    if message_bytes(config.files.max_file_bytes) > config.files.max_message_bytes:
        yield _finding(
            "exchange.setting-contradiction",
            first=f"files.max_file_bytes={config.files.max_file_bytes}",
            second=f"files.max_message_bytes={config.files.max_message_bytes}",
        )
    lists = {"success": config.codes.success, "final": config.codes.final, "later": config.codes.later}
    for first, second in (("success", "final"), ("success", "later"), ("final", "later")):
        for code in sorted(set(lists[first]) & set(lists[second])):
            yield _finding(
                "exchange.setting-contradiction", first=f"codes.{first}: {code}", second=f"codes.{second}: {code}"
            )
    if not config.codes.success:
        yield _finding("exchange.setting-missing", key="codes.success")


def _finding(code: str, **params: str) -> Finding:
    return Finding(code=code, severity=Severity.ERROR, params=MappingProxyType(params))
