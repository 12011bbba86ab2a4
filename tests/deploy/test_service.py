"""The systemd unit: valid, locked down, and not so locked that the watch cannot work."""

from __future__ import annotations

import configparser
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from coop.settings import CREDENTIAL, load_settings

Tool = Callable[[str], str]


@pytest.fixture(scope="session")
def unit(checkout: Path) -> Path:
    return checkout / "deploy" / "coop.service"


@pytest.fixture(scope="session")
def nightly(checkout: Path) -> Path:
    return checkout / "deploy" / "coop-nightly.service"


@pytest.fixture(scope="session")
def service(unit: Path) -> configparser.SectionProxy:
    return section(unit, "Service")


def section(unit: Path, name: str) -> configparser.SectionProxy:
    """A section of a unit; of a key that stands twice, the last value."""
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read(unit, encoding="utf-8")
    return parser[name]


def security_score(systemd_analyze: str, unit: Path) -> float:
    command = [systemd_analyze, "security", "--offline=true", "--no-pager", str(unit)]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    score = re.search(r"Overall exposure level for \S+: ([\d.]+)", text)
    assert score, text
    return float(score[1])


def test_the_service_is_locked_down(unit: Path, tool: Tool, tmp_path: Path) -> None:
    systemd_analyze = tool("systemd-analyze")
    assert security_score(systemd_analyze, unit) < 2.0
    open_unit = tmp_path / "coop.service"
    open_unit.write_text("[Service]\nExecStart=/bin/true\n")
    assert security_score(systemd_analyze, open_unit) > 9.0


def test_the_nightly_training_is_locked_down_and_gives_way(nightly: Path, tool: Tool, unit: Path) -> None:
    assert security_score(tool("systemd-analyze"), nightly) < 2.0
    learning, watching = section(nightly, "Service"), section(unit, "Service")
    assert (learning["Type"], learning["Nice"], learning["IOSchedulingClass"]) == ("oneshot", "19", "idle")
    assert int(learning["CPUWeight"]) < 100, "that of the watch"
    assert learning["MemoryMax"].endswith("%") and int(learning["OOMScoreAdjust"]) > 0
    assert learning["Restart"] == "on-failure"
    same = ("User", "Environment", "LoadCredential", "StateDirectory", "WorkingDirectory")
    assert [learning[key] for key in same] == [watching[key] for key in same], "the same settings and data"


def test_systemd_understands_the_nightly_training_and_its_timer(
    nightly: Path, tool: Tool, tmp_path: Path
) -> None:
    text = nightly.read_text(encoding="utf-8").replace("/opt/neurocoop/bin/coop nightly", "/bin/true")
    (tmp_path / nightly.name).write_text(text)
    timer = nightly.with_suffix(".timer")
    (tmp_path / timer.name).write_text(timer.read_text(encoding="utf-8"))
    command = [tool("systemd-analyze"), "verify", "--man=no", str(tmp_path / timer.name)]
    verified = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "coop-nightly" not in verified.stdout + verified.stderr
    timing = section(timer, "Timer")
    assert timing["Persistent"] == "true" and "OnBootSec" in timing


def test_systemd_understands_every_line(unit: Path, tool: Tool, tmp_path: Path) -> None:
    text = unit.read_text(encoding="utf-8").replace("/opt/neurocoop/bin/coop run", "/bin/true")
    copy = tmp_path / "coop.service"
    copy.write_text(text)
    command = [tool("systemd-analyze"), "verify", "--man=no", str(copy)]
    verified = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "coop.service" not in verified.stdout + verified.stderr
    copy.write_text(text.replace("ProtectHome=yes", "ProtectHouse=yes"))
    assert "ProtectHouse" in subprocess.run(command, capture_output=True, text=True, check=False).stderr


def test_the_watch_is_started_again_and_stopped_in_time(service: configparser.SectionProxy) -> None:
    assert service["Type"] == "notify"
    assert service["Restart"] == "always"
    assert int(service["WatchdogSec"]) > 0
    assert 5 <= int(service["TimeoutStopSec"]) <= 10
    assert service["ExecReload"].split()[1] == "-HUP"


def test_the_service_finds_the_settings_and_the_token_that_are_installed(
    service: configparser.SectionProxy, unit: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    variables = dict(
        pair.split("=", 1)
        for line in re.findall(r"^Environment=(.*)$", unit.read_text(encoding="utf-8"), re.MULTILINE)
        for pair in line.split()
    )
    name, source = service["LoadCredential"].split(":")
    assert (name, source) == (CREDENTIAL, "/etc/neurocoop/telegram-token")
    for variable in ("XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(variable, str(tmp_path) + variables[variable])
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path / "etc" / "neurocoop"))
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "etc" / "neurocoop"
    folder.mkdir(parents=True)
    (folder / "coop.toml").write_text("[coop]\nname = 'installed'")
    (folder / "telegram-token").write_text("123:abc\n")
    settings = load_settings()
    assert settings.coop.name == "installed"
    assert settings.telegram.token is not None
    assert settings.data_dir == Path(f"{tmp_path}/var/lib/{service['StateDirectory']}")


REFUSE_WRITE_AND_EXECUTE = """
import ctypes, mmap, sys
PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN = 65, 1
if ctypes.CDLL(None).prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0):
    sys.exit(77)
try:
    mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    sys.exit(78)
except PermissionError:
    pass
"""

DRIVERS_AT_WORK = """
import io
from pathlib import Path
import av, cv2, numpy as np, scipy.optimize, sqlalchemy, telegram, uvicorn
from coop.classify.package import ModelPackage
from coop.classify.runtime import Classifier
from coop.classify.starter import ensure_starter

picture = np.random.default_rng(7).integers(0, 255, (240, 320, 3), np.uint8)
model = Classifier(ModelPackage.load(ensure_starter(Path(sys.argv[1]))), threads=2)
assert model.predict([picture])[0].task == "kinds"
cv2.createBackgroundSubtractorKNN().apply(cv2.GaussianBlur(picture, (5, 5), 0))
scipy.optimize.linear_sum_assignment(np.eye(3))
with av.open(io.BytesIO(), "w", format="mp4") as film:
    stream = film.add_stream("libx264", rate=5)
    stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
    for _ in range(8):
        film.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="bgr24")))
    film.mux(stream.encode(None))
sqlalchemy.create_engine("sqlite://").connect().exec_driver_sql("select 1")
print("all work")
"""


def test_the_drivers_work_where_written_memory_is_never_executed(
    service: configparser.SectionProxy, tmp_path: Path, checkout: Path
) -> None:
    """MemoryDenyWriteExecute=yes breaks TensorFlow; what the daemon uses is tried under the same rule."""
    assert service["MemoryDenyWriteExecute"] == "yes"
    command = [sys.executable, "-c", REFUSE_WRITE_AND_EXECUTE + DRIVERS_AT_WORK, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=checkout)
    if done.returncode == 77:
        pytest.skip("this kernel (before 6.3) cannot refuse it to one process")
    assert done.returncode == 0, done.stderr
    assert "all work" in done.stdout
