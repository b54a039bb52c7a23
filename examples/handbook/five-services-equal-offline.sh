#!/bin/bash
# Sends a file of transactions to the suite as five services on real Kafka, Redis and PostgreSQL, killing services with SIGKILL on the way, and compares every
# verdict with those of an offline run over the same file in one lane, byte for byte without the id (the offline run is the embedded suite's code; live-equals-offline.sh
# shows that the embedded suite gives the same).
#   examples/handbook/five-services-equal-offline.sh FILE [KILLS]
# The servers are those of `node tools/servers/servers.cjs up kafka redis postgres`.
set -euo pipefail
cd "$(dirname "$0")/../.."
file=$1; kills=${2:-10}
definitions=${DEFINITIONS:-examples/handbook/definitions.yaml}
work=$(mktemp -d); export WEIR_API_KEY=${WEIR_API_KEY:-weir_$(head -c 24 /dev/urandom | base64 | tr -d '/+=')}
export WEIR_TOKEN_KEY=${WEIR_TOKEN_KEY:-$(head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n')}
export WEIR_PREFIX=parity-$(head -c 4 /dev/urandom | od -An -tx1 | tr -d ' \n')
port=${PORT:-18734}; url=http://127.0.0.1:$port
servers=$(node tools/servers/servers.cjs up kafka redis postgres 2>/dev/null)
of() { node -pe "JSON.parse(process.argv[1])['$1'].url" "$servers"; }
trap 'kill "$suite" 2>/dev/null && wait "$suite" || true; rm -rf "$work"' EXIT

./weir up --services --kafka "$(of kafka)" --redis "$(of redis)" --data "$work/data" --port "$port" --definitions "$definitions" --json >"$work/up.out" 2>"$work/up.err" & suite=$!
for _ in $(seq 600); do grep -q ready "$work/up.out" 2>/dev/null && break; kill -0 "$suite" 2>/dev/null || { cat "$work/up.err"; exit 1; }; sleep 0.2; done

./weir ingest "$file" --url "$url" >"$work/ingest.out" 2>"$work/ingest.err" & sender=$!
names=(ingest feature-store cep scoring gateway)
for n in $(seq "$kills"); do
  sleep "${BETWEEN:-4}"
  kill -0 "$sender" 2>/dev/null || { echo "the file was through before kill $n"; break; }
  name=${names[$(((n - 1) % 5))]}
  victim=$(pgrep -P "$suite" -f "service $name " | head -1) || continue
  kill -9 "$victim" 2>/dev/null && echo "killed $name"
done
wait "$sender" || { tail -3 "$work/ingest.err"; sleep 5; ./weir ingest "$file" --url "$url" >"$work/ingest.out"; }
cat "$work/ingest.out"
./weir decisions --url "$url" --out "$work/live.jsonl"
./weir decide --definitions "$definitions" --events "$file" --out "$work/offline.jsonl"
strip() { sed -E 's/"id":"d-[0-9]+-[0-9]+",?//' "$1"; }
if cmp <(strip "$work/live.jsonl") <(strip "$work/offline.jsonl"); then echo "same: $(wc -l <"$work/live.jsonl") verdicts, sha256 $(strip "$work/offline.jsonl" | sha256sum | cut -c1-16)"; else
  echo "different: $(wc -l <"$work/live.jsonl") live, $(wc -l <"$work/offline.jsonl") offline"; diff <(strip "$work/live.jsonl" | head -200000) <(strip "$work/offline.jsonl" | head -200000) | head -4 | cut -c1-600; exit 1
fi
