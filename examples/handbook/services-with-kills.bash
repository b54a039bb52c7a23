# Sourced: the suite as five services on real servers, and a file sent to it while services are killed with SIGKILL.
# DEFINITIONS, PORT, BETWEEN (seconds between two kills, 4), WEIR_API_KEY and WEIR_TOKEN_KEY may be set. What it makes lies in "$work" and goes at the end, with the suite.
definitions=${DEFINITIONS:-examples/handbook/definitions.yaml}
work=$(mktemp -d); export WEIR_API_KEY=${WEIR_API_KEY:-weir_$(head -c 24 /dev/urandom | base64 | tr -d '/+=')}
export WEIR_TOKEN_KEY=${WEIR_TOKEN_KEY:-$(head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n')}
WEIR_PREFIX=$(basename "$0" .sh)-$(head -c 4 /dev/urandom | od -An -tx1 | tr -d ' \n'); export WEIR_PREFIX
suite=
trap '[ -z "$suite" ] || { kill "$suite" 2>/dev/null && wait "$suite"; } || true; rm -rf "$work"' EXIT

# start_services SERVERS PORT OPTIONS…: the servers of `node tools/servers/servers.cjs up SERVERS`, of which the suite uses all; resolves once it is ready.
start_services() {
  local port=${PORT:-$2} found server address options=()
  url=http://127.0.0.1:$port
  # shellcheck disable=SC2086
  found=$(node tools/servers/servers.cjs up $1 2>/dev/null)
  for server in $1; do
    address=$(node -pe "JSON.parse(process.argv[1])['$server'].url" "$found")
    # A database of its own, for what a registry has had before gives definitions other versions.
    [ "$server" != postgres ] || address=$(node -e '
      const { Client } = require("pg"), [url, name] = process.argv.slice(1), client = new Client({ connectionString: url }), own = new URL(url);
      own.pathname = `/${name}`;
      client.connect().then(() => client.query(`create database "${name}"`)).then(() => client.end()).then(() => console.log(own.href));
    ' "$address" "$WEIR_PREFIX")
    options+=("--$server" "$address")
  done
  ./weir up --services "${options[@]}" --data "$work/data" --port "$port" --definitions "$definitions" --json "${@:3}" >"$work/up.out" 2>"$work/up.err" & suite=$!
  for _ in $(seq 1500); do
    grep -q ready "$work/up.out" 2>/dev/null && return
    kill -0 "$suite" 2>/dev/null || { cat "$work/up.err"; exit 1; }
    sleep 0.2
  done
  echo "the services were not ready in time"; exit 1
}

# ingest_with_kills FILE KILLS NAME…: sends the file, killing the services of these names in turn; what was cut off is sent again.
ingest_with_kills() {
  local file=$1 kills=$2 names=("${@:3}") sender n name victim
  ./weir ingest "$file" --url "$url" >"$work/ingest.out" 2>"$work/ingest.err" & sender=$!
  for n in $(seq "$kills"); do
    sleep "${BETWEEN:-4}"
    kill -0 "$sender" 2>/dev/null || { echo "the file was through before kill $n"; break; }
    name=${names[$(((n - 1) % ${#names[@]}))]}
    victim=$(pgrep -P "$suite" -f "service $name " | head -1) || continue
    kill -9 "$victim" 2>/dev/null && echo "killed $name"
  done
  wait "$sender" || { tail -3 "$work/ingest.err"; sleep 5; ./weir ingest "$file" --url "$url" >"$work/ingest.out"; }
  cat "$work/ingest.out"
}
