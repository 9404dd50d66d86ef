"""What a node is told, as frozen values, and what of it contradicts itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Final, Literal

from adapter.domain.document import BodyCode
from adapter.domain.retry import RetryPolicy
from adapter.errors import Finding, SettingsRefused, Severity
from adapter.exchange.config import ExchangeConfig, UnknownConfig
from adapter.http_client import HttpSettings
from adapter.secret import Secret
from adapter.settings.alarms import AlarmSettings, alarm_contradictions, alarm_faults
from adapter.settings.keys import KeysSettings, key_contradictions, key_faults
from adapter.settings.trust_services import RevocationSettings, TimeStampSettings, host_of, trust_service_faults
from adapter.storage import StorageConfig
from adapter.usecases.delivery_plan import DeliveryPlan

_SHORTEST_TOKEN: Final = 16
"""Characters: an empty token would let everybody in, a short one is guessed."""
_SHORTEST_LEASE: Final = timedelta(seconds=3)
"""Renewed every second; a shorter one ends whenever the machine holds its breath."""
_SHORTEST_PROBE_WAIT: Final = timedelta(seconds=1)
"""A channel that is down is not asked in a loop."""
_SHORTEST_WAIT: Final = timedelta(milliseconds=100)
"""What has failed is not tried again in a loop."""
_SHORTEST_WINDOW: Final = timedelta(seconds=1)
"""Of waiting for news. Without any there is no moment at which somebody looks again."""
_LAST_PORT: Final = 65_535
"""Of TCP."""
Profile = Literal["production", "test", "sandbox"]


@dataclass(frozen=True, kw_only=True, slots=True)
class BodySettings:
    """Who this node is.

    body            code in the list of bodies
    system          name of the system of record, as it stands in our receipts
    number_prefix   put before incoming numbers
    subdivision_kk  and _ru: who answers for what the program decides by itself
    """

    body: BodyCode
    system: str
    number_prefix: str = ""
    subdivision_kk: str = "Автоматты тексеру"
    subdivision_ru: str = "Автоматическая проверка"


@dataclass(frozen=True, kw_only=True, slots=True)
class RulesSettings:
    """Under which ruleset new documents are made; `folder` may add rulesets, coverage and holiday lists."""

    id: str = "RK-GOV-1141-2010"
    version: str = "2021-03-18"
    folder: Path | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class TrustSettings:
    """Anchors for documents and for messages; one kind, which must fit the profile.

    anchors                 files; none where `set` names a set of the national authorities
    set, set_folder         that set, and the folder that `elshi trust add --folder` filled
    revocation, timestamp   what national law demands; loosening is said in each report
    """

    anchors: tuple[Path, ...] = ()
    set: Literal["nuc-rk", "nuc-rk-test"] | None = None
    set_folder: Path | None = None
    gateway_certificates: tuple[Path, ...] = ()
    revocation: Literal["required", "not-checked"] = "required"
    timestamp: Literal["required", "not-required"] = "required"


@dataclass(frozen=True, kw_only=True, slots=True)
class DeliverySettings:
    """Pacing of deliveries; see DeliveryPlan and BreakerPolicy for what each costs."""

    first_wait: timedelta = timedelta(seconds=4)
    longest_wait: timedelta = timedelta(minutes=15)
    horizon: timedelta = timedelta(days=3)
    deadline_lead: timedelta = timedelta(minutes=10)
    uncertain_window: timedelta = timedelta(hours=2)
    silence_alarm: timedelta = timedelta(hours=4)
    resend_when_uncertain: Literal["ask", "identical"] = "ask"
    resend_by_planner: bool = True
    idle: timedelta = timedelta(seconds=1)
    breaker_failures: int = 5
    breaker_first_wait: timedelta = timedelta(seconds=5)
    breaker_longest_wait: timedelta = timedelta(seconds=60)
    drain_per_second: int = 20
    channel_alarm: timedelta = timedelta(minutes=5)


@dataclass(frozen=True, kw_only=True, slots=True)
class ServerSettings:
    """The endpoint that the exchange calls.

    max_request_bytes   a whole message; the exchange is said to carry about 15 MB
    read_within         a request must be here by then
    api_token           for the JSON API, 16 characters or more; None switches the API off
    """

    host: str = "127.0.0.1"
    port: int = 8080
    path: str = "/esedo/"
    max_request_bytes: int = 20_000_000
    read_within: timedelta = timedelta(seconds=60)
    api_token: Secret | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class KnownBody:
    """What the node knows of a body from official registers: its BIN."""

    bin: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """Everything a node is told. `bodies` binds certificates to bodies: a signer is known by the BIN in the certificate."""

    profile: Profile
    node: BodySettings
    trust: TrustSettings
    exchange: ExchangeConfig
    storage: StorageConfig
    rules: RulesSettings = field(default_factory=RulesSettings)
    keys: KeysSettings = field(default_factory=KeysSettings)
    time_stamps: TimeStampSettings = field(default_factory=TimeStampSettings)
    revocation: RevocationSettings = field(default_factory=RevocationSettings)
    http: HttpSettings = field(default_factory=HttpSettings)
    delivery: DeliverySettings = field(default_factory=DeliverySettings)
    server: ServerSettings = field(default_factory=ServerSettings)
    alarms: AlarmSettings = field(default_factory=AlarmSettings)
    bodies: Mapping[str, KnownBody] = field(default_factory=dict)

    def __post_init__(self) -> None:
        findings = tuple(_contradictions(self))
        if findings:
            raise SettingsRefused(findings)

    @property
    def retry(self) -> RetryPolicy:
        """The schedule of the domain."""
        return RetryPolicy(
            first=self.delivery.first_wait,
            cap=self.delivery.longest_wait,
            horizon=self.delivery.horizon,
            lead=self.delivery.deadline_lead,
        )


def _contradictions(settings: Settings) -> list[Finding]:
    pairs: list[tuple[str, str]] = []
    if settings.profile == "production" and settings.http.plain_http_allowed:
        pairs.append(("profile=production", "http.plain_http_allowed=true"))
    if settings.profile == "production":
        # a key that signs in a time of its own gives itself away to whoever measures: not by a line in the settings
        named = settings.keys.named.items()
        pairs += [("profile=production", f"keys.{name}.test_keys=true") for name, entry in named if entry.test_keys]
    pairs += _of_the_engine(settings)
    if settings.delivery.first_wait > settings.delivery.longest_wait:
        pairs.append(
            (
                f"delivery.first_wait_seconds={settings.delivery.first_wait.total_seconds():g}",
                f"delivery.longest_wait_seconds={settings.delivery.longest_wait.total_seconds():g}",
            )
        )
    if settings.delivery.longest_wait > settings.delivery.horizon:
        pairs.append(
            (
                f"delivery.longest_wait_seconds={settings.delivery.longest_wait.total_seconds():g}",
                f"delivery.horizon_seconds={settings.delivery.horizon.total_seconds():g}",
            )
        )
    if settings.delivery.deadline_lead < settings.http.total_within:
        pairs.append(
            (
                f"delivery.deadline_lead_seconds={settings.delivery.deadline_lead.total_seconds():g}",
                f"http.total_within_seconds={settings.http.total_within.total_seconds():g}",
            )
        )
    if settings.server.max_request_bytes < settings.exchange.files.max_message_bytes:
        pairs.append(
            (
                f"server.max_request_bytes={settings.server.max_request_bytes}",
                f"exchange.files.max_message_bytes={settings.exchange.files.max_message_bytes}",
            )
        )
    pairs += _of_the_exchange(settings)
    pairs += _of_the_bodies(settings)
    pairs += _of_the_trust(settings)
    pairs += key_contradictions(settings.keys)
    pairs += alarm_contradictions(settings.alarms, settings.profile)
    found = [
        Finding(code="settings.contradiction", severity=Severity.ERROR, params={"first": first, "second": second})
        for first, second in pairs
    ]
    found += key_faults(settings.keys)
    found += _missing_of_the_trust(settings.trust)
    found += trust_service_faults(settings.time_stamps, settings.revocation)
    if host_of(settings.exchange.endpoint) is None:
        # The address itself is not shown: a password may have been put there.
        name = "endpoint"
        params = {"key": f"exchange.{name}", "expected": "https://…"}
        found.append(Finding(code="settings.wrong-type", severity=Severity.ERROR, params=params))
    found += _too_small(settings)
    found += alarm_faults(settings.alarms)
    if not 0 <= settings.server.port <= _LAST_PORT:
        params = {"key": "server.port", "expected": f"whole number, 0 to {_LAST_PORT}"}
        found.append(Finding(code="settings.wrong-type", severity=Severity.ERROR, params=params))
    token = settings.server.api_token
    if token is not None and len(token.reveal().strip()) < _SHORTEST_TOKEN:
        params = {"key": "server.api_token", "expected": f"text, {_SHORTEST_TOKEN} or more"}
        found.append(Finding(code="settings.wrong-type", severity=Severity.ERROR, params=params))
    return found


def _of_the_engine(settings: Settings) -> Iterator[tuple[str, str]]:
    """Leases that can be renewed in time, and a breaker that tries again before the last safe try is due."""
    storage, delivery = settings.storage, settings.delivery
    if storage.lease_for < storage.busy_timeout * 3 / 2:
        # Renewed every third of a lease: what then waits its full turn for the store must still come before the end.
        yield (
            f"storage.lease_for_seconds={storage.lease_for.total_seconds():g}",
            f"storage.busy_timeout_seconds={storage.busy_timeout.total_seconds():g}",
        )
    if delivery.breaker_first_wait > delivery.breaker_longest_wait:
        yield (
            f"delivery.breaker_first_wait_seconds={delivery.breaker_first_wait.total_seconds():g}",
            f"delivery.breaker_longest_wait_seconds={delivery.breaker_longest_wait.total_seconds():g}",
        )
    is_lead_enough = delivery.deadline_lead >= settings.http.total_within  # else that is said, and this follows from it
    slowest = delivery.breaker_longest_wait + settings.http.total_within + storage.lease_for
    if is_lead_enough and slowest > delivery.deadline_lead:
        # One probe that hangs, and the wait after it: then the channel must be tried again, before the date.
        yield (
            f"delivery.breaker_longest_wait_seconds={delivery.breaker_longest_wait.total_seconds():g}",
            f"delivery.deadline_lead_seconds={delivery.deadline_lead.total_seconds():g}",
        )


def _too_small(settings: Settings) -> Iterator[Finding]:
    delivery = settings.delivery
    for key, value in (
        ("delivery.breaker_failures", delivery.breaker_failures),
        ("delivery.drain_per_second", delivery.drain_per_second),
    ):
        if value < 1:
            params = {"key": key, "expected": "whole number, 1 or more"}
            yield Finding(code="settings.wrong-type", severity=Severity.ERROR, params=params)
    for key, span, least in (
        ("storage.lease_for_seconds", settings.storage.lease_for, _SHORTEST_LEASE),
        ("delivery.breaker_first_wait_seconds", delivery.breaker_first_wait, _SHORTEST_PROBE_WAIT),
        ("delivery.first_wait_seconds", delivery.first_wait, _SHORTEST_WAIT),
        ("delivery.uncertain_window_seconds", delivery.uncertain_window, _SHORTEST_WINDOW),
        ("delivery.silence_alarm_seconds", delivery.silence_alarm, _SHORTEST_WINDOW),
    ):
        if span < least:
            params = {"key": key, "expected": f"seconds, {least.total_seconds():g} or more"}
            yield Finding(code="settings.wrong-type", severity=Severity.ERROR, params=params)


def _of_the_exchange(settings: Settings) -> Iterator[tuple[str, str]]:
    """The dialect's own words for waiting and resending; `delivery` is what the program acts on."""
    delivery, exchange = settings.delivery, settings.exchange
    is_plain = exchange.endpoint.startswith("http://")
    if is_plain and not settings.http.plain_http_allowed and settings.profile != "production":
        yield "exchange.endpoint=http://…", "http.plain_http_allowed=false"
    margin = DeliveryPlan().files_margin
    if exchange.files.reupload_on_expiry == "manual" and delivery.uncertain_window >= exchange.files.lifetime - margin:
        # A person would be asked whether the same bytes shall go again when it is too late for their files.
        yield (
            f"delivery.uncertain_window_seconds={delivery.uncertain_window.total_seconds():g}",
            f"exchange.files.lifetime_seconds={exchange.files.lifetime.total_seconds():g}",
        )
    if exchange.resend_unknown == "auto_same_bytes" and delivery.resend_when_uncertain != "identical":
        yield (
            "exchange.resend_unknown=auto_same_bytes",
            f"delivery.resend_when_uncertain={delivery.resend_when_uncertain}",
        )
    if exchange.unknown.wait not in {UnknownConfig().wait, delivery.uncertain_window}:
        yield (
            f"exchange.unknown.wait_seconds={exchange.unknown.wait.total_seconds():g}",
            f"delivery.uncertain_window_seconds={delivery.uncertain_window.total_seconds():g}",
        )


def _of_the_bodies(settings: Settings) -> Iterator[tuple[str, str]]:
    """A signer is known by one number: two bodies with the same one could sign for each other."""
    owners: dict[str, str] = {}
    for code, known in settings.bodies.items():
        owner = owners.setdefault(known.bin, code)
        if owner != code:
            yield f"bodies.{owner}.bin={known.bin}", f"bodies.{code}.bin={known.bin}"


_SET_OF_PROFILE: Final[Mapping[Profile, str | None]] = {
    "production": "nuc-rk",
    "test": "nuc-rk-test",
    "sandbox": None,
}


def _of_the_trust(settings: Settings) -> Iterator[tuple[str, str]]:
    """A set stands alone, and the profile says which it can be."""
    trust = settings.trust
    if trust.set is not None and trust.anchors:
        yield f"trust.set={trust.set}", f"trust.anchors={', '.join(one.name for one in trust.anchors)}"
    if trust.set not in {None, _SET_OF_PROFILE[settings.profile]}:
        yield f"profile={settings.profile}", f"trust.set={trust.set}"
    if trust.set is None and trust.set_folder is not None and trust.anchors:
        yield (
            f"trust.set_folder={trust.set_folder.name}",
            f"trust.anchors={', '.join(one.name for one in trust.anchors)}",
        )


def _missing_of_the_trust(trust: TrustSettings) -> Iterator[Finding]:
    """Either files or a set with its folder: a node's trust must not hang on whose home folder it runs in."""
    if trust.set is None and not trust.anchors:
        yield Finding(code="settings.missing", severity=Severity.ERROR, params={"key": "trust.anchors"})
    if trust.set is not None and trust.set_folder is None:
        yield Finding(code="settings.missing", severity=Severity.ERROR, params={"key": "trust.set_folder"})
