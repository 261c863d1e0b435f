"""What a request for a response comes down to: who answers, from which documents, to which conversation."""

from collections.abc import Sequence
from dataclasses import dataclass

from muniment.api.named_models import NamedModels
from muniment.api.openai.hits import relevance
from muniment.api.openai.prompts.kept import KeptPrompts
from muniment.api.openai.responses.asked_tools import FileSearchTool, FunctionTool, McpServerTool, Tool
from muniment.api.openai.responses.kept import KeptResponses
from muniment.api.openai.responses.mcp_tools import UsedServer
from muniment.api.openai.responses.named_servers import NamedServers
from muniment.api.openai.responses.requests import Guardrail, PromptReference, ResponseRequest, TextFormat
from muniment.api.openai.responses.turn import Turn, check_readable
from muniment.collections.services import Searched, ServedWorkspace
from muniment.errors import InputError, NotFoundError, NotOfferedError
from muniment.protocols import ChatModel, JsonObject
from muniment.retrieve.filters import parse_filter
from muniment.safety.shields import Shield, Shields
from muniment.settings import Settings
from muniment.settings.model import DEFAULT_GENERATOR
from muniment.types import Passage

FOREIGN_TOOLS = (
    "web_search", "code_interpreter", "image_generation", "computer", "local_shell", "shell", "custom",
    "apply_patch",
)  # fmt: skip
"""Beginnings of the names of tools that OpenAI and OGX have."""


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who answers.

    Attributes:
        generator: name of the generator; None for the collection's own.
        collection: what it answers from besides the stores that are searched; None for none.
        chat: its language model, None where there is none.
        context_tokens: of the language model.
    """

    generator: str | None
    collection: str | None = None
    chat: ChatModel | None = None
    context_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """A response to be made.

    Attributes:
        new_items: what was sent, as it is kept; the turn holds it behind what it continues.
        searched: the collections that are searched; None when there is nothing to search.
        servers: the MCP servers whose tools the model may call.
        guards: shields that judge question and answer.
    """

    asked: ResponseRequest
    model: str
    speaker: Speaker
    turn: Turn
    new_items: tuple[JsonObject, ...]
    searched: Searched | None
    functions: tuple[FunctionTool, ...]
    servers: tuple[UsedServer, ...] = ()
    guards: tuple[Shield, ...] = ()

    @property
    def format(self) -> TextFormat | None:
        """The form the text must have, when it must have one."""
        wanted = self.asked.text.format if self.asked.text else None
        return wanted if wanted and wanted.type != "text" else None

    @property
    def has_tools(self) -> bool:
        """Whether the model may call something."""
        return bool(self.functions or self.servers)


class Planner:
    """Finds everything that a request names; each thing unknown is an error."""

    def __init__(
        self,
        workspace: ServedWorkspace,
        settings: Settings,
        models: NamedModels,
        responses: KeptResponses,
        prompts: KeptPrompts,
        servers: NamedServers,
        shields: Shields,
    ) -> None:
        self._workspace = workspace
        self._settings = settings
        self._models = models
        self._responses = responses
        self._prompts = prompts
        self._servers = servers
        self._shields = shields

    async def plan(self, asked: ResponseRequest) -> Plan:
        """The plan of a request.

        Raises:
            NotFoundError: codes ``unknown_model``, ``unknown_store``, ``unknown_response``,
                ``unknown_conversation``, ``unknown_item``, ``unknown_prompt``, ``unknown_connector``,
                ``unknown_shield``.
            NotOfferedError: a tool or a form of text that this server or the model does not have; a shield
                without its model.
            InputError: whatever else cannot be used.
        """
        tools = asked.tools or []
        _check_tools(tools)
        model = asked.model or self._settings.default_generator
        speaker = await self._speaker(model)
        searched = await self._searched(speaker, tools, asked)
        context = await self._responses.context(asked)
        new_items = await self._responses.new_items(asked, context)
        instructions = [await self._prompt(asked.prompt), asked.instructions or ""]
        turn = Turn((*context, *new_items), "\n\n".join(text for text in instructions if text))
        functions = tuple(tool for tool in tools if isinstance(tool, FunctionTool))
        servers = await self._servers.find([tool for tool in tools if isinstance(tool, McpServerTool)])
        if asked.tool_choice == "none":
            functions, servers = (), ()
        plan = Plan(
            asked=asked,
            model=model,
            speaker=speaker,
            turn=turn,
            new_items=tuple(new_items),
            searched=searched,
            functions=functions,
            servers=servers,
            guards=await self._guards(asked.guardrails),
        )
        _check_speaker(plan)
        if searched is not None:
            check_readable(new_items)
        return plan

    async def _guards(self, wanted: list[str | Guardrail] | bool | None) -> tuple[Shield, ...]:
        if isinstance(wanted, bool):
            return (await self._shields.named(None),) if wanted else ()
        names = [one if isinstance(one, str) else one.type for one in wanted or ()]
        return tuple([await self._shields.find(name) for name in dict.fromkeys(names)])

    async def _speaker(self, model: str) -> Speaker:
        found = await self._models.collection(model)
        if found is not None:
            collection, generator = found
            status = await self._workspace.collection(collection)
            return await self._with_chat(generator or status.generator, collection, generator)
        if model in (DEFAULT_GENERATOR, *self._settings.generators):
            return await self._with_chat(model, None, model)
        chat = await self._models.chat(model)
        return self._speaking(chat, None, chat.name)

    async def _with_chat(self, name: str, collection: str | None, generator: str | None) -> Speaker:
        listed = {one.id for one in self._workspace.services.models.listed()}
        if name not in listed:
            return Speaker(generator, collection)
        return self._speaking(await self._workspace.services.models.resolve(name), collection, generator)

    def _speaking(self, chat: ChatModel, collection: str | None, generator: str | None) -> Speaker:
        sizes = {one.id: one.context_tokens for one in self._workspace.services.models.listed()}
        return Speaker(generator, collection, chat, sizes[chat.name])

    async def _searched(
        self, speaker: Speaker, tools: Sequence[Tool], asked: ResponseRequest
    ) -> Searched | None:
        searches = [tool for tool in tools if isinstance(tool, FileSearchTool)]
        names = [] if speaker.collection is None else [speaker.collection]
        if asked.tool_choice != "none":
            named = [store for tool in searches for store in tool.vector_store_ids]
            names += [await self._workspace.services.stores.find(store) for store in named]
        if not names:
            return None
        options = {(str(t.filters), t.max_num_results, str(t.ranking_options)) for t in searches}
        if len(options) > 1:
            raise InputError(
                "Several `file_search` tools differ in more than their stores.",
                hint="Give one `file_search` tool with all `vector_store_ids`.",
            )
        tool = searches[0] if searches else None
        least = (tool and tool.ranking_options and tool.ranking_options.score_threshold) or 0.0

        def fits(passage: Passage) -> bool:
            return relevance(passage) >= least

        return Searched(
            tuple(dict.fromkeys(names)),
            tool.max_num_results if tool else None,
            parse_filter(tool.filters) if tool and tool.filters else None,
            fits if least else None,
        )

    async def _prompt(self, reference: PromptReference | None) -> str:
        if reference is None:
            return ""
        given = reference.variables or {}
        values = {name: one if isinstance(one, str) else one.text for name, one in given.items()}
        return await self._prompts.filled(reference.id, _version(reference.version), values)


def _version(written: str | int | None) -> int | None:
    if written is None or isinstance(written, int):
        return written
    if not written.isdecimal() or len(written) > 9:
        raise NotFoundError(
            f"A prompt has no version {written[:40]!r}.", code="unknown_prompt", hint="Versions are 1, 2, 3 …"
        )
    return int(written)


def _check_tools(tools: Sequence[Tool]) -> None:
    for tool in tools:
        if isinstance(tool, FileSearchTool | FunctionTool | McpServerTool):
            continue
        kind = tool.type[:60]
        if kind.startswith(FOREIGN_TOOLS):
            raise NotOfferedError(
                f"Tools of type {kind!r} are not offered.",
                hint="Offer what it does as a `function` tool or with an `mcp` server, or leave it out; "
                "documents are searched by `file_search`.",
            )
        raise InputError(
            f"There is no tool of type {kind!r}.",
            code="unknown_tool_type",
            hint="Known: file_search, function, mcp.",
        )


def _check_speaker(plan: Plan) -> None:
    """A generator without a language model can only answer from documents, and in its own words."""
    if plan.speaker.chat is not None:
        return
    if plan.searched is None:
        raise InputError(
            f"Model {plan.model!r} answers from documents alone, and none are named.",
            code="collection_required",
            hint="Add a `file_search` tool, or name `muniment/<collection>` as the model.",
        )
    wanted = "functions" if plan.has_tools or plan.turn.after else "text.format" if plan.format else ""
    if wanted:
        raise NotOfferedError(
            f"Model {plan.model!r} has no language model behind it, so {wanted} cannot be had.",
            hint="Declare a generator with a language model, and name it as the model.",
        )
