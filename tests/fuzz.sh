#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Breaks when an input that once was found to matter (tests/fuzz/corpus/TARGET) crashes a decoder
# again. A build with --enable-fuzzing also looks for new ones, FUZZ_SECONDS for each target, and
# keeps what it finds in fuzz-found/ of the build directory. In: $FUZZERS, $SRCDIR. Out: TAP.
set -u
srcdir=${SRCDIR:-.}
builddir=$(pwd)
seconds=${FUZZ_SECONDS:-0}
work=$(mktemp -d) || exit 77
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

count=0
failed=0
# run TEXT COMMAND...: one TAP line; the end of the output if it failed.
run()
{
	text=$1
	shift
	count=$((count + 1))
	if "$@" >"$work/out" 2>&1; then
		echo "ok $count - $text"
		sed -n 's/^stat::number_of_executed_units: */# inputs tried: /p' "$work/out"
	else
		echo "not ok $count - $text (exit status $?)"
		# Less what libFuzzer says of its progress.
		grep -v '^#[0-9]' "$work/out" | tail -n 40 | sed 's/^/# /'
		failed=1
	fi
}

for fuzzer in ${FUZZERS:-}; do
	target=$(basename "$fuzzer")
	corpus=$srcdir/tests/fuzz/corpus/${target#fuzz_}
	files=$(find "$corpus" -type f 2>/dev/null | wc -l)
	if [ "$files" -eq 0 ]; then
		count=$((count + 1))
		echo "not ok $count - $target has no corpus: $corpus is empty"
		failed=1
		continue
	fi
	find "$corpus" -type f -print0 >"$work/list"
	run "$target stands $files inputs" xargs -0 -a "$work/list" "$fuzzer"
	if [ "$seconds" -gt 0 ]; then
		mkdir -p "$builddir/fuzz-found/$target" "$work/new"
		run "$target finds nothing in $seconds s" "$fuzzer" -max_total_time="$seconds" \
			-artifact_prefix="$builddir/fuzz-found/$target/" -print_final_stats=1 \
			"$work/new" "$corpus"
		rm -rf "$work/new"
	fi
done

if [ $count -eq 0 ]; then
	echo '1..0 # SKIP there are no fuzz targets'
else
	echo "1..$count"
fi
exit $failed
