"""What a certificate is for, in words: extended key usage and key usage, as a person is shown them.

The roles are those of the national certificate profiles (National CA, BTS Digital, CA of state bodies) and of RFC 5280. An
object identifier without a name here is shown as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from adapter.texts import Language

_AUTHORITY: Final = ("куәландырушы орталық", "удостоверяющий центр", "certification authority")
_NOTHING: Final = ("көрсетілмеген", "не указано", "not stated")

_HEAD: Final = ("бірінші басшы", "первый руководитель", "first head")
_SIGNER: Final = ("қол қою құқығы бар тұлға", "лицо с правом подписи", "person with the right to sign")
_FINANCIAL: Final = (
    "қаржы құжаттарына қол қою құқығы",
    "право подписи финансовых документов",
    "right to sign financial documents",
)
_HR: Final = ("кадр қызметкері", "сотрудник отдела кадров", "HR officer")
_EMPLOYEE: Final = ("ұйым қызметкері", "сотрудник организации", "employee")
_INDIVIDUAL: Final = ("жеке тұлға", "физическое лицо", "individual")
_LEGAL_ENTITY: Final = ("заңды тұлға", "юридическое лицо", "legal entity")

ROLES: Final[Mapping[str, tuple[str, str, str]]] = {
    # kk, ru, en
    "1.3.6.1.5.5.7.3.2": ("аутентификация", "аутентификация", "authentication"),
    "1.3.6.1.5.5.7.3.4": ("қол қою", "подписание", "signing"),
    "1.3.6.1.5.5.7.3.8": ("уақыт белгілері қызметі", "служба меток времени", "time-stamp authority"),
    "1.3.6.1.5.5.7.3.9": ("OCSP қызметі", "служба OCSP", "OCSP responder"),
    "1.2.398.3.3.4.1.1": _INDIVIDUAL,
    "1.2.398.3.3.4.1.1.1": (
        "жеке тұлғаның ақпараттық жүйесі",
        "информационная система физического лица",
        "information system of an individual",
    ),
    "1.2.398.3.3.4.1.2": _LEGAL_ENTITY,
    "1.2.398.3.3.4.1.2.1": _HEAD,
    "1.2.398.3.3.4.1.2.2": _SIGNER,
    "1.2.398.3.3.4.1.2.3": _FINANCIAL,
    "1.2.398.3.3.4.1.2.4": _HR,
    "1.2.398.3.3.4.1.2.5": _EMPLOYEE,
    "1.2.398.3.3.4.1.2.6": ("ақпараттық жүйе", "информационная система", "information system"),
    "1.2.398.3.3.4.2": (
        "куәландырушы орталықтың қызметкері",
        "сотрудник удостоверяющего центра",
        "staff of the authority",
    ),
    "1.2.398.3.3.4.2.1": (
        "куәландырушы орталықтың әкімшісі",
        "администратор удостоверяющего центра",
        "administrator of the authority",
    ),
    "1.2.398.3.3.4.2.2": (
        "куәландырушы орталықтың менеджері",
        "менеджер удостоверяющего центра",
        "officer of the authority",
    ),
    "1.2.398.3.3.4.2.3": (
        "куәландырушы орталықтың операторы",
        "оператор удостоверяющего центра",
        "operator of the authority",
    ),
    "1.2.398.3.3.4.3": ("сәйкестендіру", "идентификация", "identification"),
    "1.2.398.3.3.4.3.1": ("қашықтан сәйкестендіру", "удалённая идентификация", "remote identification"),
    "1.2.398.3.3.4.3.2.1": ("цифрлық жеке куәлік", "цифровое удостоверение личности", "digital identity"),
    "1.2.398.3.17.3.1": _INDIVIDUAL,
    "1.2.398.3.17.3.2": _LEGAL_ENTITY,
    "1.2.398.3.17.3.3": _HEAD,
    "1.2.398.3.17.3.4": _SIGNER,
    "1.2.398.3.17.3.5": _FINANCIAL,
    "1.2.398.3.17.3.6": _HR,
    "1.2.398.3.17.3.7": _EMPLOYEE,
    "1.2.398.3.2.3.1": ("Президент мұрағаты", "Архив Президента", "Archive of the President"),
    "1.2.398.3.2.3.2": ("орталық мұрағат", "центральный архив", "central archive"),
    "1.2.398.3.2.3.3": ("ведомстволық мұрағат", "ведомственный архив", "departmental archive"),
    "1.2.398.3.2.3.4": ("мемлекеттік қызметші", "государственный служащий", "civil servant"),
    "1.2.398.5.19.1.2.2.1": ("Қазынашылық клиенті", "клиент Казначейства", "client of the Treasury"),
}

USAGES: Final[Mapping[str, tuple[str, str, str]]] = {
    "digitalSignature": ("цифрлық қолтаңба", "цифровая подпись", "digital signature"),
    "nonRepudiation": ("бас тартпау", "неотказуемость", "non-repudiation"),
    "keyEncipherment": ("кілттерді шифрлау", "шифрование ключей", "key encipherment"),
    "dataEncipherment": ("деректерді шифрлау", "шифрование данных", "data encipherment"),
    "keyAgreement": ("кілттерді келісу", "согласование ключей", "key agreement"),
    "keyCertSign": ("сертификаттарға қол қою", "подпись сертификатов", "signing certificates"),
    "cRLSign": ("тізімдерге қол қою", "подпись списков", "signing lists"),
    "encipherOnly": ("тек шифрлау", "только шифрование", "enciphering only"),
    "decipherOnly": ("тек шифрды ашу", "только расшифрование", "deciphering only"),
}


def roles_in_words(evidence: Mapping[str, Any], language: Language) -> str:
    """The roles of a certificate (its facts in plain form), an authority's first; "not stated" where there is none."""
    return ", ".join(dict.fromkeys(_roles(evidence, language))) or _in(_NOTHING, language)


def usages_in_words(usages: list[str], language: Language) -> str:
    """Key usage; "not stated" where the certificate has none."""
    return ", ".join(_in(USAGES.get(one, (one, one, one)), language) for one in usages) or _in(_NOTHING, language)


def _roles(evidence: Mapping[str, Any], language: Language) -> Iterator[str]:
    if evidence["authority"]:
        yield _in(_AUTHORITY, language)
    for oid in evidence["certificate"]["roles"]:
        yield _in(ROLES.get(oid, (oid, oid, oid)), language)


def _in(names: tuple[str, str, str], language: Language) -> str:
    return names[(Language.KK, Language.RU, Language.EN).index(language)]
