#include "daemon/enrolled.h"
#include "daemon/os.h"

#include <stdio.h>
#include <string.h>

/* The address stands in a first line of its own, before the note. */
#define URL_LINE "# "

int enrolled_read(const struct config *config, struct enrolled *out,
                  struct fault *fault)
{
    char path[CONFIG_PATH + 64];
    struct buf text;
    size_t len = 0;
    int rc;

    memset(out, 0, sizeof(*out));
    config_path(config, "enrolled", path);
    buf_init(&text, NOTE_MAX);
    rc = os_read_file(path, NOTE_MAX, &text, fault);
    if (rc == 1) {
        while (len < text.len && text.data[len] != '\n')
            len++;
        rc = len >= strlen(URL_LINE) && len < sizeof(out->url)
                 ? note_read(buf_view(&text), "answer", &out->note, fault)
                 : ERR_CORRUPT;
        if (rc == 0) {
            memcpy(out->url, text.data + strlen(URL_LINE),
                   len - strlen(URL_LINE));
            rc = 1;
        } else {
            rc = fault_file(fault, ERR_CORRUPT, path,
                            "the enrolment cannot be read");
        }
    }
    buf_done(&text);
    return rc;
}

int enrolled_write(const struct config *config,
                   const struct enrolled *enrolled, struct fault *fault)
{
    char path[CONFIG_PATH + 64], line[CONFIG_HOST + 8];
    struct buf text;
    int rc;

    config_path(config, "enrolled", path);
    snprintf(line, sizeof(line), URL_LINE "%s\n", enrolled->url);
    buf_init(&text, NOTE_MAX);
    buf_put(&text, line, strlen(line));
    note_write(&enrolled->note, "answer", &text);
    rc = os_write_file(path, buf_view(&text), fault);
    buf_done(&text);
    return rc;
}

int enrolled_turn(const struct config *config, struct enrolled *enrolled,
                  const uint8_t next[32], struct fault *fault)
{
    struct enrolled after = *enrolled;
    struct pins *pins = &after.note.pins;
    int rc;

    memcpy(pins->pin, pins->next, sizeof(pins->pin));
    memcpy(pins->next, next, sizeof(pins->next));
    rc = enrolled_write(config, &after, fault);
    if (rc == 0)
        *enrolled = after;
    return rc;
}
