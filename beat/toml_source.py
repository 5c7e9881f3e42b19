"""A TOML file on its way to being settings: its text, its keys with their lines, and what to say if it has none.

Also what `${NAME}` in its texts stands for. `tomllib` says what is wrong with a document in its own words; here it
is said in ours, and with the line of the other one where something is there twice.
"""

from __future__ import annotations

import re
import tomllib
from ast import literal_eval
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from beat.reading import shown
from beat.toml_lines import locate, repeated
from jobq.errors import ConfigError
from jobq.variables import fill_in

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

KeyPath = tuple[str, ...]

_WHERE = re.compile(r"(.*) \(at (?:line (\d+), column (\d+)|end of document)\)", re.DOTALL)
_ENTRY = 2


class Problem(NamedTuple):
    """One thing that is wrong, with the line where it can be told."""

    path: Path
    line: int | None
    sentence: str

    def __str__(self) -> str:
        return f"{self.path}{'' if self.line is None else f':{self.line}'}: {self.sentence}"


class ConfigProblems(ConfigError):  # noqa: N818 - named for the list that it is
    """All that is wrong with a file, one problem a line."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


class Source(NamedTuple):
    """A document and the line of each of its keys."""

    path: Path
    document: dict[str, Any]
    lines: dict[KeyPath, int]

    def problem(self, key: KeyPath, sentence: str) -> Problem:
        """A problem at the line of `key`, or of the nearest table around it."""
        while key and key not in self.lines:
            key = key[:-1]
        return Problem(self.path, self.lines.get(key), sentence)


def read_toml(path: Path) -> Source:
    """The document in a file; `ConfigProblems` if there is none."""
    text = _text_of(path)
    try:
        return Source(path, tomllib.loads(text), locate(text))
    except tomllib.TOMLDecodeError as error:
        line, sentence = _syntax(text, str(error))
    except RecursionError:
        line, sentence = None, "it is nested too deeply"
    except ValueError:  # by int(), which has a limit
        line, sentence = None, "it has a number of thousands of digits"
    raise ConfigProblems([Problem(path, line, sentence)])


def _text_of(path: Path) -> str:
    line, data = None, b""
    try:
        data = path.read_bytes()
        return data.decode().removeprefix("\ufeff")
    except FileNotFoundError:
        sentence = "there is no such file"
    except IsADirectoryError:
        sentence = "it is a directory; expected a file"
    except PermissionError:
        sentence = "it can't be read: permission denied"
    except OSError as error:
        sentence = f"it can't be read: {error.strerror or error}"
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        sentence = f"it is not UTF-8 (there is a byte 0x{data[error.start]:02x}); save it as UTF-8"
    except ValueError as error:  # a path that the system has no form for
        sentence = f"it can't be read: {error}"
    raise ConfigProblems([Problem(path, line, sentence)])


# -- what tomllib says


def _syntax(text: str, message: str) -> tuple[int, str]:
    """The line and the sentence for an error of tomllib."""
    last = text.rstrip().count("\n") + 1
    found = _WHERE.fullmatch(message)
    if found is None:
        return last, f"it is not valid TOML: {message}"
    what, line = found[1], int(found[2] or last)
    twice = _twice(text, what, line)
    if twice is not None:
        return twice
    if what == "Invalid date or datetime":
        sentence = "there is no such date or time"
    elif what == "Illegal character '\\n'":
        sentence = "the quote that ends a text is missing"
    else:
        sentence = f"it is not valid TOML: {what[:1].lower()}{what[1:]}"
    if not found[3]:
        return line, f"{sentence} at the end of the file"
    rest = text.split("\n")[line - 1][int(found[3]) - 1 :]
    hint = "; text is written in quotes" if what == "Invalid value" and rest[:1].isalpha() else ""
    return line, f"{sentence} at column {found[3]}{hint}"


def _twice(text: str, what: str, line: int) -> tuple[int, str] | None:
    """The same for a table or key that is there twice."""
    lines, again = locate(text), repeated(text)
    if what.startswith("Cannot declare ") and what.endswith(" twice"):
        path = tuple(literal_eval(what.removeprefix("Cannot declare ").removesuffix(" twice")))
    elif what == "Cannot overwrite a value":
        line = max(at for at in (0, *lines.values(), *again) if at <= line)  # a value may go on below its key
        path = again.get(line, ())
    else:
        return None
    if lines.get(path, line) >= line:
        return (line, f"{_dotted(path)} can't be added to a value that is complete") if path else None
    if path[:1] == ("beat_schedule",) and len(path) == _ENTRY:
        return line, f"there are two entries called {shown(path[1])}; the other one is at line {lines[path]}"
    return line, f"{_dotted(path)} is there twice; the other one is at line {lines[path]}"


def _dotted(path: KeyPath) -> str:
    return ".".join(part if re.fullmatch(r"[\w-]+", part, re.ASCII) else shown(part) for part in path)


# -- ${NAME}


def expand(
    value: Any, environ: Mapping[str, str], report: Callable[[KeyPath, str], None], at: KeyPath = ()
) -> Any:
    """`value` with every `${NAME}` in its texts taken from `environ`, as in `jobq.variables`.

    What can't be filled in is reported with the path of its key, and stays as it is.
    """
    if isinstance(value, dict):
        return {key: expand(item, environ, report, (*at, key)) for key, item in value.items()}
    if isinstance(value, list):
        return [expand(item, environ, report, at) for item in value]
    if not isinstance(value, str):
        return value
    if at == ("store",):
        return fill_in(value, environ, partial(report, at))
    return fill_in(value, environ, partial(report, at), shown)
