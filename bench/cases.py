"""What is compared with what. Everything a contestant needs is made before the clock runs."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle

import schemas
import signing
from adapter import conversion
from bench import long_term, material, peers
from bench.measure import Absent, Result, Unit, Work, compared

SIGNATURE = "META-INF/signatures0.xml"


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """A name, our work, and the peers' work or the reason why there is none."""

    name: str
    ours: Work
    peers: dict[str, Work | Absent]
    unit: Unit = "op/s"

    def run(self, *, rounds: int, slice_seconds: float) -> list[Result]:
        return compared(self.name, self.ours, self.peers, unit=self.unit, rounds=rounds, slice_seconds=slice_seconds)


def cases() -> Iterator[Case]:
    """In the order of the table."""
    for size, label in ((material.SMALL, "5 KB"), (material.LARGE, "100 KB")):
        yield from _xades(size, label)
    for size, label in ((material.SMALL, "5 KB"), (material.LARGE, "100 KB")):
        yield from _enveloped(size, label)
    for size, label in ((material.SMALL, "5 KB"), (material.LARGE, "100 KB")):
        yield from _xmldsig(size, label)
    for size, label in ((material.SMALL, "5 KB"), (material.LARGE, "100 KB")):
        yield _gate(size, label)
    for size, label in ((material.SMALL, "5 KB"), (material.LARGE, "100 KB")):
        yield from _pipeline(size, label)
    yield from _usual()
    yield from _long_term()


def _peer(name: str, peer: object | Absent, work: Callable[[], Work]) -> dict[str, Work | Absent]:
    return {name: peer if isinstance(peer, Absent) else work()}


def _xades(size: int, label: str) -> Iterator[Case]:
    """Ours is the whole of it: ASiC-E container, path to an anchor, report. The peer's is an enveloped signature."""
    key, document = material.key(), material.document(size)
    objects = material.of_document(size)
    ours = material.container(objects)
    found = peers.signxml(key)
    theirs = b"" if isinstance(found, Absent) else found.sign(document)
    chained = b"" if isinstance(found, Absent) else found.sign_with_chain(document)
    signing_peers = _peer(peers.Signxml.name, found, lambda: lambda: found.sign(document))
    if size == material.SMALL:
        signing_peers[peers.RAW] = peers.raw_rsa(key)
    yield Case(name=f"XAdES-B sign {label}", ours=lambda: material.container(objects), peers=signing_peers)
    yield Case(
        name=f"XAdES-B verify {label}",
        ours=lambda: material.verify(ours),
        peers={
            **_peer(peers.Signxml.name, found, lambda: lambda: found.verify(theirs)),
            **_peer(peers.Signxml.name_with_path, found, lambda: lambda: found.verify_with_path(chained)),
        },
    )
    with zipfile.ZipFile(io.BytesIO(ours)) as archive:
        content = archive.read(SIGNATURE)
    signature = content[content.index(b"<ds:Signature ") : content.index(b"</asic:")]
    yield Case(
        name=f"XAdES-B verify {label}, same detached signature",
        ours=lambda: material.verify(ours),
        peers=_peer(peers.Signxml.name, found, lambda: lambda: found.verify_detached(signature, document)),
    )


def _enveloped(size: int, label: str) -> Iterator[Case]:
    """Bytes in, bytes out, the signature inside the document: the same format on both sides.

    In the rows named XAdES python-xmlsec signs and verifies a plain signature of its own; in those named XMLDSig both
    verify our national form.
    """
    key, document = material.key(), material.document(size)
    found, plain = peers.signxml(key), peers.python_xmlsec_enveloped(key)
    theirs = b"" if isinstance(found, Absent) else found.sign(document)
    chained = b"" if isinstance(found, Absent) else found.sign_with_chain(document)
    theirs_plain = b"" if isinstance(plain, Absent) else plain.sign(document)
    signxml, with_path, xmlsec = peers.Signxml.name, peers.Signxml.name_with_path, peers.XmlsecEnveloped.name
    yield Case(
        name=f"XAdES-B enveloped sign {label}",
        ours=lambda: material.enveloped(size),
        peers={
            **_peer(signxml, found, lambda: lambda: found.sign(document)),
            **_peer(xmlsec, plain, lambda: lambda: plain.sign(document)),
            peers.RAW: peers.raw_rsa(key),
        },
    )
    ours = material.enveloped(size)
    yield Case(
        name=f"XAdES-B enveloped verify {label}",
        ours=lambda: material.verify_enveloped(ours),
        peers={
            **_peer(signxml, found, lambda: lambda: found.verify(theirs)),
            **_peer(xmlsec, plain, lambda: lambda: plain.verify(theirs_plain)),
        },
    )
    ours_chained = material.enveloped(size, policy=signing.DEFAULT_SIGNING)
    yield Case(
        name=f"XAdES-B enveloped verify {label}, chain inside",
        ours=lambda: material.verify_enveloped(ours_chained),
        peers=_peer(with_path, found, lambda: lambda: found.verify_with_path(chained)),
    )
    national = material.enveloped(size, "xmldsig")
    yield Case(
        name=f"XMLDSig enveloped sign {label}",
        ours=lambda: material.enveloped(size, "xmldsig"),
        peers=_peer(xmlsec, plain, lambda: lambda: plain.sign(document)),
    )
    yield Case(
        name=f"XMLDSig enveloped verify {label}",
        ours=lambda: material.verify_plain(national),
        peers=_peer(xmlsec, plain, lambda: lambda: plain.verify(national)),
    )


def _xmldsig(size: int, label: str) -> Iterator[Case]:
    """The signed SOAP Body: the one place where we make XMLDSig with canonicalization over the document."""
    key, message = material.key("information-system"), material.envelope(size)
    signed = material.signed_envelope(size)
    found = peers.python_xmlsec(key)
    name = peers.Xmlsec.name
    yield Case(
        name=f"XMLDSig sign {label}",
        ours=lambda: material.signed_envelope(size),
        peers=_peer(name, found, lambda: lambda: found.sign(message)),
    )
    yield Case(
        name=f"XMLDSig verify {label}",
        ours=lambda: material.verify_envelope(signed),
        peers=_peer(name, found, lambda: lambda: found.verify(signed)),
    )


def _gate(size: int, label: str) -> Case:
    import xmlschema

    root = schemas.parse_untrusted(material.document(size))
    schema_id = schemas.schema_id_of(root) or ""
    entry = next(each for each in schemas.catalog_entries() if each.id == schema_id)
    addresses = {each.location: each.path.as_uri() for each in schemas.catalog_entries() if each.location}
    authority = xmlschema.XMLSchema10(entry.path, allow="local", uri_mapper=addresses)
    return Case(
        name=f"schema gate {label}",
        ours=lambda: _require(schemas.gate(root, schema_id)),
        peers={"xmlschema": lambda: _require(authority.is_valid(root))},
        unit="ms",
    )


def _pipeline(size: int, label: str) -> Iterator[Case]:
    """The four steps a report goes through; without the printed form, which is another program's work."""
    report = material.report(size)

    def convert_to_package() -> bytes:
        document = conversion.validated(conversion.build(report))
        return material.container([signing.DataObject.of("document.xml", "application/xml", document.content)])

    yield Case(name=f"convert, validate, sign, package {label}", ours=convert_to_package, peers={}, unit="ms")


def _usual() -> Iterator[Case]:
    objects = material.usual()
    content = material.container(objects)
    yield Case(
        name="container sign 120 KB",
        ours=lambda: material.container(objects),
        peers={peers.RAW: peers.raw_rsa(material.key())},
    )
    yield Case(name="container verify 120 KB", ours=lambda: material.verify(content), peers={})


def _long_term() -> Iterator[Case]:
    """Packages that were seen too long ago to be remembered, with evidence that is remembered."""
    for evidence in long_term.EVIDENCE:
        packages = long_term.packages(evidence)
        yield Case(
            name=f"B-LT verify 5 KB, {evidence}",
            ours=in_turn(packages, long_term.verify),
            peers={},
        )


def in_turn(inputs: Sequence[bytes], work: Callable[[bytes], object]) -> Work:
    """Works on the next input each time, and begins again behind the last one."""
    endless = cycle(inputs)
    return lambda: work(next(endless))


def _require(accepted: object) -> None:
    if not accepted:
        raise SystemExit("bench: a document that was measured is not valid")
