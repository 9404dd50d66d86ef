"""National algorithms: whole documents beside the curve alone, hashes, an attachment; by the native library and in plain Python.

Each provider is a process of its own (`python -m bench.national native|plain <rounds> <slice>`), which answers with its rows.
Where the native library is absent its rows are missing, and their bars count as missed.
"""

from __future__ import annotations

import datetime as dt
import io
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Final, Literal

import signing
from bench import material
from bench.measure import MIN_ROUNDS, SLICE_SECONDS, Absent, Result, Work, compared
from signing import gost
from signing.gost import choice, multiples
from signing.gost.multiples import Group, fastest_integer

Provider = Literal["native", "plain"]

NAME: Final = "national algorithms"

NATIVE: Final = "native"
PLAIN: Final = "plain Python"
ALONE: Final = "the curve alone"
INT: Final = "Python's integers"
CURVE: Final = "GOST 2015 curve, plain Python with gmpy2"
ATTACHMENT: Final = f"GOST attachment 12 MB verify, {NATIVE}"
_LABELS: Final[dict[Provider, str]] = {"native": NATIVE, "plain": PLAIN}
_PIECE: Final = 100_000
"""Octets hashed at once: a tenth of a megabyte."""
_POLICY: Final = replace(signing.SANDBOX_DOCUMENT, name="bench-national/1", require_signing_certificate=False)


def document_row(label: str) -> str:
    return f"GOST 2015 enveloped XML 2 KB verify, {label}"


def hash_row(name: str, label: str) -> str:
    return f"{name}, {label}"


def results(rounds: int = MIN_ROUNDS, slice_seconds: float = SLICE_SECONDS) -> list[Result]:
    """Every row of both providers."""
    found: list[Result] = []
    for provider in _LABELS:
        done = subprocess.run(
            [sys.executable, "-m", "bench.national", provider, str(rounds), str(slice_seconds)],
            cwd=Path(__file__).resolve().parents[1],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise SystemExit(f"bench: national algorithms, {provider}: {done.stderr.strip()[-500:]}")
        found += [Result(**{**each, "spread": tuple(each["spread"])}) for each in json.loads(done.stdout)]
    return found


# --- in the process of one provider --------------------------------------------------------------------------------
def _rows(provider: Provider, rounds: int, slice_seconds: float) -> Iterator[Result]:
    quick = fastest_integer()
    if provider == "plain":
        choice._choice[:] = [choice.choose(_nothing)]  # noqa: SLF001 - what a machine without the library does
        multiples.fastest_integer = lambda: int  # and without gmpy2, which has a row of its own
        multiples.group.cache_clear()
    elif gost.provider_report().refusal is not None:
        return
    label = _LABELS[provider]

    def measured(name: str, ours: Work, peers: dict[str, Work | Absent], unit: Literal["op/s", "ms"]) -> list[Result]:
        return compared(name, ours, peers, unit=unit, rounds=rounds, slice_seconds=slice_seconds)

    signed = _enveloped()
    yield from measured(document_row(label), lambda: _verify(signed), {ALONE: _alone()}, "op/s")
    for name, new in (("Streebog-512", gost.chosen().streebog512), ("GOST 34.311", gost.chosen().gost34311)):
        (row,) = measured(hash_row(name, label), _hashing(new), {}, "op/s")
        yield _in_megabytes(row)
    if provider == "native":
        container = _container()
        yield from measured(ATTACHMENT, lambda: _verify_container(container), {}, "ms")
    else:
        peers: dict[str, Work | Absent] = {INT: _sum(int)}
        if quick is not int:
            yield from measured(CURVE, _sum(quick), peers, "op/s")


def _nothing(name: str) -> object:
    raise OSError(name)


def names() -> set[str]:
    """Of every row there can be."""
    hashes = {hash_row(name, label) for name in ("Streebog-512", "GOST 34.311") for label in _LABELS.values()}
    return {*map(document_row, _LABELS.values()), *hashes, CURVE, ATTACHMENT}


@cache
def _key() -> tuple[signing.SandboxPki, signing.IssuedKey]:
    made = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    pki = signing.SandboxPki.create(not_before=made, not_after=made.replace(year=2049), key="gost2015-512")
    return pki, pki.issue("head", "Үлгі Б.", "Үлгі министрлігі", bin="123456789012", key="gost2015-512")


def _enveloped() -> bytes:
    """Two kilobytes with their signature, in the form that the national tools write."""
    document = b"<report>%b</report>" % b"".join(b"<row><amount>%d</amount></row>" % number for number in range(4))
    return signing.sign_xml(
        document, _key()[1].signing_key(), policy=signing.DEFAULT_SIGNING, signing_time=material.NOW, form="xmldsig"
    )


def _verify(signed: bytes) -> None:
    anchors = _key()[0].trust_anchors()
    material.require_passed(signing.verify_xml(signed, policy=_POLICY, anchors=anchors, at=material.NOW))


def _alone() -> Work:
    """The raw primitive: one verification of a digest, with a key that is known."""
    private = gost.PrivateKey(gost.TC26_512_A, 2**300 + 1)
    public, digest = private.public_key(), bytes(range(64))
    value = gost.chosen().sign(private, digest, test_keys=True)
    return lambda: gost.chosen().verify(public, digest, value)


def _hashing(new: Callable[[], gost.Hash]) -> Work:
    content = material.noise(_PIECE)

    def work() -> bytes:
        state = new()
        state.update(content)
        return state.digest()

    return work


def _in_megabytes(row: Result) -> Result:
    share = _PIECE / 1e6
    return replace(row, ours=row.ours * share, unit="MB/s", spread=(row.spread[0] * share, row.spread[1] * share))


def _container() -> bytes:
    objects = [
        signing.DataObject.of("document.xml", "application/xml", material.document(material.SMALL)),
        signing.DataObject.of("attachment.pdf", "application/pdf", material.noise(12_000_000)),
    ]
    out = io.BytesIO()
    key = _key()[1].signing_key()
    signing.sign_container(objects, key, policy=signing.DEFAULT_SIGNING, signing_time=material.NOW, out=out)
    return out.getvalue()


def _verify_container(content: bytes) -> None:
    anchors = _key()[0].trust_anchors()
    material.require_passed(
        signing.verify_container(content, policy=signing.SANDBOX_DOCUMENT, anchors=anchors, at=material.NOW)
    )


def _sum(number: Callable[[int], int]) -> Work:
    """What one verification asks of the curve, for a key that is known."""
    group = Group(gost.TC26_512_A, number)
    key = group.prepared(gost.TC26_512_A.multiple(3**200, gost.TC26_512_A.generator) or gost.TC26_512_A.generator)
    factors = 5**219 % gost.TC26_512_A.q, 7**181 % gost.TC26_512_A.q
    return lambda: group.sum((factors[0], group.generator), (factors[1], key))


if __name__ == "__main__":
    asked: Provider = "native" if sys.argv[1] == "native" else "plain"
    rows = [
        {**each.as_json(), "spread": list(each.spread)} for each in _rows(asked, int(sys.argv[2]), float(sys.argv[3]))
    ]
    print(json.dumps(rows))
