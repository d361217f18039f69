/* SPDX-License-Identifier: Apache-2.0 */
/* Kills the process at its K-th write or send, before anything of it is done.

   To be preloaded (LD_PRELOAD); nothing happens before `crash_at(K)`, K from 1 on. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static atomic_long left = -1;

void crash_at(long k) { atomic_store(&left, k); }

static void step(void) {
  if (atomic_load(&left) > 0 && atomic_fetch_sub(&left, 1) == 1)
    kill(getpid(), SIGKILL);
}

#define WATCH(result, name, parameters, ...)                   \
  result name parameters {                                     \
    static result(*real) parameters;                           \
    if (!real) *(void **)&real = dlsym(RTLD_NEXT, #name);      \
    step();                                                    \
    return real(__VA_ARGS__);                                  \
  }

WATCH(ssize_t, write, (int f, const void *b, size_t n), f, b, n)
WATCH(ssize_t, writev, (int f, const struct iovec *v, int n), f, v, n)
WATCH(ssize_t, pwrite, (int f, const void *b, size_t n, off_t o), f, b, n, o)
WATCH(ssize_t, pwrite64, (int f, const void *b, size_t n, off64_t o), f, b, n, o)
WATCH(ssize_t, send, (int f, const void *b, size_t n, int o), f, b, n, o)
WATCH(ssize_t, sendto,
      (int f, const void *b, size_t n, int o, const struct sockaddr *a, socklen_t l),
      f, b, n, o, a, l)
WATCH(ssize_t, sendmsg, (int f, const struct msghdr *m, int o), f, m, o)
