/*
 * libvirt.h: what the targets that are linked with libvirt have in common
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

/* Starts libvirt as a daemon does that keeps its mouth shut. */
void fuzz_libvirt_init(void);

/* Ends the program unless both texts are the same. */
void fuzz_same(const char *what, const char *first, const char *second);
