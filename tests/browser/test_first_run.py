"""The whole path of a newcomer, in the browser, on the stack that `make run` starts."""

from __future__ import annotations

import json
import re
import urllib.request
from decimal import Decimal
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.started import Studio

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser"), pytest.mark.timeout(300)]

PRICED = """
format: troupe.team/v1
name: Priced team
agents:
  scribe:
    name: Scribe
    role: writer
    goal: Write two sentences about the topic.
    model: {endpoint: rehearsal, model: rehearsal}
    parameters: {max_tokens: 200}
graph:
  nodes:
    - {id: input, kind: input}
    - id: draft
      kind: agent
      config: {agent: scribe, task: {description: "Write about {{ input.topic }}."}}
    - id: polish
      kind: agent
      config: {agent: scribe, task: {description: "Improve the text."}}
    - {id: output, kind: output}
  edges:
    - {id: e1, source: input, target: draft}
    - {id: e2, source: draft, target: polish}
    - {id: e3, source: polish, target: output}
"""


def node(page: Page, name: str) -> Any:
    return page.locator(f".react-flow__node[data-id={name}]")


def draw(page: Page, studio: Studio, name: str) -> None:
    """A blank team, an agent, a gate; one edge by adding, one by keyboard, one by dragging."""
    page.goto(f"{studio.url}/w/demo/teams/new/")
    page.get_by_label("Name").fill(name)
    page.get_by_role("button", name="Create team").click()
    add(page, "Researcher")
    expect(node(page, "researcher")).to_be_visible()
    add(page, "Approval gate")  # what is selected leads to what is added
    expect(page.locator(".react-flow__edge")).to_have_count(1)
    node(page, "input").click()
    page.keyboard.press("c")
    page.get_by_role("dialog").get_by_role("option", name="Researcher").click()
    expect(page.locator(".react-flow__edge")).to_have_count(2)
    drag_edge(page, "approval", "output")
    expect(page.locator(".react-flow__edge")).to_have_count(3)
    expect(page.get_by_text("No problems")).to_be_visible()


def add(page: Page, name: str) -> None:
    page.get_by_role("combobox", name="Search what can be added").fill(name)
    page.get_by_role("option", name=name).first.click()


PLACES = """() =>
  [...document.querySelectorAll(".react-flow__node")].map((node) => node.style.transform).join()"""
# Whether the nodes have left where they were and moved no more since the last look.
AT_REST = f"""(before) => {{
  const now = ({PLACES})();
  const rests = now !== before && now === window.lastLook;
  window.lastLook = now;
  return rests;
}}"""


def drag_edge(page: Page, source: str, target: str) -> None:
    before = page.evaluate(PLACES)
    page.get_by_role("button", name="Tidy").click()
    page.wait_for_function(AT_REST, arg=before, polling=200)  # the layout glides into its place
    start = node(page, source).locator(".react-flow__handle.is-flow")
    end = node(page, target).locator(".react-flow__handle.is-in")
    end.wait_for()
    (a, b) = (box.bounding_box() for box in (start, end))
    assert a is not None
    assert b is not None
    page.mouse.move(a["x"] + a["width"] / 2, a["y"] + a["height"] / 2)
    page.mouse.down()
    page.mouse.move(b["x"] - 20, b["y"], steps=6)
    page.mouse.move(b["x"] + b["width"] / 2, b["y"] + b["height"] / 2, steps=4)
    page.mouse.up()


def publish(page: Page) -> None:
    page.get_by_role("button", name="Publish").click()
    page.get_by_role("dialog").get_by_role("button", name="Publish").click()
    expect(page.get_by_text("v1 published")).to_be_visible()


def state(page: Page, word: str, seconds: float = 60) -> None:
    expect(page.locator("main .state").first).to_have_text(re.compile(word), timeout=seconds * 1_000)


def approve(page: Page) -> None:
    page.get_by_text("Review and decide").click()
    page.get_by_role("button", name=re.compile("^Approve")).first.click()


def test_a_team_is_drawn_rehearsed_watched_and_approved(page: Page, studio: Studio) -> None:
    draw(page, studio, "Drawn by hand")
    publish(page)
    page.get_by_role("button", name="Run").or_(page.get_by_role("link", name="Run", exact=True)).first.click()
    page.get_by_label("Topic").fill("Green tea")
    page.get_by_role("button", name="Rehearse").first.click()
    page.wait_for_url("**/runs/*-*/")
    state(page, "Waiting")
    approve(page)
    state(page, "Done")
    page.get_by_role("tab", name="Output").click()
    expect(page.get_by_role("tabpanel")).to_contain_text(re.compile("tea", re.IGNORECASE))
    page.get_by_role("tab", name="Log").click()
    expect(page.get_by_role("tabpanel")).to_contain_text("Owner: approved")


def test_an_example_runs_on_the_local_model(page: Page, studio: Studio) -> None:
    page.goto(f"{studio.url}/w/demo/teams/")
    page.get_by_role("link", name="Blog pipeline").click()
    page.get_by_role("button", name="Run").or_(page.get_by_role("link", name="Run", exact=True)).first.click()
    page.wait_for_url("**/launch/")
    for box in page.get_by_role("textbox").all():
        if not box.input_value():
            box.fill("Green tea in the office")
    page.get_by_role("button", name=re.compile("^Launch live")).click()
    page.wait_for_url("**/runs/*-*/")
    state(page, "Waiting", 150)
    approve(page)
    state(page, "Done", 150)
    page.get_by_role("tab", name="Cost").click()
    expect(page.get_by_role("tabpanel")).to_contain_text("smollm2-135m on local")
    page.get_by_role("tab", name="Output").click()
    expect(page.get_by_role("tabpanel").locator("p, li, h1, h2, h3").first).to_be_visible()


def test_every_figure_agrees_with_the_ledger(page: Page, studio: Studio) -> None:
    page.goto(f"{studio.url}/w/demo/teams/import/")
    page.locator("textarea").first.fill(PRICED)
    page.get_by_role("button", name="Import").click()
    page.locator("main").get_by_role("link", name="Open the team").click()
    publish(page)
    page.get_by_role("button", name="Run").or_(page.get_by_role("link", name="Run", exact=True)).first.click()
    page.get_by_label("Topic").fill("Green tea")
    page.get_by_role("button", name="Rehearse").first.click()
    page.wait_for_url("**/runs/*-*/")
    state(page, "Done")
    run = page.url.rstrip("/").split("/")[-1]

    told = api(studio, f"runs/{run}")["totals"]
    cost, tokens = Decimal(told["simulated_cost"]), told["tokens"]
    assert cost > 0
    assert Decimal(told["cost"]) == 0, "what is simulated is no spend"
    page.get_by_role("tab", name="Cost").click()
    row = page.get_by_role("tabpanel").get_by_role("row", name=re.compile("^All")).first
    expect(row).to_contain_text(f"{tokens['input'] - tokens['cached']:,}")
    expect(row).to_contain_text(f"{tokens['output']:,}")
    shown = row.get_by_role("cell").last.inner_text()
    assert rounded(shown) == cost.quantize(rounded(shown)), "the page and the ledger differ"
    expect(page.locator("main")).to_contain_text(f"would cost {shown}")


def rounded(shown: str) -> Decimal:
    """The number in `$0.0042`."""
    return Decimal(re.sub(r"[^\d.]", "", shown))


def api(studio: Studio, path: str) -> Any:
    token = studio.manage("token", "--role", "viewer").strip().splitlines()[-1]
    request = urllib.request.Request(
        f"{studio.url}/api/v1/{path}", headers={"Authorization": f"Bearer {token}"}
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.loads(answer.read())
