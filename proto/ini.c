#include "proto/ini.h"
#include "proto/buf.h"
#include "proto/value.h"

#include <ini.h>
#include <string.h>

/* libinih's own limits as Debian builds it; more it would cut silently. */
enum {
    LINE_BYTES = 198,
    NAME_BYTES = 49
};

struct reader {
    const char *file;
    const char *at, *end;
    int line;
    bool sections;              /* call `item` for headings too */
    ini_item_fn item;
    void *user;
    char section[NAME_BYTES + 1];
    int rc;
    struct fault *fault;
};

static int bad(struct reader *reader, int err, const char *why)
{
    reader->rc = fault_set(reader->fault, err, NULL, "%s", why);
    fault_place(reader->fault, reader->file, reader->line);
    return reader->rc;
}

static bool blank(char sign)
{
    return sign == ' ' || sign == '\t';
}

static void call(struct reader *reader, const char *section, const char *name,
                 const char *value)
{
    struct ini_item item = {section, name, value, reader->line};

    if (reader->rc < 0)
        return;
    if (reader->fault)
        reader->fault->where[0] = '\0';
    reader->rc = reader->item(reader->user, &item, reader->fault);
    if (reader->rc < 0 && reader->fault && !reader->fault->where[0])
        fault_place(reader->fault, reader->file, reader->line);
}

static int check_heading(struct reader *reader, const char *line, size_t len)
{
    const char *close = memchr(line, ']', len);

    if (!close || close != line + len - 1)
        return bad(reader, ERR_CONFIG,
                   "a heading is \"[name]\" and nothing after it");
    if (len == 2)
        return bad(reader, ERR_CONFIG, "a heading needs a name");
    if (len - 2 > NAME_BYTES)
        return bad(reader, ERR_CONFIG,
                   "the name of a section is at most 49 bytes");
    memcpy(reader->section, line + 1, len - 2);
    reader->section[len - 2] = '\0';
    if (reader->sections)
        call(reader, reader->section, NULL, NULL);
    return reader->rc;
}

static int check_item(struct reader *reader, const char *line, size_t len)
{
    const char *equals = memchr(line, '=', len);
    size_t name;

    if (!equals)
        return bad(reader, ERR_CONFIG,
                   "a line is \"name = value\", \"[section]\", or a comment "
                   "after # or ;");
    if (memchr(line, ':', (size_t)(equals - line)))
        return bad(reader, ERR_CONFIG, "a name has no \":\"");
    for (name = (size_t)(equals - line); name > 0; name--)
        if (!blank(line[name - 1]))
            break;
    if (name == 0)
        return bad(reader, ERR_CONFIG, "a name stands before the \"=\"");
    if (name > NAME_BYTES)
        return bad(reader, ERR_CONFIG, "a name is at most 49 bytes");
    if (!reader->section[0])
        return bad(reader, ERR_CONFIG,
                   "a \"[section]\" comes before the first name");
    return 0;
}

/* Everything in which libinih would do other than what the line seems to say
 * is refused here, before it sees the line. */
static int check_line(struct reader *reader, const char *line, size_t len)
{
    if (!text_valid(bytes_of(line, len)))
        return bad(reader, ERR_TEXT,
                   "the file is saved as UTF-8, without control characters");
    if (len > LINE_BYTES)
        return bad(reader, ERR_CONFIG, "a line is at most 198 bytes");
    while (len > 0 && blank(line[len - 1]))
        len--;
    if (len == 0 || line[0] == ';' || line[0] == '#')
        return 0;
    if (blank(line[0]))
        return bad(reader, ERR_CONFIG,
                   "a line begins at its margin: indented it would continue "
                   "the line before");
    for (size_t i = 0; i + 1 < len; i++)
        if (blank(line[i]) && line[i + 1] == ';')
            return bad(reader, ERR_CONFIG,
                       "\" ;\" would begin a comment: a comment has a line "
                       "of its own");
    if (line[0] == '[')
        return check_heading(reader, line, len);
    return check_item(reader, line, len);
}

/* libinih asks for the next line, like fgets; NULL ends the reading. */
static char *on_line(char *out, int room, void *stream)
{
    struct reader *reader = stream;
    const char *line = reader->at, *stop;
    size_t len;

    if (reader->rc < 0 || line == reader->end)
        return NULL;
    stop = memchr(line, '\n', (size_t)(reader->end - line));
    reader->at = stop ? stop + 1 : reader->end;
    len = (size_t)((stop ? stop : reader->end) - line);
    if (stop && len > 0 && line[len - 1] == '\r')
        len--;
    reader->line++;
    if (check_line(reader, line, len) < 0)
        return NULL;
    if (len + 2 > (size_t)room) {
        bad(reader, ERR_FAULT, "libinih was built with shorter lines");
        return NULL;
    }
    memcpy(out, line, len);
    memcpy(out + len, "\n", 2);
    return out;
}

static int on_item(void *user, const char *section, const char *name,
                   const char *value)
{
    struct reader *reader = user;

    call(reader, section, name, value);
    return reader->rc == 0;
}

static int read_all(struct reader *reader, const char *text, size_t len)
{
    int line;

    if (len >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) {
        text += 3;
        len -= 3;
    }
    if (len == 0)
        return 0;
    reader->at = text;
    reader->end = text + len;
    line = ini_parse_stream(on_line, reader, on_item, reader);
    /* Cannot be after check_line; but a line is never lost without a word. */
    if (reader->rc == 0 && line != 0) {
        reader->line = line;
        bad(reader, ERR_CONFIG, "libinih cannot read this line");
    }
    return reader->rc;
}

int ini_read(const char *file, const char *text, size_t len, ini_item_fn item,
             void *user, struct fault *fault)
{
    struct reader reader = {.file = file, .item = item, .user = user,
                            .fault = fault};

    return read_all(&reader, text, len);
}

int ini_read_sections(const char *file, const char *text, size_t len,
                      ini_item_fn item, void *user, struct fault *fault)
{
    struct reader reader = {.file = file, .item = item, .user = user,
                            .fault = fault, .sections = true};

    return read_all(&reader, text, len);
}
