"""URLs of every form, right and wrong, that hold a password, and the search for pieces of it."""

from __future__ import annotations

from urllib.parse import quote

import redis

PASSWORD = "Hush/Quokka#7?@:%"
TRACES = ("Hush", "Quokka", "quokka")
CLOSED = 1  # a port of loopback on which nobody listens

ENCODED = quote(PASSWORD, safe="")


def secure(port: int) -> None:
    """Let a server ask for the password, and know a user without permissions who has it too."""
    with redis.Redis(port=port) as client:
        client.execute_command("ACL SETUSER", "poor", "reset", "on", f">{PASSWORD}")
        client.config_set("requirepass", PASSWORD)


def urls(port: int) -> dict[str, str]:
    """Every form of URL, right and wrong: all hold the password, or pieces of it."""
    here = f"127.0.0.1:{port}"
    sentinel = f"127.0.0.1:{CLOSED},127.0.0.2:{CLOSED}/mymaster?sentinel_password={ENCODED}"
    return {
        "right": f"redis://:{ENCODED}@{here}/0",
        "right, in the query": f"redis://{here}/0?password={ENCODED}",
        "without permissions": f"redis://poor:{ENCODED}@{here}/0",
        "wrong": f"redis://:{ENCODED}x@{here}/0",
        "wrong user": f"redis://Quokka:{ENCODED}@{here}/0",
        "no such database": f"redis://:{ENCODED}@{here}/99",
        "a Redis as Sentinel": f"redis+sentinel://:{ENCODED}@{here}/mymaster?sentinel_password={ENCODED}",
        "nobody there": f"redis://:{ENCODED}@127.0.0.1:{CLOSED}/0",
        "no socket": f"redis+unix://:{ENCODED}@/nowhere/redis.sock",
        "no TLS": f"rediss://:{ENCODED}@127.0.0.1:{CLOSED}/0",
        "no Sentinel": f"redis+sentinel://:{ENCODED}@{sentinel}",
        "no Sentinel, TLS": f"rediss+sentinel://u:{ENCODED}@{sentinel}&sentinel_username=Quokka",
        "not encoded": f"redis://:{PASSWORD}@{here}/0",
        "slash": f"redis://u:Hush/Quokka@{here}/0",
        "hash": f"redis://u:Hush#Quokka@{here}/0",
        "question mark": f"redis://u:Hush?Quokka@{here}/0",
        "as a port": "redis://127.0.0.1:Quokka/0",
        "at sign encoded": f"redis://:Quokka%40{here}/0",
        "no at sign": "redis://:Quokka",
        "a port too many": f"redis://:{ENCODED}@127.0.0.1:123456/0",
        "a bracket": f"redis://:{ENCODED}@[::1/0",
        "one slash": f"redis:/u:{ENCODED}@{here}/0",
        "no slashes": f"redis:u:{ENCODED}@{here}/0",
        "no scheme": f":{ENCODED}@{here}/0",
        "no scheme, no colon before": f"Hush-Quokka@{here}/0",
        "another scheme": f"postgres://u:{ENCODED}@{here}/0",
        "an unknown option": f"redis://{here}/0?pasword=Quokka",
        "an option of a password": f"redis://{here}/0?ns=x&Hush,Quokka",
        "a namespace of a password": f"redis://{here}/0?ns=Hush{{Quokka",
        "a wait of a password": f"redis://{here}/0?wait_ms=Hush$Quokka",
        "a requirement of a password": f"rediss://{here}/0?ssl_cert_reqs=Hush$Quokka",
        "a check of a password": f"rediss://{here}/0?ssl_check_hostname=Hush$Quokka",
        "sqlite": f"sqlite://:{ENCODED}@{here}/beat.db",
        "sqlite, no slashes": f"sqlite:u:{ENCODED}@{here}/beat.db",
        "sqlite, an option": "sqlite:///never.db?Hush-Quokka",
        "sqlite, another option": "sqlite:///never.db?synchronous=Hush$Quokka",
        "twice": f"redis://{here}/0?password=Quokka&password=Hush",
        "no database": f"redis://:{ENCODED}@{here}/zero",
        "no service": f"redis+sentinel://:{ENCODED}@{here}?sentinel_password={ENCODED}",
        "wait": f"redis://:{ENCODED}@{here}/0?wait_replicas=many",
    }


OTHER = "redis://:Quokka@other/0"
NAMES = tuple(urls(0))
RIGHT = ("right", "right, in the query")
AWAY = ("nobody there", "no socket", "no TLS", "no Sentinel", "no Sentinel, TLS")
REFUSED = ("without permissions", "wrong", "wrong user", "no such database", "a Redis as Sentinel")
MALFORMED = tuple(name for name in NAMES if name not in (*RIGHT, *AWAY, *REFUSED))


def assert_discreet(text: str) -> None:
    assert text
    shown = [trace for trace in TRACES if trace in text]
    assert not shown, f"{shown} in:\n{text}"
