/* SPDX-License-Identifier: MIT */
/* io: what read(2) and write(2) leave to their callers. */
#ifndef DARIO_IO_H
#define DARIO_IO_H

#include "base/buf.h"

/* All bytes, however often the call is interrupted; -1 with errno. */
int io_write(int fd, struct span s);

#endif
