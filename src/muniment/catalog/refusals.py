"""Why PostgreSQL cannot be reached, in our words, and what to do about it."""

import re

from sqlalchemy import URL

_CAUSES = (
    (
        r"connection refused",
        "nothing listens at {place}",
        "Start PostgreSQL there, or correct host and port in `catalog_uri`.",
    ),
    (
        r"failed to resolve host|could not translate host name|name or service not known",
        "there is no host {host}",
        "Correct the host in `catalog_uri`.",
    ),
    (
        r"timeout expired|timed out|no route to host|network is unreachable",
        "{place} does not answer",
        "Check host and port in `catalog_uri`, and that no firewall is in between.",
    ),
    (
        r"password authentication failed|no password supplied",
        "the server does not accept the password of user {user}",
        "Correct user and password in `catalog_uri`, or in the variable PGPASSWORD.",
    ),
    (
        r'database ".*" does not exist',
        "the server has no database {database}",
        "Create it with `createdb`, or correct the last part of `catalog_uri`.",
    ),
    (
        r'role ".*" does not exist',
        "the server knows no user {user}",
        "Create it with `createuser`, or correct the user in `catalog_uri`.",
    ),
    (
        r"no pg_hba\.conf entry",
        "the server lets nobody in from here as user {user}",
        "Allow it in the server's pg_hba.conf.",
    ),
    (
        r"too many (clients|connections)|remaining connection slots",
        "the server has no connection left",
        "End programs that hold connections, or raise max_connections of the server.",
    ),
    (
        r"closed the connection unexpectedly|terminating connection|connection (is|was) lost",
        "the server ended the connection",
        "See the server's log, and run the same command again; nothing that was done is lost.",
    ),
)
"""What the driver's text contains, what it means, and what to do."""


def refusal(text: str, url: URL) -> tuple[str, str]:
    """What the text of an operational error means, and what to do; its first line when that is not known."""
    named = {
        "place": f"{url.host or 'this machine'}, port {url.port or 5432}",
        "host": repr(url.host or ""),
        "user": repr(url.username or ""),
        "database": repr(url.database or ""),
    }
    for pattern, why, hint in _CAUSES:
        if re.search(pattern, text, re.IGNORECASE):
            return why.format(**named), hint
    first = (text.strip().splitlines() or ["no reason was given"])[0]
    return first.rstrip(". "), "Check `catalog_uri`, and that the server runs."
