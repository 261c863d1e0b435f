"""Routes that FastAPI analyses when they are first used.

The dialects have some 300 routes, many of them below two prefixes. FastAPI takes 2 ms to make each of
them: it builds validators for every parameter, body and reply, once where the route is declared and once
more for each place where its router is included. A server is asked for a dozen of them; the others
need be no more than a pattern of a path until somebody asks, or wants the OpenAPI document.
"""

import threading
from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from starlette.routing import Match, compile_path, get_name
from starlette.types import Scope


class OnDemandRoute(APIRoute):
    """A route that knows its path and methods; whatever else it is asked for makes it whole."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        self._options = options
        self._analysing = threading.RLock()
        self._start = path.partition("{")[0]
        self.path = path
        self.endpoint = endpoint
        self.name = options.get("name") or get_name(endpoint)
        self.methods = {method.upper() for method in options.get("methods") or ("GET",)}
        self.include_in_schema = options.get("include_in_schema", True)
        self.path_regex, self.path_format, self.param_convertors = compile_path(path)

    def __getattr__(self, name: str) -> Any:
        """What ``APIRoute`` sets and is not here yet."""
        if name.startswith("__") or "_options" not in self.__dict__:
            raise AttributeError(name)
        with self._analysing:
            if "app" not in self.__dict__:
                super().__init__(self.path, self.endpoint, **self._options)
        return object.__getattribute__(self, name)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """As usual; a path that cannot be meant costs a tenth of what its pattern would."""
        if self._start not in scope["path"]:
            return Match.NONE, {}
        return super().matches(scope)

    def below(self, prefix: str, app: FastAPI, *, in_schema: bool) -> "OnDemandRoute":
        """The same route of ``app``, with ``prefix`` before its path."""
        options = {
            **self._options,
            "include_in_schema": self.include_in_schema and in_schema,
            "dependency_overrides_provider": app,
        }
        return OnDemandRoute(prefix + self.path, self.endpoint, **options)


class Router(APIRouter):
    """FastAPI's router, with routes on demand."""

    def __init__(self, **options: Any) -> None:
        super().__init__(route_class=OnDemandRoute, **options)


def include(app: FastAPI, router: Router, prefix: str = "", *, in_schema: bool = True) -> None:
    """Add the router's routes to the application."""
    for route in router.routes:
        if not isinstance(route, OnDemandRoute):
            raise TypeError(f"{route!r} is not a route on demand.")
        app.router.routes.append(route.below(prefix, app, in_schema=in_schema))
