"""MCP servers and shields: what tool groups, connectors and Llama Guards become."""

from pydantic import ValidationError

from muniment.moving.environment import Environment
from muniment.moving.models import Models
from muniment.moving.plain import Plain, mapping, text
from muniment.moving.registered import registered, resolved
from muniment.moving.remarks import Remarks
from muniment.moving.run_config import RunConfig
from muniment.settings.model import McpServerSettings

_BUILT_IN = frozenset({"builtin::rag", "builtin::file_search"})


def translate_mcp_servers(run: RunConfig, environment: Environment, remarks: Remarks) -> dict[str, Plain]:
    """``mcp.servers`` for tool groups with an endpoint and for connectors; the others are told of."""
    servers: dict[str, Plain] = {}
    for entry in registered(run, "tool_groups", environment):
        name = text(resolved(environment, entry.get("toolgroup_id")))
        what = f"tool_groups.{name}"
        endpoint = mapping(entry.get("mcp_endpoint")).get("uri")
        if name in _BUILT_IN:
            remarks.carried(what, "Search over the collections is built in.")
        elif endpoint is not None:
            _add(servers, name, text(resolved(environment, endpoint)), what, remarks)
        else:
            remarks.left(what, "Muniment reaches no service that the settings do not name.")
    for entry in registered(run, "connectors", environment):
        name = text(resolved(environment, entry.get("connector_id")))
        _add(servers, name, text(resolved(environment, entry.get("url"))), f"connectors.{name}", remarks)
    return servers


def translate_shields(
    run: RunConfig, models: Models, environment: Environment, remarks: Remarks
) -> dict[str, Plain]:
    """``shields`` for those whose model became a generator; the others are told of."""
    shields: dict[str, Plain] = {}
    for entry in registered(run, "shields", environment):
        name = text(resolved(environment, entry.get("shield_id")))
        model = text(resolved(environment, entry.get("provider_shield_id"))) or name
        if model in models.generators:
            shields[name] = {"model": model}
            remarks.carried(f"shields.{name}", f"Judges with the generator {model}.")
        else:
            remarks.left(
                f"shields.{name}",
                f"No generator is called {model!r}: declare one with a Llama Guard behind it, and name it in "
                "`shields`.",
            )
    return shields


def _add(servers: dict[str, Plain], name: str, url: str, what: str, remarks: Remarks) -> None:
    try:
        McpServerSettings(url=url)
    except ValidationError:
        remarks.left(what, "Its address is no http address, or a variable in it is not set.")
        return
    servers[name] = {"url": url}
    remarks.changed(
        what, f"Stands in mcp.servers. If {name} wants a token, name its variable as authorization_env."
    )
