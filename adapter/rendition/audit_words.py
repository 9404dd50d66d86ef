"""Headings and labels of the report on a verification, in Kazakh, Russian and English."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from adapter.texts import Language

WORDS: Final[Mapping[str, tuple[str, str, str]]] = {
    # kk, ru, en
    "title": (
        "Қолтаңбаларды тексеру есебі",
        "Отчёт о проверке подписей",
        "Report on the verification of signatures",
    ),
    "offline": (
        "Желісіз, тек аталған сенім зәкірлері бойынша тексерілді.",
        "Проверено без сети, только по названным якорям доверия.",
        "Judged without a network, under the trust anchors named and nothing else.",
    ),
    "online": (
        "Жетпеген мәлімет сенім қызметтерінен желі арқылы сұралды; тек аталған сенім зәкірлері бойынша тексерілді.",
        "Недостающие сведения запрошены у служб доверия по сети; проверено только по названным якорям доверия.",
        "Missing evidence was asked of trust services over the network; judged under the trust anchors named and nothing else.",
    ),
    "overview": ("Қорытындылар", "Выводы", "Verdicts"),
    "file": ("Файл", "Файл", "File"),
    "document": ("Құжат", "Документ", "Document"),
    "says-of-itself": (
        "Құжат өзі туралы",
        "Что документ говорит о себе",
        "What the document says of itself",
    ),
    "date": ("Күні", "Дата", "Date"),
    "year": ("Есепті жыл", "Отчётный год", "Reporting year"),
    "identifier": ("Сәйкестендіргіші", "Идентификатор", "Identifier"),
    "sender": ("Жіберуші", "Отправитель", "Sender"),
    "signer": ("Қол қоюшы", "Подписавший", "Signer"),
    "verdict": ("Қорытынды", "Вывод", "Verdict"),
    "signature": ("Қолтаңба", "Подпись", "Signature"),
    "organization": ("Ұйым", "Организация", "Organisation"),
    "bin": ("БСН", "БИН", "BIN"),
    "iin": ("ЖСН", "ИИН", "IIN"),
    "iin-present": (
        "сертификатта бар, көрсетілмейді",
        "есть в сертификате, не показывается",
        "in the certificate, not shown",
    ),
    "format": ("Түрі мен деңгейі", "Вид и уровень", "Form and level"),
    "claimed": (
        "Қол қоюшы атаған уақыт",
        "Время по словам подписавшего",
        "Time the signer states",
    ),
    "proven": ("Дәлелденген уақыты", "Доказанное время", "Proven to exist"),
    "judged-as-of": ("Тексеру сәті", "Момент проверки", "Judged as of"),
    "covered": ("Қамтылғаны", "Что охвачено", "What is covered"),
    "nothing": ("ештеңе", "ничего", "nothing"),
    "certificate": ("Сертификат", "Сертификат", "Certificate"),
    "valid": ("Жарамды", "Действует", "Valid"),
    "issuer": ("Берген", "Выдан", "Issued by"),
    "serial": ("Сериялық нөмірі", "Серийный номер", "Serial number"),
    "time-stamps": ("Уақыт белгілері", "Метки времени", "Time-stamps"),
    "kind": ("Түрі", "Вид", "Kind"),
    "time": ("Уақыты", "Время", "Time"),
    "authority": ("Қызмет", "Служба", "Authority"),
    "revocation": (
        "Сертификаттар күйі туралы мәлімет",
        "Сведения о статусе сертификатов",
        "Evidence of certificate status",
    ),
    "status": ("Күйі", "Статус", "Status"),
    "evidence": ("Мәлімет", "Сведения", "Evidence"),
    "made": ("Жасалған", "Составлены", "Made"),
    "until": ("Келесісі", "Следующие", "Next due"),
    "origin": ("Қайдан", "Откуда", "From where"),
    "by": ("Кім қол қойған", "Кем подписаны", "Signed by"),
    "path": ("Сертификаттау жолы", "Путь сертификации", "Certification path"),
    "anchor": ("сенім зәкірі", "якорь доверия", "trust anchor"),
    "checks": ("Тексерулер", "Проверки", "Checks"),
    "absent-faults": (
        "Ізделіп, табылмаған кемшіліктер",
        "Изъяны, которых не найдено",
        "Faults looked for and not found",
    ),
    "absent": ("табылмады", "не найдено", "not found"),
    "time-stamp": ("уақыт белгісі", "метка времени", "time-stamp"),
    "of-file": ("Файлдың өзі", "Файл в целом", "The file as a whole"),
    "seal": ("Экспорттаушының мөрі", "Печать выгрузившего", "Seal of the exporter"),
    "exported-by": ("Кім экспорттады", "Кто выгрузил", "Exported by"),
    "no-seal": ("қолтаңба жоқ", "подписи нет", "no seal"),
    "folders": ("Дәлелдер қалталары", "Папки доказательств", "Evidence folders"),
    "history": ("Жолы", "Путь документа", "Way of the document"),
    "event": ("Оқиға", "Событие", "Event"),
    "who": ("Кім", "Кто", "Who"),
    "number": ("Нөмірі", "Номер", "Number"),
    "chain": ("Құжаттар тізбегі", "Цепочка документов", "Chain of documents"),
    "rests-on": ("Негізі", "Опирается на", "Rests on"),
    "annex": ("Техникалық қосымша", "Техническое приложение", "Technical annex"),
    "policy": ("Ережелер", "Правила", "Rules"),
    "anchors": ("Сенім зәкірлері", "Якоря доверия", "Trust anchors"),
    "program": ("Бағдарлама", "Программа", "Program"),
    "digest-file": ("Файлдың SHA-256 дайджесті", "SHA-256 файла", "SHA-256 of the file"),
    "digest-value": (
        "Қолтаңба мәнінің SHA-256 дайджесті",
        "SHA-256 значения подписи",
        "SHA-256 of the signature value",
    ),
    "digest-certificate": ("Сертификаттың SHA-256 дайджесті", "SHA-256 сертификата", "SHA-256 of the certificate"),
    "digest-token": ("Уақыт белгісінің SHA-256 дайджесті", "SHA-256 метки времени", "SHA-256 of the time-stamp"),
    "digest-evidence": ("Мәліметтің SHA-256 дайджесті", "SHA-256 сведений", "SHA-256 of the evidence"),
    "algorithms": ("Алгоритмдер", "Алгоритмы", "Algorithms"),
    "tsa-policy": ("Қызмет саясаты", "Политика службы", "Policy of the authority"),
    # verdicts and conclusions
    "TOTAL-PASSED": ("расталды", "подтверждено", "confirmed"),
    "TOTAL-FAILED": ("расталмады", "не подтверждено", "not confirmed"),
    "INDETERMINATE": ("анықталмады", "не установлено", "cannot be told"),
    "PASSED": ("өтті", "пройдена", "passed"),
    "FAILED": ("өтпеді", "не пройдена", "failed"),
    "NOT_PERFORMED": ("жүргізілген жоқ", "не проводилась", "not performed"),
    "NOT-SIGNED": ("қолтаңбасыз", "без подписи", "not signed"),
    "not-judged": ("тексерілген жоқ", "не проверено", "not judged"),
    # kinds of signed things
    "container": ("қол қойылған контейнер", "подписанный контейнер", "a signed container"),
    "detached": ("бөлек қолтаңба", "отсоединённая подпись", "a detached signature"),
    "attached": (
        "мазмұны ішіндегі қолтаңба",
        "подпись с содержимым внутри",
        "a signature with its content inside",
    ),
    "envelope": ("қол қойылған хабарлама", "подписанное сообщение", "a signed message"),
    "xml": ("қол қойылған XML құжаты", "подписанный документ XML", "a signed XML document"),
    "folder": ("дәлелдер қалтасы", "папка доказательств", "an evidence folder"),
    "unknown": ("белгісіз түр", "вид не определён", "of no known kind"),
    # time-stamps, by what they are over
    "content": ("мазмұнға", "на содержание", "over the content"),
    "over-signature": ("қолтаңбаға", "на подпись", "over the signature"),
    "validation-data": ("тексеру мәліметіне", "на сведения для проверки", "over the validation data"),
    "archive": ("мұрағатқа", "архивная", "for the archive"),
    # status of certificates and where it comes from
    "good": ("қайтарылып алынбаған", "не отозван", "not revoked"),
    "revoked": ("қайтарылып алынған", "отозван", "revoked"),
    "unknown-status": ("белгісіз", "неизвестен", "unknown"),
    "embedded": ("қолтаңбаның ішінен", "из самой подписи", "inside the signature"),
    "given": ("тексеруші берді", "даны проверяющим", "given by the auditor"),
    "fetched": ("желіден алынды", "получены по сети", "fetched over the network"),
}


def word(key: str, language: Language) -> str:
    """The word of `key`; a key that has none is shown as it is, never an error."""
    found = WORDS.get(key)
    return found[(Language.KK, Language.RU, Language.EN).index(language)] if found else key
