/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "state/config/route.h"

#include "base/json.h"
#include "state/shared/shared.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define NAMED_MAX 4 /* backends that are named */

/* Is the model in what is kept of the backend's own list? *id as it is there.
 */
static bool lists(const char *home, const struct backend *b, const char *model,
		  struct model_name *id)
{
	struct json_object *file = NULL, *data;
	struct err unused;
	bool found = false;
	struct buf text;
	char name[SHARED_NAME_MAX];

	snprintf(name, sizeof(name), "models-%s", b->name);
	buf_init(&text, SHARED_TEXT_MAX);
	if (shared_read(shared_entry(home, name), &text, &unused) == 0)
		file = json_read(buf_get(&text), &unused);
	buf_release(&text);
	data = json_get(file, "data");
	for (size_t i = 0; i < json_length(data) && !found; i++) {
		struct json_object *o = json_at(data, i);
		const char *one = json_span(o).n ? json_span(o).p
						 : json_cstr(o, "id");

		found = one && strlen(one) < sizeof(id->text) &&
			model_name_same(one, model);
		if (found)
			strcpy(id->text, one);
	}
	json_object_put(file);
	return found;
}

/* Can it stand in a command as it is? */
static bool is_plain(const char *model)
{
	for (const char *p = model; *p; p++)
		if (!isalnum((unsigned char)*p) && !strchr("._:/@+-", *p))
			return false;
	return isalnum((unsigned char)*model);
}

void route_advise(const struct snapshot *c, const char *home, const char *model,
		  struct err *e)
{
	char names[NAMED_MAX * 80], command[300] = "";
	struct buf list = { .p = names,
			    .cap = sizeof(names),
			    .max = sizeof(names) - 1 };
	struct model_name id, first;
	const struct backend *b = NULL;

	names[0] = '\0';
	if (e->code != ERR_NO_MODEL || !is_plain(model))
		return;
	for (size_t i = 0, n = 0; i < c->n_backends && n < NAMED_MAX; i++) {
		if (!lists(home, &c->backends[i], model, &id))
			continue;
		buf_fmt(&list, "%s%s", n++ ? ", " : "", c->backends[i].name);
		if (!b)
			first = id;
		b = b ? b : &c->backends[i];
	}
	if (!b || !is_plain(first.text))
		return;
	snprintf(command, sizeof(command), "dario route add %s %s:%s", model,
		 b->name, first.text);
	err_set(e, ERR_NO_MODEL,
		"model not found: %.80s: it is in the list of %s: ask for "
		"%s:%s, or once and for all: %s",
		model, names, b->name, first.text, command);
	memcpy(e->param, "model", sizeof("model"));
}

int route_find(const struct snapshot *c, const char *home, const char *model,
	       struct plan *out, struct err *e)
{
	struct err listed = { .code = ERR_NO_MODEL };

	if (route_pick(c, model, out, e)) {
		route_advise(c, home, model, e);
		return -1;
	}
	if (!out->unclaimed)
		return 0;
	route_advise(c, home, model, &listed);
	if (!*listed.msg)
		return 0;
	*e = listed;
	return -1;
}
