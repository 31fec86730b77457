"""Small embeddings: words hashed into a unit vector, so that texts which share words are near each other."""

from __future__ import annotations

import math
from base64 import b64encode
from hashlib import blake2b
from struct import pack
from typing import Any

import orjson

from agents.rehearsal import tokens
from agents.rehearsal.request import EMBEDDING, Refused
from agents.rehearsal.topics import WORD

USUAL = 384
MOST = 3072


def embeddings(body: dict[str, Any]) -> bytes:
    if body.get("model") != EMBEDDING:
        raise Refused(
            404,
            f"The model {body.get('model')!r} makes no embeddings.",
            code="model_not_found",
            param="model",
        )
    given = body.get("input")
    texts = [given] if isinstance(given, str) else given
    if not isinstance(texts, list) or not texts or not all(isinstance(text, str) for text in texts):
        raise Refused(400, "'input' must be a text or a list of texts.", param="input")
    size = body.get("dimensions") or USUAL
    if not isinstance(size, int) or not 1 <= size <= MOST:
        raise Refused(400, f"'dimensions' must be from 1 to {MOST}.", param="dimensions")
    packed = body.get("encoding_format") == "base64"
    data = [
        {"object": "embedding", "index": index, "embedding": _packed(vector) if packed else vector}
        for index, vector in enumerate(vector_of(text, size) for text in texts)
    ]
    counted = sum(tokens.count(text) for text in texts)
    spent = {"prompt_tokens": counted, "total_tokens": counted}
    return orjson.dumps({"object": "list", "data": data, "model": EMBEDDING, "usage": spent})


def vector_of(text: str, size: int) -> list[float]:
    vector = [0.0] * size
    for word in WORD.findall(text.lower()) or [text]:
        place = int.from_bytes(blake2b(word.encode("utf-8", "replace"), digest_size=8).digest())
        vector[place % size] += 1.0 if place >> 63 else -1.0
    length = math.sqrt(sum(value * value for value in vector)) or 1.0
    return [value / length for value in vector]


def _packed(vector: list[float]) -> str:
    return b64encode(pack(f"<{len(vector)}f", *vector)).decode()
