"""Keys that nobody set: those of a pod's or a task's role; and which servers are trusted."""

import http.server
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import trustme

from muniment.errors import UnavailableError
from muniment.providers.s3.connection import Bucket
from s3_servers import ACCESS_KEY, SECRET_KEY, bad_line

ROLE = "arn:aws:iam::123456789012:role/reader"


@dataclass
class Keeper:
    """A server that hands out keys, as STS does for a web identity and ECS for a task.

    Attributes:
        valid_for: how long the keys last.
        asked: the requests' queries and, under ``Authorization``, the token that came along.
    """

    address: str = ""
    valid_for: timedelta = timedelta(hours=1)
    asked: list[dict[str, str]] = field(default_factory=list)

    def as_json(self) -> bytes:
        keys = {"AccessKeyId": ACCESS_KEY, "SecretAccessKey": SECRET_KEY, "Token": "", "Expiration": self.end}
        return json.dumps(keys).encode()

    def as_xml(self) -> bytes:
        answer = "AssumeRoleWithWebIdentity"
        keys = f"<AccessKeyId>{ACCESS_KEY}</AccessKeyId><SecretAccessKey>{SECRET_KEY}</SecretAccessKey>"
        keys += f"<SessionToken></SessionToken><Expiration>{self.end}</Expiration>"
        result = f"<{answer}Result><Credentials>{keys}</Credentials></{answer}Result>"
        return f"<{answer}Response>{result}</{answer}Response>".encode()

    @property
    def end(self) -> str:
        return (datetime.now(UTC) + self.valid_for).strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.fixture
def keeper() -> Iterator[Keeper]:
    made = Keeper()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            made.asked.append({"Authorization": self.headers.get("Authorization", "")})
            self.answer(made.as_json())

        def do_POST(self) -> None:
            query = parse_qs(urlsplit(self.path).query)
            made.asked.append({name: values[0] for name, values in query.items()})
            self.answer(made.as_xml())

        def answer(self, body: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        made.address = f"http://127.0.0.1:{server.server_port}"
        with served(server):
            yield made


@contextmanager
def served(server: http.server.HTTPServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()


@pytest.fixture
def keyless(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    """The bucket for somebody to whom no keys were given."""
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    return Bucket(bucket.options)


async def test_a_pod_with_a_web_identity_needs_no_keys(
    keyless: Bucket, keeper: Keeper, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = tmp_path / "token"
    token.write_text("signed by the cluster")
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(token))
    monkeypatch.setenv("AWS_ROLE_ARN", ROLE)
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", keeper.address)
    await keyless.put("a.txt", b"x")
    assert [found.key async for found in keyless.objects("")] == ["a.txt"]
    (asked,) = keeper.asked
    assert asked["Action"] == "AssumeRoleWithWebIdentity"
    assert (asked["RoleArn"], asked["WebIdentityToken"]) == (ROLE, "signed by the cluster")
    await keyless.aclose()


async def test_a_task_with_a_role_needs_no_keys(
    keyless: Bucket, keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{keeper.address}/keys")
    monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "of this task")
    await keyless.put("a.txt", b"x")
    await keyless.put("b.txt", b"x")
    assert keeper.asked == [{"Authorization": "of this task"}]
    await keyless.aclose()


async def test_keys_of_a_role_that_expire_are_renewed(
    keyless: Bucket, keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{keeper.address}/keys")
    keeper.valid_for = timedelta(seconds=1)
    await keyless.put("a.txt", b"x")
    await keyless.put("b.txt", b"x")
    assert len(keeper.asked) == 2
    await keyless.aclose()


async def test_a_role_that_cannot_be_had_is_told(keyless: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:9/keys")
    with pytest.raises(UnavailableError) as caught:
        await keyless.check()
    assert caught.value.code == "s3_role_unavailable"
    await keyless.aclose()


class TestAnAuthorityOfOnesOwn:
    @pytest.fixture
    def authority(self) -> trustme.CA:
        return trustme.CA()

    @pytest.fixture
    def tls(self, authority: trustme.CA) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(context)
        return context

    async def test_is_trusted_when_it_is_named(
        self, bucket: Bucket, authority: trustme.CA, tls: ssl.SSLContext, tmp_path: Path
    ) -> None:
        authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
        async with bad_line(str(bucket.options.endpoint), tls=tls) as line:
            options = bucket.options.model_copy(
                update={"endpoint": line.address, "ca_file": tmp_path / "ca.pem"}
            )
            encrypted = Bucket(options)
            await encrypted.check()
            await encrypted.put("a.txt", b"x")
            assert await encrypted.exists("a.txt")
            await encrypted.aclose()

    async def test_is_not_trusted_otherwise(self, bucket: Bucket, tls: ssl.SSLContext) -> None:
        async with bad_line(str(bucket.options.endpoint), tls=tls) as line:
            options = bucket.options.model_copy(update={"endpoint": line.address, "retries": 0})
            encrypted = Bucket(options)
            with pytest.raises(UnavailableError) as caught:
                await encrypted.check()
            assert caught.value.code == "s3_certificate_untrusted"
            assert "`ca_file`" in caught.value.hint
            await encrypted.aclose()
