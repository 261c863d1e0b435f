"""How fast sources list, and fetch small objects.

usage: listing.py [--files 100000] [--objects 2500] [--endpoint http://127.0.0.1:8333 --bucket NAME]

Makes FILES small files in folders of 100 and lists them three ways in the same run, best of three
each: ``find -type f -printf`` as the floor, ``os.walk`` with ``Path.stat`` and ``Path.as_uri`` as the plain
way to write it, and the folder source. With an endpoint, puts OBJECTS small objects into a bucket (keys in
AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY), lists and fetches them with the S3 source. Writes results.json
and RESULTS.md beside this file.
"""

import argparse
import asyncio
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from minio import Minio

from machine import describe
from muniment.providers.folder_source import FolderSource, FolderSourceOptions
from muniment.providers.s3.connection import Bucket
from muniment.providers.s3.options import S3Options
from muniment.providers.s3.source import S3Source, S3SourceOptions

HERE = Path(__file__).resolve().parent
AT_ONCE = 16


def main() -> None:
    """Measure and write the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument("--objects", type=int, default=2_500)
    parser.add_argument("--endpoint")
    parser.add_argument("--bucket", default="listing")
    arguments = parser.parse_args()
    results: dict[str, object] = {
        "machine": describe(),
        "python": platform.python_version(),
        "at": datetime.now(UTC).isoformat(timespec="minutes"),
        "files": arguments.files,
        "folder_s": measure_folder(arguments.files),
    }
    if arguments.endpoint:
        results["objects"] = arguments.objects
        results["s3_s"] = asyncio.run(measure_s3(arguments))
    results["peak_mb"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    (HERE / "results.json").write_text(json.dumps(results, indent=2) + "\n")
    (HERE / "RESULTS.md").write_text(report(results))
    print(report(results))


def measure_folder(count: int) -> dict[str, float]:
    """Seconds for each way of listing ``count`` files."""
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch, "docs")
        for number in range(count):
            path = root / f"{number // 10_000:02}" / f"{number // 100 % 100:02}" / f"document {number:06}.txt"
            if number % 100 == 0:
                path.parent.mkdir(parents=True)
            path.write_bytes(b"text")

        def by_find() -> int:
            command = ["find", root, "-type", "f", "-printf", "%s %T@ %p\\n"]
            return subprocess.run(command, capture_output=True, check=True).stdout.count(b"\n")

        def plainly() -> int:
            paths = [Path(folder, name) for folder, _, names in os.walk(root) for name in names]
            return len([(path.as_uri(), path.stat().st_size, path.stat().st_mtime_ns) for path in paths])

        def by_source() -> int:
            return asyncio.run(listed(FolderSource(FolderSourceOptions(path=root))))

        def with_ignore_file() -> int:
            (root / ".munimentignore").write_text("*.tmp\n/99/*.pdf\n")
            return by_source()

        ways = {"find": by_find, "os.walk": plainly, "source": by_source, "ignore file": with_ignore_file}
        return {name: best(way, count) for name, way in ways.items()}


async def listed(source: FolderSource | S3Source) -> int:
    """How many files the source lists; none is held."""
    count = 0
    async for _ in source.list():
        count += 1
    return count


def best(way: Callable[[], int], expected: int) -> float:
    """The shortest of three tries, in seconds."""
    times = []
    for _ in range(3):
        started = time.perf_counter()
        assert way() == expected
        times.append(time.perf_counter() - started)
    return round(min(times), 3)


async def measure_s3(arguments: argparse.Namespace) -> dict[str, float]:
    """Seconds for putting, listing and fetching the objects."""
    bucket = Bucket(S3Options(bucket=arguments.bucket, endpoint=arguments.endpoint))
    source = S3Source(S3SourceOptions(bucket=arguments.bucket, endpoint=arguments.endpoint))
    slots = asyncio.Semaphore(AT_ONCE)

    async def put(number: int) -> None:
        async with slots:
            await bucket.put(f"{number % 10}/document {number:06}.txt", b"text" * 250)

    address = urlsplit(arguments.endpoint)
    keys = os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"]
    admin = Minio(address.netloc, *keys, secure=address.scheme == "https", region="us-east-1")
    if not admin.bucket_exists(arguments.bucket):
        admin.make_bucket(arguments.bucket)
    times = {}
    started = time.perf_counter()
    await asyncio.gather(*(put(number) for number in range(arguments.objects)))
    times["put"] = time.perf_counter() - started
    started = time.perf_counter()
    assert await listed(source) == arguments.objects
    times["list"] = time.perf_counter() - started
    files = [file async for file in source.list()]
    with tempfile.TemporaryDirectory() as scratch:
        started = time.perf_counter()
        for file in files:
            await source.fetch(file, Path(scratch, "fetched"))
        times["fetch, one at a time"] = time.perf_counter() - started
    await source.aclose()
    await bucket.aclose()
    return {name: round(seconds, 2) for name, seconds in times.items()}


def report(results: dict[str, object]) -> str:
    """The results as Markdown."""
    folder, bucket = results["folder_s"], results.get("s3_s", {})
    assert isinstance(folder, dict) and isinstance(bucket, dict)
    lines = ["# Listing sources", "", f"{results['machine']}, Python {results['python']}, {results['at']}."]
    lines += [f"Peak memory of the process: {results['peak_mb']} MB.", ""]
    lines += [f"| {results['files']:,} files in folders | seconds |", "| --- | --- |"]
    lines += [f"| {name} | {seconds} |" for name, seconds in folder.items()]
    if bucket:
        lines += ["", f"| {results['objects']:,} objects of 1 kB in S3 | seconds |", "| --- | --- |"]
        lines += [f"| {name} | {seconds} |" for name, seconds in bucket.items()]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
