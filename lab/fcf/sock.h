/*
 * sock.h: listening on a unix socket
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

/* Listens on dir/name.sock, in place of whatever socket was there. Returns
 * the descriptor, or -1 after having said on stderr what is wrong. */
int sock_listen(const char *dir, const char *name);

/* Removes dir/name.sock. */
void sock_remove(const char *dir, const char *name);

/* Accepts one connection, non-blocking; -1 if there is none. */
int sock_accept(int listener);
