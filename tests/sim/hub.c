/* What the hub keeps outside its database, and whom it knows. */
#include "tests/sim/machine.h"
#include "tests/sim/net.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NUMBERS_FILE "numbers"

static int numbers_write(struct machine *hub)
{
    return disk_file_replace(hub->disk, NUMBERS_FILE, &hub->numbers,
                             sizeof hub->numbers);
}

/* As numbers_open of the daemon does it. */
int hub_numbers(struct machine *hub, bool have_store, struct fault *fault)
{
    long got = disk_file_read(hub->disk, NUMBERS_FILE, &hub->numbers,
                              sizeof hub->numbers);

    if (got < 0 && have_store)
        return fault_set(fault, ERR_NUMBERS, "data", "the file is missing");
    if (got < 0) {
        memset(&hub->numbers, 0, sizeof hub->numbers);
        rng_fill(&hub->dice, hub->numbers.hub.b, ID_SIZE);
        rng_fill(&hub->dice, hub->numbers.key, KEY);
    }
    hub->numbers.life++;
    return numbers_write(hub) < 0
               ? fault_set(fault, ERR_IO, "data", "numbers")
               : 0;
}

void hub_keep_numbers(struct machine *hub)
{
    numbers_write(hub);
}

int hub_reserve(void *user, uint64_t life, uint64_t upto)
{
    struct machine *hub = user;
    struct numbers_file before = hub->numbers;

    if (upto <= before.reserved && life <= before.life)
        return 0;
    if (upto > before.reserved)
        hub->numbers.reserved = upto;
    if (life > before.life)
        hub->numbers.life = life;
    if (numbers_write(hub) == 0)
        return 0;
    hub->numbers = before;
    return ERR_IO;
}

int hub_stations(struct machine *hub)
{
    struct sim *sim = hub->sim;
    struct station list[MACHINES];
    struct fault fault;
    int count = 0, rc;

    for (int i = 0; i < sim->hub; i++)
        if (!sim->machine[i]->revoked)
            list[count++] = (struct station){
                sim->machine[i]->name, sim->machine[i]->org,
                clock_wall(&hub->clock, sim->now)};
    rc = store_stations(hub->store, list, count, &fault);
    return rc < 0 ? rc : store_commit(hub->store, &fault);
}

/* A clone speaks with the name of the machine it was made of. */
const struct speaker *hub_speaker(void *user, const char *station)
{
    const struct sim *sim = ((struct machine *)user)->sim;
    static struct speaker speaker;  /* read at once by the asker */

    for (int i = 0; i < sim->hub; i++) {
        const struct machine *machine = sim->machine[i];

        if (strcmp(machine->name, station) != 0 || machine->revoked)
            continue;
        speaker.name = machine->name;
        speaker.org = machine->org;
        memcpy(speaker.key, machine->key, KEY);
        return &speaker;
    }
    return NULL;
}
