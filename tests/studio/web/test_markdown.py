"""What a model writes must not run, load, submit or navigate anything."""

from __future__ import annotations

import time
from html.parser import HTMLParser

import pytest

from studio.web.markdown import LONGEST, TAGS, to_html

ATTACKS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)>",
    "<iframe src='https://example.org'></iframe>",
    "<a href='javascript:alert(1)' onclick='alert(1)'>x</a>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](java\tscript:alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "[x](vbscript:msgbox(1))",
    "![x](https://example.org/pixel.png)",
    "![x](data:image/svg+xml,<svg onload=alert(1)>)",
    "![x](javascript:alert(1))",
    '![x](https://e.org/"onerror="alert(1))',
    "<style>body{display:none}</style>",
    "<form action='https://example.org'><input name=password></form>",
    "<base href='https://example.org'>",
    "<meta http-equiv=refresh content='0;url=https://example.org'>",
    "<link rel=stylesheet href=https://example.org/x.css>",
    "<p style='position:fixed'>x</p>",
    "<div id=confirm class=dialog hx-get=/x hx-trigger=load>x</div>",
    "| a |\n|---|\n| <script>x</script> |",
    "```html\n</code></pre><script>alert(1)</script>\n```",
    "<https://example.org/<script>>",
    "[r]: javascript:alert(1)\n\n[x][r]",
]
ALLOWED = {"href", "title", "rel", "target", "class", "start"}


class Finder(HTMLParser):
    """Collects what a browser would see."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += attrs


@pytest.mark.parametrize("text", ATTACKS)
def test_hostile_markdown_comes_out_harmless(text: str) -> None:
    page = Finder()
    page.feed(to_html(text))
    assert page.tags <= TAGS
    assert {name for name, _ in page.attributes} <= ALLOWED
    addresses = [str(value) for name, value in page.attributes if name == "href"]
    assert all(address.startswith(("http://", "https://", "mailto:")) for address in addresses), addresses


def test_ordinary_markdown_is_rendered() -> None:
    html = to_html("# Reply\n\n**Charged** ~~once~~ *twice*, `A-1`.\n\n1. one\n\n| a |\n|---|\n| 1 |")
    for part in ("<h1>Reply</h1>", "<strong>", "<s>", "<em>", "<code>A-1</code>", "<ol>", "<td>1</td>"):
        assert part in html


def test_links_open_elsewhere_and_tell_nothing() -> None:
    html = to_html("[page](https://example.org/a?b=1&c=2)")
    assert 'href="https://example.org/a?b=1&amp;c=2"' in html
    assert 'rel="noopener noreferrer nofollow"' in html
    assert 'target="_blank"' in html


def test_an_image_becomes_a_link_that_nothing_loads() -> None:
    assert '<a href="https://example.org/a.png"' in to_html("![a chart](https://example.org/a.png)")
    assert ">a chart</a>" in to_html("![a chart](https://example.org/a.png)")


def test_nul_bytes_are_replaced() -> None:
    assert "\x00" not in to_html("a\x00b")


def test_a_very_long_text_is_shown_as_it_is() -> None:
    html = to_html("<b>" + "*x* " * LONGEST)
    assert html.startswith("<pre>&lt;b&gt;*x*")


@pytest.mark.parametrize("unit", ["[" * 50, "*a **b ", "> ", "![](", "`" * 7, "<a ", "|a", "- "])
def test_text_made_to_be_slow_is_not(unit: str) -> None:
    started = time.perf_counter()
    to_html((unit * LONGEST)[:LONGEST])
    assert time.perf_counter() - started < 5
