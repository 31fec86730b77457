"""The addresses of the WebSockets."""

from __future__ import annotations

from django.urls import path

from runs.live.consumers import RunSocket, WorkspaceSocket

websocket_urlpatterns = [
    path("ws/runs/<uuid:run_id>/", RunSocket.as_asgi(), name="ws_run"),  # type: ignore[no-untyped-call]
    path("ws/w/<slug:slug>/", WorkspaceSocket.as_asgi(), name="ws_workspace"),  # type: ignore[no-untyped-call]
]
