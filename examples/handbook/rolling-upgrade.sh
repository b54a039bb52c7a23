#!/bin/bash
# Two of each service, every one of them replaced under load: no request fails, nothing is lost or decided twice.
#   examples/handbook/rolling-upgrade.sh [RATE] [--surge]     transactions a second (50); needs what the integration tests need (tools/servers/README.md)
set -euo pipefail
cd "$(dirname "$0")/../.."
NODE=$(node tools/prepare.cjs run)
servers=$("$NODE" tools/servers/servers.cjs up kafka redis postgres 2>/dev/null)
of() { node -pe "JSON.parse(process.argv[1])['$1'].url" "$servers"; }
"$NODE" examples/handbook/rolling-upgrade.mjs --kafka "$(of kafka)" --redis "$(of redis)" --postgres "$(of postgres)" --rate "${1:-50}" "${@:2}"
