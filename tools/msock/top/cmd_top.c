/* SPDX-License-Identifier: Apache-2.0 */
/* msock top: what goes by, as a table that lives. */
#include "tools/msock/top/run.h"
#include "tools/msock/until.h"
#include "tools/msock/verbs.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

static const double wait_max_s = 1e9;
static const double least_interval_s = 0.25, most_interval_s = 3600;

enum { JSON = CLI_OWN, ONCE, VIEW };

static int take_interval(struct top *top, const char *value)
{
    char *end;
    double seconds = strtod(value, &end);

    if (end == value || *end != '\0' ||
        !(seconds >= least_interval_s && seconds <= most_interval_s)) {
        return cli_usage("-i wants seconds from 0.25 to 3600, not %s", value);
    }
    top->interval_ms = (int64_t)(seconds * 1000);
    return CLI_OK;
}

static int take_view(struct top *top, const char *value)
{
    for (int i = 0; i < TOP_KINDS; i++) {
        if (strcmp(value, top_kind_name((enum top_kind)i)) == 0) {
            top->view.kind = (enum top_kind)i;
            return CLI_OK;
        }
    }
    return cli_usage("--view wants topics, nodes or drops, not %s", value);
}

/* Once the view is known. */
static int choose_sort(struct top *top)
{
    const char *const *sorts = top_sorts(top->view.kind);

    if (!top->sort) {
        return CLI_OK;
    }
    for (int i = 0; sorts[i]; i++) {
        if (strcmp(top->sort, sorts[i]) == 0) {
            top->view.sort[top->view.kind] = i;
            return CLI_OK;
        }
    }
    return cli_usage("-s: %s is no column of the %s by which they are sorted; "
                     "see msock top -h",
                     top->sort, top_kind_name(top->view.kind));
}

static int take(void *user, int id, const char *value)
{
    struct top *top = user;

    switch (id) {
    case 'i':
        return take_interval(top, value);
    case 'n':
        return until_count("-n", value, &top->screens);
    case ONCE:
        top->screens = 1;
        return CLI_OK;
    case 's':
        top->sort = value;
        return CLI_OK;
    case 'r':
        top->reverse = true;
        return CLI_OK;
    case VIEW:
        return take_view(top, value);
    case 'W':
        return until_wait(value, wait_max_s, &top->wait_s);
    default:
        top->json = true;
        return CLI_OK;
    }
}

static int run(int argc, char **argv)
{
    struct top top = {.view = top_view_first(), .interval_ms = 1000};
    struct cli_channel names = {.verb = "top"};
    bool ended = false;
    int code = verb_options(&verb_top, argc, argv, &names, take, &top, &ended);

    if (ended || code != CLI_OK) {
        return code;
    }
    code = choose_sort(&top);
    if (code != CLI_OK) {
        return code;
    }
    top.view.reverse[top.view.kind] = top.reverse;
    top.filters = argv + optind;
    top.filter_count = argc - optind;
    return top_run(&top, &names);
}

static const char *const forms[] = {"[OPTION]... [FILTER]...", NULL};

static const struct verb_option options[] = {
    {'i', "interval", "S", "a screen each S seconds, 0.25 to 3600 [1]",
     VERB_ANYTHING},
    {'n', "count", "N", "print N screens as text, and end", VERB_ANYTHING},
    {ONCE, "once", NULL, "the same as -n 1", VERB_ANYTHING},
    {VIEW, "view", "topics|nodes|drops", "what is shown first [topics]",
     VERB_CHOICE},
    {'s', "sort", "COLUMN",
     "topics by topic, msg/s, bytes/s, size, loss, age or sender [msg/s]; "
     "nodes by node, state, address, heard or loss [state]; drops by reason, "
     "count or rise [count]",
     VERB_ANYTHING},
    {'r', "reverse", NULL, "in the reverse order", VERB_ANYTHING},
    {'W', "wait", "S", "end after S seconds", VERB_ANYTHING},
    {JSON, "json", NULL,
     "print an object a line, one each interval, with all views",
     VERB_ANYTHING},
    {0},
};

static const struct verb_section sections[] = {
    {"Screens",
     "Topics: messages and bytes (topic and data) a second, of the last 4 "
     "seconds; size of the last message; LOSS%, the best-effort frames of its "
     "sender that did not come, in percent; how old the last message is; who "
     "sent it; and its value. An s marks a state, an r what is reliable. Of "
     "more than 10,000 topics the rest is counted together.\n\n"
     "Nodes: state (up, visits: a tool, gone), where it speaks from, when it "
     "was heard last, LOSS%, its library's version, the key it seals with, and "
     "its subscriptions.\n\n"
     "Drops: what was not taken, by reason; those that are usual are faint."},
    {"Keys", "  q                quit\n"
             "  Tab, 1, 2, 3     topics, nodes, drops\n"
             "  s or >, S or <   sort by the next, the previous column\n"
             "  r                reverse the order\n"
             "  /                filter: part of a name, or with + and #\n"
             "  Escape           no filter\n"
             "  p or space       pause: what comes is counted all the same\n"
             "  arrows, PgUp, PgDn, Home, End   scroll\n"
             "  h or ?           help"},
    {"Output",
     "With --json each object has \"channel\", \"sealed\", \"interfaces\", "
     "\"messages\", \"per_s\", \"bytes_per_s\", \"loss\", \"lost\", \"held\", "
     "\"topics\", \"nodes\" and \"drops\". A \"value\" is a text of at most "
     "160 bytes. Text is as wide as $COLUMNS says, else 100 columns."},
    {"Environment",
     "Colours are used if the terminal has them and $NO_COLOR is not set. In a "
     "locale that is not UTF-8 a terminal is shown ASCII alone."},
    {0},
};

const struct verb verb_top = {
    .name = "top",
    .summary = "watch topics, nodes and drops as a table that lives",
    .forms = forms,
    .text =
        "Shows what matches a FILTER [#] on the terminal: topics with their "
        "rates, sizes, loss and last values, nodes, and drops by reason; h "
        "tells the keys.\n\n"
        "Nothing is published, and nobody is told of a subscription. What the "
        "channel itself says, it says: that a visitor is here, answers to "
        "nodes that ask who it is, and requests for states and for reliable "
        "frames that got lost. Its warnings are not told while a terminal is "
        "shown: see the drops.",
    .options = options,
    .sections = sections,
    .channel = true,
    .run = run,
};
