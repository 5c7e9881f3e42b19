"""Tasks that do real work on what every machine has. `make run` runs them; examples/beat.toml says when.

What they write goes to `.demo/` in the working directory.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import subprocess
import tarfile
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from beat import crontab
from jobq import App

app = App("examples")
OUTPUT = Path(".demo")


@app.on_after_configure.connect
def add_entries(sender: App, **_: Any) -> None:
    """An entry in code. Those in beat.toml are the same thing written elsewhere."""
    sender.add_periodic_task(crontab(minute="*/2"), zones.s(days=180), name="zones-in-code", catchup="skip")


@app.task
def host() -> dict[str, Any]:
    """How this machine is doing."""
    disk = shutil.disk_usage(".")
    return {
        "host": platform.node(),
        "load": round(os.getloadavg()[0], 2),
        "cpus": os.cpu_count(),
        "disk_free_gb": round(disk.free / 1e9, 1),
        "disk_used_percent": round(100 * disk.used / disk.total, 1),
    }


@app.task
def archive(folder: str | None = None, keep: int = 3) -> dict[str, Any]:
    """Pack a folder, write its checksum beside it, and keep the newest few. Without one, the `json` package's."""
    source = Path(folder) if folder else Path(json.__file__).parent
    target = OUTPUT / "archives"
    target.mkdir(parents=True, exist_ok=True)
    name = f"{source.name}-{datetime.now(UTC):%Y%m%dT%H%M%S.%f}.tar.gz"

    # Each file appears under its name only when it is whole, and the checksum last: what has one can be checked.
    unfinished = target / f"{name}.part"
    with tarfile.open(unfinished, "w:gz") as pack:
        pack.add(source, arcname=source.name)
        files = sum(member.isfile() for member in pack.getmembers())
    digest = _sha256(unfinished)
    unfinished.rename(target / name)
    unfinished.write_text(f"{digest}  {name}\n")
    unfinished.rename(target / f"{name}.sha256")

    stale = sorted(target.glob(f"{source.name}-*.tar.gz"))[:-keep]
    for old in stale:
        old.with_name(f"{old.name}.sha256").unlink(missing_ok=True)
        old.unlink(missing_ok=True)
    return {
        "archive": str(target / name),
        "files": files,
        "bytes": (target / name).stat().st_size,
        "sha256": digest[:12],
        "removed": len(stale),
    }


class ArchiveDamagedError(Exception):
    """The archive does not have the checksum that was written beside it."""


# Right after the start there is no archive yet, and one may be rotated away while it is read: both are worth
# another try a little later, and so is a read that went wrong. What stays wrong ends as a failed job.
@app.task(
    autoretry_for=(OSError, ArchiveDamagedError),
    max_retries=4,
    default_retry_delay=1,
    retry_backoff=True,
    retry_backoff_max=30,
)
def verify() -> dict[str, Any]:
    """Read the newest archive back, and compare it with its checksum."""
    checksums = sorted((OUTPUT / "archives").glob("*.sha256"), key=lambda path: path.stat().st_mtime)
    if not checksums:
        raise FileNotFoundError(f"There is no archive in {OUTPUT / 'archives'} yet.")
    expected, name = checksums[-1].read_text().split()
    if _sha256(checksums[-1].with_name(name)) != expected:
        raise ArchiveDamagedError(f"{name} does not have the checksum that was written beside it.")
    return {"verified": name, "archives": len(checksums)}


@app.task
def zones(days: int = 365) -> dict[str, Any]:
    """Which way the world's clocks change next, from this machine's own zone database."""
    now = datetime.now(UTC)
    names = sorted(available_timezones())
    directions: Counter[str] = Counter()
    soonest: tuple[datetime, str] | None = None
    for name in names:
        found = _next_change(ZoneInfo(name), now, days)
        if found is None:
            directions["none"] += 1
            continue
        at, change = found
        directions["forward" if change > timedelta() else "back"] += 1
        if soonest is None or at < soonest[0]:
            soonest = (at, name)
    report: dict[str, Any] = {"zones": len(names), "days": days, **directions}
    if soonest:
        report["next"] = {"zone": soonest[1], "at": soonest[0].isoformat()}
    return report


@app.task(time_limit=60)
def video(seconds: int = 2) -> dict[str, Any]:
    """Make a short video, and convert it to half its size."""
    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg is None:
        return {"skipped": "There is no ffmpeg on PATH; with it, this task makes a video and converts it."}
    OUTPUT.mkdir(exist_ok=True)
    source, target = OUTPUT / "video.mkv", OUTPUT / "video.mp4"
    picture = f"testsrc=duration={seconds}:size=640x360:rate=25"
    quiet = [ffmpeg, "-nostdin", "-loglevel", "error", "-y"]
    make = [*quiet, "-f", "lavfi", "-i", picture, "-c:v", "ffv1", source]
    convert = [*quiet, "-i", source, "-vf", "scale=320:180", "-c:v", "mpeg4", target]
    for command in (make, convert):
        subprocess.run(command, check=True)  # noqa: S603 - every word of it is written above
    return {"video": str(target), "bytes_before": source.stat().st_size, "bytes_after": target.stat().st_size}


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _next_change(zone: ZoneInfo, start: datetime, days: int) -> tuple[datetime, timedelta] | None:
    """The first change of a zone's offset within `days`, to the minute, and by how much."""

    def offset(instant: datetime) -> timedelta:
        return instant.astimezone(zone).utcoffset() or timedelta()

    for day in range(days):
        before = start + timedelta(days=day)
        after = before + timedelta(days=1)
        change = offset(after) - offset(before)
        if change:
            while after - before > timedelta(minutes=1):
                middle = before + (after - before) / 2
                if offset(middle) == offset(before):
                    before = middle
                else:
                    after = middle
            return after.replace(second=0, microsecond=0), change
    return None
