"""A password comes from where the settings say, is refused where others could read it, and stands in no error."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from adapter.composition import secret_sources
from adapter.composition.secret_sources import secret_from, source_of
from adapter.errors import Final

SECRET = "mArKeD-s3cret"


def nobody(name: str) -> str:
    raise Final("keys.no-password", params={"key": name})


def read(spelt: str) -> str | None:
    secret = secret_from(source_of(spelt), "office", ask=nobody)
    return None if secret is None else secret.reveal()


def failure(spelt: str) -> str:
    with pytest.raises(Final) as caught:
        read(spelt)
    error: BaseException | None = caught.value
    while error is not None:
        assert SECRET not in f"{error!s}{error!r}{error.args}"
        error = error.__cause__
    return caught.value.code


def written(folder: Path, content: bytes, mode: int = 0o600) -> Path:
    path = folder / "pin"
    path.write_bytes(content)
    path.chmod(mode)
    return path


def test_a_person_is_asked() -> None:
    secret = secret_from(source_of("prompt"), "office", ask=lambda name: f"{name} {SECRET}")
    assert secret is not None
    assert secret.reveal() == f"office {SECRET}"
    assert SECRET not in f"{secret!r}{secret}"
    assert failure("prompt") == "keys.no-password"


def test_a_keypad_gives_nothing_to_the_program() -> None:
    assert read("keypad") is None


@pytest.mark.parametrize("content", [b"%b\n", b"%b", b"\xef\xbb\xbf%b\r\n", b"%b\nsecond line"])
def test_one_line_of_a_descriptor_that_is_read_once(content: bytes) -> None:
    ours, theirs = os.pipe()
    os.write(theirs, content % SECRET.encode())
    os.close(theirs)
    assert read(f"fd:{ours}") == SECRET
    assert failure(f"fd:{ours}") == "keys.secret-unreadable"


def test_one_line_of_a_file_that_only_its_owner_reads(tmp_path: Path) -> None:
    path = written(tmp_path, f" {SECRET} \n".encode())
    assert read(f"file:{path}") == f" {SECRET} ", "a blank at its end may belong to it"
    for mode in (0o640, 0o620, 0o604, 0o602):
        path.chmod(mode)
        assert failure(f"file:{path}") == "keys.secret-open-to-others"


def test_a_file_of_the_container_runtime_may_be_readable_inside() -> None:
    secret_sources._refuse_open(Path("/run/secrets/pin"), 0o100444)
    with pytest.raises(Final, match="keys.secret-open-to-others"):
        secret_sources._refuse_open(Path("/run/pin"), 0o100444)


def test_a_variable_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OUR_PIN", SECRET)
    assert read("env:OUR_PIN") == SECRET
    assert failure("env:ANOTHER") == "keys.secret-unreadable"


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"", "keys.secret-empty"), (b"\n", "keys.secret-empty"), (b"\xff" + SECRET.encode(), "keys.secret-unreadable")],
)
def test_a_file_without_a_password(tmp_path: Path, content: bytes, code: str) -> None:
    assert failure(f"file:{written(tmp_path, content)}") == code


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    assert failure(f"file:{tmp_path / 'none'}") == "keys.secret-unreadable"
    assert failure(f"file:{tmp_path}") == "keys.secret-unreadable"


@pytest.mark.parametrize("spelt", [SECRET, f"pass:{SECRET}", "fd:", "fd:x", "file:", "env:", ""])
def test_a_password_put_in_the_place_of_its_source_is_not_repeated(spelt: str) -> None:
    assert failure(spelt) == "keys.secret-source"
