/* SPDX-License-Identifier: BSD-2-Clause */
/* report, --pcap: frames -> a capture file. libpcap writes the format. */
#include "report/savefile.h"

#include <errno.h>
#include <pcap/pcap.h>
#include <stdlib.h>
#include <string.h>

struct savefile {
	char *path;
	enum link_type link;
	pcap_t *pcap;
	pcap_dumper_t *dumper;
};

static const int dlt_of[LINK_COUNT] = {
    [LINK_ETHERNET] = DLT_EN10MB, [LINK_COOKED1] = DLT_LINUX_SLL, [LINK_COOKED2] = DLT_LINUX_SLL2,
    [LINK_RAW] = DLT_RAW,         [LINK_NULL] = DLT_NULL,
};

struct savefile *savefile_open(const char *path, enum link_type link, uint32_t snap_len,
			       struct err *err)
{
	struct savefile *file = calloc(1, sizeof(*file));

	if (!file)
		goto out_of_memory;
	file->link = link;
	file->path = strdup(path);
	if (!file->path)
		goto out_of_memory;
	file->pcap = pcap_open_dead_with_tstamp_precision(dlt_of[link], (int)snap_len,
							  PCAP_TSTAMP_PRECISION_NANO);
	if (!file->pcap)
		goto out_of_memory;
	file->dumper = pcap_dump_open(file->pcap, path);
	if (file->dumper)
		return file;
	err_set(err, ERR_CANNOT, "--pcap: %s", pcap_geterr(file->pcap));
	goto fail;
out_of_memory:
	err_set(err, ERR_INTERNAL, "memory: out of it");
fail:
	savefile_close(file, NULL);
	return NULL;
}

void savefile_write(struct savefile *file, const struct savefile_frame *frame)
{
	size_t cut = 0;
	struct pcap_pkthdr header;

	if (file->link == LINK_RAW)
		cut = decode_link_len(frame->link, frame->octets, frame->captured);
	if (cut > frame->captured)
		return;
	header.caplen = (bpf_u_int32)(frame->captured - cut);
	header.len = (bpf_u_int32)(frame->wire_len - cut);
	header.ts.tv_sec = frame->stamp_ns / 1000000000;
	header.ts.tv_usec = frame->stamp_ns % 1000000000; /* nanoseconds, in such a file */
	pcap_dump((u_char *)file->dumper, &header, frame->octets + cut);
}

int savefile_close(struct savefile *file, struct err *err)
{
	int rc = 0;

	if (!file)
		return 0;
	if (file->dumper) {
		FILE *stream = pcap_dump_file(file->dumper);

		if (pcap_dump_flush(file->dumper) != 0 || ferror(stream))
			rc = err_set(err, ERR_CANNOT, "%s: cannot write the capture: %s",
				     file->path, strerror(errno));
		pcap_dump_close(file->dumper);
	}
	if (file->pcap)
		pcap_close(file->pcap);
	free(file->path);
	free(file);
	return rc;
}
