#!/bin/sh
# Records the vectors anew with the Java client: needs Maven and a JDK 17.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
kafka=$(sed -n 's/^const KAFKA: &str = "\(.*\)";$/\1/p' "$root/xtask/src/codegen/mod.rs")
jars="$root/target/recorder/$kafka"
mvn --batch-mode --quiet -f "$here/pom.xml" -Dkafka.version="$kafka" \
    org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies \
    -DoutputDirectory="$jars"
java -cp "$jars/*" "$here/Recorder.java" "$root/tests/oracle/schema.txt" "$here/.."
java -cp "$jars/*" "$here/Assignors.java" "$here/.."
