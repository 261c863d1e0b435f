"""One bucket over HTTP: signed requests, asked again with growing pauses while a failure may pass."""

import asyncio
import os
import random
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import urlsplit

import certifi
import httpx

from muniment.errors import SettingsError
from muniment.providers.s3.answers import ListPage, S3Object, read_list
from muniment.providers.s3.credentials import find_credentials
from muniment.providers.s3.failures import Refusal, not_s3, refused, silent
from muniment.providers.s3.options import S3Options
from muniment.providers.s3.signing import encoded_path, encoded_query, signed_headers

_FIRST_PAUSE_S = 0.25
_LONGEST_PAUSE_S = 8.0
_CONNECTIONS = 16
_PATIENCE_IN_CHECKS = 2
_NOTHING_SENT: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Answer:
    """A success, or a refusal that the caller expects: then ``refusal`` is set."""

    body: bytes
    refusal: Refusal | None = None


@dataclass(slots=True)
class Retries:
    """How often, and how long apart, a request is made again."""

    left: int
    _pause_s: float = _FIRST_PAUSE_S

    async def wait(self) -> None:
        """Use up one try; pauses double, and vary so that many clients do not come back at once."""
        self.left -= 1
        await asyncio.sleep(self._pause_s * random.uniform(0.75, 1.25))
        self._pause_s = min(2 * self._pause_s, _LONGEST_PAUSE_S)


@dataclass(slots=True)
class Bucket:
    """The bucket that the options name. Its connections belong to the event loop of its first request."""

    options: S3Options
    _client: httpx.AsyncClient | None = field(default=None)

    async def aclose(self) -> None:
        """Let go of all connections."""
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    async def check(self) -> None:
        """Try address, keys, bucket and the right to list it; a dead server is soon given up.

        Raises:
            SettingsError: code ``secret_missing``, or ``ca_file`` cannot be read.
            UnavailableError: a code that begins with ``s3_``, one for each cause.
        """
        retries = Retries(min(self.options.retries, _PATIENCE_IN_CHECKS))
        await self._page(self.options.prefix, "", retries, size=1)

    async def objects(self, prefix: str) -> AsyncIterator[S3Object]:
        """Every object whose key begins with ``prefix``, by key, however many pages that takes.

        In a versioned bucket these are the current versions; what carries a delete marker is not there.
        """
        token = ""
        while True:
            page = await self._page(prefix, token, Retries(self.options.retries))
            for found in page.objects:
                yield found
            if not page.next_token:
                return
            if page.next_token == token:
                raise not_s3(self.options, "the listing does not move on")
            token = page.next_token

    async def request(
        self,
        method: str,
        key: str,
        *,
        headers: Mapping[str, str] = _NOTHING_SENT,
        body: bytes = b"",
        expected: frozenset[int] = frozenset(),
    ) -> Answer:
        """One request about one object, its answer in memory; refusals in ``expected`` are returned."""
        retries = Retries(self.options.retries)
        return await self._ask(method, key, {}, headers, body, expected, retries)

    @asynccontextmanager
    async def stream(
        self, method: str, key: str, query: Mapping[str, str], headers: Mapping[str, str], body: bytes = b""
    ) -> AsyncIterator[httpx.Response]:
        """One try of a request, its answer not yet read; raises httpx's errors."""
        client = self._opened()
        base, path = self._address(key)
        sent = encoded_query(query)
        credentials = await asyncio.to_thread(find_credentials, self.options)
        signed = signed_headers(
            method,
            urlsplit(base).netloc,
            path,
            sent,
            # Not compressed on the way: the bytes wanted are those stored.
            {"accept-encoding": "identity", **headers},
            body,
            credentials=credentials,
            region=self._region(),
            now=datetime.now(UTC),
        )
        url = httpx.URL(base).copy_with(raw_path=f"{path}?{sent}".rstrip("?").encode())
        async with client.stream(method, url, headers=signed, content=body or None) as response:
            yield response

    async def _page(self, prefix: str, token: str, retries: Retries, size: int = 1000) -> ListPage:
        query = {"list-type": "2", "prefix": prefix, "max-keys": str(size), "encoding-type": "url"}
        if token:
            query["continuation-token"] = token
        answer = await self._ask("GET", "", query, {}, b"", frozenset(), retries)
        page = read_list(answer.body)
        if page is None:
            raise not_s3(self.options, "it lists no objects")
        return page

    async def _ask(
        self,
        method: str,
        key: str,
        query: Mapping[str, str],
        headers: Mapping[str, str],
        body: bytes,
        expected: frozenset[int],
        retries: Retries,
    ) -> Answer:
        while True:
            try:
                async with self.stream(method, key, query, headers, body) as response:
                    data = await response.aread()
            except httpx.TransportError as error:
                if retries.left == 0:
                    raise silent(self.options, error) from error
            else:
                refusal = Refusal.of(response, data)
                # A copy can fail after its success has been announced; then the body says so.
                if response.is_success and not (method == "PUT" and refusal.code):
                    return Answer(data)
                if response.status_code in expected and refusal.code != "NoSuchBucket":
                    return Answer(data, refusal)
                if retries.left == 0 or not refusal.may_pass:
                    raise refused(self.options, refusal, writing=method in ("PUT", "DELETE"))
            await retries.wait()

    def _address(self, key: str) -> tuple[str, str]:
        """Scheme and host with port as the header Host has it, and the encoded path."""
        endpoint = self.options.endpoint or f"https://s3.{self._region()}.amazonaws.com"
        if self.options.in_path:
            return _without_own_port(endpoint), encoded_path(f"/{self.options.bucket}/{key}")
        parts = urlsplit(endpoint)
        host = f"{parts.scheme}://{self.options.bucket}.{parts.netloc}"
        return _without_own_port(host), encoded_path(f"/{key}")

    def _region(self) -> str:
        found = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
        return self.options.region or found or "us-east-1"

    def _opened(self) -> httpx.AsyncClient:
        if self._client is None:
            self._client = httpx.AsyncClient(
                verify=_trusted(self.options),
                timeout=httpx.Timeout(self.options.timeout_s, connect=min(self.options.timeout_s, 10.0)),
                limits=httpx.Limits(max_connections=_CONNECTIONS),
            )
        return self._client


def _without_own_port(address: str) -> str:
    """The address without the port that its scheme implies: clients leave it out of the header Host."""
    own = ":443" if address.startswith("https:") else ":80"
    return address.removesuffix(own)


def _trusted(options: S3Options) -> ssl.SSLContext:
    context = ssl.create_default_context()
    # Besides the system's: some Pythons, that of python.org for macOS among them, come without any.
    context.load_verify_locations(certifi.where())
    if options.ca_file is not None:
        try:
            context.load_verify_locations(options.ca_file)
        except (OSError, ssl.SSLError) as error:
            raise SettingsError(
                f"ca_file {str(options.ca_file)!r} cannot be used: {error}.",
                hint="Name a PEM file with the certificate of the authority that signed the server's.",
            ) from error
    return context
