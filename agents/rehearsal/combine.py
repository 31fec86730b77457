"""Folds `$ref`, `allOf`, `anyOf`, `oneOf` and `if` of a JSON Schema into one plain schema."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

Json = Any
LOWER_BOUNDS = frozenset(
    {"minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties", "minContains"}
)
UPPER_BOUNDS = frozenset(
    {"maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties", "maxContains"}
)
MOST_FOLDS = 200


class Unsatisfiable(Exception):
    """No valid value was found; the schema is broken, contradicts itself, or has no end."""


class Root:
    """The whole schema, to which references point."""

    def __init__(self, schema: Json) -> None:
        self.schema = schema

    def resolve(self, ref: str) -> Json:
        """What `#`, `#/a/b` or `#name` points to. References to other documents are not followed."""
        if not ref.startswith("#"):
            raise Unsatisfiable(f"The schema refers to {ref}, which is outside it.")
        pointer = unquote(ref[1:])
        if pointer and not pointer.startswith("/"):
            return self._anchored(self.schema, pointer)
        target = self.schema
        for part in pointer.split("/")[1:]:
            key = part.replace("~1", "/").replace("~0", "~")
            try:
                target = target[int(key)] if isinstance(target, list) else target[key]
            except (KeyError, IndexError, ValueError, TypeError):
                raise Unsatisfiable(f"The schema has nothing at {ref}.") from None
        return target

    def _anchored(self, node: Json, anchor: str) -> Json:
        stack = [node]
        while stack:
            current = stack.pop()
            if isinstance(current, dict):
                if current.get("$anchor") == anchor or current.get("$dynamicAnchor") == anchor:
                    return current
                stack += current.values()
            elif isinstance(current, list):
                stack += current
        raise Unsatisfiable(f"The schema has nothing named #{anchor}.")

    def constants(self, option: Json) -> frozenset[str]:
        """The constants by which an alternative is told from the others: `{"tool": {"const": "search"}}`."""
        option = self._followed(option)
        found = [option] if isinstance(option, dict) else []
        found += [self._followed(each) for each in (option.get("properties", {}) if found else {}).values()]
        values = [each["const"] for each in found if isinstance(each, dict) and "const" in each]
        values += [
            each["enum"][0] for each in found if isinstance(each, dict) and len(each.get("enum") or ()) == 1
        ]
        return frozenset(value for value in values if isinstance(value, str))

    def depth(self, option: Json, seen: frozenset[str] = frozenset()) -> int:
        """How deep values of this alternative go at least; references into themselves count as very deep."""
        if not isinstance(option, dict) or len(seen) > 20:
            return 0
        if ref := option.get("$ref") or option.get("$dynamicRef"):
            return 1000 if ref in seen else self.depth(self.resolve(ref), seen | {ref})
        parts = [
            self.depth(option.get("properties", {}).get(key, {}), seen) + 1
            for key in option.get("required", ())
        ]
        if option.get("minItems"):
            parts.append(self.depth(option.get("items", {}), seen) + 1)
        parts += [self.depth(each, seen) for each in option.get("allOf", ())]
        for word in ("anyOf", "oneOf"):
            if option.get(word):
                parts.append(min(self.depth(each, seen) for each in option[word]))
        return max(parts, default=0)

    def _followed(self, option: Json) -> Json:
        for _ in range(20):
            ref = option.get("$ref") if isinstance(option, dict) else None
            if not ref:
                break
            option = self.resolve(ref)
        return option


def merged(schema: Json, root: Root, choose: Callable[[list[Json]], Json]) -> dict[str, Json]:
    """`schema` with every reference followed and every choice made by `choose`."""
    result: dict[str, Json] = {}
    stack: list[Json] = [schema]
    for _ in range(MOST_FOLDS):
        if not stack:
            return result
        part = stack.pop()
        if part is True:
            continue
        if not isinstance(part, dict):
            raise Unsatisfiable("The schema allows no value.")
        if ref := part.get("$ref") or part.get("$dynamicRef"):
            stack.append(root.resolve(ref))
        stack += part.get("allOf", ())
        stack += [choose(part[word]) for word in ("anyOf", "oneOf") if part.get(word)]
        if "if" in part:
            stack += [part["if"], part["then"]] if "then" in part else [part.get("else", True)]
        if part.get("nullable") is True and "type" not in result and isinstance(part.get("type"), str):
            part = {**part, "type": [part["type"], "null"]}
        for word, value in part.items():
            if word not in FOLDED:
                result[word] = _both(word, result[word], value) if word in result else value
    raise Unsatisfiable("The schema refers to itself without end.")


FOLDED = frozenset({"$ref", "$dynamicRef", "allOf", "anyOf", "oneOf", "if", "then", "else", "not", "$defs"})


def _both(word: str, first: Json, second: Json) -> Json:
    """What satisfies one keyword given twice."""
    if word in LOWER_BOUNDS:
        return max(first, second)
    if word in UPPER_BOUNDS:
        return min(first, second)
    if word == "required":
        return list(dict.fromkeys([*first, *second]))
    if word == "enum":
        return [value for value in first if value in second] or first
    if word == "type":
        return _types(first, second)
    if word in ("properties", "patternProperties"):
        shared = {key: {"allOf": [first[key], second[key]]} for key in first.keys() & second.keys()}
        return {**first, **second, **shared}
    if word in ("items", "contains", "propertyNames", "additionalProperties"):
        return {"allOf": [first, second]}
    return first


def _types(first: Json, second: Json) -> Json:
    one = [first] if isinstance(first, str) else list(first)
    two = [second] if isinstance(second, str) else list(second)
    shared = [kind for kind in one if kind in two]
    if "integer" in one + two and "number" in one + two:
        shared.append("integer")
    return shared if len(shared) > 1 else (shared or one)[0]
