"""Which dialect a request is served in.

First the version header, then what the client says of itself, then the path, then ``server.dialect``. No
client is turned away for its version: an unknown one gets the nearest dialect, and the log one line.

OpenAI's client says which client it is, not which server it was made to talk to: applications of Llama Stack
and OGX use it too. Below ``/v1/openai``, a path that only Llama Stack has, and where ``server.dialect`` names
the server that this one stands in for, it gets that server's answers.
"""

import logging
import re
from dataclasses import dataclass
from enum import IntEnum
from types import MappingProxyType

from fastapi import Request
from starlette.datastructures import Headers
from starlette.types import Scope

from muniment.api.dialects.base import Dialect, is_below
from muniment.api.dialects.llama_stack_0_2 import LLAMA_STACK_0_2_12, LLAMA_STACK_0_2_22
from muniment.api.dialects.llama_stack_0_3 import LLAMA_STACK_0_3, LLAMA_STACK_0_7
from muniment.api.dialects.ogx_1 import OGX_1
from muniment.api.dialects.openai import OPENAI
from muniment.settings.model import DialectName

DIALECTS = MappingProxyType(
    {
        d.name: d
        for d in (LLAMA_STACK_0_2_12, LLAMA_STACK_0_2_22, LLAMA_STACK_0_3, LLAMA_STACK_0_7, OGX_1, OPENAI)
    }
)

LLAMA_STACK_HEADER = "x-llamastack-client-version"
OGX_HEADER = "x-ogx-client-version"

REMEMBERED_VERSIONS = 100
"""Unknown versions that get a line; more of them are somebody playing."""

_02 = (LLAMA_STACK_0_2_22, LLAMA_STACK_0_2_12)
_LLAMA_STACK = (*_02, LLAMA_STACK_0_3, LLAMA_STACK_0_7)
_ALPHA = (LLAMA_STACK_0_3, LLAMA_STACK_0_7, OGX_1)
_ALL_BUT_OPENAI = (LLAMA_STACK_0_3, LLAMA_STACK_0_7, *_02, OGX_1)
_OGX = (OGX_1,)

SPOKEN_AT: MappingProxyType[str, tuple[Dialect, ...]] = MappingProxyType(
    {
        "/v1/vector-dbs": _02,
        "/v1/inference": _02,
        "/v1/telemetry": _02,
        "/v1/agents": _LLAMA_STACK,
        "/v1/datasetio": _LLAMA_STACK,
        "/v1/datasets": _LLAMA_STACK,
        "/v1/eval": _LLAMA_STACK,
        "/v1/openai": _LLAMA_STACK,
        "/v1/safety": _LLAMA_STACK,
        "/v1/scoring": _LLAMA_STACK,
        "/v1/scoring-functions": _LLAMA_STACK,
        "/v1/shields": _LLAMA_STACK,
        "/v1/tool-runtime": _LLAMA_STACK,
        "/v1/toolgroups": _LLAMA_STACK,
        "/v1/tools": _LLAMA_STACK,
        "/v1/inspect": _ALL_BUT_OPENAI,
        "/v1/providers": _ALL_BUT_OPENAI,
        "/v1/vector-io": _ALL_BUT_OPENAI,
        "/v1/version": _ALL_BUT_OPENAI,
        "/v1/admin": _OGX,
        "/v1/messages": _OGX,
        "/v1alpha/admin": _OGX,
        "/v1alpha/file-processors": _OGX,
        "/v1alpha/interactions": _OGX,
        "/v1alpha/skills": _OGX,
        "/v1alpha": _ALPHA,
        "/v1beta": _ALPHA,
    }
)
"""Dialects that have the routes below a path, the likeliest first, narrower paths before wider ones."""

_OPENAI_AT_LLAMA_STACK = "/v1/openai"

logger = logging.getLogger(__name__)

_AGENT = re.compile(
    r"(?:Async|Azure)*(OpenAI|LlamaStackClient|OgxClient|OpenAPI-Generator(?=/\S+/python))/(?:\w+ )?(\S*)"
)
"""As in ``AsyncOpenAI/Python 2.8.0``; OGX's own client says ``OpenAPI-Generator/1.5.0/python``."""

_VERSION = re.compile(r"\s*v?(\d{1,6})\.(\d{1,6})(?:\.(\d{1,6}))?", re.ASCII)


class Reason(IntEnum):
    """Why a dialect was chosen; the larger, the surer."""

    SETTING = 1
    PATH = 2
    AGENT = 3
    HEADER = 4


@dataclass(frozen=True)
class Choice:
    """A dialect, and why it."""

    dialect: Dialect
    reason: Reason


class DialectChooser:
    """Chooses the dialect of each request.

    Args:
        default: for requests that show nothing of their dialect; also decides where the path leaves several.
    """

    def __init__(self, default: DialectName) -> None:
        self._default = DIALECTS[default]
        self._seen: set[tuple[str, str]] = set()

    def choose(self, headers: Headers, path: str) -> Choice:
        """The dialect of a request; never raises, whatever the headers hold."""
        if (version := headers.get(OGX_HEADER)) is not None:
            return Choice(self._ogx(version), Reason.HEADER)
        if (version := headers.get(LLAMA_STACK_HEADER)) is not None:
            return Choice(self._llama_stack(version, path), Reason.HEADER)
        if agent := _AGENT.match(headers.get("user-agent", "")):
            return Choice(self._of_client(agent[1], agent[2], path), Reason.AGENT)
        if dialect := self._at(path):
            return Choice(dialect, Reason.PATH)
        return Choice(self._default, Reason.SETTING)

    def _of_client(self, client: str, version: str, path: str) -> Dialect:
        if client == "OpenAI":
            at_llama_stack = self._at(path) if is_below(path, _OPENAI_AT_LLAMA_STACK) else None
            return at_llama_stack or self._default
        return self._llama_stack(version, path) if client == "LlamaStackClient" else self._ogx(version)

    def _at(self, path: str) -> Dialect | None:
        for place, spoken in SPOKEN_AT.items():
            if is_below(path, place):
                return self._default if self._default in spoken else spoken[0]
        return None

    def _ogx(self, version: str) -> Dialect:
        parsed = _VERSION.match(version)
        if not parsed or int(parsed[1]) != 1:
            self._unknown("OGX", version, OGX_1)
        return OGX_1

    def _llama_stack(self, version: str, path: str) -> Dialect:
        parsed = _VERSION.match(version)
        if not parsed:
            dialect = self._at(path) or LLAMA_STACK_0_3
            self._unknown("Llama Stack", version, dialect)
            return dialect
        release = (int(parsed[1]), int(parsed[2]))
        dialect = _nearest_llama_stack(release, int(parsed[3]) if parsed[3] else None)
        if release not in ((0, 2), (0, 3), (0, 7)):
            self._unknown("Llama Stack", version, dialect)
        return dialect

    def _unknown(self, server: str, version: str, dialect: Dialect) -> None:
        seen = (server, version[:40])
        if seen in self._seen or len(self._seen) >= REMEMBERED_VERSIONS:
            return
        self._seen.add(seen)
        logger.warning("A client of %s says version %r, served as %s", server, version[:40], dialect.name)


def _nearest_llama_stack(release: tuple[int, int], patch: int | None) -> Dialect:
    if release > (0, 3):
        return LLAMA_STACK_0_7
    if release > (0, 2):
        return LLAMA_STACK_0_3
    if release < (0, 2) or (patch is not None and patch <= 12):
        return LLAMA_STACK_0_2_12
    return LLAMA_STACK_0_2_22


def remember(scope: Scope, choice: Choice) -> None:
    """Keep the choice with the request."""
    scope.setdefault("state", {})["dialect_choice"] = choice


def dialect_of(scope: Scope) -> Dialect:
    """The dialect that was chosen for the request."""
    choice: Choice = scope["state"]["dialect_choice"]
    return choice.dialect


def narrowed(request: Request, name: DialectName) -> Dialect:
    """The request's dialect, now that its body was seen to be of the dialect ``name``.

    A version header is surer than a body; the client's own name, the path and the setting are less sure.
    """
    choice: Choice = request.scope["state"]["dialect_choice"]
    if choice.reason < Reason.HEADER:
        remember(request.scope, Choice(DIALECTS[name], choice.reason))
    return dialect_of(request.scope)
