/* SPDX-License-Identifier: BSD-2-Clause */
/* wire: cuts. In: prefixes, a range. Out: the parts of the range that no prefix divides. */
#include "wire/cuts.h"

unsigned cuts_of_prefix(const struct ip_addr *addr, unsigned prefix, struct ip_addr cuts[2])
{
	struct ip_addr last;

	addr_prefix(addr, prefix, &cuts[0], &last);
	return addr_after(&last, &cuts[1]) ? 2 : 1;
}

size_t cuts_unique(struct ip_addr *cuts, size_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++)
		if (kept == 0 || !addr_equal(&cuts[kept - 1], &cuts[i]))
			cuts[kept++] = cuts[i];
	return kept;
}

size_t cuts_cell(const struct ip_addr *cuts, size_t count, const struct ip_addr *addr)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (addr_compare(&cuts[middle], addr) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct ip_addr cuts_end(const struct ip_addr *cuts, size_t count, const struct ip_addr *first,
			const struct ip_addr *last)
{
	size_t cell = cuts_cell(cuts, count, first);
	struct ip_addr end = *last;

	if (cell < count && addr_compare(&cuts[cell], last) <= 0)
		addr_before(&cuts[cell], &end);
	return end;
}
