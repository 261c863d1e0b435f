"""Models that clients registered: other names for models there are."""

from muniment.catalog.resources import Resources

MODEL = "model"
"""Kind of the kept objects; their ``target`` is the name of the model that is meant."""


class RegisteredModels:
    """The registered names, kept in the catalog, so that every server on it knows them."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources

    def target(self, name: str) -> str | None:
        """The name of the model that a registered name stands for; one row is read by its key."""
        found = self._resources.get(MODEL, name)
        return str(found.body["target"]) if found else None
