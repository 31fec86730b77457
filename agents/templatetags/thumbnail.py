"""`{% load thumbnail %}{% thumbnail team.parsed_draft %}`: a team's graph as a small drawing."""

from __future__ import annotations

from collections.abc import Mapping

from django import template
from django.utils.safestring import SafeString

from agents import thumbnail as drawing
from agents.topology.graph import Graph

register = template.Library()


@register.simple_tag
def thumbnail(graph: Graph, states: Mapping[str, str] | None = None) -> SafeString:
    return drawing.thumbnail(graph, states)
