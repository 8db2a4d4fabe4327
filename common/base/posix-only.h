/* SPDX-License-Identifier: MIT */
/*
 * posix-only: what configure has found is forgotten, as far as POSIX 2008 does
 * not have it. config.h includes it with POSIX_FALLBACKS; it cannot say so by
 * itself, for config.status sets every #undef that stands in config.h.
 */
#ifndef DARIO_POSIX_ONLY_H
#define DARIO_POSIX_ONLY_H

#undef HAVE_ACCEPT4
#undef HAVE_EXPLICIT_BZERO
#undef HAVE_LINUX_FILTER_H
#undef HAVE_LINUX_INET_DIAG_H
#undef HAVE_MALLOC_TRIM
#undef HAVE_MALLOPT
#undef HAVE_MEMRCHR
#undef HAVE_PIPE2
#undef HAVE_POSIX_FALLOCATE
#undef HAVE_POSIX_SPAWN_FILE_ACTIONS_ADDCLOSEFROM_NP
#undef HAVE_SIGTIMEDWAIT
#undef HAVE_STRUCT_TCP_INFO_TCPI_BYTES_SENT
#undef HAVE_SYS_EPOLL_H
#undef HAVE_SYS_EVENTFD_H
#undef HAVE_SYS_INOTIFY_H
#undef HAVE_SYS_PRCTL_H
#undef HAVE_SYS_SIGNALFD_H
#undef HAVE_SYS_SYSCALL_H

#endif
