/*
 * Enrolment: what anybody may send to a hub before it knows him, and what a
 * station hears from whoever answers. A note that is read says the same when it
 * is written and read again; without the code nobody's proves itself.
 */
#include "daemon/enrol.h"
#include "tests/fuzz/help/must.h"

#include <string.h>

static const uint8_t key[32] = "the key of a code at the gate";

static void check(struct bytes text, const char *head)
{
    struct fault fault = {.err = 0};
    struct note note, again;
    struct buf out;
    int rc = note_read(text, head, &note, &fault);

    must(rc == 0 || rc == ERR_FORMAT || rc == ERR_VERSION, "refused with %d",
         rc);
    if (rc < 0)
        return;
    must(org_valid(note.org) && station_name_valid(note.name),
         "a name that no file may have");
    must(!note_asked(&note, key) && !note_answered(&note, &note, key),
         "it was proven without the code");
    buf_init(&out, NOTE_MAX);
    note_write(&note, head, &out);
    must(!out.full && note_read(buf_view(&out), head, &again, &fault) == 0 &&
             memcmp(&note, &again, sizeof note) == 0,
         "another note was written than was read");
    buf_done(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes text = bytes_of(data, size);

    check(text, "ask");
    check(text, "answer");
    return 0;
}
