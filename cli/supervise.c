/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "cli/supervise.h"

#include "cli/listen.h"

#include "base/clock.h"
#include "base/cores.h"
#include "base/install-path.h"
#include "base/port.h"
#include "base/ready.h"
#include "cli/child-said.h"
#include "cli/child.h"
#include "cli/refuse.h"
#include "cli/say.h"
#include "cli/workers.h"
#include "state/config/snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define START_MS 15000 /* until all is up; a worker has less by itself */
#define PROBE_MS 50    /* until the web server is asked once more */
#define BROKEN_MS 1000 /* for workers without a web server */
#define KEPT_MS 100    /* for kept connections to be refused, not cut */
#define CLOSE_MS 3500  /* for the web server to send what it has */
#define KILL_MS 500    /* from one way to end it to the next */
#define LEAVE_MS 1000  /* for the last ones in the queue */
#define SHUT_MS 20     /* for connections that are being opened */
#define TWICE_MS 5     /* a signal may reach us by two ways at once */
#define SLOW_MS 300    /* a drain that takes so long is worth a word */

enum phase {
	STARTING,
	SERVING,
	DRAINING,
	CLOSING,
	LEAVING,
	OVER
};

#define NEVER INT64_MAX
#define POLLS_MAX (3 + WORKERS_MAX + REFUSE_POLLS)

struct supervise {
	const struct supervise_plan *plan;
	enum phase phase;
	int64_t since, end; /* of the phase */
	struct port_signals signals;
	int stop; /* the signal that asked for the end; 0: none */
	int64_t stop_at;
	bool reload; /* asked for, not done yet */
	bool in_terminal;
	int http, socket; /* of clients, of the workers; -1: closed */
	struct workers workers;
	pid_t server; /* 0: it has ended */
	int server_status, server_kill;
	struct child_said server_said;
	int probe; /* a connection to the web server, or -1 */
	bool probe_sent, up;
	int64_t probe_again;
	struct refuse refuse;
	bool said;
	struct ready ready;
	struct err why; /* code 0: it was asked to end */
};

/* --- phases -------------------------------------------------------------- */

static void enter(struct supervise *s, enum phase phase, long ms)
{
	s->phase = phase;
	s->since = clock_ms();
	s->end = ms < 0 ? NEVER : s->since + ms;
}

static void refuse_for_workers(struct supervise *s, bool on)
{
	s->refuse.fastcgi = on ? s->socket : -1;
}

static void drain(struct supervise *s, long ms)
{
	s->refuse.stopping = true;
	s->refuse.retry_after = 1 + ms / 1000;
	listen_all(s->http);
	workers_drain(&s->workers, ms);
	refuse_for_workers(s, true);
	if (!s->server)
		s->refuse.http = s->http;
	ready_end(&s->ready);
	enter(s, DRAINING, -1); /* every worker has its own limit */
}

static void stop(struct supervise *s)
{
	drain(s, s->workers.drain_ms);
}

static void broken(struct supervise *s)
{
	drain(s, BROKEN_MS);
}

static void say_up(struct supervise *s)
{
	const struct settings *o = s->plan->settings;
	bool six = strchr(o->host, ':');

	say_message("listening on http://%s%s%s:%ld (Ctrl-C stops)",
		    six ? "[" : "", o->host, six ? "]" : "", o->port);
	ready_begin(&s->ready);
}

static bool server_lost(struct supervise *s)
{
	char how[40];

	if (s->server)
		return false;
	err_set(&s->why, ERR_CONFIG,
		"lighttpd ended with %s: its message stands above",
		child_ending(s->server_status, how, sizeof(how)));
	return true;
}

static void while_starting(struct supervise *s)
{
	if (s->stop) {
		stop(s);
	} else if (server_lost(s)) {
		broken(s);
	} else if (s->workers.unstarted || s->workers.failures) {
		err_set(&s->why, ERR_CONFIG,
			"the worker %s does not start: its message stands "
			"above",
			s->workers.program);
		broken(s);
	} else if (s->up && workers_ready(&s->workers) >= s->workers.wanted) {
		enter(s, SERVING, -1);
		say_up(s);
	} else if (clock_ms() >= s->end) {
		err_set(&s->why, ERR_CONFIG,
			"lighttpd does not answer on port %ld",
			s->plan->settings->port);
		broken(s);
	} else {
		workers_tick(&s->workers);
	}
}

/* The settings of the process, read anew; what is wrong stops nothing. */
static void reload(struct supervise *s)
{
	struct snapshot *c;
	struct err e;

	if (!workers_replaceable(&s->workers))
		return; /* later */
	s->reload = false;
	c = snapshot_load(s->plan->home, &e);
	if (!c) {
		say_message("nothing is replaced: %s", e.msg);
		return;
	}
	s->workers.wanted = cores_workers(c->settings.workers);
	s->workers.drain_ms = c->settings.drain_ms;
	snapshot_free(c);
	workers_replace(&s->workers);
}

static void while_serving(struct supervise *s)
{
	if (server_lost(s)) {
		broken(s);
	} else if (s->stop) {
		stop(s);
	} else if (workers_hopeless(&s->workers)) {
		err_set(&s->why, ERR_CONFIG,
			"the worker %s does not start any more: its message "
			"stands above",
			s->workers.program);
		broken(s);
	} else {
		if (s->reload)
			reload(s);
		refuse_for_workers(s, workers_away(&s->workers));
		workers_tick(&s->workers);
	}
}

static void close_server(struct supervise *s)
{
	s->refuse.http = s->http;
	if (s->server)
		kill(s->server, s->server_kill = SIGINT);
	enter(s, CLOSING, CLOSE_MS);
}

static void while_draining(struct supervise *s)
{
	int64_t left;

	workers_tick(&s->workers);
	if (s->workers.n == 0 && s->end == NEVER)
		s->end = clock_ms() + (s->server ? KEPT_MS : 0);
	if (clock_ms() >= s->end)
		close_server(s);
	if (s->workers.n == 0)
		return;
	left = s->since + s->workers.drain_ms - clock_ms();
	s->refuse.retry_after = 1 + (left > 0 ? (long)left / 1000 : 0);
	if (!s->said && s->stop && clock_ms() - s->since > SLOW_MS) {
		s->said = true;
		say_message("stopping: answers have %ld s to end (Ctrl-C again "
			    "ends them now)",
			    (s->workers.drain_ms + 999) / 1000);
	}
}

static void close_socket(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* When the queues are empty nobody may come any more; who came has an answer,
 * or had the time. */
static void while_leaving(struct supervise *s)
{
	if (s->http >= 0 && clock_ms() - s->since >= SHUT_MS &&
	    refuse_rest(&s->refuse)) {
		close_socket(&s->http);
		close_socket(&s->socket);
		s->refuse.http = s->refuse.fastcgi = -1;
	}
	if (clock_ms() >= s->end || (s->http < 0 && s->refuse.n == 0))
		s->phase = OVER;
}

/* SIGINT lets answers end, SIGTERM does not, SIGKILL needs no consent. */
static void while_closing(struct supervise *s)
{
	if (s->server == 0) {
		enter(s, LEAVING, LEAVE_MS);
		listen_shut(s->http);
	} else if (clock_ms() >= s->end && s->server_kill == SIGKILL) {
		s->server = 0; /* nothing is left to be done */
	} else if (clock_ms() >= s->end) {
		s->server_kill = s->server_kill == SIGINT ? SIGTERM : SIGKILL;
		kill(s->server, s->server_kill);
		s->end = clock_ms() + KILL_MS;
	}
}

static void (*const steps[])(struct supervise *s) = {
	[STARTING] = while_starting, [SERVING] = while_serving,
	[DRAINING] = while_draining, [CLOSING] = while_closing,
	[LEAVING] = while_leaving,
};

/* --- what happens -------------------------------------------------------- */

/* A terminal that is closed ends what runs in it; SIGHUP alone does not. */
static bool terminal_is_there(void)
{
	int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static void hung_up(struct supervise *s)
{
	if (!s->in_terminal || terminal_is_there())
		s->reload = true;
	else if (!s->stop)
		s->stop = SIGHUP;
}

static void end_at_once(struct supervise *s)
{
	workers_kill(&s->workers);
	if (s->server)
		kill(s->server, SIGKILL);
	s->phase = OVER;
}

static void asked_to_stop(struct supervise *s, int sig)
{
	if (!s->stop) {
		s->stop = sig;
		s->stop_at = clock_ms();
	} else if (sig == s->stop && clock_ms() - s->stop_at > TWICE_MS) {
		end_at_once(s);
	}
}

static void read_signals(struct supervise *s)
{
	int sig;

	while ((sig = port_signals_next(&s->signals))) {
		if (sig == SIGHUP)
			hung_up(s);
		else if (sig != SIGCHLD)
			asked_to_stop(s, sig);
	}
}

static void reap(struct supervise *s)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == s->server) {
			s->server = 0;
			s->server_status = status;
		} else {
			workers_reaped(&s->workers, pid, status);
		}
	}
}

static void probe_close(struct supervise *s)
{
	close(s->probe);
	s->probe = -1;
	s->probe_again = clock_ms() + PROBE_MS;
}

/* Clients can connect before the web server runs: only an answer shows that it
 * does. This path is one that it answers by itself. */
static void probe_open(struct supervise *s)
{
	struct sockaddr_storage a;
	socklen_t n = sizeof(a);

	if (s->phase != STARTING || s->up || s->probe >= 0 ||
	    clock_ms() < s->probe_again ||
	    getsockname(s->http, (struct sockaddr *)&a, &n))
		return;
	s->probe_sent = false;
	s->probe = port_socket(a.ss_family, SOCK_STREAM, 0, true);
	if (s->probe >= 0 && connect(s->probe, (struct sockaddr *)&a, n) &&
	    errno != EINPROGRESS)
		probe_close(s);
}

static void probe_go_on(struct supervise *s)
{
	static const char ask[] = "GET /.lighttpd-error HTTP/1.0\r\n\r\n";
	char byte;

	if (!s->probe_sent) {
		s->probe_sent = true;
		if (send(s->probe, ask, sizeof(ask) - 1, MSG_NOSIGNAL) < 0)
			probe_close(s);
		return;
	}
	s->up = recv(s->probe, &byte, 1, 0) == 1;
	probe_close(s);
}

/* Until something happens, or is due. */
static int wait_time(const struct supervise *s)
{
	int64_t when = workers_when(&s->workers, s->end), now = clock_ms();
	int64_t shut = s->since + SHUT_MS;

	when = refuse_when(&s->refuse, when);
	if (s->phase == STARTING && s->probe < 0 && s->probe_again < when)
		when = s->probe_again;
	if (s->phase == DRAINING && !s->said && s->since + SLOW_MS < when)
		when = s->since + SLOW_MS;
	if (s->phase == LEAVING && shut > now && shut < when)
		when = shut;
	if (when <= now)
		return 0;
	return when - now > 60000 ? 60000 : (int)(when - now);
}

static void step(struct supervise *s)
{
	struct pollfd p[POLLS_MAX];
	int workers, clients, ms;

	probe_open(s);
	p[0] = (struct pollfd){ s->signals.fd, POLLIN, 0 };
	p[1] = (struct pollfd){ s->probe, s->probe_sent ? POLLIN : POLLOUT, 0 };
	p[2] = (struct pollfd){ s->server_said.fd, POLLIN, 0 };
	workers = workers_polls(&s->workers, p + 3);
	clients = refuse_polls(&s->refuse, p + 3 + workers);
	ms = wait_time(s);
	if (poll(p, (nfds_t)(3 + workers + clients), ms) < 0)
		return;
	workers_heard(&s->workers, p + 3, workers);
	refuse_serve(&s->refuse, p + 3 + workers, clients);
	if (p[2].revents)
		child_said_read(&s->server_said);
	if (p[1].revents)
		probe_go_on(s);
	if (p[0].revents)
		read_signals(s);
	reap(s);
	if (s->phase != OVER)
		steps[s->phase](s);
}

/* --- beginning and end --------------------------------------------------- */

static int start_server(struct supervise *s, struct err *e)
{
	const struct server_conf *c = s->plan->conf;
	char *argv[] = { c->lighttpd, (char *)"-D", (char *)"-f", c->path,
			 NULL };
	struct child_plan plan = { .argv = argv,
				   .input = -1,
				   .third = s->http,
				   .third_is = CHILD_SOCKET };

	if (child_said_open(&s->server_said, "lighttpd", &plan, e))
		return -1;
	s->server = child_start(&plan, e);
	return s->server > 0 ? 0 : -1;
}

static void our_signals(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGHUP);
	sigaddset(set, SIGCHLD);
}

void supervise_signals(void)
{
	sigset_t set;

	our_signals(&set);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

static int take_signals(struct supervise *s, struct err *e)
{
	struct sigaction hup;
	sigset_t set;

	sigaction(SIGHUP, NULL, &hup); /* nohup(1) ignores it */
	s->in_terminal = hup.sa_handler != SIG_IGN && terminal_is_there();
	signal(SIGPIPE, SIG_IGN);
	our_signals(&set);
	return port_signals_open(&s->signals, &set)
		     ? err_sys(e, "wait for", "signals")
		     : 0;
}

/* Whatever is left: nothing of it may stay. */
static void end_rest(struct supervise *s)
{
	int64_t end = clock_ms() + KILL_MS;

	end_at_once(s);
	while ((s->server || s->workers.n) && clock_ms() < end) {
		struct pollfd p = { s->signals.fd, POLLIN, 0 };

		poll(&p, 1, KILL_MS);
		read_signals(s);
		reap(s);
	}
}

static void run(struct supervise *s)
{
	s->workers.wanted = cores_workers(s->plan->settings->workers);
	s->workers.drain_ms = s->plan->settings->drain_ms;
	enter(s, STARTING, START_MS);
	workers_tick(&s->workers);
	if (start_server(s, &s->why) == 0)
		while (s->phase != OVER)
			step(s);
	end_rest(s);
}

int supervise(const struct supervise_plan *plan, struct err *e)
{
	struct supervise s = { .plan = plan,
			       .http = plan->http,
			       .socket = plan->workers,
			       .probe = -1,
			       .server_said = { .fd = -1, .end = -1 },
			       .signals.fd = -1 };
	char *program = install_path_worker(&s.why);

	ready_init(&s.ready);
	refuse_init(&s.refuse);
	workers_init(&s.workers, program, s.socket);
	if (program && take_signals(&s, &s.why) == 0)
		run(&s);
	child_said_close(&s.server_said);
	ready_end(&s.ready);
	refuse_release(&s.refuse);
	workers_release(&s.workers);
	close_socket(&s.http);
	close_socket(&s.socket);
	close_socket(&s.probe);
	port_signals_close(&s.signals);
	if (s.why.code)
		*e = s.why;
	return s.why.code ? -1 : 0;
}
