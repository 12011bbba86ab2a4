"""The single settings tree: typed, frozen, every key described; read from `coop.toml` and the environment.

`Settings(...)` reads nothing but its arguments. `load_settings()` reads the file, lets environment
variables (`COOP_`, nested with `__`: `COOP_LOG__LEVEL=debug`) win over it, and fetches the bot token.
"""

from __future__ import annotations

import re
from datetime import time
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    Secret,
    SecretStr,
    StringConstraints,
    ValidationError,
    model_validator,
)
from pydantic_settings import BaseSettings, EnvSettingsSource, SettingsConfigDict

from coop.domain.url import redact_url
from coop.domain.zone import Point, Zone, ZoneKind
from coop.errors import SettingsError
from coop.settings_errors import described
from coop.settings_sources import (
    ENV_PREFIX,
    anchored,
    credential_file,
    find_settings_file,
    merged,
    read_secret,
    read_toml,
    read_variables,
    system_timezone,
    xdg_folder,
)

CREDENTIAL = "telegram-token"
"""The name of the bot token among systemd's credentials."""

PATHS = (("data_dir",), ("cameras", "*", "url"), ("classify", "packages", "*"), ("telegram", "token_file"))
"""The keys that hold a path; in a file they are relative to the file."""

SCHEMES = ("rtsp", "rtsps", "http", "https", "sim")
TOKEN = re.compile(r"\d+:[A-Za-z0-9_-]+")


class SecretUrl(Secret[str]):
    """A URL that shows itself without its password; `get_secret_value()` gives the whole of it."""

    def _display(self) -> str:
        return redact_url(self.get_secret_value())


def _known_timezone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, OSError, ValueError):  # unknown; a folder such as "Europe"; a path
        raise ValueError('an IANA name such as "Europe/Berlin" or "UTC"') from None
    return name


def _known_source(url: SecretUrl) -> SecretUrl:
    text = url.get_secret_value()
    scheme, mark, _ = text.partition("://")
    if not text.strip() or (mark and scheme.lower() not in SCHEMES):
        allowed = ", ".join(f"{name}://" for name in SCHEMES)
        raise ValueError(f"{allowed}, a device such as /dev/video0, a video file or a folder of pictures")
    return url


def _bot_token(token: SecretStr) -> SecretStr:
    if not TOKEN.fullmatch(token.get_secret_value()):
        raise ValueError("the token as @BotFather gave it: digits, a colon, letters and digits")
    return token


def _web_address(url: str) -> str:
    if not url.startswith(("http://", "https://")):
        raise ValueError("an address that begins with http:// or https://")
    return url


def _database(url: SecretUrl) -> SecretUrl:
    if not url.get_secret_value().startswith(("sqlite:", "postgresql:", "postgresql+psycopg:")):
        raise ValueError("sqlite:///FILE or postgresql+psycopg://USER:PASSWORD@HOST/DATABASE")
    return url


def _enclosing(polygon: tuple[Point, ...]) -> tuple[Point, ...]:
    pairs = zip(polygon, polygon[1:] + polygon[:1], strict=True)
    if len(set(polygon)) < 3 or abs(sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in pairs)) < 1e-6:
        raise ValueError("at least three corners that enclose an area")
    return polygon


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


def _absolute(path: Path) -> Path:
    return path.expanduser().absolute()


Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9 _-]*$", max_length=40)]
"""A camera's or zone's name: it becomes part of file names, keys and messages."""
Share = Annotated[float, Field(ge=0, le=1)]
Polygon = Annotated[tuple[tuple[Share, Share], ...], AfterValidator(_enclosing)]
"""Corners as shares of the picture's width and height, so that it outlives a change of resolution."""
AnyPath = Annotated[Path, AfterValidator(_absolute)]
CameraUrl = Annotated[
    SecretUrl, AfterValidator(_known_source), Field(json_schema_extra={"format": "password"})
]
DatabaseUrl = Annotated[SecretUrl, AfterValidator(_database), Field(json_schema_extra={"format": "password"})]


class Section(BaseModel):
    """A table of the settings file. pydantic's own error texts show no input, since it may be a secret."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, allow_inf_nan=False)


class CoopSettings(Section):
    """The coop itself."""

    name: str = Field(default="the coop", min_length=1, max_length=60, description="What messages call it.")
    latitude: float | None = Field(
        default=None, ge=-90, le=90, description="Degrees north; with the longitude it gives dusk and dawn."
    )
    longitude: float | None = Field(default=None, ge=-180, le=180, description="Degrees east.")

    @model_validator(mode="after")
    def _both_or_none(self) -> CoopSettings:
        if (self.latitude is None) != (self.longitude is None):
            raise ValueError("latitude and longitude are given together or not at all")
        return self


class ZoneSettings(Section):
    """A named part of the picture."""

    kind: ZoneKind = Field(default=ZoneKind.OTHER, description="What is there.")
    polygon: Polygon = Field(
        description="Corners [x, y] in shares of the picture, 0 to 1, from the top left."
    )


class CameraSettings(Section):
    """A camera."""

    url: CameraUrl = Field(
        description="rtsp://, http(s):// (MJPEG), /dev/video0, a video file, a folder of pictures, or sim://."
    )
    enabled: bool = Field(
        default=True, description="false leaves the camera out without losing its settings."
    )
    fps: float = Field(default=5, gt=0, le=60, description="Frames analysed a second.")
    timeout_s: float = Field(
        default=10, ge=1, le=120, description="Seconds without a new frame before the camera is opened anew."
    )
    paced: bool = Field(
        default=True, description="Recordings: as fast as they were taken; false: as fast as possible."
    )
    zones: dict[Name, ZoneSettings] = Field(
        default_factory=dict,
        description="Named places; the first that holds the middle of a thing is its place.",
    )
    privacy_masks: tuple[Polygon, ...] = Field(
        default=(), description="Blackened at once: never analysed, kept or sent."
    )
    ignore_masks: tuple[Polygon, ...] = Field(
        default=(), description="Movement here is ignored: leaves, a web, a clock."
    )

    @property
    def domain_zones(self) -> tuple[Zone, ...]:
        """The zones as the steps of the flow want them, in the order of the file."""
        return tuple(
            Zone(name=name, kind=zone.kind, polygon=zone.polygon) for name, zone in self.zones.items()
        )


class MotionSettings(Section):
    """Where something moved."""

    sensitivity: Share = Field(default=0.5, description="0 sees only strong changes, 1 sees the faintest.")
    smallest: float = Field(
        default=0.0005,
        gt=0,
        le=0.5,
        description="The smallest thing that counts, as a share of the picture's area.",
    )
    settle_s: float = Field(
        default=3, ge=0.5, le=60, description="Seconds of quiet in a zone before its picture is taken."
    )


class TrackSettings(Section):
    """Which moving things are the same thing."""

    confirm_hits: int = Field(
        default=3, ge=1, le=50, description="Frames a thing must be seen in before it counts."
    )
    lost_after_s: float = Field(
        default=2.0, gt=0, le=60, description="Seconds unseen before a thing is gone."
    )


class ClassifySettings(Section):
    """What it is."""

    starter: bool = Field(
        default=True,
        description="Use the starter model while no trained one is active; false: report movement only.",
    )
    threads: int = Field(default=1, ge=1, le=64, description="Processor threads for one prediction.")
    max_per_second: float = Field(
        default=4, gt=0, le=100, description="Pictures classified a second and camera."
    )
    packages: dict[Literal["kinds", "hens", "nest"], AnyPath] = Field(
        default_factory=dict, description="Model package folders by task, instead of the active ones."
    )


class EventSettings(Section):
    """What counts as an event."""

    visit_gap_s: float = Field(
        default=300, ge=5, le=86400, description="Seconds out of sight that end a visit."
    )
    motion_cooldown_s: float = Field(
        default=300,
        ge=0,
        le=86400,
        description="Without a model: seconds between two reports of movement at one place.",
    )
    camera_lost_after_s: float = Field(
        default=30,
        ge=5,
        le=3600,
        description="Seconds without frames before the keeper is told that a camera is lost.",
    )
    predators: tuple[str, ...] = Field(
        default=("fox", "wild carnivore", "raptor", "owl", "snake"), description="Kinds that raise the alarm."
    )


class TelegramSettings(Section):
    """Whom we tell. Without a token, messages go to the console and to a folder."""

    token: Annotated[SecretStr, AfterValidator(_bot_token)] | None = Field(
        default=None, description="The bot's token from @BotFather; better kept in token_file."
    )
    token_file: AnyPath | None = Field(
        default=None,
        description="A file that holds the token and nothing else. systemd's credential is found by itself.",
    )
    chats: tuple[int, ...] = Field(
        default=(), description="Chat ids that are allowed besides the ones paired with `coop pair`."
    )
    base_url: Annotated[str, AfterValidator(_web_address)] | None = Field(
        default=None, description="An own Bot API server instead of Telegram's."
    )
    silent_routine: bool = Field(default=True, description="Only alarms make a sound.")

    @model_validator(mode="after")
    def _one_token(self) -> TelegramSettings:
        if self.token is not None and self.token_file is not None:
            raise ValueError("token and token_file are both given; keep one of them")
        return self


class StoreSettings(Section):
    """What we remember."""

    url: DatabaseUrl | None = Field(
        default=None,
        description="postgresql+psycopg://USER:PASSWORD@HOST/DATABASE; by default SQLite in data_dir.",
    )


class RetentionSettings(Section):
    """How long pictures are kept. Labelled pictures and the record itself are never deleted."""

    max_age_days: int = Field(
        default=30, ge=1, le=3650, description="Pictures older than this many days are deleted."
    )
    max_gib: float = Field(default=20, gt=0, description="All pictures together; the oldest go first.")
    min_free_gib: float = Field(
        default=2, ge=0.1, description="Room left on the disk; the oldest pictures go first."
    )


class ScheduleSettings(Section):
    """When things happen, in the coop's time zone. Avoid 01:00 to 03:00, when clocks change."""

    digest: time = Field(default=time(20, 30), description="The message that sums up the day.")
    backup: time = Field(default=time(3, 30), description="The daily backup into data_dir/backups.")
    backups_kept: int = Field(default=7, ge=1, le=365, description="Daily backups kept.")


class LogSettings(Section):
    """What the program says about itself, on standard error."""

    level: Annotated[Literal["debug", "info", "warning", "error"], BeforeValidator(_lower)] = Field(
        default="info", description="The least important line that is shown."
    )
    format: Annotated[Literal["text", "json"], BeforeValidator(_lower)] = Field(
        default="text", description="text for people, json (one object a line) for machines."
    )


class Settings(Section):
    """Everything that can be set."""

    data_dir: AnyPath = Field(
        default_factory=lambda: xdg_folder("XDG_DATA_HOME", ".local/share"),
        description="Where database, pictures, models and backups are.",
    )
    timezone: Annotated[str, AfterValidator(_known_timezone)] = Field(
        default_factory=system_timezone,
        description="Where the coop stands: decides what a day is. By default the system's, else UTC.",
    )
    coop: CoopSettings = CoopSettings()
    cameras: dict[Name, CameraSettings] = Field(default_factory=dict, description="Cameras by name.")
    motion: MotionSettings = MotionSettings()
    track: TrackSettings = TrackSettings()
    classify: ClassifySettings = ClassifySettings()
    events: EventSettings = EventSettings()
    telegram: TelegramSettings = TelegramSettings()
    store: StoreSettings = StoreSettings()
    retention: RetentionSettings = RetentionSettings()
    schedule: ScheduleSettings = ScheduleSettings()
    log: LogSettings = LogSettings()

    @property
    def zone(self) -> ZoneInfo:
        """The time zone that decides what a day is."""
        return ZoneInfo(self.timezone)

    @property
    def active_cameras(self) -> dict[str, CameraSettings]:
        """The cameras that are not switched off, by name."""
        return {name: camera for name, camera in self.cameras.items() if camera.enabled}


class _FromEnvironment(Settings, BaseSettings):
    """The same tree, as pydantic-settings wants to see it for reading environment variables."""

    model_config = SettingsConfigDict(env_prefix=ENV_PREFIX, env_nested_delimiter="__", env_ignore_empty=True)


def load_settings(path: Path | None = None) -> Settings:
    """The settings from a file and the environment; variables win over the file.

    Without ``path``: `coop.toml` in the working folder, else in the XDG configuration folder, else defaults.
    The bot token is fetched from ``telegram.token_file`` or systemd's credential; ``telegram.token`` then
    holds it. Raises `SettingsError` with one line per problem, never showing a secret.
    """
    file = find_settings_file() if path is None else path.expanduser().absolute()
    where = str(file) if file else "Settings"
    from_file = anchored(read_toml(file), PATHS, file.parent) if file else {}
    schema = Settings.model_json_schema()
    variables = read_variables(schema)
    problems = list(variables.problems)
    from_environment = {} if variables.unreadable else EnvSettingsSource(_FromEnvironment)()
    try:
        settings = Settings.model_validate(merged(from_file, from_environment))
    except ValidationError as error:
        problems += described(error, schema, variables.names)
    if problems:
        raise SettingsError(where, problems)
    return _with_token(settings, where)


def _with_token(settings: Settings, where: str) -> Settings:
    file = settings.telegram.token_file or credential_file(CREDENTIAL)
    if settings.telegram.token is not None or file is None:
        return settings
    text = read_secret(file, where)
    if not TOKEN.fullmatch(text):
        raise SettingsError(
            where,
            [
                f"telegram.token_file = {file}: holds no bot token; write into it the token "
                "as @BotFather gave it, and nothing else"
            ],
        )
    telegram = settings.telegram.model_copy(update={"token": SecretStr(text)})
    return settings.model_copy(update={"telegram": telegram})
