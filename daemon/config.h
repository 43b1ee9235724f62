/* Configuration: one strict INI file, see yizhan.conf(5). Every value knows
 * where it came from, so `run --check` can print it. */
#ifndef YZ_CONFIG_H
#define YZ_CONFIG_H

#include "proto/buf.h"
#include "proto/err.h"

#include <stdbool.h>
#include <stdint.h>

enum { CONFIG_PATH = 200, CONFIG_HOST = 128, CONFIG_KEYS = 17 };

struct listen {                 /* "127.0.0.1:7070" */
    char host[64];              /* an address, IPv6 without brackets */
    uint16_t port;
};

struct config {
    char file[CONFIG_PATH];
    bool hub;                   /* a hub has no [uplink] */
    char org[16];
    char name[64];              /* [station] name: as the hub knows it */
    char data[CONFIG_PATH];
    char kinds[CONFIG_PATH];    /* directory */
    struct listen local;        /* loopback API: listen of a station, admin of
                                 * a hub */
    struct listen public;       /* hub's listen */
    char stations[CONFIG_PATH]; /* hub: who shares a secret with it; "": who is
                                 * enrolled */
    char uplink[CONFIG_HOST];   /* hub = URL, without a slash at its end; "": as
                                 * it was enrolled */
    char secret[CONFIG_PATH];   /* file, "": none */
    int64_t every_ms;           /* 0: manual, exchanges only when asked */
    int64_t linger_ms;          /* after a save: edits travel together */
    char postgres[4];           /* always empty: not built in yet */
    char backup[CONFIG_PATH];   /* directory of the off-box copies, "": none */
    int line[CONFIG_KEYS];      /* of the file, by key; 0: the default */
};

/* Read and check. On error `fault` names file, line and what is allowed. */
int config_read(const char *file, struct config *out, struct fault *fault);
/* Print every value and where it came from (run --check). */
void config_print(const struct config *config);
/* A path below the data directory; `out` holds CONFIG_PATH + 64 bytes. */
void config_path(const struct config *config, const char *name, char *out);

/* One effective value, for printing. */
struct config_value {
    const char *section, *name;
    char text[CONFIG_PATH];
    int line;                   /* 0: the default */
};
/* Keys by number from 0; false past the last. Keys of the other role give an
 * empty `section`. */
bool config_value(const struct config *config, int key,
                  struct config_value *out);

/* The URL of the loopback door, "http://127.0.0.1:7070"; `out` holds
 * CONFIG_HOST bytes. */
void config_door(const struct config *config, char *out);

/* "300ms", "30s", "15min", "2h", "3d" in milliseconds; false if it is none. */
bool span_parse(const char *text, int64_t *ms);
/* The same way round; `out` holds 32 bytes. */
void span_text(int64_t ms, char *out);

/* Organisation: 6 to 12 digits. Name: letters, digits, '.', '_', '-'. */
bool org_valid(const char *text);
bool station_name_valid(const char *text);
/* A whole path, so that it means the same whoever starts the program. */
bool path_whole(const char *text);

/* All bytes of a file of at most `max` bytes; `out` is initialised here and
 * released by the caller, also on error. ERR_CONFIG with `where` = the file. */
int config_load(const char *file, size_t max, struct buf *out,
                struct fault *fault);

#endif
