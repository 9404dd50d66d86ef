"""The keys that the settings name, each opened at its first use and once."""

from __future__ import annotations

from pathlib import Path
from typing import Final as Constant

import signing
from adapter.composition.key_files import TestKeys, certificates, load_key
from adapter.composition.regular_files import read_file
from adapter.composition.secret_sources import PROMPT, AskPassword, SecretSource, secret_from, source_of
from adapter.composition.token_keys import PinMarks, ReopenedKey, open_token
from adapter.errors import Final
from adapter.ports import Clock
from adapter.secret import Secret
from adapter.settings import KeySettings, KeysSettings
from signing.keys import pkcs11

_IN_THE_SETTINGS: Constant = SecretSource(kind="file", where="settings")


class NodeKeys:
    """Keys by their names in the settings: document, office, envelope.

    A test key is each that says so; on a stand also each whose certificates come from a sandbox. A real key that was put
    into a stand by mistake is still a real key.
    """

    def __init__(self, settings: KeysSettings, *, ask: AskPassword, clock: Clock, is_stand: bool = False) -> None:
        self._settings = settings
        self._test_keys: TestKeys = "of-a-sandbox" if is_stand else False
        self._ask = ask
        self._marks = PinMarks(folder=settings.pin_marks or Path("pin-marks"), clock=clock)
        self._opened: dict[str, signing.SigningKey] = {}

    def get(self, name: str) -> signing.SigningKey:
        """The key, opened when it is asked for the first time.

        Raises Final `keys.not-set`, what `secret_from` and `open_token` raise, and what is wrong with its file.
        """
        if name not in self._opened:
            entry = self._settings.named.get(name)
            if entry is None:
                raise Final("keys.not-set", params={"key": name})
            self._opened[name] = self._in_token(name, entry) if entry.file is None else self._in_file(name, entry)
        return self._opened[name]

    def certificate_of(self, name: str) -> bytes | None:
        """The certificate (DER) of a key; None where the settings name no such key, or only a person can open it.

        Raises as `get` does.
        """
        entry = self._settings.named.get(name)
        if entry is None:
            return None
        if name not in self._opened:
            if entry.certificate is not None:
                return certificates(entry.certificate)[0]
            if entry.password is None and _source(entry).is_a_person and not _is_open(entry):
                return None
        return self.get(name).certificate_chain[0]

    def _in_file(self, name: str, entry: KeySettings) -> signing.SigningKey:
        assert entry.file is not None
        content = read_file(entry.file, "keys.unreadable")
        if entry.password is not None:
            password = entry.password.reveal()
        elif signing.is_der(content) or b"ENCRYPTED" in content:
            secret = secret_from(_source(entry), f"{name} ({entry.file.name})", ask=self._ask)
            password = "" if secret is None else secret.reveal()
        else:
            password = ""
        return load_key(
            content,
            password.encode() if password else None,
            file=entry.file.name,
            test_keys=True if entry.test_keys else self._test_keys,
        )

    def _in_token(self, name: str, entry: KeySettings) -> signing.SigningKey:
        assert entry.module is not None
        place = pkcs11.TokenPlace(
            module=entry.module,
            token=entry.label,
            serial=entry.serial,
            key=entry.key,
            key_id=None if entry.key_id is None else bytes.fromhex(entry.key_id),
            padding=entry.padding,
        )
        beside = () if entry.certificate is None else certificates(entry.certificate)
        source = _IN_THE_SETTINGS if entry.password is not None else _source(entry)

        def pin() -> Secret | None:
            if entry.password is not None:
                return entry.password
            return secret_from(source, f"{name} ({entry.label or entry.serial or 'PIN'})", ask=self._ask)

        return ReopenedKey(
            lambda: open_token(name, place, pin, certificates=beside, by_a_person=source.is_a_person, marks=self._marks)
        )


def _is_open(entry: KeySettings) -> bool:
    """Whether the file of the key has no password."""
    if entry.file is None:
        return False
    content = read_file(entry.file, "keys.unreadable")
    return not signing.is_der(content) and b"ENCRYPTED" not in content


def _source(entry: KeySettings) -> SecretSource:
    return PROMPT if entry.pin_from is None else source_of(entry.pin_from)
