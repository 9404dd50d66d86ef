"""National algorithms: GOST R 34.10-2015 with Streebog, GOST 34.310-2004 with GOST 34.311-95. Numbers and octets only.

    choice          which provider computes, and why not the fast one
    nettle          by a native library found at run time, tested before it is used; the only place that knows ctypes
    known_answers   what it is tested with
    portable        in plain Python: always there, the reference; variable in time, so it signs with test keys only
    provider        what both look like from above
    signature       keys, signatures and their byte orders
    multiples       arithmetic on curves; gmpy2 where it is installed
    curve           the three curves
    streebog, gost34311, chaining

Certificates, containers and identifiers are read above; nothing here reads a file, a setting or the time.
"""

from __future__ import annotations

from signing.gost.choice import ProviderReport, chosen, provider_report
from signing.gost.curve import CRYPTOPRO_A, TC26_256_A, TC26_512_A, Curve
from signing.gost.provider import Hash, Provider
from signing.gost.signature import PrivateKey, PublicKey, VariableTime, read_private_key, read_public_key

__all__ = [
    "CRYPTOPRO_A",
    "TC26_256_A",
    "TC26_512_A",
    "Curve",
    "Hash",
    "PrivateKey",
    "Provider",
    "ProviderReport",
    "PublicKey",
    "VariableTime",
    "chosen",
    "provider_report",
    "read_private_key",
    "read_public_key",
]
