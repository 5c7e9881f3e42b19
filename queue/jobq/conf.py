"""Settings of an app, by Celery's lower-case names. Pure: nothing is read from the outside here.

An unknown name is an error with the nearest right one. A setting of Celery that has no meaning here is accepted
with one warning that says so, so that an existing configuration module can be pointed at as it is.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from jobq.errors import ConfigError
from jobq.job import DEFAULT_QUEUE
from jobq.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

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
    "worker_concurrency": 2,
    "worker_pool": "prefork",
    "worker_prefetch_multiplier": 4,
    "worker_max_tasks_per_child": None,
    "worker_max_memory_per_child": None,
    "worker_lease_ttl": 10.0,
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


class Conf:
    """`app.conf`: attributes and items by the names of DEFAULTS; assignment checks the name and the zone."""

    def __init__(self, **given: Any) -> None:
        object.__setattr__(self, "_values", dict(DEFAULTS))
        object.__setattr__(self, "given", set())
        self.update(given)

    def update(self, given: Mapping[str, Any] | None = None, **more: Any) -> None:
        for name, value in {**(given or {}), **more}.items():
            self[name] = value

    def __setitem__(self, name: str, value: Any) -> None:
        if name in MEANINGLESS:
            warnings.warn(f"the setting {name} has no meaning here and is ignored", UserWarning, stacklevel=3)
            return
        if name not in DEFAULTS:
            raise ConfigError(f'"{name}" is not a setting{did_you_mean(name, DEFAULTS)}')
        self._values[name] = _CHECKS.get(name, _anything)(name, value)
        self.given.add(name)

    def __getitem__(self, name: str) -> Any:
        try:
            return self._values[name]
        except KeyError:
            raise ConfigError(f'"{name}" is not a setting{did_you_mean(name, DEFAULTS)}') from None

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        try:
            return self[name]
        except ConfigError as error:
            raise AttributeError(str(error)) from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __contains__(self, name: str) -> bool:
        return name in self._values


def settings_of(source: object) -> dict[str, Any]:
    """The settings that an object or mapping holds: its public lower-case names.

    Upper-case names of an old Celery configuration are an error that shows the new spelling.
    """
    names = source if isinstance(source, dict) else vars(source)
    found = {}
    for name, value in names.items():
        if name.isupper() and name.startswith(("CELERY", "BROKER")):
            new = name.lower().removeprefix("celery_").removeprefix("celerybeat_")
            raise ConfigError(f'"{name}" is the old spelling of a setting{did_you_mean(new, DEFAULTS)}')
        if isinstance(source, dict) or name in DEFAULTS or name in MEANINGLESS:
            found[name] = value
    return found


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


def _always_late(name: str, value: Any) -> bool:
    if not value:
        warnings.warn(
            f"{name} = False is ignored: a job is always acknowledged in the step that records its end",
            UserWarning,
            stacklevel=4,
        )
    return True


_CHECKS = {
    "timezone": _zone,
    "task_serializer": _json_only,
    "result_serializer": _json_only,
    "accept_content": _json_only,
    "task_acks_late": _always_late,
}
