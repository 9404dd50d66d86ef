"""Settings: every fault at once and by name, nothing half-applied, and no secret in anything that is shown."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import is_dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest

from adapter import texts
from adapter.errors import Finding, SettingsRefused
from adapter.secret import Secret
from adapter.settings import Settings, load_settings, settings_from
from adapter.texts import Language

SECRET = "mArKeD-s3cret-0f-the-test"
PLAIN = f"""
profile = "sandbox"
[node]
body = "KZ-MOF"
system = "ELSHI-KZ-MOF"
[trust]
anchors = ["trust/sandbox.pem"]
[storage]
url = "sqlite:///{{folder}}/elshi.sqlite3"
[keys.document]
file = "keys/head.p12"
password = "{SECRET}"
[exchange]
endpoint = "http://127.0.0.1:18080/bip-sync-wss-gost/"
doc_kind = 90000010
character = 90000020
[exchange.account]
sender_id = "elshi"
password = "{SECRET}"
[exchange.file_store]
sender_id = "elshi"
password = "{SECRET}"
[exchange.directory]
entity_name = "EXAMPLE"
[exchange.directory.account]
sender_id = "elshi"
password = "{SECRET}"
[exchange.participant]
member = 90000101
sender_org = 90000201
[http]
plain_http_allowed = true
[bodies.KZ-MOF]
bin = "991340000106"
"""


def written(folder: Path, text: str | bytes = PLAIN) -> Path:
    path = folder / "elshi.toml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def loaded(folder: Path, *, environment: dict[str, str] | None = None, **changes: Any) -> Settings:
    """PLAIN with values replaced: `server__port=1` is [server] port."""
    mapping = tomllib.loads(PLAIN)
    for name, value in changes.items():
        *tables, key = name.split("__")
        table = mapping
        for one in tables:
            table = table.setdefault(one, {})
        if value is None:
            table.pop(key, None)
        else:
            table[key] = value
    if environment is None:
        return settings_from(mapping, folder)
    return load_settings(written(folder), environment)


def refused(folder: Path, **changes: Any) -> tuple[Finding, ...]:
    with pytest.raises(SettingsRefused) as error:
        loaded(folder, **changes)
    return error.value.findings


def one(findings: tuple[Finding, ...]) -> Finding:
    (finding,) = findings
    return finding


def test_what_is_said_is_what_is_used(tmp_path: Path) -> None:
    settings = load_settings(written(tmp_path), {})
    assert settings.node.body == "KZ-MOF"
    assert settings.storage.url == f"sqlite:///{tmp_path}/elshi.sqlite3"
    assert settings.trust.anchors == (tmp_path / "trust" / "sandbox.pem",)
    assert settings.keys.document is not None
    assert settings.keys.document.password is not None
    assert settings.keys.document.password.reveal() == SECRET
    assert settings.keys.office is None, "a key that nothing needs may be absent"


# --- contradictions --------------------------------------------------------------------------------------------------
CONTRADICTIONS: dict[str, tuple[dict[str, Any], str, str]] = {
    "a plain-text address in production": (
        {
            "profile": "production",
            "exchange__endpoint": "https://gw.example/",
            "exchange__second_sign": {"enabled": True},
        },
        "profile=production",
        "http.plain_http_allowed=true",
    ),
    "a plain-text address that may not be spoken to": (
        {"http__plain_http_allowed": False},
        "exchange.endpoint=http://…",
        "http.plain_http_allowed=false",
    ),
    "a lease that ends while its renewal waits for the store": (
        {"storage__lease_for_seconds": 14, "storage__busy_timeout_seconds": 10},
        "storage.lease_for_seconds=14",
        "storage.busy_timeout_seconds=10",
    ),
    "a breaker that tries again only after the last safe try": (
        {"delivery__breaker_longest_wait_seconds": 590},
        "delivery.breaker_longest_wait_seconds=590",
        "delivery.deadline_lead_seconds=600",
    ),
    "a breaker whose first wait is longer than its longest": (
        {"delivery__breaker_first_wait_seconds": 61},
        "delivery.breaker_first_wait_seconds=61",
        "delivery.breaker_longest_wait_seconds=60",
    ),
    "a wait beyond the horizon": (
        {"delivery__longest_wait_seconds": 900, "delivery__horizon_seconds": 600},
        "delivery.longest_wait_seconds=900",
        "delivery.horizon_seconds=600",
    ),
    "a last safe try that cannot end before the deadline": (
        {"delivery__deadline_lead_seconds": 30},
        "delivery.deadline_lead_seconds=30",
        "http.total_within_seconds=90",
    ),
    "an endpoint that takes less than the exchange carries": (
        {"server__max_request_bytes": 1000},
        "server.max_request_bytes=1000",
        "exchange.files.max_message_bytes=15000000",
    ),
    "a file that does not fit into a message": (
        {"exchange__files__max_file_bytes": 15_000_000},
        "files.max_file_bytes=15000000",
        "files.max_message_bytes=15000000",
    ),
    "one code on two lists": (
        {"exchange__codes__later": ["SCSS001"]},
        "codes.success: SCSS001",
        "codes.later: SCSS001",
    ),
    "the exchange says resend and the delivery says ask": (
        {"exchange__resend_unknown": "auto_same_bytes"},
        "exchange.resend_unknown=auto_same_bytes",
        "delivery.resend_when_uncertain=ask",
    ),
    "two waiting windows": (
        {"exchange__unknown__wait_seconds": 60},
        "exchange.unknown.wait_seconds=60",
        "delivery.uncertain_window_seconds=7200",
    ),
    "files that are forgotten before a person is asked": (
        {"exchange__files__lifetime_seconds": 7200},
        "delivery.uncertain_window_seconds=7200",
        "exchange.files.lifetime_seconds=7200",
    ),
    "files that are forgotten a moment after a person is asked": (
        {"exchange__files__lifetime_seconds": 7500},
        "delivery.uncertain_window_seconds=7200",
        "exchange.files.lifetime_seconds=7500",
    ),
    "a first wait that is longer than the longest": (
        {"delivery__first_wait_seconds": 901},
        "delivery.first_wait_seconds=901",
        "delivery.longest_wait_seconds=900",
    ),
    "two bodies with one number": (
        {"bodies__KZ-MFA": {"bin": "991340000106"}},
        "bodies.KZ-MOF.bin=991340000106",
        "bodies.KZ-MFA.bin=991340000106",
    ),
    "a set beside files": (
        {"profile": "test", "trust__set": "nuc-rk-test", "trust__set_folder": "sets"},
        "trust.set=nuc-rk-test",
        "trust.anchors=sandbox.pem",
    ),
    "the production set in a node for tests": (
        {"profile": "test", "trust__anchors": None, "trust__set": "nuc-rk", "trust__set_folder": "sets"},
        "profile=test",
        "trust.set=nuc-rk",
    ),
    "a national set on a stand": (
        {"trust__anchors": None, "trust__set": "nuc-rk-test", "trust__set_folder": "sets"},
        "profile=sandbox",
        "trust.set=nuc-rk-test",
    ),
    "a folder of sets and no set": (
        {"trust__set_folder": "sets"},
        "trust.set_folder=sets",
        "trust.anchors=sandbox.pem",
    ),
    "a secret given twice": (
        {"exchange__account__password_file": "channel.secret"},
        "exchange.account.password",
        "exchange.account.password_file",
    ),
}


@pytest.mark.parametrize(("changes", "first", "second"), CONTRADICTIONS.values(), ids=CONTRADICTIONS.keys())
def test_a_contradiction_is_refused_with_both_values(
    tmp_path: Path, changes: dict[str, Any], first: str, second: str
) -> None:
    (tmp_path / "channel.secret").write_text(SECRET)
    finding = one(refused(tmp_path, **changes))
    assert finding.code in {"settings.contradiction", "exchange.setting-contradiction"}
    assert (finding.params["first"], finding.params["second"]) == (first, second)


@pytest.mark.parametrize(
    "address", ["127.0.0.1:8080/shep", "gopher://gw.example/", "https:///shep", f"https://me:{SECRET}@gw.example/"]
)
def test_an_endpoint_that_nobody_can_be_reached_at_is_refused_at_start(tmp_path: Path, address: str) -> None:
    """Else every document that is due is given to a person, one after the other, for a slip in one line."""
    finding = one(refused(tmp_path, exchange__endpoint=address))
    assert (finding.code, finding.params["key"]) == ("settings.wrong-type", "exchange.endpoint")
    assert SECRET not in str(finding)


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"trust__anchors": None}, "trust.anchors"),
        ({"trust__anchors": []}, "trust.anchors"),
        ({"trust__anchors": None, "trust__set_folder": "sets"}, "trust.anchors"),
        ({"profile": "test", "trust__anchors": None, "trust__set": "nuc-rk-test"}, "trust.set_folder"),
    ],
)
def test_a_node_trusts_files_or_a_set_in_a_folder_that_is_named(
    tmp_path: Path, changes: dict[str, Any], key: str
) -> None:
    finding = one(refused(tmp_path, **changes))
    assert (finding.code, finding.params["key"]) == ("settings.missing", key)


def test_a_set_takes_the_place_of_files(tmp_path: Path) -> None:
    changes = {"trust__anchors": None, "trust__set": "nuc-rk-test", "trust__set_folder": "sets"}
    trust = loaded(tmp_path, profile="test", **changes).trust
    assert (trust.anchors, trust.set, trust.set_folder) == ((), "nuc-rk-test", tmp_path / "sets")


def test_production_does_not_speak_in_the_open(tmp_path: Path) -> None:
    """Said of the endpoint and of the switch, at once."""
    codes = {
        (finding.code, str(finding.params.get("second", finding.params.get("key"))))
        for finding in refused(tmp_path, profile="production", exchange__second_sign={"enabled": True})
    }
    assert ("exchange.setting-contradiction", "endpoint without https") in codes


@pytest.mark.parametrize("token", ["", "short"])
def test_a_token_that_lets_everybody_in_is_refused_and_not_shown(tmp_path: Path, token: str) -> None:
    finding = one(refused(tmp_path, server__api_token=token))
    assert finding.params["key"] == "server.api_token"
    assert not token or token not in str(finding.params)


# --- keys and values -------------------------------------------------------------------------------------------------
def test_an_unknown_key_is_refused_with_the_known_ones_beside_it(tmp_path: Path) -> None:
    finding = one(refused(tmp_path, server__prot=8081))
    assert (finding.code, finding.params["key"]) == ("settings.unknown-key", "server.prot")
    assert "port" in str(finding.params["known"])


def test_bytes_of_certificates_are_not_written_into_settings(tmp_path: Path) -> None:
    """They were taken and dropped without a word; they come from trust.gateway_certificates."""
    assert one(refused(tmp_path, exchange__gateway__certificates=["MIIB"])).code == "settings.unknown-key"


def test_every_fault_is_told_at_once(tmp_path: Path) -> None:
    findings = refused(
        tmp_path, server__port="80", delivery__idle_seconds=-1, node__system=None, exchange__doc_kind="x", nonsense=1
    )
    assert {str(one.params["key"]) for one in findings} == {
        "server.port",
        "delivery.idle_seconds",
        "node.system",
        "exchange.doc_kind",
        "nonsense",
    }


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"server__port": True}, "settings.wrong-type"),
        ({"server__port": 65_536}, "settings.wrong-type"),
        ({"server__port": -1}, "settings.wrong-type"),
        ({"delivery__idle_seconds": True}, "settings.wrong-type"),
        ({"delivery__idle_seconds": 1e300}, "settings.wrong-type"),
        ({"delivery__idle_seconds": float("nan")}, "settings.wrong-type"),
        ({"delivery__first_wait_seconds": 0}, "settings.wrong-type"),
        ({"delivery__uncertain_window_seconds": 0}, "settings.wrong-type"),
        ({"delivery__silence_alarm_seconds": 0}, "settings.wrong-type"),
        ({"delivery__resend_when_uncertain": "always"}, "settings.not-allowed"),
        ({"profile": "prod"}, "settings.not-allowed"),
        ({"storage": "here"}, "settings.wrong-type"),
        ({"bodies": 7}, "settings.wrong-type"),
        ({"bodies__KZ-MOF": "991340000106"}, "settings.wrong-type"),
        ({"exchange": None}, "settings.missing"),
        ({"exchange__account": None}, "settings.missing"),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused_by_its_key(tmp_path: Path, changes: dict[str, Any], code: str) -> None:
    assert one(refused(tmp_path, **changes)).code == code


# --- the file --------------------------------------------------------------------------------------------------------
def test_a_byte_order_mark_and_blanks_at_the_ends_do_no_harm(tmp_path: Path) -> None:
    """Fault 34."""
    text = PLAIN.replace('body = "KZ-MOF"', 'body = "KZ-MOF "   ').replace('endpoint = "http', 'endpoint = " http')
    settings = load_settings(written(tmp_path, b"\xef\xbb\xbf" + text.encode()), {})
    assert settings.node.body == "KZ-MOF"
    assert settings.exchange.endpoint.startswith("http://")


def test_a_secret_file_of_a_foreign_editor_gives_the_secret_alone(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"\xef\xbb\xbf" + SECRET.encode() + b"\r\n")
    settings = loaded(tmp_path, exchange__account__password=None, exchange__account__password_file="secret ")
    assert settings.exchange.account.password.reveal() == SECRET


def test_a_secret_file_that_is_not_there_is_said_once(tmp_path: Path) -> None:
    finding = one(refused(tmp_path, exchange__account__password=None, exchange__account__password_file="nowhere"))
    assert (finding.code, finding.params["key"]) == (
        "settings.unreadable-secret",
        "exchange.account.password_file",
    )


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("exchange.account.password_file", "a\0b"),
        ("exchange.account.password", "a\0b"),
        ("trust.anchors[1]", ["a\0b"]),
        ("storage.url", "sqlite:///a\0b"),
        ("keys.document.file", "a\0b"),
        ("node.system", "a\0b"),
    ],
)
def test_a_nul_character_is_refused_by_its_key(tmp_path: Path, key: str, value: object) -> None:
    name = key.removesuffix("[1]").replace(".", "__")
    changes: dict[str, Any] = {"exchange__account__password": None} if name.endswith("password_file") else {}
    found = one(refused(tmp_path, **changes, **{name: value}))
    assert (found.code, found.params["key"]) == ("settings.nul-character", key)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"profile = \n", "settings.not-toml"),
        (b"\xff\xfe\x00p", "settings.not-toml"),
        (b"", "settings.missing"),
        (b"a = 1\na = 2\n", "settings.not-toml"),
        pytest.param(b"a = " + b"[" * 100_000, "settings.not-toml", id="nested too deeply"),
    ],
)
def test_what_is_no_settings_file_is_refused(tmp_path: Path, content: bytes, code: str) -> None:
    with pytest.raises(SettingsRefused) as error:
        load_settings(written(tmp_path, content), {})
    assert {one.code for one in error.value.findings} == {code}


def test_a_settings_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsRefused) as error:
        load_settings(tmp_path / "nowhere.toml", {})
    assert one(error.value.findings).code == "settings.unreadable"


# --- environment -----------------------------------------------------------------------------------------------------
def test_the_environment_replaces_values_of_every_kind(tmp_path: Path) -> None:
    settings = loaded(
        tmp_path,
        environment={
            "ELSHI_SERVER__PORT": " 9001 ",
            "ELSHI_DELIVERY__IDLE_SECONDS": "0.25",
            "ELSHI_DELIVERY__RESEND_BY_PLANNER": "false",
            "ELSHI_DELIVERY__RESEND_WHEN_UNCERTAIN": "identical",
            "ELSHI_NODE__NUMBER_PREFIX": "77",
            "ELSHI_EXCHANGE__ACCOUNT__PASSWORD": "12345678",
            "ELSHI_LANGUAGE": "kk",
            "ELSHI_SETTINGS": "elsewhere.toml",
            "ELSHI_TRUST_FOLDER": "sets",
            "UNRELATED__THING": "1",
        },
    )
    assert settings.server.port == 9001
    assert settings.delivery.idle == timedelta(milliseconds=250)
    assert not settings.delivery.resend_by_planner
    assert settings.delivery.resend_when_uncertain == "identical"
    assert settings.node.number_prefix == "77", "digits are text where a text is wanted"
    assert settings.exchange.account.password.reveal() == "12345678", "and a password may be all digits"


def test_a_secret_of_the_environment_replaces_the_other_form_of_it(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("from-a-file")
    settings = loaded(tmp_path, environment={"ELSHI_EXCHANGE__ACCOUNT__PASSWORD_FILE": "secret"})
    assert settings.exchange.account.password.reveal() == "from-a-file"


def test_the_password_of_the_database_comes_from_a_file_and_is_shown_nowhere(tmp_path: Path) -> None:
    (tmp_path / "database").write_text(f"{SECRET}\n")
    address = "postgresql://elshi@db.example.kz/elshi"
    told = {"ELSHI_STORAGE__URL": address, "ELSHI_STORAGE__PASSWORD_FILE": "database"}
    settings = loaded(tmp_path, environment=told)
    assert settings.storage.password == Secret(SECRET)
    assert settings.storage.url == address
    assert SECRET not in repr(settings)
    in_the_url = loaded(tmp_path, storage__url=f"postgresql://elshi:{SECRET}@db.example.kz/elshi")
    assert SECRET not in repr(in_the_url)


def test_an_unknown_key_of_the_environment_is_refused_too(tmp_path: Path) -> None:
    with pytest.raises(SettingsRefused) as error:
        loaded(tmp_path, environment={"ELSHI_SERVER__PROT": "9001"})
    assert one(error.value.findings).params["key"] == "server.prot"


@pytest.mark.parametrize(
    "name",
    [
        "ELSHI_PROFILE",
        "ELSHI_PROFILE__DEEPER",
        "ELSHI_BODIES__KZ_MOF__BIN",
        "ELSHI_EXCHANGE__DIRECTORY__BODIES__KZ_MFA__CODE",
        "ELSHI_SERVER_PORT",
        "ELSHI_PORT",
        "ELSHI_SETTING",
        "ELSHI_SERVER__",
        "ELSHI_SERVER____PORT",
        "ELSHI_EXCHANGE__DOC_KIND__DEEPER",
        "ELSHI_PROFILE__SERVICE_HOST",
        "ELSHI_",
    ],
)
def test_a_name_of_ours_in_the_environment_that_sets_nothing_is_refused_and_its_value_not_shown(
    tmp_path: Path, name: str
) -> None:
    """ELSHI_PROFILE=production was passed over without a word, and the node stayed what the file says."""
    with pytest.raises(SettingsRefused) as error:
        loaded(tmp_path, environment={name: SECRET})
    finding = one(error.value.findings)
    assert (finding.code, finding.params) == ("settings.not-from-environment", {"key": name})
    assert SECRET not in shown(error.value)


def test_faults_of_the_environment_and_of_the_file_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(SettingsRefused) as error:
        loaded(tmp_path, environment={"ELSHI_PROFILE": "test", "ELSHI_LOGS": "x", "ELSHI_SERVER__PORT": "none"})
    assert [one.params["key"] for one in error.value.findings] == ["ELSHI_LOGS", "ELSHI_PROFILE", "server.port"]


def test_what_a_cluster_says_of_its_services_is_nobodys_typo(tmp_path: Path) -> None:
    told_by_a_cluster = loaded(
        tmp_path,
        environment={
            "ELSHI_SERVICE_HOST": "10.0.0.7",
            "ELSHI_SERVICE_PORT": "8080",
            "ELSHI_SERVICE_PORT_SOAP": "8080",
            "ELSHI_PORT": "tcp://10.0.0.7:8080",
            "ELSHI_SERVE_PORT_8080_TCP": "tcp://10.0.0.7:8080",
            "ELSHI_SERVE_PORT_8080_TCP_PROTO": "tcp",
            "ELSHI_SERVE_PORT_8080_TCP_PORT": "8080",
            "ELSHI_SERVE_PORT_8080_TCP_ADDR": "10.0.0.7",
        },
    )
    assert told_by_a_cluster == loaded(tmp_path, environment={})


# --- secrets ---------------------------------------------------------------------------------------------------------
def shown(error: SettingsRefused) -> str:
    sentences = [str(texts.render_finding(finding, language)) for finding in error.findings for language in Language]
    return " ".join([repr(error), str(error), repr(error.findings), *sentences])


def test_no_secret_is_in_the_settings_as_they_show_themselves(tmp_path: Path) -> None:
    settings = load_settings(written(tmp_path), {"ELSHI_SERVER__API_TOKEN": SECRET})
    assert SECRET not in repr(settings)
    assert SECRET not in str(settings)


def test_the_password_of_the_client_key_is_a_secret_like_the_others(tmp_path: Path) -> None:
    (tmp_path / "client-key").write_text(f"{SECRET}\n", encoding="utf-8")
    for settings in (
        loaded(tmp_path, http__client_key_password=SECRET),
        loaded(tmp_path, http__client_key_password_file="client-key"),
        loaded(tmp_path, environment={"ELSHI_HTTP__CLIENT_KEY_PASSWORD": SECRET}),
        loaded(tmp_path, environment={"ELSHI_HTTP__CLIENT_KEY_PASSWORD_FILE": "client-key"}),
    ):
        assert settings.http.client_key_password == Secret(SECRET)
        assert SECRET not in f"{settings!r} {settings} {settings.http}"


def test_an_account_in_the_address_of_a_proxy_is_not_shown(tmp_path: Path) -> None:
    address = f"http://elshi:{SECRET}@proxy.example:3128"
    for settings in (
        loaded(tmp_path, http__proxies={"https": address}),
        loaded(tmp_path, environment={"ELSHI_HTTP__PROXIES__HTTPS": address}),
    ):
        assert settings.http.proxies["https"].reveal() == address
        assert SECRET not in f"{settings!r} {settings} {settings.http}"


def test_nothing_that_is_called_a_secret_is_held_as_plain_text() -> None:
    """By its name: a new password as plain text fails here."""

    def named(cls: type, prefix: str = "") -> Iterator[tuple[str, Any]]:
        for name, hint in get_type_hints(cls).items():
            inner = [one for one in (hint, *get_args(hint)) if is_dataclass(one)]
            yield from ((f"{prefix}{name}", hint),) if not inner else named(inner[0], f"{prefix}{name}.")  # type: ignore[arg-type]

    suspicious = {
        name: Secret in (hint, *get_args(hint))
        for name, hint in named(Settings)
        if any(word in name.rpartition(".")[2] for word in ("password", "secret", "token", "prox"))
    }
    assert len(suspicious) >= 8
    assert all(suspicious.values()), suspicious


@pytest.mark.parametrize(
    "changes",
    [
        {"exchange__account__password": [SECRET]},
        {"exchange__account__password": {"value": SECRET}},
        {"exchange__account": SECRET},
        {"exchange__account__password_file": "keys/none"},
        {"server__api_token": [SECRET]},
        {"keys__document__password": 5, "keys__document__file": 5},
        {"http__client_key_password": [SECRET]},
        {"http__proxies": {"https": [SECRET]}},
        {"http__proxies": SECRET},
    ],
)
def test_no_secret_is_in_an_error(tmp_path: Path, changes: dict[str, Any]) -> None:
    with pytest.raises(SettingsRefused) as error:
        loaded(tmp_path, **changes)
    assert SECRET not in shown(error.value)


@pytest.mark.parametrize("broken", [f'password = "{SECRET}', f"password = {SECRET}", f'{SECRET} = "x"\n{SECRET} = 1'])
def test_no_secret_is_in_what_is_said_of_a_file_that_is_no_toml(tmp_path: Path, broken: str) -> None:
    with pytest.raises(SettingsRefused) as error:
        load_settings(written(tmp_path, broken), {})
    assert SECRET not in shown(error.value)


def test_every_finding_has_a_sentence_that_names_the_key_in_each_language(tmp_path: Path) -> None:
    for finding in refused(tmp_path, server__prot=1, node__system=None, profile="x", server__port="x"):
        for language in Language:
            sentence = texts.render_finding(finding, language)
            assert str(finding.params["key"]) in sentence.what
            assert sentence.to_do


# --- keys ------------------------------------------------------------------------------------------------------------
def _with_key(folder: Path, lines: str) -> Path:
    return written(folder, PLAIN.replace(f'file = "keys/head.p12"\npassword = "{SECRET}"', lines))


def test_a_key_in_a_token_is_read_with_what_finds_it(tmp_path: Path) -> None:
    settings = load_settings(
        _with_key(
            tmp_path,
            'module = "/usr/lib/m.so"\nlabel = "HEAD"\nserial = "01ab"\nkey = "sign"\nkey_id = "0a"\n'
            'certificate = "head.pem"\npadding = "pss"\npin_from = "fd:3"',
        ),
        {},
    )
    key = settings.keys.document
    assert key is not None
    assert (key.module, key.certificate) == (Path("/usr/lib/m.so"), tmp_path / "head.pem")
    assert (key.label, key.serial, key.key, key.key_id, key.padding) == ("HEAD", "01ab", "sign", "0a", "pss")
    assert key.pin_from == "fd:3"
    assert settings.keys.pin_marks == tmp_path / "pin-marks"


@pytest.mark.parametrize(
    ("lines", "code", "said"),
    [
        ('password = "x"', "settings.missing", {"key": "keys.document.file"}),
        ('file = "a"\nmodule = "b"', "settings.contradiction", {"second": "keys.document.module"}),
        ('file = "a"\npin_from = "keypad"', "settings.contradiction", {"second": "keys.document.pin_from=keypad"}),
        ('module = "a"\ntest_keys = true', "settings.contradiction", {"second": "keys.document.test_keys=true"}),
        ('file = "a"\npadding = "pss"', "settings.contradiction", {"second": "keys.document.padding=pss"}),
        (
            f'module = "a"\npassword = "{SECRET}"\npin_from = "prompt"',
            "settings.contradiction",
            {"second": "keys.document.pin_from"},
        ),
        ('module = "a"\nkey_id = "0"', "settings.wrong-type", {"key": "keys.document.key_id"}),
        (f'module = "a"\npin_from = "{SECRET}"', "settings.wrong-type", {"key": "keys.document.pin_from"}),
        ('module = "a"\npin_from = "file:relative"', "settings.wrong-type", {"key": "keys.document.pin_from"}),
    ],
)
def test_what_contradicts_in_a_key_is_refused(tmp_path: Path, lines: str, code: str, said: dict[str, str]) -> None:
    with pytest.raises(SettingsRefused) as caught:
        load_settings(_with_key(tmp_path, lines), {})
    (finding,) = caught.value.findings
    assert finding.code == code
    assert said.items() <= dict(finding.params).items()
    assert SECRET not in repr(finding)
