"""Where keys are, against documents that know it: each is written line by line from the values it stands for."""

from __future__ import annotations

import json
import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beat.toml_lines import locate, repeated

TABLE = dict[str, Any]

bare_keys = st.text("abz-_09", min_size=1, max_size=4)
any_text = st.text(st.characters(codec="utf-8", exclude_characters="\r\x7f"), max_size=6)
keys = bare_keys | any_text
tricky_text = st.sampled_from(
    ['"""', "'''", "# no comment", "[table]", "a = 1", "\n[b]\nx = 1\n", "}", "]", ",", "\\", '"', "'"]
)
scalars = st.one_of(
    st.integers(),
    st.floats(allow_nan=False),
    st.booleans(),
    st.datetimes(),
    st.dates(),
    st.times(),
    any_text,
    tricky_text,
)
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3), max_leaves=5)
tables = st.recursive(
    st.dictionaries(keys, values, max_size=3),
    lambda inner: st.dictionaries(keys, values | inner, max_size=4),
    max_leaves=8,
)


class Writer:
    """Writes a table as a TOML document in one of the many ways, and notes the line of each key path."""

    def __init__(self, draw: Any) -> None:
        self.draw = draw
        self.text = ""
        self.lines: dict[tuple[str, ...], int] = {}

    def choose(self, *options: Any) -> Any:
        return self.draw(st.sampled_from(options))

    def note(self, path: tuple[str, ...]) -> None:
        self.lines.setdefault(path, self.text.count("\n") + 1)

    def document(self, table: TABLE, path: tuple[str, ...] = ()) -> None:
        """Values first, then tables: each under a header, or inline, or with dotted keys."""
        later = []
        for key, value in table.items():
            if isinstance(value, dict) and self.choose(True, True, False):
                later.append(key)
                continue
            self.filler()
            self.pair(value, (*path, key), (key,))
            self.text += "\n"
        for key in later:
            self.filler()
            inner = (*path, key)
            self.note(inner)
            self.text += f"{self.choose('', '  ')}[{self.key(inner)}]{self.comment()}\n"
            self.document(table[key], inner)

    def filler(self) -> None:
        self.text += self.choose("", "", "\n", "# x = 1\n", "   # [a]\n\n", "\t\r\n")

    def comment(self) -> str:
        return self.choose("", "  # [b]", " #", '# """')

    def pair(self, value: Any, path: tuple[str, ...], key: tuple[str, ...]) -> None:
        if isinstance(value, dict) and len(value) == 1 and self.choose(True, False):
            (inner,) = value
            self.note(path)
            self.pair(value[inner], (*path, inner), (*key, inner))
            return
        self.note(path)
        self.text += self.key(key) + self.choose("=", " = ", "\t= ")
        self.value(value, path)

    def key(self, parts: tuple[str, ...]) -> str:
        return self.choose(".", " . ").join(map(self.key_part, parts))

    def key_part(self, part: str) -> str:
        forms = [basic(part)]
        if part and set(part) <= set("abz-_09"):
            forms.append(part)
        if "'" not in part and part.isprintable():
            forms.append(f"'{part}'")
        return self.choose(*forms)

    def value(self, value: Any, path: tuple[str, ...]) -> None:
        if isinstance(value, dict):
            self.text += "{ "
            for index, (key, inner) in enumerate(value.items()):
                self.text += ", " if index else ""
                self.pair(inner, (*path, key), (key,))
            self.text += " }"
        elif isinstance(value, list):
            self.text += "["
            for inner in value:
                self.text += self.choose("", "\n", " # ]\n\n")
                self.value(inner, path)
                self.text += self.choose(",", "\n,", " , # ]\n")
            self.text += "]"
        elif isinstance(value, str):
            self.text += self.string(value)
        elif isinstance(value, bool | int | float):
            self.text += json.dumps(value).replace("Infinity", "inf")
        else:
            self.text += value.isoformat().replace("T", self.choose("T", " "))

    def string(self, value: str) -> str:
        forms = [
            basic(value),
            f'"""{basic(value)[1:-1]}"""',
            '"""\n' + basic(value)[1:-1].replace("\\n", "\n") + '"""',
        ]
        if value.isprintable() and "'" not in value:
            forms += [f"'{value}'", f"'''\n{value}'''"]
        return self.choose(*forms)


def basic(text: str) -> str:
    return (
        json.dumps(text, ensure_ascii=True).encode().decode()
        if text.isascii()
        else json.dumps(text, ensure_ascii=False)
    )


def paths(table: TABLE, above: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    found = []
    for key, value in table.items():
        found.append((*above, key))
        for inner in value if isinstance(value, list) else [value]:
            if isinstance(inner, dict):
                found += paths(inner, (*above, key))
    return found


@given(st.data())
def test_every_key_of_a_document_has_its_line(data: st.DataObject) -> None:
    table = data.draw(tables)
    writer = Writer(data.draw)
    writer.document(table)
    assert tomllib.loads(writer.text) == table
    assert locate(writer.text) == writer.lines
    assert set(writer.lines) == set(paths(table))


@given(st.text("ab.=[]{}\"'#,1 \n\\", max_size=40))
def test_every_key_of_whatever_is_toml_has_a_line(text: str) -> None:
    found = locate(text)
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    assert set(found) == set(paths(document))
    assert all(1 <= line <= text.count("\n") + 1 for line in found.values())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {}),
        ("a = 1", {("a",): 1}),
        ("[a.b]\n[a]\nc = 1", {("a",): 2, ("a", "b"): 1, ("a", "c"): 3}),
        ("[[a]]\nb = 1\n[[a]]\nb = 2\nc = 3", {("a",): 1, ("a", "b"): 2, ("a", "c"): 5}),
        ('x = """\n[no]\ny = 1\n"""""\nz = 1', {("x",): 1, ("z",): 5}),
        ("x = '''\n[no]\n'''''\nz = 1", {("x",): 1, ("z",): 4}),
        ('"a.b".\'c d\' . "\\u0065" = 1', {("a.b",): 1, ("a.b", "c d"): 1, ("a.b", "c d", "e"): 1}),
        (
            "x = [\n  { y = 1 },\n  { z = [ ] },\n]\nw = 1",
            {("x",): 1, ("x", "y"): 2, ("x", "z"): 3, ("w",): 5},
        ),
        ("a = 2026-01-01 00:00:00 # b = 1\nc = 1", {("a",): 1, ("c",): 2}),
        ("\r\na = 1\r\n[b]\r\n", {("a",): 2, ("b",): 3}),
        ("a = 1\nb ? 2\nc = 3", {("a",): 1, ("b",): 2}),  # up to where it is no longer TOML
    ],
)
def test_examples(text: str, expected: dict[tuple[str, ...], int]) -> None:
    assert locate(text) == expected


def test_what_is_there_again() -> None:
    assert repeated("[a]\nb = 1\nb = 2\n[a]\n[c]\n") == {3: ("a", "b"), 4: ("a",)}


def test_nothing_is_too_deep() -> None:
    assert locate("a = 1\nb = " + "[" * 100_000) == {("a",): 1, ("b",): 2}
