/* What people write: kind files, configurations, requests of the API. */
#include "daemon/enrol.h"
#include "daemon/json.h"
#include "proto/kind.h"
#include "tests/fuzz/help/must.h"
#include "tests/fuzz/help/seed.h"
#include "tests/fuzz/help/story.h"
#include "tests/pet.h"

#include <stdlib.h>
#include <string.h>

static void put_text(struct buf *out, const char *text)
{
    buf_put(out, text, strlen(text));
}

static void put_file(struct buf *out, const char *path)
{
    struct fault fault;
    struct buf text;

    must(config_load(path, SEED_MAX, &text, &fault) == 0, "%s", path);
    buf_put(out, text.data, text.len);
    buf_done(&text);
}

/* ---- kinds ---- */

/* One for each type and each habit of cleaning. */
static const char *const value[] = {
    "1987年6月1日", "1987.6.1", "19870601", "1987-06", "１９８７／６／１", "暂无",
    "52052719870601001x", "520527870601001", "1.23457E+17", " 是 ", "√",
    "欧阳 · 娜娜", "138-0000-0000", "０１３８", "007", "-1", "520527001", "520527",
    "支部委员、组织委员", "大学本科", "21", "\xe3\x80\x80", "a\r\nb", "\xff",
};

static void put_values(struct buf *out, size_t from, size_t count)
{
    size_t all = sizeof value / sizeof value[0];

    for (size_t i = from; i < from + count; i++) {
        buf_u8(out, 0);
        put_text(out, value[i % all]);
    }
}

/* A field of every type. */
static const char every_type[] =
    "[kind]\nid=1\nname=x\nlabel=x\n[codes c]\n21 20 大学 = 大学本科\n2 = 无\n"
    "[numbers n]\n52 = 0502 0521-0524\n[cell i]\nid=1\nlabel=i\n"
    "[field org]\nid=1\ncell=i\nlabel=o\ntype=org\nrole=org\nrequired=yes\n"
    "[field t]\nid=2\ncell=i\nlabel=t\ntype=text\nmax=9\nsecret=yes\n"
    "[field na]\nid=3\ncell=i\nlabel=na\ntype=text\nclean=name\n"
    "[field ph]\nid=4\ncell=i\nlabel=ph\ntype=text\nclean=phone\n"
    "[field d]\nid=5\ncell=i\nlabel=d\ntype=date\nrough=yes\n"
    "[field m]\nid=6\ncell=i\nlabel=m\ntype=month\n"
    "[field n]\nid=7\ncell=i\nlabel=n\ntype=int\n"
    "[field b]\nid=8\ncell=i\nlabel=b\ntype=bool\n"
    "[field c]\nid=9\ncell=i\nlabel=c\ntype=code\ncodes=c\nopen=yes\n"
    "[field id]\nid=10\ncell=i\nlabel=id\ntype=id18\nunique=yes\nlookup=yes\n"
    "[cell k]\nid=2\nlabel=k\nkeyed=yes\n"
    "[field s]\nid=11\ncell=k\nlabel=s\ntype=set\n";

static const char every_rule[] =
    "[rules]\nV1 = error: required t\nV2 = error: c is 大学本科 needs d\n"
    "V3 = warning: t not-with na\nV4 = error: before d m unless b\n"
    "V5 = error: min-gap d m 365d\nV6 = error: min-age d m 18\n"
    "V7 = warning: pattern ph [0-9]{3,4}-?x [^a-z].{2}\n"
    "V8 = error: code id 1-6 n\nV9 = error: id18 id\n"
    "V10 = error: id18 id birth d\nV11 = error: id18 id gender c\n"
    "V12 = warning: ref id x.id\nV13 = error: one-of t na ph\n"
    "V13.says = 至少一项\n";

static void seed_kinds(void)
{
    struct buf out;

    buf_init(&out, SEED_MAX);
    put_text(&out, every_type);
    put_values(&out, 0, 24);
    seed_write("kindfile", "types", &out);
    put_text(&out, every_type);
    put_text(&out, every_rule);
    put_values(&out, 6, 4);
    seed_write("kindfile", "rules", &out);
    put_text(&out, base);
    put_values(&out, 0, 4);
    seed_write("kindfile", "pet", &out);
    put_file(&out, FUZZ_KINDS "/org_unit.conf");
    put_values(&out, 16, 4);
    seed_write("kindfile", "org_unit", &out);
    put_file(&out, FUZZ_KINDS "/flow_member.conf");
    buf_u8(&out, 0x1c);
    put_text(&out, base);
    put_values(&out, 10, 8);
    seed_write("kindfile", "two", &out);
    put_text(&out, "file pet.conf 910\n");
    put_text(&out, base);
    seed_write("kindfile", "travels", &out);
    buf_done(&out);
}

/* ---- configurations ---- */

static void seed_configs(void)
{
    struct buf out;

    buf_init(&out, SEED_MAX);
    put_file(&out, FUZZ_KINDS "/../yizhan.conf");
    seed_write("config", "station", &out);
    put_file(&out, FUZZ_KINDS "/../hub.conf");
    seed_write("config", "hub", &out);
    put_text(&out, "[station]\norg = 990001001\nname = qs-01\ndata = /d\n"
              "listen = [::1]:7070\nkinds = /k\n[uplink]\n"
              "hub = http://127.0.0.1:7443/\nsecret = /s\nevery = manual\n"
              "linger = 2s\n[store]\npostgres =\n");
    seed_write("config", "station-all", &out);
    put_text(&out, "\xef\xbb\xbf[hub]\r\norg = 990001\r\ndata = /d\r\n"
              "listen = 127.0.0.1:80\r\nadmin = [::1]:81\r\n"
              "stations = /s\r\nkinds = /k\r\n");
    seed_write("config", "hub-all", &out);
    put_text(&out, "[qs-01]\norg = 990001001\nsecret = /dev/fd/98\n"
              "[county-01]\norg = 990001\nsecret = /dev/fd/98\n");
    seed_write("config", "stations", &out);
    put_text(&out, "[qs-01]\norg = 990002001\nsecret = /nowhere\n");
    seed_write("config", "stations-bad", &out);
    buf_done(&out);
}

/* ---- requests ---- */

/* As api.c numbers its routes. */
enum { STATUS = 2, SHOW, LIST, EXPORT, CASES, LOG = 8, PUT, EDIT, END,
       SETTLE = 12, RETRY = 15, SYNC, REBUILD, VERIFY, IMPORT };

static void put_request(struct buf *out, int route, const char *query,
                        const char *body)
{
    buf_u8(out, (uint8_t)route);
    put_text(out, query);
    buf_u8(out, '\n');
    put_text(out, body);
    buf_u8(out, 0);
}

#define RECORD "52000000-0000-0000-0000-00000000000"
#define NEW "0194015d-5132-7cb3-b03e-2e7c07cc0424"

static void seed_reads(struct buf *out)
{
    put_request(out, STATUS, "", "");
    put_request(out, SHOW, "id=" RECORD "1&history=1&full=1", "");
    put_request(out, SHOW, "id=" RECORD "3", "");
    put_request(out, LIST, "kind=thing&state=queued&limit=3", "");
    put_request(out, LIST, "kind=thing&after=" RECORD "2&since=2020-01-01", "");
    put_request(out, EXPORT, "scope=520527002&bases=1&full=1", "");
    seed_write("json", "reads", out);
    put_request(out, CASES, "", "");
    put_request(out, CASES, "case=0123456789abcdef-7", "");
    put_request(out, LOG, "since=2020-01-01&code=YZ2xxx", "");
    put_request(out, SYNC, "", "");
    put_request(out, VERIFY, "", "");
    put_request(out, REBUILD, "", "");
    seed_write("json", "others", out);
}

static void seed_writes(struct buf *out)
{
    put_request(out, PUT, "",
                "{\"kind\":\"thing\",\"fields\":{\"org\":\"520527001\","
                "\"编号\":\"9\",\"state\":\"起草\",\"tags\":[\"红\",\"蓝\"],"
                "\"loose\":true},\"author\":\"张\",\"token\":\"t1\"}");
    put_request(out, EDIT, "",
                "{\"id\":\"" RECORD "1\",\"fields\":{\"name\":\"新\","
                "\"alias\":null,\"tags\":\"红、绿\",\"until\":\"2023.1.2\"},"
                "\"base\":3,\"bases\":{\"name\":5,\"tags/红\":1},"
                "\"token\":\"t2\"}");
    put_request(out, END, "", "{\"id\":\"" RECORD "2\",\"reason\":\"迁出\","
                              "\"survivor\":\"" RECORD "1\"}");
    put_request(out, END, "", "{\"id\":\"" RECORD "2\",\"undo\":true}");
    seed_write("json", "writes", out);
    put_request(out, PUT, "",
                "{\"kind\":\"org_unit\",\"id\":\"" NEW "\",\"fields\":{"
                "\"org\":\"520527001\",\"org_code\":\"1\",\"name\":\"支部\"}}");
    put_request(out, PUT, "",
                "{\"kind\":\"member\",\"fields\":{\"org\":\"520527001\","
                "\"姓名\":\"欧阳 娜娜\",\"id_number\":\"52052719870601001X\","
                "\"birth_date\":\"1987-06-01\",\"gender\":\"女\"}}");
    seed_write("json", "shipped", out);
}

static void seed_imports(struct buf *out)
{
    static const char *const line[] = {
        "{\"op\":\"insert\",\"kind\":\"thing\",\"id\":\"" NEW "\",\"at\":"
        "\"2024-12-26T13:08:00.026+08:00\",\"site\":\"520527001\",\"data\":"
        "{\"org\":\"520527001\",\"mark\":\"20\",\"born\":\"1970/1/1\"}}\n",
        "{\"op\":\"update\",\"kind\":\"thing\",\"id\":\"" RECORD "1\",\"at\":"
        "\"2024-12-26 13:08:00Z\",\"site\":\"520527001\",\"data\":"
        "{\"tags\":[\"黄\"],\"name\":\"午\"}}\r\n",
        "{\"op\":\"delete\",\"kind\":\"thing\",\"id\":\"" RECORD "2\",\"at\":"
        "\"2024-12-26T13:08:00+08:00\",\"site\":\"520527001\"}",
    };

    for (int mode = 0; mode < 3; mode++) {
        static const char *const query[] = {"mode=both&author=张&report=1",
                                            "mode=add", "mode=update&dry_run"};

        buf_u8(out, IMPORT);
        put_text(out, query[mode]);
        buf_u8(out, '\n');
        put_text(out, mode == 0 ? "\xef\xbb\xbf" : "");
        for (int i = 0; i < 3; i++)
            put_text(out, line[i]);
        buf_u8(out, 0);
    }
    seed_write("json", "import", out);
}

/* A request for every case that a has, by its name. */
static void seed_cases(struct buf *out)
{
    static const char *const how[] = {
        "\"take\":\"parked\"}", "\"take\":\"in-force\",\"token\":\"s\"}",
        "\"fields\":{\"name\":\"和\"}}"};
    struct world *world = story_county(true);
    struct shown_case *shown = xmalloc(sizeof *shown);
    char name[NAME_TEXT];
    int at = 0;

    shown_case_init(shown);
    shown->row = 0;
    while (store_next_case(town_of(world, "a")->store, shown->row, shown) ==
           1) {
        json_name_text(&shown->name, name);
        buf_u8(out, (uint8_t)(SETTLE + at % 3));
        put_text(out, "\n{\"case\":\"");
        put_text(out, name);
        put_text(out, "\",");
        put_text(out, how[at++ % 3]);
        buf_u8(out, 0);
    }
    must(at > 0, "there are cases");
    put_request(out, RETRY, "", "{\"id\":\"" RECORD "1\"}");
    seed_write("json", "cases", out);
    shown_case_done(shown);
    free(shown);
    world_free(world);
}

/* As they come; whom the MAC is of does not matter to who reads. */
static void seed_notes(struct buf *out)
{
    struct note note = {.org = "520527001", .name = "qs-01"};

    memset(&note.pins, 0x5a, sizeof note.pins);
    note_write(&note, "ask", out);
    seed_write("note", "ask", out);
    note_write(&note, "answer", out);
    seed_write("note", "answer", out);
}

void seed_texts(void)
{
    struct buf out;

    seed_kinds();
    seed_configs();
    buf_init(&out, SEED_MAX);
    seed_reads(&out);
    seed_writes(&out);
    seed_imports(&out);
    seed_cases(&out);
    seed_notes(&out);
    buf_done(&out);
}
