#include "store/reach.h"
#include "store/db.h"

const char *reach_text(enum reach mark)
{
    static const char *const text[REACHES] = {
#define REACH_TEXT(name, words) words,
        REACH_LIST(REACH_TEXT)
#undef REACH_TEXT
    };

    return mark < REACHES ? text[mark] : "";
}

void reached(const struct store *store, enum reach mark)
{
    if (store->world.reach != NULL)
        store->world.reach(store->world.user, mark);
}
