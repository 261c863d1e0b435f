"""Says what is wrong with a bucket, its keys or its server, and what to do about it."""

from dataclasses import dataclass

from minio.error import InvalidResponseError, MinioException, S3Error, ServerError
from urllib3.exceptions import HTTPError, MaxRetryError

from muniment.errors import MunimentError, StorageError, UnavailableError
from muniment.providers.s3.options import S3Options

RETRIED_STATUSES = frozenset({429, 500, 502, 503, 504})
_ABOUT_KEY = frozenset({"InvalidAccessKeyId", "InvalidAccessKey"})
_ABOUT_REGION = frozenset({"AuthorizationHeaderMalformed", "PermanentRedirect", "TemporaryRedirect"})
_ABOUT_TOKEN = frozenset({"ExpiredToken", "InvalidToken", "TokenRefreshRequired"})
_ABOUT_SPACE = frozenset({"XMinioStorageFull", "QuotaExceeded", "XMinioAdminBucketQuotaExceeded"})


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer that is no success."""

    status: int
    code: str
    """S3's own code; empty when the server did not answer as S3 does."""
    message: str
    has_body: bool = True
    """Whether code and message are the server's words; the answer to HEAD has none."""

    @classmethod
    def of(cls, error: MinioException) -> "Refusal":
        """What an answer says."""
        if isinstance(error, S3Error):
            said = error.message or ""
            return cls(error.response.status, error.code or "", said, bool(error.response.data))
        if isinstance(error, ServerError):
            return cls(error.status_code, "", str(error), has_body=False)
        # The client has no other way to the status of an answer that is not XML.
        status = error._code if isinstance(error, InvalidResponseError) else 0
        return cls(status, "", str(error))

    def __str__(self) -> str:
        said = f" {self.code}: {self.message}" if self.code else ""
        return f"HTTP {self.status}{said}".rstrip(": ")


def refused(options: S3Options, refusal: Refusal, *, writing: bool = False) -> MunimentError:
    """The error for an answer that asking again cannot mend."""
    bucket, place, code = options.bucket, _place(options), refusal.code
    if refusal.status == 507 or code in _ABOUT_SPACE:
        return StorageError(
            f"The disk is full at {place}: the bucket {bucket!r} takes no more ({refusal}).",
            code="disk_full",
            hint="Free some space there and run again; what was done is kept.",
        )
    if code == "NoSuchBucket":
        return UnavailableError(
            f"There is no bucket {bucket!r} at {place}.",
            code="s3_bucket_missing",
            hint="Mend `bucket` or `endpoint`, or make the bucket. Nothing was removed.",
        )
    about_keys = _keys_refused(options, refusal)
    if about_keys is not None:
        return about_keys
    if code in _ABOUT_REGION or refusal.status in (301, 302, 307, 308):
        return UnavailableError(
            f"The bucket {bucket!r} is not to be had at {place} in this region ({refusal}).",
            code="s3_wrong_region",
            hint="Set `region` to the bucket's; for a server of your own, check `endpoint` and `path_style`.",
        )
    if not code and refusal.status not in RETRIED_STATUSES:
        return not_s3(options, str(refusal))
    if refusal.status == 403:
        right = "s3:PutObject and s3:DeleteObject" if writing else "s3:ListBucket and s3:GetObject"
        return UnavailableError(
            f"{place} does not let these keys use the bucket {bucket!r} ({refusal}).",
            code="s3_permission_missing",
            hint=f"The keys themselves are right: give them {right} on the bucket.",
        )
    return UnavailableError(
        f"{place} did not do what was asked of it for the bucket {bucket!r}: {refusal}.",
        code="s3_unavailable",
        hint="See the server's log; run again when it is well. Nothing was removed.",
    )


def _keys_refused(options: S3Options, refusal: Refusal) -> UnavailableError | None:
    place, code = _place(options), refusal.code
    if code in _ABOUT_KEY:
        return UnavailableError(
            f"{place} does not know the access key for the bucket {options.bucket!r}.",
            code="s3_access_key_unknown",
            hint=f"Check {options.access_key_file or options.access_key_env}, and that `endpoint` is the "
            "server which the key is of.",
        )
    if code == "SignatureDoesNotMatch":
        return UnavailableError(
            f"{place} knows the access key for the bucket {options.bucket!r}, but not this secret key.",
            code="s3_secret_key_wrong",
            hint=f"Check {options.secret_key_file or options.secret_key_env}: no blank or line may be lost.",
        )
    if code in _ABOUT_TOKEN:
        return UnavailableError(
            f"The temporary keys for the bucket {options.bucket!r} are no longer valid ({refusal}).",
            code="s3_token_expired",
            hint=f"Renew them, or unset {options.session_token_env} when the keys are not temporary.",
        )
    if code == "RequestTimeTooSkewed":
        return UnavailableError(
            f"The clocks of this machine and of {place} differ too much.",
            code="s3_clock_skewed",
            hint="Set both clocks by NTP; S3 allows 15 minutes.",
        )
    return None


def silent(options: S3Options, error: HTTPError) -> UnavailableError:
    """The error for a server that does not answer, or breaks off again and again."""
    reason = error.reason if isinstance(error, MaxRetryError) and error.reason else error
    place, why = _place(options), str(reason) or type(reason).__name__
    if "CERTIFICATE_VERIFY_FAILED" in why:
        return UnavailableError(
            f"The certificate of {place} is not trusted: {why}.",
            code="s3_certificate_untrusted",
            hint="Name the certificate of the authority that signed it in `ca_file`.",
        )
    encrypted = place.startswith("https://") and "WRONG_VERSION_NUMBER" in why
    return UnavailableError(
        f"{place} does not answer: {why}.",
        code="s3_unreachable",
        hint="It speaks plain HTTP: write `http://` in `endpoint`."
        if encrypted
        else "Check `endpoint`, and that the server runs and can be reached from here. Nothing was removed.",
    )


def not_s3(options: S3Options, said: str) -> UnavailableError:
    """The error for a server that answers, but not as S3 does."""
    return UnavailableError(
        f"{_place(options)} answers, but not as an S3 server does: {said}.",
        code="s3_not_spoken",
        hint="`endpoint` must be the address of the S3 interface; MinIO's console has another port.",
    )


def _place(options: S3Options) -> str:
    return options.endpoint or "AWS S3"
