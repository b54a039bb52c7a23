#!/bin/bash
# Sends a file of transactions to a running suite, killing the suite with SIGKILL a few times on the way, and compares every verdict with
# those of an offline run over the same file, byte for byte without the id.
#   examples/handbook/live-equals-offline.sh FILE [KILLS] [LANES-OPTIONS…]
set -euo pipefail
cd "$(dirname "$0")/../.."
file=$1; kills=${2:-5}; shift; shift || true
definitions=${DEFINITIONS:-examples/handbook/definitions.yaml}
work=$(mktemp -d); export WEIR_API_KEY=${WEIR_API_KEY:-weir_$(head -c 24 /dev/urandom | base64 | tr -d '/+=')}
export WEIR_TOKEN_KEY=${WEIR_TOKEN_KEY:-$(head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n')}
port=${PORT:-18733}; url=http://127.0.0.1:$port
trap 'kill -9 "$suite" 2>/dev/null || true; rm -rf "$work"' EXIT

start() {
  ./weir up --data "$work/data" --port "$port" --definitions "$definitions" --json "$@" >"$work/up.out" 2>>"$work/up.err" & suite=$!
  for _ in $(seq 600); do grep -q ready "$work/up.out" 2>/dev/null && return; kill -0 "$suite" 2>/dev/null || { cat "$work/up.err"; exit 1; }; sleep 0.1; done
  echo "the suite did not become ready"; exit 1
}

start "$@"
./weir ingest "$file" --url "$url" >"$work/ingest.out" 2>"$work/ingest.err" & sender=$!
for n in $(seq "$kills"); do
  sleep "${BETWEEN:-4}"
  kill -0 "$sender" 2>/dev/null || { echo "the file was through before kill $n"; break; }
  kill -9 "$suite"; wait "$suite" 2>/dev/null || true
  echo "killed $n"
  start "$@"
done
wait "$sender" || { tail -3 "$work/ingest.err"; ./weir ingest "$file" --url "$url" | tee "$work/ingest.out"; }
cat "$work/ingest.out"
./weir decisions --url "$url" --out "$work/live.jsonl"
./weir decide --definitions "$definitions" --events "$file" --out "$work/offline.jsonl"
strip() { sed -E 's/"id":"d-[0-9]+-[0-9]+",?//' "$1"; }
if cmp <(strip "$work/live.jsonl") <(strip "$work/offline.jsonl"); then echo "same: $(wc -l <"$work/live.jsonl") verdicts, sha256 $(strip "$work/offline.jsonl" | sha256sum | cut -c1-16)"; else
  echo "different"; diff <(strip "$work/live.jsonl" | head -200000) <(strip "$work/offline.jsonl" | head -200000) | head -4 | cut -c1-600; exit 1
fi
