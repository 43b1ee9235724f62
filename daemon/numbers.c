#include "daemon/numbers.h"
#include "daemon/os.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NUMBER_DIGITS = 19 };

void numbers_text(const struct numbers *numbers, char out[NUMBERS_MAX])
{
    char hub[2 * ID_SIZE + 1], key[2 * 32 + 1];

    sodium_bin2hex(hub, sizeof hub, numbers->hub.b, ID_SIZE);
    sodium_bin2hex(key, sizeof key, numbers->key, sizeof numbers->key);
    snprintf(out, NUMBERS_MAX,
             "yizhan numbers 1\nhub %s\nkey %s\nlife %llu\nreserved %llu\n",
             hub, key, (unsigned long long)numbers->life,
             (unsigned long long)numbers->reserved);
}

int numbers_write(const struct numbers *numbers, struct fault *fault)
{
    char text[NUMBERS_MAX];

    numbers_text(numbers, text);
    return os_write_file(numbers->path, bytes_text(text), fault);
}

/* Each of these takes what it reads off `text`. A file cut short must not pass
 * for one with smaller numbers, so every line has to be whole. */
static bool take_text(const char **text, const char *expected)
{
    size_t len = strlen(expected);

    if (strncmp(*text, expected, len) != 0)
        return false;
    *text += len;
    return true;
}

static bool take_hex(const char **text, uint8_t *out, size_t size)
{
    size_t len = strspn(*text, "0123456789abcdef");

    if (len != 2 * size ||
        sodium_hex2bin(out, size, *text, len, NULL, NULL, NULL) != 0)
        return false;
    *text += len;
    return take_text(text, "\n");
}

static bool take_number(const char **text, uint64_t *out)
{
    size_t len = strspn(*text, "0123456789");

    if (len < 1 || len > NUMBER_DIGITS)
        return false;
    *out = strtoull(*text, NULL, 10);
    *text += len;
    return take_text(text, "\n");
}

bool numbers_parse(const char *text, struct numbers *out)
{
    return take_text(&text, "yizhan numbers 1\nhub ") &&
           take_hex(&text, out->hub.b, ID_SIZE) && take_text(&text, "key ") &&
           take_hex(&text, out->key, sizeof out->key) &&
           take_text(&text, "life ") && take_number(&text, &out->life) &&
           take_text(&text, "reserved ") &&
           take_number(&text, &out->reserved) && *text == '\0';
}

static int numbers_new(bool have_store, struct numbers *out,
                       struct fault *fault)
{
    if (have_store)
        return fault_set(fault, ERR_NUMBERS, "data",
                         "put %s back from the backup", out->path);
    os_random(NULL, out->hub.b, ID_SIZE);
    os_random(NULL, out->key, sizeof out->key);
    out->life = out->reserved = 0;
    return 0;
}

int numbers_read(const struct config *config, struct numbers *out,
                 struct fault *fault)
{
    struct buf text;
    int rc;

    memset(out, 0, sizeof *out);
    config_path(config, "numbers", out->path);
    buf_init(&text, NUMBERS_MAX + 1);
    rc = os_read_file(out->path, NUMBERS_MAX, &text, fault);
    buf_u8(&text, 0);
    if (rc == 1 && !numbers_parse((const char *)text.data, out))
        rc = fault_set(fault, ERR_NUMBERS, "data",
                       "%s is damaged; put it back from the backup",
                       out->path);
    buf_done(&text);
    return rc;
}

/* There are numbers of a register, and it is not there. */
static int register_gone(const struct config *config, struct fault *fault)
{
    char path[CONFIG_PATH + 64];

    config_path(config, "yizhan.db", path);
    return fault_file(fault, ERR_MISSING, path, "");
}

int numbers_open(const struct config *config, bool have_store,
                 struct numbers *out, struct fault *fault)
{
    int rc = numbers_read(config, out, fault);

    if (rc == 0)
        rc = numbers_new(have_store, out, fault);
    else if (rc == 1 && !have_store && out->reserved > 0)
        rc = register_gone(config, fault);
    if (rc < 0)
        return rc;
    out->life++;
    return numbers_write(out, fault);
}

int numbers_reserve(void *user, uint64_t life, uint64_t upto)
{
    struct numbers *numbers = user;
    uint64_t reserved = numbers->reserved, before = numbers->life;
    struct fault fault;
    int rc;

    if (upto <= reserved && life <= before)
        return 0;
    if (upto > reserved)
        numbers->reserved = upto;
    if (life > before)
        numbers->life = life;
    rc = numbers_write(numbers, &fault);
    if (rc < 0) {                       /* not on the disk: asked for again */
        numbers->reserved = reserved;
        numbers->life = before;
    }
    return rc;
}
