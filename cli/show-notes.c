/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "cli/show-notes.h"

#include "base/log.h"
#include "cli/say.h"

/* A key that was pasted in the wrong place is one all the same. */
void show_notes(const struct notes *n)
{
	for (size_t i = 0; i < n->n; i++) {
		struct buf text;

		buf_init(&text, 4096);
		log_redact(span_of(n->list[i].text), &text);
		say(stderr, "dario: %s\n", buf_cstr(&text));
		buf_release(&text);
	}
}
