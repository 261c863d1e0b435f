"""Address, port and dialect of the server, and what else stood beside them."""

from muniment.moving.environment import Environment, UnsetVariableError
from muniment.moving.plain import Plain, mapping, text
from muniment.moving.providers import unset
from muniment.moving.remarks import Remarks
from muniment.moving.run_config import RunConfig
from muniment.settings.model import DialectName, ServerSettings

_DEFAULTS = ServerSettings()
_LARGEST_PORT = 65535
_LEFT = {
    "auth": "There is no authentication yet: keep the server on 127.0.0.1, or behind a proxy that has it.",
    "quota": "Requests are not counted; a proxy can limit them.",
    "cors": "No other origin may read answers in a browser; a proxy can allow it.",
    "tls_certfile": "Let a proxy do TLS.",
    "tls_keyfile": "Let a proxy do TLS.",
    "tls_cafile": "Let a proxy do TLS.",
    "registry_refresh_interval_seconds": "The reconciler has an interval of its own: reconcile.interval_s.",
}


def translate_server(run: RunConfig, environment: Environment, remarks: Remarks) -> dict[str, Plain]:
    """The section ``server``."""
    made: dict[str, Plain] = {}
    for key, raw in mapping(run.top.get("server")).items():
        what = f"server.{key}"
        try:
            value = environment.resolve(raw)
        except UnsetVariableError as error:
            remarks.left(what, unset(error))
            continue
        if value in (None, "", [], {}, False):
            continue
        if key == "port":
            made |= _port(value, remarks)
        elif key == "host":
            made["host"] = _host(value)
            remarks.carried(what, f"server.host {made['host']}.")
        elif key != "workers":
            remarks.left(what, _LEFT.get(key, "It has no counterpart."))
    if "host" not in made:
        remarks.changed(
            "server.host",
            f"Llama Stack listens on all addresses when none is named; Muniment on {_DEFAULTS.host}, because "
            "it has no authentication. Set server.host: 0.0.0.0 behind a proxy that has it.",
        )
    return made | _dialect(run, remarks)


def _dialect(run: RunConfig, remarks: Remarks) -> dict[str, Plain]:
    """The dialect of clients that do not tell it, where the file shows which server they talked to.

    0.2 kept its registry in ``metadata_store``; 0.3 has ``storage`` for it, and ``image_name`` still, which
    later versions call ``distro_name``.
    """
    if "metadata_store" in run.top:
        dialect = DialectName.LLAMA_STACK_0_2_22
    elif "storage" in run.top and "image_name" in run.top:
        dialect = DialectName.LLAMA_STACK_0_3
    else:
        return {}
    remarks.changed(
        "server.dialect",
        f"Clients that do not say which server they expect, OpenAI's among them, are answered as by "
        f"{dialect}. Remove server.dialect for OpenAI's own answers.",
    )
    return {"dialect": dialect.value}


def _port(value: Plain, remarks: Remarks) -> dict[str, Plain]:
    if isinstance(value, int) and 0 < value <= _LARGEST_PORT:
        remarks.carried("server.port", f"server.port {value}.")
        return {"port": value}
    remarks.left("server.port", f"{text(value)!r} is no port; {_DEFAULTS.port} is used.")
    return {}


def _host(value: Plain) -> str:
    """One address: of a list that means all addresses, the one that says so."""
    hosts = [text(one) for one in value] if isinstance(value, list) else [text(value)]
    return "0.0.0.0" if "0.0.0.0" in hosts else hosts[0]
