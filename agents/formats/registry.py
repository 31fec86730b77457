"""The file formats teams can be written in. Adding one is a file and a line here."""

from __future__ import annotations

from agents.formats import json_file, yaml_file
from agents.formats.reading import FileFormat

FORMATS: dict[str, FileFormat] = {one.name: one for one in (yaml_file.FORMAT, json_file.FORMAT)}


def format_of(name: str = "", media_type: str = "", text: str = "") -> FileFormat:
    """The format of a file by its name, its media type, or else by how it begins."""
    for one in FORMATS.values():
        if (
            name.lower().endswith((one.suffix, f".{one.name}"))
            or media_type.partition(";")[0] == one.media_type
        ):
            return one
    if name.lower().endswith(".yml"):
        return FORMATS["yaml"]
    return FORMATS["json" if text.lstrip("\ufeff \t\r\n").startswith("{") else "yaml"]
