"""The steps of the pipeline, each of which runs the program ``muniment``.

Their source is taken as it stands, into Kubeflow's components and Tekton's scripts. So a function here uses
nothing but its arguments, ``NamedTuple`` and what it imports itself, and says in its signature what
Kubeflow must know.
"""

from typing import NamedTuple


def check_setup(collection: str) -> None:
    """Try credentials, sources, stores, models and disk before the first document is read."""
    import subprocess

    subprocess.run(["muniment", "verify", collection, "--setup-only"], check=True)


def plan_shards(
    collection: str,
    shards: int,
) -> NamedTuple("Plan", [("plan", str), ("shards", list[str]), ("target", str)]):  # type: ignore[valid-type]
    """Plan, and keep the plan in the file store; which parts there are, and where they go.

    The target is ``staged`` when a new generation is wanted, else ``live``.
    """
    import json
    import subprocess
    from collections import namedtuple

    command = ["muniment", "plan", collection, "--share", "--shards", str(int(shards)), "--json"]
    said = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    # 2 says that there is something to do; what went wrong prints no plan.
    if said.returncode not in (0, 2) or not said.stdout.strip():
        raise RuntimeError(f"muniment plan ended with {said.returncode}")
    [made] = json.loads(said.stdout)["plans"]
    staged = made["plan"]["generation"] is not None
    parts = [part["shard"] for part in made["shards"] if staged or part["documents"]]
    print(f"{made['plan']['id']}: shards {parts}")
    planned = namedtuple("planned", ["plan", "shards", "target"])
    # A loop over nothing is not run the same everywhere; one that does nothing is.
    return planned(made["plan"]["id"], parts or ["0/1"], "staged" if staged else "live")


def apply_shard(collection: str, plan: str, shard: str, target: str) -> str:
    """Carry out one part; the run in a line."""
    import subprocess

    what = ["--stage"] if target == "staged" else ["--plan", plan]
    command = ["muniment", "apply", collection, *what, "--shard", shard]
    said = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    print(said.stdout)
    # 3 says that some documents failed: each alone, with its reason in the catalog.
    if said.returncode not in (0, 3):
        raise RuntimeError(f"muniment apply --shard {shard} ended with {said.returncode}")
    return f"{shard}: {said.stdout.strip()}"


def check_result(collection: str, target: str, questions: list[str], shards: list[str]) -> None:
    """Compare counts, search samples, and ask what must find something."""
    import subprocess

    print("\n".join(shards))
    command = ["muniment", "verify", collection, *(["--staged"] if target == "staged" else [])]
    for question in questions:
        command += ["--question", question]
    subprocess.run(command, check=True)


def promote_staged(collection: str) -> None:
    """Make the generation that was built the live one."""
    import subprocess

    subprocess.run(["muniment", "promote", collection], check=True)
