"""Makes MinIO's client for a bucket: where it connects to, whom it trusts, how often it tries again."""

import os
import ssl
from functools import partial
from threading import Event
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import certifi
from minio import Minio
from minio.helpers import check_bucket_name
from urllib3 import BaseHTTPResponse, PoolManager, ProxyManager, Retry, Timeout
from urllib3.exceptions import HTTPError, ProtocolError

from muniment.errors import SettingsError
from muniment.providers.s3.credentials import Keys
from muniment.providers.s3.failures import RETRIED_STATUSES
from muniment.providers.s3.options import S3Options

_FIRST_PAUSE_S = 0.25
_LONGEST_PAUSE_S = 8.0
_CONNECTIONS = 16
_WITHOUT_BODY = (204, 304)
_AWS = "https://s3.amazonaws.com"


class Patience(Retry):
    """urllib3's retries with growing pauses, which end at once when the bucket is closed."""

    def __init__(self, total: int, *, closed: Event, **options: Any) -> None:
        ours: dict[str, Any] = {
            # A redirect would send signed headers to whoever is named there.
            "redirect": False,
            "status_forcelist": RETRIED_STATUSES,
            "raise_on_status": False,
            "backoff_factor": _FIRST_PAUSE_S,
            "backoff_max": _LONGEST_PAUSE_S,
            "backoff_jitter": _FIRST_PAUSE_S,
            "respect_retry_after_header": False,
        }
        super().__init__(total, **(ours | options))
        self._closed = closed

    def new(self, **options: Any) -> "Patience":
        """As urllib3 asks for the state after one more try."""
        return super().new(closed=self._closed, **options)

    def sleep(self, response: BaseHTTPResponse | None = None) -> None:
        """Wait before the next try."""
        if self._closed.wait(self.get_backoff_time()):
            raise HTTPError("the bucket was closed")


def client_for(options: S3Options, patience: Patience) -> Minio:
    """A client whose connections and keys are its own.

    Raises:
        SettingsError: ``bucket``, ``region``, ``endpoint`` or ``ca_file`` cannot be used.
    """
    address = urlsplit(options.endpoint or _AWS)
    trusted = _trusted(options)
    try:
        check_bucket_name(options.bucket, s3_check=options.endpoint is None)
        client = Minio(
            address.netloc,
            secure=address.scheme == "https",
            region=_region(options),
            http_client=_pool(options, trusted, address.geturl(), patience),
            credentials=Keys(options, _region(options), trusted),
        )
    except ValueError as error:
        raise SettingsError(
            f"The bucket {options.bucket!r} cannot be had: {error}.",
            hint="Mend `bucket`, `region` or `endpoint`.",
        ) from error
    choose = (
        client.disable_virtual_style_endpoint if options.in_path else client.enable_virtual_style_endpoint
    )
    choose()  # type: ignore[no-untyped-call]
    return client


def _region(options: S3Options) -> str:
    found = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    return options.region or found or "us-east-1"


class _Whole(PoolManager):
    """Connections that notice when an answer was cut off in its headers.

    Python's HTTP client takes the line's end for that of the headers, and an answer without a length for one
    that ends with the line; so an object would seem to be empty. S3 servers always tell the length.
    """

    def urlopen(  # type: ignore[override]  # as urllib3's own pools have it
        self, method: str, url: str, redirect: bool = True, **options: Any
    ) -> BaseHTTPResponse:
        """As urllib3 does, and again when the answer is not whole."""
        response = super().urlopen(method, url, redirect, **options)
        if method == "HEAD" or response.status in _WITHOUT_BODY or _tells_length(response):
            return response
        if options.get("preload_content", True) and response.data:
            return response
        response.close()
        cut_off = ProtocolError("the answer was cut off in its headers")
        retries = (response.retries or Retry(0)).increment(method, url, error=cut_off)
        retries.sleep()
        return self.urlopen(method, url, redirect, **(options | {"retries": retries}))


def _tells_length(response: BaseHTTPResponse) -> bool:
    return "transfer-encoding" in response.headers or response.headers.get("content-length", "").isdigit()


class _WholeByProxy(_Whole, ProxyManager):
    """The same by way of a proxy."""


def _pool(options: S3Options, trusted: ssl.SSLContext, address: str, patience: Patience) -> PoolManager:
    parts = urlsplit(address)
    proxy = None if proxy_bypass(parts.netloc) else getproxies().get(parts.scheme)
    timeout = Timeout(connect=min(options.timeout_s, 10.0), read=options.timeout_s)
    made = _Whole if proxy is None else partial(_WholeByProxy, proxy)
    return made(maxsize=_CONNECTIONS, retries=patience, timeout=timeout, ssl_context=trusted)


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
