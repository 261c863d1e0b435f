"""What routes are given to have messages judged."""

from typing import Annotated

from fastapi import Depends

from muniment.api.context import ServicesOf, SettingsOf
from muniment.safety.shields import Shields


async def _shields(settings: SettingsOf, services: ServicesOf) -> Shields:
    return Shields(settings.shields, services.resources, services.models)


ShieldsOf = Annotated[Shields, Depends(_shields)]
