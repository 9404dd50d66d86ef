"""Files of any kind signed by a key of the settings or of the command line, and signatures raised to a higher level."""

from __future__ import annotations

import mimetypes
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO
from typing import Final as Constant

import signing
from adapter.composition.key_files import TestKeys, load_key, signing_errors
from adapter.composition.regular_files import read_file
from adapter.composition.secret_sources import AskPassword, secret_from, source_of
from adapter.errors import Final, Place
from adapter.usecases.sign import Baseline
from adapter.usecases.sign_refusals import refusal, refuse_unfit_key
from adapter.usecases.verified_container import Trust

_CHUNK: Constant = 1 << 18
_ARCHIVE: Constant = b"PK\x03\x04"
_BEFORE_MARKUP: Constant = b"\xef\xbb\xbf \t\r\n"
_LOOKED_AT: Constant = 64
"""Bytes at the beginning that tell an archive, XML and DER apart."""
_LONGEST_CMS: Constant = 150_000_000
"""Bytes: a CMS may hold its content; what lies apart is streamed and has no limit here."""


class SignatureForm(StrEnum):
    """What comes out: a container with the files, the XML document with its signature, a CMS beside or around the file."""

    ASICE = "asice"
    ASICE_CADES = "asice-cades"
    XADES = "xades"
    XMLDSIG = "xmldsig"
    CADES_DETACHED = "cades-detached"
    CADES_ATTACHED = "cades-attached"


@dataclass(frozen=True, kw_only=True, slots=True)
class Raising:
    """To what level, with whose time-stamps, and under what the status is gathered."""

    baseline: Baseline
    trust: Trust
    at: datetime


def key_of_file(path: Path, pin: str, *, ask: AskPassword, test_keys: TestKeys = False) -> signing.SigningKey:
    """A key in a PKCS#12 or PEM file that no settings name; `pin` is a source, never the password itself.

    `test_keys` as `load_key` takes it.
    """
    content = read_file(path, "keys.unreadable")
    password = None
    if signing.is_der(content) or b"ENCRYPTED" in content:
        password = secret_from(source_of(pin), path.name, ask=ask)
    spelt = password.reveal().encode() if password is not None else None
    return load_key(content, spelt, file=path.name, test_keys=test_keys)


def sign_files(
    files: Sequence[Path],
    out: BinaryIO,
    key: signing.SigningKey,
    *,
    form: SignatureForm,
    at: datetime,
    raising: Raising | None,
) -> None:
    """Sign into `out`, which is empty and seekable; `raising` None: level B-B.

    Raises Final `sign.one-file`, `sign.level-not-for-form`, `file.unreadable`, BR-03b's refusals of the key, and the codes
    of the signing errors. The verdict is formed by nobody here: the value alone is verified with the certificate.
    """
    refuse_unfit_key(key, at=at)
    if form not in {SignatureForm.ASICE, SignatureForm.ASICE_CADES} and len(files) != 1:
        raise Final("sign.one-file", params={"form": form.value})
    if form is SignatureForm.XMLDSIG and raising is not None:
        raise Final("sign.level-not-for-form", params={"form": form.value})
    for path in files:
        if not path.is_file():
            raise Final("file.unreadable", place=Place(file=path.name), params={"file": path.name})
    if raising is None or raising.baseline.level == "B-T":
        authority = None if raising is None else raising.baseline.time_stamps
        signing_errors(lambda: _sign(files, out, key, form, at, authority), file=files[0].name)
        return
    with TemporaryFile() as lower:
        signing_errors(lambda: _sign(files, lower, key, form, at, raising.baseline.time_stamps), file=files[0].name)
        lower.seek(0)
        raise_level(lower, out, files if form is SignatureForm.CADES_DETACHED else (), raising, name=files[0].name)


def raise_level(source: BinaryIO, out: BinaryIO, content: Sequence[Path], raising: Raising, *, name: str) -> None:
    """A container, an XML document or a CMS of `source` at the level wanted; `content` of a CMS that lies apart from it.

    At B-LTA already: one archive time-stamp more. Raises Final with the codes of the signing errors, `file.unreadable`.
    """
    start = source.read(_LOOKED_AT)
    source.seek(0)
    signing_errors(lambda: _raise(source, out, content, raising, start=start), file=name)


def add_signature(
    source: Path, out: BinaryIO, key: signing.SigningKey, trust: Trust, *, at: datetime, raising: Raising | None
) -> None:
    """A container with one signature more over all its data objects, beside those it has: head, then office.

    It is judged before and after: nobody signs under what does not hold. Raises Final `sign.add-not-verified` with what
    is missing, BR-03b's refusals of the key, and the codes of the signing errors. Only level B-B and B-T are made here;
    the signatures are raised together by `raise_level`.
    """
    refuse_unfit_key(key, at=at)
    try:
        with source.open("rb") as opened:
            _refuse_unless_passed(opened, trust, at)
            opened.seek(0)
            authority = None if raising is None else raising.baseline.time_stamps
            signing_errors(
                lambda: signing.add_signature(
                    opened, out, key, policy=signing.DEFAULT_SIGNING, signing_time=at, time_stamps=authority
                ),
                file=source.name,
            )
    except OSError as error:
        raise Final("file.unreadable", place=Place(file=source.name), params={"file": source.name}) from error
    out.seek(0)
    _refuse_unless_passed(out, trust, at)


def pieces(paths: Sequence[Path]) -> Iterator[bytes]:
    """The bytes of files one after the other. Raises Final `file.unreadable`."""
    for path in paths:
        try:
            with path.open("rb") as source:
                while chunk := source.read(_CHUNK):
                    yield chunk
        except OSError as error:
            raise Final("file.unreadable", place=Place(file=path.name), params={"file": path.name}) from error


def _sign(  # noqa: PLR0917 - a straight table of the five forms
    files: Sequence[Path],
    out: BinaryIO,
    key: signing.SigningKey,
    form: SignatureForm,
    at: datetime,
    authority: signing.TimeStampAuthority | None,
) -> None:
    policy = signing.DEFAULT_SIGNING
    match form:
        case SignatureForm.ASICE | SignatureForm.ASICE_CADES:
            objects = [
                signing.DataObject(name=path.name, media_type=_media_type(path), open=_opener(path)) for path in files
            ]
            into = signing.sign_container if form is SignatureForm.ASICE else signing.sign_container_cades
            into(objects, key, policy=policy, signing_time=at, out=out, time_stamps=authority)
        case SignatureForm.XADES:
            document = read_file(files[0], "file.unreadable")
            out.write(signing.sign_xml(document, key, policy=policy, signing_time=at, time_stamps=authority))
        case SignatureForm.XMLDSIG:
            document = read_file(files[0], "file.unreadable")
            out.write(signing.sign_xml(document, key, policy=policy, signing_time=at, form="xmldsig"))
        case SignatureForm.CADES_DETACHED:
            content = pieces(files)
            out.write(signing.sign_detached(content, key, policy=policy, signing_time=at, time_stamps=authority))
        case SignatureForm.CADES_ATTACHED:
            held = read_file(files[0], "file.unreadable")
            out.write(signing.sign_attached(held, key, policy=policy, signing_time=at, time_stamps=authority))


def _raise(source: BinaryIO, out: BinaryIO, content: Sequence[Path], raising: Raising, *, start: bytes) -> None:
    baseline, trust = raising.baseline, raising.trust
    if start.startswith(_ARCHIVE):
        signing.augment_container(
            source,
            out,
            level=baseline.level,
            time_stamps=baseline.time_stamps,
            anchors=trust.anchors,
            policy=trust.policy,
            at=raising.at,
            fetcher=trust.fetcher,
        )
        return
    held = source.read(_LONGEST_CMS + 1)
    if len(held) > _LONGEST_CMS:
        raise signing.SigningError("signing.cms-too-large", limit=str(_LONGEST_CMS))
    if start.lstrip(_BEFORE_MARKUP).startswith(b"<"):
        out.write(
            signing.augment_xml(
                held,
                level=baseline.level,
                time_stamps=baseline.time_stamps,
                anchors=trust.anchors,
                policy=trust.policy,
                at=raising.at,
                fetcher=trust.fetcher,
            )
        )
        return
    out.write(
        signing.augment_detached(
            held,
            pieces(content) if content else None,
            level=baseline.level,
            time_stamps=baseline.time_stamps,
            anchors=trust.anchors,
            policy=trust.policy,
            at=raising.at,
            fetcher=trust.fetcher,
        )
    )


def _media_type(path: Path) -> str:
    return mimetypes.guess_type(path.name, strict=True)[0] or "application/octet-stream"


def _opener(path: Path) -> Callable[[], BinaryIO]:
    return lambda: path.open("rb")


def _refuse_unless_passed(container: BinaryIO, trust: Trust, at: datetime) -> None:
    judged = signing.verify_container(
        container, policy=trust.policy, anchors=trust.anchors, at=at, data=trust.data, fetcher=trust.fetcher
    )
    if judged.report.indication is not signing.Indication.TOTAL_PASSED:
        raise refusal("sign.add-not-verified", judged.report)
