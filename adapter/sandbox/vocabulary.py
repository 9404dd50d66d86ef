"""The exchange's own words: namespaces, service ids and the sequences of its messages, written down as tables.

Source of every row: the exchange reference (SyncChannel v10, the universal service of ESEDO, EDS_TEMP_FILES, the
directory). The application has its own description of the same messages; the two are kept apart on purpose, so that a
mistake in one is seen by the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta, timezone
from enum import Enum

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP_12 = "http://www.w3.org/2003/05/soap-envelope"
WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
WSU = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
DS = "http://www.w3.org/2000/09/xmldsig#"
EXC_C14N = "http://www.w3.org/2001/10/xml-exc-c14n#"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
XSD = "http://www.w3.org/2001/XMLSchema"
SYNC = "http://bip.bee.kz/SyncChannel/v10/Types"
DOCUMENT = "http://esedo.nitec.kz/service/model/document"
NOTIFICATION = "http://esedo.nitec.kz/service/model/notification"
DICTIONARY = "http://esedo.nitec.kz/service/model/dictionary"
TEMP_STORAGE = "http://egov.bee.kz/eds/tempstorage/v2/"
GET_DATA = "http://nitec.kz/unidic/ws/getdata"
ITEMS = "http://nitec.kz/unidic/items"
X509_V3 = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-x509-token-profile-1.0#X509v3"

UNIVERSAL_SERVICE = "ESEDO_UNIVERSAL_SERVICE"
UNIVERSAL_ROUTE = "R_ESEDO"
FILE_SERVICE = "EDS_TEMP_FILES"
DIRECTORY_SERVICE = "ENSI_SeGetDataGetItems"

SUCCESS = "SCSS001"
SUCCESS_TEXT = "Message has been processed successfully"

# National time has been UTC+05:00 in the whole country since 1 March 2024.
NATIONAL_TIME = timezone(timedelta(hours=5))


class Kind(Enum):
    """What an element may hold; LONG and DATE_TIME are never empty (reference, 3.2)."""

    STRING = "string"
    LONG = "long"
    DATE_TIME = "dateTime"
    BOOLEAN = "boolean"
    BASE64 = "base64Binary"
    GUID = "guid"
    PARTS = "element with children"
    ANYTHING = "anything"


@dataclass(frozen=True, kw_only=True, slots=True)
class Field:
    """One element of a sequence.

    empty_is_noted  clients in the wild send it empty; a receiver accepts that, a clean sender leaves the element out
    max_length      characters; None when the schema sets no bound
    values          the closed list of values, compared as they are; empty when any value will do
    """

    name: str
    kind: Kind = Kind.STRING
    required: bool = False
    many: bool = False
    parts: tuple[Field, ...] = ()
    empty_is_noted: bool = False
    max_length: int | None = None
    values: tuple[str, ...] = ()


def _strings(names: str) -> tuple[Field, ...]:
    return tuple(Field(name=name) for name in names.split())


def _longs(names: str) -> tuple[Field, ...]:
    return tuple(Field(name=name, kind=Kind.LONG) for name in names.split())


def _times(names: str) -> tuple[Field, ...]:
    return tuple(Field(name=name, kind=Kind.DATE_TIME) for name in names.split())


# --- SyncChannel, reference 2.1 and 2.2 -------------------------------------------------------------------------------
_SENDER = Field(
    name="sender",
    kind=Kind.PARTS,
    required=True,
    parts=(Field(name="senderId", required=True), Field(name="password")),
)
_PROPERTIES = Field(
    name="properties",
    kind=Kind.PARTS,
    many=True,
    parts=(
        Field(name="key", required=True, max_length=30),
        Field(name="value", required=True, max_length=500),
    ),
)
REQUEST_FIELDS = (
    Field(
        name="requestInfo",
        kind=Kind.PARTS,
        required=True,
        parts=(
            Field(name="messageId", required=True),
            Field(name="correlationId", empty_is_noted=True),
            Field(name="serviceId", required=True),
            Field(name="messageDate", kind=Kind.DATE_TIME, required=True),
            Field(name="routeId", empty_is_noted=True),
            _SENDER,
            _PROPERTIES,
            Field(name="sessionId", kind=Kind.GUID),
        ),
    ),
    Field(
        name="requestData",
        kind=Kind.PARTS,
        required=True,
        parts=(Field(name="data", kind=Kind.ANYTHING),),
    ),
)
RESPONSE_FIELDS = (
    Field(
        name="responseInfo",
        kind=Kind.PARTS,
        required=True,
        parts=(
            Field(name="messageId", required=True),
            Field(name="correlationId", empty_is_noted=True),
            Field(name="responseDate", kind=Kind.DATE_TIME, required=True),
            Field(
                name="status",
                kind=Kind.PARTS,
                required=True,
                parts=(Field(name="code", required=True), Field(name="message", required=True, max_length=250)),
            ),
            Field(name="sessionId", kind=Kind.GUID),
        ),
    ),
    Field(
        name="responseData",
        kind=Kind.PARTS,
        required=True,
        parts=(Field(name="data", kind=Kind.ANYTHING),),
    ),
)

# --- universal service, reference 3 -----------------------------------------------------------------------------------
MESSAGE_FIELDS = (
    Field(name="attachments", kind=Kind.PARTS, many=True, parts=(Field(name="fileIdentifier"),)),
    Field(
        name="metadataSystem",
        kind=Kind.PARTS,
        parts=(
            Field(name="activityId"),
            Field(name="from", kind=Kind.LONG),
            Field(name="href"),
            Field(name="performers", kind=Kind.LONG, many=True),
            Field(name="senderOrg", kind=Kind.LONG),
        ),
    ),
)
_DOC_LANG = ("RU", "KZ", "KZRU", "ENG", "Other", "KZOther", "RUOther")
DOC_OUTGOING_FIELDS = (
    *_strings("appendCount authorNameKz authorNameRu"),
    Field(name="carrierType", values=("1", "3")),
    *_longs("character"),
    *_strings("controlTypeOuterCode controlTypeOuterNameKz controlTypeOuterNameRu description"),
    *_times("docDate"),
    *_longs("docKind"),
    Field(name="docLang", values=_DOC_LANG),
    *_strings("docNo docNoR docRecPostKz docRecPostRu docToNumber documentReceiverKz documentReceiverRu"),
    *_strings("documentSectionId employeePhone"),
    *_times("executionDate"),
    *_strings("executor"),
    *_longs("idPortalInternal"),
    *_times("outTime"),
    *_strings("portalSign"),
    *_times("preparedDate"),
    *_strings("resolutionText secondSignData"),
    Field(name="secondSignEnabled", values=("0", "1")),
    *_strings("sectionId sheetCount signerNameKz signerNameRu userUin"),
    Field(name="eecbDocumentMetadata", kind=Kind.ANYTHING),
)
# What a document cannot do without although the operator's schema lets it.
DOC_OUTGOING_EXPECTED = ("docDate", "docNo", "description", "docLang", "carrierType", "secondSignEnabled")
# Kazakh and Russian come in pairs; the schema makes neither mandatory, the reference asks for both (3.2, notes).
DOC_OUTGOING_PAIRS = (
    ("authorNameKz", "authorNameRu"),
    ("documentReceiverKz", "documentReceiverRu"),
    ("signerNameKz", "signerNameRu"),
)

_DATE = Field(name="date", kind=Kind.DATE_TIME, required=True)
_PORTAL = Field(name="idPortalInternal", kind=Kind.LONG)
_UIN = Field(name="userUin")
_CONTROL = (
    *_strings("controlTypeCode controlTypeNameKz controlTypeNameRu"),
    *_times("execDate"),
)
NOTICE_FIELDS: dict[str, tuple[Field, ...]] = {
    "stateStartProcessResponse": (_DATE, Field(name="description"), _PORTAL, _UIN),
    "stateDelivered": (_DATE, _PORTAL, _UIN),
    "stateRegistered": (
        _DATE,
        _PORTAL,
        Field(name="regNo", required=True),
        Field(name="secondSignNotifData"),
        _UIN,
    ),
    "stateNotValid": (
        _DATE,
        _PORTAL,
        Field(name="isValidReason", required=True),
        Field(name="secondSignNotifData"),
        _UIN,
    ),
    "stateExecution": (_DATE, *_times("execDate"), *_strings("executive executivePhone"), _PORTAL, _UIN),
    "stateFinished": (
        Field(name="author"),
        _PORTAL,
        *_times("realDate"),
        *_strings("resultCode resultText"),
        _UIN,
    ),
    "stateNewControl": _CONTROL,
    "stateProlongExDate": _CONTROL,
    "stateNewExDate": _CONTROL,
    "stateTakeOfControl": _times("execDate"),
    "stateNewControlWrong": (),
    "stateTakeOfControlWrong": (),
}
DOCUMENT_TYPES = ("docOutgoing", "docSection", "docAppeal", "docOL")
DICTIONARY_TYPES = ("dictionaryRequest", "dictionaryResponse", "dictionaryElement")
KNOWN_TYPES: frozenset[tuple[str, str]] = frozenset(
    [(DOCUMENT, name) for name in DOCUMENT_TYPES]
    + [(NOTIFICATION, name) for name in NOTICE_FIELDS]
    + [(DICTIONARY, name) for name in DICTIONARY_TYPES]
)


def fields_of(namespace: str, name: str) -> tuple[Field, ...] | None:
    """The whole sequence of a typed message; None for a known type that the reference names without its fields."""
    if (namespace, name) == (DOCUMENT, "docOutgoing"):
        return MESSAGE_FIELDS + DOC_OUTGOING_FIELDS
    if namespace == NOTIFICATION and name in NOTICE_FIELDS:
        return MESSAGE_FIELDS + NOTICE_FIELDS[name]
    return None


# --- files, reference 4 -----------------------------------------------------------------------------------------------
FILE_OPERATIONS = ("UPLOAD", "DOWNLOAD", "CONFIRM", "GET_FILE_INFO")


def _identifiers(name: str) -> Field:
    return Field(name=name, kind=Kind.PARTS, parts=(Field(name="fileIdentifiers", required=True, many=True),))


TEMP_STORAGE_FIELDS = (
    Field(name="type", required=True, values=FILE_OPERATIONS),
    Field(
        name="uploadRequest",
        kind=Kind.PARTS,
        parts=(
            Field(
                name="fileUploadRequests",
                kind=Kind.PARTS,
                required=True,
                many=True,
                parts=(
                    Field(name="fileProcessIdentifier", required=True),
                    Field(name="content", kind=Kind.BASE64, required=True),
                    *_strings("name mime"),
                    *_longs("lifeTime"),
                    Field(name="needToBeConfirmed", kind=Kind.BOOLEAN),
                ),
            ),
        ),
    ),
    _identifiers("downloadRequest"),
    _identifiers("confirmRequest"),
    _identifiers("getFileInfoRequest"),
    Field(
        name="credentials",
        kind=Kind.PARTS,
        required=True,
        parts=(Field(name="senderId", required=True), Field(name="password", required=True)),
    ),
)

# --- directory, reference 5 -------------------------------------------------------------------------------------------
DIRECTORY_FIELDS = (
    Field(name="Login", required=True),
    Field(name="Password", required=True),
    Field(name="EntityName", required=True),
    Field(
        name="Relevance",
        kind=Kind.PARTS,
        parts=(
            Field(name="Date", kind=Kind.DATE_TIME, required=True),
            Field(name="ConsiderTime", kind=Kind.BOOLEAN, required=True),
        ),
    ),
    Field(
        name="SelectRequisites",
        kind=Kind.PARTS,
        parts=(
            Field(
                name="Requisite",
                kind=Kind.PARTS,
                many=True,
                parts=(Field(name="Name"), Field(name="Alias", required=True)),
            ),
        ),
    ),
    Field(name="Filter"),
    Field(
        name="SortRequisites",
        kind=Kind.PARTS,
        parts=(
            Field(
                name="Requisite",
                kind=Kind.PARTS,
                many=True,
                parts=(
                    Field(name="Name", required=True),
                    Field(name="Direction", required=True, values=("Ascending", "Descending")),
                ),
            ),
        ),
    ),
)
