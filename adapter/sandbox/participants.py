"""The sandbox's configuration: who takes part, with which accounts, keys and numbers, and how the exchange behaves.

Every question that the operator has not answered is a switch here too, with the harder answer as the default, so that a
connector which is clean here meets no surprise there.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

from adapter.errors import Final
from adapter.sandbox.script import Rule
from signing import (
    DEFAULT_SIGNING,
    SANDBOX_ENVELOPE,
    Certificate,
    SigningError,
    SigningKey,
    SigningPolicy,
    TrustAnchors,
    ValidationPolicy,
)

Plays = Literal["itself", "delivers", "registers", "refuses", "nothing"]
FileForm = Literal["as-request", "qualified", "unqualified"]
KeyHint = Literal["issuer-serial", "certificate"]
Repeated = Literal["deliver-again", "drop", "refuse"]
Speaker = Literal["performer", "centre"]

CENTRE = "centre"
GATEWAY = "gateway"
UNKNOWN = "?"


@dataclass(frozen=True, kw_only=True, slots=True)
class Participant:
    """One body on the exchange.

    code          short name, used in scripts and events; also the `code` of its directory entry
    member        number in `from` and `performers`;  sender_org: number in `senderOrg`
    account       senderId of channel and file store, Login of the directory
    endpoint      where its messages are pushed; None: they wait
    certificates  DER, any of them may sign its envelopes; empty: any certificate the trust accepts
    plays         "itself": a real system behind the endpoint. Else the centre answers in its name: "delivers" says
                  stateDelivered, "registers" adds stateRegistered, "refuses" adds stateNotValid, "nothing" is silent
    """

    code: str
    name_kk: str
    name_ru: str
    member: int
    sender_org: int
    account: str
    channel_password: str = field(repr=False)
    file_password: str = field(repr=False)
    directory_password: str = field(repr=False)
    endpoint: str | None = None
    certificates: tuple[bytes, ...] = field(default=(), repr=False)
    plays: Plays = "itself"
    short_kk: str = ""
    short_ru: str = ""
    is_esedo: str = "1"
    is_ready: str = "1"
    is_deleted: bool = False

    @property
    def names(self) -> frozenset[str]:
        """Everything a script may call it by."""
        return frozenset({self.code, self.account, str(self.member)})


@dataclass(frozen=True, kw_only=True, slots=True)
class SandboxSettings:
    """What the exchange is made of.

    gateway_key          signs answers and pushes;  stranger_key: for the faults "signed by a stranger", else refused
    path                 of the SyncChannel endpoint
    max_request_bytes    a whole request; the exchange is said to take about 15 MB
    max_stored_bytes     files kept at a time, and as much again of messages that wait for their receivers
    read_within          the request must be here by then;  push_within: one push to a participant, all in all
    retry_delays         between tries of a push; the last one repeats for ever, nothing is given up
    file_form            form of the answers of EDS_TEMP_FILES
    longest_life         the most life a file is granted;  default_life: when none is asked for
    repeated_href        what the centre does with a second document of the same href from the same sender
    start_notice_from    whose number stands in `from` of stateStartProcessResponse
    answer_key_hint      KeyInfo of answers: only issuer and serial (as real answers have), or the certificate
    sends_start_notice   False leaves out stateStartProcessResponse
    refuses_findings     True refuses a message for what is otherwise only noted
    """

    participants: tuple[Participant, ...]
    gateway_key: SigningKey = field(repr=False)
    trust: TrustAnchors = field(repr=False)
    stranger_key: SigningKey | None = field(default=None, repr=False)
    envelope_policy: ValidationPolicy = field(default=SANDBOX_ENVELOPE, repr=False)
    signing_policy: SigningPolicy = field(default=DEFAULT_SIGNING, repr=False)
    path: str = "/bip-sync-wss-gost/"
    centre_account: str = "esedo_sandbox"
    centre_member: int = 90000000
    entity_name: str = "EXAMPLE_ORGANISATIONS"
    max_request_bytes: int = 15_000_000
    max_stored_bytes: int = 256_000_000
    read_within: timedelta = timedelta(seconds=30)
    push_within: timedelta = timedelta(seconds=15)
    retry_delays: tuple[timedelta, ...] = (
        timedelta(milliseconds=200),
        timedelta(milliseconds=500),
        timedelta(seconds=1),
        timedelta(seconds=2),
        timedelta(seconds=5),
    )
    file_form: FileForm = "as-request"
    longest_life: timedelta = timedelta(hours=24)
    default_life: timedelta = timedelta(hours=8)
    repeated_href: Repeated = "deliver-again"
    start_notice_from: Speaker = "centre"
    answer_key_hint: KeyHint = "issuer-serial"
    sends_start_notice: bool = True
    refuses_findings: bool = False
    script: tuple[Rule, ...] = ()

    def __post_init__(self) -> None:
        for name in ("code", "member", "account"):
            values = [getattr(participant, name) for participant in self.participants]
            if len(set(values)) != len(values):
                raise Final("sandbox.settings-repeated", params={"key": f"participant.{name}"})
        if not self.path.startswith("/") or self.path.startswith("/sandbox"):
            raise Final("sandbox.settings-bad-value", params={"key": "gateway.path", "value": self.path})
        for name in ("read_within", "push_within"):
            if getattr(self, name) <= timedelta():
                raise Final("sandbox.settings-bad-value", params={"key": f"exchange.{name}_seconds", "value": "0"})
        for participant in self.participants:
            for der in participant.certificates:
                try:
                    Certificate.from_der(der)
                except SigningError as error:
                    key = f"participant.{participant.code}.certificates"
                    raise Final("sandbox.settings-bad-value", params={"key": key, "value": error.code}) from error
        if not self.retry_delays or any(delay < timedelta() for delay in self.retry_delays):
            raise Final("sandbox.settings-bad-value", params={"key": "exchange.retry_delays_ms", "value": "-"})

    def by_account(self, account: str) -> Participant | None:
        """The participant whose account this is."""
        return next((one for one in self.participants if one.account == account), None)

    def by_member(self, member: int) -> Participant | None:
        """The participant with this member number."""
        return next((one for one in self.participants if one.member == member), None)

    def by_code(self, code: str) -> Participant | None:
        """The participant with this code."""
        return next((one for one in self.participants if one.code == code), None)


def is_same_secret(given: str, expected: str) -> bool:
    """Compare without telling by the time taken how much was right; an empty secret never matches."""
    return bool(expected) and hmac.compare_digest(given.encode(), expected.encode())
