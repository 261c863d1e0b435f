"""Downloads a model's files from its own hub repository at a pinned revision."""

from collections.abc import Callable
from pathlib import Path

import httpx

from muniment.errors import UnavailableError
from muniment.weights.catalogue import HUB_URL, HubRepository, PackagedWeights


def download(
    weights: PackagedWeights, folder: Path, report: Callable[[str, int, int], None], hub_url: str = HUB_URL
) -> None:
    """Fetch every file of ``weights`` into ``folder``.

    Raises:
        UnavailableError: code ``hub_unreachable``, when there is no connection or it is refused.
    """
    hub = weights.hub
    if hub is None:
        raise UnavailableError(
            f"Model {weights.name!r} has no hub repository.",
            code="hub_unreachable",
            hint="Use a local folder.",
        )
    timeout = httpx.Timeout(30.0, connect=10.0)
    with httpx.Client(base_url=hub_url, timeout=timeout, follow_redirects=True) as client:
        for number, file in enumerate(weights.files):
            report(f"downloading {file.path}", number, len(weights.files))
            target = folder / file.path
            target.parent.mkdir(parents=True, exist_ok=True)
            _fetch(client, hub, file.path, target)


def _fetch(client: httpx.Client, hub: HubRepository, path: str, target: Path) -> None:
    url = f"/{hub.repository}/resolve/{hub.revision}/{path}"
    try:
        with client.stream("GET", url) as response, target.open("wb") as sink:
            response.raise_for_status()
            for block in response.iter_bytes(1 << 20):
                sink.write(block)
    except httpx.HTTPError as error:
        raise UnavailableError(
            f"{client.base_url}{url.lstrip('/')} cannot be fetched: {error}",
            code="hub_unreachable",
            hint=f"Where the hub can be reached, copy {hub.repository} at revision {hub.revision} into a "
            "folder and name it with the option `path`; nothing was changed here.",
        ) from error
