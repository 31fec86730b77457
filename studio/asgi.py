"""The ASGI application: pages and API over HTTP, live updates over WebSocket."""

from __future__ import annotations

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "studio.settings")
pages = get_asgi_application()  # fills the app registry, which everything below needs

from channels.auth import AuthMiddlewareStack  # noqa: E402
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from django.utils.module_loading import import_string  # noqa: E402

from studio.web.origin import SameOrigin  # noqa: E402

sockets = URLRouter(import_string("runs.live.routing.websocket_urlpatterns"))
application = ProtocolTypeRouter({"http": pages, "websocket": SameOrigin(AuthMiddlewareStack(sockets))})
