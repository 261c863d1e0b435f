"""pymilvus works without pandas, and whoever wants pandas gets it."""

import subprocess
import sys

SCRIPT = """
import sys
from muniment.providers.milvus.connection import import_pymilvus
import_pymilvus()
import pyarrow
assert pyarrow.table({"words": [["a"], ["b", "c"]]}).to_pylist() == [{"words": ["a"]}, {"words": ["b", "c"]}]
assert "pandas" not in sys.modules, "pandas was imported"
from pymilvus import DataType
from pymilvus.orm.types import infer_dtype_bydata
assert infer_dtype_bydata("text") is DataType.VARCHAR
assert infer_dtype_bydata([0.5, 1.5]) is DataType.FLOAT_VECTOR
import pandas
assert list(pandas.DataFrame({"a": [1]}).columns) == ["a"]
"""


def test_pymilvus_is_imported_without_pandas_and_finds_it_when_it_needs_it() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_pandas_that_is_there_already_stays() -> None:
    script = "import pandas\n" + SCRIPT.replace(
        'assert "pandas" not in sys.modules, "pandas was imported"', ""
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
