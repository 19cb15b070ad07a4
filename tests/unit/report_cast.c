/* SPDX-License-Identifier: BSD-2-Clause */
/* Results of scenarios, made by hand: see report_cast.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "report_cast.h"

#define MS INT64_C(1000000)

static const struct scenario scenarios[CAST_COUNT] = {
    [CAST_PASS] = {.id = "H1",
		   .title = "SYN is answered by SYN-ACK",
		   .rfc = "RFC 9293 3.5",
		   .level = "MUST",
		   .sends = "SYN",
		   .family = "handshake"},
    [CAST_SKIP] = {.id = "H12",
		   .title = "data in the third segment",
		   .rfc = "RFC 9293 3.5",
		   .level = "MAY",
		   .sends = "ACK with data",
		   .family = "handshake",
		   .profile = PROFILE_DEFAULT},
    [CAST_FAIL] = {.id = "R1",
		   .title = "RST at exactly the expected number ends the connection",
		   .rfc = "RFC 9293 3.10.7.4; RFC 5961 3.2",
		   .level = "MUST",
		   .sends = "RST with seq = SND.NXT",
		   .family = "validation"},
    [CAST_KNOWN] = {.id = "R2a",
		    .title = "RST in the window is challenged",
		    .rfc = "RFC 5961 3.2",
		    .level = "MUST",
		    .sends = "RST with seq = SND.NXT + 1",
		    .family = "validation"},
    [CAST_CHANGED] = {.id = "R9",
		      .title = "data without ACK is dropped",
		      .rfc = "RFC 9293 3.10.7.4",
		      .level = "MUST",
		      .sends = "data, no flags",
		      .family = "validation",
		      .profile = PROFILE_FULL},
    [CAST_NEW] = {.id = "D6",
		  .title = "a lone segment is acknowledged within half a second",
		  .rfc = "RFC 1122 4.2.3.2",
		  .level = "MUST",
		  .sends = "one octet",
		  .family = "data"},
    [CAST_ERROR] = {.id = "D7",
		    .title = "a scenario with a mistake",
		    .rfc = "",
		    .level = "INFO",
		    .sends = "",
		    .family = "data"},
    [CAST_INCONCLUSIVE] = {.id = "my-greeting-test",
			   .title = "<greeting> & \"quotes\" # TODO",
			   .rfc = "RFC 5321 3.1",
			   .level = "INFO",
			   .sends = "nothing",
			   .family = "mine"},
};

/* Every kind of octet that some format cannot take as it is. */
#define HOSTILE                                                                                    \
	"it said \"\033[2J<b>'\\ # SKIP\r\n\tok 1 ]]> & \x01\x7f\xc2\x9b"                          \
	"31m\xff\xc0\xaf\xed\xa0\x80\xef\xbf\xbf \xc3\xa9\xe2\x82\xac\xf0\x9f\x8e\xb2 until the "  \
	"end"

static const struct finding findings[] = {
    {(char[]){"mss"}, (char[]){"536"}, false},
    {(char[]){"mss"}, (char[]){"1460"}, false},
    {(char[]){"ratio"}, (char[]){"1.5e-07"}, false},
    {(char[]){"endless"}, (char[]){"inf"}, false},
    {(char[]){"ecn"}, (char[]){"true"}, false},
    {(char[]){"banner"}, (char[]){"<220 \"x\">"}, true},
};

static void make_results(struct cast *cast)
{
	const struct result results[CAST_COUNT] = {
	    [CAST_PASS] = {.seen = "SYN-ACK after 10.0 ms, ack = ISS + 1",
			   .findings = findings,
			   .finding_count = sizeof(findings) / sizeof(findings[0])},
	    [CAST_SKIP] = {.judgement = JUDGE_SKIP, .seen = "no request of the service is known"},
	    [CAST_FAIL] = {.judgement = JUDGE_FAIL,
			   .seen = "still alive after an exact RST: the next segment, 1.2 s later, "
				   "was acknowledged",
			   .attempts = 3,
			   .agreeing = 2,
			   .connections = cast->connections,
			   .connection_count = 2},
	    [CAST_KNOWN] = {.judgement = JUDGE_FAIL, .seen = "gone without a challenge ACK"},
	    [CAST_CHANGED] = {.judgement = JUDGE_PASS_MAY, .seen = "dropped"},
	    [CAST_NEW] = {.judgement = JUDGE_WARN, .seen = "acknowledged after 0.612 s"},
	    [CAST_ERROR] = {.judgement = JUDGE_ERROR,
			    .seen = "mine.lua:7: attempt to index a nil value",
			    .connections = cast->nothing,
			    .connection_count = 1},
	    [CAST_INCONCLUSIVE] = {.judgement = JUDGE_INCONCLUSIVE,
				   .seen = HOSTILE,
				   .doubt = "a run of three said <fail>"},
	};

	memcpy(cast->results, results, sizeof(results));
}

static void make_records(struct cast *cast)
{
	for (unsigned i = 0; i < CAST_COUNT; i++) {
		struct result *result = &cast->results[i];
		struct test_record *record = &cast->records[i];

		result->scenario = &scenarios[i];
		result->elapsed_ns = (int64_t)(i + 1) * 100 * MS;
		if (result->attempts == 0 && result->judgement != JUDGE_SKIP)
			result->attempts = result->agreeing = 1;
		record->target = &cast->target;
		record->result = result;
	}
	cast->records[CAST_KNOWN].accepted = ACCEPTED_AS_LISTED;
	cast->records[CAST_KNOWN].listed = "WARN,FAIL";
	cast->records[CAST_CHANGED].accepted = ACCEPTED_CHANGED;
	cast->records[CAST_CHANGED].listed = "FAIL";
	cast->records[CAST_NEW].accepted = ACCEPTED_CHANGED;
	for (unsigned i = 0; i < CAST_COUNT; i++)
		cast->records[i].as_asked =
		    test_as_asked(cast->results[i].judgement, cast->records[i].accepted);
}

void cast_init(struct cast *cast)
{
	memset(cast, 0, sizeof(*cast));
	for (unsigned i = 0; i < 2; i++) {
		play_init(&cast->plays[i], 1000 + i, 4294967290u + i);
		play_handshake(&cast->plays[i]);
		cast->connections[i] = &cast->plays[i].probe;
	}
	play_server(&cast->plays[0], 5, TCP_RST, 1, 0, 0);
	play_icmp(&cast->plays[1], 5, 3, 13);
	cast->nothing[0] = &cast->blind;
	cast->target = (struct test_target){
	    .name = "192.0.2.2:80", .remote = {{IP_V4, {192, 0, 2, 2}}, 80}, .service = "http"};
	cast->info = (struct test_run_info){"1.2.3", 2, CAST_COUNT, "default", 1700000000 * MS};
	make_results(cast);
	make_records(cast);
	cast->look = (struct report_style){.width = 80};
	cast->style.style = &cast->look;
}

static void fill_end(struct cast *cast, unsigned first, unsigned last)
{
	struct test_end *end = &cast->end;

	*end = (struct test_end){
	    .target = &cast->target, .reported = 7, .connections = 9, .elapsed_ns = 1234 * MS};
	if (first > last) {
		end->error = "'<nowhere>': Name or service not known";
		return;
	}
	end->close_report = "Waits for us to close: nothing came for 10 s. Leaks CLOSE-WAIT: the "
			    "application did not close within 10 s of our FIN.";
	end->findings = findings + 1;
	end->finding_count = 2;
	end->left_open = 1;
	end->lossy = true;
	for (unsigned i = first; i <= last; i++)
		test_end_add(end, &cast->records[i]);
}

char *cast_report(struct cast *cast, const char *name, unsigned first, unsigned last)
{
	const struct test_format *format = test_format_find(name);
	struct test_summary *summary = &cast->summary;
	char *text = NULL;
	size_t len;

	assert_non_null(format);
	cast->look.out = open_memstream(&text, &len);
	assert_non_null(cast->look.out);
	fill_end(cast, first, last);
	*summary = (struct test_summary){.targets = 2,
					 .untestable = first > last,
					 .results = first > last ? 7 : 7 + last - first + 1,
					 .changed = cast->end.changed,
					 .connections = 9,
					 .frames = 99,
					 .elapsed_ns = 2345 * MS,
					 .interrupted = summary->interrupted};
	for (unsigned i = 0; i < JUDGE_COUNT; i++)
		summary->counts[i] = cast->end.counts[i];
	if (format->run)
		format->run(&cast->style, &cast->info);
	test_report_target(format, &cast->style, &cast->records[first > last ? 0 : first],
			   first > last ? 0 : last - first + 1, &cast->end);
	if (format->summary)
		format->summary(&cast->style, summary);
	assert_int_equal(fclose(cast->look.out), 0);
	return text;
}
