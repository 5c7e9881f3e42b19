"""The URL of a Redis store, read strictly and shown without its secrets.

Passwords reach a URL in several ways, and a URL that is written wrong may have one anywhere: an unescaped `/` ends
the host early, a forgotten `@` makes a password a port. So nothing of a URL is repeated to anybody before all of it
is understood, and of what is understood only `RedisUrl.shown` is: scheme, addresses and path.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import unquote

from jobq.errors import ConfigError
from jobq.stores import MOST_REPLICAS, repeated, unknown_option

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_NAMESPACE = "beatd"
DEFAULT_WAIT_MS = 1000
MOST_WAIT_MS = 60_000

TLS_FILES = ("ssl_ca_certs", "ssl_ca_path", "ssl_certfile", "ssl_keyfile")
_TLS = (*TLS_FILES, "ssl_cert_reqs", "ssl_check_hostname")
_SENTINEL = ("sentinel_username", "sentinel_password")
_COMMON = ("ns", "db", "username", "password", "wait_replicas", "wait_ms")
_CERT_REQS = ("required", "optional", "none")
_TRUTHS = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
_ADDRESS = re.compile(r"(?:\[(?P<v6>[0-9A-Fa-f:.]+)\]|(?P<name>[\w.-]+))?(?::(?P<port>\d{1,5}))?")
_LARGEST_PORT = 65535
_PORT, _SENTINEL_PORT = 6379, 26379


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisUrl:
    """What a URL says. `shown` is fit for logs; `tls` is None for a plain connection, else redis-py's options."""

    shown: str
    namespace: str = DEFAULT_NAMESPACE
    addresses: tuple[tuple[str, int], ...] = ()
    socket: str | None = None
    service: str | None = None
    db: int = 0
    username: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    sentinel_username: str | None = field(default=None, repr=False)
    sentinel_password: str | None = field(default=None, repr=False)
    tls: Mapping[str, str | bool] | None = None
    wait_replicas: int = 0
    wait_ms: int = DEFAULT_WAIT_MS


def parse(url: str) -> RedisUrl:
    """What `url` says; `ConfigError` with a sentence that repeats nothing that may be secret."""
    scheme, found, rest = url.partition("://")
    if not found:
        scheme = scheme.partition(":")[0]
        _refuse(scheme, f"lacks its slashes; expected {scheme}://")
    rest, _, fragment = rest.partition("#")
    rest, _, query = rest.partition("?")
    authority, slash, path = rest.partition("/")
    credentials, _, hosts = authority.rpartition("@")
    unix, sentinel = scheme == "redis+unix", scheme.endswith("+sentinel")
    if fragment or "@" in query or ("@" in path and not unix):
        _refuse(
            scheme,
            "goes on where its host should end; in a password / is written %2F, ? %3F, # %23 and @ %40",
        )
    options = _options(scheme, query)
    username, _, password = credentials.partition(":")
    service, path = _service(scheme, path) if sentinel else (None, path)
    if unix and (hosts or not path):
        _refuse(scheme, "does not name a socket; expected redis+unix:///run/redis.sock, with three slashes")
    return RedisUrl(
        shown=f"{scheme}://{hosts}{slash}{'/'.join(filter(None, (service, path)))}",
        namespace=_namespace(options),
        addresses=() if unix else _addresses(scheme, hosts, _SENTINEL_PORT if sentinel else _PORT),
        socket=f"/{unquote(path)}" if unix else None,
        service=service,
        db=_whole(options, "db", 0, 2**31 - 1) if unix or not path else _database(scheme, path, options),
        username=unquote(username) or options.get("username") or None,
        password=unquote(password) or options.get("password") or None,
        sentinel_username=options.get("sentinel_username") or None,
        sentinel_password=options.get("sentinel_password") or None,
        tls=_tls(options) if scheme.startswith("rediss") else None,
        wait_replicas=_whole(options, "wait_replicas", 0, MOST_REPLICAS),
        wait_ms=_whole(options, "wait_ms", DEFAULT_WAIT_MS, MOST_WAIT_MS, least=1),
    )


def _refuse(scheme: str, sentence: str) -> NoReturn:
    raise ConfigError(f"the store's URL {scheme}://... {sentence}") from None


def _options(scheme: str, query: str) -> dict[str, str]:
    """The query, every name of which means something for this scheme."""
    known = list(_COMMON)
    known += _TLS if scheme.startswith("rediss") else ()
    known += _SENTINEL if scheme.endswith("+sentinel") else ()
    options: dict[str, str] = {}
    for part in filter(None, query.split("&")):
        # Not as a form's, where + is a blank: a password means the same here and before the host.
        name, value = map(unquote, part.partition("=")[::2])
        if name in _TLS and name not in known:
            _refuse(scheme, f"has {name}, which is for {scheme.replace('redis', 'rediss', 1)}://")
        if name in _SENTINEL and name not in known:
            _refuse(scheme, f"has {name}, which is for redis+sentinel://")
        if name not in known:
            _refuse(scheme, f"has {unknown_option(name, known)}")
        if name in options:
            _refuse(scheme, f"has {name} twice")
        options[name] = value
    return options


def _addresses(scheme: str, hosts: str, port: int) -> tuple[tuple[str, int], ...]:
    found = []
    for address in hosts.split(",") if scheme.endswith("+sentinel") else [hosts]:
        match = _ADDRESS.fullmatch(address)
        if match is None or int(match["port"] or 0) > _LARGEST_PORT:
            _refuse(scheme, "has an address that is not host, host:port or [IPv6]:port")
        found.append((match["v6"] or match["name"] or "localhost", int(match["port"] or port)))
    return tuple(found)


def _service(scheme: str, path: str) -> tuple[str, str]:
    """The service that the Sentinels watch, and what follows it."""
    service, _, database = path.partition("/")
    if not service:
        _refuse(scheme, f"does not name the service after its hosts; expected {scheme}://host:26379/mymaster")
    return unquote(service), database


def _database(scheme: str, path: str, options: Mapping[str, str]) -> int:
    number = path.rstrip("/")
    if not (number.isascii() and number.isdigit()):
        _refuse(scheme, "has a path that is not the number of a database, such as /0")
    if options.get("db", number) != number:
        _refuse(scheme, "names two databases, one in its path and one as db")
    return int(number)


def _namespace(options: Mapping[str, str]) -> str:
    namespace = options.get("ns", DEFAULT_NAMESPACE)
    if not namespace or any(c in "{}" or c.isspace() for c in namespace):
        raise ConfigError(
            f"ns={repeated(namespace)} in the store's URL: expected a name without braces or white space"
        )
    return namespace


def _whole(options: Mapping[str, str], name: str, default: int, most: int, *, least: int = 0) -> int:
    text = options.get(name, str(default))
    if not (text.isascii() and text.isdigit()) or not least <= int(text) <= most:
        raise ConfigError(
            f"{name}={repeated(text)} in the store's URL: expected a whole number from {least} to {most}"
        )
    return int(text)


def _tls(options: Mapping[str, str]) -> dict[str, str | bool]:
    """redis-py's options, its defaults spelt out: those of its older versions do not look at the host's name."""
    requirement = (
        options.get("ssl_cert_reqs", "required").lower().removeprefix("cert_")
    )  # as Celery writes it
    if requirement not in _CERT_REQS:
        raise ConfigError(
            f"ssl_cert_reqs={repeated(options['ssl_cert_reqs'])} in the store's URL: expected {', '.join(_CERT_REQS)}"
        )
    check = options.get("ssl_check_hostname", "true").lower()
    if check not in _TRUTHS:
        raise ConfigError(f"ssl_check_hostname={repeated(check)} in the store's URL: expected true or false")
    files = {name: options[name] for name in TLS_FILES if options.get(name)}
    return {
        **files,
        "ssl_cert_reqs": requirement,
        "ssl_check_hostname": _TRUTHS[check] and requirement != "none",
    }
