#!/bin/sh
# Starts NimbusPeer.java with the jar that NIMBUS_JAR names; exits with 3 where that or Java (17 or later) is missing.
[ -n "${NIMBUS_JAR:-}" ] && command -v java >/dev/null 2>&1 || exit 3
exec java -cp "$NIMBUS_JAR" "$(dirname "$0")/NimbusPeer.java"
