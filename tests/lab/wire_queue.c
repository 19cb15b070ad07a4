/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wire: the frames under way in one direction, a binary heap ordered by departure.
 */
#include "wire.h"

#include <stdlib.h>

enum { MOST_FRAMES = 500000 };

static bool before(const struct frame *a, const struct frame *b)
{
	return a->due_ns != b->due_ns ? a->due_ns < b->due_ns : a->order < b->order;
}

static void swap(struct frame **a, struct frame **b)
{
	struct frame *c = *a;

	*a = *b;
	*b = c;
}

bool queue_add(struct queue *queue, struct frame *frame)
{
	size_t i = queue->count;

	if (i >= MOST_FRAMES)
		return false;
	if (i == queue->room) {
		size_t room = queue->room ? queue->room * 2 : 1024;
		struct frame **heap = realloc(queue->heap, room * sizeof(struct frame *));

		if (!heap)
			return false;
		queue->heap = heap;
		queue->room = room;
	}
	frame->order = queue->order++;
	queue->heap[queue->count++] = frame;
	for (; i && before(queue->heap[i], queue->heap[(i - 1) / 2]); i = (i - 1) / 2)
		swap(&queue->heap[i], &queue->heap[(i - 1) / 2]);
	return true;
}

struct frame *queue_first(const struct queue *queue)
{
	return queue->count ? queue->heap[0] : NULL;
}

struct frame *queue_take(struct queue *queue)
{
	struct frame **heap = queue->heap, *first = queue_first(queue);
	size_t i = 0;

	if (!first)
		return NULL;
	heap[0] = heap[--queue->count];
	for (;;) {
		size_t least = i;

		for (size_t child = 2 * i + 1; child <= 2 * i + 2 && child < queue->count; child++)
			if (before(heap[child], heap[least]))
				least = child;
		if (least == i)
			return first;
		swap(&heap[i], &heap[least]);
		i = least;
	}
}
