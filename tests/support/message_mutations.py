"""Messages as other hands, broken pipes and bad intentions make them: each is made of chance alone, by its seed.

`of` names the kind of mutation. `doomed` ones can't be run by anybody; of the others some are still sound, and then
they may run: `may_run` says which, by the standard library's JSON and not by ours.
"""

from __future__ import annotations

import base64
import gzip
import json
import os
import pickle
import zlib
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
from mutations import WRONG, changed, encoded, nested, with_wrong_values

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterator

ECHO, PLAIN = "process_tasks.echo", "process_tasks.plain"
TASKS = (ECHO, "process_tasks.imaginary")
PLAINS = (PLAIN, ECHO, "process_tasks.imaginary")
FAR = 4_000_000_000_000_000


class Case(NamedTuple):
    """`follower`: the id of the job that is enqueued if this one completes, and can't be run."""

    id: str
    of: str
    data: bytes
    doomed: bool
    follower: str = ""


class Made(NamedTuple):
    data: bytes
    doomed: bool
    follower: bool = False


def cases(rng: random.Random, number: int, evil: str) -> Iterator[Case]:
    """`evil` is a shell command that leaves a sign if it is ever run."""
    for index in range(number):
        kind = rng.choice(KINDS)
        made = kind(rng, evil, f"follower-{index}")
        follower = f"follower-{index}" if made.follower else ""
        yield Case(f"fuzz-{index}", kind.__name__, made.data, made.doomed, follower)


def may_run(data: bytes) -> bool:
    """Whether a message is JSON of a shape that a worker can make something of. What it says may still not fit."""
    try:
        message = json.loads(data.decode(), parse_int=lambda digits: int(digits[:30]))
    except (ValueError, RecursionError):
        return False
    if not isinstance(message, dict):
        return False
    known = PLAINS if message.get("plain") is True else TASKS
    args, kwargs = message.get("args", []), message.get("kwargs", {})
    return message.get("task") in known and isinstance(args, list) and isinstance(kwargs, dict)


# -- what is mutated


def sound(rng: random.Random) -> dict[str, Any]:
    message: dict[str, Any] = {"task": ECHO, "args": [rng.choice([1, "é", None, [1, {"a": "b"}], 0.5])]}
    if rng.random() < 0.3:
        message = {"task": PLAIN, "plain": True, "args": [1], "max_retries": 2}
    if rng.random() < 0.3:
        message = {"task": ECHO, "kwargs": {"value": "x"}}
    extras = {
        "retries": 1, "max_retries": 3, "expires_at": FAR, "expires_in": 3_600_000_000, "soft_time_limit": 600,
        "time_limit": 600.0, "ignore_result": False, "headers": {"h": [1]}, "link": [link(rng), link(rng)],
        "link_error": [link(rng)], "eta": "2026-11-21T03:00:00Z", "entry": "nightly", "plain": message.get("plain", False),
        "fire_time": "2026-11-21T03:00:00Z", "root_id": "r", "parent_id": "p", "content_type": "application/json",
    }  # fmt: skip
    return message | {key: extras[key] for key in rng.sample(sorted(extras), rng.randrange(len(extras)))}


def link(rng: random.Random) -> dict[str, Any]:
    options = {
        "queue": "elsewhere",
        "priority": 3,
        "countdown": 1.5,
        "retries": 1,
        "headers": {"a": 1},
        "time_limit": 60,
    }
    kept = rng.sample(sorted(options), rng.randrange(len(options)))
    return {"task": ECHO, "args": [], "immutable": True, "options": {key: options[key] for key in kept}}


# -- kinds of mutation


def changed_bytes(rng: random.Random, _: str, __: str) -> Made:
    return Made(changed(rng, encoded(sound(rng))), doomed=False)


def cut_bytes(rng: random.Random, _: str, __: str) -> Made:
    data = encoded(sound(rng))
    return Made(data[: rng.randrange(len(data))], doomed=True)


def wrong_values(rng: random.Random, _: str, __: str) -> Made:
    return Made(encoded(with_wrong_values(rng, sound(rng))), doomed=False)


def every_field(rng: random.Random, _: str, __: str) -> Made:
    fields = (
        *sound(rng),
        "task",
        "args",
        "kwargs",
        "retries",
        "time_limit",
        "expires_in",
        "link",
        "link_error",
        "headers",
    )
    return Made(encoded(sound(rng) | {rng.choice(fields): rng.choice(WRONG)}), doomed=False)


def deep(rng: random.Random, _: str, __: str) -> Made:
    where = rng.choice(["args", "kwargs", "headers", "link", "task", "else"])
    return Made(encoded(sound(rng) | {where: nested(rng)}), doomed=False)


def long_chain(rng: random.Random, _: str, __: str) -> Made:
    """Links of links. A short chain runs to its end, a long one is too deep."""
    value: Any = {"task": ECHO, "immutable": True}
    for _ in range(rng.choice([3, 20, 120])):
        value = {"task": ECHO, "immutable": True, "options": {"link": [value]}}
    return Made(encoded({"task": ECHO, "link": [value]}), doomed=False)


def keys_twice(rng: random.Random, _: str, __: str) -> Made:
    message = encoded(sound(rng))[1:-1]
    again = encoded({rng.choice(["task", "args", "plain", "link", "x"]): rng.choice(WRONG)})[1:-1]
    parts = [message, again]
    rng.shuffle(parts)
    return Made(b"{" + b",".join(parts) + b"}", doomed=False)


def not_utf8(rng: random.Random, _: str, __: str) -> Made:
    bad = rng.choice([b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xf8\x88\x80\x80\x80", b"\xc0\xaf", b"\xe2\x82"])
    value = rng.choice([b'"%b"', b'"a%bb"', b'["%b"]', b'{"%b":1}']) % bad
    field = rng.choice([b"task", b"root_id", b"eta"])
    return Made(b'{"task":"%b","%b":%b}' % (ECHO.encode(), field, value), doomed=True)


def unknown_task(rng: random.Random, _: str, __: str) -> Made:
    name = rng.choice(
        [
            "",
            " ",
            "process_tasks.ecko",
            "echo",
            "é" * 50,
            "a\nb\x1b[31m",
            "\x00",
            "x" * 50_000,
            "__proto__",
            "process_tasks.plain",
        ]
    )
    return Made(encoded(sound(rng) | {"task": name, "plain": False}), doomed=True)


def wrong_arguments(rng: random.Random, _: str, __: str) -> Made:
    given = rng.choice(
        [
            {"args": [1, 2]},
            {"kwargs": {"no": 1}},
            {"args": [1], "kwargs": {"value": 2}},
            {"kwargs": {"self": 1}},
        ]
    )
    return Made(encoded({"task": ECHO, **given}), doomed=True)


EVIL = (
    "os.system", "posix.system", "subprocess.run", "subprocess.getoutput", "builtins.eval", "builtins.exec", "pty.spawn",
    "importlib.import_module", "runpy.run_path", "ctypes.CDLL", "pickle.loads", "shutil.rmtree", "pip.main", "code.interact",
    "evil_on_import.f", "evil_package.inner.f", "evil_package.f", "process_tasks.kill", "process_tasks.os.system",
    "process_tasks.Path", "process_tasks.App", "process_tasks.os", "process_tasks.signal.raise_signal", "process_tasks.app",
    "process_tasks.__class__", "process_tasks.__loader__.load_module", "process_tasks.__dict__", "process_tasks.echo.run",
    "process_tasks.__getattribute__", "__main__.main", "jobq.cli.loading.load_app", "jobq.app.App", "beat.cli.beatd.main",
    "sys.modules", "sys.exit", "os._exit", "os.abort", "..os.system", ".os.system", "os..system", "os.system.", "os:system",
    "process_tasks/../os.system", "process_tasks\x00.plain", "process_tasks.plain ", "\uff4f\uff53.\uff53\uff59\uff53\uff54\uff45\uff4d", "antigravity.fly",
)  # fmt: skip


def evil_path(rng: random.Random, evil: str, _: str) -> Made:
    path = rng.choice(EVIL)
    if rng.random() < 0.2:
        path = ".".join(
            rng.choices(
                ["os", "system", "process_tasks", "evil_package", "evil_on_import", "inner", "f"],
                k=rng.randint(1, 4),
            )
        )
    return Made(
        encoded({"task": path, "plain": True, "args": [evil], "max_retries": rng.choice([0, 5])}), doomed=True
    )


class Reduced:
    """What runs a command when it is unpickled."""

    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, (self.command,)


def foreign(rng: random.Random, evil: str, _: str) -> Made:
    body = json.dumps(
        [[1, 2], {}, {"callbacks": None, "errbacks": None, "chain": None, "chord": None}]
    ).encode()
    kombu = {
        "body": base64.b64encode(body).decode(), "content-encoding": "utf-8", "content-type": "application/json",
        "headers": {"lang": "py", "task": ECHO, "id": "3f1b", "retries": 0, "argsrepr": "(1, 2)", "origin": "gen1@host"},
        "properties": {"correlation_id": "3f1b", "delivery_mode": 2, "priority": 0, "body_encoding": "base64"},
    }  # fmt: skip
    pickled = pickle.dumps(Reduced(evil), rng.randrange(6))
    data = rng.choice([
        encoded(kombu), encoded(kombu | {"content-type": "application/x-python-serialize", "body": base64.b64encode(pickled).decode()}),
        pickled, zlib.compress(pickled), gzip.compress(pickled, mtime=0), base64.b64encode(pickled), pickle.dumps(sound(rng)),
        pickle.dumps(("process_tasks.echo", None, (1,), {})), msgspec.msgpack.encode(sound(rng)),
        f"task: !!python/object/apply:os.system [{evil!r}]\n".encode(), f"<task name='{ECHO}'/>".encode(), b"", b" ", b"\n", b"null",
        b"5", b'"text"', b"[]", encoded([sound(rng)]), repr(sound(rng)).encode(), json.dumps(sound(rng)).encode("utf-16"),
        b"\xef\xbb\xbf" + encoded(sound(rng)), encoded(sound(rng)) * 2, rng.randbytes(rng.randrange(200)), b"\x00" * 100,
    ])  # fmt: skip
    return Made(data, doomed=True)


def content_type(rng: random.Random, evil: str, _: str) -> Made:
    named = rng.choice(
        [
            "application/x-python-serialize",
            "pickle",
            "yaml",
            "application/x-msgpack",
            "",
            "application/data",
            "text/plain",
        ]
    )
    args = rng.choice([[evil], base64.b64encode(pickle.dumps(Reduced(evil))).decode()])
    return Made(encoded(sound(rng) | {"args": args, "content_type": named}), doomed=True)


def too_large(rng: random.Random, _: str, __: str) -> Made:
    if rng.random() < 0.9:  # they take their time
        return wrong_arguments(rng, _, __)
    filled = rng.choice(["x" * 1_100_000, [0] * 600_000])
    return Made(encoded({"task": ECHO, "args": [filled]}), doomed=True)


def bad_link(rng: random.Random, evil: str, follower: str) -> Made:
    """The job completes, and what follows from it can't be run."""
    bad = rng.choice([
        {"task": "process_tasks.ecko"}, {"task": rng.choice(EVIL), "plain": True, "args": [evil], "immutable": True},
        {"task": ECHO, "args": [1, 2]}, {"task": ECHO, "kwargs": {"no": 1}},
    ])  # fmt: skip
    return Made(
        encoded({"task": ECHO, "link": [{**bad, "options": {"task_id": follower}}]}),
        doomed=False,
        follower=True,
    )


def link_that_no_store_takes(rng: random.Random, _: str, __: str) -> Made:
    options = rng.choice(
        [
            {"queue": "a b"},
            {"queue": ""},
            {"queue": "{x}"},
            {"priority": 10},
            {"countdown": 1e300},
            {"eta": 10**16},
        ]
    )
    if options == {"queue": ""}:
        options = {"queue": "x" * 300}
    links = [{"task": ECHO, "options": options}]
    ending = rng.choice(
        [{"link": links}, {"link_error": links, "args": [1, 2]}, {"link_error": links, "time_limit": 60}]
    )
    return Made(encoded({"task": ECHO, **ending}), doomed=True)


KINDS: tuple[Callable[[random.Random, str, str], Made], ...] = (
    changed_bytes, changed_bytes, changed_bytes, cut_bytes, wrong_values, wrong_values, wrong_values, every_field, every_field,
    deep, long_chain, keys_twice, not_utf8, unknown_task, wrong_arguments, evil_path, evil_path, foreign, foreign, content_type,
    too_large, bad_link, link_that_no_store_takes,
)  # fmt: skip
