"""Files are read for what they say: plain values, exact places, and bounds that hold."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.formats.json_file import JsonFile
from agents.formats.reading import decode
from agents.formats.registry import FORMATS, format_of
from agents.formats.yaml_file import YamlFile
from agents.topology.problems import Problem, Refused


def yaml(text: str) -> Any:
    return YamlFile().read(text).value


def refused(format_name: str, text: str) -> Problem:
    with pytest.raises(Refused) as caught:
        FORMATS[format_name].read(text)
    (problem,) = caught.value.problems
    return problem


# ── YAML ────────────────────────────────────────────────────────────────────────────────────────────
def test_plain_words_stay_text() -> None:
    text = "[no, yes, on, off, NO, 2026-11-20, 12:30:00, 1_000, 0o14, 0x1f, .inf, =, <<]"
    assert yaml(text) == [word.strip() for word in text.strip("[]").split(",")]


def test_numbers_booleans_and_null_are_what_they_look_like() -> None:
    assert yaml("[1, -2, +3, 1.5, .5, 1e3, true, False, null, ~, '1', \"true\"]") == [
        1, -2, 3, 1.5, 0.5, 1000.0, True, False, None, None, "1", "true",
    ]  # fmt: skip
    assert yaml("a:\nb: x") == {"a": None, "b": "x"}


def test_aliases_work_as_long_as_they_multiply_little() -> None:
    assert yaml("a: &x {k: 1}\nb: *x") == {"a": {"k": 1}, "b": {"k": 1}}


def test_a_bomb_of_aliases_is_refused_quickly() -> None:
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    bomb += "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12))
    assert "Aliases" in refused("yaml", bomb).message


def test_an_alias_to_what_contains_it_is_refused() -> None:
    assert "Aliases" in refused("yaml", "a: &a [*a]").message


@pytest.mark.parametrize(
    "tag",
    [
        "!!python/object/apply:os.system ['true']",
        "!!binary aGk=",
        "!thing x",
        "!!timestamp 2026-01-01",
        "!!set {a}",
    ],
)
def test_tags_that_build_things_are_refused(tag: str) -> None:
    problem = refused("yaml", f"name: x\nvalue: {tag}")
    assert "tag" in problem.message
    assert problem.line == 2


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("name: x\n  bad: [1, 2\n", 2, None),
        ("a: 1\nb: {c: d\n", 3, 1),
        ("a: 1\n\tb: 2", 2, 1),
        ("a: 'x", 1, None),
        ("a: *nothing", 1, 4),
        ("a: 1\na: 2", 2, 1),
        ("1: x", 1, 1),
        ("? [a]\n: x", 1, 3),
        ("a: 1\n---\nb: 2", 2, 1),
        ("a: \x01", 1, None),
    ],
)
def test_mistakes_are_told_with_line_and_column(text: str, line: int, column: int | None) -> None:
    problem = refused("yaml", text)
    assert problem.message.endswith(".")
    if problem.line is not None:
        assert problem.line == line
    if column is not None:
        assert problem.column == column


def test_an_empty_file_is_said_to_be_empty() -> None:
    assert refused("yaml", "# nothing\n").message == "The file is empty."


@pytest.mark.parametrize(
    "text",
    ["[" * 5_000, "{a: " * 5_000, "- " * 5_000, "a:\n" + "".join(" " * n + "- \n" for n in range(1, 200))],
)
def test_deep_nesting_is_refused(text: str) -> None:
    refused("yaml", text)


def test_too_many_values_are_refused() -> None:
    assert "100,000" in refused("yaml", "[" + "1," * 150_000 + "1]").message


def test_places_are_those_of_keys_and_items() -> None:
    reading = YamlFile().read("name: x\ngraph:\n  nodes:\n    - id: a\n    - id: b\n      kind: agent\n")
    assert reading.place(("graph", "nodes", 1, "kind")) == (6, 7)
    assert reading.place(("graph", "nodes", 1)) == (5, 7)
    assert reading.place(("graph", "nodes", 1, "config", "agent")) == (5, 7)
    assert reading.place(("nothing",)) == (1, 1)


# ── JSON ────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("text", "line", "column"),
    [('{"a": 1,\n "b": }', 2, 7), ("{'a': 1}", 1, 2), ('{"a": 1} x', 1, 10), ("", 1, 1), ('{"a": 1,}', 1, 9)],
)
def test_json_mistakes_are_told_with_line_and_column(text: str, line: int, column: int) -> None:
    problem = refused("json", text)
    assert (problem.line, problem.column) == (line, column)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"a": 1, "a": 2}', "twice"),
        ('{"a": NaN}', "NaN"),
        ('{"a": -Infinity}', "Infinity"),
        ('{"a": ' + "9" * 5_000 + "}", "cannot be read"),
        ('{"a": ' + "[" * 100_000 + "]" * 100_000 + "}", "levels deep"),
        ('{"a": ' + "[" * 60 + "]" * 60 + "}", "levels deep"),
    ],
)
def test_json_that_should_not_be_read_is_refused(text: str, why: str) -> None:
    assert why in refused("json", text).message


def test_json_has_places_too() -> None:
    reading = JsonFile().read(
        '{\n  "graph": {\n    "nodes": [\n      {"id": "a"},\n      {"id": "b"}\n    ]\n  }\n}'
    )
    assert reading.place(("graph", "nodes", 1)) == (5, 7)


def test_json_that_is_no_yaml_is_still_read() -> None:
    reading = JsonFile().read('{\n\t"a": "\\u0041\\/"\n}')
    assert reading.value == {"a": "A/"}


# ── both ────────────────────────────────────────────────────────────────────────────────────────────
texts = st.text(st.characters(exclude_categories=["Cs", "Cc"], include_characters="\n\t"), max_size=40)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(texts.filter(bool), values, min_size=1, max_size=4))
def test_what_is_written_is_read_back(value: dict[str, Any]) -> None:
    for one in FORMATS.values():
        assert one.read(one.write(value)).value == value


@pytest.mark.parametrize(
    "word",
    [
        "no",
        "on",
        "~",
        "null",
        "1",
        "1.5",
        "1e3",
        "",
        " x",
        "x ",
        "a: b",
        "# c",
        "- d",
        "*a",
        "&b",
        "!c",
        "2026-01-01",
        "0x10",
        "<<",
        "=",
        "\n",
        "x\n",
        "\nx",
        "a\tb",
        "x \ny",
    ],
)
def test_words_that_look_like_something_else_survive_yaml(word: str) -> None:
    assert yaml(YamlFile().write({"a": [word], word: 1})) == {"a": [word], word: 1}


def test_texts_of_several_lines_are_written_as_blocks() -> None:
    assert YamlFile().write({"text": "one\ntwo\n"}) == "text: |\n  one\n  two\n"


@pytest.mark.parametrize(
    ("name", "media_type", "text", "found"),
    [
        ("team.yaml", "", "{}", "yaml"),
        ("TEAM.YML", "", "{}", "yaml"),
        ("team.json", "", "a: 1", "json"),
        ("", "application/json; charset=utf-8", "a: 1", "json"),
        ("", "application/yaml", "{}", "yaml"),
        ("", "", '\ufeff {"a": 1}', "json"),
        ("", "text/plain", "format: x", "yaml"),
        ("team.txt", "", "format: x", "yaml"),
    ],
)
def test_the_format_is_found_by_name_type_or_look(name: str, media_type: str, text: str, found: str) -> None:
    assert format_of(name, media_type, text).name == found


def test_a_file_that_is_too_large_or_no_text_is_refused() -> None:
    for source, why in ((b"x" * 1_000_001, "1.0 MB"), (b"a: 1\nb: \xff", "UTF-8")):
        with pytest.raises(Refused, match=why) as caught:
            decode(source)
    assert caught.value.problems[0].line == 2
    assert decode(b"\xef\xbb\xbfa: 1") == "a: 1"


def test_a_large_file_is_read_whole() -> None:
    nodes = [
        {"id": f"n{n}", "kind": "agent", "config": {"task": {"description": "x" * 300}}} for n in range(500)
    ]
    text = YamlFile().write({"graph": {"nodes": nodes}})
    assert len(yaml(text)["graph"]["nodes"]) == 500
    assert json.dumps(yaml(text))
