"""A disk that fails: the kernel makes its file system read-only under whoever uses it, until somebody repairs it.

`mount -o remount,ro` is no stand-in: it is refused for as long as somebody has a file open for writing. So this is a
file system of ext4 in a file, which can be told to take itself for broken (`trigger_fs_error`). What the kernel has made
read-only so, it makes writable no more: it is unmounted, which waits until nobody has a file open there, checked, and
mounted again.
"""

from __future__ import annotations

import subprocess
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

DISK_MB = 64
MENDED = 1
"""How e2fsck ends that has found something, and put it right."""


class FailingDisk:
    """`folder` is on the disk, and is not there while that is not mounted: nobody begins a new file in its place."""

    def __init__(self, image: Path, mounted_at: Path) -> None:
        self._image = image
        self._mounted_at = mounted_at
        self.folder = mounted_at / "inside"

    def mount(self) -> None:
        _run("mount", "-o", "loop,errors=remount-ro", str(self._image), str(self._mounted_at))

    def unmount(self) -> bool:
        return (
            subprocess.run(["umount", str(self._mounted_at)], capture_output=True, check=False).returncode
            == 0
        )

    def trigger(self) -> Path:
        device = _run("findmnt", "-no", "SOURCE", str(self._mounted_at)).strip()
        return Path("/sys/fs/ext4", Path(device).name, "trigger_fs_error")

    def fail(self) -> None:
        self.trigger().write_text("a test")

    def repair(self) -> None:
        wait_until(self.unmount, what="all to let go of the disk")
        _run("e2fsck", "-p", str(self._image), most=MENDED)
        self.mount()


@contextmanager
def failing_disk(folder: Path) -> Iterator[FailingDisk | None]:
    """None where this user may not mount one, or this machine has no such file system."""
    image, mounted_at = folder / "disk.img", folder / "disk"
    mounted_at.mkdir()
    image.touch()
    disk = FailingDisk(image, mounted_at)
    fit = False
    try:
        with suppress(OSError, subprocess.SubprocessError):
            _run("truncate", "-s", f"{DISK_MB}M", str(image))
            _run("mkfs.ext4", "-q", str(image))
            disk.mount()
            disk.folder.mkdir()
            fit = disk.trigger().exists()
        yield disk if fit else None
    finally:
        subprocess.run(["umount", "--lazy", str(mounted_at)], capture_output=True, check=False)


def _run(*words: str, most: int = 0) -> str:
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if not 0 <= done.returncode <= most:
        raise subprocess.CalledProcessError(done.returncode, words, done.stdout, done.stderr)
    return done.stdout
