"""Settings of an app, by Celery's lower-case names. Pure: nothing is read from the outside here.

An unknown name is an error with the nearest right one. A setting of Celery that has no meaning here is accepted
with one warning that says so, so that an existing configuration module can be pointed at as it is.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from copy import deepcopy
from types import ModuleType
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from jobq.durations import parse_duration
from jobq.errors import ConfigError
from jobq.job import DEFAULT_QUEUE, check_priority, check_queue
from jobq.message import MOST_SECONDS
from jobq.sizes import RESULT_MAX_BYTES, TASK_MAX_BYTES
from jobq.suggest import did_you_mean, nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DEFAULTS: dict[str, Any] = {
    "broker_url": None,
    "result_backend": None,
    "result_expires": 86400,
    "timezone": "UTC",
    "enable_utc": True,
    "task_serializer": "json",
    "result_serializer": "json",
    "accept_content": ["json"],
    "task_default_queue": DEFAULT_QUEUE,
    "task_routes": {},
    "task_default_priority": None,
    "task_time_limit": None,
    "task_soft_time_limit": None,
    "task_default_rate_limit": None,
    "task_acks_late": True,
    "task_track_started": True,
    "task_ignore_result": False,
    "task_always_eager": False,
    "task_eager_propagates": False,
    "task_max_bytes": TASK_MAX_BYTES,
    "result_max_bytes": RESULT_MAX_BYTES,
    "worker_concurrency": 2,
    "worker_pool": "prefork",
    "worker_prefetch_multiplier": 4,
    "worker_max_tasks_per_child": None,
    "worker_max_memory_per_child": None,
    "worker_lease_ttl": 10.0,
    "worker_allowed_imports": None,
    "beat_schedule": {},
    "beat_lease_ttl": 3.0,
    "beat_max_loop_interval": 5.0,
    "imports": (),
    "include": (),
}

MEANINGLESS = frozenset({
    "beat_cron_starting_deadline", "beat_schedule_filename", "beat_scheduler", "beat_sync_every",
    "broker_connection_max_retries", "broker_connection_retry", "broker_connection_retry_on_startup",
    "broker_connection_timeout", "broker_heartbeat", "broker_login_method", "broker_pool_limit",
    "broker_transport_options", "broker_use_ssl", "control_queue_expires", "control_queue_ttl",
    "event_queue_expires", "event_queue_prefix", "event_queue_ttl", "redis_max_connections",
    "redis_backend_health_check_interval", "redis_retry_on_timeout", "redis_socket_connect_timeout",
    "redis_socket_keepalive", "redis_socket_timeout", "result_backend_always_retry",
    "result_backend_transport_options", "result_cache_max", "result_chord_join_timeout", "result_compression",
    "result_extended", "result_persistent", "task_acks_on_failure_or_timeout", "task_annotations",
    "task_compression", "task_create_missing_queues", "task_default_delivery_mode", "task_default_exchange",
    "task_default_exchange_type", "task_default_routing_key", "task_inherit_parent_priority",
    "task_publish_retry", "task_publish_retry_policy", "task_queue_max_priority", "task_queues",
    "task_reject_on_worker_lost", "task_remote_tracebacks", "task_send_sent_event", "task_store_eager_result",
    "task_store_errors_even_if_ignored", "task_protocol",
    "worker_cancel_long_running_tasks_on_connection_loss", "worker_consumer", "worker_disable_rate_limits",
    "worker_enable_remote_control", "worker_hijack_root_logger", "worker_log_color", "worker_log_format",
    "worker_lost_wait", "worker_proc_alive_timeout", "worker_redirect_stdouts",
    "worker_redirect_stdouts_level", "worker_send_task_events", "worker_state_db", "worker_task_log_format",
    "worker_timer", "worker_timer_precision",
})  # fmt: skip


MEANINGLESS_OPTIONS = frozenset({
    "acks_late", "add_to_parent", "compression", "exchange", "reject_on_worker_lost",
    "reply_to", "retry", "retry_policy", "routing_key", "send_events", "serializer", "shadow",
    "store_errors_even_if_ignored", "throws", "track_started", "trail", "typing",
})  # fmt: skip
"""Celery's options of tasks and calls that have no meaning here."""


def is_meaningless(option: str) -> bool:
    """True, with a warning, for one of MEANINGLESS_OPTIONS."""
    if option not in MEANINGLESS_OPTIONS:
        return False
    warnings.warn(f"the option {option} has no meaning here and is ignored", UserWarning, stacklevel=6)
    return True


def _checked(name: str, value: Any) -> Any:
    if name not in DEFAULTS:
        raise ConfigError(f'"{name}" is not a setting{did_you_mean(name, DEFAULTS)}')
    try:
        return _CHECKS.get(name, _anything)(name, value)
    except ConfigError:
        raise
    except Exception as error:  # a value may be an object of anybody's making, and break whatever touches it
        raise ConfigError(f"{name} can't be read: {type(error).__name__}: {error}") from error


def _is_ignored(name: str) -> bool:
    """True, with a warning, for one of MEANINGLESS."""
    if name not in MEANINGLESS:
        return False
    warnings.warn(f"the setting {name} has no meaning here and is ignored", UserWarning, stacklevel=4)
    return True


class Conf:
    """`app.conf`: attributes and items by the names of DEFAULTS; assignment checks the name and the value."""

    def __init__(self, **given: Any) -> None:
        object.__setattr__(self, "_values", deepcopy(DEFAULTS))
        object.__setattr__(self, "given", set())
        self.update(given)

    def update(self, given: Mapping[str, Any] | None = None, **more: Any) -> None:
        """All of the settings, or where one is wrong, none."""
        self.take(self.checked({**(given or {}), **more}))

    def checked(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The settings as they are kept, without those that have no meaning here; `ConfigError` where one is wrong."""
        return {name: _checked(name, value) for name, value in given.items() if not _is_ignored(name)}

    def take(self, checked: Mapping[str, Any]) -> None:
        self._values.update(checked)
        self.given.update(checked)

    def __setitem__(self, name: str, value: Any) -> None:
        self.update({name: value})

    def __getitem__(self, name: str) -> Any:
        try:
            return self._values[name]
        except KeyError:
            raise ConfigError(f'"{name}" is not a setting{did_you_mean(name, DEFAULTS)}') from None

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        try:
            return self[name]
        except ConfigError as error:
            raise AttributeError(str(error)) from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __contains__(self, name: str) -> bool:
        return name in self._values


def settings_of(source: object, namespace: str | None = None) -> dict[str, Any]:
    """The settings that an object or mapping holds: its public lower-case names.

    With a namespace, such as Django projects use, those that start with it: CELERY_TIMEZONE for "CELERY".

    Upper-case names of an old Celery configuration are an error that shows the new spelling. A module may hold
    other names as well; those that only a slip of the pen keeps from being settings are errors.
    """
    named = (
        source if isinstance(source, Mapping) else {name: getattr(source, name) for name in _public(source)}
    )
    if namespace is not None:
        prefix = f"{namespace.upper()}_"
        return {
            name.removeprefix(prefix).lower(): value
            for name, value in named.items()
            if name.startswith(prefix)
        }
    found = {}
    for name, value in named.items():
        if not isinstance(name, str):
            raise ConfigError(f"{name!r} is not a setting: their names are text")
        if name.isupper() and name.startswith(("CELERY", "BROKER")):
            new = name.lower().removeprefix("celery_").removeprefix("celerybeat_")
            raise ConfigError(f'"{name}" is the old spelling of a setting{did_you_mean(new, DEFAULTS)}')
        if isinstance(source, Mapping) or name in DEFAULTS or name in MEANINGLESS or _is_a_slip(name, value):
            found[name] = value
    return found


def _public(source: object) -> list[str]:
    return [name for name in dir(source) if not name.startswith("_")]


def _is_a_slip(name: str, value: Any) -> bool:
    return (
        not callable(value) and not isinstance(value, ModuleType) and nearest(name, DEFAULTS, 0.9) is not None
    )


def _anything(_: str, value: Any) -> Any:
    return value


def _zone(name: str, value: Any) -> str:
    text = value if isinstance(value, str) else str(value)
    try:
        ZoneInfo(text)
    except (ValueError, OSError, LookupError):
        raise ConfigError(
            f'{name} = {value!r} is not a time zone; expected an IANA name such as "Europe/Prague"'
        ) from None
    return text


def _json_only(name: str, value: Any) -> Any:
    listed = [value] if isinstance(value, str) else list(value)
    if listed not in (["json"], ["application/json"]):
        raise ConfigError(f'{name} = {value!r}: messages are JSON here; expected "json"')
    return value


def _not_otherwise(reason: str, only: Any) -> Callable[[str, Any], Any]:
    """A setting of which only one value has a meaning here; another is ignored with a warning."""

    def check(name: str, value: Any) -> Any:
        if isinstance(only, bool):
            _truth(name, value)
        if value != only:
            warnings.warn(f"{name} = {value!r} is ignored: {reason}", UserWarning, stacklevel=4)
        return only

    return check


def _not_yet(name: str, value: Any) -> None:
    if value is not None:
        raise ConfigError(f"{name} is not available in this version")


def _url(name: str, value: Any) -> str:
    """Nothing of it is repeated: it may have a password in it."""
    if not isinstance(value, str) or not value:
        raise ConfigError(f"{name} is no text; expected the URL of a store, such as redis://localhost:6379/0")
    return value


def _truth(name: str, value: Any) -> bool:
    if value not in (True, False):
        raise ConfigError(f"{name} = {value!r} is not true or false")
    return bool(value)


def _seconds(name: str, value: Any) -> float:
    try:
        seconds = parse_duration(value)
    except ConfigError as error:
        raise ConfigError(f"{name} = {error}") from None
    if seconds > MOST_SECONDS:
        raise ConfigError(f"{name} = {value!r} is longer than a century")
    return seconds


def _whole(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ConfigError(f"{name} = {value!r} is not a whole number, one or more")
    return value


def _bytes(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ConfigError(f"{name} = {value!r} is not a whole number of bytes; 0 is for no limit")
    return value


def _or_none(check: Callable[[str, Any], Any]) -> Callable[[str, Any], Any]:
    return lambda name, value: None if value is None else check(name, value)


def _modules(name: str, value: Any) -> tuple[str, ...]:
    listed = (value,) if isinstance(value, str) else value
    if not isinstance(listed, list | tuple) or not all(isinstance(module, str) for module in listed):
        raise ConfigError(f"{name} = {value!r} is not a list of module names")
    return tuple(listed)


def allowed_imports(name: str, value: Any) -> tuple[str, ...]:
    """Modules that messages may name functions of: prefixes such as "lib.jobs", or "*" for all."""
    listed = _modules(name, value)
    for module in listed:
        if module != "*" and not all(part.isidentifier() for part in module.split(".")):
            raise ConfigError(
                f'{name}: {module!r} is not a module\'s name; expected such as "myapp" or "lib.jobs", or "*" for all'
            )
    return listed


def _table(name: str, value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ConfigError(f"{name} = {value!r} is not a table")
    return value


def _routes(name: str, value: Any) -> dict[str, Any]:
    """Celery's forms: a table of patterns, (pattern, route) pairs, or a list of either. One table comes out."""
    if isinstance(value, Mapping):
        routes = dict(value)
    elif isinstance(value, tuple) and len(value) == 2 and isinstance(value[0], str):  # noqa: PLR2004 - a pair
        routes = {value[0]: value[1]}
    elif isinstance(value, list | tuple):
        routes = {}
        for part in value:
            routes |= {p: route for p, route in _routes(name, part).items() if p not in routes}
    else:
        raise ConfigError(f'{name} = {value!r} is not routes; expected {{"package.*": {{"queue": "name"}}}}')
    for pattern, route in routes.items():
        if not isinstance(pattern, str) or not isinstance(route, str | Mapping):
            raise ConfigError(
                f'{name} = {{{pattern!r}: {route!r}}} is not a route; expected {{"package.*": {{"queue": "name"}}}}'
            )
    return routes


_CHECKS: dict[str, Callable[[str, Any], Any]] = {
    "broker_url": _or_none(_url),
    "result_backend": _or_none(_url),
    "timezone": _zone,
    "enable_utc": _not_otherwise("instants are kept in UTC, and shown in `timezone`", True),
    "worker_prefetch_multiplier": _not_otherwise("a child fetches as much as it can run in a moment", 4),
    "task_default_rate_limit": _not_yet,
    "result_expires": _or_none(_seconds),
    "task_default_queue": lambda _, value: check_queue(value),
    "task_routes": lambda name, value: _routes(name, value or {}),
    "task_default_priority": lambda _, value: None if value is None else check_priority(value),
    "task_time_limit": _or_none(_seconds),
    "task_soft_time_limit": _or_none(_seconds),
    "task_track_started": _not_otherwise("a job that runs is always seen as STARTED", True),
    "task_ignore_result": _truth,
    "task_always_eager": _truth,
    "task_eager_propagates": _truth,
    "worker_concurrency": _whole,
    "worker_max_tasks_per_child": _or_none(_whole),
    "worker_max_memory_per_child": _or_none(_whole),
    "worker_lease_ttl": _seconds,
    "worker_allowed_imports": _or_none(allowed_imports),
    "task_max_bytes": _bytes,
    "result_max_bytes": _bytes,
    "beat_schedule": lambda name, value: _table(name, {} if value is None else value),
    "beat_lease_ttl": _seconds,
    "beat_max_loop_interval": _seconds,
    "imports": _modules,
    "include": _modules,
    "task_serializer": _json_only,
    "result_serializer": _json_only,
    "accept_content": _json_only,
    "task_acks_late": _not_otherwise("a job is always acknowledged in the step that records its end", True),
}
