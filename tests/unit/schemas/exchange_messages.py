"""Messages of the exchange as its description shows them, with values of our own, and ways to break each."""

from __future__ import annotations

XSI = "http://www.w3.org/2001/XMLSchema-instance"
MODEL = "http://esedo.nitec.kz/service/model"
SHEP = "http://bip.bee.kz/SyncChannel/v10/Types"
FILES = "http://egov.bee.kz/eds/tempstorage/v2/"
AT = "2026-11-20T10:15:00.000+05:00"
HREF = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"
FILE_STATUS = "<status><code>TEST_OK</code><status>OK</status></status>"

METADATA = (
    f"<metadataSystem><activityId>a-1</activityId><from>70000001</from><href>{HREF}</href>"
    "<performers>70000003</performers><senderOrg>70000002</senderOrg></metadataSystem>"
)
OUTGOING = {
    "appendCount": "2",
    "authorNameKz": "Сынақ министрлігі",
    "authorNameRu": "Испытательное министерство",
    "carrierType": "1",
    "character": "70000020",
    "controlTypeOuterCode": "",
    "controlTypeOuterNameKz": "",
    "controlTypeOuterNameRu": "",
    "description": "Сынақ / Проверка",
    "docDate": AT,
    "docKind": "70000010",
    "docLang": "KZRU",
    "docNo": "T-1/2",
    "docNoR": "",
    "docRecPostKz": "",
    "docRecPostRu": "",
    "docToNumber": "",
    "documentReceiverKz": "Қабылдаушы",
    "documentReceiverRu": "Получатель",
    "documentSectionId": "a-1",
    "employeePhone": "000",
    "executor": "Сынақшы С.",
    "idPortalInternal": "0",
    "outTime": AT,
    "portalSign": "",
    "preparedDate": AT,
    "resolutionText": "",
    "secondSignData": "VGVzdA==",
    "secondSignEnabled": "1",
    "sectionId": "",
    "sheetCount": "12",
    "signerNameKz": "Қол қоюшы",
    "signerNameRu": "Подписант",
    "userUin": "",
}
NOTICES = {
    "stateStartProcessResponse": {"date": AT, "description": "ok", "idPortalInternal": "0", "userUin": ""},
    "stateDelivered": {"date": AT, "idPortalInternal": "0", "userUin": ""},
    "stateRegistered": {"date": AT, "idPortalInternal": "0", "regNo": "T-9", "secondSignNotifData": "", "userUin": ""},
    "stateNotValid": {"date": AT, "idPortalInternal": "0", "isValidReason": "2"},
    "stateExecution": {"date": AT, "execDate": AT, "executive": "С.", "executivePhone": "0", "idPortalInternal": "0"},
    "stateFinished": {"author": "С.", "idPortalInternal": "0", "realDate": AT, "resultCode": "1", "resultText": "ok"},
    "stateNewControl": {"controlTypeCode": "1", "controlTypeNameKz": "б", "controlTypeNameRu": "к", "execDate": AT},
    "stateProlongExDate": {"controlTypeCode": "1", "controlTypeNameKz": "б", "controlTypeNameRu": "к", "execDate": AT},
    "stateNewExDate": {"controlTypeCode": "1", "controlTypeNameKz": "б", "controlTypeNameRu": "к", "execDate": AT},
    "stateTakeOfControl": {"execDate": AT},
    "stateNewControlWrong": {},
    "stateTakeOfControlWrong": {},
}


def element(name: str, content: str = "", attributes: str = "") -> str:
    return f"<{name}{attributes}>{content}</{name}>"


def fields(values: dict[str, str]) -> str:
    return "".join(element(name, value) for name, value in values.items())


def data(type_name: str, content: str, *, part: str = "document") -> str:
    return f'<data xmlns:xsi="{XSI}" xmlns:d="{MODEL}/{part}" xsi:type="d:{type_name}">{content}</data>'


def outgoing(values: dict[str, str] | None = None, *, files: int = 2, metadata: str = METADATA) -> str:
    attachments = "".join(
        f"<attachments><fileIdentifier>TF-{number}</fileIdentifier></attachments>" for number in range(files)
    )
    return data("docOutgoing", attachments + metadata + fields(OUTGOING if values is None else values))


def notice(name: str, values: dict[str, str] | None = None, *, metadata: str = METADATA) -> str:
    return data(name, metadata + fields(NOTICES[name] if values is None else values), part="notification")


def request(
    payload: str, *, extra: str = "", sender: str = "<senderId>elshi_test</senderId><password>x</password>"
) -> str:
    return (
        f'<SendMessage xmlns="{SHEP}"><request xmlns=""><requestInfo><messageId>m-1</messageId>'
        f"<serviceId>ESEDO_UNIVERSAL_SERVICE</serviceId><messageDate>{AT}</messageDate><routeId>R_ESEDO</routeId>"
        f"<sender>{sender}</sender>{extra}</requestInfo><requestData>{payload}</requestData></request></SendMessage>"
    )


def answer(*, code: str = "SCSS001", message: str = "taken", session: str = "", payload: str = "") -> str:
    return (
        f'<SendMessageResponse xmlns="{SHEP}"><response xmlns=""><responseInfo><messageId>m-2</messageId>'
        f"<responseDate>{AT}</responseDate><status><code>{code}</code><message>{message}</message></status>{session}"
        f"</responseInfo><responseData>{payload}</responseData></response></SendMessageResponse>"
    )


def fault(depth: int = 1) -> str:
    def error(level: int) -> str:
        inner = "" if level == depth else f"<subError>{error(level + 1)}</subError>"
        return f"<errorCode>T-{level}</errorCode><errorMessage>сынақ</errorMessage><errorDate>{AT}</errorDate>{inner}"

    return f'<t:SendMessageFault1_SendMessageFault xmlns:t="{SHEP}">{error(0)}</t:SendMessageFault1_SendMessageFault>'


GUID = "{0d6f1c2b-3a4e-4f5d-8c6b-7a8e9f0d1c2b}"
CREDENTIALS = "<credentials><senderId>elshi_test</senderId><password>x</password></credentials>"
META = (
    f"<meta><name>a.pdf</name><mime>application/pdf</mime><uploadDate>{AT}</uploadDate><uploaderSystem><id>peer</id>"
    f"</uploaderSystem><expirationTime>{AT}</expirationTime><needToBeConfirmed>true</needToBeConfirmed><size>7</size>"
    f"<deleted>false</deleted><confirmed>true</confirmed><confirmedSystem><id>elshi_test</id></confirmedSystem>"
    f"<confirmationTime>{AT}</confirmationTime></meta>"
)
FILE_CONTENTS = {
    "upload": (
        "tempStorageRequest",
        (
            "<type>UPLOAD</type><uploadRequest><fileUploadRequests><fileProcessIdentifier>1</fileProcessIdentifier>"
            "<content>VGVzdA==</content><name>a.xml</name><mime>application/xml</mime><lifeTime>28800000</lifeTime>"
            f"<needToBeConfirmed>false</needToBeConfirmed></fileUploadRequests></uploadRequest>{CREDENTIALS}"
        ),
    ),
    "uploaded": (
        "tempStorageResponse",
        (
            f"<type>UPLOAD</type><uploadResponse><uploadFileResults><fileProcessIdentifier>1</fileProcessIdentifier>"
            f"{FILE_STATUS}<fileIdentifier>TF-1</fileIdentifier><lifeTime>1</lifeTime></uploadFileResults>{FILE_STATUS}"
            "</uploadResponse>"
        ),
    ),
    "download": (
        "tempStorageRequest",
        "<type>DOWNLOAD</type><downloadRequest><fileIdentifiers>TF-1</fileIdentifiers></downloadRequest>" + CREDENTIALS,
    ),
    "downloaded": (
        "tempStorageResponse",
        (
            f"<type>DOWNLOAD</type><downloadResponse><fileDownloadResults>{FILE_STATUS}<fileIdentifier>TF-1</fileIdentifier>"
            f"<content>VGVzdA==</content>{META}</fileDownloadResults>{FILE_STATUS}</downloadResponse>"
        ),
    ),
    "confirm": (
        "tempStorageRequest",
        "<type>CONFIRM</type><confirmRequest><fileIdentifiers>TF-1</fileIdentifiers></confirmRequest>" + CREDENTIALS,
    ),
    "confirmed": (
        "tempStorageResponse",
        (
            f"<type>CONFIRM</type><confirmResponse><fileConfirmResults>{FILE_STATUS}<fileIdentifier>TF-1</fileIdentifier>"
            f"</fileConfirmResults>{FILE_STATUS}</confirmResponse>"
        ),
    ),
    "ask": (
        "tempStorageRequest",
        "<type>GET_FILE_INFO</type><getFileInfoRequest><fileIdentifiers>TF-1</fileIdentifiers></getFileInfoRequest>"
        + CREDENTIALS,
    ),
    "told": (
        "tempStorageResponse",
        (
            f"<type>GET_FILE_INFO</type><getFileInfoResponse><fileInfoResults>{FILE_STATUS}<fileIdentifier>TF-1"
            f"</fileIdentifier>{META}</fileInfoResults>{FILE_STATUS}</getFileInfoResponse>"
        ),
    ),
}


def file_message(name: str, form: str = "qualified") -> str:
    root, content = FILE_CONTENTS[name]
    if form == "qualified":
        return f'<{root} xmlns="{FILES}">{content}</{root}>'
    if form == "mixed":
        return f'<f:{root} xmlns:f="{FILES}">{content}</f:{root}>'
    return f"<{root}>{content}</{root}>"


DIRECTORY = "http://nitec.kz/unidic/ws/getdata"
ITEM = (
    "<Id>1</Id><Parent>0</Parent><ChildsCount>0</ChildsCount><IsMarkedToDelete>false</IsMarkedToDelete>"
    "<name_ru>Испытательное</name_ru><name_kz>Сынақ</name_kz><abbr_ru>И</abbr_ru><abbr_kz>С</abbr_kz>"
    "<member>70000001</member><code>T-1</code><isEsedo>1</isEsedo><isReady>1</isReady><ElementGUID>1000000001</ElementGUID>"
)


def directory_request(extra: str = "") -> str:
    return (
        f'<Request xmlns="{DIRECTORY}"><Login>elshi_test</Login><Password>x</Password>'
        f"<EntityName>TEST_ORGANISATIONS</EntityName>{extra}</Request>"
    )


def directory_answer(item: str = ITEM, result: str = "Success", error: str = "") -> str:
    items = f'<Items xmlns="http://nitec.kz/unidic/items"><Item>{item}</Item></Items>'
    return (
        f'<Response xmlns="{DIRECTORY}"><SessionId>0d6f1c2b-3a4e-4f5d-8c6b-7a8e9f0d1c2b</SessionId>'
        f"<ProcessingResult>{result}</ProcessingResult>{error}<ResultData><Data>{items}</Data><Schema/></ResultData></Response>"
    )


def without(values: dict[str, str], *names: str) -> dict[str, str]:
    return {name: value for name, value in values.items() if name not in names}


def swapped(values: dict[str, str], first: str, second: str) -> dict[str, str]:
    """The same fields, two of them in each other's place."""
    order = list(values)
    one, two = order.index(first), order.index(second)
    order[one], order[two] = second, first
    return {name: values[name] for name in order}


def accepted_messages() -> dict[str, str]:
    """Messages that the exchange's own schema accepts, by the name a failing test shows."""
    messages = {
        "outgoing": request(outgoing()),
        "outgoing without optional fields": request(outgoing({"docNo": "1"}, files=0)),
        "outgoing without anything": request(data("docOutgoing", "")),
        "no payload": request(""),
        "a payload of another service": request('<data><x:any xmlns:x="urn:x-test:other">1</x:any></data>'),
        "answer": answer(),
        "answer with session": answer(session=f"<sessionId>{GUID}</sessionId>"),
        "answer with an unlisted code": answer(code="TEST-77"),
        "fault": fault(),
        "fault with a chain": fault(6),
        "request with properties": request("", extra="<properties><key>k</key><value>v</value></properties>"),
        "request with session": request("", extra=f"<sessionId>{GUID}</sessionId>"),
        "sender without password": request("", sender="<senderId>esedo</senderId>"),
    }
    messages |= {name: request(notice(name)) for name in NOTICES}
    messages |= {f"bare {name}": request(notice(name, {}, metadata="")) for name in NOTICES}
    return messages


def refused_messages() -> dict[str, str]:
    """Messages that the exchange's own schema refuses."""
    return {
        "two fields swapped": request(outgoing(swapped(OUTGOING, "docDate", "docKind"))),
        "an empty long": request(outgoing(OUTGOING | {"docKind": ""})),
        "an empty dateTime": request(outgoing(OUTGOING | {"docDate": ""})),
        "an unknown field": request(outgoing(OUTGOING | {"zzz": "1"})),
        "an unknown type": request(data("docNothing", "")),
        "metadata after the fields": request(data("docOutgoing", fields(OUTGOING) + METADATA)),
        "performers before activityId": request(
            notice("stateDelivered", metadata="<metadataSystem><performers>1</performers><activityId>a</activityId>"
                   "</metadataSystem>")),
        "a notice with a field of another": request(notice("stateDelivered", {"date": AT, "regNo": "1"})),
        "a long that is no number": request(notice("stateDelivered", {"idPortalInternal": "x"})),
        "two metadata": request(notice("stateDelivered", metadata=METADATA * 2)),
        "no messageDate": request("").replace(f"<messageDate>{AT}</messageDate>", ""),
        "no sender": request("").replace("<sender><senderId>elshi_test</senderId><password>x</password></sender>", ""),
        "properties without key": request("", extra="<properties/>"),
        "a session with spaces inside the braces": request("", extra=f"<sessionId>{GUID.replace('{', '{ ')}</sessionId>"),
        "a qualified requestInfo": request("").replace(' xmlns=""', ""),
        "a message of 251 characters": answer(message="m" * 251),
        "a status without code": answer().replace("<code>SCSS001</code>", ""),
        "no responseData": answer().replace("<responseData></responseData>", ""),
        "a fault without its date": fault(0).replace(f"<errorDate>{AT}</errorDate>", ""),
        "a property key of 31 characters": request(
            "", extra=f"<properties><key>{'k' * 31}</key><value>v</value></properties>"),
    }  # fmt: skip
