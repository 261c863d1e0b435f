#!/usr/bin/env bash
# Pins each client with hashes, for every Python from the oldest that it runs on. Needs uv.
set -euo pipefail
cd "$(dirname "$0")"
pin() { # FILE OLDEST_PYTHON REQUIREMENT…
    printf '%s\n' "${@:3}" | uv pip compile --quiet --universal --python-version "$2" --generate-hashes \
        --no-header --no-emit-index-url --no-emit-find-links --no-annotate - --output-file "$1.txt"
}
# 0.2.12 imports two packages that it does not say it needs.
pin llama-stack-client-0.2.12 3.11 llama-stack-client==0.2.12 fire requests
pin llama-stack-client-0.2.22 3.12 llama-stack-client==0.2.22
pin llama-stack-client-0.3.5 3.12 llama-stack-client==0.3.5
pin llama-stack-client-0.7.5 3.12 llama-stack-client==0.7.5
pin ogx-client-1.5.0 3.12 ogx-client==1.5.0
pin openai-3.54.0 3.11 openai==3.54.0
# No client of ours, but an environment of its own as well: Kubeflow's SDK holds back what Docling is past.
pin kfp-2.17.0 3.11 kfp==2.17.0 kfp-kubernetes==2.17.0 pydantic-settings pyyaml rich typer
