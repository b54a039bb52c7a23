#!/bin/bash
# Sends a file of transactions to the suite as five services with eight lanes on real Kafka and Redis, killing services with SIGKILL on the way. Then replays the topics from an empty state, every
# decision reading the other lanes where it read them when it was taken (the positions stand in its record), and compares every verdict and every feature byte for byte.
#   examples/handbook/eight-lanes-equal-replay.sh FILE [KILLS]
# LANES (8) and BETWEEN (seconds between two kills, 4) may be set. The servers are those of `node tools/servers/servers.cjs up kafka redis`.
set -euo pipefail
cd "$(dirname "$0")/../.."
file=$1; kills=${2:-5}; lanes=${LANES:-8}
definitions=${DEFINITIONS:-examples/handbook/definitions.yaml}
work=$(mktemp -d); export WEIR_API_KEY=${WEIR_API_KEY:-weir_$(head -c 24 /dev/urandom | base64 | tr -d '/+=')}
export WEIR_TOKEN_KEY=${WEIR_TOKEN_KEY:-$(head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n')}
export WEIR_PREFIX=lanes-$(head -c 4 /dev/urandom | od -An -tx1 | tr -d ' \n')
port=${PORT:-18738}; url=http://127.0.0.1:$port
servers=$(node tools/servers/servers.cjs up kafka redis 2>/dev/null)
of() { node -pe "JSON.parse(process.argv[1])['$1'].url" "$servers"; }
trap 'kill "$suite" 2>/dev/null && wait "$suite" || true; rm -rf "$work"' EXIT

./weir up --services --lanes "$lanes" --kafka "$(of kafka)" --redis "$(of redis)" --data "$work/data" --port "$port" --definitions "$definitions" --json >"$work/up.out" 2>"$work/up.err" & suite=$!
for _ in $(seq 1500); do grep -q ready "$work/up.out" 2>/dev/null && break; kill -0 "$suite" 2>/dev/null || { cat "$work/up.err"; exit 1; }; sleep 0.2; done
grep -q ready "$work/up.out" || { echo "the services were not ready in time"; exit 1; }

./weir ingest "$file" --url "$url" >"$work/ingest.out" 2>"$work/ingest.err" & sender=$!
names=(scoring feature-store ingest cep gateway)
for n in $(seq "$kills"); do
  sleep "${BETWEEN:-4}"
  kill -0 "$sender" 2>/dev/null || { echo "the file was through before kill $n"; break; }
  name=${names[$(((n - 1) % 5))]}
  victim=$(pgrep -P "$suite" -f "service $name " | head -1) || continue
  kill -9 "$victim" 2>/dev/null && echo "killed $name"
done
wait "$sender" || { tail -3 "$work/ingest.err"; sleep 5; ./weir ingest "$file" --url "$url" >"$work/ingest.out"; }
cat "$work/ingest.out"
# Waits until everything in the lanes is decided.
./weir decisions --url "$url" --out "$work/live.jsonl"
decided=$(wc -l <"$work/live.jsonl"); sent=$(sed -E 's/.*"transaction_id":"([^"]*)".*/\1/' "$work/live.jsonl" | sort -u | wc -l)
others=$(grep -cv '"positions":null' "$work/live.jsonl" || true)
[ "$decided" = "$sent" ] || { echo "$decided decisions of $sent transactions"; exit 1; }
./weir verify --url "$url" --json >"$work/verify.out" || { head -c 2000 "$work/verify.out"; exit 1; }
node -e '
  const report = JSON.parse(require("node:fs").readFileSync(process.argv[1], "utf8").trim().split("\n").at(-1)), decided = Number(process.argv[2]);
  console.log(`${report.compared} of ${decided} decisions in ${process.argv[3]} lanes replayed by their positions (${process.argv[4]} read other lanes): ${report.same} the same byte for byte, ${report.different} different, ${report.degraded} degraded counted apart`);
  process.exit(report.different === 0 && report.not_stored === 0 && report.same + report.degraded === decided ? 0 : 1);
' "$work/verify.out" "$decided" "$lanes" "$others"
