#!/bin/bash
# Sends a file of transactions to the suite as five services with eight lanes on real Kafka and Redis, killing services with SIGKILL on the way. Then replays the topics from an empty state, every
# decision reading the other lanes where it read them when it was taken (the positions stand in its record), and compares every verdict and every feature byte for byte.
#   examples/handbook/eight-lanes-equal-replay.sh FILE [KILLS]
# LANES (8) and BETWEEN (seconds between two kills, 4) may be set. The servers are those of `node tools/servers/servers.cjs up kafka redis`.
set -euo pipefail
cd "$(dirname "$0")/../.."
file=$1; kills=${2:-5}; lanes=${LANES:-8}
source examples/handbook/services-with-kills.bash
start_services "kafka redis" 18738 --lanes "$lanes"
ingest_with_kills "$file" "$kills" scoring feature-store ingest cep gateway
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
