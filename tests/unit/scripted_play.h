/* SPDX-License-Identifier: BSD-2-Clause */
/* A play whose probe is steered by calls of scripted.h, as a script would. */
#ifndef SHAKEDOWN_TESTS_SCRIPTED_PLAY_H
#define SHAKEDOWN_TESTS_SCRIPTED_PLAY_H

#include "probe/scripted.h"
#include "probe_play.h"

#define F  (TCP_FIN | TCP_ACK)
#define A  TCP_ACK
#define S  (TCP_SYN | TCP_ACK)
#define R  TCP_RST
#define MS INT64_C(1000000)

/* Defines the cmocka test `name`, which runs name_at(iss, irs) at each pair of initial numbers,
 * most of them around 2^31 and 2^32. */
#define AT_EACH(name)                                                                              \
	static void name(void **state)                                                             \
	{                                                                                          \
		(void)state;                                                                       \
		at_each(name##_at);                                                                \
	}
void at_each(void (*test)(uint32_t iss, uint32_t irs));

/* A connection in ESTABLISHED; one without a machine. */
void begin(struct play *play, uint32_t iss, uint32_t irs);
void begin_raw(struct play *play, uint32_t iss, uint32_t irs);

/* scripted_fin, _close, _end: what they ask for is done. */
void call(struct play *play,
	  void (*what)(struct probe *probe, int64_t now_ns, struct probe_output *out));
bool write_data(struct play *play, const char *data, uint32_t len);

/* A segment of the script's own, at a relative number, seen by the capture. */
void craft(struct play *play, uint16_t flags, uint32_t seq, uint32_t len, bool count);

/* Fails unless the relative numbers are these. */
void numbers_are(const struct play *play, uint32_t snd_una, uint32_t snd_nxt, uint32_t rcv_nxt);

#endif
