/* SPDX-License-Identifier: MIT */
/*
 * own-pid: getpid() for what is asked many times a request, without a system
 * call. A child of fork() sees its own at once. Thread-safe.
 */
#ifndef DARIO_OWN_PID_H
#define DARIO_OWN_PID_H

#include <sys/types.h>

pid_t own_pid(void);

#endif
