"""XAdES signature files of a container: META-INF/*signatures*.xml (EN 319 162-1, 4.3.3.2 and 4.4.3.2).

Steps 1, 2 and 4 of `verify.container` for each signature, cheap ones first; the digests of data objects come last and
for all signatures at once. Time-stamps and validation data that came along are read and handed on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import schemas
from signing import asic, xades, xmldsig
from signing.validation_report import Check, SubIndication
from signing.verify.container_objects import PendingXml, require_coverage
from signing.verify.xml_signature import (
    Examination,
    certificate_reference_check,
    judge_algorithms,
    judge_key_value,
    judge_value,
    report_id,
    take_what_was_added,
)
from signing.xmldsig import Canonicalizer, StepError, failed, malformed, passed, passed_in, unsupported

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from signing.verify.container_objects import Known
    from signing.xades import QualifyingProperties
    from signing.xmldsig import Element, Reference, Signature

CHECKS: Final = frozenset({"asic.signature-file", "asic.references", "asic.media-types"})

_XADES_SIGNATURES: Final = f"{{{asic.ASIC_NS}}}XAdESSignatures"
# As it was printed in TS 102 918 before it was corrected; Estonian and Latvian containers of those years have it.
_EARLY_XADES_SIGNATURES: Final = "{http://uri.etsi.org/2918/v1.2.1#}XAdESSignatures"


def examine_file(known: Known, name: str, checks: list[Check]) -> list[PendingXml]:
    """Each signature of one file; a file that is no list of signatures is a failed check of the container."""
    try:
        content = known.archive.read_markup(name)
        root = xmldsig.parse(content, schemas.SIGNATURE_LIMITS, name)
        checks.append(passed_in("xml.accepted", name))
        elements = xmldsig.children(root, "asic.signature-file")
        is_list = root.tag == _XADES_SIGNATURES or (
            root.tag == _EARLY_XADES_SIGNATURES and not known.context.policy.exact_container_layout
        )
        if not is_list or not elements or any(part.tag != xmldsig.SIGNATURE for part in elements):
            raise malformed("asic.signature-file", "not a list of signatures", file=name)
        if len(elements) > known.limits.max_signatures_per_file:
            raise malformed("asic.signature-file", "too many", limit=str(known.limits.max_signatures_per_file))
        checks.append(passed_in("asic.signature-file", name))
        xmldsig.unique_ids(root, content)
        checks.append(passed_in("xmldsig.unique-ids", name))
    except StepError as error:
        checks.append(error.check)
        return []
    canonicalizer = Canonicalizer(len(content), content)
    found = []
    for index, element in enumerate(elements):
        pending = PendingXml(
            examination=Examination(id=f"{name}#{report_id(element, str(index))}", format="XAdES", level="B-B")
        )
        try:
            _examine(pending, element, known, canonicalizer)
        except StepError as error:
            pending.examination.checks.append(error.check)
        found.append(pending)
    return found


# --- 1, 2, 4: one signature ----------------------------------------------------------------------------------------
def _examine(pending: PendingXml, element: Element, known: Known, canonicalizer: Canonicalizer) -> None:
    """All but the digests of data objects, cheap steps first; StepError where nothing can follow."""
    examination, names, listed = pending.examination, known.names, known.listed
    policy = known.context.policy
    read = xades.read_own_form(
        element, examination.checks, policy=policy, canonicalizer=canonicalizer, takes_enveloped=False
    )
    if read is not None:
        signature, properties = read
    else:
        most = max(xmldsig.MAX_REFERENCES, len(names) + 1)
        signature = xmldsig.read_signature(element, examination.checks, max_references=most)
        properties = xades.read_qualifying_properties(signature, examination.checks, policy)
    parts = _signed_parts(signature, properties, known)
    take_what_was_added(
        examination,
        signature,
        properties,
        canonicalizer,
        lambda reference: _octets_of(pending, known, reference, parts, canonicalizer),
    )
    examination.signing_time = properties.signing_time
    known_certificates = (*examination.embedded.certificates, *known.context.data.certificates)
    examination.signer, others = xades.signing_certificate(signature, properties, known_certificates)
    examination.others = tuple(others)
    examination.checks.append(certificate_reference_check(properties, known.context))
    data = [reference for reference in signature.references if reference.uri not in parts]
    if len({reference.uri for reference in signature.references}) != len(signature.references):
        raise malformed("asic.references", "twice")
    pending.references = _references(data, names)
    examination.checks.append(passed("asic.references"))
    pending.media_types = {
        name: properties.media_types.get(reference.id or "", "") for name, reference in pending.references.items()
    }
    examination.take("asic.coverage", lambda: require_coverage(pending.references, known))
    own = [each for each in signature.references if each.uri in parts and each.uri != properties.reference.uri]
    is_required = known.context.policy.require_data_object_formats
    examination.take(
        "xades.data-object-format",
        lambda: xades.require_formats(data, properties, others=own, is_required=is_required),
    )
    if listed is not None:
        examination.take("asic.media-types", lambda: _require_media_types(pending.media_types, listed))
    judge_key_value(examination, signature, examination.signer)
    method, pending.digests = judge_algorithms(examination, signature, known.context)
    judge_value(examination, signature, method, [examination.signer], canonicalizer)
    for reference in signature.references:
        part = parts.get(reference.uri)
        algorithm = pending.digests.get(reference.digest_uri)
        if part is not None and algorithm is not None:
            octets = canonicalizer.octets(part, reference.transforms.of_nodes())
            if algorithm.of(octets) != reference.digest:
                raise failed("xmldsig.digests", SubIndication.HASH_FAILURE, xmldsig.local_name(part))
    examination.covered = tuple(pending.references)
    examination.is_complete = True


def _signed_parts(signature: Signature, properties: QualifyingProperties, known: Known) -> dict[str, Element]:
    """URI of a Reference -> the part of the Signature itself it points to: the signed properties.

    Where the policy is content with what is signed, KeyInfo, Objects and what stands in an Object too, as other
    producers sign them; they are no data objects and cover none.
    """
    parts = {properties.reference.uri: properties.signed_properties}
    if not known.context.policy.every_signature_covers_everything:
        own = [*signature.objects, *(child for item in signature.objects for child in item.iterchildren("*"))]
        for element in own if signature.key_info is None else [signature.key_info, *own]:
            identifier = element.get("Id")
            if identifier is not None:
                parts.setdefault(f"#{identifier}", element)
    return parts


def _references(data: Sequence[Reference], names: Sequence[str]) -> dict[str, Reference]:
    """Check "asic.references": data objects of this container only, as they are, each once."""
    known = set(names)
    found: dict[str, Reference] = {}
    for reference in data:
        if reference.type == f"{xmldsig.DS}Manifest":
            raise unsupported("asic.references", SubIndication.SIGNED_DATA_NOT_FOUND, "ds:Manifest")
        xmldsig.fragment(reference.uri)
        name = asic.referenced_name(reference.uri)
        if name is None or name not in known:
            raise malformed("asic.references", "no data object", uri=reference.uri[:255])
        if reference.canonicalization is not None:
            raise malformed("asic.references", "Transforms", uri=reference.uri[:255])
        if name in found:
            raise malformed("asic.references", "twice", uri=reference.uri[:255])
        found[name] = reference
    return found


def _require_media_types(signed: Mapping[str, str], listed: Mapping[str, str]) -> None:
    for name, media_type in signed.items():
        if media_type and name in listed and media_type != listed[name]:
            raise malformed("asic.media-types", "differs from the manifest", name=name)


# --- data objects for time-stamps ------------------------------------------------------------------------------------
def _octets_of(
    pending: PendingXml,
    known: Known,
    reference: Reference,
    parts: Mapping[str, Element],
    canonicalizer: Canonicalizer,
) -> Iterable[bytes]:
    """A data object for a time-stamp over it; not for a signature that has failed: nobody makes us read twice."""
    part = parts.get(reference.uri)
    if part is not None:
        return (canonicalizer.octets(part, reference.transforms.of_nodes()),)
    name = asic.referenced_name(reference.uri)
    if name not in pending.references or pending.examination.has_failed:
        raise malformed("xades.time-stamps", "data object not read")
    return known.again.chunks(name)
