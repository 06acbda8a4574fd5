#!/usr/bin/env bash
# Put the pieces that training/gpu_session.sh left back into runs/:  bash training/join.sh FOLDER_OF_PIECES
set -euo pipefail
mkdir -p "$(dirname "$0")/../runs"
cat "$1"/models.tar.* | tar xf - -C "$(dirname "$0")/../runs"
