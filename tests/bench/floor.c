/*
 * The floor: what bare SQLite does on this disk, with the same journal mode
 * and the same promise (WAL, synchronous=FULL). Ours is told as a share of it.
 *
 *   floor single DB SECONDS   one 200-byte row a transaction, for so long
 *   floor lines DB FILE       every line of FILE a text row, one transaction
 *
 * DB must not exist. Prints one JSON object: how many, seconds from the first
 * BEGIN to the last COMMIT, and seconds of processor time of the whole.
 */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <time.h>

enum { ROW = 200 };

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double cpu(void)
{
    struct rusage use;

    getrusage(RUSAGE_SELF, &use);
    return (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) +
           (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec) / 1e6;
}

static void must(sqlite3 *db, int rc, const char *what)
{
    if (rc == SQLITE_OK || rc == SQLITE_ROW || rc == SQLITE_DONE)
        return;
    fprintf(stderr, "floor: %s: %s\n", what, sqlite3_errmsg(db));
    exit(1);
}

static void sql(sqlite3 *db, const char *text)
{
    must(db, sqlite3_exec(db, text, NULL, NULL, NULL), text);
}

static sqlite3_stmt *prepare(sqlite3 *db, const char *text)
{
    sqlite3_stmt *stmt;

    must(db, sqlite3_prepare_v2(db, text, -1, &stmt, NULL), text);
    return stmt;
}

static void run(sqlite3 *db, sqlite3_stmt *stmt)
{
    must(db, sqlite3_step(stmt), "step");
    sqlite3_reset(stmt);
}

/* A save is durable when it is told: so is this. */
static long single(sqlite3 *db, double seconds)
{
    sqlite3_stmt *begin = prepare(db, "BEGIN IMMEDIATE");
    sqlite3_stmt *insert = prepare(db, "INSERT INTO row (body) VALUES (?1)");
    sqlite3_stmt *commit = prepare(db, "COMMIT");
    double until = now() + seconds;
    char body[ROW];
    long n = 0;

    memset(body, 'x', sizeof(body));
    while (now() < until) {
        snprintf(body, 24, "%014ld", n);
        sqlite3_bind_blob(insert, 1, body, ROW, SQLITE_STATIC);
        run(db, begin);
        run(db, insert);
        run(db, commit);
        n++;
    }
    sqlite3_finalize(begin);
    sqlite3_finalize(insert);
    sqlite3_finalize(commit);
    return n;
}

static long lines(sqlite3 *db, const char *name)
{
    sqlite3_stmt *insert = prepare(db, "INSERT INTO row (body) VALUES (?1)");
    FILE *file = fopen(name, "r");
    char *line = NULL;
    size_t room = 0;
    ssize_t len;
    long n = 0;

    if (!file) {
        perror(name);
        exit(1);
    }
    sql(db, "BEGIN IMMEDIATE");
    while ((len = getline(&line, &room, file)) > 0) {
        sqlite3_bind_text(insert, 1, line, (int)len, SQLITE_STATIC);
        run(db, insert);
        n++;
    }
    sql(db, "COMMIT");
    sqlite3_finalize(insert);
    free(line);
    fclose(file);
    return n;
}

int main(int argc, char **argv)
{
    sqlite3 *db;
    double start;
    long n;

    if (argc != 4 || (strcmp(argv[1], "single") && strcmp(argv[1], "lines"))) {
        fprintf(stderr, "usage: floor single DB SECONDS | lines DB FILE\n");
        return 64;
    }
    must(NULL, sqlite3_open(argv[2], &db), argv[2]);
    sql(db, "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; "
            "PRAGMA synchronous = FULL; "
            "CREATE TABLE row (id INTEGER PRIMARY KEY, body)");
    start = now();
    n = strcmp(argv[1], "single") == 0 ? single(db, atof(argv[3]))
                                       : lines(db, argv[3]);
    printf("{\"count\":%ld,\"seconds\":%.6f,\"cpu\":%.6f}\n", n,
           now() - start, cpu());
    sqlite3_close(db);
    return 0;
}
