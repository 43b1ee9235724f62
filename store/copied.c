/*
 * A copy that lies on some disk: what it is, and making a store of it again.
 */
#include "store/care.h"
#include "store/verify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void note_of(struct store *copy, const char *name, char *out,
                    size_t size)
{
    sqlite3_stmt *stmt =
        db_stmt(copy, "SELECT value FROM copy WHERE name = ?1");

    out[0] = '\0';
    db_text(stmt, 1, bytes_text(name));
    if (db_step(copy, stmt) == 1)
        db_column_text(stmt, 0, out, size);
    sqlite3_reset(stmt);
}

static void counts_of(struct store *copy, struct copy_facts *facts)
{
    tally_load(copy);
    facts->records = (uint64_t)copy->records;
    for (int i = 0; i < STATES; i++)
        facts->written += (uint64_t)copy->tally[i];
}

static int read_facts(struct store *copy, struct copy_facts *out)
{
    char role[16], made[24];

    note_of(copy, "role", role, sizeof role);
    note_of(copy, "org", out->org, sizeof out->org);
    note_of(copy, "name", out->note.name, sizeof out->note.name);
    note_of(copy, "made_ms", made, sizeof made);
    note_of(copy, "numbers", out->note.numbers, sizeof out->note.numbers);
    out->note.made_ms = strtoll(made, NULL, 10);
    out->hub = copy->hub = strcmp(role, "hub") == 0;
    out->life = (uint64_t)meta_get(copy, "life", 0);
    out->number = (uint64_t)meta_get(copy, "number", 0);
    out->seq = (uint64_t)meta_get(copy, "seq", 0);
    out->note.secures =
        (uint64_t)meta_get(copy, "secured", 0) == out->number &&
        out->number > 0;
    counts_of(copy, out);
    if (copy->rc == 0 && !out->hub && strcmp(role, "station") != 0)
        return ERR_COPY;
    return copy->rc;
}

static bool has_note(struct store *copy)
{
    sqlite3_stmt *stmt = NULL;
    bool has = sqlite3_prepare_v2(copy->db, "SELECT value FROM copy", -1,
                                  &stmt, NULL) == SQLITE_OK &&
               sqlite3_step(stmt) == SQLITE_ROW;

    sqlite3_finalize(stmt);
    return has;
}

static int judge(struct store *copy, const char *path,
                 struct copy_facts *facts, struct fault *fault)
{
    int64_t version;
    int rc;

    if (!has_note(copy))
        return fault_set(fault, ERR_COPY, "", "%s is not one that `yizhan "
                         "backup` has made", path);
    version = meta_get(copy, "schema", 0);
    if (version > SCHEMA_VERSION)
        return fault_set(fault, ERR_COPY, "",
                         "%s is of version %lld, this program reads version "
                         "%d", path, (long long)version, SCHEMA_VERSION);
    rc = read_facts(copy, facts);
    return rc == 0 ? 0 : fault_set(fault, rc, "", "%s", path);
}

/* As it lies there: nothing is made beside it, whatever it is, and no lock is
 * asked of the disk it came on. */
static void as_it_is(const char *path, char *out, size_t size)
{
    size_t len = (size_t)snprintf(out, size, "file:");

    for (; *path != '\0' && len + 32 < size; path++)
        len += (size_t)snprintf(out + len, size - len,
                                strchr("%?#", *path) != NULL ? "%%%02x" : "%c",
                                (unsigned char)*path);
    snprintf(out + len, size - len, "?immutable=1");
}

int copy_open(const char *path, const char *vfs, struct store **out,
              struct copy_facts *facts, struct fault *fault)
{
    struct store *copy = xmalloc(sizeof *copy);
    char uri[2048];
    int rc;

    memset(copy, 0, sizeof *copy);
    memset(facts, 0, sizeof *facts);
    as_it_is(path, uri, sizeof uri);
    rc = sqlite3_open_v2(uri, &copy->db,
                         SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX |
                             SQLITE_OPEN_URI, vfs);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(copy->db,
                          "PRAGMA cell_size_check = ON; "
                          "PRAGMA trusted_schema = OFF; "
                          "PRAGMA cache_size = -4096", NULL, NULL, NULL);
    rc = rc == SQLITE_OK
             ? judge(copy, path, facts, fault)
             : fault_set(fault, db_error(copy, rc), "", "%s: %s", path,
                         sqlite3_errmsg(copy->db));
    if (rc < 0) {
        copy_close(copy);
        copy = NULL;
    }
    *out = copy;
    return rc;
}

void copy_close(struct store *store)
{
    store_close(store);         /* never ready: nothing is written */
}

static int settle(struct store *copy, const struct audited *row)
{
    /* secure: the numbers' key was in it */
    int rc = db_exec(copy, "PRAGMA secure_delete = ON; "
                           "PRAGMA synchronous = FULL; BEGIN IMMEDIATE");

    if (rc == 0 && row != NULL)
        rc = audit_add(copy, row);
    if (rc == 0)
        rc = db_exec(copy, "DROP TABLE copy");
    return rc == 0 ? db_exec(copy, "COMMIT") : rc;
}

int copy_settle(const char *path, const char *vfs, const struct audited *row,
                struct fault *fault)
{
    struct store *copy = xmalloc(sizeof *copy);
    int rc;

    memset(copy, 0, sizeof *copy);
    rc = sqlite3_open_v2(path, &copy->db,
                         SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, vfs);
    rc = rc == SQLITE_OK ? settle(copy, row) : db_error(copy, rc);
    if (rc < 0)
        rc = fault_set(fault, rc == ERR_FULL ? ERR_FULL : ERR_IO, "",
                       "%s: %s", path, sqlite3_errmsg(copy->db));
    copy_close(copy);
    return rc;
}
