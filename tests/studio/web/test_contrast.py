"""Every text colour of both themes reaches 4.5:1 (WCAG AA) on every ground it is used on."""

from __future__ import annotations

import re

import pytest
from django.conf import settings

Rgb = tuple[float, float, float]

CSS = settings.BASE_DIR / "static" / "css"
GROUNDS = ("--color-base-100", "--color-base-200")
STATES = {
    "queued": "--queued",
    "running": "--color-info",
    "waiting": "--color-warning",
    "done": "--color-success",
    "failed": "--color-error",
    "cancelled": "--cancelled",
    "doubt": "--doubt",
}
FILLED = ("primary", "accent", "info", "success", "warning", "error", "neutral")


def themes() -> dict[str, dict[str, str]]:
    blocks = re.findall(r'name: "([\w-]+)";(.*?)\n}', (CSS / "themes.css").read_text(), re.DOTALL)
    return {name: dict(re.findall(r"(--[\w-]+):\s*(#[0-9a-f]{6});", body)) for name, body in blocks}


def linear(hex_code: str) -> Rgb:
    r, g, b = (int(hex_code[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return tuple(c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (r, g, b))  # type: ignore[return-value]


def oklab(rgb: Rgb) -> Rgb:
    """Björn Ottosson's matrices, as CSS Color 4 uses them for color-mix(in oklab, …)."""
    r, g, b = rgb
    cone_l = (0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b) ** (1 / 3)
    cone_m = (0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b) ** (1 / 3)
    cone_s = (0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b) ** (1 / 3)
    return (
        0.2104542553 * cone_l + 0.7936177850 * cone_m - 0.0040720468 * cone_s,
        1.9779984951 * cone_l - 2.4285922050 * cone_m + 0.4505937099 * cone_s,
        0.0259040371 * cone_l + 0.7827717662 * cone_m - 0.8086757660 * cone_s,
    )


def from_oklab(lab: Rgb) -> Rgb:
    lightness, a, b = lab
    cone_l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    cone_m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    cone_s = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        4.0767416621 * cone_l - 3.3077115913 * cone_m + 0.2309699292 * cone_s,
        -1.2684380046 * cone_l + 2.6097574011 * cone_m - 0.3413193965 * cone_s,
        -0.0041960863 * cone_l - 0.7034186147 * cone_m + 1.7076147010 * cone_s,
    )


def mix(first: Rgb, share: float, second: Rgb) -> Rgb:
    one, two = oklab(first), oklab(second)
    return from_oklab(tuple(share * x + (1 - share) * y for x, y in zip(one, two, strict=True)))  # type: ignore[arg-type]


def ratio(one: Rgb, two: Rgb) -> float:
    light, dark = sorted((0.2126 * r + 0.7152 * g + 0.0722 * b for r, g, b in (one, two)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.fixture(params=["troupe-light", "troupe-dark"])
def theme(request: pytest.FixtureRequest) -> dict[str, Rgb]:
    return {name: linear(code) for name, code in themes()[request.param].items()}


def test_both_themes_define_the_same_names() -> None:
    light, dark = themes()["troupe-light"], themes()["troupe-dark"]
    assert light.keys() == dark.keys()
    assert len(light) > 30


@pytest.mark.parametrize("ground", [*GROUNDS, "--wash", "--canvas", "--node"])
def test_text_and_dim_text_are_readable(theme: dict[str, Rgb], ground: str) -> None:
    ink = theme["--color-base-content"]
    assert ratio(ink, theme[ground]) >= 10
    # `dim` is 68 % opaque ink: what is below shows through
    dim = mix(ink, 0.68, theme[ground])
    assert ratio(dim, theme[ground]) >= 4.5


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("ground", GROUNDS)
def test_state_words_are_readable_on_panels_pages_and_their_own_tint(
    theme: dict[str, Rgb], state: str, ground: str
) -> None:
    color = theme[STATES[state]]
    word = mix(color, 0.84, theme["--color-base-content"])
    assert ratio(word, theme[ground]) >= 4.5
    assert ratio(word, mix(color, 0.11, theme[ground])) >= 4.5
    assert ratio(color, theme[ground]) >= 3  # the icon


@pytest.mark.parametrize("name", FILLED)
def test_filled_buttons_and_badges_are_readable(theme: dict[str, Rgb], name: str) -> None:
    assert ratio(theme[f"--color-{name}-content"], theme[f"--color-{name}"]) >= 4.5


@pytest.mark.parametrize("ground", GROUNDS)
def test_links_are_readable(theme: dict[str, Rgb], ground: str) -> None:
    assert ratio(theme["--color-primary"], theme[ground]) >= 4.5
