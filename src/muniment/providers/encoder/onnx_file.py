"""Reads encoders exported to ONNX and gives them the same inputs and output as our own graphs."""

import openvino as ov
from openvino import opset15 as ops

from muniment.errors import InputError, StorageError
from muniment.providers.encoder.graph import pooled, unit_length
from muniment.providers.encoder.model_config import EncoderConfig

_TOKEN_OUTPUTS = ("last_hidden_state", "token_embeddings")


def read_onnx(core: ov.Core, config: EncoderConfig) -> ov.Model:
    """The graph from int32 ids and mask to unit vectors; pooling is added when the export has none.

    Raises:
        StorageError: code ``weights_damaged``, when the file is no ONNX.
        InputError: code ``model_unsupported``, when inputs or outputs are not an encoder's.
    """
    try:
        model = core.read_model(config.weights)
    except RuntimeError as error:
        raise StorageError(
            f"{config.weights} cannot be read as ONNX: {str(error).strip().splitlines()[-1]}",
            code="weights_damaged",
            hint="Export or copy the model anew.",
        ) from error
    ids = ops.parameter([-1, -1], ov.Type.i32, name="input_ids")
    mask = ops.parameter([-1, -1], ov.Type.i32, name="attention_mask")
    for parameter in model.get_parameters():
        _connect(parameter, ids, mask, config)
    output = _chosen_output(model)
    rank = output.get_partial_shape().rank.get_length()
    vectors = unit_length(output) if rank == 2 else pooled(output, mask.output(0), config.pooling)
    return ov.Model([ops.result(vectors)], [ids, mask], "encoder")


def _connect(parameter: ov.Node, ids: ov.Node, mask: ov.Node, config: EncoderConfig) -> None:
    name = parameter.output(0).get_any_name()
    kind = parameter.get_element_type()
    match name:
        case "input_ids":
            source = ops.convert(ids, kind)
        case "attention_mask":
            source = ops.convert(mask, kind)
        case "token_type_ids":
            source = ops.convert(ops.subtract(mask, mask), kind)
        case _:
            raise InputError(
                f"{config.weights} wants an input {name!r}.",
                code="model_unsupported",
                hint="Supported inputs: input_ids, attention_mask, token_type_ids.",
            )
    for target in parameter.output(0).get_target_inputs():
        target.replace_source_output(source.output(0))


def _chosen_output(model: ov.Model) -> ov.Output:
    """The token vectors by name, else the first output."""
    for result in model.outputs:
        if result.get_names() & set(_TOKEN_OUTPUTS):
            return result.get_node().input_value(0)
    return model.outputs[0].get_node().input_value(0)
