/* SPDX-License-Identifier: MIT */
/*
 * Runs a router on a port until standard input ends, with the folder of the
 * command dario, and tells where a model would go:
 *
 *	./router 3456 claude-sonnet-4-5
 */
#include <dario.h>
#include <stdio.h>

static int failed(const struct dario_error *e)
{
	fprintf(stderr, "router: %s\n", e->message);
	return 1;
}

static void log_line(void *arg, const char *line)
{
	fprintf(arg, "%s\n", line);
}

int main(int argc, char **argv)
{
	struct dario_options o = { .size = sizeof(o),
				   .flags = DARIO_ENVIRONMENT,
				   .log = log_line,
				   .log_arg = stderr };
	struct dario_router *router;
	struct dario_route route;
	struct dario_error e = { .message = "it is not ready yet" };
	struct dario *d = dario_open(&o, &e);
	char port[40];

	if (!d)
		return failed(&e);
	snprintf(port, sizeof(port), "--port=%s", argc > 1 ? argv[1] : "3456");
	router = dario_router_start(d, (const char *[]){ port, NULL }, -1, &e);
	if (!router || dario_router_ready(router, 15000, &e) < 1) {
		dario_router_free(router); /* or it would go on without us */
		return failed(&e);
	}
	if (argc > 2 && dario_route(d, argv[2], NULL, &route, &e) == 0)
		printf("%s goes to %s as %s\n", argv[2], route.backend,
		       route.model);
	puts("ready");
	fflush(stdout);
	while (getchar() != EOF)
		;
	printf("ended with status %d\n", dario_router_stop(router, 10000));
	dario_router_free(router);
	dario_close(d);
	return 0;
}
