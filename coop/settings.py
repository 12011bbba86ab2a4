"""The single settings tree: typed, frozen, every key described; read from `coop.toml` and the environment.

`Settings(...)` reads nothing but its arguments. `load_settings()` reads the file, lets environment
variables (`COOP_`, nested with `__`: `COOP_LOG__LEVEL=debug`) win over it, and fetches the bot token.
"""

from __future__ import annotations

from datetime import time
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, EnvSettingsSource, SettingsConfigDict

from coop.domain.zone import Zone, ZoneKind
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
from coop.settings_values import (
    AnyCase,
    AnyPath,
    BotToken,
    CameraUrl,
    ClipWish,
    DatabaseUrl,
    Name,
    Polygon,
    Share,
    StreamUrl,
    TaskName,
    Timezone,
    WebAddress,
    is_bot_token,
)

CREDENTIAL = "telegram-token"
"""The name of the bot token among systemd's credentials."""

NEST_EVERY_S = 600
"""A nest box has its picture taken so often where nothing else is set."""

PATHS = (("data_dir",), ("cameras", "*", "url"), ("classify", "packages", "*"), ("telegram", "token_file"))
"""The keys that hold a path; in a file they are relative to the file."""


class Section(BaseModel):
    """A table of the settings file. pydantic's own error texts show no input, since it may be a secret."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, allow_inf_nan=False)


class CoopSettings(Section):
    """The coop itself."""

    name: str = Field(default="the coop", min_length=1, max_length=60, description="What messages call it.")
    latitude: float | None = Field(
        default=None,
        ge=-90,
        le=90,
        examples=[51.48],
        description="Degrees north; with the longitude it gives dusk and dawn.",
    )
    longitude: float | None = Field(
        default=None, ge=-180, le=180, examples=[0.0], description="Degrees east."
    )

    @model_validator(mode="after")
    def _both_or_none(self) -> CoopSettings:
        if (self.latitude is None) != (self.longitude is None):
            raise ValueError("latitude and longitude are given together or not at all")
        return self


class ZoneSettings(Section):
    """A named part of the picture."""

    kind: ZoneKind = Field(default=ZoneKind.OTHER, examples=["nest box"], description="What is there.")
    polygon: Polygon = Field(
        examples=[[[0.1, 0.6], [0.4, 0.6], [0.4, 0.9], [0.1, 0.9]]],
        description="Corners [x, y] in shares of the picture, 0 to 1, from the top left.",
    )
    every_s: int | None = Field(
        default=None,
        ge=0,
        le=86_400,
        examples=[NEST_EVERY_S],
        description="Seconds between two pictures of it, 0: none; by default 600 for a nest box, else 0.",
    )


class CameraSettings(Section):
    """A camera."""

    url: CameraUrl = Field(
        examples=["rtsp://user:password@192.168.1.20:554/stream2"],
        description="rtsp://, http(s):// (MJPEG, stills), /dev/video0, a video file, a folder of pictures, or sim://.",
    )
    main_url: StreamUrl | None = Field(
        default=None,
        examples=["rtsp://user:password@192.168.1.20:554/stream1"],
        description="Its large stream, from which pictures are cut; decoded only while something is there.",
    )
    enabled: bool = Field(
        default=True, description="false leaves the camera out without losing its settings."
    )
    fps: float = Field(default=5, gt=0, le=60, description="Frames analysed a second.")
    timeout_s: float = Field(
        default=5, ge=1, le=120, description="Seconds without a new frame before the camera is opened anew."
    )
    frozen_s: float = Field(
        default=60,
        ge=0,
        le=86_400,
        description="Seconds of one and the same picture after which the camera hangs; 0: never.",
    )
    paced: bool = Field(
        default=True, description="Recordings: as fast as they were taken; false: as fast as possible."
    )
    clips: bool = Field(default=True, description="false: no clips of this camera.")
    zones: dict[Name, ZoneSettings] = Field(
        default_factory=dict,
        description="Named places; the first that holds the middle of a thing is its place.",
    )
    privacy_masks: tuple[Polygon, ...] = Field(
        default=(),
        examples=[[[[0.8, 0.0], [1.0, 0.0], [1.0, 0.3], [0.8, 0.3]]]],
        description="Blackened at once: never analysed, kept or sent.",
    )
    ignore_masks: tuple[Polygon, ...] = Field(
        default=(),
        examples=[[[[0.0, 0.0], [0.3, 0.0], [0.3, 0.1], [0.0, 0.1]]]],
        description="Movement here is ignored: leaves, a web, a clock.",
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
    absorb_s: float = Field(
        default=60,
        ge=1,
        le=86_400,
        description="Seconds until a thing that was put down, such as a bucket, is background.",
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
    stranger_beyond: float = Field(
        default=1.1,
        ge=0.5,
        le=10,
        description="A hen seen well is a stranger who is this many times as unlike all hens as those get.",
    )
    packages: dict[TaskName, AnyPath] = Field(
        default_factory=dict,
        examples=[{"hens": "models/hens/3"}],
        description="Model package folders by task, instead of the active ones.",
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
        default=("fox", "marten", "wild carnivore", "rat", "raptor", "owl", "snake"),
        description="Kinds that raise the alarm.",
    )
    warnings: tuple[str, ...] = Field(
        default=("dog",),
        description="Kinds that are told once, aloud, without the alarm; others are only recorded.",
    )


class NestSettings(Section):
    """Nest boxes and eggs: which hen laid today's?"""

    repeats: int = Field(
        default=3, ge=1, le=20, description="Pictures that must agree before a number of eggs counts."
    )
    again_s: float = Field(
        default=20,
        ge=1,
        le=3600,
        description="Seconds until a nest whose number is not sure yet is looked at again.",
    )
    suspect_days: float = Field(
        default=7, ge=1, le=90, description="Days without an egg that put a hen under suspicion."
    )


class HensSettings(Section):
    """The flock: who belongs to it, and when somebody is missed."""

    names: tuple[str, ...] = Field(
        default=(),
        examples=[["Clover", "Daisy"]],
        description="The hens' names; by default those that the model of the task hens knows.",
    )
    missing_by: time = Field(default=time(11), description="A hen that was not seen by this hour is missing.")
    roll_call_min: float = Field(
        default=10,
        ge=-120,
        le=180,
        description="Minutes after sunset at which all must be home, before the door closes.",
    )


class HealthSettings(Section):
    """The watch over the watch itself."""

    pictures: bool = Field(
        default=True, description="Tell of a camera that is dark by day, covered, blurred or moved."
    )
    hot_c: float = Field(
        default=80, ge=40, le=120, description="Degrees Celsius from which the box is too hot."
    )


class ClipSettings(Section):
    """Short films of what happened (MP4, as phones play it)."""

    of: tuple[ClipWish, ...] = Field(
        default=("predator", "first arrival", "motion"),
        description='Of: "predator", "first arrival" (of a hen\'s day), "arrival" (any), "animal", '
        '"motion" (without a model).',
    )
    pre_roll_s: float = Field(
        default=5, ge=0, le=30, description="Seconds shown of the time before the event."
    )
    post_roll_s: float = Field(
        default=5, ge=0, le=60, description="Seconds out of sight that end a clip; they are shown too."
    )
    longest_s: float = Field(default=60, ge=5, le=600, description="Seconds that a clip lasts at most.")
    width: int = Field(default=640, ge=160, le=1920, description="Pixels that a clip is wide at most.")
    fps: float = Field(
        default=10,
        ge=0.5,
        le=30,
        description="Frames a second at most, of those that are analysed (cameras: fps).",
    )
    memory_mib: float = Field(
        default=32, ge=1, le=512, description="Memory for the pre-roll of one camera; less room, less of it."
    )

    @model_validator(mode="after")
    def _room_for_both(self) -> ClipSettings:
        if self.pre_roll_s + self.post_roll_s > self.longest_s:
            raise ValueError("longest_s is at least pre_roll_s and post_roll_s together")
        return self


class TelegramSettings(Section):
    """Whom we tell. Without a token, messages go to the console and to a folder."""

    token: BotToken | None = Field(
        default=None,
        examples=["123456789:the-rest-of-the-token"],
        description="The bot's token from @BotFather; better kept in token_file.",
    )
    token_file: AnyPath | None = Field(
        default=None,
        examples=["telegram-token"],
        description="A file that holds the token and nothing else. systemd's credential is found by itself.",
    )
    chats: tuple[int, ...] = Field(
        default=(),
        examples=[[123456789]],
        description="Chat ids that are allowed besides the ones paired with `coop pair`.",
    )
    base_url: WebAddress | None = Field(
        default=None,
        examples=["http://127.0.0.1:8081"],
        description="An own Bot API server instead of Telegram's.",
    )
    language: Annotated[Literal["en", "ru"], AnyCase] = Field(
        default="en", description="Of pictures, and of chats that chose none: en (English), ru (Russian)."
    )
    cooldown_s: int = Field(
        default=600,
        ge=0,
        le=86_400,
        description="Seconds in which a kind of predator raises no second alarm.",
    )
    together_s: int = Field(
        default=600,
        ge=0,
        le=3600,
        description="Hens that come within so many seconds are told in one message.",
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
        examples=["postgresql+psycopg://coop:password@localhost/coop"],
        description="postgresql+psycopg://USER:PASSWORD@HOST/DATABASE; by default SQLite in data_dir.",
    )


class RetentionSettings(Section):
    """How long pictures are kept. Labelled and imported pictures and the record itself are never deleted."""

    max_age_days: int = Field(
        default=30, ge=1, le=3650, description="Pictures older than this many days are deleted."
    )
    max_gib: float = Field(default=20, gt=0, description="All pictures together; the oldest go first.")
    details_days: int = Field(
        default=400,
        ge=30,
        le=36_500,
        description="Sightings, nest readings, sent messages and such details go after so many days.",
    )
    min_free_gib: float = Field(
        default=2, ge=0.1, description="Room left on the disk; the oldest pictures go first."
    )


class ScheduleSettings(Section):
    """When things happen, in the coop's time zone. Avoid 01:00 to 03:00, when clocks change."""

    digest: time = Field(default=time(20, 30), description="The message that sums up the day.")
    weekly: time = Field(default=time(19, 30), description="On Sundays, the message that sums up the week.")
    backup: time = Field(default=time(3, 30), description="The daily backup into data_dir/backups.")
    backups_kept: int = Field(default=7, ge=1, le=365, description="Daily backups kept.")
    training: time = Field(
        default=time(0, 30),
        description="When `coop run` starts the nightly training; as a service, coop-nightly.timer does.",
    )


class TrainingSettings(Section):
    """Learning from new labels at night, in a process of its own; `coop check` says whether it can."""

    tasks: tuple[TaskName, ...] = Field(
        default=("kinds", "hens", "nest"), description="What is learned anew at night; []: nothing."
    )
    new_labels: int = Field(
        default=50, ge=1, description="So many pictures labelled since the last training are worth another."
    )
    tune_at_most: int = Field(
        default=3000,
        ge=0,
        description="With the extra `train`: of more pictures only the head is learned, in seconds.",
    )


class LabelingSettings(Section):
    """The labelling page, `coop label`."""

    host: str = Field(
        default="127.0.0.1",
        min_length=1,
        description="Where the page listens. Anything but this machine alone (127.0.0.1) asks for logins.",
    )
    port: int = Field(default=8484, ge=1, le=65535, description="Its port.")
    names: tuple[str, ...] = Field(
        default=(),
        examples=[["coop.example.org"]],
        description="Names it is reached by besides this machine's own; with any, people log in.",
    )
    session_days: int = Field(default=30, ge=1, le=365, description="A login lasts so many days.")
    lease_s: int = Field(
        default=120, ge=30, le=3600, description="A visit is kept for one person so many seconds."
    )
    cache_mib: int = Field(default=1024, ge=16, description="Room for thumbnails, which are made again.")
    random_share: Share = Field(
        default=0.1, description="Visits that come at random among those that teach most."
    )
    audit_share: Share = Field(
        default=0.05, description="Visits labelled without suggestions, which shows how good the model is."
    )
    double_share: Share = Field(
        default=0.05, description="Visits that a second person labels too, which shows how good people are."
    )
    visit_gap_s: float = Field(
        default=300,
        ge=0,
        le=86_400,
        description="Imported pictures: a pause of so many seconds ends a visit.",
    )
    near_duplicates_per_visit: int = Field(
        default=3,
        ge=1,
        le=1000,
        description="So many of a visit's pictures that look alike go into a dataset.",
    )


class LogSettings(Section):
    """What the program says about itself, on standard error."""

    level: Annotated[Literal["debug", "info", "warning", "error"], AnyCase] = Field(
        default="info", description="The least important line that is shown."
    )
    format: Annotated[Literal["text", "json"], AnyCase] = Field(
        default="text", description="text for people, json (one object a line) for machines."
    )


class Settings(Section):
    """Everything that can be set."""

    data_dir: AnyPath = Field(
        default_factory=lambda: xdg_folder("XDG_DATA_HOME", ".local/share"),
        examples=["~/.local/share/neurocoop"],
        description="Where database, pictures, models and backups are.",
    )
    timezone: Timezone = Field(
        default_factory=system_timezone,
        examples=["Europe/London"],
        description="Where the coop stands: decides what a day is. By default the system's, else UTC.",
    )
    coop: CoopSettings = CoopSettings()
    cameras: dict[Name, CameraSettings] = Field(default_factory=dict, description="Cameras by name.")
    motion: MotionSettings = MotionSettings()
    track: TrackSettings = TrackSettings()
    classify: ClassifySettings = ClassifySettings()
    events: EventSettings = EventSettings()
    nests: NestSettings = NestSettings()
    hens: HensSettings = HensSettings()
    health: HealthSettings = HealthSettings()
    clips: ClipSettings = ClipSettings()
    telegram: TelegramSettings = TelegramSettings()
    store: StoreSettings = StoreSettings()
    retention: RetentionSettings = RetentionSettings()
    schedule: ScheduleSettings = ScheduleSettings()
    training: TrainingSettings = TrainingSettings()
    labeling: LabelingSettings = LabelingSettings()
    log: LogSettings = LogSettings()

    @property
    def zone(self) -> ZoneInfo:
        """The time zone that decides what a day is."""
        return ZoneInfo(self.timezone)

    @property
    def secrets(self) -> tuple[str, ...]:
        """What no log line may show: the bot's token and the passwords in URLs."""
        urls = [url for camera in self.cameras.values() for url in (camera.url, camera.main_url) if url]
        urls += [self.store.url] if self.store.url is not None else []
        passwords = [urlsplit(url.get_secret_value()).password for url in urls]
        token = self.telegram.token.get_secret_value() if self.telegram.token is not None else None
        return tuple(secret for secret in (token, *passwords) if secret)

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
    if not is_bot_token(text):
        raise SettingsError(
            where,
            [
                f"telegram.token_file = {file}: holds no bot token; write into it the token "
                "as @BotFather gave it, and nothing else"
            ],
        )
    telegram = settings.telegram.model_copy(update={"token": SecretStr(text)})
    return settings.model_copy(update={"telegram": telegram})
