/*
 * virwwn.h: Fibre Channel World Wide Names
 *
 * This library is free software; you can redistribute it and/or
 * modify it under the terms of the GNU Lesser General Public
 * License as published by the Free Software Foundation; either
 * version 2.1 of the License, or (at your option) any later version.
 *
 * This library is distributed in the hope that it will be useful,
 * but WITHOUT ANY WARRANTY; without even the implied warranty of
 * MERCHANTABILITY or FITNESS FOR A PARTICULAR PURPOSE.  See the GNU
 * Lesser General Public License for more details.
 *
 * You should have received a copy of the GNU Lesser General Public
 * License along with this library.  If not, see
 * <http://www.gnu.org/licenses/>.
 */

#pragma once

#include "internal.h"

/*
 * A World Wide Name is a 64 bit identifier (FC-FS, "Name_Identifier") that
 * names a Fibre Channel port (WWPN) or the node behind it (WWNN). Inside
 * libvirt it is a string of 16 lower-case hex digits, the "canonical form".
 */

/* digits of the canonical form */
#define VIR_WWN_LENGTH 16

int virWWNParse(const char *str,
                char **wwn)
    ATTRIBUTE_NONNULL(1) ATTRIBUTE_NONNULL(2) G_GNUC_WARN_UNUSED_RESULT;

int virWWNParseQuiet(const char *str,
                     char **wwn)
    ATTRIBUTE_NONNULL(1) ATTRIBUTE_NONNULL(2) G_GNUC_WARN_UNUSED_RESULT;

bool virWWNEqual(const char *a,
                 const char *b);

int virWWNCheck(const char *wwn,
                const char *what)
    ATTRIBUTE_NONNULL(1) ATTRIBUTE_NONNULL(2);
