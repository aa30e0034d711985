/*
 * virwwn.c: Fibre Channel World Wide Names
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

#include <config.h>

#include "viralloc.h"
#include "virerror.h"
#include "virwwn.h"

#define VIR_FROM_THIS VIR_FROM_NONE


/* virWWNCanonicalize:
 * @str: a WWN as people, switches and sysfs write it
 * @wwn: filled with the canonical form and a closing NUL
 *
 * Accepts 16 hex digits of either case, alone, after "0x" (sysfs), or as
 * eight pairs joined by ':' (switches, targetcli).
 *
 * Returns true if @str is a WWN; otherwise false, with @wwn undefined.
 */
static bool
virWWNCanonicalize(const char *str,
                   char wwn[VIR_WWN_LENGTH + 1])
{
    bool colons;
    size_t i;

    if (STRCASEPREFIX(str, "0x"))
        str += strlen("0x");

    colons = strlen(str) > VIR_WWN_LENGTH;

    for (i = 0; i < VIR_WWN_LENGTH; i++) {
        if (colons && i > 0 && i % 2 == 0 && *str++ != ':')
            return false;

        if (!g_ascii_isxdigit(*str))
            return false;

        wwn[i] = g_ascii_tolower(*str++);
    }
    wwn[i] = '\0';

    return *str == '\0';
}


/**
 * virWWNParseQuiet:
 * @str: WWN in any accepted form
 * @wwn: set to the canonical form, to be freed by the caller
 *
 * Returns 0 on success; -1 without an error, and with @wwn untouched, if
 * @str is not a WWN.
 */
int
virWWNParseQuiet(const char *str,
                 char **wwn)
{
    char buf[VIR_WWN_LENGTH + 1];

    if (!virWWNCanonicalize(str, buf))
        return -1;

    *wwn = g_strdup(buf);
    return 0;
}


/**
 * virWWNParse:
 * @str: WWN in any accepted form
 * @wwn: set to the canonical form, to be freed by the caller
 *
 * Like virWWNParseQuiet, but failure comes with an error that names @str.
 */
int
virWWNParse(const char *str,
            char **wwn)
{
    if (virWWNParseQuiet(str, wwn) < 0) {
        virReportError(VIR_ERR_XML_ERROR,
                       _("malformed WWN '%1$s': expected 16 hex digits, such as '2101001b32a90002'"),
                       str);
        return -1;
    }

    return 0;
}


/**
 * virWWNEqual:
 * @a: WWN in any accepted form, or NULL
 * @b: WWN in any accepted form, or NULL
 *
 * Returns true if both are the same WWN. NULL and strings that are not a WWN
 * equal nothing, not even themselves.
 */
bool
virWWNEqual(const char *a,
            const char *b)
{
    char abuf[VIR_WWN_LENGTH + 1];
    char bbuf[VIR_WWN_LENGTH + 1];

    return a && b &&
        virWWNCanonicalize(a, abuf) &&
        virWWNCanonicalize(b, bbuf) &&
        STREQ(abuf, bbuf);
}


/**
 * virWWNCheck:
 * @wwn: WWN in any accepted form
 * @what: what it is meant for, e.g. "wwpn"; used in the error
 *
 * Checks that a fabric would take @wwn as the name of a port or a node: its
 * first digit, the Network Address Authority (FC-FS, "Name_Identifier
 * formats"), has to be a known one: 1 and 2 (IEEE), 3 (locally assigned), 5
 * and 6 (IEEE registered), c to f (EUI-64 mapped).
 *
 * Returns 0 if so; otherwise -1 with an error.
 */
int
virWWNCheck(const char *wwn,
            const char *what)
{
    g_autofree char *canonical = NULL;

    if (virWWNParse(wwn, &canonical) < 0)
        return -1;

    if (!strchr("12356cdef", canonical[0])) {
        virReportError(VIR_ERR_XML_ERROR,
                       _("invalid %1$s '%2$s': a WWN cannot begin with '%3$c', see the address authority (NAA) of FC-FS; usual are 1, 2, 5 and c"),
                       what, wwn, canonical[0]);
        return -1;
    }

    return 0;
}
