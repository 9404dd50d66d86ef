"""A PKCS#12 file taken apart before any password is used: rule 4 of the package."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from signing.errors import Malformed

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, kw_only=True, slots=True)
class Pkcs12Parts:
    """What stands in a PKCS#12 file before any password is used (RFC 7292, 4)."""

    authenticated_safe: bytes
    """Octets the MAC is over."""
    mac_digest: str | None
    """OID of the MAC's hash, None when the file has no MAC or one of another construction."""
    mac_value: bytes
    mac_salt: bytes
    mac_iterations: int
    encrypted_keys: tuple[bytes, ...]
    """DER of each EncryptedPrivateKeyInfo that lies in an unencrypted safe, where every known tool puts it."""
    plain_keys: int


def read_pkcs12(content: bytes) -> Pkcs12Parts:
    """Take a PKCS#12 file apart without its password; raises Malformed."""
    from asn1crypto import pkcs12

    try:
        file = pkcs12.Pfx.load(content, strict=True)
        safe = file["auth_safe"]
        if safe["content_type"].native != "data":
            raise Malformed("asn1.pkcs12")
        encrypted: list[bytes] = []
        plain = 0
        for part in pkcs12.AuthenticatedSafe.load(safe["content"].native):
            if part["content_type"].native != "data":
                continue
            for bag in pkcs12.SafeContents.load(part["content"].native):
                if bag["bag_id"].native == "pkcs8_shrouded_key_bag":
                    encrypted.append(bytes(bag["bag_value"].untag().dump(force=True)))
                plain += bag["bag_id"].native == "key_bag"
        return _pkcs12_parts(file, bytes(safe["content"].native), encrypted, plain)
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError, AttributeError) as error:
        raise Malformed("asn1.pkcs12") from error


def _pkcs12_parts(file: Any, safe: bytes, encrypted: Sequence[bytes], plain: int) -> Pkcs12Parts:
    from asn1crypto import core

    mac = file["mac_data"]
    known = not isinstance(mac, core.Void)
    # PBMAC1 (RFC 9579) stands where the hash does and is computed in another way; the library above checks that one
    known = known and mac["mac"]["digest_algorithm"]["algorithm"].dotted != "1.2.840.113549.1.5.14"
    return Pkcs12Parts(
        authenticated_safe=safe,
        mac_digest=mac["mac"]["digest_algorithm"]["algorithm"].dotted if known else None,
        mac_value=bytes(mac["mac"]["digest"].native) if known else b"",
        mac_salt=bytes(mac["mac_salt"].native) if known else b"",
        mac_iterations=int(mac["iterations"].native) if known else 0,
        encrypted_keys=tuple(encrypted),
        plain_keys=plain,
    )
