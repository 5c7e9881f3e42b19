"""Broken files, each with every sentence that is said of it, and the line that it points at."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from beat.config import ConfigProblems, load_config

NIGHTLY = '[beat_schedule.nightly]\ntask = "tasks.add"\n'
EVERY_5 = NIGHTLY + "every = 5\n"


def table() -> list[tuple[str, str, list[str]]]:
    """A name, the file, and what is said of it."""
    rows = []
    for block in Path(__file__).with_name("broken.txt").read_text().split("\n=== ")[1:]:
        name, _, rest = block.partition("\n")
        text, _, said = rest.partition("\n---\n")
        rows.append((name, f"{text}\n", said.strip().split("\n")))
    return rows


TABLE = [
    *table(),
    (
        "every enormous",
        f"{NIGHTLY}every = 1{'0' * 400}\n",
        ['3 entry "nightly": every is longer than a century'],
    ),
    ("number too long", f"{NIGHTLY}every = 1{'0' * 5000}\n", ["- it has a number of thousands of digits"]),
    ("nested too deeply", f"store = {'[' * 5000}\n", ["- it is nested too deeply"]),
]


def problems_of(path: Path) -> list[str]:
    with pytest.raises(ConfigProblems) as caught:
        load_config(path, {})
    problems = caught.value.problems
    assert str(caught.value).splitlines() == [str(problem) for problem in problems]
    assert {problem.path for problem in problems} == {path}
    return [f"{problem.line or '-'} {problem.sentence}" for problem in problems]


@pytest.mark.parametrize(("text", "expected"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_a_broken_file_gets_its_sentences(tmp_path: Path, text: str, expected: list[str]) -> None:
    path = tmp_path / "beat.toml"
    path.write_text(text)
    assert problems_of(path) == expected


def test_the_names_in_the_table_are_different() -> None:
    assert len({name for name, _, _ in TABLE}) == len(TABLE) > 100


def test_a_problem_shows_the_file_and_the_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "beat.toml"
    path.write_text("\nstoer = 1\n[beat]\nhistory = 0\n")
    with pytest.raises(ConfigProblems) as caught:
        load_config(path.relative_to(tmp_path), {})
    assert str(caught.value) == (
        'beat.toml:2: "stoer" is not a key of this file; did you mean "store"?\n'
        "beat.toml:4: [beat] history = 0 is out of range; expected 1 to 1000000"
    )


def test_a_missing_file(tmp_path: Path) -> None:
    assert problems_of(tmp_path / "beat.toml") == ["- there is no such file"]


def test_a_directory(tmp_path: Path) -> None:
    assert problems_of(tmp_path) == ["- it is a directory; expected a file"]


def test_a_file_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    assert problems_of(tmp_path / "a" / "beat.toml") == ["- it can't be read: Not a directory"]


def test_a_path_that_can_not_be(tmp_path: Path) -> None:
    assert problems_of(tmp_path / "a\0b") == ["- it can't be read: embedded null byte"]


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read everything")
def test_an_unreadable_file(tmp_path: Path) -> None:
    path = tmp_path / "beat.toml"
    path.touch(mode=0)
    assert problems_of(path) == ["- it can't be read: permission denied"]


def test_a_refused_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: Path) -> bytes:
        raise PermissionError

    monkeypatch.setattr("pathlib.Path.read_bytes", refuse)
    assert problems_of(tmp_path / "beat.toml") == ["- it can't be read: permission denied"]


def test_a_file_that_is_not_utf_8(tmp_path: Path) -> None:
    path = tmp_path / "beat.toml"
    path.write_bytes('store = "sqlite:///a.db"\n# caf\u00e9\n'.encode("latin-1"))
    assert problems_of(path) == ["2 it is not UTF-8 (there is a byte 0xe9); save it as UTF-8"]


@pytest.mark.parametrize("depth", range(60, 700, 20))
def test_what_is_nested_however_deeply_gets_a_sentence(tmp_path: Path, depth: int) -> None:
    path = tmp_path / "beat.toml"
    path.write_text(EVERY_5 + f"args = {'[' * depth}{']' * depth}\n")
    (problem,) = problems_of(path)
    assert "nested" in problem
