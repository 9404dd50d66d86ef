"""A stand: throwaway keys in the national certificate profile, and settings for the sandbox and every participant.

    FOLDER/sandbox.toml             the exchange: gateway key, participants with their accounts
    FOLDER/trust/*.pem              the anchors; everything on the stand trusts them and nothing outside does
    FOLDER/gateway.pem              the gateway's certificate, pinned by every participant
    FOLDER/stranger.p12             a key of an authority that nobody here trusts: the sandbox plays forgers with it
    FOLDER/<body>/elshi.toml        settings of a node;  keys/*.p12 and *.secret beside it, readable by the owner only
    FOLDER/rules/                   the coverage list of the stand, when one was given

Nothing here can reach production: the anchors carry SANDBOX in their names, and a production set refuses them.
"""

from __future__ import annotations

import secrets
import shutil
import ssl
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import schemas
import signing
from adapter.errors import Final, Place

RECIPIENTS = ("KZ-MFA", "KZ-GA", "KZ-AP")
DEFAULT_HOST, DEFAULT_PORT = "127.0.0.1", 18080
"""Where a new stand has its gateway when nobody says otherwise."""

MINISTRIES = ("KZ-MOF", "KZ-MLSP", "KZ-MENR", "KZ-MOT", "KZ-MTI")

_BINS = {
    "KZ-MOF": "991340000106",
    "KZ-MLSP": "991340000473",
    "KZ-MENR": "991340000849",
    "KZ-MTI": "991340001213",
    "KZ-MOT": "991340001580",
    "KZ-MFA": "991340000801",
}
"""Synthetic numbers: month 13 cannot exist, the control digit is right."""

_HEADS = {
    "KZ-MOF": "СЫНАКОВА АСЕЛЬ",
    "KZ-MLSP": "МЫСАЛОВ УЛГИБЕК",
    "KZ-MENR": "УЛГИУЛЫ КАНАТ",
    "KZ-MOT": "БАЙКАЕВ ОМИР",
    "KZ-MTI": "ТАЖИРИБЕКЫЗЫ ГУЛИМ",
    "KZ-MFA": "МЫСАЛБАЙ ГАЛЫМ",
    "KZ-GA": "СЫНАКБАЙ ЕРКИН",
    "KZ-AP": "ҮЛГІ СЫНАҚ",
}
_ACTING = frozenset({"KZ-MOT"})
"""Bodies whose document is signed by an acting head: a certificate with the right to sign instead of a first head's."""

_NUMBER_PREFIXES = {"KZ-MFA": "ТЕСТ-К-", "KZ-GA": "ТЕСТ-ҮА-К-", "KZ-AP": "ТЕСТ-ПӘ-К-"}
_DOC_KIND, _CHARACTER = 90000010, 90000020
_FIRST_MEMBER, _FIRST_ORG = 90000101, 90000201


@dataclass(frozen=True, kw_only=True, slots=True)
class Stand:
    """Where everything lies: settings of the sandbox, of each body's node, and the anchors."""

    folder: Path
    sandbox: Path
    nodes: Mapping[str, Path]
    anchors: tuple[Path, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class StandPlan:
    """What to make.

    host, port          of the gateway; participants listen on the ports given by `ports`
    not_before, not_after   validity of every certificate
    rules               folder with coverage lists for every node; copied into the stand
    database            where each node keeps its data, as a file name beside its settings
    """

    not_before: datetime
    not_after: datetime
    host: str = DEFAULT_HOST
    port: int = DEFAULT_PORT
    ports: Mapping[str, int]
    bodies: Sequence[str] = (*MINISTRIES, *RECIPIENTS)
    rules: Path | None = None
    delivery: Mapping[str, float] | None = None


def existing_stand(folder: Path) -> Stand:
    """A stand made before. Raises Final `stand.not-here` when the folder holds none."""
    sandbox = folder / "sandbox.toml"
    if not sandbox.is_file():
        raise Final("stand.not-here", params={"folder": folder.name})
    nodes = {path.parent.name.upper(): path for path in sorted(folder.glob("*/elshi.toml"))}
    return Stand(folder=folder, sandbox=sandbox, nodes=nodes, anchors=tuple(sorted((folder / "trust").glob("*.pem"))))


def gateway_address(stand: Stand, *, host: str | None, port: int | None) -> tuple[str, int]:
    """Where the gateway of a stand made before must listen: where the settings of its nodes look for it.

    host, port      what the person asked for. Another host is taken (0.0.0.0 is reached by other names); another port is
                    refused, since nobody would come there. Without any node's settings they decide alone.
    Raises Final `stand.other-port`, `stand.several-ports`, `settings.not-toml`, `file.unreadable`.
    """
    looked_for = [one for one in map(_gateway_of, stand.nodes.values()) if one is not None]
    ports = sorted({number for _, number in looked_for})
    if port is None and len(ports) > 1:
        raise Final("stand.several-ports", params={"ports": ", ".join(map(str, ports))})
    if port is not None and ports and port not in ports:
        raise Final("stand.other-port", params={"expected": ", ".join(map(str, ports)), "given": port})
    chosen = port if port is not None else ports[0] if ports else DEFAULT_PORT
    hosts = {name for name, number in looked_for if number == chosen}
    return host or (hosts.pop() if len(hosts) == 1 else DEFAULT_HOST), chosen


def _gateway_of(settings: Path) -> tuple[str, int] | None:
    """Host and port of `exchange.endpoint`; None when it names no port, as of a system that lives elsewhere."""
    exchange = toml_of(settings).get("exchange")
    endpoint = exchange.get("endpoint") if isinstance(exchange, Mapping) else None
    try:
        address = urlsplit(endpoint) if isinstance(endpoint, str) else None
        if address is None or address.hostname is None or address.port is None:
            return None
    except ValueError:  # brackets that do not close, a port that is no number
        return None
    return address.hostname, address.port


def toml_of(path: Path) -> dict[str, Any]:
    """A TOML file of a stand, not judged yet. Raises Final `file.unreadable`, `settings.not-toml`."""
    place = Place(file=path.name)
    try:
        return tomllib.loads(path.read_bytes().removeprefix(b"\xef\xbb\xbf").decode("utf-8"))
    except OSError as error:
        raise Final("file.unreadable", place=place, params={"file": path.name}) from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise Final("settings.not-toml", place=place, params={"file": path.name, "reason": str(error)}) from error


def default_plan(now: datetime, *, host: str, port: int) -> StandPlan:
    """Certificates from the start of the fixtures' year, or of this one if it is earlier, for two years from now."""
    bodies = (*MINISTRIES, *RECIPIENTS)
    return StandPlan(
        not_before=min(datetime(2026, 1, 1, tzinfo=UTC), now - timedelta(days=1)),
        not_after=max(datetime(2028, 1, 1, tzinfo=UTC), now + timedelta(days=730)),
        host=host,
        port=port,
        ports={body: port + place for place, body in enumerate(bodies, start=1)},
    )


def make_stand(folder: Path, plan: StandPlan) -> Stand:
    """Make a stand in an empty or new folder. Raises Final `stand.folder-in-use`."""
    try:
        if folder.exists() and any(folder.iterdir()):
            raise Final("stand.folder-in-use", params={"folder": folder.name})
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Final("file.not-written", params={"file": folder.name}) from error
    pki = signing.SandboxPki.create(not_before=plan.not_before, not_after=plan.not_after)
    trust = folder / "trust"
    trust.mkdir()
    (trust / "sandbox.pem").write_bytes(pki.anchor_pem())
    gateway = pki.issue("gateway", "SHEP SANDBOX GATEWAY", "ELSHI SANDBOX")
    _secret_bytes(folder / "gateway.p12", gateway.pkcs12(b"sandbox-gateway"))
    (folder / "gateway.pem").write_text(_pem(gateway.certificate), encoding="ascii")
    elsewhere = signing.SandboxPki.create(not_before=plan.not_before, not_after=plan.not_after, name="Elshi stranger")
    stranger = elsewhere.issue("gateway", "SHEP SANDBOX GATEWAY", "ELSHI SANDBOX")
    _secret_bytes(folder / "stranger.p12", stranger.pkcs12(b"sandbox-stranger"))
    if plan.rules is not None:
        shutil.copytree(plan.rules, folder / "rules")
    members = {body: (_FIRST_MEMBER + place, _FIRST_ORG + place) for place, body in enumerate(plan.bodies)}
    tables: list[str] = []
    nodes: dict[str, Path] = {}
    for body in plan.bodies:
        home = folder / body.lower()
        (home / "keys").mkdir(parents=True)
        passwords = {name: secrets.token_urlsafe(18) for name in ("channel", "files", "directory", "keys")}
        for name, value in passwords.items():
            _secret_bytes(home / "keys" / f"{name}.secret", value.encode())
        certificate = _issue_keys(pki, body, home / "keys", passwords["keys"].encode())
        (home / "keys" / "envelope.pem").write_text(_pem(certificate), encoding="ascii")
        nodes[body] = home / "elshi.toml"
        nodes[body].write_text(_node_toml(body, plan, members), encoding="utf-8")
        tables.append(_participant_toml(body, plan, members[body]))
    sandbox = folder / "sandbox.toml"
    sandbox.write_text(_SANDBOX_TOML + "\n".join(tables), encoding="utf-8")
    return Stand(folder=folder, sandbox=sandbox, nodes=nodes, anchors=(trust / "sandbox.pem",))


def _issue_keys(pki: signing.SandboxPki, body: str, folder: Path, password: bytes) -> bytes:
    """Three keys as a body has them; the certificate of the envelope's is returned."""
    names = schemas.code_list("bodies").get(body)
    organization = names.ru if names is not None else body
    number = bin_of(body)
    head = pki.issue(
        "signer" if body in _ACTING else "head", _HEADS[body], organization, bin=number, iin="123456789011"
    )
    office = pki.issue("employee", f"КАНЦЕЛЯРИЯ {body}", organization, bin=number, iin="123456789012")
    system = pki.issue("information-system", f"ELSHI {body}", organization, bin=number)
    for name, issued in (("head", head), ("office", office), ("envelope", system)):
        _secret_bytes(folder / f"{name}.p12", issued.pkcs12(password))
    return bytes(system.certificate)


def bin_of(body: str) -> str:
    """The synthetic BIN of a body on the stand."""
    return _BINS.get(body) or _SPARE_BINS[body]


_SPARE_BINS = {"KZ-GA": "991340002003", "KZ-AP": "991340002408"}
"""Of bodies that the fixtures give none, made in the same way."""


def _secret_bytes(path: Path, content: bytes) -> None:
    path.touch(mode=0o600)
    path.write_bytes(content)


def _pem(der: bytes) -> str:
    return ssl.DER_cert_to_PEM_cert(der)


_SANDBOX_TOML = """# The sandbox of the exchange. Throwaway keys; see docs/sandbox.md for the faults that can be scripted.
[gateway]
key = "gateway.p12"
key_password = "sandbox-gateway"
stranger_key = "stranger.p12"
stranger_key_password = "sandbox-stranger"

[trust]
certificates = ["trust/sandbox.pem"]

"""


def _participant_toml(body: str, plan: StandPlan, numbers: tuple[int, int]) -> str:
    names = schemas.code_list("bodies").get(body)
    assert names is not None
    home = body.lower()
    return f"""[[participant]]
code = "{body}"
name_kk = "{names.kk}"
name_ru = "{names.ru}"
member = {numbers[0]}
sender_org = {numbers[1]}
account = "elshi_{home.replace("-", "_")}"
channel_password_file = "{home}/keys/channel.secret"
file_password_file = "{home}/keys/files.secret"
directory_password_file = "{home}/keys/directory.secret"
endpoint = "http://{plan.host}:{plan.ports[body]}/esedo/"
certificates = ["{home}/keys/envelope.pem"]
"""


def _node_toml(body: str, plan: StandPlan, members: Mapping[str, tuple[int, int]]) -> str:
    account = f"elshi_{body.lower().replace('-', '_')}"
    member, organization = members[body]
    delivery = "".join(f"{name} = {value:g}\n" for name, value in (plan.delivery or {}).items())
    rules = '\n[rules]\nfolder = "../rules"\n' if plan.rules is not None else ""
    bodies = "\n".join(f'[bodies.{one}]\nbin = "{bin_of(one)}"\n' for one in plan.bodies)
    return f"""# Settings of the node of {body} on a stand with throwaway keys. docs/settings.md explains every key.
profile = "sandbox"

[node]
body = "{body}"
system = "ELSHI-{body}"
number_prefix = "{_NUMBER_PREFIXES.get(body, f"ТЕСТ-{body[3:]}-")}"

[trust]
anchors = ["../trust/sandbox.pem"]
gateway_certificates = ["../gateway.pem"]

[storage]
url = "sqlite:///{{folder}}/elshi.sqlite3"

[keys.document]
file = "keys/head.p12"
password_file = "keys/keys.secret"

[keys.office]
file = "keys/office.p12"
password_file = "keys/keys.secret"

[keys.envelope]
file = "keys/envelope.p12"
password_file = "keys/keys.secret"

[exchange]
endpoint = "http://{plan.host}:{plan.port}/bip-sync-wss-gost/"
doc_kind = {_DOC_KIND}
character = {_CHARACTER}

[exchange.account]
sender_id = "{account}"
password_file = "keys/channel.secret"

[exchange.file_store]
sender_id = "{account}"
password_file = "keys/files.secret"

[exchange.directory]
entity_name = "EXAMPLE_ORGANISATIONS"

[exchange.directory.account]
sender_id = "{account}"
password_file = "keys/directory.secret"

[exchange.participant]
member = {member}
sender_org = {organization}

[exchange.second_sign]
timestamp = "off"
ocsp = "none"

[http]
plain_http_allowed = true
read_within_seconds = 20
total_within_seconds = 60

[delivery]
{delivery}
[server]
host = "{plan.host}"
port = {plan.ports[body]}
{rules}
{bodies}"""
