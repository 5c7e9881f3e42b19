"""A TCP proxy on loopback that does to connections what networks do: cuts, half-open connections, latency, a trickle.

What has been read is either delivered, late perhaps, or nothing of that direction is delivered ever again: bytes
do not go missing amidst a stream, since TCP does not do that either. Two kinds of silence follow from it:

hold      bytes wait and arrive after all, as after a partition that heals; what a client sent before it gave up
          and hung up arrives too
swallow   bytes are gone, and the connection with them, though neither side hears of it until it is cut

All methods may be called from any thread; each has taken effect when it returns.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
from typing import TYPE_CHECKING, Literal, Self, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

T = TypeVar("T")
Direction = Literal["up", "down"]
BOTH: tuple[Direction, ...] = ("up", "down")
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER: close at once, with RST


class _Connection:
    """One client and its connection to the server."""

    def __init__(self, *writers: asyncio.StreamWriter) -> None:
        self.writers = writers
        self.deaf: set[Direction] = set()

    def close(self, *, reset: bool) -> None:
        for writer in self.writers:
            if reset:
                with contextlib.suppress(OSError):
                    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                writer.transport.abort()
            else:
                writer.close()


class Proxy:
    """Listens on `port` and passes everything on to `server_port`. `carried` counts the connections so far."""

    def __init__(self, server_port: int) -> None:
        self.server_port = server_port
        self.port = 0
        self.carried = 0
        self._delay = 0.0
        self._rate = 0.0
        self._swallowed: set[Direction] = set()
        self._connections: set[_Connection] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(10)
        return self

    def __exit__(self, *exc_info: object) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    # -- what it does to connections

    def cut(self, *, reset: bool = True) -> int:
        """End every connection, with RST or with FIN; how many there were."""
        return self._do(lambda: self._cut(reset=reset))

    def delay(self, seconds: float) -> None:
        """Let each piece of data take so much longer, each way."""
        self._do(lambda: setattr(self, "_delay", seconds))

    def trickle(self, bytes_per_second: float) -> None:
        """Let no more than this through, each way; 0 is no bound."""
        self._do(lambda: setattr(self, "_rate", bytes_per_second))

    def hold(self, directions: Iterable[Direction] = BOTH) -> None:
        self._do(lambda: [self._flowing[direction].clear() for direction in directions])

    def swallow(self, directions: Iterable[Direction] = BOTH) -> None:
        self._do(lambda: self._swallowed.update(directions))

    def heal(self) -> None:
        """Carry everything again. Connections that lost something stay silent."""
        self._do(self._heal)

    # -- within the loop

    def _do(self, deed: Callable[[], T]) -> T:
        async def call() -> T:
            return deed()

        return asyncio.run_coroutine_threadsafe(call(), self._loop).result(10)

    def _cut(self, *, reset: bool) -> int:
        cut = list(self._connections)
        for connection in cut:
            connection.close(reset=reset)
        return len(cut)

    def _heal(self) -> None:
        self._delay = self._rate = 0.0
        self._swallowed.clear()
        for flowing in self._flowing.values():
            flowing.set()

    async def _start(self) -> None:
        self._flowing = {direction: asyncio.Event() for direction in BOTH}
        self._heal()
        self._listener = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._listener.sockets[0].getsockname()[1]

    async def _stop(self) -> None:
        self._listener.close()
        self._cut(reset=True)
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.carried += 1
        try:
            server_reader, server_writer = await asyncio.open_connection("127.0.0.1", self.server_port)
        except OSError:
            writer.transport.abort()
            return
        connection = _Connection(writer, server_writer)
        self._connections.add(connection)
        pumps = [
            asyncio.ensure_future(self._pump(connection, "up", reader, server_writer)),
            asyncio.ensure_future(self._pump(connection, "down", server_reader, writer)),
        ]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            pass  # passed on, Python 3.11 logs it as an error of the server
        finally:
            self._connections.discard(connection)
            connection.close(reset=False)
            for pump in pumps:
                pump.cancel()

    async def _pump(
        self,
        connection: _Connection,
        direction: Direction,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                await self._flowing[direction].wait()
                if self._delay:
                    await asyncio.sleep(self._delay)
                if direction in self._swallowed:
                    connection.deaf.add(direction)
                if direction not in connection.deaf:
                    await self._write(writer, data)

    async def _write(self, writer: asyncio.StreamWriter, data: bytes) -> None:
        piece = max(1, int(self._rate / 10)) if self._rate else len(data)
        for start in range(0, len(data), piece):
            writer.write(data[start : start + piece])
            await writer.drain()
            if self._rate:
                await asyncio.sleep(0.1)
