"""A container written again around what is signed in it: packed octets are copied, files under META-INF put in place."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from signing import asic
from signing.errors import SigningError
from signing.xmldsig import StepError

if TYPE_CHECKING:
    from collections.abc import Mapping


def open_container(source: BinaryIO | bytes, limits: asic.ContainerLimits = asic.DEFAULT_LIMITS) -> asic.Archive:
    """The archive of an ASiC-E or ASiC-S container; raises SigningError signing.not-a-container."""
    try:
        return asic.open_archive(source, [], limits, (asic.MIMETYPE, asic.SIMPLE_MIMETYPE), exact_layout=False)
    except StepError as error:
        raise SigningError("signing.not-a-container", reason=error.check.id) from error


def data_names(archive: asic.Archive) -> tuple[str, ...]:
    return tuple(name for name in archive.entries if not asic.is_reserved(name))


def copied(archive: asic.Archive, out: BinaryIO, replaced: Mapping[str, bytes], added: Mapping[str, bytes]) -> None:
    """Every entry in its order, some with other content, and more behind them.

    Raises SigningError signing.container-too-large, signing.not-a-container.
    """
    writer = asic.ContainerWriter(out, media_type=archive.media_type)
    try:
        for name in archive.entries:
            if name in replaced:
                writer.add(name, replaced[name], deflate=False)
            elif name != asic.MIMETYPE_NAME:
                writer.copy(archive, name)
    except StepError as error:
        raise SigningError("signing.not-a-container", reason=error.check.id) from error
    for name, content in added.items():
        writer.add(name, content, deflate=False)
    writer.finish()
