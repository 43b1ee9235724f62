/*
 * yizhan demo: a hub, the county's station and three township stations on this
 * machine, with made-up data, one cut line, and what happens then.
 *
 *   demo.c        the story
 *   demo_nodes.c  folders, configurations, processes
 *   demo_talk.c   what the daemons are asked to do
 *   demo_data.c   the made-up register
 *   demo_check.c  do all registers agree?
 */
#ifndef YZ_DEMO_H
#define YZ_DEMO_H

#include "daemon/command.h"

#include <sys/types.h>

enum { DEMO_NODES = 5, DEMO_HUB = 0, DEMO_COUNTY = 1, DEMO_CUT = 2 };

struct demo_node {
    const char *name, *org, *zh, *en;   /* en, zh: what the story calls it */
    struct cli cli;             /* to its door */
    pid_t pid;                  /* 0: not running */
    char conf[CONFIG_PATH];
};

struct demo {
    struct cli *cli;
    char dir[CONFIG_PATH];
    bool own_dir;               /* made by us, and removed by us */
    char kinds[CONFIG_PATH];
    char program[CONFIG_PATH];
    char hub_url[CONFIG_HOST];
    struct demo_node node[DEMO_NODES];
    bool agree;
    int64_t records, bytes_up, bytes_down, taken, parked, returned;
    json_t *parked_case;        /* the one the story makes */
};

/* A sentence of the story; silent with --json. */
void demo_say(const struct demo *demo, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Ctrl-C and its like came: unwind. */
bool demo_stopped(void);

/* ---- demo_nodes.c ---- */

/* Folder, kinds, configurations. 0 or an exit code. */
int demo_prepare(struct demo *demo);
/* Start all, and let the stations in at the hub. */
int demo_start(struct demo *demo);
/* End all that run, each by its pid, and remove the folder if it is ours. */
void demo_end(struct demo *demo);

/* ---- demo_talk.c ---- */

/* What the story calls a node. */
const char *demo_name(const struct demo *demo, int index);
int64_t demo_queued(struct demo *demo, int index);
/* Enter its share of the register. 0 or an exit code, like the rest. */
int demo_fill(struct demo *demo, int index);
int demo_edit(struct demo *demo, int index, const char *id, const char *field,
              const char *value);
int demo_exchange(struct demo *demo, int index, bool tell);
/* All but `except`. Twice round: who came first has not seen what came
 * after. */
int demo_exchange_all(struct demo *demo, int except);

/* ---- demo_data.c ---- */

/* The made-up register of one station as import lines, appended to `out`. */
void demo_register(int index, struct buf *out);
/* The record id of member `i` of station `index`, as text of 37 bytes. */
void demo_member_id(int index, int i, char *out);

/* ---- demo_check.c ---- */

/* Does the station show what the hub shows of its organisation? Sets *lines to
 * the number of records. 0 or an exit code. */
int demo_agrees(struct demo *demo, int index, bool *agree, int64_t *lines);

#endif
