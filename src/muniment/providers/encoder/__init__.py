"""Embeds text with a BERT- or RoBERTa-family encoder on the CPU, from a local folder, without PyTorch."""

from muniment.protocols import Embedder, Provider, ProviderContext
from muniment.providers.encoder.options import EncoderOptions


async def _create(options: EncoderOptions, context: ProviderContext) -> Embedder:
    # Tokenizers are of use only to those who embed here.
    from muniment.providers.encoder.embedder import create_embedder

    return await create_embedder(options, context)


PROVIDER: Provider[Embedder] = Provider(name="encoder", options=EncoderOptions, create=_create)
