"""The bars: what must hold for `python -m bench --check` to end with 0."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from bench import crl, national, processes
from bench.measure import Result


@dataclass(frozen=True, kw_only=True, slots=True)
class Bar:
    """`figure` of the row with this name (and peer, when it names one): at least, or at most, `bound`."""

    name: str
    peer: str | None
    figure: Literal["ratio", "ours"]
    must_be: Literal["at least", "at most"]
    bound: float
    sentence: str

    def value(self, results: Sequence[Result]) -> float | None:
        """None when the row is missing or the peer was absent: a bar that was not measured is missed."""
        for each in results:
            if each.name == self.name and (self.peer is None or each.peer_name == self.peer):
                return each.ratio if self.figure == "ratio" else each.ours
        return None

    def is_met(self, results: Sequence[Result]) -> bool:
        value = self.value(results)
        if value is None:
            return False
        return value >= self.bound if self.must_be == "at least" else value <= self.bound


def _ratio(name: str, peer: str, bound: float, sentence: str) -> Bar:
    return Bar(name=name, peer=peer, figure="ratio", must_be="at least", bound=bound, sentence=sentence)


def _rate(name: str, bound: float, sentence: str) -> Bar:
    """Operations a second: as good as the machine is."""
    return Bar(name=name, peer=None, figure="ours", must_be="at least", bound=bound, sentence=sentence)


def _most(name: str, bound: float, sentence: str) -> Bar:
    return Bar(name=name, peer=None, figure="ours", must_be="at most", bound=bound, sentence=sentence)


_SIGN: Final = "XAdES-B enveloped sign 5 KB"
_VERIFY: Final = "XAdES-B enveloped verify 5 KB"

BARS: Final = (
    _ratio(_SIGN, "signxml XAdES", 2.2, "signing at least 2.2 times signxml's rate, enveloped"),
    _ratio(_SIGN, "python-xmlsec XMLDSig", 1.4, "signing at least 1.4 times python-xmlsec's rate of plain XMLDSig"),
    _ratio(_SIGN, "raw RSA-2048", 0.55, "signing at least 55 % of the raw private-key rate, enveloped"),
    _ratio("XAdES-B sign 5 KB", "signxml XAdES", 2.2, "signing at least 2.2 times signxml's rate, container"),
    _ratio("XAdES-B sign 5 KB", "raw RSA-2048", 0.55, "signing at least 55 % of the raw private-key rate, container"),
    _ratio(_VERIFY, "signxml XAdES", 5, "verifying at least 5 times signxml's rate, enveloped"),
    _ratio(_VERIFY, "python-xmlsec XMLDSig", 1, "verifying not slower than python-xmlsec's plain XMLDSig"),
    _ratio("XAdES-B verify 5 KB", "signxml XAdES", 5, "verifying at least 5 times signxml's rate, container"),
    *(
        _rate(f"B-LT verify 5 KB, {evidence}", 600, f"at least 600 packages a second at B-LT, {evidence}")
        for evidence in ("CRL", "OCSP")
    ),
    _ratio(processes.NAME, processes.PEER, 1.8, "two processes at least 1.8 times one"),
    _rate("container verify 120 KB", 1500, "verifying at least 1,500 packages of 120 KB a second"),
    _rate(
        national.document_row(national.NATIVE),
        1000,
        "at least 1,000 national enveloped XML of 2 KB verified a second, native library",
    ),
    _rate(
        national.document_row(national.PLAIN),
        100,
        "at least 100 national enveloped XML of 2 KB verified a second, plain Python",
    ),
    _rate(national.hash_row("Streebog-512", national.NATIVE), 100, "Streebog at least 100 MB/s, native library"),
    _rate(national.hash_row("Streebog-512", national.PLAIN), 0.7, "Streebog at least 0.7 MB/s, plain Python"),
    _rate(national.hash_row("GOST 34.311", national.PLAIN), 0.35, "GOST 34.311 at least 0.35 MB/s, plain Python"),
    _ratio(national.CURVE, national.INT, 2.5, "gmpy2 at least 2.5 times Python's integers on the curve"),
    _most(national.ATTACHMENT, 300, "an attachment of 12 MB under a national signature verified in at most 0.3 s"),
    _most("schema gate 5 KB", 0.2, "schema gate at most 0.2 ms at 5 KB"),
    _most(crl.name_of(crl.INDEXED), 500, "a CRL of 420,000 entries indexed in at most 0.5 s"),
    _most(crl.name_of(crl.LOOKED_UP), 0.1, "a look-up in it at most 0.1 ms"),
    _most(crl.name_of(crl.PEAK), 100, "at most 100 MB for all of that, the program included"),
    *(
        bar
        for task in ("sign", "verify")
        for bar in (
            _most(
                f"peak memory over idle, {task} attachment 100 MB",
                100,
                f"{task}: at most 100 MB over idle with an attachment of 100 MB",
            ),
            _most(
                f"peak memory over idle, {task} attachment 1000 MB",
                64,
                f"{task}: at most 64 MB over idle with an attachment of 1 GB",
            ),
            _ratio(
                f"{task} attachment 1000 MB",
                "raw SHA-256",
                0.6,
                f"{task}: an attachment of 1 GB at least at 60 % of raw SHA-256 speed",
            ),
        )
    ),
)
