"""The settings tree: what it accepts, what it refuses and in which words."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator
from contextlib import suppress
from copy import deepcopy
from datetime import time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from coop.domain.zone import Zone, ZoneKind
from coop.errors import SettingsError
from coop.settings import PATHS, CameraSettings, Settings, load_settings
from coop.settings_errors import described, node_at, resolved

Write = Callable[[str], Path]
TOKEN = "123456:" + "Ab3-_" * 7
NEST = "polygon = [[0.1, 0.6], [0.4, 0.6], [0.4, 0.9]]"
SCHEMA = Settings.model_json_schema()


def keys(node: dict[str, Any], key: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    """Every key of the tree that is not a table, with a made-up name where the user chooses it."""
    named = node.get("properties") or dict.fromkeys(node.get("propertyNames", {}).get("enum", ()))
    for name in named or (["some"] if node.get("type") == "object" else []):
        below = node_at(SCHEMA, (*key, name))
        assert below is not None, (*key, name)
        yield from keys(dict(below), (*key, name))
    if node.get("type") != "object":
        yield key, node


EVERY_KEY = dict(keys(dict(resolved(SCHEMA, SCHEMA))))
LEAST = {"cameras": {"some": {"url": "sim://", "zones": {"some": {"polygon": [[0, 0], [1, 0], [1, 1]]}}}}}


def problems(file: Path) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        load_settings(file)
    assert caught.value.where == str(file)
    return caught.value.problems


def agrees(found: str, expected: str) -> bool:
    """Whether they are the same, or begin the same where the expected text ends in an ellipsis."""
    return found.startswith(expected[:-1]) if expected.endswith("…") else found == expected


# --- What there is


def test_defaults_need_no_file(home: Path) -> None:
    settings = load_settings()
    assert settings.cameras == {}
    assert settings.data_dir == home / "share" / "neurocoop"
    assert settings.telegram.token is None
    assert settings.schedule.digest == time(20, 30)


def test_construction_reads_nothing_but_its_arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COOP_LOG__LEVEL", "debug")
    assert Settings().log.level == "info"
    assert load_settings().log.level == "debug"


def test_settings_are_frozen() -> None:
    settings = Settings()
    with pytest.raises(ValidationError):
        settings.log.level = "debug"  # type: ignore[misc]


def test_every_key_says_what_it_is() -> None:
    assert len(EVERY_KEY) > 35
    assert [
        key for key, node in EVERY_KEY.items() if not node.get("description") and key[-1] not in SAME
    ] == []


SAME = {"hens", "kinds", "nest"}  # the tasks of classify.packages, described together


def with_value(key: tuple[str, ...], value: object) -> dict[str, Any]:
    """The least table that sets one key."""
    table: dict[str, Any] = {"cameras": deepcopy(LEAST["cameras"])}
    below = table
    for part in key[:-1]:
        below = below.setdefault(part, {})
    below[key[-1]] = value
    return table


BOUNDS = [
    pytest.param(key, node[bound] + step, id=f"{'.'.join(key)} {bound}")
    for key, node in EVERY_KEY.items()
    for bound, step in (("minimum", -1), ("maximum", 1), ("exclusiveMinimum", 0))
    if bound in node
]


@pytest.mark.parametrize(("key", "value"), BOUNDS)
def test_every_bound_is_kept(key: tuple[str, ...], value: float) -> None:
    with pytest.raises(ValidationError) as caught:
        Settings.model_validate(with_value(key, value))
    assert [error["loc"] for error in caught.value.errors()] == [key]


def test_at_least_the_numbers_of_a_camera_have_bounds() -> None:
    assert {param.values[0] for param in BOUNDS} >= {
        ("cameras", "some", "fps"),
        ("retention", "max_age_days"),
    }


# --- Where it comes from


def test_the_working_folder_comes_before_the_configuration_folder(home: Path) -> None:
    config = home / "config" / "neurocoop" / "coop.toml"
    config.parent.mkdir(parents=True)
    config.write_text("[coop]\nname = 'from config'")
    assert load_settings().coop.name == "from config"
    (home / "work" / "coop.toml").write_text("[coop]\nname = 'from work'")
    assert load_settings().coop.name == "from work"


def test_an_explicit_file_must_exist(home: Path) -> None:
    assert "no such file" in problems(home / "nowhere.toml")[0]


def test_variables_win_over_the_file(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write("[cameras.run]\nurl = 'sim://'\nfps = 2\n[log]\nlevel = 'error'\nformat = 'json'")
    monkeypatch.setenv("COOP_LOG__LEVEL", "DEBUG")
    monkeypatch.setenv("COOP_CAMERAS__RUN__FPS", "3.5")
    monkeypatch.setenv("COOP_CAMERAS__DOOR__URL", "rtsp://door/1")
    monkeypatch.setenv("COOP_TELEGRAM__CHATS", "[12, -34]")
    monkeypatch.setenv("COOP_STORE__URL", "")
    monkeypatch.setenv("COOP_TEST_DATA", "/somewhere")
    settings = load_settings(file)
    assert (settings.log.level, settings.log.format) == ("debug", "json")
    assert settings.cameras["run"].fps == 3.5
    assert settings.cameras["door"].url.get_secret_value() == "rtsp://door/1"
    assert settings.telegram.chats == (12, -34)
    assert settings.store.url is None


@pytest.mark.parametrize(
    ("variable", "value", "problem"),
    [
        ("COOP_DATADIR", "x", "COOP_DATADIR: unknown variable; did you mean COOP_DATA_DIR?"),
        ("COOP_LOK__LEVEL", "x", "COOP_LOK__LEVEL: unknown variable; did you mean COOP_LOG__LEVEL?"),
        ("COOP_LOG__LEVELL", "x", "COOP_LOG__LEVELL: unknown variable; did you mean COOP_LOG__LEVEL?"),
        ("COOP_CAMERAS__RUN__FSP", "x", "COOP_CAMERAS__RUN__FSP: unknown variable; did you mean COOP_CAMER…"),
        ("COOP_LOG__LEVEL", "loud", 'COOP_LOG__LEVEL = "loud": allowed is "debug", "info", "warning", "err…'),
        ("COOP_TELEGRAM__CHATS", "12", "COOP_TELEGRAM__CHATS = 12: allowed is a list"),
        ("COOP_TELEGRAM__CHATS", "a", "COOP_TELEGRAM__CHATS: is not JSON; a list is written [1, 2]"),
        ("COOP_TELEGRAM", TOKEN, "COOP_TELEGRAM: is not JSON; a list is written [1, 2]"),
        ("COOP_DATA_DIR__DEEPER", "x", "COOP_DATA_DIR__DEEPER: unknown variable; known are plain values on…"),
        ("COOP_", "x", "COOP_: unknown variable; known are…"),
    ],
)  # fmt: skip
def test_variables_that_cannot_be_used(
    write: Write, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, problem: str
) -> None:
    monkeypatch.setenv(variable, value)
    (found,) = problems(write("[cameras.run]\nurl = 'sim://'"))
    assert agrees(found, problem)


def test_relative_paths_begin_at_the_file(write: Write, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write(
        "data_dir = 'data'\n[cameras.a]\nurl = 'films/a.mp4'\n[cameras.b]\nurl = '/dev/video0'\n"
        "[cameras.c]\nurl = 'sim://?seed=7'\n[classify.packages]\nhens = '~/models/hens'"
    )
    settings = load_settings(file)
    assert settings.data_dir == home / "etc" / "data"
    assert [camera.url.get_secret_value() for camera in settings.cameras.values()] == [
        str(home / "etc/films/a.mp4"),
        "/dev/video0",
        "sim://?seed=7",
    ]
    assert settings.classify.packages == {"hens": home / "models" / "hens"}
    monkeypatch.setenv("COOP_DATA_DIR", "here")
    assert load_settings(file).data_dir == home / "work" / "here"


def test_every_key_that_holds_a_path_is_known_as_one() -> None:
    of_paths = {key for key, node in EVERY_KEY.items() if node.get("format") == "path"}
    anchored = {tuple(part for part in key) for key in PATHS}
    assert {tuple("*" if part in {"some", *SAME} else part for part in key) for key in of_paths} <= anchored
    assert ("data_dir",) in of_paths


# --- What is refused, and how


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("tracks = 1", "tracks: unknown key; did you mean track?"),
        ("[cameras.run]\nurl = 'sim://'\nfsp = 2", "cameras.run.fsp: unknown key; did you mean fps?"),
        ("[classify.packages]\nhen = 'x'", "classify.packages.hen: unknown key; did you mean hens?"),
        ("[log]\nxyzzy = 2", "log.xyzzy: unknown key; known are format, level"),
        ("_env_file = 'x'", "_env_file: unknown key; known are…"),
        ("[cameras.run]\nurl = 'sim://'\nfps = 99", "cameras.run.fps = 99: allowed is a number above 0 and…"),
        ("[retention]\nmax_age_days = 0", "retention.max_age_days = 0: allowed is a whole number from 1 to…"),
        ("[motion]\nsensitivity = nan", "motion.sensitivity = NaN: allowed is a number from 0 to 1"),
        ("[retention]\nmax_gib = inf", "retention.max_gib = Infinity: allowed is a number above 0"),
        ("timezone = 'Mars'", 'timezone = "Mars": allowed is an IANA name such as "Europe/Berlin" or "UTC"'),
        ("timezone = 'Europe'", 'timezone = "Europe": allowed is an IANA name such as "Europe/Berlin" or "…'),
        ("timezone = '../x'", 'timezone = "../x": allowed is an IANA name such as "Europe/Berlin" or "UTC"'),
        ("[schedule]\ndigest = '25:00'", 'schedule.digest = "25:00": allowed is a time of day such as "20:…'),
        ("[cameras]\nrun = 'sim://'", 'cameras.run = "sim://": allowed is a table'),
        ("[cameras.run]\nfps = 2", "cameras.run.url: is missing; rtsp://,…"),
        ("[cameras.run]\nurl = 'ftp://me:pw@x'", "cameras.run.url = ***: allowed is rtsp://,…"),
        ("[cameras.run]\nurl = ''", "cameras.run.url = ***: allowed is rtsp://,…"),
        ("[cameras.Run]\nurl = 'sim://'", "cameras.Run: a name of small letters, digits,…"),
        ("[cameras.'../x']\nurl = 'sim://'", "cameras.../x: a name of small letters, digits,…"),
        ("[coop]\nlatitude = 50", "coop: latitude and longitude are given together or not at all"),
        ("[store]\nurl = 'mysql://u:pw@h/d'", "store.url = ***: allowed is sqlite:///FILE or…"),
        ("[telegram]\ntoken = 'hunter2'", "telegram.token = ***: allowed is the token as @BotFather gave i…"),
        ("[telegram]\nbase_url = 'x'", 'telegram.base_url = "x": allowed is an address that begins with…'),
        (f"telegram = '{TOKEN}'", 'telegram = "***": allowed is a table'),
        (
            "[cameras.run]\nurl = 'sim://'\nprivacy_masks = [[[0, 0], [1, 1]]]",
            "cameras.run.privacy_masks.0 = [[0, 0], [1, 1]]: allowed is at least three corners that enclose…",
        ),
        (
            "[cameras.run]\nurl = 'sim://'\nignore_masks = [[[0, 0], [640, 0], [0, 1]]]",
            "cameras.run.ignore_masks.0.1.0 = 640: allowed is a number from 0 to 1",
        ),
        (
            f"[cameras.run]\nurl = 'sim://'\n[cameras.run.zones.'nest 1']\nkind = 'nest'\n{NEST}",
            'cameras.run.zones."nest 1".kind = "nest": allowed is "nest box", "pop door", "run", "roost", "…',
        ),
    ],
)  # fmt: skip
def test_refusals_name_key_value_and_what_is_allowed(write: Write, text: str, problem: str) -> None:
    (found,) = problems(write(text))
    assert agrees(found, problem)


def test_all_problems_are_told_at_once(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COOP_NOPE", "1")
    found = problems(write("[log]\nlevel = 'loud'\nformat = 'xml'\n[tracks]\nx = 1"))
    assert [line.split()[0].rstrip(":") for line in found] == [
        "COOP_NOPE",
        "log.level",
        "log.format",
        "tracks",
    ]


NAMES = st.sampled_from([part for key in EVERY_KEY for part in key] + ["[key]", "-1", "x y"]) | st.text(
    max_size=5
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.dates()
TABLES = st.recursive(
    SCALARS, lambda below: st.lists(below, max_size=3) | st.dictionaries(NAMES, below, max_size=4)
)


@given(table=st.dictionaries(NAMES, TABLES, max_size=4))
@example(table={"[key]": None})
@example(table={"cameras": {"[key]": {"[key]": 1}}})
def test_whatever_is_refused_can_be_told(table: dict[str, Any]) -> None:
    try:
        Settings.model_validate(table)
    except ValidationError as error:
        lines = described(error, SCHEMA, {})
        assert len(lines) == error.error_count()
        assert all(": " in line for line in lines)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"a = [1\n", "line 1, column 7: Unclosed array"),
        (b"\n\nb = \n", "line 3, column 5: Invalid value"),
        (b"[log]\nlevel = 'info'\nlevel = 'debug'\n", "line 3, column 16: Cannot overwrite a value"),
        (b"name = '\xff'", "byte 8 is not UTF-8 text"),
    ],
)
def test_files_that_are_not_toml(home: Path, content: bytes, problem: str) -> None:
    file = home / "bad.toml"
    file.write_bytes(content)
    assert problems(file)[0].startswith(problem)


def test_a_folder_is_no_settings_file(home: Path) -> None:
    assert problems(home) == ("cannot be read: Is a directory",)


@given(content=st.binary() | st.text().map(str.encode))
def test_no_file_breaks_the_reader(content: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    file = tmp_path_factory.getbasetemp() / "any.toml"
    file.write_bytes(content)
    with suppress(SettingsError):
        load_settings(file)


@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf[log]\r\nlevel = 'info'\r\n"])
def test_an_empty_file_and_one_from_notepad_are_fine(home: Path, content: bytes) -> None:
    file = home / "fine.toml"
    file.write_bytes(content)
    assert load_settings(file) == Settings()


# --- Secrets


@given(password=st.text(st.characters(exclude_categories=["Z", "C"], exclude_characters="\"'<>"), min_size=1))
@example("p@ss/w?rd#1")
@example("12/34")
def test_a_password_shows_nowhere(password: str) -> None:
    secret = f"Sec{password}ret"
    url = f"rtsp://admin:{secret}@10.0.0.5:554/live"
    camera = CameraSettings.model_validate({"url": url})
    assert camera.url.get_secret_value() == url
    for shown in (str(camera.url), repr(camera), camera.model_dump_json()):
        assert secret not in shown
        assert "admin:***@10.0.0.5:554/live" in shown
    with pytest.raises(ValidationError) as caught:
        Settings.model_validate({"cameras": {"run": {"url": url, "fps": 0}}, "store": {"url": url}})
    assert secret not in str(caught.value)


def test_the_token_shows_nowhere(write: Write) -> None:
    settings = load_settings(write(f"[telegram]\ntoken = '{TOKEN}'"))
    assert settings.telegram.token is not None
    assert settings.telegram.token.get_secret_value() == TOKEN
    assert TOKEN not in repr(settings) + str(settings) + settings.model_dump_json()


def token_of(settings: Settings) -> str | None:
    return settings.telegram.token.get_secret_value() if settings.telegram.token else None


def test_the_token_may_come_from_a_file_beside_the_settings(write: Write, home: Path) -> None:
    file = write("[telegram]\ntoken_file = 'token'")
    (home / "etc" / "token").write_text(f"{TOKEN}\n")
    assert token_of(load_settings(file)) == TOKEN


def test_the_token_may_be_a_systemd_credential(
    write: Write, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(home))
    assert token_of(load_settings()) is None
    (home / "telegram-token").write_text("")
    assert token_of(load_settings()) is None
    (home / "telegram-token").write_text(TOKEN)
    assert token_of(load_settings()) == TOKEN
    own = TOKEN.replace("123456", "99")
    assert token_of(load_settings(write(f"[telegram]\ntoken = '{own}'"))) == own


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "No such file or directory; write the token into it"),
        (b" \n", "is empty; write the token into it"),
        (b"\xff\xfe", "is not text; write the token into it"),
        (b"my secret", "holds no bot token; write into it the token as @BotFather gave it"),
    ],
)
def test_a_token_file_that_cannot_be_used(
    write: Write, home: Path, content: bytes | None, problem: str
) -> None:
    file = write("[telegram]\ntoken_file = 'token'")
    if content is not None:
        (home / "etc" / "token").write_bytes(content)
    (found,) = problems(file)
    assert found.startswith(f"telegram.token_file = {home}/etc/token: {problem}")
    assert "my secret" not in found


def test_a_token_and_a_token_file_are_one_too_many(write: Write) -> None:
    text = f"[telegram]\ntoken = '{TOKEN}'\ntoken_file = 'x'"
    assert problems(write(text)) == ("telegram: token and token_file are both given; keep one of them",)


# --- What the steps are given


def test_zones_become_those_of_the_domain() -> None:
    table = tomllib.loads(f"url = 'sim://'\n[zones.'nest 1']\nkind = 'nest box'\n{NEST}")
    corners = ((0.1, 0.6), (0.4, 0.6), (0.4, 0.9))
    zones = CameraSettings.model_validate(table).domain_zones
    assert zones == (Zone(name="nest 1", kind=ZoneKind.NEST_BOX, polygon=corners),)


def test_the_zone_is_a_time_zone() -> None:
    assert Settings(timezone="Europe/Berlin").zone == ZoneInfo("Europe/Berlin")


def test_the_systems_time_zone_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    assert Settings().timezone == "Asia/Tokyo"
    monkeypatch.setenv("TZ", "no such zone")
    assert Settings().zone.key == Settings().timezone


def test_cameras_that_are_switched_off_stay_out() -> None:
    cameras = {"a": {"url": "sim://"}, "b": {"url": "sim://", "enabled": False}}
    assert list(Settings.model_validate({"cameras": cameras}).active_cameras) == ["a"]
