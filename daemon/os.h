/* What the node needs of the system, one file per system (os_linux.c). */
#ifndef YZ_OS_H
#define YZ_OS_H

#include "proto/buf.h"
#include "proto/err.h"

#include <stdint.h>

/* Never wraps, goes on while the machine sleeps. */
int64_t os_mono_ms(void);
int64_t os_wall_ms(void);
/* Names this boot of the machine; zeros where it cannot be known. */
void os_boot(uint8_t out[8]);
void os_random(void *user, void *out, size_t len);

/* Keep everybody else out of the data directory until the process ends.
 * ERR_BUSY names the process that holds it. */
int os_lock(const char *data, struct fault *fault);
/* Make the directory if it is missing, for this user alone; one that is there, and
 * what lies in it, is closed to others. ERR_CONFIG: they may look into it, and it
 * has been something else so far. */
int os_directory(const char *path, struct fault *fault);
/* Replace a file so that after a power cut it is wholly old or wholly new.
 * Readable by this user alone. */
int os_write_file(const char *path, struct bytes content,
                  struct fault *fault);
/* Read a whole small file: 1 read, 0 it is not there. */
int os_read_file(const char *path, size_t max, struct buf *out,
                 struct fault *fault);
/* Remove it, if it is there, so that it stays away after a power cut. */
int os_remove_file(const char *path, struct fault *fault);
bool os_file_there(const char *path);
/* Make a file of so many bytes that means nothing but the room it takes; it is
 * there whole or not at all. */
int os_take_room(const char *path, int64_t bytes, struct fault *fault);
/* Bytes that can still be written to the disk `path` is on; INT64_MAX when it
 * does not tell. */
int64_t os_room(const char *path);
/* Names of the regular files in a directory that end so, sorted, each
 * terminated by NUL. */
int os_list(const char *path, const char *ending, struct buf *out,
            struct fault *fault);
/* Bytes of a file; -1 when it is not there, or is no file. */
int64_t os_size(const char *path);
/* Copy a file into one that is not there yet, durably, for this user alone.
 * Half a copy is removed. */
int os_copy(const char *from, const char *to, struct fault *fault);
/* Give it another name in the same directory, durably, in place of what has
 * that name. */
int os_rename(const char *from, const char *to, struct fault *fault);
/* Is a directory this user's alone, to enter and to write? ERR_IO, ERR_DENIED with
 * `fault`. */
int os_own_directory(const char *path, struct fault *fault);
/* Can a file be made in this directory? */
bool os_may_write(const char *path);
/* Was this process started by a service manager; is there one on this machine? */
bool os_is_service(void);
bool os_has_services(void);
/* Give it to whom `like` belongs, if this user may do that. */
void os_own_like(const char *path, const char *like);
/* Do the two lie on the same disk, as far as can be told? */
bool os_same_disk(const char *one, const char *other);
/* Tell the service manager: "READY=1", "WATCHDOG=1", "STOPPING=1". Nothing
 * happens without one. */
void os_notify(const char *state);
/* How often it wants to hear "WATCHDOG=1", in ms; 0 for never. */
int64_t os_watchdog_ms(void);
/* Not one byte has come from the other end of this connection, as far as can
 * be told. */
bool os_never_sent(int socket);
/* Bytes written to this connection whose receipt the other end has not told. */
uint64_t os_unsent(int socket);
/* Before it connects: no packet, either way, brings more bytes than these. */
void os_small_packets(int socket, int bytes);
/* How many files may be open at a time, after asking for all we may have. */
int os_files(void);
/* Memory and files hold personal data: no core dumps, and what is made is this
 * user's alone. */
void os_keep_private(void);
/* Give up what a daemon that is up never does: start a program, look into another
 * process, make code, listen elsewhere, connect to another port than this (0: at
 * all; -1: to any). As far as the system can; names what it could, for the
 * log. For good. */
const char *os_confine(int port);

#endif
