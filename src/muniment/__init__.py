"""Muniment: question answering over private documents, with checked evidence."""

import sys

__version__ = "0.1.0"

# When it is imported, OpenVINO reports to Google Analytics and leaves an identifier in the home folder. It
# does without the package that does so when that cannot be imported.
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
