"""Certificates of the national authorities of Kazakhstan, known by fingerprint: facts about them, never the certificates.

Rules.
1. A certificate is known by the SHA-256 of its DER and by nothing else: names repeat from one generation of authorities
   to the next, and whoever makes a certificate chooses what stands in it.
2. What is trusted for documents (`production`) and what the national authority lets others try things out with (`test`)
   are two sets, never one. A certificate of neither enters no set.
3. What was published and is trusted no more is known too, so that it is refused by its reason and not as a stranger.

Fingerprints and validity are computed from the files that the root authority (root.gov.kz), the national authority
(pki.gov.kz) and the authority of state bodies (ucgo.gov.kz) publish; every signature of a trusted one was verified up to
its root. The days are those of notBefore and notAfter in UTC.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Final, Literal

NationalSet = Literal["nuc-rk", "nuc-rk-test"]
NationalKind = Literal["production", "test"]
Family = Literal["rsa", "gost2015-512", "gost2004"]
"""Of the authority's own key, spelt as in the table of algorithms."""
Role = Literal["root", "intermediate"]
WhyRefused = Literal["ended", "unsupported-algorithms", "sha1"]

NATIONAL_SETS: Final[Mapping[NationalSet, NationalKind]] = MappingProxyType(
    {"nuc-rk": "production", "nuc-rk-test": "test"}
)
"""Name of a set to the kind of anchors in it (TrustAnchors.kind)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class NationalAuthority:
    """One certificate of an authority that may enter a set.

    name        short, of letters, digits and `_`, as its file is called where it is published
    sha256      of the DER, in hexadecimal
    role        "root" is signed by itself and becomes an anchor; "intermediate" only helps to find a path
    is_legacy   of the generation that ended in 2025: needed for documents that were signed before
    url         where it is published; plain http, which is no matter: what comes is known by its fingerprint
    """

    name: str
    sha256: str
    kind: NationalKind
    role: Role
    family: Family
    not_before: date
    not_after: date
    url: str
    is_legacy: bool = False

    @property
    def set_name(self) -> NationalSet:
        """The one set that it belongs to."""
        return "nuc-rk" if self.kind == "production" else "nuc-rk-test"


@dataclass(frozen=True, kw_only=True, slots=True)
class RefusedAuthority:
    """One certificate that was published and enters no set."""

    name: str
    sha256: str
    why: WhyRefused


@dataclass(frozen=True, kw_only=True, slots=True)
class NationalAuthorities:
    """All that is known: `trusted` in the order in which a person reads them, newest generation first."""

    trusted: tuple[NationalAuthority, ...]
    refused: tuple[RefusedAuthority, ...] = ()

    def find(self, sha256: str) -> NationalAuthority | RefusedAuthority | None:
        """What has this fingerprint (lower-case hexadecimal); None for a stranger."""
        everything: tuple[NationalAuthority | RefusedAuthority, ...] = (*self.trusted, *self.refused)
        return next((one for one in everything if one.sha256 == sha256), None)

    def of_set(self, name: NationalSet) -> tuple[NationalAuthority, ...]:
        """Everything that may stand in a set."""
        return tuple(one for one in self.trusted if one.set_name == name)


NATIONAL_AUTHORITIES: Final = NationalAuthorities(
    trusted=(
        NationalAuthority(
            name="root_gost_2022",
            sha256="af77725f8328bb24f89d81da3acdf7cee4324248538b7ba2cd2a860517fb9dca",
            kind="production",
            role="root",
            family="gost2015-512",
            not_before=date(2022, 6, 15),
            not_after=date(2045, 9, 8),
            url="http://root.gov.kz/cert/root_gost2015_2022.cer",
        ),
        NationalAuthority(
            name="nca_gost_2022",
            sha256="32c7d233a42703a327f3025543a05b930e3f39a786c68dfa196baa86d5618524",
            kind="production",
            role="intermediate",
            family="gost2015-512",
            not_before=date(2022, 6, 15),
            not_after=date(2045, 9, 7),
            url="http://pki.gov.kz/cert/nca_gost_2022.cer",
        ),
        NationalAuthority(
            name="root_rsa_2020",
            sha256="9ba06354b626641715182e4d07c9dbaa1777720fa795d03174ffc68876535dcd",
            kind="production",
            role="root",
            family="rsa",
            not_before=date(2020, 9, 8),
            not_after=date(2045, 9, 8),
            url="http://root.gov.kz/cert/root_rsa_2020.cer",
        ),
        NationalAuthority(
            name="nca_rsa_2022",
            sha256="84fb799a66140950818c056a5d9730acc2a7622cdd4ef0d47113b132fb892905",
            kind="production",
            role="intermediate",
            family="rsa",
            not_before=date(2022, 9, 22),
            not_after=date(2045, 9, 7),
            url="http://pki.gov.kz/cert/nca_rsa_2022.cer",
        ),
        NationalAuthority(
            name="root_gost_2020",
            sha256="c48164ab5ccaaee6b938299a1e3aeebd6f698bb2bd716a0f0d85befc46166aa2",
            kind="production",
            role="root",
            family="gost2004",
            not_before=date(2020, 9, 8),
            not_after=date(2045, 9, 8),
            url="http://root.gov.kz/cert/root_gost_2020.cer",
        ),
        NationalAuthority(
            name="ucgo_gost",
            sha256="eb5a5318299db447a46619d2a541f026b52c1fce8a1d371262da8f6f2d7bb6f5",
            kind="production",
            role="intermediate",
            family="gost2004",
            not_before=date(2022, 7, 12),
            not_after=date(2045, 9, 7),
            url="http://ucgo.gov.kz/cert/ucgo_root.zip",
        ),
        NationalAuthority(
            name="btsd_gost",
            sha256="74bb80edf34f4594e5e69b79029c64214e67630e3d16b82f952ab6e5956c5fa8",
            kind="production",
            role="intermediate",
            family="gost2004",
            not_before=date(2019, 8, 1),
            not_after=date(2029, 7, 29),
            url="http://root.gov.kz/cert/uc/btsd_gost.cer",
        ),
        NationalAuthority(
            name="root_gost",
            sha256="9ab210e54e6b0343321131202d9edcc2598f598cfdd9ee4ec1056021ab2e9759",
            kind="production",
            role="root",
            family="gost2004",
            not_before=date(2015, 7, 27),
            not_after=date(2025, 7, 27),
            url="http://root.gov.kz/cert/root_gost.cer",
            is_legacy=True,
        ),
        NationalAuthority(
            name="nca_gost",
            sha256="908521d0531e5645e64b34d3588374a3a83582c860e5f7293a04c41217e8cc18",
            kind="production",
            role="intermediate",
            family="gost2004",
            not_before=date(2018, 8, 8),
            not_after=date(2025, 6, 25),
            url="http://pki.gov.kz/cert/nca_gost.crt",
            is_legacy=True,
        ),
        NationalAuthority(
            name="root_rsa",
            sha256="a7064abc5699827f370c67b09f1a1bfd7ad5e1514d471223df209c08300ea972",
            kind="production",
            role="root",
            family="rsa",
            not_before=date(2015, 7, 27),
            not_after=date(2025, 7, 27),
            url="http://root.gov.kz/cert/root_rsa.cer",
            is_legacy=True,
        ),
        NationalAuthority(
            name="nca_rsa",
            sha256="34d1b311a9873191ae3382805df51e0a5da23315c512a8deeb885668ceeb5834",
            kind="production",
            role="intermediate",
            family="rsa",
            not_before=date(2018, 8, 8),
            not_after=date(2025, 6, 25),
            url="http://pki.gov.kz/cert/nca_rsa.crt",
            is_legacy=True,
        ),
        NationalAuthority(
            name="root_test_gost_2022",
            sha256="b995e79e7c07429f8f79e185451e5599ce342ac720000f01b3854fdfa03031a6",
            kind="test",
            role="root",
            family="gost2015-512",
            not_before=date(2022, 7, 7),
            not_after=date(2032, 7, 7),
            url="http://root.gov.kz/cert/root_test_gost_2022.cer",
        ),
        NationalAuthority(
            name="nca_gost2022_test",
            sha256="beeffc0bdb77cd798c35983eb0715f6ef0051cccb71d7cd05505e8a4fb2c6f4d",
            kind="test",
            role="intermediate",
            family="gost2015-512",
            not_before=date(2022, 7, 7),
            not_after=date(2032, 7, 4),
            url="http://test.pki.gov.kz/cert/nca_gost2022_test.cer",
        ),
    ),
    # the manifest of the public verifier of 2026 that cites Rules 1187 by item names these and why it trusts none
    refused=(
        RefusedAuthority(
            name="root_ministry_2011",
            sha256="d38f9a121cdb803ea40f00fa4f01f36a76bdc35f9b9fcb2211d1ac32c738d55c",
            why="ended",
        ),
        RefusedAuthority(
            name="nca_gost_2011",
            sha256="430ef33555a1fa3c1c56452ef3b0d57fdd4b32e2a2782236ced0bf182b6d8b6d",
            why="unsupported-algorithms",
        ),
        RefusedAuthority(
            name="nca_rsa_2011",
            sha256="4a6e7537e687a40a0ed2ca09feb0679f777ae855ba8fd180541c8463840311b5",
            why="sha1",
        ),
    ),
)
