"""Benchmarks that clients register. None is run here."""

from typing import Any

from pydantic import Field

from muniment.api.context import ServicesOf, dialect_failures
from muniment.api.llama_stack.kept import Kept
from muniment.api.llama_stack.wire import Asked, Given, Nothing, Text
from muniment.api.routing import Router
from muniment.api.wire.base import Wire
from muniment.collections.services import Services

router = Router(tags=["llama stack"])


class BenchmarkRequest(Asked):
    """A benchmark to be."""

    benchmark_id: Text = Field(min_length=1)
    dataset_id: Text
    scoring_functions: tuple[Text, ...]
    metadata: Given | None = None
    provider_benchmark_id: Text | None = None
    provider_id: Text | None = None


class Benchmark(Wire):
    """A benchmark."""

    identifier: str
    provider_resource_id: str
    provider_id: str
    type: str = "benchmark"
    dataset_id: str
    scoring_functions: tuple[str, ...]
    metadata: dict[str, Any]


class BenchmarkList(Wire):
    """All benchmarks."""

    data: tuple[Benchmark, ...]


def benchmarks(services: Services) -> Kept:
    """All benchmarks by id."""
    return Kept(services.resources, "benchmark", code="unknown_benchmark")


async def register_benchmark(asked: BenchmarkRequest, services: ServicesOf) -> Nothing:
    """Kept and listed; running it answers 501."""
    benchmark = Benchmark(
        identifier=asked.benchmark_id,
        provider_resource_id=asked.provider_benchmark_id or asked.benchmark_id,
        provider_id=asked.provider_id or "muniment",
        dataset_id=asked.dataset_id,
        scoring_functions=asked.scoring_functions,
        metadata=asked.metadata or {},
    )
    await benchmarks(services).put(asked.benchmark_id, benchmark.model_dump(mode="json"))
    return Nothing()


async def list_benchmarks(services: ServicesOf) -> BenchmarkList:
    """Oldest first."""
    kept = await benchmarks(services).list()
    return BenchmarkList(data=tuple(Benchmark.model_validate(one) for one in kept))


async def get_benchmark(benchmark_id: str, services: ServicesOf) -> Benchmark:
    """By its id."""
    return Benchmark.model_validate(await benchmarks(services).get(benchmark_id))


async def unregister_benchmark(benchmark_id: str, services: ServicesOf) -> Nothing:
    """By its id."""
    await benchmarks(services).remove(benchmark_id)
    return Nothing()


ROUTES = (
    ("POST", "", register_benchmark, "Register a benchmark"),
    ("GET", "", list_benchmarks, "Every benchmark"),
    ("GET", "/{benchmark_id}", get_benchmark, "One benchmark"),
    ("DELETE", "/{benchmark_id}", unregister_benchmark, "Forget a benchmark"),
)

for level in ("v1", "v1alpha"):
    for method, place, endpoint, summary in ROUTES:
        router.add_api_route(
            f"/{level}/eval/benchmarks{place}",
            endpoint,
            methods=[method],
            summary=summary,
            operation_id=f"{level}_{endpoint.__name__}",
            responses=dialect_failures(400, 404),
        )
