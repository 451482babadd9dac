/* SPDX-License-Identifier: Apache-2.0 */
/* msock completion: what a shell needs to complete msock's words. */
#include "tools/msock/complete.h"
#include "tools/msock/json_out.h"
#include "tools/msock/verbs.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

static const struct shell {
    const char *name;
    void (*write)(struct cli_buffer *out);
} shells[] = {
    {"bash", complete_bash}, {"zsh", complete_zsh}, {"fish", complete_fish}};

static const struct shell *find(const char *name)
{
    for (size_t i = 0; i < sizeof(shells) / sizeof(shells[0]); i++) {
        if (strcmp(shells[i].name, name) == 0) {
            return &shells[i];
        }
    }
    return NULL;
}

static int completion(int argc, char **argv)
{
    struct cli_buffer out = {0};
    bool ended = false;
    int code =
        verb_options(&verb_completion, argc, argv, NULL, NULL, NULL, &ended);

    if (ended) {
        return code;
    }
    const struct shell *shell = argc - optind == 1 ? find(argv[optind]) : NULL;
    if (!shell) {
        return cli_usage("one of bash, zsh and fish is wanted; see msock "
                         "completion -h");
    }
    shell->write(&out);
    json_out(&out, "", 1);
    code = out.failed ? CLI_FAILURE : cli_print(out.bytes);
    free(out.bytes);
    return code;
}

static const char *const forms[] = {"bash | zsh | fish", NULL};

static const struct verb_section sections[] = {
    {"Examples", "Where the package did not install it, for one user:\n\n"
                 " echo 'source <(msock completion bash)' >> ~/.bashrc\n"
                 " msock completion zsh > ~/.zfunc/_msock\n"
                 " msock completion fish > "
                 "~/.config/fish/completions/msock.fish\n"},
    {0},
};

const struct verb verb_completion = {
    .name = "completion",
    .summary = "print what a shell needs to complete words",
    .forms = forms,
    .text = "Prints a script by which the shell completes verbs, options and "
            "their values.",
    .sections = sections,
    .run = completion,
};
