/* SPDX-License-Identifier: Apache-2.0 */
/* Files that are watched for changes. */
#include "transport/keywatch.h"

#include "codec/error.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { SETTLE_MS = 100, SETTLE_MAX_MS = 1000, LOOK_US = 10000000 };

/* What tells one state of a file from another; zeros: there is none. */
struct mark {
    dev_t device;
    ino_t file;
    off_t size;
    struct timespec written;
    struct timespec changed;
};

struct watched {
    char *path;
    const char *name; /* its last part */
    struct mark mark;
    uv_fs_event_t folder;
};

struct msock__keywatch {
    struct msock__keywatch_events events;
    struct watched files[MSOCK__KEYWATCH_MAX];
    size_t count;
    uv_timer_t settle;
    uint64_t first_ms; /* of the row of changes that settles; 0: none does */
    uint64_t look_us;  /* when to look next */
    size_t open_count; /* handles that are not closed yet */
    bool again;        /* what changed was not dealt with */
    bool closing;
};

/* -- Looking -- */

static struct mark mark_of(const char *path)
{
    struct stat status;

    if (stat(path, &status) < 0) {
        return (struct mark){0};
    }
    return (struct mark){.device = status.st_dev,
                         .file = status.st_ino,
                         .size = status.st_size,
                         .written = status.st_mtim,
                         .changed = status.st_ctim};
}

static bool same_time(const struct timespec *one, const struct timespec *two)
{
    return one->tv_sec == two->tv_sec && one->tv_nsec == two->tv_nsec;
}

static bool same(const struct mark *one, const struct mark *two)
{
    return one->device == two->device && one->file == two->file &&
           one->size == two->size && same_time(&one->written, &two->written) &&
           same_time(&one->changed, &two->changed);
}

/* Takes the files as they are.  Returns whether one is not as it was. */
static bool take_marks(struct msock__keywatch *watch)
{
    bool changed = false;

    for (size_t i = 0; i < watch->count; i++) {
        struct mark now = mark_of(watch->files[i].path);
        changed = changed || !same(&now, &watch->files[i].mark);
        watch->files[i].mark = now;
    }
    return changed;
}

static void look(struct msock__keywatch *watch)
{
    if (take_marks(watch) || watch->again) {
        watch->again = !watch->events.changed(watch->events.owner);
    }
}

void msock__keywatch_look(struct msock__keywatch *watch, uint64_t now_us)
{
    if (now_us >= watch->look_us && !watch->closing) {
        watch->look_us = now_us + LOOK_US;
        look(watch);
    }
}

/* -- Being told -- */

static void on_settled(uv_timer_t *timer)
{
    struct msock__keywatch *watch = timer->data;

    watch->first_ms = 0;
    look(watch);
}

/* Who writes a file does so in several steps: they are waited for. */
static void settle(struct msock__keywatch *watch)
{
    uint64_t now_ms = uv_now(watch->settle.loop);
    uint64_t delay_ms = SETTLE_MS;

    if (watch->first_ms == 0) {
        watch->first_ms = now_ms;
    }
    uint64_t last_ms = watch->first_ms + SETTLE_MAX_MS;
    if (now_ms + delay_ms > last_ms) {
        delay_ms = last_ms > now_ms ? last_ms - now_ms : 0;
    }
    uv_timer_start(&watch->settle, on_settled, delay_ms, 0);
}

/* Something in a folder changed; `name` is NULL if nobody knows what. */
static void on_folder(uv_fs_event_t *folder, const char *name, int events,
                      int status)
{
    struct msock__keywatch *watch = folder->data;
    bool ours = name == NULL || status < 0;

    (void)events;
    for (size_t i = 0; !ours && i < watch->count; i++) {
        ours = strcmp(name, watch->files[i].name) == 0;
    }
    if (ours) {
        settle(watch);
    }
}

/* -- Life -- */

static void free_watch(struct msock__keywatch *watch)
{
    for (size_t i = 0; i < watch->count; i++) {
        free(watch->files[i].path);
    }
    free(watch);
}

/* Watches the folder of a file, if the system can. */
static void watch_folder(struct watched *file, uv_loop_t *loop)
{
    char *slash = strrchr(file->path, '/');
    const char *folder = slash == file->path ? "/" : file->path;

    file->name = slash + 1;
    *slash = '\0';
    uv_fs_event_init(loop, &file->folder);
    (void)uv_fs_event_start(&file->folder, on_folder, folder, 0);
    *slash = '/';
}

int msock__keywatch_new(struct msock__keywatch **watch, uv_loop_t *loop,
                        const char *const *paths, size_t count,
                        const struct msock__keywatch_events *events)
{
    assert(count >= 1 && count <= MSOCK__KEYWATCH_MAX);
    struct msock__keywatch *made = calloc(1, sizeof *made);

    if (made == NULL) {
        return msock__fail(MSOCK_ENOMEM, "out of memory");
    }
    made->events = *events;
    for (size_t i = 0; i < count; i++) {
        assert(paths[i][0] == '/');
        made->files[i].path = strdup(paths[i]);
        if (made->files[i].path == NULL) {
            free_watch(made);
            return msock__fail(MSOCK_ENOMEM, "out of memory");
        }
        made->count++;
    }
    for (size_t i = 0; i < count; i++) {
        watch_folder(&made->files[i], loop);
        made->files[i].folder.data = made;
    }
    uv_timer_init(loop, &made->settle);
    made->settle.data = made;
    made->open_count = count + 1;
    take_marks(made);
    *watch = made;
    return 0;
}

static void on_closed(uv_handle_t *handle)
{
    struct msock__keywatch *watch = handle->data;
    struct msock__keywatch_events events = watch->events;

    if (--watch->open_count == 0) {
        free_watch(watch);
        events.closed(events.owner);
    }
}

void msock__keywatch_close(struct msock__keywatch *watch)
{
    assert(!watch->closing);
    watch->closing = true;
    for (size_t i = 0; i < watch->count; i++) {
        uv_close((uv_handle_t *)&watch->files[i].folder, on_closed);
    }
    uv_close((uv_handle_t *)&watch->settle, on_closed);
}
