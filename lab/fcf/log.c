/*
 * log.c: the record of what happened on the fabric, as JSON lines
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include "log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fabric.h"
#include "json.h"
#include "wwn.h"

/* One N_Port that is in, as far as the log has been told. */
struct present {
    struct present *next;
    uint64_t wwpn;
    uint32_t fcid;
};

void
log_init(struct log *log, FILE *out)
{
    *log = (struct log) { .out = out };
}

void
log_clear(struct log *log)
{
    while (log->present) {
        struct present *gone = log->present;

        log->present = gone->next;
        free(gone);
    }
}

double
log_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec + now.tv_nsec / 1e9;
}

/* A line in the making: text is malloc()ed and complete at end_line(). */
struct line {
    FILE *out;
    char *text;
    size_t len;
};

static void
begin_line(struct line *line, const char *event)
{
    line->out = open_memstream(&line->text, &line->len);
    if (!line->out)
        abort();

    fprintf(line->out, "{\"t\":%.6f,\"event\":\"%s\"", log_now(), event);
}

/* Double logins are told by the log: better no fabric than a log with gaps. */
static void
write_line(FILE *out, const char *text)
{
    if (fprintf(out, "%s\n", text) < 0 || fflush(out) != 0) {
        fprintf(stderr, "fcf: cannot write the log: %s; is the disk full?\n",
                strerror(errno));
        abort();
    }
}

static void
end_line(struct log *log, struct line *line)
{
    fputc('}', line->out);
    fclose(line->out);

    if (log->out)
        write_line(log->out, line->text);
    if (log->line)
        log->line(log->owner, line->text);

    free(line->text);
}

static void
add_text(struct line *line, const char *key, const char *value)
{
    fprintf(line->out, ",\"%s\":", key);
    json_string(line->out, value);
}

static void
add_wwn(struct line *line, const char *key, uint64_t wwn)
{
    char text[WWN_TEXT_LEN];

    add_text(line, key, wwn_text(wwn, text));
}

static void
add_login(struct line *line, const struct login *login)
{
    add_text(line, "port", login->port->name);
    add_wwn(line, "wwpn", login->wwpn);
    add_wwn(line, "wwnn", login->wwnn);
    fprintf(line->out, ",\"fcid\":\"%06" PRIx32 "\"", login->fcid);
    add_text(line, "kind", login->is_virtual ? "fdisc" : "flogi");
}

static void
account_in(struct log *log, const struct login *login)
{
    struct present *present = malloc(sizeof(*present));

    if (!present)
        abort();

    present->wwpn = login->wwpn;
    present->fcid = login->fcid;
    present->next = log->present;
    log->present = present;
}

static void
account_out(struct log *log, const struct login *login)
{
    for (struct present **at = &log->present; *at; at = &(*at)->next) {
        struct present *present = *at;

        if (present->wwpn == login->wwpn && present->fcid == login->fcid) {
            *at = present->next;
            free(present);
            return;
        }
    }
}

static void
judge_login(struct log *log, const struct login *login)
{
    struct present *other = log->present;
    struct line line;

    while (other && other->wwpn != login->wwpn)
        other = other->next;
    if (!other)
        return;

    log->double_logins++;
    begin_line(&line, "double_login");
    add_login(&line, login);
    fprintf(line.out, ",\"other_fcid\":\"%06" PRIx32 "\"", other->fcid);
    end_line(log, &line);
}

void
log_start(struct log *log, const char *policy, uint64_t fabric_name)
{
    struct line line;

    begin_line(&line, "start");
    add_wwn(&line, "fabric", fabric_name);
    add_text(&line, "policy", policy);
    end_line(log, &line);
}

void
log_login(struct log *log, const struct login *login)
{
    struct line line;

    begin_line(&line, "login");
    add_login(&line, login);
    end_line(log, &line);

    judge_login(log, login);
    account_in(log, login);
}

void
log_logout(struct log *log, const struct login *login, const char *reason)
{
    struct line line;

    begin_line(&line, "logout");
    add_login(&line, login);
    add_text(&line, "reason", reason);
    end_line(log, &line);

    account_out(log, login);
}

void
log_reject(struct log *log, const struct port *port, uint64_t wwpn,
           uint64_t wwnn, const char *kind, const char *reason)
{
    struct line line;

    begin_line(&line, "reject");
    add_text(&line, "port", port->name);
    add_wwn(&line, "wwpn", wwpn);
    add_wwn(&line, "wwnn", wwnn);
    add_text(&line, "kind", kind);
    add_text(&line, "reason", reason);
    end_line(log, &line);
}

void
log_link(struct log *log, const struct port *port, const char *state,
         const char *reason)
{
    struct line line;

    begin_line(&line, "link");
    add_text(&line, "port", port->name);
    add_text(&line, "state", state);
    add_text(&line, "reason", reason);
    end_line(log, &line);
}

void
log_rscn(struct log *log, const struct login *to, const struct login *about)
{
    struct line line;

    begin_line(&line, "rscn");
    add_login(&line, to);
    add_wwn(&line, "about_wwpn", about->wwpn);
    fprintf(line.out, ",\"about_fcid\":\"%06" PRIx32 "\"", about->fcid);
    end_line(log, &line);
}

void
log_setting(struct log *log, const char *command)
{
    struct line line;

    begin_line(&line, "setting");
    add_text(&line, "command", command);
    end_line(log, &line);
}
