"""`coop zones CAMERA`: one picture of the camera with its zones and masks drawn in."""

from __future__ import annotations

from pathlib import Path

import cv2

from coop.assembly import camera_source, first_frame
from coop.domain.frame import Picture
from coop.errors import OutputError, SettingsError
from coop.frame.masked import own_zones
from coop.notify.zone_map import zone_map
from coop.settings import CameraSettings, Settings

SUFFIX = ".png"


def draw_zones(name: str, out: Path | None, settings: Settings) -> Path:
    """Write the map of a camera's zones as a PNG, and return where it is. Raises `CoopError`.

    Without ``out`` it comes into the working folder, under the camera's name. Zones that the source itself
    knows count where the settings name none.
    """
    camera = _camera(name, settings)
    file = _file(name, out)
    source = camera_source(name, camera, settings, fps=camera.fps)
    drawn = zone_map(
        first_frame(source, name).image,
        camera.domain_zones or own_zones(source),
        ignore_masks=camera.ignore_masks,
        privacy_masks=camera.privacy_masks,
    )
    _write(file, drawn)
    return file


def _camera(name: str, settings: Settings) -> CameraSettings:
    if name not in settings.cameras:
        known = ", ".join(settings.cameras) or "none"
        raise SettingsError("CAMERA", [f"{name}: no such camera in the settings, only: {known}"])
    return settings.cameras[name]


def _file(name: str, out: Path | None) -> Path:
    if out is None:
        return Path(f"zones-{name.replace(' ', '-')}{SUFFIX}")
    if out.suffix.lower() != SUFFIX:
        raise SettingsError("--out", [f"{out}: a picture with lines and letters; name it FILE{SUFFIX}"])
    return out


def _write(file: Path, picture: Picture) -> None:
    encoded, data = cv2.imencode(SUFFIX, picture)
    if not encoded:
        raise ValueError(f"A picture of shape {picture.shape} could not be encoded as PNG")
    try:
        file.write_bytes(data.tobytes())
    except OSError as error:
        remedy = "Choose a folder that exists and may be written, on a disk with room"
        raise OutputError(file, f"cannot be written: {error.strerror}", remedy) from None
