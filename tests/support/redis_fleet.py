"""A Redis with replicas, watched by Sentinels: real servers on loopback ports."""

from __future__ import annotations

import contextlib
import subprocess
from typing import TYPE_CHECKING

import redis
from redis_server import RedisServer
from waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

SERVICE = "mymaster"


class SentinelServer(RedisServer):
    """One Sentinel that watches a master. It believes a master dead that is silent for half a second."""

    def __init__(
        self, program: Path, folder: Path, *, port_of_master: int, lines: Sequence[str] = ()
    ) -> None:
        passwords = [line.split()[1] for line in lines if line.startswith("requirepass ")]
        super().__init__(program, folder, options={"requirepass": passwords[0]} if passwords else None)
        self.lines = [
            f"sentinel monitor {SERVICE} 127.0.0.1 {port_of_master} 2",
            f"sentinel down-after-milliseconds {SERVICE} 500",
            f"sentinel failover-timeout {SERVICE} 3000",
            *lines,
        ]

    def _spawn(self, port: int) -> subprocess.Popen[bytes]:
        """From a file that it may write to, as Sentinels insist on."""
        config = self.folder / "sentinel.conf"
        own = [f"port {port}", "bind 127.0.0.1", f"dir {self.folder}", f"logfile {self.folder / 'redis.log'}"]
        config.write_text("\n".join([*own, *self.lines, ""]))
        return subprocess.Popen(
            [self.program, config, "--sentinel"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        )

    def _answers(self, port: int) -> bool:
        """Sentinels of 7.0 do not know QUIT."""
        with redis.Redis(port=port, password=self.password) as client, contextlib.suppress(redis.RedisError):
            return bool(client.ping())
        return False

    def _owns(self, port: int, process: subprocess.Popen[bytes]) -> bool:
        with redis.Redis(port=port, password=self.password) as client:
            return bool(client.info("server")["process_id"] == process.pid)


def start_replica(start: Callable[..., RedisServer], master: RedisServer, **options: str) -> RedisServer:
    """A server that follows `master`, once it has caught up."""
    follow = {"replicaof": f"127.0.0.1 {master.port}", "repl-diskless-sync-delay": "0", **options}
    replica = start(options=follow)
    with redis.Redis(port=replica.port, password=options.get("requirepass")) as client:
        wait_until(lambda: client.info("replication")["master_link_status"] == "up", what="the replica")
    return replica


def start_sentinels(
    start: Callable[..., RedisServer], master: RedisServer, replicas: int, lines: Sequence[str] = ()
) -> list[RedisServer]:
    """Three of them, once they know of each other and of the replicas."""
    sentinels = [start(SentinelServer, port_of_master=master.port, lines=lines) for _ in range(3)]
    for sentinel in sentinels:
        with redis.Redis(port=sentinel.port, password=sentinel.password) as client:

            def knows_all(client: redis.Redis = client) -> bool:
                seen = client.sentinel_master(SERVICE)
                return (seen["num-other-sentinels"], seen["num-slaves"]) == (2, replicas)

            wait_until(knows_all, 20, what="the Sentinels to know each other")
    return sentinels


def sentinel_url(sentinels: Sequence[RedisServer], credentials: str = "", query: str = "") -> str:
    hosts = ",".join(f"127.0.0.1:{sentinel.port}" for sentinel in sentinels)
    return f"redis+sentinel://{credentials}{hosts}/{SERVICE}{query}"
