"""Builds encoders as OpenVINO graphs straight from their weights.

Architectures: BERT (Devlin et al. 2018), RoBERTa and XLM-RoBERTa (Liu et al. 2019; positions start
behind the padding index), MPNet (Song et al. 2020; relative position bias shared by all layers).
"""

from typing import TypeAlias

import numpy as np
import openvino as ov
from numpy.typing import NDArray
from openvino import opset15 as ops

from muniment.providers.encoder.model_config import EncoderConfig
from muniment.providers.encoder.safetensors_file import SafetensorsFile
from muniment.providers.encoder.sentences import SEEN_BY_ALL

Node: TypeAlias = ov.Output
STATE_LAYERS = (0, 2, 4, 6)
"""The layers whose token states a small BERT puts out beside its vectors: its input, two early ones, in
which a token still says more of itself than of the whole text, and the last of a model of six layers."""
_WIDEST_STATES = 384  # larger models would put out more than is worth their memory
_MASKED = -30000.0  # far below any score, yet finite in every precision
_LOCAL_SHARE = 3  # one layer in so many sees segments only; measured in benchmarks/retrieval
_MPNET_MAX_DISTANCE = 128
_NAMES = {
    "mpnet": {
        "query": "attention.attn.q",
        "key": "attention.attn.k",
        "value": "attention.attn.v",
        "out": "attention.attn.o",
        "norm": "attention.LayerNorm",
    }
}
_BERT_NAMES = {
    "query": "attention.self.query",
    "key": "attention.self.key",
    "value": "attention.self.value",
    "out": "attention.output.dense",
    "norm": "attention.output.LayerNorm",
}


def build_encoder(config: EncoderConfig) -> ov.Model:
    """The graph from token ids and mask, both (batch, length), to unit vectors (batch, dimension).

    A third input, segments (rows, length), asks for a second output of the first ``rows`` texts: token
    vectors (rows, length, dimension) whose last layers let a token see its own segment only, and those
    marked with ``SEEN_BY_ALL``. What the layers below saw of the whole text stays in them, so that the mean
    over a sentence says what the sentence says there. With no rows it costs nothing.

    Where ``gives_states``, a fourth input, read (rows,), asks for the token states of ``STATE_LAYERS`` of the
    first ``rows`` texts, each (rows, length, dimension); its values say nothing.

    Raises:
        StorageError: code ``weights_damaged``, when a tensor is missing.
    """
    return _EncoderGraph(config, SafetensorsFile(config.weights)).build()


def gives_states(config: EncoderConfig) -> bool:
    """Whether the graph of a model puts out token states."""
    return (
        config.weights.suffix == ".safetensors"
        and config.model_type == "bert"
        and config.hidden_size <= _WIDEST_STATES
        and config.layers == max(STATE_LAYERS)
    )


def pooled(hidden: Node, mask: Node, pooling: str) -> Node:
    """Unit vectors (batch, dimension) from token vectors (batch, length, dimension)."""
    if pooling == "cls":
        vectors = ops.gather(hidden, np.int64(0), np.int64(1))
    else:
        weights = ops.unsqueeze(ops.convert(mask, "f32"), np.int64(2))
        total = ops.reduce_sum(ops.multiply(hidden, weights), np.array([1]))
        vectors = ops.divide(total, ops.reduce_sum(weights, np.array([1])))
    return unit_length(vectors)


def unit_length(vectors: Node) -> Node:
    """Rows of (batch, dimension) scaled to length 1."""
    return ops.normalize_l2(vectors, np.array([1]), 1e-12, "max").output(0)


class _EncoderGraph:
    def __init__(self, config: EncoderConfig, weights: SafetensorsFile) -> None:
        self._config = config
        self._weights = weights
        self._names = _NAMES.get(config.model_type, _BERT_NAMES)

    def build(self) -> ov.Model:
        ids = ops.parameter([-1, -1], ov.Type.i32, name="input_ids")
        mask = ops.parameter([-1, -1], ov.Type.i32, name="attention_mask")
        length = ops.gather(ops.shape_of(ids, output_type="i64"), np.array([1]), np.int64(0))
        segments = ops.parameter([-1, -1], ov.Type.i32, name="segments")
        hidden = self._embeddings(ids, length)
        bias = self._attention_bias(mask, length)
        split = self._config.layers - max(1, self._config.layers // _LOCAL_SHARE)
        states = [hidden]
        for layer in range(split):
            hidden = self._layer(hidden, bias, f"encoder.layer.{layer}.")
            states.append(hidden)
        local, local_bias = _first_rows(hidden, segments), _segment_bias(segments)
        if self._config.model_type == "mpnet":
            local_bias = ops.add(local_bias, self._position_bias(length)).output(0)
        for layer in range(split, self._config.layers):
            hidden = self._layer(hidden, bias, f"encoder.layer.{layer}.")
            local = self._layer(local, local_bias, f"encoder.layer.{layer}.")
            states.append(hidden)
        inputs, outputs = [ids, mask, segments], [pooled(hidden, mask, self._config.pooling), local]
        if gives_states(self._config):
            inputs.append(read := ops.parameter([-1], ov.Type.i32, name="read"))
            outputs += [_first_rows(states[layer], read) for layer in STATE_LAYERS]
        return ov.Model([ops.result(output) for output in outputs], inputs, "encoder")

    def _embeddings(self, ids: Node, length: Node) -> Node:
        words = ops.gather(self._constant("embeddings.word_embeddings.weight"), ids, np.int64(0))
        offset = self._config.position_offset
        table = self._weights.tensor("embeddings.position_embeddings.weight")[offset:]
        if self._config.model_type != "mpnet":
            # Passages are always of token type 0, so its row goes into the position table.
            table = table + self._weights.tensor("embeddings.token_type_embeddings.weight")[0]
        positions = ops.slice(ops.constant(table), np.array([0]), length, np.array([1]), np.array([0]))
        return self._norm(ops.add(words, ops.unsqueeze(positions, np.int64(0))), "embeddings.LayerNorm")

    def _attention_bias(self, mask: Node, length: Node) -> Node:
        """What is added to the scores, (batch, 1 or heads, 1 or length, length)."""
        hidden = ops.multiply(ops.subtract(ops.convert(mask, "f32"), np.float32(1)), np.float32(-_MASKED))
        bias = ops.unsqueeze(hidden, np.array([1, 2]))
        if self._config.model_type != "mpnet":
            return bias
        return ops.add(bias, self._position_bias(length))

    def _position_bias(self, length: Node) -> Node:
        table = ops.constant(self._relative_bias())
        stop = ops.concat([length, length], 0)
        return ops.slice(table, np.array([0, 0]), stop, np.array([1, 1]), np.array([2, 3])).output(0)

    def _relative_bias(self) -> NDArray[np.float32]:
        """MPNet's position bias, (1, heads, max_length, max_length)."""
        table = self._weights.tensor("encoder.relative_attention_bias.weight")
        steps = np.arange(self._config.max_length)
        buckets = _relative_buckets(steps[None, :] - steps[:, None], table.shape[0])
        return np.ascontiguousarray(table[buckets].transpose(2, 0, 1)[None])

    def _layer(self, hidden: Node, bias: Node, layer: str) -> Node:
        query, key, value = self._queries_keys_values(hidden, layer)
        scores = ops.add(ops.matmul(query, key, False, True), bias)
        attended = ops.matmul(ops.softmax(scores, 3), value, False, False)
        joined = ops.reshape(
            ops.transpose(attended, np.array([0, 2, 1, 3])), np.array([0, 0, self._config.hidden_size]), True
        )
        attention = self._dense(joined, layer + self._names["out"])
        hidden = self._norm(ops.add(attention, hidden), layer + self._names["norm"])
        inner = self._activation(self._dense(hidden, layer + "intermediate.dense"))
        outer = self._dense(inner, layer + "output.dense")
        return self._norm(ops.add(outer, hidden), layer + "output.LayerNorm")

    def _queries_keys_values(self, hidden: Node, layer: str) -> list[Node]:
        """The three projections as one product, each (batch, heads, length, head size).

        One product reads and quantises ``hidden`` once instead of three times; the scores' scale goes
        into the queries' weights, so that nothing the size of the scores is multiplied.
        """
        names = [layer + self._names[part] for part in ("query", "key", "value")]
        weights = [self._weights.tensor(name + ".weight") for name in names]
        biases = [self._weights.tensor(name + ".bias") for name in names]
        scale = np.float32((self._config.hidden_size // self._config.heads) ** -0.5)
        weight = np.concatenate([weights[0] * scale, *weights[1:]])
        bias = np.concatenate([biases[0] * scale, *biases[1:]]).reshape(1, 1, -1)
        joined = ops.add(ops.matmul(hidden, ops.constant(weight), False, True), ops.constant(bias))
        return [self._split_heads(part) for part in ops.split(joined, np.int64(2), 3).outputs()]

    def _split_heads(self, node: Node) -> Node:
        heads = self._config.heads
        shape = np.array([0, 0, heads, self._config.hidden_size // heads])
        return ops.transpose(ops.reshape(node, shape, True), np.array([0, 2, 1, 3]))

    def _dense(self, node: Node, name: str) -> Node:
        product = ops.matmul(node, self._constant(name + ".weight"), False, True)
        return ops.add(product, self._row(name + ".bias"))

    def _norm(self, node: Node, name: str) -> Node:
        normal = ops.mvn(node, np.array([2]), True, self._config.norm_epsilon, "inside_sqrt")
        return ops.add(ops.multiply(normal, self._row(name + ".weight")), self._row(name + ".bias"))

    def _activation(self, node: Node) -> Node:
        match self._config.activation:
            case "relu":
                return ops.relu(node)
            case "silu":
                return ops.swish(node)
            case "gelu":
                return ops.gelu(node, "erf")
        return ops.gelu(node, "tanh")

    def _constant(self, name: str) -> Node:
        return ops.constant(self._weights.tensor(name), shared_memory=True)

    def _row(self, name: str) -> Node:
        return ops.constant(self._weights.tensor(name).reshape(1, 1, -1))


def _first_rows(hidden: Node, wanted: Node) -> Node:
    """As many of the texts' vectors as there are rows in ``wanted``."""
    rows = ops.gather(ops.shape_of(wanted, output_type="i64"), np.array([0]), np.int64(0))
    return ops.slice(hidden, np.array([0]), rows, np.array([1]), np.array([0])).output(0)


def _segment_bias(segments: Node) -> Node:
    """What is added to the scores, (rows, 1, length, length), so that a token sees its own segment."""
    seen = ops.unsqueeze(segments, np.array([1, 2]))
    same = ops.equal(ops.unsqueeze(segments, np.array([1, 3])), seen)
    allowed = ops.convert(ops.logical_or(same, ops.equal(seen, np.int32(SEEN_BY_ALL))), "f32")
    return ops.multiply(ops.subtract(allowed, np.float32(1)), np.float32(-_MASKED)).output(0)


def _relative_buckets(distance: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """T5-style buckets of MPNet: half for each direction, exact when near, logarithmic when far."""
    half = count // 2
    far = np.abs(distance)
    exact = half // 2
    spread = np.log(np.maximum(far, 1) / exact) / np.log(_MPNET_MAX_DISTANCE / exact) * (half - exact)
    logarithmic = np.minimum(exact + spread.astype(np.int64), half - 1)
    return np.where(distance > 0, half, 0) + np.where(far < exact, far, logarithmic)
