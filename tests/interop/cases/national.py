"""National signatures of ours judged by libraries that know the algorithms, and values of theirs judged by us.

libgcrypt has all of it. Botan and gost-engine have 34.311 with another set only: under a GOST 34.310-2004 signature they judge the
curve, over libgcrypt's digest. Botan is not asked about keys of 2015 with 256 bits, for it has another curve by that name.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from subprocess import CompletedProcess
from typing import Final

from signing import (
    SANDBOX_DOCUMENT,
    SANDBOX_ENVELOPE,
    TrustAnchors,
    gost,
    sign_container_cades,
    verify_attached,
    verify_container,
    verify_detached,
    verify_envelope,
    verify_xml,
)
from tests.interop import made_nationally as made
from tests.interop import tools
from tests.interop.case import Case, accepts, refuses
from tests.interop.made_nationally import Family, Files, Kind
from tests.interop.verdicts import our_verdict
from tests.unit.signing import xml_material as m

_FAMILIES: Final[dict[str, tuple[Family, ...]]] = {
    "libgcrypt": ("gost2015-512", "gost2015-256", "gost2004"),
    "Botan": ("gost2015-512", "gost2004"),
    "gost-engine": ("gost2015-512", "gost2015-256", "gost2004"),
}


# --- they judge ------------------------------------------------------------------------------------------------------
def _judged(
    folder: Path,
    *,
    tool: str,
    kind: Kind,
    family: Family,
    change: Callable[[Files], Files] = lambda files: files,
    is_strange: bool = False,
) -> CompletedProcess[str]:
    files = change(kind.make(family))
    root = made.other_root(family) if is_strange else made.pki(family).root
    _lay(folder, {"root.der": root, "ca.der": made.pki(family).intermediate, **files})
    return tools.national(folder, tool, *kind.task)


def _lay(folder: Path, files: Files) -> None:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


# --- they sign -------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, kw_only=True)
class KeyElsewhere:
    """Implements SigningKey: the number is the sandbox's, digest and value are the tool's."""

    folder: Path
    tool: str
    kind: str
    family: Family

    @property
    def certificate_chain(self) -> tuple[bytes, ...]:
        return made.key_of(self.kind, self.family).certificate_chain

    @property
    def algorithm(self) -> str:
        return made.key_of(self.kind, self.family).algorithm

    def sign(self, message: bytes) -> bytes:
        private = made.issued(self.kind, self.family).private_key
        assert isinstance(private, gost.PrivateKey)
        number = str(private.number).encode()
        _lay(self.folder, {"message": message, "number": number, "signer.der": self.certificate_chain[0]})
        done = tools.national(self.folder, self.tool, "sign", "message", "number", "value")
        assert done.returncode == 0, done.stderr
        return (self.folder / "value").read_bytes()


_Judgement = Callable[[KeyElsewhere, bool], tuple[str, str]]
"""What we say of a document with a value of theirs; True breaks the value."""


def _xml(key: KeyElsewhere, is_broken: bool, *, form: str) -> tuple[str, str]:
    document = (made.xades if form == "xades" else made.xmldsig)(key)["signed.xml"]
    policy = replace(
        # plain XMLDSig has no signed certificate reference and no time
        SANDBOX_DOCUMENT,
        require_signing_certificate=form == "xades",
        require_signing_time=form == "xades",
    )
    document = made.bit_in_value(-3)(document) if is_broken else document
    return our_verdict(verify_xml(document, policy=policy, anchors=_anchors(key), at=m.NOW).report)


def _detached(key: KeyElsewhere, is_broken: bool) -> tuple[str, str]:
    signature = made.detached(key)["signature.der"]
    signature = made.bit_at(-3)(signature) if is_broken else signature
    return our_verdict(
        verify_detached(signature, [made.CONTENT], policy=SANDBOX_DOCUMENT, anchors=_anchors(key), at=m.NOW)
    )


def _attached(key: KeyElsewhere, is_broken: bool) -> tuple[str, str]:
    signature = made.attached(key)["signature.der"]
    signature = made.bit_at(-3)(signature) if is_broken else signature
    policy = replace(SANDBOX_DOCUMENT, allow_attached_content=True)
    return our_verdict(verify_attached(signature, policy=policy, anchors=_anchors(key), at=m.NOW).report)


def _container(key: KeyElsewhere, is_broken: bool, *, cades: bool) -> tuple[str, str]:
    container = made.container(key, sign=sign_container_cades) if cades else made.container(key)
    if is_broken:
        parts, name = m.parts_of(container), made.CMS_FILE if cades else m.SIGNATURES
        change = made.bit_at(-3) if cades else made.bit_in_value(-3)
        container = m.raw_zip(m.raw_entries({**parts, name: change(parts[name])}))
    return our_verdict(verify_container(container, policy=SANDBOX_DOCUMENT, anchors=_anchors(key), at=m.NOW).report)


def _envelope(key: KeyElsewhere, is_broken: bool) -> tuple[str, str]:
    message = made.envelope(key)["signed.xml"]
    message = made.bit_in_value(-3)(message) if is_broken else message
    return our_verdict(verify_envelope(message, policy=SANDBOX_ENVELOPE, anchors=_anchors(key), at=m.NOW).report)


def _anchors(key: KeyElsewhere) -> TrustAnchors:
    return made.pki(key.family).trust_anchors()


def _signed(
    folder: Path, *, tool: str, family: Family, judge: _Judgement, kind: str, is_broken: bool = False
) -> tuple[str, str]:
    return judge(KeyElsewhere(folder=folder, tool=tool, kind=kind, family=family), is_broken)


_OURS: Final[tuple[tuple[str, _Judgement, str, str], ...]] = (
    ("national XML signature", partial(_xml, form="xmldsig"), "head", "XMLDSig"),
    ("enveloped XAdES", partial(_xml, form="xades"), "head", "XAdES-BASELINE-B"),
    ("WS-Security envelope", _envelope, "information-system", "XMLDSig"),
    ("container with XAdES", partial(_container, cades=False), "head", "XAdES-BASELINE-B"),
    ("container with CAdES", partial(_container, cades=True), "head", "CAdES-BASELINE-B"),
    ("detached CMS", _detached, "head", "CAdES-BASELINE-B"),
    ("attached CMS", _attached, "head", "CAdES-BASELINE-B"),
)
"""Words, how it is judged, whose key, and the format that the verdict names."""
_IN_XML: Final = {kind.words for kind in made.KINDS if "gost2015-256" not in kind.families}


def _cases_of(tool: str) -> list[Case]:
    judged = [
        case
        for kind in made.KINDS
        for family in _FAMILIES[tool]
        if family in kind.families
        for case in (
            accepts(
                tool,
                f"judges {kind.words}, {family}",
                "GOOD",
                partial(_judged, tool=tool, kind=kind, family=family),
            ),
            *(
                refuses(
                    tool,
                    f"judges {kind.words}, {family}, bit flipped in {what}",
                    says,
                    partial(_judged, tool=tool, kind=kind, family=family, change=change),
                )
                for what, change, says in kind.broken
            ),
        )
    ]
    strangers = [
        refuses(
            tool,
            f"judges {kind.words}, {_FAMILIES[tool][0]}, another root",
            "certificate: the value is not a signature by this key",
            partial(_judged, tool=tool, kind=kind, family=_FAMILIES[tool][0], is_strange=True),
        )
        for kind in made.KINDS
        if kind.words != "root"
    ]
    signed = [
        Case(
            tool=tool,
            name=f"signs, we judge {words}, {family}{', bit flipped in the value' if is_broken else ''}",
            expected=(f"TOTAL-FAILED (SIG_CRYPTO_FAILURE), {what}" if is_broken else f"TOTAL-PASSED, {what}"),
            ask=partial(_signed, tool=tool, family=family, judge=judge, kind=kind, is_broken=is_broken),
        )
        for words, judge, kind, what in _OURS
        for family in _FAMILIES[tool]
        if family != "gost2015-256" or words not in _IN_XML
        for is_broken in (False, True)
    ]
    return [*judged, *strangers, *signed]


CASES: Final[tuple[Case, ...]] = tuple(case for tool in tools.NATIONAL for case in _cases_of(tool))
