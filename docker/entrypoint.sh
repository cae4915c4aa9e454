#!/bin/sh
# entrypoint.sh MAIN_CLASS CONFIG [CLUSTER_ID]
#
# With a cluster id, an empty data folder is formatted for KRaft first: a restarted container keeps
# what it has. The JVM replaces this shell and becomes process 1, so that signals reach it.
set -eu

main=$1
config=$2
cluster=${3:-}
libs='/opt/kafka/libs/*'

if [ -n "$cluster" ] && [ ! -f /data/meta.properties ]; then
    java -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -cp "$libs" \
        kafka.tools.StorageTool format -t "$cluster" -c "$config"
fi

# Split on purpose: the variable holds several flags.
# shellcheck disable=SC2086
exec java ${JAVA_FLAGS:-} -cp "$libs" "$main" "$config"
