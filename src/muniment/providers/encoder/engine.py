"""Runs an encoder's graph on the CPU: one thread a batch, what is urgent first."""

import itertools
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

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

_STOP = 2  # behind all priorities
_MAX_STREAMS = 16
# Activations share one scale over up to this many channels. Measured (design/003): 384 is 6% faster, but
# the outliers of the first and last token then take very short texts below a cosine of 0.99.
_ACTIVATION_GROUP = 128


@dataclass(order=True)
class _Job:
    priority: int
    number: int
    texts: list[Ids] = field(compare=False)
    result: Future[Any] = field(compare=False)
    infer: Callable[[ov.InferRequest, list[Ids]], object] = field(compare=False)


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

    def submit(self, texts: list[Ids], priority: int) -> Future[NDArray[np.float32]]:
        """Compute one batch of token ids; the future's vectors stand in the order of ``texts``."""
        result: Future[NDArray[np.float32]] = Future()
        self._jobs.put(_Job(priority, next(self._numbers), texts, result, _infer))
        return result

    def submit_reading(self, texts: list[Ids], priority: int) -> Future[list[TokenStates]]:
        """As ``submit``, with the states of the tokens; only for graphs that put them out."""
        result: Future[list[TokenStates]] = Future()
        self._jobs.put(_Job(priority, next(self._numbers), texts, result, _infer_states))
        return result

    def close(self) -> None:
        """Finish what is queued and end the threads."""
        for _ in self._workers:
            self._jobs.put(_Job(_STOP, next(self._numbers), [], Future(), _infer))
        for worker in self._workers:
            worker.join()

    def _work(self, request: ov.InferRequest) -> None:
        while (job := self._jobs.get()).priority != _STOP:
            if not job.result.set_running_or_notify_cancel():
                continue
            try:
                job.result.set_result(job.infer(request, job.texts))
            except Exception as error:
                job.result.set_exception(error)


def _infer(request: ov.InferRequest, texts: list[Ids]) -> NDArray[np.float32]:
    _compute(request, texts)
    vectors: NDArray[np.float32] = request.get_output_tensor(0).data.astype(np.float32, copy=True)
    return vectors


def _infer_states(request: ov.InferRequest, texts: list[Ids]) -> list[TokenStates]:
    vectors = _infer(request, texts)
    layers = [request.get_output_tensor(1 + place).data for place in range(len(STATE_LAYERS))]
    return [
        TokenStates(
            np.array(text[1:-1], np.int64),
            np.stack([layer[row, 1 : len(text) - 1] for layer in layers]).astype(np.float32),
            vectors[row],
        )
        for row, text in enumerate(texts)
    ]


def _compute(request: ov.InferRequest, texts: list[Ids]) -> None:
    width = padded(max(map(len, texts)))
    ids = np.zeros((len(texts), width), np.int32)
    mask = np.zeros((len(texts), width), np.int32)
    for row, text in enumerate(texts):
        ids[row, : len(text)] = text
        mask[row, : len(text)] = 1
    request.infer({0: ids, 1: mask}, share_inputs=True)


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
    }
    if precision in ("auto", "int8"):
        properties["DYNAMIC_QUANTIZATION_GROUP_SIZE"] = _activation_group(config.hidden_size)
    return properties


def _activation_group(hidden_size: int) -> int:
    """The largest group that divides the model's width, as the kernels ask."""
    return next(size for size in range(_ACTIVATION_GROUP, 0, -1) if hidden_size % size == 0)
