/* Disasters for stories: backups put back, disks that run twice, changes that no
 * hub can decide. A test includes this and is one program with it. */
#include "tests/world.c"

#include <sqlite3.h>

#define TEST(name) static void name(void **state)
#define W \
    struct world *w = world_new(); \
    (void)state

struct backup {
    char path[PATH_ROOM + 100];
    uint64_t life, reserved;
};

void backup(struct world *w, struct backup *out, const char *tail)
{
    snprintf(out->path, sizeof out->path, "%s.%s", w->hub_path, tail);
    store_close(w->hub);
    files_copy(w->hub_path, out->path);
    out->life = w->life;
    out->reserved = w->reserved;
    hub_open(w);
}

void restore(struct world *w, const struct backup *from)
{
    store_close(w->hub);
    files_copy(from->path, w->hub_path);
    hub_open(w);
}

void revert(struct world *w, const struct backup *from)
{
    store_close(w->hub);
    files_copy(from->path, w->hub_path);
    w->life = from->life;
    w->reserved = from->reserved;
    hub_open(w);
}

void meddle(const char *path, const char *sql)
{
    sqlite3 *db;
    char *why = NULL;

    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    if (sqlite3_exec(db, sql, NULL, NULL, &why) != SQLITE_OK)
        fail_msg("%s", why);
    sqlite3_close(db);
}

void meddle_hub(struct world *w, const char *sql)
{
    store_close(w->hub);
    meddle(w->hub_path, sql);
    hub_open(w);
}

/* A change that always fails at the hub, whatever the reason: its bytes hold 坏.
 * It may be set aside (state 5 or whatever STATE_ASIDE is). */
void bad_change(struct world *w)
{
    char sql[400];

    snprintf(sql, sizeof sql,
             "CREATE TRIGGER bad BEFORE INSERT ON journal WHEN NEW.state <> %d"
             " AND instr(NEW.bytes, CAST('坏' AS BLOB)) > 0 "
             "BEGIN SELECT RAISE(ABORT, 'bad'); END", (int)STATE_ASIDE);
    meddle_hub(w, sql);
}

/* Two machines that draw the same next origin: a resumed snapshot. */
struct twins {
    struct town *one, *two;
};

void twins_make(struct world *w, struct twins *t)
{
    uint64_t dice;

    t->one = town_of(w, "a");
    town_shut(t->one);
    t->two = town_add(w, "twin", "520527001");
    town_shut(t->two);
    files_copy(t->one->path, t->two->path);
    snprintf(t->two->name, sizeof t->two->name, "a");
    t->two->speaker = t->one->speaker;
    hub_stations(w);
    dice = t->one->dice;
    town_open(w, t->one);
    town_open(w, t->two);
    t->one->dice = t->two->dice = dice;
    snprintf(t->two->name, sizeof t->two->name, "twin");
}

/* Which of the two is called "a" now. */
void be(struct twins *t, int which)
{
    snprintf(t->one->name, sizeof t->one->name, which == 1 ? "a" : "x1");
    snprintf(t->two->name, sizeof t->two->name, which == 2 ? "a" : "x2");
}
