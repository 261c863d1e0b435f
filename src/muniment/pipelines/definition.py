"""What a pipeline that ingests a collection is made of, whatever runs it."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from muniment.errors import InputError

CONFIG_FILE = "/etc/muniment/muniment.yaml"
"""Where pods find the settings, and the key of the ConfigMap that holds them is the file's name."""

DATA_DIR = "/var/lib/muniment"
"""Where pods have a scratch volume of their own; nothing in it is needed afterwards."""

_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?")
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

    Raises InputError ``invalid_quantity`` for resources that are none.

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
