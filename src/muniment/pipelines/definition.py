"""What a pipeline that ingests a collection is made of, whatever runs it."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from muniment.errors import InputError

CONFIG_FILE = "/etc/muniment/muniment.yaml"
"""Where pods find the settings, and the key of the ConfigMap that holds them is the file's name."""

DATA_DIR = "/var/lib/muniment"
"""Where pods have a scratch volume of their own; nothing in it is needed afterwards."""

_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?")
_IMAGE = re.compile(
    r"([A-Za-z0-9.-]+(:[0-9]+)?/)?[a-z0-9._-]+(/[a-z0-9._-]+)*(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?"
    r"(@[a-z0-9]+:[0-9a-f]{32,})?"
)
_KEY = re.compile(r"[-._a-zA-Z0-9]+")
_CPU = re.compile(r"[0-9]+(\.[0-9]+)?|[0-9]+m")
_MEMORY = re.compile(r"[0-9]+([KMGTPE]i?)?")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class SecretKey:
    """A key of a Kubernetes Secret, and the environment variable that pods get its value in.

    A pod starts without an ``optional`` one that is not there.
    """

    secret: str
    key: str
    variable: str
    optional: bool = False


@dataclass(frozen=True, slots=True)
class IngestionPipeline:
    """A pipeline: verify, plan, shards side by side, verify again, promote.

    Raises InputError for what Kubernetes would refuse or could not run: ``invalid_quantity`` for resources,
    ``invalid_image``, ``invalid_config_map`` and ``invalid_config_file``.

    Attributes:
        image: has the program ``muniment`` on its path; ``kubeflow`` says what else.
        shards: parts of a plan, each a pod of its own.
        parallelism: pods of shards at a time.
        retries: how often a shard is tried again that failed; the others are left alone.
        cpu, memory: of each pod, as Kubernetes writes them; empty for the cluster's defaults.
        config_map: the ConfigMap with the settings file; empty for a file in the image.
        config_file: where pods find the settings file.
        data_dir: where pods write.
        questions: each must find something in the end.
    """

    collection: str
    image: str
    shards: int = 4
    parallelism: int = 2
    retries: int = 3
    cpu: str = ""
    memory: str = ""
    config_map: str = ""
    config_file: str = CONFIG_FILE
    data_dir: str = DATA_DIR
    secrets: tuple[SecretKey, ...] = ()
    questions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name, value, pattern in (("cpu", self.cpu, _CPU), ("memory", self.memory, _MEMORY)):
            if value and not pattern.fullmatch(value):
                raise InputError(
                    f"--{name} {value[:40]!r} is not a quantity as Kubernetes writes it.",
                    code="invalid_quantity",
                    hint="Write --cpu 2 or --cpu 500m, and --memory 4Gi.",
                )
        if not _IMAGE.fullmatch(self.image):
            raise InputError(
                f"--image {self.image[:80]!r} is not the name of a container image.",
                code="invalid_image",
                hint="Write it as the cluster pulls it: --image registry.example/muniment:1.",
            )
        if self.config_map and (len(self.config_map) > 253 or not _NAME.fullmatch(self.config_map)):
            raise InputError(
                f"--config-map {self.config_map[:80]!r} is not a name that a ConfigMap can have.",
                code="invalid_config_map",
                hint="Use lower-case letters, digits, '-' and '.', a letter or digit first and last.",
            )
        self._check_config_file()

    def _check_config_file(self) -> None:
        path = PurePosixPath(self.config_file)
        if not path.is_absolute() or ".." in path.parts or not path.name:
            why = "is not an absolute path, and pods have no folder that it could begin in"
        elif self.config_map and len(path.parts) < 3:
            why = "is at the root of the pod's files, where no ConfigMap can be mounted"
        else:
            return
        raise InputError(
            f"--config-file {self.config_file[:80]!r} {why}.",
            code="invalid_config_file",
            hint=f"Name the file as pods see it, such as {CONFIG_FILE}.",
        )

    @property
    def name(self) -> str:
        """Name of the pipeline: lower-case letters, digits and hyphens."""
        return f"muniment-ingest-{re.sub('[^a-z0-9]+', '-', self.collection.lower()).strip('-')}"


def secret_keys(written: Sequence[str], variables: Callable[[], Sequence[str]]) -> tuple[SecretKey, ...]:
    """The keys that ``--secret`` names: ``NAME``, ``NAME:KEY`` or ``NAME:KEY=VARIABLE``.

    Args:
        written: as given.
        variables: gives what a bare ``NAME`` stands for: its keys have the names of these variables, and
            those it has not are left out.

    Raises:
        InputError: code ``invalid_secret``; a secret's value never stands there.
    """
    keys: list[SecretKey] = []
    for one in written:
        name, _, rest = one.partition(":")
        key, _, variable = rest.partition("=")
        if not rest and not one.endswith(":") and _NAME.fullmatch(name):
            keys += [SecretKey(name, each, each, optional=True) for each in variables()]
        elif _NAME.fullmatch(name) and _KEY.fullmatch(key) and _VARIABLE.fullmatch(variable or key):
            keys.append(SecretKey(name, key, variable or key))
        else:
            raise InputError(
                "--secret takes the name of a Kubernetes Secret and of a key in it; this is something else.",
                code="invalid_secret",
                hint="Write --secret NAME:KEY=VARIABLE, --secret NAME:VARIABLE or --secret NAME.",
            )
    return tuple(keys)
