"""What the benchmarks share: a Redis of their own, and how figures are printed."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "support"))

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def stores(*names: str) -> Iterator[dict[str, str]]:
    """URLs of fresh stores by name: redis (no persistence), sqlite (durable), sqlite-off (no fsync)."""
    import tempfile

    from redis_server import RedisServer, find

    with tempfile.TemporaryDirectory() as folder:
        urls = {
            "sqlite": f"sqlite:///{folder}/durable.db",
            "sqlite-off": f"sqlite:///{folder}/off.db?synchronous=off",
        }
        server = None
        if "redis" in names or not names:
            program = find()
            if program is None:
                raise SystemExit("no Redis server was found; `make test` says what to install")
            server = RedisServer(program, Path(folder))
            server.start()
            urls["redis"] = server.url
        try:
            yield {name: urls[name] for name in names or urls}
        finally:
            if server is not None:
                server.stop()


def row(name: str, *figures: str) -> None:
    print(f"{name:<34}", *(f"{figure:>20}" for figure in figures))
