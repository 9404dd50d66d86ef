"""A table of national authorities like the real one, over certificates that this run made: two sets and a refused one."""

from __future__ import annotations

import hashlib
import ssl
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

import signing
from signing import certificates as x509
from signing.keys import pem
from tests.unit.signing import crafted_pki as made
from tests.unit.signing.crafted_pki import Chain

AT = datetime(2026, 11, 10, 12, 0, tzinfo=UTC)
_ROLES = ("1.3.6.1.5.5.7.3.4", "1.2.398.3.3.4.1.2", "1.2.398.3.3.4.1.2.1")
"""emailProtection, legal entity, first head."""


@dataclass(frozen=True, kw_only=True)
class Made:
    """DER of certificates by the short names of the real ones, and the table that knows them."""

    certificates: dict[str, bytes]
    known: signing.NationalAuthorities
    stranger: bytes
    refused: bytes
    key: signing.SigningKey
    """Of a head, under `nca_rsa_2022`."""

    def names(self, *names: str) -> dict[str, bytes]:
        return {f"{name}.cer": self.certificates[name] for name in names}


@cache
def material() -> Made:
    production, test = _chain("Production"), _chain("TEST")
    certificates = {
        "root_rsa_2020": production.root.signed_by(production.root),
        "nca_rsa_2022": production.ca.signed_by(production.root),
        "root_test_gost_2022": test.root.signed_by(test.root),
        "nca_gost2022_test": test.ca.signed_by(test.root),
    }
    stranger = _chain("Stranger")
    refused = replace(production.root, serial=77).signed_by(production.root)
    known = signing.NationalAuthorities(
        trusted=tuple(
            replace(one, sha256=sha256(certificates[one.name]), not_before=made.NOT_BEFORE.date())
            for one in signing.NATIONAL_AUTHORITIES.trusted
            if one.name in certificates
        ),
        refused=(replace(signing.NATIONAL_AUTHORITIES.refused[2], sha256=sha256(refused)),),
    )
    return Made(
        certificates=certificates,
        known=known,
        stranger=stranger.root.signed_by(stranger.root),
        refused=refused,
        key=_key(production),
    )


def sha256(der: bytes) -> str:
    return hashlib.sha256(der).hexdigest()


def pem_of(*ders: bytes) -> bytes:
    return "".join(ssl.DER_cert_to_PEM_cert(der) for der in ders).encode()


def written(folder: Path, files: dict[str, bytes]) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return [folder / name for name in files]


def _chain(title: str) -> Chain:
    usual = Chain()
    oids = b"".join(made.asn1.encode_oid(oid) for oid in _ROLES)
    return (
        usual.with_root(subject=made.cn(f"{title} root"), key=made.key(f"national {title} root"))
        .with_ca(subject=made.cn(f"{title} authority"), key=made.key(f"national {title} authority"))
        .with_leaf(
            key=made.key(f"national {title} head"),
            extra=(made.extension(x509.EXTENDED_KEY_USAGE, made.sequence(oids)),),
        )
    )


def _key(chain: Chain) -> signing.SigningKey:
    private = chain.leaf.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return pem.load(private + pem_of(chain.leaf.signed_by(chain.ca)), None)
