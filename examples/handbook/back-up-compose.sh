#!/bin/bash
# Takes a back-up of the five services of docker-compose.yml while callers go on, and makes another deployment of it, with empty volumes: the same decisions, byte for byte.
#   examples/handbook/back-up-compose.sh back-up PROJECT FOLDER     the running project's PostgreSQL, keys and models, and topics
#   examples/handbook/back-up-compose.sh restore PROJECT FOLDER     into a project that has no volumes yet; then `docker compose -p PROJECT up -d --wait`
# Topics are copied of a stopped broker: for these seconds callers get 503, and nothing that was accepted is lost. With a cluster copy a disk snapshot, or mirror it.
set -euo pipefail
cd "$(dirname "$0")/../.."
what=$1 project=$2 folder=$(mkdir -p "$3" && realpath "$3")
compose() { docker compose -p "$project" "$@"; }
image=${WEIR_IMAGE:-weir:local}
# A volume's files, packed or unpacked by a container that has nothing else.
pack() { docker run --rm --network none --user 0 --entrypoint tar -v "${project}_$1:/from:ro" "$image" -C /from -czf - "${@:2}"; }
unpack() { docker run --rm -i --network none --user 0 --entrypoint tar -v "${project}_$1:/to" "$image" -C /to --same-owner --numeric-owner -xzf -; }

case $what in
back-up)
  # PostgreSQL before the topics: what it lacks of sets is completed from the lanes; a case must not be of a decision that is not in the topics.
  compose exec -T postgres pg_dump -U weir -d weir >"$folder/postgres.sql"
  pack data --exclude='./gateway-*' . >"$folder/data.tgz"
  compose stop kafka
  pack kafka . >"$folder/kafka.tgz" || { compose start kafka; exit 1; }
  compose start kafka
  (cd "$folder" && sha256sum postgres.sql data.tgz kafka.tgz >SHA256SUMS && du -h postgres.sql data.tgz kafka.tgz) ;;
restore)
  (cd "$folder" && sha256sum -c --quiet SHA256SUMS)
  [ -z "$(docker volume ls -q --filter "name=^${project}_(data|kafka|postgres|redis)$")" ] || { echo "$project has volumes already"; exit 2; }
  compose create kafka postgres gateway >/dev/null
  unpack data <"$folder/data.tgz"
  unpack kafka <"$folder/kafka.tgz"
  compose up -d --wait postgres
  compose exec -T postgres psql -q -v ON_ERROR_STOP=1 -U weir -d weir <"$folder/postgres.sql" >/dev/null
  echo "restored; docker compose -p $project up -d --wait" ;;
*) echo "back-up or restore"; exit 2 ;;
esac
