#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Breaks when a clock, an allocation, a socket or a print comes into the pure library (base, wire,
# tcp, probe), or when an #include points up: base < wire < tcp < probe < report, and the world
# (net) is seen by engine.c and cmd alone. In: $PURE_LIBRARY, $SRCDIR. Out: TAP.
set -u
srcdir=${SRCDIR:-.}
library=${PURE_LIBRARY:-src/libpure.a}
work=$(mktemp -d) || exit 77
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

# What the pure library may ask of the C library: functions of their arguments alone.
allowed='bcmp memchr memcmp memcpy memmove memset strchr strcmp strcpy strcspn strlen strncmp strnlen
	strrchr strspn strstr strcasecmp strncasecmp snprintf vsnprintf bsearch
	inet_ntop inet_pton strtol strtoll strtoul strtoull strtod
	__ctype_b_loc __ctype_tolower_loc __ctype_toupper_loc __errno_location
	__assert_fail __stack_chk_fail _GLOBAL_OFFSET_TABLE_'
# The same, as fortified and newer C libraries spell them; and the compiler's own instruments.
allowed_pattern='^__(mem|str|snprintf|vsnprintf|isoc23_strto)[a-z]*(_chk)?$'
allowed_pattern="$allowed_pattern"'|^_*(asan|ubsan|gcov|sancov|sanitizer|start___sancov|stop___sancov)_'

count=0
failed=0
# ok TEXT: reports the status of the command before it, and the file $work/why if it failed.
ok()
{
	status=$?
	count=$((count + 1))
	if [ $status -eq 0 ]; then
		echo "ok $count - $1"
	else
		echo "not ok $count - $1"
		sed 's/^/# /' "$work/why"
		failed=1
	fi
}

# impure ARCHIVE-OR-OBJECT...: prints "object: symbol" for each symbol that is neither allowed nor
# defined in one of the arguments; fails if nm does, or if there was nothing to look at.
impure()
{
	${NM:-nm} -A "$@" >"$work/symbols" && [ -s "$work/symbols" ] || return 1
	awk -v allowed="$allowed" -v pattern="$allowed_pattern" '
		BEGIN { n = split(allowed, word); for (i = 1; i <= n; i++) fine[word[i]] = 1 }
		NF < 2 { next }
		{ sub(/@.*/, "", $NF) }
		$(NF - 1) ~ /^[Uw]$/ { wanted[$1 " " $NF] = $NF; next }
		$(NF - 1) ~ /^[A-Zuv]$/ { fine[$NF] = 1 }
		END {
			for (use in wanted)
				if (!(wanted[use] in fine) && wanted[use] !~ pattern)
					print use
		}' "$work/symbols" >"$work/uses" || return 1
	sed 's,^.*[:/]\([^:/ ]*\.o\):* ,\1: ,' "$work/uses" | sort
}

# includes FILE-PATTERN DIRECTORIES-PATTERN EXCEPT-PATTERN: the #include lines of matching files
# (paths relative to src/) that name one of the directories.
includes()
{
	(cd "$srcdir/src" && find . -name '*.[ch]' -print | sed 's,^\./,,' | grep -E "$1" |
		grep -Ev "$3" | xargs grep -nE '^[ 	]*#[ 	]*include[ 	]*["<]('"$2"')/' /dev/null)
}

# never FILE-PATTERN DIRECTORIES-PATTERN TEXT [EXCEPT-PATTERN]
never()
{
	# <net/if.h> and its kin are the system's, not ours.
	includes "$1" "$2" "${4:-^$}" | grep -v '<net/' >"$work/why"
	[ ! -s "$work/why" ]
	ok "$3"
}

never '^base/' 'wire|tcp|probe|scan|script|report|net|cmd' 'base includes nothing but base'
never '^wire/' 'tcp|probe|scan|script|report|net|cmd' 'wire includes wire and base alone'
never '^tcp/' 'probe|scan|script|report|net|cmd' 'tcp includes what is below it alone'
never '^probe/' 'scan|stats|script|report|net|cmd' 'probe includes what is below it alone'
never '^stats/' 'scan|script|report|net|cmd' 'stats includes what is below it alone'
never '^scan/' 'stats|script|report|net|cmd' 'scan includes what is below it alone'
never '^script/' 'scan|stats|report|net|cmd' 'script includes what is below it, and the stage alone'
never '^report/' 'net|cmd' 'report includes what is below it alone'
never '^net/' 'tcp|probe|scan|script|report|cmd' 'net includes net, wire and base alone'
never '^(scan_)?engine' 'report|cmd' 'the engine includes neither report nor cmd'
never '.' 'cmd' 'nothing but main.c and cmd itself includes cmd' '^(cmd/|main\.c$)'

impure "$library" >"$work/why" && [ ! -s "$work/why" ]
ok 'the pure library asks for nothing impure'

# The checks themselves: each must see what it is there for.
cat >"$work/dirty.c" <<'DIRTY'
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
void *dirty(void);
void *dirty(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	printf("%ld\n", (long)now.tv_sec);
	return malloc(1);
}
DIRTY
if ${CC:-cc} -c -o "$work/dirty.o" "$work/dirty.c" 2>"$work/why"; then
	impure "$library" "$work/dirty.o" >"$work/found"
	found=$(sed -n 's/^dirty\.o: //p' "$work/found" | tr '\n' ' ')
	echo "found: $found" >"$work/why"
	case $found in
	*clock_gettime*malloc*printf*) true ;;
	*) false ;;
	esac
	ok 'an object with a clock, a print and an allocation is flagged'
else
	count=$((count + 1))
	echo "ok $count - a dirty object is flagged # SKIP no compiler"
fi

mkdir -p "$work/up/src/tcp"
printf '#include "net/clock.h"\n# include <net/if.h>\n' >"$work/up/src/tcp/dirty.c"
found=$(srcdir=$work/up && includes '^tcp/' 'probe|report|net|cmd' '^$' | grep -vc '<net/')
echo "found $found lines, not 1" >"$work/why"
[ "$found" = 1 ]
ok 'an #include that points up is flagged'

echo "1..$count"
exit $failed
