#!/bin/bash
# How good a model over Weir's features is: trained on the earlier days of a file of transactions, measured on the later ones, with the days
# between left out whose labels would not have been there yet.
#   examples/model-quality/quality.sh                          60 simulated days from a seed, the example definitions
#   examples/model-quality/quality.sh FILE.csv[.gz]            a file with transaction_id, event_time, customer_id, terminal_id, amount, fraud
# Environment: PYTHON (with ../fraud-model/requirements.txt), OUT (folder for model and metrics, default a new one), SEED (20260101).
set -euo pipefail
cd "$(dirname "$0")/../.."
python=${PYTHON:-python3}; out=${OUT:-$(mktemp -d)}; mkdir -p "$out"
if [ $# -eq 0 ]; then
  events=$out/payments.csv; definitions=examples/definitions; service=fraud_v1; card=card_id; test_days=14
  ./weir simulate --days 60 --customers 2000 --terminals 1000 --seed "${SEED:-20260101}" --out "$events"
else
  events=$1; definitions=examples/model-quality/definitions.yaml; service=quality; card=customer_id; test_days=7
fi
# Labels stand among the transactions where they became known, so that features over labels know no more than they could.
"$python" examples/model-quality/with_labels.py --events "$events" --delay 7 --out "$out/lane.jsonl"
./weir train-set --service "$service" --definitions "$definitions" --events "$out/lane.jsonl" --labels "$events" --out "$out/training.parquet"
"$python" examples/fraud-model/train.py --set "$out/training.parquet" --events "$events" --card "$card" --test-days "$test_days" --delay 7 --out "$out" --name model --metrics "$out/metrics.json"
echo "model, background rows and metrics are in $out" >&2
