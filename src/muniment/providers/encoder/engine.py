"""Runs an encoder's graph on the CPU: one thread a batch, what is urgent first."""

import itertools
import queue
import threading
from concurrent.futures import Future
from dataclasses import dataclass, field

import numpy as np
import openvino as ov
from numpy.typing import NDArray

from muniment.protocols import TokenStates
from muniment.providers.encoder.batches import Ids, padded
from muniment.providers.encoder.graph import STATE_LAYERS, build_encoder
from muniment.providers.encoder.model_config import EncoderConfig
from muniment.providers.encoder.onnx_file import read_onnx
from muniment.providers.encoder.options import Precision
from muniment.providers.encoder.quantise import compress_weights
from muniment.providers.encoder.sentences import means

_STOP = 2  # behind all priorities
_MAX_STREAMS = 16
# Activations share one scale over up to this many channels. Measured (design/003): 384 is 6% faster, but
# the outliers of the first and last token then take very short texts below a cosine of 0.99.
_ACTIVATION_GROUP = 128
_KEPT_KERNELS = 50


@dataclass(frozen=True, slots=True)
class Computed:
    """Vectors (texts, dimension); where asked for, each text's sentences (n, dimension), not scaled, and the
    states of its tokens.
    """

    vectors: NDArray[np.float32]
    sentences: tuple[NDArray[np.float32], ...] = ()
    states: tuple[TokenStates, ...] = ()


@dataclass(order=True)
class _Job:
    priority: int
    number: int
    texts: list[Ids] = field(compare=False)
    segments: list[Ids] | None = field(compare=False)
    read: bool = field(compare=False)
    result: Future[Computed] = field(compare=False)


class Engine:
    """A compiled encoder with one worker thread for each stream of OpenVINO."""

    def __init__(self, config: EncoderConfig, threads: int, precision: Precision) -> None:
        core = ov.Core()
        from_onnx = config.weights.suffix == ".onnx"
        model = read_onnx(core, config) if from_onnx else build_encoder(config)
        if precision in ("auto", "int8"):
            compress_weights(model)
        self.streams = streams = min(threads, _MAX_STREAMS)
        compiled = core.compile_model(model, "CPU", _properties(core, config, threads, streams, precision))
        self.local = len(compiled.inputs) > 2
        """Whether the graph can compute sentences."""
        self.reads = len(compiled.inputs) > 3
        """Whether it can put out the states of tokens."""
        self.dimension = int(compiled.output(0).get_partial_shape()[1].get_length())
        self._jobs: queue.PriorityQueue[_Job] = queue.PriorityQueue()
        self._numbers = itertools.count()
        self._workers = [
            threading.Thread(
                target=self._work, args=(compiled.create_infer_request(),), name=f"encoder-{i}", daemon=True
            )
            for i in range(streams)
        ]
        for worker in self._workers:
            worker.start()

    def submit(
        self, texts: list[Ids], priority: int, segments: list[Ids] | None = None, *, read: bool = False
    ) -> Future[Computed]:
        """Compute one batch of token ids; what the future holds stands in the order of ``texts``.

        ``segments`` (see ``sentences.segments_of``) asks for sentences, ``read`` for the states of tokens; a
        graph that cannot compute them gives none.
        """
        result: Future[Computed] = Future()
        self._jobs.put(_Job(priority, next(self._numbers), texts, segments, read, result))
        return result

    def close(self) -> None:
        """Finish what is queued and end the threads."""
        for _ in self._workers:
            self._jobs.put(_Job(_STOP, next(self._numbers), [], None, False, Future()))
        for worker in self._workers:
            worker.join()

    def _work(self, request: ov.InferRequest) -> None:
        while (job := self._jobs.get()).priority != _STOP:
            if not job.result.set_running_or_notify_cancel():
                continue
            try:
                segments = job.segments if self.local else None
                _start(request, job.texts, segments, job.read)
                job.result.set_result(_computed(request, job.texts, segments, job.read and self.reads))
            except Exception as error:
                job.result.set_exception(error)


def _start(request: ov.InferRequest, texts: list[Ids], segments: list[Ids] | None, read: bool) -> None:
    """Run the graph on a batch, with as many of its inputs as it has."""
    width = padded(max(map(len, texts)))
    ids = np.zeros((len(texts), width), np.int32)
    mask = np.zeros((len(texts), width), np.int32)
    marks = np.zeros((0 if segments is None else len(texts), width), np.int32)
    for row, text in enumerate(texts):
        ids[row, : len(text)] = text
        mask[row, : len(text)] = 1
    for row, text in enumerate(segments or ()):
        marks[row, : len(text)] = text
    inputs = (ids, mask, marks, np.zeros(len(texts) if read else 0, np.int32))
    request.infer(dict(enumerate(inputs[: len(request.model_inputs)])), share_inputs=True)


def _computed(request: ov.InferRequest, texts: list[Ids], segments: list[Ids] | None, read: bool) -> Computed:
    vectors: NDArray[np.float32] = request.get_output_tensor(0).data.astype(np.float32, copy=True)
    sentences: tuple[NDArray[np.float32], ...] = ()
    states: tuple[TokenStates, ...] = ()
    if segments is not None:
        tokens = request.get_output_tensor(1).data
        sentences = tuple(means(tokens[row], text) for row, text in enumerate(segments))
    if read:
        layers = [request.get_output_tensor(2 + place).data for place in range(len(STATE_LAYERS))]
        states = tuple(_states(text, layers, row, vectors[row]) for row, text in enumerate(texts))
    return Computed(vectors, sentences, states)


def _states(
    text: Ids, layers: list[NDArray[np.float32]], row: int, vector: NDArray[np.float32]
) -> TokenStates:
    inner = slice(1, len(text) - 1)  # a BERT frames a text with one special token on either side
    return TokenStates(
        np.array(text[inner], np.int64),
        np.stack([layer[row, inner] for layer in layers]).astype(np.float32),
        vector,
    )


def _properties(
    core: ov.Core, config: EncoderConfig, threads: int, streams: int, precision: Precision
) -> dict[str, object]:
    has_bf16 = "BF16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    properties: dict[str, object] = {
        "INFERENCE_NUM_THREADS": threads,
        "NUM_STREAMS": streams,
        "INFERENCE_PRECISION_HINT": "bf16" if has_bf16 and precision != "f32" else "f32",
        # Pinned threads of several processes would meet on the same cores while others idle.
        "ENABLE_CPU_PINNING": False,
        # Kernels are kept for each shape of a batch, of which there are many: by itself up to 5,000 of them.
        "CPU_RUNTIME_CACHE_CAPACITY": _KEPT_KERNELS,
    }
    if precision in ("auto", "int8"):
        properties["DYNAMIC_QUANTIZATION_GROUP_SIZE"] = _activation_group(config.hidden_size)
    return properties


def _activation_group(hidden_size: int) -> int:
    """The largest group that divides the model's width, as the kernels ask."""
    return next(size for size in range(_ACTIVATION_GROUP, 0, -1) if hidden_size % size == 0)
