"""Which hosts may be called.

Whoever can send a request to this server could otherwise have it call any address it can reach.
"""

from collections.abc import Iterable
from urllib.parse import SplitResult, urlsplit

from muniment.errors import InputError

EVERY_HOST = "*"
_PORTS = {"http": 80, "https": 443}


class AllowedHosts:
    """The hosts that the settings name.

    Args:
        allowed: hosts, with or without a port (``tools.example.com``, ``10.0.0.7:8000``, ``[::1]:9000``);
            ``*`` for every one.
        urls: addresses that are allowed as they stand, whatever their host.
    """

    def __init__(self, allowed: Iterable[str], urls: Iterable[str] = ()) -> None:
        self._allowed = {one.strip().lower() for one in allowed}
        self._urls = frozenset(urls)

    def check(self, url: str) -> None:
        """That the address may be called.

        Raises:
            InputError: ``invalid_mcp_url`` for what is no http address; ``mcp_host_refused``.
        """
        if url in self._urls:
            return
        parts = _parts(url)
        host, port = _host(parts), _port(parts)
        written = f"[{host}]" if ":" in host else host
        names = {EVERY_HOST, host, written, f"{written}:{port}"}
        if not names & self._allowed:
            raise InputError(
                f"The MCP server at {written}:{port} may not be called from here.",
                code="mcp_host_refused",
                hint=f"The operator may add {written!r} to `mcp.allow`, or declare the server "
                "in `mcp.servers` of the settings.",
            )


def _parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        is_http = parts.scheme in _PORTS and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_http = False
    if not is_http or not url.isprintable() or any(sign in url for sign in " \\"):
        raise _invalid("is no http or https address")
    if parts.username is not None or parts.password is not None:
        raise _invalid("holds a user name or password; send an Authorization header")
    return parts


def _host(parts: SplitResult) -> str:
    return (parts.hostname or "").rstrip(".")


def _port(parts: SplitResult) -> int:
    return parts.port or _PORTS[parts.scheme]


def _invalid(why: str) -> InputError:
    # The address is not repeated: it may hold a password.
    return InputError(
        f"The address of an MCP server {why}.",
        code="invalid_mcp_url",
        hint="Such as http://127.0.0.1:8000/mcp.",
    )
