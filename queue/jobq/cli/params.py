"""Kinds of command line values: durations, instants and JSON."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import click

from jobq.errors import ConfigError


class _Duration(click.ParamType):
    name = "seconds"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        from jobq.durations import parse_duration

        try:
            return parse_duration(_number(value))
        except ConfigError as error:
            self.fail(str(error), param, ctx)


class _Instant(click.ParamType):
    name = "iso8601"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            self.fail(
                f'{value!r} is not a date and time; expected one such as "2026-11-21T03:00:00Z"', param, ctx
            )


class _DurationOrInstant(click.ParamType):
    name = "seconds|iso8601"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float | datetime:
        if isinstance(value, str) and "-" in value.lstrip("-"):
            return INSTANT.convert(value, param, ctx)
        return DURATION.convert(value, param, ctx)


class _Json(click.ParamType):
    """JSON text of one kind, list or dict."""

    name = "json"

    def __init__(self, kind: type, words: str) -> None:
        self.kind = kind
        self.words = words

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if isinstance(value, self.kind):
            return value
        try:
            read = json.loads(value)
        except ValueError as error:
            self.fail(f"{value!r} is not JSON: {error}; expected {self.words}", param, ctx)
        if not isinstance(read, self.kind):
            self.fail(f"{value!r} is not {self.words}", param, ctx)
        return read


def _number(value: Any) -> Any:
    try:
        return float(value)
    except (TypeError, ValueError):
        return value


DURATION = _Duration()
INSTANT = _Instant()
DURATION_OR_INSTANT = _DurationOrInstant()
JSON_LIST = _Json(list, """a JSON list, such as '[1, "two"]'""")
JSON_OBJECT = _Json(dict, """a JSON object, such as '{"key": 1}'""")
