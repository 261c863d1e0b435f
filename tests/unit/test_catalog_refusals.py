"""A PostgreSQL that cannot be used: the message says why in one line, the hint what to do."""

import socket

import pytest
from sqlalchemy import make_url

from muniment.catalog import Catalog
from muniment.catalog.refusals import refusal
from muniment.errors import UnavailableError

URL = make_url("postgresql+psycopg://clerk:hidden@db.example:5433/muniment")


@pytest.mark.parametrize(
    ("driver", "told", "advice"),
    [
        (
            'connection to server at "10.0.0.7", port 5433 failed: Connection refused\n\tIs it?',
            "5433",
            "Start",
        ),
        ("failed to resolve host 'db.example': [Errno -2] Name or service not known", "no host", "host"),
        ("connection timeout expired", "db.example, port 5433 does not answer", "firewall"),
        ('FATAL:  password authentication failed for user "clerk"', "password of user 'clerk'", "PGPASSWORD"),
        ('FATAL:  database "muniment" does not exist', "no database 'muniment'", "createdb"),
        ('FATAL:  role "clerk" does not exist', "knows no user 'clerk'", "createuser"),
        ('FATAL:  no pg_hba.conf entry for host "10.0.0.1"', "lets nobody in", "pg_hba.conf"),
        ("FATAL:  sorry, too many clients already", "no connection left", "max_connections"),
        ("server closed the connection unexpectedly\n\tThis probably means", "ended the connection", "log"),
        ("something new.\nand more\nof it", "something new", "catalog_uri"),
        ("", "no reason was given", "catalog_uri"),
    ],
)
def test_every_cause_is_told_with_what_to_do(driver: str, told: str, advice: str) -> None:
    why, hint = refusal(driver, URL)
    assert told in why
    assert advice in hint
    assert "\n" not in why and not why.endswith(".")
    assert "hidden" not in why + hint


def test_a_wrong_port_is_told_as_one() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(UnavailableError) as caught:
        Catalog.open(f"postgresql://clerk:hidden@127.0.0.1:{port}/muniment")
    error = caught.value
    assert error.code == "catalog_unavailable"
    assert error.message.endswith(f"cannot be used: nothing listens at 127.0.0.1, port {port}.")
    assert "host and port in `catalog_uri`" in error.hint
    assert "hidden" not in error.message
