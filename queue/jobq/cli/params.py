"""Kinds of command line values: durations, instants and JSON. Each reads text, or raises `click.BadParameter`."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import click

from jobq.errors import ConfigError


def duration(text: str) -> float:
    """Seconds of a number, or of text such as "15m"."""
    from jobq.durations import parse_duration

    try:
        return parse_duration(_number(text))
    except ConfigError as error:
        raise click.BadParameter(str(error)) from None


def instant(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(
            f'"{text}" is not a date and time; expected one such as "2026-11-21T03:00:00Z"'
        ) from None


def duration_or_instant(text: str) -> float | datetime:
    return instant(text) if "-" in text[1:] else duration(text)


def json_list(text: str) -> list[Any]:
    value = _json(text, words := """a JSON list, such as '[1, "two"]'""")
    if not isinstance(value, list):
        raise click.BadParameter(f"{text} is not {words}")
    return value


def json_object(text: str) -> dict[str, Any]:
    value = _json(text, words := """a JSON object, such as '{"key": 1}'""")
    if not isinstance(value, dict):
        raise click.BadParameter(f"{text} is not {words}")
    return value


def _json(text: str, words: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise click.BadParameter(f"{text} is not JSON ({error}); expected {words}") from None


def _number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text
