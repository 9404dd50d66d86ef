"""A SOAP envelope in, the same envelope with a WS-Security header out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from signing import wss

if TYPE_CHECKING:
    from signing.keys import SigningKey
    from signing.policy import SigningPolicy


def sign_envelope(envelope: bytes, key: SigningKey, *, policy: SigningPolicy, body_id: str) -> bytes:
    """Sign the Body of a SOAP 1.1 envelope (UTF-8, no Security header, Header optional) as SHEP wants it.

    Every byte given stays as it is: `wsu:Id` is added to the Body's start tag and the header is put in. Not one byte
    may change afterwards, so flatten and clean the XML before. `body_id` is an NCName, new for each message. Raises
    SigningError: see `wss.new_signed_envelope`.
    """
    return wss.new_signed_envelope(envelope, key, policy=policy, body_id=body_id)
