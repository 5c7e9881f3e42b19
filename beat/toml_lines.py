"""The line of each key of a TOML document, which `tomllib` does not tell.

This is no second parser: it follows the document's structure far enough to know where keys are, and leaves it to
`tomllib` to say what is right and what a value means. Of a document that is not TOML it finds the keys before the
first thing it does not understand.
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_right
from contextlib import suppress

Path = tuple[str, ...]

_SPACE = re.compile(r"[ \t]*")
_BLANK = re.compile(r"(?:[ \t\r\n]+|#[^\n]*)*")
_KEY = re.compile(r""" [A-Za-z0-9_-]+ | "(?:\\.|[^"\\\n])*" | '[^'\n]*' """, re.VERBOSE)
_STRING = re.compile(
    r'''
    """ (?:\\.|[^\\])*? "{3,5}   # up to two quotes may stand right before the closing three
    | \'\'\' .*? '{3,5}
    | " (?:\\.|[^"\\\n])* "
    | ' [^'\n]* '
    ''',
    re.VERBOSE | re.DOTALL,
)
_SCALAR = re.compile(r"[^,\]}#\n\"'\[{]+")


def locate(text: str) -> dict[Path, int]:
    """The line, from 1, of every key path: tables, arrays of tables, dotted keys and keys of inline tables.

    A path is where it is first written out; one that is only part of others is where the first of those is.
    What is in an array goes by the array's path, whatever its place in it.
    """
    scanner = _scanned(text)
    return scanner.implied | scanner.written


def repeated(text: str) -> dict[int, Path]:
    """The lines of keys and tables that were written out before."""
    return _scanned(text).again


def _scanned(text: str) -> _Scanner:
    scanner = _Scanner(text)
    with suppress(_LostError, RecursionError):
        scanner.document()
    return scanner


class _LostError(Exception):
    """The text does not go on as TOML does."""


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.starts = [0, *(found.end() for found in re.finditer("\n", text))]
        self.written: dict[Path, int] = {}
        self.implied: dict[Path, int] = {}
        self.again: dict[int, Path] = {}

    # -- the document

    def document(self) -> None:
        table: Path = ()
        self.skip(_BLANK)
        while self.at < len(self.text):
            if self.text.startswith("[", self.at):
                table = self.header()
            else:
                self.pair(table)
            self.skip(_BLANK)

    def header(self) -> Path:
        brackets = "[[" if self.text.startswith("[[", self.at) else "["
        self.expect(brackets)
        path = self.key(())
        self.expect("]" * len(brackets))
        return path

    def pair(self, table: Path) -> None:
        path = self.key(table)
        self.expect("=")
        self.value(path)

    def key(self, table: Path) -> Path:
        """A key with its dots, and its line put down."""
        line = bisect_right(self.starts, self.at)
        parts = [self.key_part()]
        while self.accept("."):
            parts.append(self.key_part())
        path = (*table, *parts)
        for length in range(len(table) + 1, len(path)):
            self.implied.setdefault(path[:length], line)
        if path in self.written:
            self.again[line] = path
        self.written.setdefault(path, line)
        return path

    def key_part(self) -> str:
        self.skip(_SPACE)
        part = self.take(_KEY)
        self.skip(_SPACE)
        if part.startswith('"'):
            return _unescaped(part)
        return part.strip("'")

    # -- values

    def value(self, path: Path) -> None:
        self.skip(_SPACE)
        if self.accept("["):
            self.array(path)
        elif self.accept("{"):
            self.inline_table(path)
        elif self.text.startswith(('"', "'"), self.at):
            self.take(_STRING)
        else:
            self.take(_SCALAR)

    def array(self, path: Path) -> None:
        self.skip(_BLANK)
        while not self.accept("]"):
            self.value(path)
            self.skip(_BLANK)
            if not self.accept(","):
                self.expect("]")
                return
            self.skip(_BLANK)

    def inline_table(self, path: Path) -> None:
        self.skip(_BLANK)
        while not self.accept("}"):
            self.pair(path)
            self.skip(_BLANK)
            if not self.accept(","):
                self.expect("}")
                return
            self.skip(_BLANK)

    # -- characters

    def skip(self, pattern: re.Pattern[str]) -> None:
        found = pattern.match(self.text, self.at)
        if found is not None:
            self.at = found.end()

    def take(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self.text, self.at)
        if found is None:
            raise _LostError
        self.at = found.end()
        return found.group()

    def accept(self, word: str) -> bool:
        if self.text.startswith(word, self.at):
            self.at += len(word)
            return True
        return False

    def expect(self, word: str) -> None:
        self.skip(_SPACE)
        if not self.accept(word):
            raise _LostError


def _unescaped(quoted: str) -> str:
    try:
        return str(tomllib.loads(f"key = {quoted}")["key"])
    except tomllib.TOMLDecodeError:
        raise _LostError from None
