"""What the shapes of a request have in common: what they let pass, and what they give back."""

import json
from typing import Annotated

from pydantic import AfterValidator, ConfigDict

from muniment.api.wire.documented import Documented
from muniment.types import JsonObject


def _sendable(value: object) -> object:
    """Python also reads ``NaN`` and halves of characters, which cannot be sent again."""
    try:
        json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise ValueError("must be JSON: finite numbers, whole characters, not nested too deep") from error
    return value


StorableJson = Annotated[object, AfterValidator(_sendable)]


class Lenient(Documented):
    """OpenAI's clients send fields that mean nothing here; they are let pass."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Kept(Documented):
    """A shape that is given back as it came, unknown fields and all."""

    model_config = ConfigDict(frozen=True, extra="allow")
    __pydantic_extra__: dict[str, StorableJson]

    def json_object(self) -> JsonObject:
        """What was sent."""
        return self.model_dump(mode="json", exclude_unset=True, by_alias=True)
