#!/usr/bin/env bash
# Collect in wheels/ what training needs and a bare torch environment lacks, for a machine without network.
#
#   bash training/wheels.sh [python version of that machine, default 3.12]
set -euo pipefail
cd "$(dirname "$0")/.."
platforms=()
for glibc in 2_34 2_28 2_27 2_24 2_17; do platforms+=(--platform "manylinux_${glibc}_x86_64"); done
for name in diffusers roma soundfile soxr importlib_metadata zipp; do
    .venv/bin/python -m pip download --quiet --no-deps --only-binary=:all: --python-version "${1:-3.12}" \
        --implementation cp "${platforms[@]}" --platform manylinux2014_x86_64 --dest wheels -c constraints.txt "$name"
done
