#!/bin/bash
# Sends a file of transactions to the suite as five services on real Kafka, Redis and PostgreSQL, killing services with SIGKILL on the way, and compares every
# verdict with those of an offline run over the same file in one lane, byte for byte without the id (the offline run is the embedded suite's code; live-equals-offline.sh
# shows that the embedded suite gives the same).
#   examples/handbook/five-services-equal-offline.sh FILE [KILLS]
# The servers are those of `node tools/servers/servers.cjs up kafka redis postgres`.
set -euo pipefail
cd "$(dirname "$0")/../.."
file=$1; kills=${2:-10}
source examples/handbook/services-with-kills.bash
start_services "kafka redis postgres" 18734
ingest_with_kills "$file" "$kills" ingest feature-store cep scoring gateway
./weir decisions --url "$url" --out "$work/live.jsonl"
./weir decide --definitions "$definitions" --events "$file" --out "$work/offline.jsonl"
strip() { sed -E 's/"id":"d-[0-9]+-[0-9]+",?//' "$1"; }
if cmp <(strip "$work/live.jsonl") <(strip "$work/offline.jsonl"); then echo "same: $(wc -l <"$work/live.jsonl") verdicts, sha256 $(strip "$work/offline.jsonl" | sha256sum | cut -c1-16)"; else
  echo "different: $(wc -l <"$work/live.jsonl") live, $(wc -l <"$work/offline.jsonl") offline"; diff <(strip "$work/live.jsonl" | head -200000) <(strip "$work/offline.jsonl" | head -200000) | head -4 | cut -c1-600; exit 1
fi
