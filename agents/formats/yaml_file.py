"""YAML, read for what it says and nothing more: plain values of YAML 1.2, bounded, no objects built."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, ClassVar

import yaml

from agents.formats.reading import MAX_DEPTH, MAX_VALUES, FileFormat, Path, Place, Reading, wrong

OPENING = (yaml.MappingStartEvent, yaml.SequenceStartEvent)
CLOSING = (yaml.MappingEndEvent, yaml.SequenceEndEvent)
CORE = "tag:yaml.org,2002:"


class _Loader(yaml.CSafeLoader):  # type: ignore[misc, unused-ignore]
    """Plain scalars are read by the core schema of YAML 1.2, so that `no`, `on` and dates stay text."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}


CORE_SCHEMA = (
    ("null", re.compile(r"^(?:~|null|Null|NULL|)$"), [*"~nN", ""]),
    ("bool", re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF")),
    ("int", re.compile(r"^[-+]?[0-9]{1,40}$"), list("-+0123456789")),
    (
        "float",
        re.compile(r"^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]{1,4})?$"),
        list("-+.0123456789"),
    ),
)
for name, pattern, first in CORE_SCHEMA:
    _Loader.add_implicit_resolver(CORE + name, pattern, first)


class YamlFile(FileFormat):
    name: ClassVar[str] = "yaml"
    title: ClassVar[str] = "YAML"
    suffix: ClassVar[str] = ".yaml"
    media_type: ClassVar[str] = "application/yaml"

    def read(self, text: str) -> Reading:
        try:
            _check_bounds(text)
            root = yaml.compose(text, Loader=_Loader)
        except yaml.MarkedYAMLError as error:
            raise wrong(_sentence(error), _place(error.problem_mark or error.context_mark)) from error
        except yaml.YAMLError as error:
            raise wrong(f"This is not YAML: {str(error).splitlines()[0]}.") from error
        if root is None:
            raise wrong("The file is empty.")
        builder = _Builder()
        return Reading(builder.value(root, ()), builder.place)

    def write(self, value: Any) -> str:
        text: str = yaml.dump(value, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=100, indent=2)
        return text


def _check_bounds(text: str) -> None:
    """Walks the events, which costs no recursion, before anything is built from them."""
    depth = values = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, OPENING):
            depth += 1
        elif isinstance(event, CLOSING):
            depth -= 1
        if isinstance(event, yaml.DocumentStartEvent) and values:
            raise wrong("The file holds more than one document.", _place(event.start_mark))
        values += isinstance(event, yaml.NodeEvent)
        if depth > MAX_DEPTH:
            raise wrong(f"This is nested more than {MAX_DEPTH} levels deep.", _place(event.start_mark))
        if values > MAX_VALUES:
            raise wrong(f"The file holds more than {MAX_VALUES:,} values.", _place(event.start_mark))


class _Builder:
    """Plain values out of the node tree. Aliases are followed, but what they multiply is counted."""

    def __init__(self) -> None:
        self.count = 0
        self.places: dict[Path, Place] = {}

    def place(self, path: Path) -> Place | None:
        """The longest part of `path` that stands in the file."""
        return next(
            (self.places[path[:n]] for n in range(len(path), -1, -1) if path[:n] in self.places), None
        )

    def value(self, node: yaml.Node, path: Path) -> Any:
        self.count += 1
        at = _place(node.start_mark)
        if self.count > MAX_VALUES or len(path) > MAX_DEPTH:
            raise wrong("Aliases (*name) blow this file up beyond what can be read.", at)
        self.places[path] = at
        if isinstance(node, yaml.MappingNode):
            return dict(self._pairs(node, path))
        if isinstance(node, yaml.SequenceNode):
            _refuse_tag(node, "seq")
            return [self.value(item, (*path, n)) for n, item in enumerate(node.value)]
        assert isinstance(node, yaml.ScalarNode)
        return _scalar(node)

    def _pairs(self, node: yaml.MappingNode, path: Path) -> Iterator[tuple[str, Any]]:
        _refuse_tag(node, "map")
        seen: set[str] = set()
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode) or key_node.tag != f"{CORE}str":
                raise wrong("Keys must be text; put this one in quotes.", _place(key_node.start_mark))
            key = key_node.value
            if key in seen:
                raise wrong(f"{key} stands here twice.", _place(key_node.start_mark), "Keep one.")
            seen.add(key)
            yield key, self.value(value_node, (*path, key))
            self.places[(*path, key)] = _place(key_node.start_mark)


def _refuse_tag(node: yaml.Node, plain: str) -> None:
    if node.tag != CORE + plain:
        raise wrong(f"The tag {node.tag} is not allowed.", _place(node.start_mark), "Remove it.")


def _scalar(node: yaml.ScalarNode) -> Any:
    match node.tag.removeprefix(CORE):
        case "str":
            return node.value
        case "null":
            return None
        case "bool":
            return node.value.lower() == "true"
        case "int":
            return int(node.value)
        case "float":
            return float(node.value)
    raise wrong(f"The tag {node.tag} is not allowed.", _place(node.start_mark), "Remove it.")


def _place(mark: Any) -> Place:
    return (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)


def _sentence(error: yaml.MarkedYAMLError) -> str:
    said = ", ".join(part for part in (error.context, error.problem) if part)
    return f"This is not YAML: {said}."


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as blocks, which people can read and edit."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _write_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    block = "\n" in text and not any(line != line.rstrip() for line in text.split("\n"))
    return dumper.represent_scalar(f"{CORE}str", text, style="|" if block else None)


_Dumper.add_representer(str, _write_text)
for name, pattern, first in CORE_SCHEMA:  # text that looks like a number to YAML 1.2 is quoted as well
    _Dumper.add_implicit_resolver(CORE + name, pattern, first)
FORMAT = YamlFile()
