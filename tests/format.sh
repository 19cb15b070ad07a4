#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Breaks when a source file leaves the house style that a machine can check: layout, size, the
# licence line first, no conditional compilation; or is in no list of Makefile.am. In: $SRCDIR. Out: TAP.
set -u
work=$(mktemp -d) || exit 77
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
cd "${SRCDIR:-.}" || exit 1
find src tests -name '*.[ch]' -print | LC_ALL=C sort >"$work/c"
[ -s "$work/c" ] || exit 1
# The version that the layout was made with; others differ in details.
style_version=14

echo 1..7
failed=0
# ok NUMBER TEXT: passes if $work/why, which names the offenders, is empty.
ok()
{
	if [ ! -s "$work/why" ]; then
		echo "ok $1 - $2"
	else
		echo "not ok $1 - $2"
		sed 's/^/# /' "$work/why"
		case $2 in
		*'# TODO'*) ;;
		*) failed=1 ;;
		esac
	fi
}

if command -v clang-format >/dev/null; then
	xargs clang-format --style=file --dry-run -Werror <"$work/c" 2>&1 |
		awk -F: '/error:/ { if (!n[$1]++) first[$1] = $2 }
			END { for (f in n) print f ":" first[f] ": the first of " n[f] }' |
		LC_ALL=C sort >"$work/why"
	version=$(clang-format --version | sed 's/^.*version \([0-9]*\).*$/\1/')
	text='laid out as .clang-format says'
	[ "$version" = $style_version ] || [ ! -s "$work/why" ] ||
		text="$text # TODO this is clang-format $version, not $style_version"
	ok 1 "$text"
else
	echo 'ok 1 - laid out as .clang-format says # SKIP clang-format is not here'
fi

xargs wc -l <"$work/c" | awk '$2 != "total" && $1 > 400' >"$work/why"
ok 2 'no file is longer than 400 lines'

xargs awk '
	FNR == 1 { start = 0 }
	/^{/ { start = FNR; head = before }
	/^}/ && start {
		if (FNR - start + 1 > 60)
			print FILENAME ":" start ": " FNR - start + 1 " lines: " head
		start = 0
	}
	{ before = $0 }' <"$work/c" >"$work/why"
ok 3 'no function is longer than 60 lines'

find src tests bootstrap configure.ac Makefile.am m4 .ci -type f \
	\( -name '*.[ch]' -o -name '*.py' -o -name '*.sh' -o -name '*.m4' -o -name '*.lua' \
	-o -name bootstrap -o -name configure.ac -o -name Makefile.am -o -path '.ci/*' \) -print |
	while read -r file; do
		head -n 2 "$file" | grep -q 'SPDX-License-Identifier: BSD-2-Clause' || echo "$file"
	done >"$work/why"
ok 4 'the licence line comes first'

grep '^src/' "$work/c" | xargs grep -nE '^[ 	]*#[ 	]*(if|ifdef|ifndef|elif|else)\>' /dev/null |
	grep -vE '\.h:[0-9]+:#ifndef SHAKEDOWN_[A-Z0-9_]+_H$' >"$work/why"
ok 5 'no conditional compilation in src'

xargs grep -nE '[ 	]+$' /dev/null <"$work/c" >"$work/why"
ok 6 'no blanks at the end of a line'

# A test program of one file is listed by its own name.
tr -s ' \t\\' '\n' <Makefile.am | LC_ALL=C sort -u >"$work/listed"
find src tests -type f \( -name '*.[ch]' -o -name '*.py' -o -name '*.sh' -o -name '*.lua' \) \
	! -path 'tests/bench/*' -print | while read -r file; do
	grep -qxF -e "$file" -e "${file%.c}" "$work/listed" || echo "$file"
done | LC_ALL=C sort >"$work/why"
ok 7 'every source and every test is in Makefile.am'

exit $failed
