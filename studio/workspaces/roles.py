"""The five roles, in order: each may do what the ones before it may."""

from __future__ import annotations

from django.db import models


class Role(models.IntegerChoices):
    VIEWER = 10, "Viewer"  # sees everything in the workspace
    OPERATOR = 20, "Operator"  # launches and stops runs, decides approvals
    DESIGNER = 30, "Designer"  # edits agents, teams and tools
    ADMIN = 40, "Admin"  # edits models, prices, members and tokens
    OWNER = 50, "Owner"  # everything, other owners included
