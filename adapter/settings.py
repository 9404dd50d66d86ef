"""Settings of one node: a TOML file, then the environment; every fault at once, nothing half-applied.

A value of the file can be replaced from the environment: ELSHI_SERVER__PORT=8080 for [server] port. A password is never
a plain default: it is given as `password` or, better, as `password_file`, a file with the secret on one line; both at
once are refused, and from the environment either replaces both. White space around a text is dropped. Paths are
relative to the folder of the settings file, which `{folder}` names in the storage URL. Durations are numbers under a key
that ends with `_seconds`.

What contradicts is refused at start with both values named: a lease shorter than one try, a plain-text address in
production, anchors of a sandbox in production.
"""

from __future__ import annotations

import re
import tomllib
import types
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, Literal, Union, get_args, get_origin, get_type_hints

from adapter.domain.document import BodyCode
from adapter.domain.retry import RetryPolicy
from adapter.errors import Finding, SettingsRefused, Severity
from adapter.exchange.config import ExchangeConfig, UnknownConfig
from adapter.http_client import HttpSettings
from adapter.secret import Secret
from adapter.storage import StorageConfig

PREFIX: Final = "ELSHI_"
_OF_THE_COMMAND: Final = frozenset({"ELSHI_SETTINGS", "ELSHI_LANGUAGE", "ELSHI_LOG"})
_IN_THE_FILE: Final = (("profile",), ("bodies",), ("exchange", "directory", "bodies"))
"""What the environment cannot set: the profile decides whom the node trusts, and a body's code has no letter case here."""
_CLUSTER: Final = re.compile(r"_SERVICE_(HOST|PORT(_[A-Z0-9_]+)?)$|_PORT_[0-9]+_(TCP|UDP)(_(ADDR|PORT|PROTO))?$")
_SHORTEST_TOKEN: Final = 16
"""Characters: an empty token would let everybody in, a short one is guessed."""
_LONGEST_SECONDS: Final = 10 * 366 * 24 * 3600
"""Ten years: a longer duration is a slip of the pen, and the largest of them overflow a date."""
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
class KeySettings:
    """One key in a PKCS#12 or PEM file. Without a password here a person is asked for it when the key is needed."""

    file: Path
    password: Secret | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class KeysSettings:
    """Keys of the node; each may be absent where nothing needs it.

    document    the head's, for reports that are signed here; on a server it should be absent
    office      the office's: signature over travelling files, receipts and responses
    envelope    the information system's, for messages
    """

    document: KeySettings | None = None
    office: KeySettings | None = None
    envelope: KeySettings | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class TrustSettings:
    """Anchors for documents and for messages; one kind, which must fit the profile.

    revocation, timestamp   what production demands and this release cannot yet obtain; loosening is said in each report
    """

    anchors: tuple[Path, ...]
    gateway_certificates: tuple[Path, ...] = ()
    revocation: Literal["required", "not-checked"] = "required"
    timestamp: Literal["required", "not-required"] = "required"


@dataclass(frozen=True, kw_only=True, slots=True)
class DeliverySettings:
    """Pacing of deliveries; see DeliveryPlan for what each costs."""

    first_wait: timedelta = timedelta(seconds=4)
    longest_wait: timedelta = timedelta(minutes=15)
    horizon: timedelta = timedelta(days=3)
    deadline_lead: timedelta = timedelta(minutes=10)
    uncertain_window: timedelta = timedelta(hours=2)
    silence_alarm: timedelta = timedelta(hours=4)
    resend_when_uncertain: Literal["ask", "identical"] = "ask"
    resend_by_planner: bool = True
    idle: timedelta = timedelta(seconds=1)


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
    http: HttpSettings = field(default_factory=HttpSettings)
    delivery: DeliverySettings = field(default_factory=DeliverySettings)
    server: ServerSettings = field(default_factory=ServerSettings)
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


def load_settings(path: Path, environment: Mapping[str, str]) -> Settings:
    """Read, replace from the environment, check. Raises SettingsRefused with every finding."""
    try:
        text = path.read_bytes().removeprefix(b"\xef\xbb\xbf").decode("utf-8")
        mapping = tomllib.loads(text)
    except OSError as error:
        raise _refused("settings.unreadable", file=path.name, reason=error.strerror or "") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise _refused("settings.not-toml", file=path.name, reason=str(error)) from error
    findings = _replace(mapping, environment)
    try:
        settings = settings_from(mapping, path.parent)
    except SettingsRefused as refused:
        raise SettingsRefused((*findings, *refused.findings)) from refused
    if findings:
        raise SettingsRefused(findings)
    return settings


def settings_from(mapping: Mapping[str, Any], folder: Path) -> Settings:
    """Settings from a parsed TOML document; paths are relative to `folder`."""
    reading = _Reading(folder)
    profile = mapping.get("profile")
    kind = "production" if profile == "production" else "stand"
    storage = mapping.get("storage")
    if isinstance(storage, Mapping) and isinstance(storage.get("url"), str):
        url = storage["url"].replace("{folder}", str(folder.resolve()))
        mapping = {**mapping, "storage": {**storage, "url": url}}
    exchange = mapping.get("exchange")
    if isinstance(exchange, Mapping):
        if exchange.get("profile", kind) != kind:
            # The node's profile decides: a stand's leniency must not reach production by a second key.
            raise _refused(
                "settings.contradiction",
                first=f"profile={profile}",
                second=f"exchange.profile={exchange['profile']}",
            )
        mapping = {**mapping, "exchange": {**exchange, "profile": kind}}
    settings = reading.value(Settings, mapping, "")
    if reading.findings or not isinstance(settings, Settings):
        raise SettingsRefused(tuple(reading.findings))
    return settings


class _FromEnvironment(str):
    """A value of the environment: text, whose kind only the setting knows (a password may be all digits)."""

    __slots__ = ()


def _replace(mapping: dict[str, Any], environment: Mapping[str, str]) -> tuple[Finding, ...]:
    """ELSHI_A__B=value sets [a] b. A name of ours that sets nothing is a finding: a typo must not look like a setting."""
    findings: list[Finding] = []
    for name, value in sorted(environment.items()):
        if not name.startswith(PREFIX) or name in _OF_THE_COMMAND or _is_of_a_cluster(name, value):
            continue
        *tables, key = path = name.removeprefix(PREFIX).lower().split("__")
        is_settable = tables and all(path) and not any(tuple(path[: len(one)]) == one for one in _IN_THE_FILE)
        table = _table_at(mapping, tables) if is_settable else None
        if table is None:
            findings.append(_finding("settings.not-from-environment", key=name))
            continue
        # The same secret given another way is replaced with it: what the environment says holds.
        table.pop(f"{key}_file", None)
        table.pop(key.removesuffix("_file"), None)
        table[key] = _FromEnvironment(value)
    return tuple(findings)


def _table_at(mapping: dict[str, Any], tables: list[str]) -> dict[str, Any] | None:
    """The table of that path, made where there is none; None when a value stands in its place."""
    table = mapping
    for part in tables:
        table = table.setdefault(part, {})
        if not isinstance(table, dict):
            return None
    return table


def _is_of_a_cluster(name: str, value: str) -> bool:
    """What Kubernetes puts into every container beside a service whose name begins with ours; nobody typed it."""
    if "__" in name:
        return False
    is_address = name.endswith("_PORT") and value.startswith(("tcp://", "udp://"))
    return is_address or _CLUSTER.search(name) is not None


def _of_kind(hint: Any, text: _FromEnvironment) -> object:
    """A value of the environment as TOML would give it for a setting of this kind; as it is when it is none."""
    stripped = text.strip()
    if hint is bool and stripped in {"true", "false"}:
        return stripped == "true"
    if hint in {int, float, timedelta}:
        try:
            return int(stripped) if hint is int else float(stripped)
        except ValueError:
            return stripped
    # A secret is taken as it stands: a blank at its end may belong to it.
    return str(text) if hint is Secret else stripped


class _Reading:
    """Takes typed values out of a mapping and collects what is wrong."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.findings: list[Finding] = []

    def found(self, code: str, **params: str) -> None:
        self.findings.append(_finding(code, **params))

    def value(self, hint: Any, given: object, key: str) -> Any:
        """`given` as a value of the type `hint`; None and a finding when it is not one."""
        origin = get_origin(hint)
        if origin in {Union, types.UnionType}:
            inner = [one for one in get_args(hint) if one is not type(None)]
            return self.value(inner[0], given, key)
        if origin is Literal:
            return self._chosen(given, get_args(hint), key)
        if is_dataclass(hint) and isinstance(hint, type):
            return self._table(hint, given, key)
        if origin is not None and issubclass(origin, Mapping):
            return self._mapping(get_args(hint)[1], given, key)
        if origin in {tuple, frozenset}:
            return self._several(origin, get_args(hint)[0], given, key)
        return self._single(hint, given, key)

    def _single(self, hint: Any, given: object, key: str) -> Any:
        hint = getattr(hint, "__supertype__", hint)
        if isinstance(given, _FromEnvironment):
            given = _of_kind(hint, given)
        if hint is timedelta and isinstance(given, int | float) and 0 <= given <= _LONGEST_SECONDS:
            # True is a whole number for Python and none for a person.
            return timedelta(seconds=given) if not isinstance(given, bool) else self._wrong(hint, key)
        if hint is Path and isinstance(given, str):
            return self._folder / given.strip()
        if hint is Secret and isinstance(given, str):
            return Secret(given)
        if hint is str and isinstance(given, str):
            return given.strip()
        if hint in {int, float, bool} and type(given) is hint:
            return given
        return self._wrong(hint, key)

    def _wrong(self, hint: Any, key: str) -> None:
        self.found("settings.wrong-type", key=key, expected=_name(hint))

    def _chosen(self, given: object, allowed: tuple[object, ...], key: str) -> object:
        given = given.strip() if isinstance(given, str) else given
        if given in allowed:
            return given
        self.found("settings.not-allowed", key=key, value=str(given)[:100], allowed=", ".join(map(str, allowed)))
        return None

    def _several(self, origin: Any, inner: Any, given: object, key: str) -> Any:
        items = given if isinstance(given, list) else [given]
        return origin(self.value(inner, item, f"{key}[{place}]") for place, item in enumerate(items, start=1))

    def _mapping(self, inner: Any, given: object, key: str) -> Any:
        if not isinstance(given, Mapping):
            self.found("settings.wrong-type", key=key, expected="table")
            return {}
        return {name: self.value(inner, item, f"{key}.{name}") for name, item in given.items()}

    def _table(self, cls: type, given: object, key: str) -> Any:
        if not isinstance(given, Mapping):
            self.found("settings.wrong-type", key=key, expected="table")
            return None
        hints = get_type_hints(cls)
        before = len(self.findings)
        values: dict[str, Any] = {}
        known: set[str] = set()
        for one in fields(cls):
            if bytes in get_args(hints[one.name]):
                continue  # filled by composition from files that other settings name, never written here
            name, raw = self._member(one.name, hints[one.name], given, key, known)
            if raw is not MISSING:
                values[one.name] = self.value(hints[one.name], raw, _under(key, name))
            elif one.default is MISSING and one.default_factory is MISSING:
                self.found("settings.missing", key=_under(key, name))
        for name in given:
            if name not in known:
                self.found("settings.unknown-key", key=_under(key, str(name)), known=", ".join(sorted(known)))
        if len(self.findings) > before:
            return None
        try:
            return cls(**values)
        except SettingsRefused as refused:
            self.findings += refused.findings
            return None

    def _member(
        self, name: str, hint: Any, given: Mapping[str, object], key: str, known: set[str]
    ) -> tuple[str, object]:
        """The key a field is read from, and what stands there."""
        if _is(hint, timedelta):
            name = f"{name}_seconds"
        known.add(name)
        if _is(hint, Secret):
            known.add(f"{name}_file")
            if name in given and f"{name}_file" in given:
                self.found("settings.contradiction", first=_under(key, name), second=_under(key, f"{name}_file"))
            if f"{name}_file" in given:
                return name, self._secret_file(given[f"{name}_file"], _under(key, f"{name}_file"))
        return name, given.get(name, MISSING)

    def _secret_file(self, name: object, key: str) -> object:
        try:
            return (self._folder / str(name).strip()).read_text(encoding="utf-8-sig").strip("\r\n")
        except (OSError, UnicodeDecodeError):
            self.found("settings.unreadable-secret", key=key, file=str(name)[:200])
            return ""  # never used: the finding refuses the settings, and says it once


def _is(hint: Any, wanted: type) -> bool:
    """Whether a setting is one of these, perhaps absent; a table of them is not."""
    return hint is wanted or (get_origin(hint) in {Union, types.UnionType} and wanted in get_args(hint))


def _under(key: str, name: str) -> str:
    return f"{key}.{name}" if key else name


def _name(hint: Any) -> str:
    names = {
        timedelta: "seconds",
        Path: "path",
        Secret: "text",
        str: "text",
        int: "whole number",
        bool: "true or false",
    }
    return names.get(hint, str(getattr(hint, "__name__", hint)))


def _refused(code: str, **params: str) -> SettingsRefused:
    return SettingsRefused((_finding(code, **params),))


def _finding(code: str, **params: str) -> Finding:
    return Finding(code=code, severity=Severity.ERROR, params=params)


def _contradictions(settings: Settings) -> list[Finding]:
    pairs: list[tuple[str, str]] = []
    if settings.profile == "production" and settings.http.plain_http_allowed:
        pairs.append(("profile=production", "http.plain_http_allowed=true"))
    if settings.storage.lease_for <= settings.http.total_within:
        # A lease that ends while the POST may still be answered makes an unknown outcome out of a slow one.
        pairs.append(
            (
                f"storage.lease_for_seconds={settings.storage.lease_for.total_seconds():g}",
                f"http.total_within_seconds={settings.http.total_within.total_seconds():g}",
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
    found = [
        Finding(code="settings.contradiction", severity=Severity.ERROR, params={"first": first, "second": second})
        for first, second in pairs
    ]
    token = settings.server.api_token
    if token is not None and len(token.reveal().strip()) < _SHORTEST_TOKEN:
        params = {"key": "server.api_token", "expected": f"text, {_SHORTEST_TOKEN} or more"}
        found.append(Finding(code="settings.wrong-type", severity=Severity.ERROR, params=params))
    return found


def _of_the_exchange(settings: Settings) -> Iterator[tuple[str, str]]:
    """The dialect's own words for waiting and resending; `delivery` is what the program acts on."""
    delivery, exchange = settings.delivery, settings.exchange
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
