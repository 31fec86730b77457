"""The costs page's figures for Plotly. Colours are the theme's names, which static/js/charts.js looks up."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from html import escape
from importlib import import_module
from math import floor, log10
from typing import Any

from runs.costs.spread import STEPS, Latency, Spread
from runs.costs.sums import Costs
from runs.costs.times import named
from runs.forms.cost_filter import HOUR
from studio.web.figures import duration, money

Figure = dict[str, Any]  # as plotly.js takes it
MOST_LABELS, FEW_LABELS = 16, 7  # on the time axis of a wide and of a narrow chart
INK, DIM, GROUND = "var(--color-base-content)", "var(--dim)", "var(--color-base-100)"


@cache
def _plotly() -> Any:
    """Plotly is loaded by the first chart: its import would cost every process 0.3 s."""
    return import_module("plotly.graph_objects")


@cache
def _template() -> Any:
    """Our look."""
    axis = {"fixedrange": True, "zeroline": False, "ticks": "", "automargin": False, "title": {"text": ""}}
    layout = {
        "font": {"family": "Inter Variable, system-ui, sans-serif", "size": 11, "color": DIM},
        "colorway": [f"var(--c{n})" for n in range(1, 7)],
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "margin": {"l": 44, "r": 6, "t": 10, "b": 24, "pad": 0},
        "xaxis": {
            **axis,
            "showgrid": False,
            "showspikes": False,
            "showline": True,
            "linecolor": "var(--axis)",
            "linewidth": 1,
        },
        "yaxis": {
            **axis,
            "gridcolor": "var(--grid)",
            "ticklabelstandoff": 8,
            "nticks": 5,
            "rangemode": "tozero",
        },
        "barmode": "stack",
        "bargap": 0.34,
        "showlegend": False,
        "dragmode": False,
        "hovermode": "x unified",
        "hoverlabel": {
            "bgcolor": GROUND,
            "bordercolor": "var(--line-strong)",
            "font": {"family": "Inter Variable, system-ui, sans-serif", "size": 12, "color": INK},
        },
    }
    return _plotly().layout.Template(layout=layout)


def _figure(traces: list[Any], **layout: Any) -> Figure:
    figure: Figure = _plotly().Figure(traces, layout={"template": _template(), **layout}).to_plotly_json()
    return figure


# ── time ────────────────────────────────────────────────────────────────────────────────────────────
def _short(moments: list[datetime], step: timedelta, most: int) -> tuple[list[int], list[str]]:
    """Which bars have a label, and the labels: the month only where it is news."""
    every = -(-len(moments) // most)
    if step == HOUR:
        every = max(every, 3)
    chosen = [at for at in range(len(moments)) if (len(moments) - 1 - at) % every == 0]
    words, month = [], None
    for at in chosen:
        one = moments[at]
        words.append(
            f"{one:%H}:00" if step == HOUR else f"{one.day} {one:%b}" if one.month != month else f"{one.day}"
        )
        month = one.month
    return chosen, words


def _time_axis(
    moments: list[datetime], names: list[str], step: timedelta, most: int = MOST_LABELS
) -> dict[str, Any]:
    chosen, words = _short(moments, step, most)
    return {
        "type": "category",
        "categoryorder": "array",
        "categoryarray": names,
        "range": [-0.5, len(names) - 0.5],
        "tickmode": "array",
        "tickvals": [names[at] for at in chosen],
        "ticktext": words,
        "tickangle": 0,
        "unifiedhovertitle": {"text": "%{x}"},
    }


# ── the charts ──────────────────────────────────────────────────────────────────────────────────────
def spend_chart(costs: Costs, runs_url: Callable[[datetime, datetime], str]) -> Figure:
    """Stacked bars; a click on one leads to `runs_url(since, until)`."""
    step, buckets = costs.chosen.step, costs.chosen.buckets
    totals = [sum((one.bars.get(at, Decimal(0)) for one in costs.bars), Decimal(0)) for at in buckets]
    names = [f"{named(at, step)} · {money(total)}" for at, total in zip(buckets, totals, strict=True)]
    links = [runs_url(at, at + step) for at in buckets]
    traces = []
    for one in costs.bars:
        amounts = [one.bars.get(at) or None for at in buckets]
        traces.append(
            _plotly().Bar(
                name=escape(one.name),
                x=names,
                y=[None if amount is None else float(amount) for amount in amounts],
                customdata=[[money(amount), link] for amount, link in zip(amounts, links, strict=True)],
                hovertemplate="%{customdata[0]}  %{fullData.name}<extra></extra>",
                marker={"color": f"var(--c{one.colour})", "line": {"color": GROUND, "width": 1}},
            )
        )
    top = float(max(totals, default=Decimal(0)))
    yaxis, room = _money_axis(top)
    return _figure(traces, xaxis=_time_axis(buckets, names, step), yaxis=yaxis, margin={"l": room})


def _money_axis(top: float) -> tuple[dict[str, Any], int]:
    """Round steps with as many decimals as they need, and the room that their labels take."""
    if top <= 0:
        return {"range": [0, 1], "tickvals": [0], "ticktext": ["$0"]}, 34
    step = _round_step(top / 5)
    ticks = [step * at for at in range(int(top / step) + 2)]
    decimals = max(0, -floor(log10(step)))
    words = ["$0", *(f"${tick:,.{max(decimals, 2) if decimals else 0}f}" for tick in ticks[1:])]
    room = 16 + round(6.4 * max(map(len, words)))
    return {"range": [0, top * 1.06], "tickvals": ticks, "ticktext": words}, room


def _round_step(least: float) -> float:
    """1, 2 or 5 times a power of ten."""
    power = 10.0 ** floor(log10(least))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= least)


def latency_chart(latency: dict[datetime, Latency], costs: Costs) -> Figure:
    step, buckets = costs.chosen.step, costs.chosen.buckets
    names = [named(at, step) for at in buckets]
    traces, labels = [], []
    for name, colour in (("p95", 1), ("p50", 2)):
        seconds = [getattr(latency[at], name) if at in latency else None for at in buckets]
        last = max(at for at, one in enumerate(seconds) if one is not None)
        traces.append(
            _plotly().Scatter(
                name=name,
                x=names,
                y=seconds,
                mode="lines+markers",
                connectgaps=True,
                line={"width": 2, "color": f"var(--c{colour})"},
                marker={
                    "size": [7 if at == last else 0.1 for at in range(len(names))],
                    "opacity": 1,
                    "line": {"width": 0},
                },
                customdata=[duration(one) for one in seconds],
                hovertemplate=f"%{{customdata}}  {name}<extra></extra>",
            )
        )
        labels.append(_end_label(name, names[last], seconds[last]))
    axis = _time_axis(buckets, names, step, FEW_LABELS) | {
        "range": [-0.5, len(names) - 0.4 + len(names) * 0.07]
    }
    top = max(one.p95 for one in latency.values())
    tick = _round_step(top / 5)
    ticks = [tick * at for at in range(int(top / tick) + 2)]
    yaxis = {"range": [0, top * 1.1], "tickvals": ticks, "ticktext": [f"{one:g} s" for one in ticks]}
    return _figure(traces, xaxis=axis, yaxis=yaxis, annotations=labels)


def _end_label(name: str, x: str, y: float | None) -> dict[str, Any]:
    font = {"color": INK, "size": 11, "weight": 600}
    return {"text": name, "x": x, "y": y, "xanchor": "left", "xshift": 7, "showarrow": False, "font": font}


def spread_chart(spread: Spread) -> Figure:
    """Runs by what they cost, on a log scale; dashed lines at the median and the 95th percentile."""
    low, high = _ends(spread)
    places = list(range(low, high + 1))
    edges = [(money(_power(at)), money(_power(at + 1))) for at in places]
    bar = _plotly().Bar(
        x=[(at + 0.5) / STEPS for at in places],
        y=[spread.bars.get(at, 0) for at in places],
        width=0.92 / STEPS,
        marker={"color": "var(--c1)"},
        customdata=[[f"{start} – {end}"] for start, end in edges],
        hovertemplate="%{y} runs · %{customdata[0]}<extra></extra>",
    )
    decades = [at / STEPS for at in range(low - low % STEPS, high + STEPS + 1, STEPS)]
    xaxis = {
        "tickvals": decades,
        "ticktext": [money(Decimal(10) ** int(one)).removesuffix(".00") for one in decades],
        "range": [low / STEPS - 0.1, (high + 1) / STEPS + 0.1],
    }
    tick = max(1, round(_round_step(max(spread.bars.values()) / 5)))
    shapes, labels, rows = _references(spread)
    margin = {"l": 34, "r": 6, "t": 9 + 13 * rows, "b": 24}
    layout = {"bargap": 0.08, "hovermode": "closest", "margin": margin}
    return _figure([bar], xaxis=xaxis, yaxis={"dtick": tick}, shapes=shapes, annotations=labels, **layout)


def _ends(spread: Spread) -> tuple[int, int]:
    """The first and the last bar, wide enough apart for a scale."""
    low, high = min(spread.bars), max(spread.bars)
    missing = max(0, 2 * STEPS - (high - low + 1))
    return low - (missing + 1) // 2, high + missing // 2


def _power(at: int) -> Decimal:
    return Decimal(f"{10 ** (at / STEPS):.3g}")


def _references(spread: Spread) -> tuple[list[dict[str, Any]], list[dict[str, Any]], int]:
    """Lines, their labels, and in how many rows these are: a p95 far to the right has its label above."""
    low, high = (end / STEPS for end in _ends(spread))
    shapes, labels, rows = [], [], 1
    lines = {"median": spread.median, "p95": spread.p95 if spread.p95 != spread.median else None}
    for name, amount in lines.items():
        if not amount:
            continue
        x = log10(amount)
        right = (x - low) / (high - low) > (0.4 if name == "median" else 0.72)
        rows = 2 if right and name == "p95" else rows
        up = 13 if right and name == "p95" else 0
        place = {"xref": "x", "yref": "paper", "x0": x, "x1": x, "y0": 0, "y1": 1}
        shapes.append({"type": "line", "line": {"color": DIM, "width": 1.25, "dash": "4px,3px"}, **place})
        text = {
            "text": f"{name} {money(amount)}",
            "showarrow": False,
            "xanchor": "right" if right else "left",
        }
        shift = {"xshift": -4 if right else 4, "yshift": 8 + up}
        labels.append({"x": x, "y": 1, "yref": "paper", "yanchor": "middle", **text, **shift})
    return shapes, labels, rows
