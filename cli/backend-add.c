/* SPDX-License-Identifier: MIT */
/* dario backend add: see net/backend-edit.h. */
#include "config.h"

#include "cli/backend-add.h"

#include "cli/say.h"
#include "cli/secret.h"

/* From one place. */
static int take_key(const struct cmd *c, struct backend_ask *a, struct buf *key,
		    struct err *e)
{
	static const char *const given[] = { "key", "key-file", "key-stdin",
					     "key-env", "key-command" };
	int n = 0;

	for (size_t i = 0; i < sizeof(given) / sizeof(given[0]); i++)
		n += cmd_value(c, given[i]) != NULL;
	if (n > 1)
		return err_set(e, ERR_USAGE,
			       "give one of --key, --key-file, --key-stdin, "
			       "--key-env and --key-command");
	a->env = cmd_value(c, "key-env");
	a->command = cmd_value(c, "key-command");
	if (a->env && secret_check_name(a->env, "a variable's name", e))
		return -1;
	if (secret_take(c, key, e))
		return -1;
	a->key = buf_get(key);
	return 0;
}

static void tell(const struct buf *said)
{
	struct span rest = buf_get(said);

	while (rest.n) {
		struct span line = span_cut(&rest, '\n');

		say(stderr, "dario: %.*s\n", SPAN_FMT(line));
	}
}

int backend_add(struct cmd *c, struct err *e)
{
	struct buf key, said;
	struct backend_ask a = {
		.home = c->home,
		.name = c->args[0],
		.base_url = cmd_value(c, "base-url"),
		.protocol = cmd_value(c, "protocol"),
		.models = cmd_value(c, "models"),
		.said = &said,
	};
	int rc;

	if (backend_check_name(a.name, e) || /* "": any model, as before */
	    (a.models && *a.models && cmd_check_list(c, "models", e)))
		return -1;
	buf_init(&key, 8192);
	buf_init(&said, 16384);
	rc = take_key(c, &a, &key, e) || backend_edit_add(&a, e) ? -1 : 0;
	tell(&said);
	buf_release(&key);
	buf_release(&said);
	return rc;
}

const struct cmd_flag backend_add_flags[] = {
	SECRET_FLAGS,
	{ "key-env", "VAR",
	  "the router takes the key from this variable of its environment, "
	  "when it starts" },
	{ "key-command", "COMMAND",
	  "a program that prints the key; run without a shell when it is "
	  "needed, for keyTtl seconds (300)" },
	{ "base-url", "URL",
	  "where the API is; known for openai, groq, ollama and many others" },
	{ "protocol", "LIST",
	  "openai (Chat Completions, the default), "
	  "responses, anthropic, or several" },
	{ "models", "GLOB,...", "models that go there, such as llama-*" },
	{ 0 },
};
