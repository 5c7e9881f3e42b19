"""Logs: a sentence for people, and a stable `action` name with fields for machines, in each record.

The actions are part of the public contract: a dashboard or an alert may count on them.
"""

from __future__ import annotations

import logging
import re
import sys
from datetime import UTC, datetime
from typing import Any

import msgspec

from jobq.errors import ConfigError
from jobq.suggest import did_you_mean

LEVELS = ("debug", "info", "warning", "error", "critical")
FORMATS = ("text", "json")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")


def event(logger: logging.Logger, level: int, action: str, sentence: str, **fields: Any) -> None:
    """Log `sentence` under `action`; the fields go beside it."""
    if logger.isEnabledFor(level):
        logger.log(level, sentence, extra={"action": action, "fields": fields})


def setup(level: str, form: str) -> None:
    """Send this process's logs to stderr, one record a line. Wrong names raise `ConfigError`."""
    if level.lower() not in LEVELS:
        raise ConfigError(f'log level "{level}" is not known{did_you_mean(level, LEVELS)}')
    if form not in FORMATS:
        raise ConfigError(f'log format "{form}" is not known{did_you_mean(form, FORMATS)}')
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if form == "json" else TextFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())


class TextFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        when = datetime.fromtimestamp(record.created, UTC).astimezone()
        action = getattr(record, "action", record.name)
        sentence = harmless(record.getMessage())
        line = f"{when:%Y-%m-%d %H:%M:%S}.{record.msecs:03.0f} {record.levelname:<7} {action:<18} {sentence}"
        if record.exc_info:
            line += "\n" + self.formatException(record.exc_info)
        return line


def harmless(text: str, newline: str = "\n    ") -> str:
    """Text that may have come with a job, so that it can neither look like another record nor command a terminal."""
    return newline.join(_CONTROLS.sub(lambda found: ascii(found[0])[1:-1], line) for line in text.split("\n"))


def in_one_line(text: str) -> str:
    """The same for a cell of a table."""
    return harmless(text, "\\n")


class JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        fields: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname.lower(),
            "action": getattr(record, "action", "log"),
            "message": record.getMessage(),
            "logger": record.name,
            "pid": record.process,
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            fields["traceback"] = self.formatException(record.exc_info)
        return msgspec.json.encode(fields, enc_hook=str).decode()
