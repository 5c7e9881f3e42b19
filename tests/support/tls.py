"""TLS for the tests: certificates made for the occasion, and a proxy that ends TLS in front of a plain server."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import ssl
import subprocess
import threading
from typing import TYPE_CHECKING, NamedTuple, Self

import pytest

if TYPE_CHECKING:
    from pathlib import Path


_HANDSHAKE = b"\x16"


class Certificate(NamedTuple):
    cert: Path
    key: Path


class Authority:
    """Signs certificates with the openssl command. A missing command skips on a laptop and fails in CI."""

    def __init__(self, folder: Path) -> None:
        if shutil.which("openssl") is None:
            (pytest.fail if os.environ.get("CI") else pytest.skip)("There is no openssl command on PATH.")
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.own = self.self_signed("authority", "CA:TRUE")

    def self_signed(self, name: str, constraint: str = "CA:FALSE") -> Certificate:
        made = self._paths(name)
        _openssl(
            *("req", "-x509", "-days", "1", "-subj", f"/CN={name}", "-out", made.cert, *_new_key(made)),
            *("-addext", f"basicConstraints=critical,{constraint}"),
            *(() if constraint == "CA:TRUE" else ("-addext", "subjectAltName=IP:127.0.0.1")),
        )
        return made

    def signed(self, name: str, *, names: str = "IP:127.0.0.1,DNS:localhost", days: int = 1) -> Certificate:
        """A certificate for `names`; one of -1 days has expired."""
        made = self._paths(name)
        request, extensions = made.cert.with_suffix(".csr"), made.cert.with_suffix(".ext")
        extensions.write_text(f"subjectAltName={names}\n")
        _openssl("req", "-subj", f"/CN={name}", "-out", request, *_new_key(made))
        _openssl(
            *("x509", "-req", "-in", request, "-out", made.cert, "-days", days, "-extfile", extensions),
            *("-CA", self.own.cert, "-CAkey", self.own.key, "-CAcreateserial"),
        )
        return made

    def _paths(self, name: str) -> Certificate:
        return Certificate(self.folder / f"{name}.pem", self.folder / f"{name}.key")


def _new_key(made: Certificate) -> tuple[object, ...]:
    return ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", made.key)


def _openssl(*arguments: object) -> None:
    done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


class TlsProxy:
    """Listens on a loopback port with `certificate`, and hands on to `port`. `clients` signs those who may come.

    Who speaks no TLS is handed on as well, so that a Sentinel can watch a server at the address that it tells clients.
    """

    def __init__(self, port: int, certificate: Certificate, clients: Certificate | None = None) -> None:
        self._upstream = port
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(*certificate)
        if clients is not None:
            self._context.verify_mode = ssl.CERT_REQUIRED
            self._context.load_verify_locations(clients.cert)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._sockets: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        for open_one in (self._listener, *self._sockets):
            with contextlib.suppress(OSError):
                open_one.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        for open_one in (self._listener, *self._sockets):
            open_one.close()

    def _accept(self) -> None:
        while True:
            try:
                plain, _ = self._listener.accept()
            except OSError:
                return
            near = self._greet(plain)
            if near is None:
                continue
            far = socket.create_connection(("127.0.0.1", self._upstream))
            self._sockets += [near, far]
            for source, target in ((near, far), (far, near)):
                self._threads.append(threading.Thread(target=_pump, args=(source, target), daemon=True))
                self._threads[-1].start()

    def _greet(self, plain: socket.socket) -> socket.socket | None:
        if plain.recv(1, socket.MSG_PEEK) != _HANDSHAKE:
            return plain
        near = self._context.wrap_socket(plain, server_side=True, do_handshake_on_connect=False)
        try:
            near.do_handshake()
        except OSError:
            with (
                near,
                contextlib.suppress(OSError),
            ):  # whose end is read, or a reset would overtake the reason
                near.shutdown(socket.SHUT_WR)
                while near.recv(65536):
                    pass
            return None
        return near


def _pump(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_RDWR)
