"""Finds the keys: in the files named, the environment, AWS's shared file, or by the role of this machine."""

import os
import ssl
from configparser import Error
from pathlib import Path
from threading import Lock

from minio.credentials.credentials import Credentials
from minio.credentials.providers import AWSConfigProvider, IamAwsProvider, Provider
from urllib3 import PoolManager, Retry, Timeout
from urllib3.exceptions import HTTPError

from muniment.errors import SettingsError, UnavailableError
from muniment.providers.s3.options import S3Options

_ROLE_VARIABLES = (
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
)
_ROLE_TIMEOUT = Timeout(connect=2.0, read=10.0)
_ROLE_RETRIES = Retry(1, backoff_factor=0.2, status_forcelist=(500, 502, 503, 504))


class Keys(Provider):
    """Keys that are set are read anew each time, so that those renewed on disk come into force."""

    def __init__(self, options: S3Options, region: str, trusted: ssl.SSLContext) -> None:
        self._options = options
        self._region = region
        self._trusted = trusted
        self._role: IamAwsProvider | None = None
        self._lock = Lock()

    def retrieve(self) -> Credentials:
        """The keys that the options, the environment, ``~/.aws/credentials`` or a role give, in this order.

        Raises:
            SettingsError: code ``secret_missing``.
            UnavailableError: code ``s3_role_unavailable``.
        """
        options = self._options
        access = _from(options.access_key_file, options.access_key_env)
        secret = _from(options.secret_key_file, options.secret_key_env)
        if access and secret:
            return Credentials(access, secret, os.environ.get(options.session_token_env))
        named_in_files = options.access_key_file is not None or options.secret_key_file is not None
        if not access and not secret and not named_in_files:
            found = _from_shared_file() or self._from_role()
            if found is not None:
                return found
        missing = options.secret_key_env if access else options.access_key_env
        raise SettingsError(
            f"There are no keys for the bucket {options.bucket!r}: {missing!r} is not set.",
            code="secret_missing",
            hint=f"Set {options.access_key_env} and {options.secret_key_env}, or name other variables in "
            "`access_key_env` and `secret_key_env`, or files in `access_key_file` and `secret_key_file`.",
        )

    def _from_role(self) -> Credentials | None:
        """Keys of the role that a pod, task or machine has; the client renews them when they expire."""
        is_named = any(os.environ.get(name) for name in _ROLE_VARIABLES)
        if not is_named and not _may_be_on_ec2(self._options):
            return None
        try:
            with self._lock:
                if self._role is None:
                    self._role = _role(self._region, self._trusted)
                return self._role.retrieve()
        except (ValueError, SyntaxError, KeyError, OSError, HTTPError) as error:
            if not is_named:
                return None  # no machine of AWS's, or one without a role
            raise UnavailableError(
                f"There are no keys for the bucket {self._options.bucket!r} from the role of this "
                f"pod or task: {error}.",
                code="s3_role_unavailable",
                hint="Check the AWS_… variables that name the role, and what it trusts; or set "
                f"{self._options.access_key_env} and {self._options.secret_key_env}.",
            ) from error


def _may_be_on_ec2(options: S3Options) -> bool:
    """Whether to ask the machine itself: nobody is called who has not been named, but for AWS's own S3."""
    disabled = os.environ.get("AWS_EC2_METADATA_DISABLED", "").lower() == "true"
    return options.endpoint is None and not disabled


def _role(region: str, trusted: ssl.SSLContext) -> IamAwsProvider:
    # MinIO and others serve STS too.
    is_web = bool(os.environ.get("AWS_WEB_IDENTITY_TOKEN_FILE"))
    endpoint = os.environ.get("AWS_ENDPOINT_URL_STS") if is_web else None
    http = PoolManager(timeout=_ROLE_TIMEOUT, retries=_ROLE_RETRIES, ssl_context=trusted)
    return IamAwsProvider(custom_endpoint=endpoint, http_client=http, region=region)


def _from(file: Path | None, variable: str) -> str:
    if file is None:
        return os.environ.get(variable, "").strip()
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"The key file {str(file)!r} cannot be read: {error}.",
            code="secret_missing",
            hint="Write the key to that file, or remove the setting.",
        ) from error


def _from_shared_file() -> Credentials | None:
    """The profile ``$AWS_PROFILE``, or ``default``, of the file that AWS's own tools read."""
    try:
        return AWSConfigProvider().retrieve()
    except (Error, OSError, ValueError, RuntimeError):
        return None  # whatever is wrong with it, it gives no keys
