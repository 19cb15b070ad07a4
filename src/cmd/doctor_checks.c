/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * doctor, its checks: facts about this host and the self-test's result -> what to say, and the
 * remedy. One function for each row of the table at the end.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cmd/doctor.h"
#include "net/guard.h"
#include "net/privilege.h"
#include "net/sandbox.h"

#define NAMES_MAX     6 /* interfaces in one line */
#define NAMES_TEXT    160
#define FEW_PORTS     1000
#define FILES_BESIDES 64 /* descriptors that are not guards */

static void say(struct doctor_finding *finding, enum doctor_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void say(struct doctor_finding *finding, enum doctor_status status, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	finding->status = status;
	vsnprintf(finding->text, sizeof(finding->text), format, args);
	va_end(args);
}

static void add_remedy(struct doctor_finding *finding, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void add_remedy(struct doctor_finding *finding, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(finding->remedy, sizeof(finding->remedy), format, args);
	va_end(args);
}

/* The error is "raw socket: WHY: REMEDY", and the remedy may end with ": sudo COMMAND". */
static void check_privileges(const struct doctor *doctor, struct doctor_finding *finding)
{
	const char *why = strstr(doctor->privilege.text, ": "), *remedy;
	char *command;

	if (doctor->privilege.class == ERR_NONE) {
		say(finding, STATUS_OK,
		    "CAP_NET_RAW is here; probes give it up before the first segment");
		return;
	}
	why = why ? why + 2 : doctor->privilege.text;
	remedy = strstr(why, ": ");
	say(finding, STATUS_PROBLEM, "%.*s", remedy ? (int)(remedy - why) : (int)strlen(why), why);
	add_remedy(finding, "%s", remedy ? remedy + 2 : "run it as root");
	command = strstr(finding->remedy, ": sudo ");
	if (command)
		command[1] = '\n';
}

static void guard_held(const struct selftest *test, const char *method,
		       struct doctor_finding *finding)
{
	char rtt[40] = "";

	if (test->rtt_ns >= 0)
		snprintf(rtt, sizeof(rtt), " (%.3f ms)", (double)test->rtt_ns / 1e6);
	say(finding, STATUS_OK,
	    "holds, by %s: over loopback a handshake%s, a reset, and no RST but ours", method, rtt);
}

static void check_guard(const struct selftest *test, struct doctor_finding *finding)
{
	const char *method = guard_method();

	if (method && test->result == SELFTEST_PASSED) {
		guard_held(test, method, finding);
	} else if (!method) {
		say(finding, STATUS_PROBLEM,
		    "this kernel lets us neither filter a TCP socket nor demand TCP MD5 signatures "
		    "of its peers: it would reset each connection that we open");
		add_remedy(finding, "a kernel with CONFIG_TCP_MD5SIG");
	} else if (test->result == SELFTEST_CANNOT) {
		say(finding, STATUS_PROBLEM, "cannot be tested: %s", test->why);
		add_remedy(finding, "as the reason says: probes need the same");
	} else {
		say(finding, STATUS_PROBLEM, "%s", test->why);
		add_remedy(finding,
			   "look for rules of this host, in INPUT or OUTPUT, that reject or drop "
			   "TCP segments, and let those of loopback and of probes pass:\n"
			   "sudo nft list ruleset\nsudo iptables-save");
	}
}

/* What has to be here before a guard can be tested. */
static bool is_testable(const struct doctor *doctor, struct doctor_finding *finding)
{
	if (!doctor->loopback_up) {
		say(finding, STATUS_PROBLEM, "cannot be tested: loopback is down");
		add_remedy(finding, "sudo ip link set lo up");
		return false;
	}
	if (doctor->privilege.class == ERR_NONE)
		return true;
	say(finding, STATUS_NOTE, "not tested: that needs CAP_NET_RAW");
	return false;
}

static void check_guard4(const struct doctor *doctor, struct doctor_finding *finding)
{
	if (!is_testable(doctor, finding))
		return;
	if (doctor->four.result == SELFTEST_NO_ADDRESS) {
		say(finding, STATUS_PROBLEM, "cannot be tested: loopback has no 127.0.0.1");
		add_remedy(finding, "sudo ip address add 127.0.0.1/8 dev lo");
	} else {
		check_guard(&doctor->four, finding);
	}
}

static void check_guard6(const struct doctor *doctor, struct doctor_finding *finding)
{
	if (!is_testable(doctor, finding))
		return;
	if (doctor->six.result == SELFTEST_NO_ADDRESS)
		say(finding, STATUS_NOTE,
		    "IPv6 is disabled on this host (there is no ::1): only IPv4 can be probed");
	else
		check_guard(&doctor->six, finding);
}

static bool merges(const struct host_interface *at)
{
	return at->gro || at->lro;
}

static bool merges_in_adapter(const struct host_interface *at)
{
	return at->lro;
}

static bool works_late(const struct host_interface *at)
{
	return at->splits || at->checksums;
}

static bool is_coarse(const struct host_interface *at)
{
	return !at->stamps_ns;
}

static bool is_strict(const struct host_interface *at)
{
	return at->strict_path;
}

/* "eth0, eth1 and 3 more": those for which `is` holds; returns their number. */
static size_t names_of(const struct doctor *doctor, bool (*is)(const struct host_interface *),
		       char text[NAMES_TEXT])
{
	size_t count = 0, len = 0;

	text[0] = '\0';
	for (size_t i = 0; i < doctor->interface_count; i++) {
		const struct host_interface *at = &doctor->interfaces[i];

		if (is(at) && count++ < NAMES_MAX)
			len += (size_t)snprintf(text + len, NAMES_TEXT - len, "%s%s",
						len > 0 ? ", " : "", at->name);
	}
	if (count > NAMES_MAX)
		snprintf(text + len, NAMES_TEXT - len, " and %zu more", count - NAMES_MAX);
	return count;
}

/* True if there is any interface to speak of. */
static bool has_interfaces(const struct doctor *doctor, struct doctor_finding *finding)
{
	if (doctor->interfaces_err.class != ERR_NONE)
		say(finding, STATUS_NOTE, "unknown: %s", doctor->interfaces_err.text);
	else if (doctor->interface_count == 0)
		say(finding, STATUS_NOTE, "no interface is up but loopback");
	return doctor->interface_count > 0;
}

/* "eth0, eth1: host, adapter; veth0: host", as many interfaces as there is room for. */
static void list_stamps(const struct doctor *doctor, char *text, size_t size)
{
	const struct host_interface *all = doctor->interfaces;
	size_t len = 0;

	text[0] = '\0';
	for (size_t i = 0; i < doctor->interface_count && i < NAMES_MAX; i++) {
		bool last = i + 1 == doctor->interface_count || i + 1 == NAMES_MAX ||
			    strcmp(all[i].stamps, all[i + 1].stamps) != 0;

		len += (size_t)snprintf(text + len, size - len, "%s%s%s%s", len > 0 ? " " : "",
					all[i].name, last ? ": " : ",", last ? all[i].stamps : "");
		if (last && i + 1 < doctor->interface_count)
			len += (size_t)snprintf(text + len, size - len, ";");
	}
	if (doctor->interface_count > NAMES_MAX)
		snprintf(text + len, size - len, " and %zu more interfaces",
			 doctor->interface_count - NAMES_MAX);
}

static void check_stamps(const struct doctor *doctor, struct doctor_finding *finding)
{
	char list[NAMES_MAX * (IF_NAMESIZE + HOST_STAMPS_MAX + 4) + 32], names[NAMES_TEXT];

	if (!has_interfaces(doctor, finding))
		return;
	list_stamps(doctor, list, sizeof(list));
	if (names_of(doctor, is_coarse, names) > 0)
		say(finding, STATUS_NOTE, "in microseconds only on %s; of kind %s", names, list);
	else
		say(finding, STATUS_OK, "in nanoseconds; of kind %s", list);
}

static void say_merged(const struct doctor *doctor, size_t count, const char *names,
		       struct doctor_finding *finding)
{
	char adapters[NAMES_TEXT];
	bool lro = names_of(doctor, merges_in_adapter, adapters) > 0;

	say(finding, STATUS_NOTE,
	    "received segments may be merged (%s) on %s: counts of segments and lengths then are "
	    "not the wire's",
	    lro ? "GRO, LRO" : "GRO", names);
	add_remedy(finding,
		   "if they matter, for the device that probes leave by:\n"
		   "sudo ethtool -K %s gro off%s",
		   count == 1 ? names : "DEV", lro ? " lro off" : "");
}

static void check_offloads(const struct doctor *doctor, struct doctor_finding *finding)
{
	char names[NAMES_TEXT], late[NAMES_TEXT];
	size_t merging = names_of(doctor, merges, names);
	bool any_late = names_of(doctor, works_late, late) > 0;

	if (!has_interfaces(doctor, finding))
		return;
	if (merging > 0)
		say_merged(doctor, merging, names, finding);
	else
		say(finding, STATUS_OK, "received segments are not merged (no GRO, LRO)%s%s%s",
		    any_late ? "; checksums and splitting are late (tx checksum, TSO, GSO) on "
			     : "",
		    late, any_late ? ", which does not touch segments made here" : "");
}

static void check_ports(const struct doctor *doctor, struct doctor_finding *finding)
{
	int64_t first = host_setting("net/ipv4/ip_local_port_range", 0);
	int64_t last = host_setting("net/ipv4/ip_local_port_range", 1);
	int64_t count = last - first + 1;

	(void)doctor;
	if (first == HOST_UNKNOWN || last == HOST_UNKNOWN) {
		say(finding, STATUS_NOTE,
		    "their range is unknown (no /proc/sys): taken for 32768-60999");
		return;
	}
	say(finding, count < FEW_PORTS ? STATUS_NOTE : STATUS_OK,
	    "%" PRId64 "-%" PRId64 ": %s%" PRId64 " ports%s", first, last,
	    count < FEW_PORTS ? "only " : "", count,
	    count < FEW_PORTS ? ", one for each probe at once, and for all others here" : "");
	if (count < FEW_PORTS)
		add_remedy(finding, "sudo sysctl -w net.ipv4.ip_local_port_range=\"32768 60999\"");
}

static void check_files(const struct doctor *doctor, struct doctor_finding *finding)
{
	unsigned long wanted = (unsigned long)doctor->settings.parallel + FILES_BESIDES;
	unsigned long files = privilege_raise_files(wanted);

	if (files >= wanted) {
		say(finding, STATUS_OK, "enough for %" PRId64 " probes at once",
		    doctor->settings.parallel);
		return;
	}
	say(finding, STATUS_NOTE, "at most %lu: so at most %lu probes at once, not %" PRId64, files,
	    files > FILES_BESIDES ? files - FILES_BESIDES : 1, doctor->settings.parallel);
	add_remedy(finding,
		   "raise the hard limit, as root or with LimitNOFILE= of a service:\n"
		   "ulimit -Hn %lu",
		   wanted);
}

/* Read after the self-test: where anything is tracked, that was. */
static void check_conntrack(const struct doctor *doctor, struct doctor_finding *finding)
{
	int64_t tracked = host_setting("net/netfilter/nf_conntrack_count", 0);

	(void)doctor;
	if (tracked == HOST_UNKNOWN) {
		say(finding, STATUS_OK, "no connection tracking (nf_conntrack is not loaded)");
		return;
	}
	if (tracked == 0) {
		say(finding, STATUS_OK, "connection tracking is loaded and tracks nothing here");
		return;
	}
	say(finding, STATUS_NOTE,
	    "connection tracking is active: a stateful firewall on this host may drop segments "
	    "made by hand as invalid (nf_conntrack_tcp_be_liberal=%" PRId64
	    ", nf_conntrack_tcp_loose=%" PRId64 ")",
	    host_setting("net/netfilter/nf_conntrack_tcp_be_liberal", 0),
	    host_setting("net/netfilter/nf_conntrack_tcp_loose", 0));
	add_remedy(finding, "if sending fails, look for rules with `ct state invalid`:\n"
			    "sudo nft list ruleset");
}

/* The filter comes after the capture's tap: it never hides a reply from us. */
static void check_path_filter(const struct doctor *doctor, struct doctor_finding *finding)
{
	char names[NAMES_TEXT];
	size_t strict = names_of(doctor, is_strict, names);

	if (strict == 0)
		say(finding, STATUS_OK, "not strict (rp_filter)");
	else if (doctor->interface_count < 2)
		say(finding, STATUS_OK, "strict (rp_filter), but there is one interface only");
	else
		say(finding, STATUS_NOTE,
		    "strict (rp_filter) on %s: with asymmetric routes ordinary programs of this "
		    "host lose replies that the capture still shows",
		    names);
}

static void check_sources(const struct doctor *doctor, struct doctor_finding *finding)
{
	(void)doctor;
	if (host_setting("net/ipv4/ip_nonlocal_bind", 0) == 1 ||
	    host_setting("net/ipv6/ip_nonlocal_bind", 0) == 1)
		say(finding, STATUS_NOTE,
		    "ip_nonlocal_bind=1, any address can be bound: whether a source (-I) is this "
		    "host's is looked up in the routing table");
	else
		say(finding, STATUS_OK, "only addresses of this host can be bound");
}

static void check_sandbox(const struct doctor *doctor, struct doctor_finding *finding)
{
	(void)doctor;
	if (sandbox_is_built())
		say(finding, STATUS_OK, "system calls are filtered while probes run (seccomp)");
	else
		say(finding, STATUS_NOTE,
		    "this build does not filter system calls (no libseccomp)");
}

/* In this order: conntrack comes after the guard. */
const struct doctor_check doctor_checks[] = {
    {"privileges", check_privileges},   {"guard, IPv4", check_guard4},
    {"guard, IPv6", check_guard6},      {"time stamps", check_stamps},
    {"offloads", check_offloads},       {"source ports", check_ports},
    {"open files", check_files},        {"conntrack", check_conntrack},
    {"path filter", check_path_filter}, {"sources", check_sources},
    {"sandbox", check_sandbox},         {NULL, NULL},
};
