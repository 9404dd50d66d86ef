"""The sandbox's configuration read from a TOML document: every finding at once, secrets never among them."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, get_args

from adapter.errors import Final, Finding, SettingsRefused, Severity
from adapter.sandbox.participants import FileForm, KeyHint, Participant, Plays, Repeated, SandboxSettings, Speaker
from adapter.sandbox.script import Rule, rules_from
from signing import SigningError, SigningKey, TrustAnchors

_SECRETS = ("channel_password", "file_password", "directory_password")
_CHOICES = {
    "file_form": get_args(FileForm),
    "repeated_href": get_args(Repeated),
    "start_notice_from": get_args(Speaker),
    "answer_key_hint": get_args(KeyHint),
    "plays": get_args(Plays),
}
_GATEWAY_KEYS = {"path": str, "max_request_bytes": int, "answer_key_hint": str}
_EXCHANGE_KEYS = {
    "centre_account": str,
    "centre_member": int,
    "entity_name": str,
    "max_stored_bytes": int,
    "file_form": str,
    "repeated_href": str,
    "start_notice_from": str,
    "sends_start_notice": bool,
    "refuses_findings": bool,
}
_SECONDS = ("read_within", "push_within", "longest_life", "default_life")
_PARTICIPANT_KEYS = {
    "code": str,
    "name_kk": str,
    "name_ru": str,
    "member": int,
    "sender_org": int,
    "account": str,
    "endpoint": str,
    "plays": str,
    "short_kk": str,
    "short_ru": str,
    "is_esedo": str,
    "is_ready": str,
    "is_deleted": bool,
}
_MANDATORY = ("code", "name_kk", "name_ru", "member", "sender_org", "account")

ReadFile = Callable[[str], bytes]
LoadKey = Callable[[bytes, bytes | None], SigningKey]


def sandbox_settings(mapping: Mapping[str, Any], base_dir_reader: ReadFile, *, load_key: LoadKey) -> SandboxSettings:
    """The settings in a parsed TOML document, files read by `base_dir_reader`, keys opened by `load_key`.

    Tables: [gateway] key, key_password(_file), stranger_key(...), path ...; [trust] certificates; [exchange] switches,
    durations as <name>_seconds; [[participant]]; [[fault]]. A secret is a value, or `<name>_file` names a file that
    holds it on one line. Raises SettingsRefused with every finding at once; unknown keys are findings.
    """
    reading = _Reading(base_dir_reader, load_key)
    reading.unknown("", mapping, ("gateway", "trust", "exchange", "participant", "fault", "seed"))
    gateway = reading.table(mapping, "gateway")
    exchange = reading.table(mapping, "exchange")
    values: dict[str, Any] = {
        **reading.values("gateway", gateway, _GATEWAY_KEYS, ("key", "stranger_key")),
        **reading.values("exchange", exchange, _EXCHANGE_KEYS, (), _SECONDS),
    }
    key = reading.key(gateway, "key")
    stranger = reading.key(gateway, "stranger_key") if "stranger_key" in gateway else None
    trust = reading.trust(reading.table(mapping, "trust"))
    participants = reading.participants(mapping.get("participant", []))
    script: tuple[Rule, ...] = ()
    try:
        script = rules_from({name: mapping[name] for name in ("seed", "fault") if name in mapping})
    except Final as error:
        reading.found(error.code, **{name: str(value) for name, value in error.params.items()})
    if reading.findings or key is None or trust is None:
        raise SettingsRefused(tuple(reading.findings))
    try:
        return SandboxSettings(
            participants=participants, gateway_key=key, stranger_key=stranger, trust=trust, script=script, **values
        )
    except Final as error:
        finding = Finding(code=error.code, severity=Severity.ERROR, params=error.params)
        raise SettingsRefused((finding,)) from error


class _Reading:
    """Collects what is wrong with a mapping while values are taken from it."""

    def __init__(self, read: ReadFile, load_key: LoadKey) -> None:
        self._read = read
        self._load_key = load_key
        self.findings: list[Finding] = []

    def found(self, code: str, **params: str) -> None:
        self.findings.append(Finding(code=code, severity=Severity.ERROR, params=params))

    def unknown(self, where: str, mapping: Mapping[str, Any], known: tuple[str, ...]) -> None:
        for name in mapping:
            if name not in known:
                self.found("sandbox.settings-unknown-key", key=f"{where}.{name}".strip("."), known=", ".join(known))

    def table(self, mapping: Mapping[str, Any], name: str) -> Mapping[str, Any]:
        table = mapping.get(name, {})
        if isinstance(table, Mapping):
            return table
        self.found("sandbox.settings-bad-value", key=name, value="-")
        return {}

    def values(
        self,
        where: str,
        table: Mapping[str, Any],
        types: Mapping[str, type],
        keys: tuple[str, ...],
        seconds: tuple[str, ...] = (),
    ) -> dict[str, Any]:
        """Plain values of one table in the names of SandboxSettings or Participant."""
        secret = [f"{key}{ending}" for key in keys for ending in ("", "_file", "_password", "_password_file")]
        delays = ("retry_delays_ms",) if seconds else ()
        self.unknown(where, table, (*types, *secret, *(f"{name}_seconds" for name in seconds), *delays))
        values: dict[str, Any] = {}
        for name, kind in types.items():
            if name in table:
                value = table[name]
                allowed = _CHOICES.get(name)
                is_negative = isinstance(value, int) and value < 0
                if type(value) is not kind or (allowed and value not in allowed) or is_negative:
                    self.found("sandbox.settings-bad-value", key=f"{where}.{name}", value=str(value)[:100])
                else:
                    values[name] = value
        for name in seconds:
            if f"{name}_seconds" in table:
                values[name] = timedelta(seconds=self._number(f"{where}.{name}_seconds", table[f"{name}_seconds"]))
        if delays and "retry_delays_ms" in table:
            given = table["retry_delays_ms"] if isinstance(table["retry_delays_ms"], list) else ["-"]
            key = f"{where}.retry_delays_ms"
            values["retry_delays"] = tuple(timedelta(milliseconds=self._number(key, one)) for one in given)
        return values

    def _number(self, key: str, value: object) -> float:
        most = 366 * 24 * 3600
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
            self.found("sandbox.settings-bad-value", key=key, value=str(value)[:100])
            return 0
        return value

    def file(self, key: str, name: object) -> bytes | None:
        if isinstance(name, str):
            try:
                return self._read(name)
            except (OSError, ValueError):
                pass
        self.found("sandbox.settings-unreadable-file", key=key, file=str(name)[:200])
        return None

    def secret(self, where: str, table: Mapping[str, Any], name: str) -> str | None:
        """A secret, from the value or the file; None when it is not given. Never part of a finding."""
        if f"{name}_file" in table:
            content = self.file(f"{where}.{name}_file", table[f"{name}_file"])
            try:
                return None if content is None else content.decode().strip("\r\n")
            except UnicodeDecodeError:
                self.found("sandbox.settings-unreadable-file", key=f"{where}.{name}_file", file="-")
                return None
        value = table.get(name)
        if value is not None and not isinstance(value, str):
            self.found("sandbox.settings-bad-value", key=f"{where}.{name}", value="-")
            return None
        return value

    def key(self, table: Mapping[str, Any], name: str) -> SigningKey | None:
        if name not in table:
            self.found("sandbox.settings-missing", key=f"gateway.{name}")
            return None
        content = self.file(f"gateway.{name}", table[name])
        password = self.secret("gateway", table, f"{name}_password")
        if content is None:
            return None
        try:
            return self._load_key(content, None if password is None else password.encode())
        except SigningError as error:
            self.found(error.code, **error.params)
            return None

    def trust(self, table: Mapping[str, Any]) -> TrustAnchors | None:
        self.unknown("trust", table, ("certificates",))
        names = table.get("certificates", [])
        texts = [self.file("trust.certificates", name) for name in (names if isinstance(names, list) else [names])]
        try:
            return TrustAnchors.from_pem("sandbox", "sandbox", *[text for text in texts if text is not None])
        except SigningError as error:
            self.found(error.code, **error.params)
            return None

    def participants(self, tables: object) -> tuple[Participant, ...]:
        if not isinstance(tables, list) or not all(isinstance(table, Mapping) for table in tables):
            self.found("sandbox.settings-bad-value", key="participant", value="-")
            return ()
        found = [self._participant(f"participant[{place}]", table) for place, table in enumerate(tables, start=1)]
        return tuple(one for one in found if one is not None)

    def _participant(self, where: str, table: Mapping[str, Any]) -> Participant | None:
        before = len(self.findings)
        secrets = {name: self.secret(where, table, name) for name in _SECRETS}
        names = [name for name in table if name.removesuffix("_file") not in secrets and name != "certificates"]
        values = self.values(where, {name: table[name] for name in names}, _PARTICIPANT_KEYS, ())
        for name in _MANDATORY:
            if name not in table:
                self.found("sandbox.settings-missing", key=f"{where}.{name}")
        certificates = self._certificates(where, table.get("certificates", []))
        plays_itself = table.get("plays", "itself") == "itself"
        for name, value in secrets.items():
            if plays_itself and not value:
                self.found("sandbox.settings-missing", key=f"{where}.{name}")
        if len(self.findings) > before:
            return None
        values.update({name: secret or "" for name, secret in secrets.items()})
        return Participant(certificates=certificates, **values)

    def _certificates(self, where: str, names: object) -> tuple[bytes, ...]:
        ders: list[bytes] = []
        for name in names if isinstance(names, list) else [names]:
            content = self.file(f"{where}.certificates", name)
            if content is None:
                continue
            try:
                is_der = content[:1] == b"\x30"
                ders.append(content if is_der else ssl.PEM_cert_to_DER_cert(content.decode("ascii").strip()))
            except ValueError:
                self.found("sandbox.settings-unreadable-file", key=f"{where}.certificates", file=str(name)[:200])
        return tuple(ders)
