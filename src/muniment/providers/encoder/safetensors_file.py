"""Maps a safetensors file into memory: tensors are views of the file, nothing is copied.

Format: eight bytes little-endian header length, a JSON header, then the tensors' bytes
(https://github.com/huggingface/safetensors#format).
"""

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from muniment.errors import StorageError

_DTYPES: dict[str, np.dtype[np.generic]] = {
    "F32": np.dtype("<f4"),
    "F16": np.dtype("<f2"),
    "BF16": np.dtype("<u2"),
    "F64": np.dtype("<f8"),
}


class SafetensorsFile:
    """Float tensors by name.

    Raises:
        StorageError: code ``weights_damaged``, when the header does not fit the file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            # Copy-on-write: OpenVINO takes only writeable memory, and the file must stay as it is.
            self._bytes = np.memmap(path, dtype=np.uint8, mode="c")
            length = int(self._bytes[:8].view("<u8")[0])
            self._header = json.loads(self._bytes[8 : 8 + length].tobytes())
        except (ValueError, IndexError, MemoryError) as error:
            raise self._damaged(f"its header cannot be read ({error})") from error
        self._start = 8 + length
        self._prefix = self._common_prefix()

    def check(self) -> None:
        """See that the file holds all of its tensors, without reading them.

        Raises:
            StorageError: code ``weights_damaged``.
        """
        entries = [entry for name, entry in self._header.items() if name != "__metadata__"]
        end = self._start + max((entry["data_offsets"][1] for entry in entries), default=0)
        if not entries or end != self._bytes.size:
            raise self._damaged(f"it has {self._bytes.size} bytes, its header tells of {end}")

    def tensor(self, name: str) -> NDArray[np.float32]:
        """The tensor ``name`` as float32, without regard to a leading ``bert.`` or the like."""
        entry = self._header.get(self._prefix + name)
        if entry is None:
            raise self._damaged(f"it holds no tensor {self._prefix + name!r}")
        if entry["dtype"] not in _DTYPES:
            raise self._damaged(f"tensor {name!r} is of type {entry['dtype']}, not a float")
        begin, end = entry["data_offsets"]
        raw = self._bytes[self._start + begin : self._start + end]
        if raw.size != end - begin:
            raise self._damaged(f"tensor {name!r} is cut short")
        values = raw.view(_DTYPES[entry["dtype"]]).reshape(entry["shape"])
        wide = (values.astype(np.uint32) << 16).view(np.float32) if entry["dtype"] == "BF16" else values
        tensor: NDArray[np.float32] = wide.astype(np.float32, copy=False)
        return tensor

    def _common_prefix(self) -> str:
        """Models saved with a head carry their encoder under a name such as ``roberta.``."""
        table = "embeddings.word_embeddings.weight"
        return next((name.removesuffix(table) for name in self._header if name.endswith(table)), "")

    def _damaged(self, why: str) -> StorageError:
        return StorageError(
            f"Weights {self._path} are damaged or of another kind: {why}.",
            code="weights_damaged",
            hint="Fetch or copy the model anew.",
        )
