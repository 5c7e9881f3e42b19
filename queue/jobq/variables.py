"""`${NAME}` in the texts of beat.toml, which beatd and those who only look for its store read alike."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_VARIABLE = re.compile(r"\$\$\{|\$\{([^}]*)(\}?)")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def _hidden(_: str) -> str:
    """What is no name may be a piece of a password."""
    return '"${...}"'


def fill_in(
    text: str,
    environ: Mapping[str, str],
    report: Callable[[str], None],
    shown: Callable[[str], str] = _hidden,
) -> str:
    """`text` with every `${NAME}` taken from `environ`; `$${` is a literal `${`.

    What can't be filled in is reported in a sentence, and stays as it is.
    """

    def filled(found: re.Match[str]) -> str:
        name, closed = found[1], found[2]
        if name is None:
            return "${"
        if not closed or not _NAME.fullmatch(name):
            report(f"{shown(found[0])} is not the name of a variable; a literal ${{ is written $${{")
        elif name not in environ:
            report(f"the environment variable {name} is not set")
        else:
            return environ[name]
        return found[0]

    return _VARIABLE.sub(filled, text)
