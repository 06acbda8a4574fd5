#!/usr/bin/env bash
# Train encoder and generator on a borrowed GPU machine that has torch but no network, in one call of about nine minutes.
#
#   bash training/gpu_session.sh [encoder minutes] [generator minutes] [generator options...]
#
# It needs runs/pairs (python -m motionbeat.pairs; about 61 MB with --songs 2) and wheels/ (training/wheels.sh). Models
# come back in $OUT as half-precision safetensors in pieces below 16 MiB; training/join.sh puts them into runs/. A second
# call on the same machine goes on where the first stopped.
set -euo pipefail
cd "$(dirname "$0")/.."
encoder_minutes=${1:-2}
generator_minutes=${2:-6}
shift $(($# < 2 ? $# : 2))

python3 -m pip install --quiet --no-index --no-deps --upgrade --target build/site wheels/*.whl
export PYTHONPATH=$PWD/build/site:$PWD

if [ "$encoder_minutes" != 0 ]; then
    python3 -m motionbeat.train --pairs runs/pairs --out runs/motionbeat --batch 24 --lr 8e-4 --steps 400 \
        --width 128 --heads 4 --phase-blocks 2 --plain-layers 1 \
        --minutes "$encoder_minutes" --save-every 100000 --resume
fi
python3 -m dancegen.train --pairs runs/pairs --encoder runs/motionbeat --out runs/dance --batch 256 --steps 60000 \
    --minutes "$generator_minutes" --save-every 100000 --resume "$@"

rm -rf runs/half
mkdir -p runs/half
cp -r runs/motionbeat runs/dance runs/half/
rm -rf runs/half/*/state
python3 - <<'PYTHON'
from pathlib import Path
from safetensors.torch import load_file, save_file
for path in Path("runs/half").rglob("*.safetensors"):
    save_file({name: t.half() if t.is_floating_point() else t for name, t in load_file(path).items()}, path)
PYTHON
tar cf - -C runs/half motionbeat dance | split -b 15M - "$OUT/models.tar."
