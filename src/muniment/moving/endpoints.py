"""Inference providers that are reached by an OpenAI-compatible address."""

from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

from muniment.moving.environment import Secret
from muniment.moving.plain import Plain, text
from muniment.moving.providers import Provider, unset
from muniment.moving.remarks import Remarks

ADDRESS_KEYS = ("base_url", "url", "api_base", "openai_compat_api_base")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Address up to and with ``/v1``, and the variable that holds the key (empty: none is sent)."""

    base_url: str
    api_key_env: str = ""

    @property
    def options(self) -> dict[str, Plain]:
        """As options of our provider ``openai``."""
        key: dict[str, Plain] = {"api_key_env": self.api_key_env} if self.api_key_env else {}
        return {"provider": "openai", "base_url": self.base_url, **key}


@dataclass(frozen=True, slots=True)
class _Service:
    """A provider type: its usual address, and how its address becomes an OpenAI-compatible one."""

    address: str = ""
    ending: str = ""


_SERVICES = {
    "vllm": _Service(),
    "ollama": _Service("http://localhost:11434", "/v1"),
    "tgi": _Service("", "/v1"),
    "openai": _Service("https://api.openai.com/v1"),
    "llama-openai-compat": _Service("https://api.llama.com/compat/v1"),
    "together": _Service("https://api.together.xyz/v1"),
    "fireworks": _Service("https://api.fireworks.ai/inference/v1"),
    "sambanova": _Service("https://api.sambanova.ai/v1"),
    "groq": _Service("https://api.groq.com", "/openai/v1"),
    "cerebras": _Service("https://api.cerebras.ai", "/v1"),
    "nvidia": _Service("https://integrate.api.nvidia.com", "/v1"),
    "gemini": _Service("https://generativelanguage.googleapis.com/v1beta/openai"),
    "anthropic": _Service("https://api.anthropic.com/v1"),
    "runpod": _Service(),
}
_KNOWN = (*ADDRESS_KEYS, "append_api_version")


def endpoint_of(provider: Provider, remarks: Remarks) -> Endpoint | None:
    """Where the provider's models answer; None, with a remark why, when it cannot be told."""
    service = _SERVICES.get(provider.kind)
    if service is None or provider.type.startswith("inline::"):
        remarks.left(
            provider.what,
            f"{provider.type or 'A provider without a type'} has no OpenAI-compatible address. "
            "Put a gateway that has one before it, and declare that under generators.",
        )
        return None
    written = next((text(provider.config.get(key)) for key in ADDRESS_KEYS if provider.config.get(key)), "")
    address = _with_ending(written or service.address, service.ending)
    missing = next((provider.unset[key] for key in ADDRESS_KEYS if key in provider.unset), "")
    if missing or not address.startswith(("http://", "https://")):
        remarks.left(provider.what, unset(missing) if missing else "It has no address that begins with http.")
        return None
    _tell_of_options(provider, remarks)
    return Endpoint(without_user(address, provider, remarks), key_variable(provider, remarks))


def key_variable(provider: Provider, remarks: Remarks) -> str:
    """The variable that will hold the provider's key; empty when it needs none. The key is never copied."""
    name, secret = next(iter(provider.secrets.items()), ("", Secret("", needed=False)))
    if secret.variable and secret.needed:
        return secret.variable
    if secret.variable:
        remarks.changed(
            provider.what,
            f"{secret.variable} is not set, so no key is sent. If one is needed, add "
            f"`api_key_env: {secret.variable}`.",
        )
        return ""
    if not secret.needed:
        return ""
    variable = f"{_as_variable(provider.id)}_{name.upper()}"
    remarks.changed(
        provider.what,
        f"`{name}` stands in the run.yaml itself and was not copied: put it into the variable {variable}.",
    )
    return variable


def without_user(address: str, provider: Provider, remarks: Remarks) -> str:
    """The address without a user and password in it, which have no place in a settings file."""
    parts = urlsplit(address)
    if "@" not in parts.netloc:
        return address
    remarks.changed(
        provider.what, "The user and password in its address were not copied; a key can be given instead."
    )
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def _with_ending(address: str, ending: str) -> str:
    plain = address.rstrip("/")
    return plain if not plain or plain.endswith("/v1") else plain + ending


def _as_variable(name: str) -> str:
    return "".join(letter if letter.isalnum() else "_" for letter in name).upper()


def _tell_of_options(provider: Provider, remarks: Remarks) -> None:
    if provider.config.get("tls_verify") is False:
        remarks.changed(
            provider.what, "`tls_verify: false` has no counterpart: certificates are always checked."
        )
    others = provider.without(*_KNOWN, "tls_verify")
    if others:
        remarks.changed(provider.what, f"Options without a counterpart: {', '.join(others)}.")
