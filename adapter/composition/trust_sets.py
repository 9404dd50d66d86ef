"""Trust sets of the national authorities on this machine: a folder for each, filled by `elshi trust add`.

Rules.
1. What may stand in a set is a table of fingerprints in the program (signing.national_authorities). The certificates are
   not shipped: a person obtains them where they are published.
2. All or nothing: one certificate that is refused, and nothing is written.
3. What is in the folder is believed no more than what was offered: each file is compared with its fingerprint each time
   the set is read, and one file that is altered or that nobody knows makes the whole set refuse. A set that quietly did
   without it would judge differently from yesterday, and nobody would know why.
4. Production and test are two sets, and no set is joined with another or with single files.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any
from typing import Final as Constant

import signing
from adapter import texts
from adapter.composition.key_files import signing_errors
from adapter.composition.trust_files import CERTIFICATE_ENDINGS, certificates_in, files_of
from adapter.errors import CertificatesRefused, Final, Finding, Place, Severity

SETS: Constant = tuple(signing.NATIONAL_SETS)
"""Names of the sets, production first."""

_UNREADABLE: Constant = "trust.not-a-certificate"
_ENDING: Constant = ".der"
_LONGEST: Constant = 1 << 16
"""Bytes of a file in a set that are read: no certificate is larger (signing.certificates)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Added:
    """One certificate that was offered and is in its set now; `was_there` when it had been before."""

    file: str
    authority: signing.NationalAuthority
    facts: signing.CertificateFacts
    was_there: bool

    def as_json(self) -> dict[str, Any]:
        return {
            "file": self.file,
            **_authority_as_json(self.authority),
            "subject": self.facts.subject,
            "notBefore": self.facts.not_before.isoformat(),
            "notAfter": self.facts.not_after.isoformat(),
            "wasThere": self.was_there,
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One certificate that a set may hold; `facts` None when it is not there."""

    authority: signing.NationalAuthority
    facts: signing.CertificateFacts | None

    def has_ended(self, at: datetime) -> bool:
        """Whether its validity has ended; by the day of the table when the certificate is not there."""
        if self.facts is not None:
            return at > self.facts.not_after
        return at.date() > self.authority.not_after

    def as_json(self, at: datetime) -> dict[str, Any]:
        known = self.authority
        return {
            **_authority_as_json(known),
            "notBefore": (self.facts.not_before if self.facts else known.not_before).isoformat(),
            "notAfter": (self.facts.not_after if self.facts else known.not_after).isoformat(),
            "present": self.facts is not None,
            "ended": self.has_ended(at),
            "url": known.url,
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class TrustSets:
    """The sets below one folder. Plain values only, so that another process can be given it.

    known   which certificates there are; another table is for tests
    """

    folder: Path
    known: signing.NationalAuthorities = signing.NATIONAL_AUTHORITIES

    def add(self, paths: Sequence[Path], *, only: signing.NationalSet | None = None) -> tuple[Added, ...]:
        """Put the certificates of these files, or of folders of them, into their sets.

        only    refuse what belongs to another set than this

        Raises CertificatesRefused `trust.not-added` with a finding for each certificate, or as `entries` does for a set
        that holds what it must not; Final `trust.nothing-to-add`, `file.not-written`.
        """
        files = files_of(paths, CERTIFICATE_ENDINGS)
        if not files:
            raise Final("trust.nothing-to-add", params={"endings": ", ".join(CERTIFICATE_ENDINGS)})
        offered: list[tuple[str, bytes]] = []
        findings: list[Finding] = []
        for path in files:
            try:
                offered += [(path.name, der) for der in certificates_in(path, _UNREADABLE)]
            except Final as error:
                findings.append(_finding(error.code, path.name, error.params))
        findings += [finding for file, der in offered for finding in self._against(file, der, only)]
        if findings:
            raise CertificatesRefused(tuple(findings))
        held = {name: self._held(name) for name in SETS}
        added: list[Added] = []
        new: dict[Path, bytes] = {}
        for file, der in offered:
            authority = self.known.find(_sha256(der))
            assert isinstance(authority, signing.NationalAuthority)
            was_there = authority.name in held[authority.set_name]
            facts = signing.certificate_facts(der)
            added.append(Added(file=file, authority=authority, facts=facts, was_there=was_there))
            if not was_there:
                new[self._file(authority)] = der
        self._write(new)
        return tuple(added)

    def entries(self, name: signing.NationalSet) -> tuple[Entry, ...]:
        """Everything that may stand in the set, and what does.

        Raises CertificatesRefused `trust.set-refused` when its folder holds anything else, Final `trust.unreadable`.
        """
        held = self._held(name)
        return tuple(
            Entry(authority=one, facts=signing.certificate_facts(held[one.name]) if one.name in held else None)
            for one in self.known.of_set(name)
        )

    def anchors(self, name: signing.NationalSet) -> signing.TrustAnchors:
        """The set as anchors (its roots) and what helps to find a path (the others); the kind is the set's.

        Raises as `entries` does; Final `trust.set-empty`, `trust.set-without-root`.
        """
        held = self._held(name)
        if not held:
            raise Final("trust.set-empty", params={"set": name, "folder": str(self.folder)})
        roots = tuple(held[one.name] for one in self.known.of_set(name) if one.name in held and one.role == "root")
        if not roots:
            raise Final("trust.set-without-root", params={"set": name, "folder": str(self.folder)})
        others = tuple(der for der in held.values() if der not in roots)
        kind = signing.NATIONAL_SETS[name]
        return signing_errors(
            lambda: signing.TrustAnchors(name=name, kind=kind, certificates=roots, intermediates=others)
        )

    def _against(self, file: str, der: bytes, only: signing.NationalSet | None) -> Iterator[Finding]:
        """What stands against a certificate that is offered; nothing for one that may enter."""
        known = self.known.find(_sha256(der))
        if isinstance(known, signing.NationalAuthority):
            if only not in {None, known.set_name}:
                params: dict[str, object] = {"certificate": said_of(known), "set": known.set_name, "asked": only}
                yield _finding("trust.other-set", file, params)
        elif known is not None:
            params = {"certificate": said_of(known), "reason": _in_all(f"reason.authority-{known.why}")}
            yield _finding("trust.refused-certificate", file, params)
        else:
            try:
                subject = signing.certificate_facts(der).subject
            except signing.Malformed:
                yield _finding(_UNREADABLE, file, {"file": file})
            else:
                yield _finding("trust.unknown-certificate", file, {"subject": subject, "sha256": _sha256(der)})

    def _held(self, name: signing.NationalSet) -> Mapping[str, bytes]:
        """DER by the short name of what is in the set, each compared with its fingerprint now."""
        expected = {one.name + _ENDING: one for one in self.known.of_set(name)}
        held: dict[str, bytes] = {}
        findings: list[Finding] = []
        for path in self._files(name):
            authority = expected.get(path.name)
            if authority is None or not path.is_file():
                findings.append(_finding("trust.file-unknown", path.name, {"file": path.name, "set": name}))
                continue
            der = _read(path)
            if _sha256(der) != authority.sha256:
                params = {"file": path.name, "set": name, "sha256": _sha256(der)}
                findings.append(_finding("trust.file-altered", path.name, params))
                continue
            held[authority.name] = der
        if findings:
            folder = str(self.folder / name)
            raise CertificatesRefused(tuple(findings), code="trust.set-refused", params={"set": name, "folder": folder})
        return MappingProxyType(held)

    def _files(self, name: signing.NationalSet) -> Sequence[Path]:
        try:
            return sorted((self.folder / name).iterdir())
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise Final("trust.unreadable", place=Place(file=name), params={"file": name}) from error

    def _file(self, authority: signing.NationalAuthority) -> Path:
        return self.folder / authority.set_name / (authority.name + _ENDING)

    def _write(self, contents: Mapping[Path, bytes]) -> None:
        """All written beside the sets first, then moved to their places: never is a set seen with half a file."""
        if not contents:
            return
        place = self.folder
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=self.folder, prefix=".adding-") as beside:
                for place, der in contents.items():
                    with (Path(beside) / place.name).open("xb") as out:
                        out.write(der)
                        out.flush()
                        os.fsync(out.fileno())
                for place in contents:
                    place.parent.mkdir(exist_ok=True)
                    (Path(beside) / place.name).replace(place)
        except OSError as error:
            raise Final("file.not-written", place=Place(file=place.name), params={"file": place.name}) from error


@dataclass(frozen=True, kw_only=True, slots=True)
class TrustSet:
    """One set by its name, where the command or the settings name it in place of files."""

    sets: TrustSets
    name: signing.NationalSet

    def anchors(self) -> signing.TrustAnchors:
        """As TrustSets.anchors."""
        return self.sets.anchors(self.name)


def folder_of_user(environment: Mapping[str, str]) -> Path:
    """Where the sets of a user lie: `elshi/trust` below $XDG_DATA_HOME or ~/.local/share. Raises Final `trust.no-folder`.

    A relative $XDG_DATA_HOME counts as none (XDG Base Directory Specification).
    """
    named = Path(environment.get("XDG_DATA_HOME", ""))
    if named.is_absolute():
        return named / "elshi" / "trust"
    try:
        return Path.home() / ".local" / "share" / "elshi" / "trust"
    except RuntimeError as error:
        raise Final("trust.no-folder") from error


def set_named(name: str) -> signing.NationalSet | None:
    """The set of that name; None for anything else, `./nuc-rk` too, which is a path whatever stands there."""
    return next((one for one in SETS if one == name), None)


def said_of(known: signing.NationalAuthority | signing.RefusedAuthority) -> Mapping[str, str]:
    """What a certificate is, in the three languages."""
    return _in_all(f"fact.authority-{known.name.replace('_', '-')}")


def _authority_as_json(authority: signing.NationalAuthority) -> dict[str, Any]:
    return {
        "name": authority.name,
        "what": dict(said_of(authority)),
        "set": authority.set_name,
        "kind": authority.kind,
        "role": authority.role,
        "family": authority.family,
        "legacy": authority.is_legacy,
        "sha256": authority.sha256,
    }


def _in_all(code: str) -> Mapping[str, str]:
    return {one.value: texts.render(code, {}, one).what for one in texts.Language}


def _finding(code: str, file: str, params: Mapping[str, object]) -> Finding:
    return Finding(code=code, severity=Severity.ERROR, params=params, place=Place(file=file))


def _sha256(der: bytes) -> str:
    return hashlib.sha256(der).hexdigest()


def _read(path: Path) -> bytes:
    """The file, or so much of it that its digest cannot be that of a certificate."""
    try:
        with path.open("rb") as source:
            return source.read(_LONGEST + 1)
    except OSError as error:
        raise Final("trust.unreadable", place=Place(file=path.name), params={"file": path.name}) from error
