/* SPDX-License-Identifier: BSD-2-Clause */
/* report, --pcap: frames of our connections -> a capture file with nanosecond stamps, for
 * Wireshark and tcpdump. Written with libpcap. */
#ifndef SHAKEDOWN_REPORT_SAVEFILE_H
#define SHAKEDOWN_REPORT_SAVEFILE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "wire/decode.h"

struct savefile;

/* Creates (or empties) the file. `link` is of all frames; LINK_RAW: link headers are cut off. */
struct savefile *savefile_open(const char *path, enum link_type link, uint32_t snap_len,
			       struct err *err);

/* One frame, `captured` octets of `wire_len`, that came with link header `link`. */
struct savefile_frame {
	const uint8_t *octets;
	size_t captured, wire_len;
	int64_t stamp_ns;
	enum link_type link;
};
void savefile_write(struct savefile *file, const struct savefile_frame *frame);

/* -1 with `err` if anything could not be written. */
int savefile_close(struct savefile *file, struct err *err);

#endif
