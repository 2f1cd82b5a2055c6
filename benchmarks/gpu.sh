#!/usr/bin/env bash
# The whole set of measurements on a machine with CUDA, in one command of under 8 minutes.
#
#   bash benchmarks/gpu.sh [FOLDER OF WHEELS]
#
# torch and lightning must be there. What else the program needs is installed from the folder of
# wheels, if one is given, beside the checkout. Results are written to benchmarks/results/, and to
# $OUT if that is set. The last lines are the tables.
set -euo pipefail
cd "$(dirname "$0")/.."

python=$(command -v python3)
if [ $# -gt 0 ]; then
  "$python" -m pip install --quiet --no-index --no-deps --target .gpu-packages "$1"/*.whl
  export PYTHONPATH="$PWD/.gpu-packages${PYTHONPATH:+:$PYTHONPATH}"
fi
"$python" -c 'import torch; assert torch.cuda.is_available(), "There is no CUDA device."'
log=$(mktemp)

# NAME SECONDS ARGS...: what runs out of time leaves the rest to be measured
measure() {
  local name=$1 seconds=$2
  shift 2
  echo "== $name $*" | tee -a "$log"
  timeout "$seconds" "$python" -m "benchmarks.$name" --device cuda "$@" 2>/dev/null |
    tee -a "$log" || echo "$name $* did not end well" | tee -a "$log"
}

measure step_time 150 --suite step_time --sizes 512 1024 2048 --optimizers Adam \
  --precisions 32-true tf32 bf16-mixed 16-mixed
measure step_time 60 --suite step_time_lbfgs --sizes 512 1024 --optimizers LBFGS \
  --precisions bf16-mixed
measure step_time 150 --suite step_time_compiled --sizes 512 1024 2048 --optimizers Adam \
  --precisions bf16-mixed --variants compile graphs
measure loop_overhead 45
measure precision 60 quickstart gatys2016 crowson --size 256

[ -z "${OUT:-}" ] || cp benchmarks/results/*.json "$OUT/"
echo
grep -v '^/' "$log"
