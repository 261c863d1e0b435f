"""The steps of the pipeline, each of which runs the program ``muniment``.

Their source is taken as it stands, into Kubeflow's components and Tekton's scripts. So a function here uses
nothing but its arguments and what it imports itself; arguments and results are texts and lists of texts.

A part of the work is ``PLAN:K/N``, shard K of N of the plan with that id, or ``staged:K/N`` of a new
generation.
"""


def check_setup(collection: str) -> None:
    """Try credentials, sources, stores, models and disk before the first document is read."""
    import subprocess

    subprocess.run(["muniment", "verify", collection, "--setup-only"], check=True)


def plan_parts(collection: str, shards: str) -> list[str]:
    """Plan, and keep the plan in the file store; the parts in which there is something to do."""
    import json
    import subprocess

    command = ["muniment", "plan", collection, "--share", "--shards", shards, "--json"]
    said = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    # 2 says that there is something to do; what went wrong prints no plan.
    if said.returncode not in (0, 2) or not said.stdout.strip():
        raise RuntimeError(f"muniment plan ended with {said.returncode}")
    [made] = json.loads(said.stdout)["plans"]
    if made["plan"]["generation"] is not None:
        return [f"staged:{part['shard']}" for part in made["shards"]]
    plan = made["plan"]["id"]
    parts = [f"{plan}:{part['shard']}" for part in made["shards"] if part["documents"]]
    # A loop over nothing is not run the same everywhere; one that does nothing is.
    return parts or [f"{plan}:0/1"]


def apply_part(collection: str, part: str) -> str:
    """Carry out one part; which it was."""
    import subprocess

    plan, _, shard = part.partition(":")
    what = ["--stage"] if plan == "staged" else ["--plan", plan]
    done = subprocess.run(["muniment", "apply", collection, *what, "--shard", shard], check=False)
    # 3 says that some documents failed: each alone, with its reason in the catalog.
    if done.returncode not in (0, 3):
        raise RuntimeError(f"muniment apply --shard {shard} ended with {done.returncode}")
    return part


def check_result(collection: str, parts: list[str], questions: list[str]) -> str:
    """Compare counts, search samples, and ask what must find something; ``staged`` or ``live``."""
    import subprocess

    target = "staged" if parts[0].startswith("staged:") else "live"
    command = ["muniment", "verify", collection, *(["--staged"] if target == "staged" else [])]
    for question in questions:
        command += ["--question", question]
    subprocess.run(command, check=True)
    return target


def promote_staged(collection: str) -> None:
    """Make the generation that was built the live one."""
    import subprocess

    subprocess.run(["muniment", "promote", collection], check=True)
