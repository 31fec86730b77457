"""Markdown from models and people as HTML that can do no harm: the text is hostile until shown otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import nh3
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token

# Beyond this many characters the text is shown as it is: rendering and reading take time in proportion.
LONGEST = 60_000

BLOCKS = {"p", "hr", "pre", "blockquote", "ul", "ol", "li", "h1", "h2", "h3", "h4", "h5", "h6"}
TABLES = {"table", "thead", "tbody", "tr", "th", "td"}
TAGS = BLOCKS | TABLES | {"a", "br", "strong", "em", "s", "code"}
ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}, "code": {"class"}}
SCHEMES = {"http", "https", "mailto"}


def _image(self: RendererHTML, tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:
    """An image becomes a link: loading it would tell its server who reads what, and when."""
    token = tokens[index]
    words = token.content or "image"
    return f'<a href="{escape(str(token.attrs.get("src", "")))}">{escape(words)}</a>'


def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "linkify": False, "maxNesting": 20})
    parser.enable(["table", "strikethrough"])
    parser.add_render_rule("image", _image)
    return parser


_PARSER = _parser()


def to_html(text: str) -> SafeString:
    """Safe HTML of `text`: no scripts, styles, images, frames, forms or ids; links to http, https, mailto."""
    text = text.replace("\x00", "\N{REPLACEMENT CHARACTER}")
    if len(text) > LONGEST:
        return format_html("<pre>{}</pre>", text)
    clean = nh3.clean(
        _PARSER.render(text),
        tags=TAGS,
        attributes=ATTRIBUTES,
        url_schemes=SCHEMES,
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values={"a": {"target": "_blank"}},
    )
    return mark_safe(clean)  # noqa: S308  nh3 has just cleaned it
