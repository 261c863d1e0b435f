"""The server's imports are left out of garbage collection, and collection goes on afterwards."""

import subprocess
import sys

SCRIPT = """
import gc
from muniment.cli.imports import uncollected_imports
before = gc.get_freeze_count()
try:
    with uncollected_imports():
        assert not gc.isenabled()
        kept = [[] for _ in range(1000)]
        raise ImportError
except ImportError:
    pass
assert gc.isenabled()
assert gc.get_freeze_count() >= before + 1000
"""


def test_what_is_imported_stays_and_collection_goes_on_even_after_a_failure() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
