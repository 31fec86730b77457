"""Makes values that are valid against a JSON Schema (2020-12 and what older drafts share with it)."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from random import Random
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError, UnknownType
from referencing.exceptions import Unresolvable

from agents.rehearsal.brief import Brief
from agents.rehearsal.colleagues import COLLEAGUE, colleagues
from agents.rehearsal.combine import Root, Unsatisfiable, merged
from agents.rehearsal.pattern import matching
from agents.rehearsal.plausible import POSITIVE, Values
from agents.rehearsal.topics import best_label

Json = Any
DEEP = 5  # from here on only what is required, and the shallowest of any choice
DEEPEST = 60
NESTED = 2  # from here on one item a list, and no optional parts that may contain themselves
TRIES = 12
USUAL_ITEMS = 3


def value_for(schema: Json, brief: Brief, rng: Random, used: frozenset[str] = frozenset()) -> Json:
    """A value valid against `schema`; alternatives told apart by a constant in `used` are avoided."""
    try:
        Draft202012Validator.check_schema(schema)
        validator = Draft202012Validator(schema)
        for attempt in range(TRIES):
            maker = _Maker(Root(schema), brief, rng, used, sparse=attempt >= TRIES // 2, shuffle=attempt > 0)
            value = maker.value(schema, "", 0)
            if validator.is_valid(value):
                return value
    except (SchemaError, UnknownType, Unresolvable, RecursionError, re.error) as error:
        raise Unsatisfiable(str(error).split("\n")[0][:300]) from error
    raise Unsatisfiable("No value was found that this schema accepts.")


class _Maker:
    def __init__(
        self, root: Root, brief: Brief, rng: Random, used: frozenset[str], *, sparse: bool, shuffle: bool
    ) -> None:
        self.root = root
        self.rng = rng
        self.brief = brief
        self.values = Values(brief, rng)
        self.used = used
        self.sparse = sparse
        self.shuffle = shuffle

    def value(self, schema: Json, name: str, depth: int) -> Json:
        if schema is True or schema == {}:
            return self.values.text(name, "")
        if schema is False or depth > DEEPEST:
            raise Unsatisfiable("The schema allows no value, or has no end.")
        schema = merged(schema, self.root, lambda options: self._alternative(options, depth))
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            asked = self.used if COLLEAGUE.match(name) else frozenset()
            options = [option for option in schema["enum"] if option not in asked] or schema["enum"]
            return self._choose(options, schema.get("description", ""))
        kind = self._kind(schema, depth)
        make: Callable[[dict[str, Json], str, int], Json] = getattr(self, f"_{kind}")
        return make(schema, name, depth)

    def _kind(self, schema: dict[str, Json], depth: int) -> str:
        kinds = schema.get("type")
        if isinstance(kinds, list):
            usable = [kind for kind in kinds if kind != "null"] or ["null"]
            if "null" in kinds and depth >= DEEP:
                return "null"
            return str(self.rng.choice(usable) if self.shuffle else usable[0])
        if kinds:
            return str(kinds)
        for kind, words in IMPLIED.items():
            if any(word in schema for word in words):
                return kind
        return "string"

    def _alternative(self, options: list[Json], depth: int) -> Json:
        """One of `anyOf`: not null, not one whose constant was used before, shallow when deep."""
        if depth >= DEEP:
            return min(options, key=lambda option: (not self._is_null(option), self.root.depth(option)))
        nothing = [option for option in options if self._is_null(option)]
        candidates = [
            option for option in options if option is not False and option not in nothing
        ] or options
        if depth >= NESTED and nothing and all("$ref" in option for option in candidates):
            return nothing[0]
        final = [option for option in candidates if self.root.constants(option) & FINAL]
        unnamed = [option for option in candidates if not self.root.constants(option)]
        pool = self._fresh(candidates) or final or unnamed or candidates
        return self.rng.choice(candidates if self.sparse else pool) if self.shuffle else pool[0]

    def _fresh(self, options: list[Json]) -> list[Json]:
        """Alternatives told apart by a constant not used yet, without those that end a conversation.

        A tool that names colleagues is not used up before all of them were asked.
        """
        spent = self.used | FINAL

        def is_fresh(option: Json) -> bool:
            told = self.root.constants(option)
            whom = colleagues(option.get("properties", {}).get("arguments")) if told else []
            return bool((told and not told & spent) or set(whom) - self.used)

        return [option for option in options if is_fresh(option)]

    def _is_null(self, option: Json) -> bool:
        return isinstance(option, dict) and (option.get("type") == "null" or option.get("const", 0) is None)

    def _choose(self, options: list[Json], described: str) -> Json:
        if not options:
            raise Unsatisfiable("The schema has an empty enumeration.")
        if self.shuffle:
            return self.rng.choice(options)
        labels = [str(option) for option in options]
        for option, label in zip(options, labels, strict=True):
            if label.lower() in POSITIVE:
                return option
        scores = best_label(
            labels, f"{self.brief.instructions}\n{self.brief.task}\n{described}", self.brief.data
        )
        best = max(scores)
        return self.rng.choice(
            [option for option, score in zip(options, scores, strict=True) if score == best]
        )

    def _null(self, schema: dict[str, Json], name: str, depth: int) -> None:
        return None

    def _boolean(self, schema: dict[str, Json], name: str, depth: int) -> bool:
        return self.rng.random() < 0.5 if self.shuffle else self.values.flag(name)

    def _string(self, schema: dict[str, Json], name: str, depth: int) -> str:
        least, most = int(schema.get("minLength", 0)), int(schema.get("maxLength", 10_000))
        if pattern := schema.get("pattern"):
            found = matching(pattern, self.rng, least, most)
            if found is None:
                raise Unsatisfiable(f"No text was found for the pattern {pattern[:100]}.")
            return found
        if (form := schema.get("format")) in FORMATS:
            return FORMATS[form](self.values)
        default = schema.get("default")
        if isinstance(default, str) and default and least <= len(default) <= most:
            return default
        return self._fitted(self.values.text(name, str(schema.get("description", ""))), least, most)

    def _fitted(self, text: str, least: int, most: int) -> str:
        while len(text) < least:
            text += (
                " " + self.values.writer.sentence() if least - len(text) > 20 else "." * (least - len(text))
            )
        if len(text) <= most:
            return text
        cut = text[:most]
        whole = cut.rsplit(" ", 1)[0].rstrip(" ,;:")
        return whole if len(whole) >= max(least, most // 2) else cut

    def _integer(self, schema: dict[str, Json], name: str, depth: int) -> int:
        return int(self._stepped(schema, name, whole=True))

    def _number(self, schema: dict[str, Json], name: str, depth: int) -> float:
        number = round(self._stepped(schema, name, whole=False), 10)
        return int(number) if number == int(number) else number

    def _stepped(self, schema: dict[str, Json], name: str, *, whole: bool) -> float:
        step = schema.get("multipleOf") or (1 if whole else None)
        low, high = _bounds(schema, step)
        number = self.values.number(name, low, high)
        if low is not None and high is not None and self.shuffle:
            number = self.rng.uniform(low, high)
        number = max(number, low) if low is not None else number
        number = min(number, high) if high is not None else number
        if step:
            number = _on_grid(number, step, low, high, whole=whole)
        return number

    def _array(self, schema: dict[str, Json], name: str, depth: int) -> list[Json]:
        least, most = int(schema.get("minItems", 0)), int(schema.get("maxItems", 1_000_000))
        items: list[Json] = [self.value(each, name, depth + 1) for each in schema.get("prefixItems", [])][
            :most
        ]
        if (contains := schema.get("contains")) is not None:
            needed = int(schema.get("minContains", 1))
            items += [self.value(contains, name, depth + 1) for _ in range(needed)]
        each = schema.get("items", len(items) < least)
        wished = (
            least
            if depth >= DEEP or self.sparse
            else max(least, min(most, USUAL_ITEMS if depth < NESTED else 1))
        )
        told_apart = isinstance(each, dict) and any(
            self.root.constants(part) for part in each.get("anyOf", ())
        )
        if told_apart:
            wished = max(least, min(wished, len(self._fresh(each["anyOf"]))))
        singular = re.sub(r"(?<=\w)s$", "", name)
        for attempt in range(wished * 8):
            if len(items) >= wished or each is False:
                break
            item = self.value(each, singular, depth + 1)
            if told_apart and isinstance(item, dict):
                self.used |= {value for value in item.values() if isinstance(value, str)}
            if item not in items or (attempt >= wished and not schema.get("uniqueItems")):
                items.append(item)
            elif isinstance(each, dict) and attempt > 1:
                items += self._unused(each, items)[:1]
        return items

    def _unused(self, schema: Json, items: list[Json]) -> list[Json]:
        """Members of an enumeration (or of the two booleans) that a list of distinct items lacks."""
        each = merged(schema, self.root, lambda options: options[0])
        pool: Iterable[Json] = each.get("enum") or ([True, False] if each.get("type") == "boolean" else [])
        return [option for option in pool if option not in items]

    def _object(self, schema: dict[str, Json], name: str, depth: int) -> dict[str, Json]:
        properties: dict[str, Json] = schema.get("properties", {})
        required = list(schema.get("required", ()))
        chosen = required if depth >= DEEP or self.sparse else list(dict.fromkeys([*properties, *required]))
        chosen = [key for key in chosen if key in required or properties.get(key, True) is not False]
        for key in list(chosen):
            chosen += [
                other for other in schema.get("dependentRequired", {}).get(key, ()) if other not in chosen
            ]
        if (most := schema.get("maxProperties")) is not None:
            chosen = sorted(chosen, key=lambda key: key not in required)[: max(int(most), len(required))]
        made = {key: self.value(self._member(schema, key), key, depth + 1) for key in chosen}
        least = int(schema.get("minProperties", 0))
        extra = schema.get("additionalProperties", True)
        if not properties and isinstance(extra, dict) and extra and not self.sparse and depth < DEEP:
            least = max(least, 2)
        for number in range(200):
            if len(made) >= least:
                break
            key = self._key(schema, number)
            made.setdefault(key, self.value(self._member(schema, key), key, depth + 1))
        return made

    def _key(self, schema: dict[str, Json], number: int) -> str:
        patterns = list(schema.get("patternProperties", {}))
        if patterns:
            return matching(patterns[number % len(patterns)], self.rng) or f"item_{number}"
        if names := schema.get("propertyNames"):
            return str(
                self.value({"type": "string", **names} if isinstance(names, dict) else {}, "key", DEEP)
            )
        return self.values.slug().replace("-", "_") if number < 3 else f"item_{number}"

    def _member(self, schema: dict[str, Json], key: str) -> Json:
        found = [schema["properties"][key]] if key in schema.get("properties", {}) else []
        found += [
            each for pattern, each in schema.get("patternProperties", {}).items() if re.search(pattern, key)
        ]
        if not found:
            extra = schema.get("additionalProperties", True)
            return True if extra is False else extra
        return found[0] if len(found) == 1 else {"allOf": found}


def _bounds(schema: dict[str, Json], step: float | None) -> tuple[float | None, float | None]:
    """The least and the greatest number allowed; exclusive bounds are drawn in a little."""
    low, high = schema.get("minimum"), schema.get("maximum")
    above, below = _number_or_none(schema, "exclusiveMinimum"), _number_or_none(schema, "exclusiveMaximum")
    floor, ceiling = above if low is None else low, below if high is None else high
    gap = ceiling - floor if floor is not None and ceiling is not None else math.inf
    tiny = step or min(1e-3, gap / 4)
    if above is not None:
        low = above + tiny if low is None else max(above + tiny, low)
    if below is not None:
        high = below - tiny if high is None else min(below - tiny, high)
    return low, high


def _number_or_none(schema: dict[str, Json], word: str) -> float | None:
    """Older drafts say `exclusiveMinimum: true`, which is no number."""
    value = schema.get(word)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _on_grid(number: float, step: float, low: float | None, high: float | None, *, whole: bool) -> float:
    """The multiple of `step` nearest to `number` within the bounds."""
    if whole and step != int(step):
        step = step * next((k for k in range(1, 1001) if (step * k) % 1 == 0), 1)
    count = round(number / step)
    if low is not None and count * step < low:
        count = math.ceil(low / step)
    if high is not None and count * step > high:
        count = math.floor(high / step)
    return round(count * step, 10)


IMPLIED = {
    "object": ("properties", "required", "additionalProperties", "minProperties", "patternProperties"),
    "array": ("items", "prefixItems", "minItems", "contains", "uniqueItems"),
    "string": ("minLength", "maxLength", "pattern", "format"),
    "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
}
FINAL = frozenset(
    {"final", "final_answer", "answer", "finish", "done", "respond", "reply", "none", "message", "output"}
)
FORMATS: dict[str, Callable[[Values], str]] = {
    "date-time": lambda v: v.moment().isoformat().replace("+00:00", "Z"),
    "date": lambda v: v.moment().date().isoformat(),
    "time": lambda v: v.moment().time().isoformat() + "Z",
    "duration": lambda v: f"P{v.rng.randrange(1, 9)}D",
    "email": Values.email,
    "idn-email": Values.email,
    "hostname": lambda v: f"{v.slug()[:40].strip('-')}.example.com",
    "idn-hostname": lambda v: f"{v.slug()[:40].strip('-')}.example.com",
    "ipv4": lambda v: f"192.0.2.{v.rng.randrange(1, 255)}",
    "ipv6": lambda v: f"2001:db8::{v.rng.randrange(1, 9999)}",
    "uri": Values.link,
    "iri": Values.link,
    "uri-reference": lambda v: f"/{v.slug()}",
    "iri-reference": lambda v: f"/{v.slug()}",
    "uri-template": lambda v: f"https://example.com/{v.slug()}/{{id}}",
    "uuid": Values.uuid,
    "json-pointer": lambda v: f"/{v.slug()}",
    "relative-json-pointer": lambda v: "0",
    "regex": lambda v: "^[a-z]+$",
}
