"""Where the node's keys are and where their passwords come from; the keys themselves are opened by composition."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from adapter.errors import Finding, Severity
from adapter.secret import Secret

_HEXADECIMAL: Final = re.compile(r"(?:[0-9a-fA-F]{2}){1,64}")
_SOURCE: Final = re.compile(r"prompt|keypad|fd:[0-9]{1,4}|file:/.+|env:.+")
"""As `composition` reads it; a path is absolute, for the settings' folder is not known here."""
_OF_A_TOKEN: Final = ("module", "label", "serial", "key", "key_id", "certificate")


@dataclass(frozen=True, kw_only=True, slots=True)
class KeySettings:
    """One key: in a PKCS#12 or PEM file, or in a token. Without a password here a person is asked when the key is needed.

    file            PKCS#12 or PEM with its certificates
    module          PKCS#11 library of the token's maker, instead of `file`
    label, serial   label and serial number of the token; none: the only one there is
    key, key_id     label and id (hexadecimal) of the private key; none: the only one on the token
    certificate     of the key, where the token does not hold it; PEM or DER, issuers may follow in PEM
    padding         of RSA signatures by a token
    password        of the file, or the PIN of the token
    pin_from        prompt, keypad, fd:3, file:/path, env:NAME instead of `password`
    test_keys       the key of the file protects nothing: a national key may sign in a time that depends on it
    """

    file: Path | None = None
    module: Path | None = None
    label: str | None = None
    serial: str | None = None
    key: str | None = None
    key_id: str | None = None
    certificate: Path | None = None
    padding: Literal["pkcs1", "pss"] = "pkcs1"
    password: Secret | None = None
    pin_from: str | None = None
    test_keys: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class KeysSettings:
    """Keys of the node; each may be absent where nothing needs it.

    document    the head's, for reports that are signed here; on a server it should be absent
    office      the office's: signature over travelling files, receipts and responses, seal of evidence folders
    envelope    the information system's, for messages
    pin_marks   folder for the marks of PINs that a token refused; `settings_from` puts it beside the settings
    """

    document: KeySettings | None = None
    office: KeySettings | None = None
    envelope: KeySettings | None = None
    pin_marks: Path | None = None

    @property
    def named(self) -> Mapping[str, KeySettings]:
        """Those that are there, by name."""
        entries = {"document": self.document, "office": self.office, "envelope": self.envelope}
        return {name: entry for name, entry in entries.items() if entry is not None}


def key_contradictions(keys: KeysSettings) -> Iterator[tuple[str, str]]:
    """A key is in one place, and its password comes from one source."""
    for name, entry in keys.named.items():
        under = f"keys.{name}"
        if entry.file is not None:
            yield from ((f"{under}.file", f"{under}.{one}") for one in _OF_A_TOKEN if getattr(entry, one) is not None)
            if entry.padding != "pkcs1":
                yield f"{under}.file", f"{under}.padding={entry.padding}"
            if entry.pin_from == "keypad":
                yield f"{under}.file", f"{under}.pin_from=keypad"
        elif entry.module is not None and entry.test_keys:
            yield f"{under}.module", f"{under}.test_keys=true"
        if entry.password is not None and entry.pin_from is not None:
            yield f"{under}.password", f"{under}.pin_from"


def key_faults(keys: KeysSettings) -> Iterator[Finding]:
    """What is missing or misspelt; a misspelt source is not repeated, for a password may have been put there."""
    for name, entry in keys.named.items():
        if entry.file is None and entry.module is None:
            yield _fault("settings.missing", key=f"keys.{name}.file")
        if entry.key_id is not None and not _HEXADECIMAL.fullmatch(entry.key_id):
            yield _fault("settings.wrong-type", key=f"keys.{name}.key_id", expected="hexadecimal")
        if entry.pin_from is not None and not _SOURCE.fullmatch(entry.pin_from):
            expected = "prompt, keypad, fd:3, file:/…, env:NAME"
            yield _fault("settings.wrong-type", key=f"keys.{name}.pin_from", expected=expected)


def _fault(code: str, **params: str) -> Finding:
    return Finding(code=code, severity=Severity.ERROR, params=params)
