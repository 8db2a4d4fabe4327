/* SPDX-License-Identifier: MIT */
/* backend-show: backends as JSON. No secret is in it. */
#ifndef DARIO_BACKEND_SHOW_H
#define DARIO_BACKEND_SHOW_H

#include "base/jw.h"
#include "state/config/snapshot.h"

/* [{"name":"groq","protocols":["openai"],"baseUrl":"https://...",...}] */
void show_backends(struct jw *w, const struct snapshot *c);
/* {"name":"groq",...,"breakerUntil":null,"queued":0}: how one stands now. */
void show_backend_state(struct jw *w, const char *home,
			const struct backend *b);

#endif
