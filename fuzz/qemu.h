/*
 * qemu.h: a QEMU driver that runs nothing
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#pragma once

#include "testutilsqemu.h"

virQEMUDriver *fuzz_qemu_driver(void);

/* The capabilities of a QEMU. With these, no XML makes the driver run a program
 * to ask for some. */
virQEMUCaps *fuzz_qemu_caps(void);
