"""Halves or quarters a graph's weights: int8 for matrices, float16 for embedding tables."""

import numpy as np
import openvino as ov
from numpy.typing import NDArray
from openvino import opset15 as ops


def compress_weights(model: ov.Model) -> None:
    """Replace float32 weights in place.

    Matrices become int8 with one scale for each output channel (symmetric, round to nearest); OpenVINO
    then quantises activations as they come, or widens the weights where the CPU has no int8 dot product.
    """
    for operation in model.get_ops():
        kind = operation.get_type_name()
        if kind == "MatMul":
            weight = _float_table(operation.input(1))
            if weight is not None:
                axis = 1 if operation.get_attributes()["transpose_b"] else 0
                operation.input(1).replace_source_output(_int8(weight, axis).output(0))
        elif kind == "Gather":
            table = _float_table(operation.input(0))
            if table is not None:
                half = ops.convert(ops.constant(table.astype(np.float16)), "f32")
                operation.input(0).replace_source_output(half.output(0))
    model.validate_nodes_and_infer_types()


def _float_table(port: ov.Input) -> NDArray[np.float32] | None:
    node = port.get_source_output().get_node()
    if node.get_type_name() != "Constant" or node.get_element_type() != ov.Type.f32:
        return None
    table: NDArray[np.float32] = node.data
    return table if table.ndim == 2 else None


def _int8(weight: NDArray[np.float32], axis: int) -> ov.Node:
    scale = np.maximum(np.abs(weight).max(axis=axis, keepdims=True), 1e-12) / 127
    rounded = np.rint(weight / scale).astype(np.int8)
    return ops.multiply(ops.convert(ops.constant(rounded), "f32"), ops.constant(scale.astype(np.float32)))
