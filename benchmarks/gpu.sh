#!/usr/bin/env bash
# The whole set of measurements on a machine with CUDA, in one command of under 8 minutes.
#
#   bash benchmarks/gpu.sh [FOLDER OF WHEELS]
#
# torch and lightning must be there. What else the program needs is installed from the folder of
# wheels, if one is given, beside the checkout; pytest is among it. Results are written to
# benchmarks/results/, and to $OUT if that is set. COMMIT names the commit of a copy without .git,
# WEIGHTS the file of VGG-16's filters for the sweep. The last lines are the tables.
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

echo "== tests that need a GPU" | tee -a "$log"
timeout 90 "$python" -m pytest -q -n 0 -p no:cacheprovider -m gpu tests/execution tests/test_module.py \
  2>&1 | tail -n 15 | tee -a "$log" || true

common=(--optimizers Adam --steps 300)
measure step_time 90 --suite step_time --sizes 512 1024 2048 --precisions bf16-mixed "${common[@]}"
measure step_time 40 --suite step_time_w2 --sizes 512 --losses w2 --precisions bf16-mixed \
  "${common[@]}"
measure step_time 50 --suite step_time_precisions --sizes 512 --precisions 32-true tf32 16-mixed \
  "${common[@]}"
measure step_time 50 --suite step_time_variants --sizes 512 --precisions bf16-mixed \
  --variants plain benchmark "${common[@]}"
measure step_time 25 --suite step_time_lbfgs --sizes 512 --precisions bf16-mixed \
  --optimizers LBFGS --steps 100
measure loop_overhead 60 --rounds 1
measure painting 40 --size 512 --precisions bf16-mixed

echo "== eight runs of painting.yaml in one sweep" | tee -a "$log"
runs=$(mktemp -d)
began=$SECONDS
timeout 90 "$python" -m stylelightning sweep --base configs/painting.yaml \
  --axes '{data.style: [configs/images/style.jpg, configs/images/mosaic.jpg], seed_everything: [1, 2, 3, 4]}' \
  --data.size 512 --trainer.precision bf16-mixed --root "$runs" \
  ${WEIGHTS:+--model.backbone.weights "$WEIGHTS"} 2>&1 | tail -n 3 | tee -a "$log" || true
echo "$((SECONDS - began)) s" | tee -a "$log"

[ -z "${OUT:-}" ] || cp benchmarks/results/*.json "$OUT/"
echo
grep -v '^/' "$log"
