#include "daemon/numbers.h"
#include "daemon/os.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum { NUMBERS_MAX = 1024 };

static int numbers_write(struct numbers *numbers, struct fault *fault)
{
    char text[NUMBERS_MAX], hub[2 * ID_SIZE + 1], key[2 * 32 + 1];
    int len;

    sodium_bin2hex(hub, sizeof hub, numbers->hub.b, ID_SIZE);
    sodium_bin2hex(key, sizeof key, numbers->key, sizeof numbers->key);
    len = snprintf(text, sizeof text,
                   "yizhan numbers 1\nhub %s\nkey %s\nlife %llu\n"
                   "reserved %llu\n",
                   hub, key, (unsigned long long)numbers->life,
                   (unsigned long long)numbers->reserved);
    return os_write_file(numbers->path, bytes_of(text, (size_t)len), fault);
}

static bool numbers_parse(const char *text, struct numbers *out)
{
    char hub[2 * ID_SIZE + 1], key[2 * 32 + 1];
    unsigned long long life, reserved;
    size_t len;

    if (sscanf(text,
               "yizhan numbers 1\nhub %32[0-9a-f]\nkey %64[0-9a-f]\n"
               "life %llu\nreserved %llu\n",
               hub, key, &life, &reserved) != 4)
        return false;
    out->life = life;
    out->reserved = reserved;
    return sodium_hex2bin(out->hub.b, ID_SIZE, hub, strlen(hub), NULL, &len,
                          NULL) == 0 && len == ID_SIZE &&
           sodium_hex2bin(out->key, sizeof out->key, key, strlen(key), NULL,
                          &len, NULL) == 0 && len == sizeof out->key;
}

static int numbers_new(bool have_store, struct numbers *out,
                       struct fault *fault)
{
    if (have_store)
        return fault_set(fault, ERR_NUMBERS, "data",
                         "put %s back from the backup; without it numbers "
                         "might be used twice", out->path);
    os_random(NULL, out->hub.b, ID_SIZE);
    os_random(NULL, out->key, sizeof out->key);
    out->life = out->reserved = 0;
    return 0;
}

int numbers_open(const struct config *config, bool have_store,
                 struct numbers *out, struct fault *fault)
{
    struct buf text;
    int rc;

    memset(out, 0, sizeof *out);
    config_path(config, "numbers", out->path);
    buf_init(&text, NUMBERS_MAX + 1);
    rc = os_read_file(out->path, NUMBERS_MAX, &text, fault);
    buf_u8(&text, 0);
    if (rc == 1)
        rc = numbers_parse((const char *)text.data, out)
                 ? 0
                 : fault_set(fault, ERR_NUMBERS, "data",
                             "%s is damaged; put it back from the backup",
                             out->path);
    else if (rc == 0)
        rc = numbers_new(have_store, out, fault);
    buf_done(&text);
    if (rc < 0)
        return rc;
    out->life++;
    return numbers_write(out, fault);
}

int numbers_reserve(void *user, uint64_t upto)
{
    struct numbers *numbers = user;
    struct fault fault;

    if (upto <= numbers->reserved)
        return 0;
    numbers->reserved = upto;
    return numbers_write(numbers, &fault);
}
