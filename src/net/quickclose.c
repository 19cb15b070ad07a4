/* SPDX-License-Identifier: BSD-2-Clause */
/* quickclose: a descriptor -> one whose closing costs its process nothing. See quickclose.h. */
#include "net/quickclose.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define PASSED 2 /* descriptors in the message */

static int put_into_queue(int trigger, const int passed[PASSED])
{
	union {
		char octets[CMSG_SPACE(PASSED * sizeof(int))];
		struct cmsghdr align;
	} control = {{0}};
	char octet = 0;
	struct iovec data = {.iov_base = &octet, .iov_len = 1};
	struct msghdr message = {.msg_iov = &data,
				 .msg_iovlen = 1,
				 .msg_control = control.octets,
				 .msg_controllen = sizeof(control.octets)};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(PASSED * sizeof(int));
	memcpy(CMSG_DATA(header), passed, PASSED * sizeof(int));
	return sendmsg(trigger, &message, 0) == 1 ? 0 : -1;
}

void quickclose_arm(struct quickclose *quickclose, int fd)
{
	int ends[2];

	quickclose->loop = quickclose->trigger = -1;
	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends) != 0)
		return;
	quickclose->loop = ends[0];
	quickclose->trigger = ends[1];
	if (put_into_queue(ends[1], (const int[PASSED]){fd, ends[0]}) != 0)
		quickclose_release(quickclose);
}

void quickclose_release(struct quickclose *quickclose)
{
	/* The order matters: the collector, woken by the second, must find the first unused. */
	if (quickclose->loop >= 0)
		close(quickclose->loop);
	if (quickclose->trigger >= 0)
		close(quickclose->trigger);
	quickclose->loop = quickclose->trigger = -1;
}
