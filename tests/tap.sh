#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Runs one test program for automake's TAP driver: `tap.sh PROGRAM [ARGUMENT...]`. Without it a test
# that hangs would hang `make check`, and one that cannot run here would count as an error:
#   - exit status 77 is "skipped", whether or not the program printed a plan that says so;
#   - "not ok N # SKIP name", as older cmockas write it, is a skip and no failure;
#   - "not ok" and an exit status that says the same are one failure, not two;
#   - a program that runs for longer than TEST_TIMEOUT seconds (default 600) is ended.

if ! command -v "$1" >/dev/null; then
	echo "1..0 # SKIP $1 is not here"
	exit 0
fi

{
	timeout -k 10 "${TEST_TIMEOUT:-600}" "$@" </dev/null
	printf '\n@exit-status %d\n' $?
} | awk '
	/^@exit-status [0-9]+$/ { status = $2; next }
	/^1\.\.[0-9]/ { planned = 1 }
	/^not ok [0-9]+ # SKIP / { n = $3; sub(/^[^#]*# SKIP /, ""); $0 = "ok " n " - " $0 " # SKIP" }
	/^not ok / && !/# *TODO/ { failed = 1 }
	$0 != "" { print; fflush() }
	END {
		if (status == 124)
			print "Bail out! it ran for longer than TEST_TIMEOUT"
		if (status == 77 && !planned)
			print "1..0 # SKIP it cannot run here (exit status 77)"
		exit status == 77 || (failed && status < 124) ? 0 : status
	}'
