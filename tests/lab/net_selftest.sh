#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Lays out two network namespaces and runs net_selftest in the first of them -> TAP. See
# net_selftest.h for the layout. Without it nothing would hold src/net/ against a real kernel.
# Exit: 0 passed, 1 failed, 77 no namespace to be had here.

program=${NET_SELFTEST:-./tests/lab/net_selftest}

skip() {
	echo "1..0 # SKIP $1"
	exit 77
}

layout() {
	ip link set lo up
	ip link add sdv0 type veth peer name sdv1
	ip link add sdw0 type veth peer name sdw1
	ip link set sdv1 netns "$1"
	ip address add 192.0.2.1/24 brd + dev sdv0
	ip address add 2001:db8:0:1::1/64 dev sdv0 nodad
	for device in sdv0 sdw0 sdw1; do
		ip link set $device up
	done
	nsenter -t "$1" -n sh -c 'ip address add 192.0.2.2/24 dev sdv1
		ip address add 2001:db8:0:1::2/64 dev sdv1 nodad
		ip link set lo up
		ip link set sdv1 up'
	ip route add 198.51.100.0/26 via 192.0.2.2 mtu 1300
	ip route add 198.51.100.64/26 via inet6 2001:db8:0:1::2 dev sdv0
	ip route add unreachable 203.0.113.0/26
	ip route add blackhole 203.0.113.64/26
	ip route add prohibit 203.0.113.128/26
	ip route add 2001:db8:0:2::/64 via 2001:db8:0:1::2 mtu 1400
	ip route add unreachable 2001:db8:0:3::/64
	ip route add blackhole 2001:db8:0:4::/64
	ip route add prohibit 2001:db8:0:5::/64
	# the far side's neighbour entries, so that no first packet has to wait
	ping -c 1 -W 2 192.0.2.2 >/dev/null 2>&1 || true
	ping -c 1 -W 2 2001:db8:0:1::2 >/dev/null 2>&1 || true
}

# A process of its own, since `set -e` counts for nothing on the left of `||`.
if [ "$1" = layout ]; then
	set -e
	layout "$2"
	exit 0
fi

# In the first namespace: the second one lives as long as a process that waits on a pipe of ours.
if [ "$1" = inside ]; then
	unshare -n sh -c 'echo; exec sleep 120' >"$2/ready" &
	far=$!
	trap 'kill "$far" 2>/dev/null' EXIT
	read -r _ <"$2/ready"
	sh "$0" layout "$far" >&2 || skip "the namespaces could not be laid out"
	"$program"
	exit $?
fi

[ -x "$program" ] || skip "$program is not built"
for tool in unshare nsenter ip; do
	command -v $tool >/dev/null || skip "no $tool"
done
if [ "$(id -u)" -eq 0 ] && unshare -n true 2>/dev/null; then
	how=-n
elif unshare -Urn true 2>/dev/null; then
	how=-Urn
else
	skip "no network namespace without root here"
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkfifo "$work/ready"
unshare $how sh "$0" inside "$work"
