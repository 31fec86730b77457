"""JSON, bounded, with duplicate keys refused; places are found by reading it as YAML, which JSON is."""

from __future__ import annotations

import json
from typing import Any, ClassVar, NoReturn

from agents.formats.reading import MAX_DEPTH, FileFormat, Path, Place, Reading, wrong
from agents.formats.yaml_file import YamlFile
from agents.topology.problems import Refused


class JsonFile(FileFormat):
    name: ClassVar[str] = "json"
    title: ClassVar[str] = "JSON"
    suffix: ClassVar[str] = ".json"
    media_type: ClassVar[str] = "application/json"

    def read(self, text: str) -> Reading:
        try:
            value = json.loads(text, object_pairs_hook=_once, parse_constant=_no_constant)
        except json.JSONDecodeError as error:
            raise wrong(f"This is not JSON: {error.msg}.", (error.lineno, error.colno)) from error
        except ValueError as error:
            raise wrong(f"This cannot be read: {error}.") from error
        except RecursionError:
            raise wrong(f"This is nested more than {MAX_DEPTH} levels deep.") from None
        if _depth(value) > MAX_DEPTH:
            raise wrong(f"This is nested more than {MAX_DEPTH} levels deep.")
        return Reading(value, _Places(text))

    def write(self, value: Any) -> str:
        return json.dumps(value, ensure_ascii=False, indent=2) + "\n"


class _Places:
    """Looks places up only when there is a problem to point at."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.reading: Reading | None = None

    def __call__(self, path: Path) -> Place | None:
        if self.reading is None:
            try:
                self.reading = YamlFile().read(self.text)
            except Refused:  # tabs and a few other things are JSON but not YAML
                self.reading = Reading(None, lambda _: None)
        return self.reading.place(path)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise wrong(f"{key[:100]} stands twice in the same object.", fix="Keep one.")
        found[key] = value
    return found


def _no_constant(name: str) -> NoReturn:
    raise wrong(f"{name} is not a JSON number.")


def _depth(value: Any) -> int:
    depth, level = 0, [value]
    while level:
        depth += 1
        level = [
            item
            for parent in level
            if isinstance(parent, dict | list)
            for item in (parent.values() if isinstance(parent, dict) else parent)
        ]
    return depth


FORMAT = JsonFile()
