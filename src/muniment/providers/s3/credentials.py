"""Finds the keys: in the files named, in the environment, or in AWS's shared credentials file."""

import os
from configparser import ConfigParser, Error
from dataclasses import dataclass, field
from pathlib import Path

from muniment.errors import SettingsError
from muniment.providers.s3.options import S3Options


@dataclass(frozen=True, slots=True)
class Credentials:
    """An access key and its secret; ``token`` is empty but for temporary keys. Its repr hides secrets."""

    access_key: str
    secret_key: str = field(repr=False)
    token: str = field(default="", repr=False)


def find_credentials(options: S3Options) -> Credentials:
    """The keys that the options, the environment or ``~/.aws/credentials`` give, in this order.

    Read anew each time, so that keys which are renewed on disk come into force.

    Raises:
        SettingsError: code ``secret_missing``.
    """
    access = _from(options.access_key_file, options.access_key_env)
    secret = _from(options.secret_key_file, options.secret_key_env)
    if access and secret:
        return Credentials(access, secret, os.environ.get(options.session_token_env, ""))
    if not access and not secret and options.access_key_file is None and options.secret_key_file is None:
        shared = _from_shared_file()
        if shared is not None:
            return shared
    missing = options.secret_key_env if access else options.access_key_env
    raise SettingsError(
        f"There are no keys for the bucket {options.bucket!r}: {missing!r} is not set.",
        code="secret_missing",
        hint=f"Set {options.access_key_env} and {options.secret_key_env}, or name other variables in "
        "`access_key_env` and `secret_key_env`, or files in `access_key_file` and `secret_key_file`.",
    )


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
    named = os.environ.get("AWS_SHARED_CREDENTIALS_FILE")
    profile = os.environ.get("AWS_PROFILE", "default")
    parser = ConfigParser(interpolation=None)
    try:
        parser.read(named or Path.home() / ".aws" / "credentials", encoding="utf-8")
    except (Error, OSError, UnicodeDecodeError, RuntimeError):
        return None  # whatever is wrong with it, it gives no keys
    access = parser.get(profile, "aws_access_key_id", fallback="")
    secret = parser.get(profile, "aws_secret_access_key", fallback="")
    if not access or not secret:
        return None
    return Credentials(access, secret, parser.get(profile, "aws_session_token", fallback=""))
