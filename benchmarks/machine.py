"""One line about the machine a measurement ran on."""

import os
import platform
from pathlib import Path


def describe() -> str:
    """CPU, cores, load and system."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    models = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    model = models[0] if models else platform.processor()
    system = f"{platform.system()} {platform.release()}"
    return f"{model}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, {system}"


def installed_environment() -> dict[str, str]:
    """This environment for a server under test, which may keep its bytecode as an installed program does.

    Without that every start compiles its source anew, which is most of what a large server's start takes.
    """
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
