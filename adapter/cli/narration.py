"""What the demonstration says, in the three languages."""

from __future__ import annotations

from collections.abc import Mapping

LINES: Mapping[str, Mapping[str, str]] = {
    "title": {
        "kk": "Elshi: мемлекеттік құжаттардың жолы (Қағидалардың 5–12-тармақтары). Мазмұны шартты, шарттар нақты.",
        "ru": "Elshi: путь государственных документов (пункты 5–12 Правил). Содержание условное, договоры настоящие.",
        "en": "Elshi: state documents on their way (paragraphs 5 to 12 of the Rules). Contents invented, treaties real.",
    },
    "set-up": {
        "kk": "Дайындық: бір реттік кілттер, алмасу стенді, сегіз қатысушы",
        "ru": "Подготовка: одноразовые ключи, стенд обмена, восемь участников",
        "en": "Set-up: throwaway keys, the exchange's sandbox, eight participants",
    },
    "stand-ready": {
        "kk": "{count} торап өз дерекқорымен, шлюз: {url}",
        "ru": "{count} узлов со своими базами, шлюз: {url}",
        "en": "{count} nodes with databases of their own, gateway: {url}",
    },
    "reports": {
        "kk": "1. Министрліктер есеп береді (5–7-тармақтар, 10 қарашаға дейін)",
        "ru": "1. Министерства отчитываются (пункты 5–7, до 10 ноября)",
        "en": "1. The ministries report (paragraphs 5 to 7, by 10 November)",
    },
    "queued": {
        "kk": "[bold]{body}[/] → {to}: {what} қол қойылды және кезекке тұрды (XML {xml}…)",
        "ru": "[bold]{body}[/] → {to}: {what} подписан и поставлен в очередь (XML {xml}…)",
        "en": "[bold]{body}[/] → {to}: {what} signed and queued (XML {xml}…)",
    },
    "document-out": {
        "kk": "{body} → {to}: {what}, {attempt}-әрекет: {state}",
        "ru": "{body} → {to}: {what}, попытка {attempt}: {state}",
        "en": "{body} → {to}: {what}, attempt {attempt}: {state}",
    },
    "notice-out": {
        "kk": "[dim]{body} → {to}: «{what}» хабарламасы: {state}[/]",
        "ru": "[dim]{body} → {to}: уведомление «{what}»: {state}[/]",
        "en": "[dim]{body} → {to}: notice “{what}”: {state}[/]",
    },
    "message-in": {
        "kk": "[dim]{body} қабылдады: {code}[/]",
        "ru": "[dim]{body} принял: {code}[/]",
        "en": "[dim]{body} took in: {code}[/]",
    },
    "fault-refused": {
        "kk": "Ақау: шлюз қосылымдарды қабылдамайды. Ештеңе жіберілген жоқ, сондықтан қайталау қауіпсіз.",
        "ru": "Сбой: шлюз не принимает соединения. Ничего не ушло, поэтому повтор безопасен.",
        "en": "Fault: the gateway refuses connections. Nothing has left, so trying again is safe.",
    },
    "fault-503": {
        "kk": "Ақау: шлюз 503 жауабын береді. Сол байттар сол идентификаторлармен қайта жіберіледі; хабарлама екі рет келеді.",
        "ru": "Сбой: шлюз отвечает 503. Те же байты уйдут снова под теми же идентификаторами; уведомление придёт дважды.",
        "en": "Fault: the gateway answers 503. The same bytes go again under the same ids; a notice will come twice.",
    },
    "expect-registered": {
        "kk": "{body} құжаты СІМ-де {number} нөмірімен тіркелді",
        "ru": "документ {body} зарегистрирован в МИД под номером {number}",
        "en": "{body}'s document is registered at the MFA under {number}",
    },
    "expect-survives-refused": {
        "kk": "{body}: қабылданбаған қосылымнан кейін жеткізілді, {number}",
        "ru": "{body}: доставлен после отказа в соединении, {number}",
        "en": "{body}: delivered after refused connections, {number}",
    },
    "expect-survives-503": {
        "kk": "{body}: 503 жауабынан кейін жеткізілді, {number}",
        "ru": "{body}: доставлен после ответа 503, {number}",
        "en": "{body}: delivered after the 503, {number}",
    },
    "expect-two-attempts": {
        "kk": "екі әрекет, бір тіркеу",
        "ru": "две попытки, одна регистрация",
        "en": "two attempts, one registration",
    },
    "forgery": {
        "kk": "2. Жалған құжат: жолда бір сан өзгертілген",
        "ru": "2. Подделка: в пути изменена одна цифра",
        "en": "2. A forgery: one figure changed on its way",
    },
    "forged-sent": {
        "kk": "[bold]KZ-MTI[/] атынан жалған контейнер жіберілді ({document})",
        "ru": "от имени [bold]KZ-MTI[/] отправлен поддельный контейнер ({document})",
        "en": "a forged container was sent in the name of [bold]KZ-MTI[/] ({document})",
    },
    "expect-forgery-refused": {
        "kk": "СІМ жалған құжаттан бас тартты: stateNotValid, қолтаңба расталмады",
        "ru": "МИД отказал в регистрации: stateNotValid, подпись не подтверждена",
        "en": "the MFA refused it: stateNotValid, signature not confirmed",
    },
    "expect-forgery-not-registered": {
        "kk": "жалған құжат тіркелмеді",
        "ru": "подделка не зарегистрирована",
        "en": "the forgery is not registered",
    },
    "late": {
        "kk": "3. Кешіктірілген есеп (12 қараша)",
        "ru": "3. Опоздавший отчёт (12 ноября)",
        "en": "3. A late report (12 November)",
    },
    "expect-late-registered": {
        "kk": "{body} құжаты кешіксе де қабылданды: {number}",
        "ru": "документ {body} принят, хотя и с опозданием: {number}",
        "en": "{body}'s late document is taken in: {number}",
    },
    "expect-late-flagged": {
        "kk": "ол кешіктірілген деп белгіленді",
        "ru": "он отмечен как поступивший с опозданием",
        "en": "it is flagged as late",
    },
    "expect-receipt": {
        "kk": "{body}: қол қойылған алындысы жіберілген байттардың хэшін атайды",
        "ru": "{body}: подписанная квитанция называет хэш отправленных байтов",
        "en": "{body}: the signed receipt names the digest of the bytes sent",
    },
    "summary": {
        "kk": "4. СІМ жиынтық ақпаратты сыртқы саяси бағалаумен жібереді (8–9-тармақтар)",
        "ru": "4. МИД направляет сводную информацию с внешнеполитической оценкой (пункты 8–9)",
        "en": "4. The MFA sends the summary with its foreign policy assessment (paragraphs 8 and 9)",
    },
    "expect-summary": {
        "kk": "жиынтық ақпарат Үкімет Аппаратында тіркелді: {number}",
        "ru": "сводная информация зарегистрирована в Аппарате Правительства: {number}",
        "en": "the summary is registered at the Government Apparatus: {number}",
    },
    "consolidated": {
        "kk": "5. Үкімет Аппараты Президент Әкімшілігіне жолдайды (10-тармақ)",
        "ru": "5. Аппарат Правительства информирует Администрацию Президента (пункт 10)",
        "en": "5. The Government Apparatus informs the Administration of the President (paragraph 10)",
    },
    "expect-consolidated": {
        "kk": "жинақталған ақпарат Президент Әкімшілігінде тіркелді: {number}",
        "ru": "консолидированная информация зарегистрирована в Администрации Президента: {number}",
        "en": "the consolidated information is registered at the Administration: {number}",
    },
    "publication": {
        "kk": "6. СІМ нәтижелерді жариялайды (11-тармақ)",
        "ru": "6. МИД публикует результаты (пункт 11)",
        "en": "6. The MFA publishes the results (paragraph 11)",
    },
    "published": {"kk": "site/: {files}", "ru": "site/: {files}", "en": "site/: {files}"},
    "expect-site": {
        "kk": "бет екі тілде және машинамен оқылатын түрде жарияланды",
        "ru": "страница опубликована на двух языках и в машиночитаемом виде",
        "en": "the page is there in two languages and machine-readable",
    },
    "audit": {
        "kk": "7. Аудитор бәрін желісіз тексереді",
        "ru": "7. Аудитор проверяет всё без сети",
        "en": "7. An auditor verifies everything offline",
    },
    "expect-audit": {
        "kk": "әр құжат, әр алынды, аудит тізбегі расталды",
        "ru": "подтверждены каждый документ, каждая квитанция и цепочка событий",
        "en": "every document, every receipt and the audit chain are confirmed",
    },
    "expect-seals": {
        "kk": "әр дәлелдер қалтасында оны экспорттаған органның қолтаңбасы бар",
        "ru": "на каждой папке доказательств есть подпись выгрузившего органа",
        "en": "every evidence folder bears the seal of the body that exported it",
    },
    "expect-auditor-sees-rewriting": {
        "kk": "аудитор дәлелдер қалтасындағы өзгертілген күйді көрді",
        "ru": "аудитор увидел переписанное состояние в папке доказательств",
        "en": "the auditor sees a state that was rewritten in an evidence folder",
    },
    "expect-chain": {
        "kk": "құжаттар тізбегі тұтас: есептер → жиынтық → жинақталған ақпарат",
        "ru": "цепочка документов цела: отчёты → сводная → консолидированная информация",
        "en": "the chain of documents is whole: reports → summary → consolidated information",
    },
    "expect-auditor-sees-forgery": {
        "kk": "аудитор жалған контейнерді таниды",
        "ru": "аудитор распознаёт поддельный контейнер",
        "en": "the auditor recognises the forged container",
    },
    "expect-clean-protocol": {
        "kk": "стенд біздің хабарламалардан бірде-бір хаттама қатесін таппады",
        "ru": "стенд не нашёл в наших сообщениях ни одного отступления от протокола",
        "en": "the sandbox found nothing wrong with the protocol of our messages",
    },
    "years": {
        "kk": "Он бес жылдан кейін: 2026 жылы қол қойылып, 2030 жылы жаңартылған, 2041 жылы желісіз тексеріледі",
        "ru": "Пятнадцать лет спустя: подписан в 2026, продлён в 2030, проверяется в 2041 без сети",
        "en": "Fifteen years on: signed in 2026, renewed in 2030, judged in 2041 without a network",
    },
    "years-told": {
        "kk": "жаңартылғаны: {kept}; уақыт белгісінсіз қол қойылғаны: {neglected}",
        "ru": "продлённый: {kept}; подписанный без штампа времени: {neglected}",
        "en": "renewed: {kept}; signed without a time-stamp: {neglected}",
    },
    "expect-years-kept": {
        "kk": "бірінші орталық 2031 жылы аяқталған, ал құжат 2041 жылы да дәлелденеді",
        "ru": "первый центр закончился в 2031, а документ доказуем и в 2041",
        "en": "the first authority ended in 2031, and the document still proves itself in 2041",
    },
    "expect-years-neglected": {
        "kk": "уақыт белгісіз құжат туралы ештеңе айту мүмкін емес",
        "ru": "о документе без штампа времени сказать уже нельзя ничего",
        "en": "of the one without a time-stamp nothing can be told any more",
    },
    "try-years": {
        "kk": "Он бес жылдан кейінгісін тексеріңіз: [bold]{command}[/]",
        "ru": "Проверьте то, что будет через пятнадцать лет: [bold]{command}[/]",
        "en": "Judge it fifteen years on: [bold]{command}[/]",
    },
    "end": {
        "kk": "Бәрі күткендей болды.",
        "ru": "Всё произошло, как ожидалось.",
        "en": "Everything happened as expected.",
    },
    "end-failed": {"kk": "Күтілгені болмады:", "ru": "Ожидания не оправдались:", "en": "Not what was expected:"},
    "where": {
        "kk": "Көріңіз: {folder}/audit.html, {folder}/site/index.html, {folder}/evidence/, {folder}/packages/",
        "ru": "Смотрите: {folder}/audit.html, {folder}/site/index.html, {folder}/evidence/, {folder}/packages/",
        "en": "Look at: {folder}/audit.html, {folder}/site/index.html, {folder}/evidence/, {folder}/packages/",
    },
    "try": {
        "kk": "Өзіңіз тексеріңіз: [cyan]{command}[/]",
        "ru": "Проверьте сами: [cyan]{command}[/]",
        "en": "Check for yourself: [cyan]{command}[/]",
    },
    "try-evidence": {
        "kk": "Дәлелдер қалталары, алмасудың сертификатымен: [cyan]{command}[/]",
        "ru": "Папки доказательств, с сертификатом обмена: [cyan]{command}[/]",
        "en": "The evidence folders, with the exchange's certificate: [cyan]{command}[/]",
    },
    "try-forged": {
        "kk": "Жалғаны: [cyan]{command}[/]",
        "ru": "Подделка: [cyan]{command}[/]",
        "en": "The forgery: [cyan]{command}[/]",
    },
}

STATES: Mapping[str, Mapping[str, str]] = {
    "queued": {"kk": "кезекте", "ru": "в очереди", "en": "queued"},
    "claimed": {"kk": "дайындалуда", "ru": "готовится", "en": "claimed"},
    "sending": {"kk": "жіберілуде", "ru": "отправляется", "en": "sending"},
    "sent": {"kk": "жіберілді", "ru": "отправлено", "en": "sent"},
    "in-centre": {"kk": "орталықта", "ru": "в центре", "en": "in the centre"},
    "delivered": {"kk": "жеткізілді", "ru": "доставлено", "en": "delivered"},
    "registered": {"kk": "тіркелді", "ru": "зарегистрировано", "en": "registered"},
    "refused": {"kk": "бас тартылды", "ru": "отказано", "en": "refused"},
    "uncertain": {"kk": "белгісіз", "ru": "не известно", "en": "uncertain"},
    "abandoned": {"kk": "адам керек", "ru": "требует внимания", "en": "needs a person"},
    "withdrawn": {"kk": "қайтарып алынды", "ru": "отозвано", "en": "withdrawn"},
}
"""States of a delivery in the words of the content model, section 7.2."""

CONTENTS: Mapping[str, Mapping[str, str]] = {
    "receipt": {"kk": "қол қойылған алынды", "ru": "подписанная квитанция", "en": "signed receipt"},
    "processing-response": {"kk": "өңдеу нәтижесі", "ru": "результат обработки", "en": "processing response"},
    "delivered": STATES["delivered"],
    "registered": STATES["registered"],
    "not-valid": STATES["refused"],
    "notice.applied": {"kk": "хабарлама", "ru": "уведомление", "en": "a notice"},
    "notice.repeated": {"kk": "қайталанған хабарлама", "ru": "повторное уведомление", "en": "a repeated notice"},
    "notice.unknown-document": {
        "kk": "өзі жібермеген құжат туралы хабарлама",
        "ru": "уведомление о документе, который не отправлял",
        "en": "a notice about a document it never sent",
    },
    "receive.registered": {"kk": "құжат тіркелді", "ru": "документ зарегистрирован", "en": "a document, registered"},
    "receive.registered-late": {
        "kk": "құжат тіркелді, кешіктірілген",
        "ru": "документ зарегистрирован, с опозданием",
        "en": "a document, registered, late",
    },
    "receive.refused-signature-negative": {
        "kk": "құжаттан бас тартылды: қолтаңба расталмады",
        "ru": "в документе отказано: подпись не подтверждена",
        "en": "a document, refused: signature not confirmed",
    },
}
"""What travels and what comes in, as a person would call it; anything else is shown by its code."""
