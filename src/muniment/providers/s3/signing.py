"""AWS Signature Version 4, in headers.

Source: https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
"""

import hmac
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from urllib.parse import quote

from muniment.providers.s3.credentials import Credentials

_ALGORITHM = "AWS4-HMAC-SHA256"


def encoded_path(path: str) -> str:
    """The path as it must be sent and signed: all but ``A-Za-z0-9-_.~/`` percent-encoded as UTF-8."""
    return quote(path, safe="/-_.~")


def encoded_query(query: Mapping[str, str]) -> str:
    """The query as it must be sent and signed: sorted by name, encoded like a path but for ``/``."""
    pairs = sorted((quote(name, safe="-_.~"), quote(value, safe="-_.~")) for name, value in query.items())
    return "&".join(f"{name}={value}" for name, value in pairs)


def signed_headers(
    method: str,
    host: str,
    path: str,
    query: str,
    headers: Mapping[str, str],
    body: bytes,
    *,
    credentials: Credentials,
    region: str,
    now: datetime,
) -> dict[str, str]:
    """The headers with those that prove who asks.

    Args:
        host: as in the header Host, with the port unless it is the scheme's own.
        path: from ``encoded_path``.
        query: from ``encoded_query``.
        now: the time in UTC; the server refuses one that is 15 minutes off.
    """
    stamp = now.strftime("%Y%m%dT%H%M%SZ")
    digest = sha256(body).hexdigest()
    full = {**{name.lower(): value for name, value in headers.items()}, "host": host}
    full |= {"x-amz-content-sha256": digest, "x-amz-date": stamp}
    if credentials.token:
        full["x-amz-security-token"] = credentials.token
    names = ";".join(sorted(full))
    lines = "".join(f"{name}:{' '.join(full[name].split())}\n" for name in sorted(full))
    canonical = "\n".join((method, path, query, lines, names, digest))
    scope = f"{stamp[:8]}/{region}/s3/aws4_request"
    to_sign = "\n".join((_ALGORITHM, stamp, scope, sha256(canonical.encode()).hexdigest()))
    key = f"AWS4{credentials.secret_key}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, to_sign.encode(), "sha256").hex()
    claim = f"Credential={credentials.access_key}/{scope}"
    full["authorization"] = f"{_ALGORITHM} {claim}, SignedHeaders={names}, Signature={signature}"
    return full
