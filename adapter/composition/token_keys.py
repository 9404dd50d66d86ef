"""Keys in tokens for a node: the token may be away for a while, and a wrong PIN waits for a person.

A PIN that the token did not take leaves a mark, a small file. While it is there nobody logs in with a PIN that no person
has typed: not this process, not one that a supervisor starts in its place, not the next turn of the worker. A few more
tries would lock the token.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import signing
from adapter.errors import Final, Retryable
from adapter.ports import Clock
from adapter.secret import Secret
from signing.keys import pkcs11


@dataclass(frozen=True, kw_only=True, slots=True)
class PinMarks:
    """Marks of PINs that were refused, one file for each key; made and read here, removed by a person."""

    folder: Path
    clock: Clock

    def refuse_marked(self, key: str) -> None:
        """Raises Final `keys.pin-refused-before`, `keys.marks-unwritable`: where no mark can be made nothing is tried."""
        mark = self._mark(key)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            at = mark.read_text(encoding="utf-8").strip()
        except FileNotFoundError:
            at = None
        except (OSError, UnicodeDecodeError):
            at = "?"
        if at is not None:
            raise Final("keys.pin-refused-before", params={"key": key, "at": at, "file": str(mark)})
        if not self.folder.is_dir() or not os.access(self.folder, os.W_OK):
            raise Final("keys.marks-unwritable", params={"folder": str(self.folder)})

    def made(self, key: str) -> None:
        """The token did not take this key's PIN."""
        self._mark(key).write_text(f"{self.clock.now():%Y-%m-%d %H:%M:%S %Z}\n", encoding="utf-8")

    def cleared(self, key: str) -> None:
        """A person typed the right one."""
        self._mark(key).unlink(missing_ok=True)

    def _mark(self, key: str) -> Path:
        return self.folder / f"{re.sub('[^A-Za-z0-9_.-]', '_', key)}.pin-refused"


def open_token(
    name: str,
    place: pkcs11.TokenPlace,
    pin: Callable[[], Secret | None],
    *,
    certificates: Sequence[bytes],
    by_a_person: bool,
    marks: PinMarks,
) -> signing.SigningKey:
    """One login, unless a mark forbids it. `pin` is asked for after the mark and never kept; None: the reader's keypad.

    Raises Final and Retryable with the codes of `pkcs11.load`; Final `keys.pin-refused-before`, `keys.marks-unwritable`
    and what `pin` raises.
    """
    if not by_a_person:
        marks.refuse_marked(name)
    given = pin()
    try:
        key = pkcs11.load(
            place,
            None if given is None else given.reveal(),
            certificates=certificates,
            may_spend_last_try=by_a_person,
        )
    except signing.SigningError as error:
        if error.code in pkcs11.LOST:
            raise Retryable(error.code, params=dict(error.params), channel_closed=True) from error
        if error.code in pkcs11.PIN_REFUSED and not by_a_person:
            marks.made(name)
        raise Final(error.code, params=dict(error.params)) from error
    if by_a_person:
        marks.cleared(name)
    return key


class ReopenedKey:
    """Implements SigningKey by one that can be lost: after a loss it is opened anew, once for each signature.

    What stands in the way then is Retryable and a matter of the channel: no delivery is given up for a token that somebody
    has pulled out, or for a PIN that somebody has changed meanwhile.
    """

    def __init__(self, open_: Callable[[], signing.SigningKey]) -> None:
        self._open = open_
        self._lock = threading.Lock()
        self._key: signing.SigningKey | None = open_()
        self._chain = self._key.certificate_chain
        self._algorithm = self._key.algorithm

    @property
    def certificate_chain(self) -> tuple[bytes, ...]:
        return self._chain

    @property
    def algorithm(self) -> str:
        return self._algorithm

    def sign(self, message: bytes) -> bytes:
        """As SigningKey; raises Retryable with the token's code, and SigningError for what no waiting mends."""
        with self._lock:
            if self._key is not None:
                try:
                    return self._key.sign(message)
                except signing.SigningError as error:
                    if error.code not in pkcs11.LOST:
                        raise
                    self._key = None
            key = self._opened()
            try:
                signature = key.sign(message)
            except signing.SigningError as error:
                if error.code not in pkcs11.LOST:
                    raise
                raise Retryable(error.code, params=dict(error.params), channel_closed=True) from error
            self._key = key
            return signature

    def _opened(self) -> signing.SigningKey:
        try:
            key = self._open()
        except Final as error:
            raise Retryable(error.code, params=dict(error.params), channel_closed=True) from error
        if key.certificate_chain != self._chain or key.algorithm != self._algorithm:
            # what is being signed names the certificate that was there before
            raise Retryable("keys.another-key", channel_closed=True)
        return key

    def __repr__(self) -> str:
        return f"<ReopenedKey {self._algorithm}>"

    def __reduce__(self) -> str:
        raise TypeError("a private key is not to be copied or stored")
