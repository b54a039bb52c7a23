#!/bin/bash
# One set of definitions, one file of transactions, counted in five ways that have to give the same counts: live in a suite that is killed with
# SIGKILL on the way, in shadow beside it, in a back-test over that suite's log (of the set against itself, with every stored decision compared
# byte for byte), and in a back-test over the log of another suite that had a different set in force when the same transactions came.
#   examples/handbook/live-equals-backtest.sh FILE [KILLS]
set -Eeuo pipefail
cd "$(dirname "$0")/../.."
file=$1; kills=${2:-3}
definitions=${DEFINITIONS:-examples/handbook/definitions.yaml}
work=$(mktemp -d); export WEIR_API_KEY=${WEIR_API_KEY:-weir_$(head -c 24 /dev/urandom | base64 | tr -d '/+=')}
export WEIR_TOKEN_KEY=${WEIR_TOKEN_KEY:-$(head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n')}
port=${PORT:-18743}; url=http://127.0.0.1:$port; suite=
# Nothing ends here without saying why: what failed, and the last words of whatever ran.
failed() { echo "line $2 ended with $1: $3" >&2; for said in "$work"/*.err; do [ ! -s "$said" ] || { echo "--- ${said##*/}" >&2; tail -n 15 "$said" >&2; }; done; }
trap 'failed $? $LINENO "$BASH_COMMAND"' ERR
trap '[ -z "$suite" ] || kill -9 "$suite" 2>/dev/null || true; rm -rf "$work"' EXIT
# Nothing else runs here that a back-test would have to stand behind.
export WEIR_BACKTEST_NICENESS=${WEIR_BACKTEST_NICENESS:-0}

start() { # DATA DEFINITIONS
  : >"$work/up.out" # emptied here: the suite of before was ready, too
  ./weir up --data "$1" --port "$port" --definitions "$2" --json >"$work/up.out" 2>>"$work/up.err" & suite=$!
  for _ in $(seq 6000); do grep -q ready "$work/up.out" && return; kill -0 "$suite" 2>/dev/null || { echo "the suite ended before it was ready" >&2; suite=; return 1; }; sleep 0.1; done
  echo "the suite did not become ready in ten minutes" >&2; return 1
}
stop() { kill -TERM "$suite"; wait "$suite" || true; suite=; }

node examples/handbook/with-shadows.mjs "$definitions" >"$work/beside.yaml"
# The other suite: no pattern and hardly a rule, so that neither what fires nor what is listed is the same.
awk 'BEGIN { RS = "---\n"; ORS = "---\n" } !/\nkind: (Rule|Pattern)\n/ && !/^kind: (Rule|Pattern)\n/' "$definitions" >"$work/other.yaml"
printf 'kind: Rule\nname: large\nwhen: tx.amount > 30000\nweight: 0.1\n' >>"$work/other.yaml"

start "$work/data" "$work/beside.yaml"
send() { for _ in $(seq 100); do ./weir ingest "$file" --url "$url" >"$work/ingest.out" 2>>"$work/ingest.err" && return; sleep 1; done; return 1; }
send & sender=$!
for n in $(seq "$kills"); do
  sleep "${BETWEEN:-5}"
  kill -0 "$sender" 2>/dev/null || { echo "the file was through before kill $n"; break; }
  kill -9 "$suite"; wait "$suite" 2>/dev/null || true
  echo "killed $n"
  start "$work/data" "$work/beside.yaml"
done
wait "$sender"
cat "$work/ingest.out"
./weir decisions --url "$url" --out "$work/live.jsonl"
./weir backtest --definitions "$work/beside.yaml" --url "$url" --examples 0 --json >"$work/same.json"
stop

start "$work/other" "$work/other.yaml"
./weir ingest "$file" --url "$url" >/dev/null 2>"$work/ingest.err"
./weir backtest --definitions "$work/beside.yaml" --url "$url" --examples 0 --json >"$work/changed.json"
stop

node examples/handbook/compare-counts.mjs "$work/live.jsonl" "back-test=$work/same.json:before" "against itself=$work/same.json:after" "from another=$work/changed.json:after"
