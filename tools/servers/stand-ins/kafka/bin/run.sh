#!/bin/bash
# As the official image: KAFKA_A_B=v is a.b=v, `__` stands for `_` and `___` for `-`; storage is formatted once, with CLUSTER_ID.
set -euo pipefail
config=/etc/kafka/server.properties
: "${KAFKA_HEAP_OPTS:=-Xms192m -Xmx512m}" "${KAFKA_LOG_DIRS:=/var/lib/kafka/data}"
export KAFKA_LOG_DIRS
while IFS='=' read -r -d '' name value; do
  case $name in KAFKA_HEAP_OPTS|KAFKA_OPTS|KAFKA_LOG4J*|KAFKA_JVM*) continue ;; KAFKA_*) ;; *) continue ;; esac
  key=${name#KAFKA_}; key=${key,,}; key=${key//___/-}; key=${key//__/$'\x01'}; key=${key//_/.}; key=${key//$'\x01'/_}
  printf '%s=%s\n' "$key" "$value"
done < <(env -0) >$config
/opt/kafka/bin/kafka-run-class.sh kafka.tools.StorageTool format --ignore-formatted -t "${CLUSTER_ID:-5L6g3nShT-eMCtK--X86sw}" -c $config
exec java $KAFKA_HEAP_OPTS ${KAFKA_OPTS:-} -XX:+UseSerialGC -Dlog4j2.configurationFile=/opt/kafka/config/log4j2.yaml -cp '/opt/kafka/libs/*' kafka.Kafka $config
