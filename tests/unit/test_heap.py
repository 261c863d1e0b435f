"""What large blocks leave behind is given back, whatever was put between them."""

import platform
import subprocess
import sys

import pytest

SCRIPT = """
import ctypes, sys
from pathlib import Path
from muniment.cli.heap import keep_heap_small

if "kept" not in sys.argv:
    keep_heap_small()
c = ctypes.CDLL(None)
c.malloc.restype, c.malloc.argtypes, c.free.argtypes = ctypes.c_void_p, [ctypes.c_size_t], [ctypes.c_void_p]

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

def block(size):
    at = c.malloc(size)
    ctypes.memset(at, 1, size)
    return at

c.free(block(16_000_000))  # the hint
before = resident()
large = []
for _ in range(100):
    large.append(block(1_000_000))
    block(1_000)
for one in large:
    c.free(one)
print(resident() - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc's heap is arranged")
def test_large_blocks_go_back_to_the_system_though_small_ones_lie_between() -> None:
    def left(*arguments: str) -> int:
        program = [sys.executable, "-c", SCRIPT, *arguments]
        return int(subprocess.run(program, capture_output=True, text=True, check=True).stdout)

    assert left("kept") > 50_000_000
    assert left() < 5_000_000
