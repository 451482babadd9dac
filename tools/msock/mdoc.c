/* SPDX-License-Identifier: Apache-2.0 */
/* The manual page of a verb: options stand out in bold, and what their values
 * are called in italics, wherever a text names them. */
#include "tools/msock/mdoc.h"

#include "tools/msock/json_out.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define DATE "November 23, 2026"

enum {
    LINE_WIDTH = 79,
    MARKS = 8 /* what a word may grow by */
};

struct page {
    struct cli_buffer out;
    const struct verb *verb; /* that is described now */
    size_t column;
};

static void out_bytes(struct page *page, const char *text, size_t size)
{
    json_out(&page->out, text, size);
}

static void out_text(struct page *page, const char *text)
{
    out_bytes(page, text, strlen(text));
}

/* Appends text that roff would read something else into. */
static void out_escaped(struct page *page, const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        switch (text[i]) {
        case '\\':
            out_text(page, "\\e");
            break;
        case '-':
            out_text(page, "\\-");
            break;
        case '\'':
            out_text(page, "\\(aq");
            break;
        case '`':
            out_text(page, "\\(ga");
            break;
        case '^':
            out_text(page, "\\(ha");
            break;
        case '~':
            out_text(page, "\\(ti");
            break;
        default:
            out_bytes(page, &text[i], 1);
        }
    }
}

/* -- Words -- */

/* Whether the word of this size stands in the text as a whole word. */
static bool has_word(const char *text, const char *word, size_t size)
{
    for (const char *at = text; (at = strchr(at, word[0])); at++) {
        bool begins = at == text || !isupper((unsigned char)at[-1]);
        if (begins && strncmp(at, word, size) == 0 &&
            !isupper((unsigned char)at[size])) {
            return true;
        }
    }
    return false;
}

struct search {
    const char *word;
    size_t size;
    bool found;
};

static void look(const struct verb_option *option, void *user)
{
    struct search *search = user;

    search->found =
        search->found ||
        (option->value && has_word(option->value, search->word, search->size));
}

/* Whether the verb calls a value or an argument so. */
static bool is_value(const struct verb *verb, const char *word, size_t size)
{
    struct search search = {.word = word, .size = size};

    verb_each_option(verb, look, &search);
    for (const char *const *form = verb->forms; *form; form++) {
        search.found = search.found || has_word(*form, word, size);
    }
    return search.found;
}

/* How much of a word is a name: an option's or a value's. */
static size_t name_size(const char *word, size_t size)
{
    size_t dashes = strspn(word, "-");
    size_t at = dashes;

    while (at < size && (isalnum((unsigned char)word[at]) ||
                         (dashes == 2 && word[at] == '-'))) {
        at++;
    }
    return at;
}

static void out_word(struct page *page, const char *word, size_t size)
{
    size_t before = strspn(word, "([");
    size_t name;

    before = before < size ? before : size;
    out_escaped(page, word, before);
    word += before;
    size -= before;
    name = name_size(word, size);
    if (word[0] == '-' && name > strspn(word, "-")) {
        out_text(page, "\\fB");
    } else if (name > 0 && isupper((unsigned char)word[0]) &&
               is_value(page->verb, word, name)) {
        out_text(page, "\\fI");
    } else {
        name = 0;
    }
    out_escaped(page, word, name);
    out_text(page, name > 0 ? "\\fR" : "");
    out_escaped(page, word + name, size - name);
}

/* -- Lines and paragraphs -- */

static bool ends_sentence(const char *word, size_t size)
{
    while (size > 1 && strchr(")]\"", word[size - 1])) {
        size--;
    }
    return size > 0 && strchr(".?!", word[size - 1]);
}

/* Appends the words of a line, each sentence beginning on one of its own. */
static void out_line(struct page *page, const char *text, size_t size)
{
    const char *end = text + size;

    while (text < end) {
        size_t word = strcspn(text, " \n");
        bool begins = page->column == 0;
        if (!begins && page->column + 1 + word + MARKS > LINE_WIDTH) {
            out_text(page, "\n");
            begins = true;
        }
        if (begins) {
            page->column = 0;
            out_text(page, strchr(".'", text[0]) ? "\\&" : "");
        } else {
            out_text(page, " ");
        }
        size_t before = page->out.size;
        out_word(page, text, word);
        page->column += 1 + page->out.size - before;
        if (ends_sentence(text, word)) {
            out_text(page, "\n");
            page->column = 0;
        }
        text += word + strspn(text + word, " ");
    }
}

static void end_line(struct page *page)
{
    if (page->column > 0) {
        out_text(page, "\n");
        page->column = 0;
    }
}

/* Appends the lines that begin with a blank.  Returns what is behind them. */
static const char *out_literal(struct page *page, const char *text)
{
    size_t margin = strspn(text, " ");

    out_text(page, ".Bd -literal -offset indent\n");
    while (*text == ' ') {
        size_t size = strcspn(text, "\n");
        size_t skip = strspn(text, " ");
        skip = skip < margin ? skip : margin;
        out_text(page, strchr(".'", text[skip]) ? "\\&" : "");
        out_escaped(page, text + skip, size - skip);
        out_text(page, "\n");
        text += size;
        text += *text == '\n' ? 1 : 0;
    }
    out_text(page, ".Ed\n");
    return text;
}

static void out_paragraphs(struct page *page, const char *text)
{
    while (*text != '\0') {
        if (*text == ' ') {
            end_line(page);
            text = out_literal(page, text);
            continue;
        }
        if (*text == '\n') {
            end_line(page);
            text++;
            out_text(page, *text == ' ' || *text == '\0' ? "" : ".Pp\n");
            continue;
        }
        size_t size = strcspn(text, "\n");
        out_line(page, text, size);
        text += size;
        text += *text == '\n' ? 1 : 0;
    }
    end_line(page);
}

/* -- The parts of a page -- */

static void out_form(struct page *page, const struct verb *verb)
{
    for (const char *const *form = verb->forms; *form; form++) {
        out_text(page, ".Nm \"msock ");
        out_escaped(page, verb->name, strlen(verb->name));
        out_text(page, "\"\n");
        out_paragraphs(page, *form);
    }
}

static void out_option(const struct verb_option *option, void *user)
{
    struct page *page = user;
    const char *comma = "";

    out_text(page, ".It");
    if (option->id < CLI_KEY_FILE) {
        json_out_format(&page->out, " Fl %c", option->id);
        comma = " ,";
    }
    if (option->name) {
        json_out_format(&page->out, "%s Fl ", comma);
        out_text(page, "\\-");
        out_escaped(page, option->name, strlen(option->name));
    }
    if (option->value) {
        out_text(page, " Ar \"");
        out_escaped(page, option->value, strlen(option->value));
        out_text(page, "\"");
    }
    out_text(page, "\n");
    out_paragraphs(page, option->text);
}

static void out_description(struct page *page, const struct verb *verb)
{
    page->verb = verb;
    out_paragraphs(page, verb->text);
    if (!verb->verbs) {
        out_text(page, ".Pp\nThe options are:\n.Bl -tag -width Ds\n");
        verb_each_option(verb, out_option, page);
        out_text(page, ".El\n");
    }
}

static void out_title(struct page *page, const char *title)
{
    out_text(page, ".Sh ");
    for (; *title != '\0'; title++) {
        char capital = (char)toupper((unsigned char)*title);
        out_bytes(page, &capital, 1);
    }
    out_text(page, "\n");
}

static void out_name(struct page *page, const char *name)
{
    for (; *name != '\0'; name++) {
        out_bytes(page, *name == ' ' ? "-" : name, 1);
    }
}

static void out_head(struct page *page, const struct verb *verb)
{
    char title[64] = "";

    for (size_t i = 0; verb->name[i] != '\0' && i + 1 < sizeof(title); i++) {
        title[i] = (char)toupper((unsigned char)verb->name[i]);
    }
    out_text(page, ".\\\" SPDX-License-Identifier: Apache-2.0\n"
                   ".\\\" Made from the table of the verb by tools/man.sh.\n"
                   ".Dd " DATE "\n.Dt MSOCK-");
    out_name(page, title);
    out_text(page, " 1\n.Os\n.Sh NAME\n.Nm msock-");
    out_name(page, verb->name);
    out_text(page, "\n.Nd ");
    out_escaped(page, verb->summary, strlen(verb->summary));
    out_text(page, "\n.Sh SYNOPSIS\n");
    out_form(page, verb);
    for (const struct verb *const *sub = verb->verbs; sub && *sub; sub++) {
        page->verb = *sub;
        out_form(page, *sub);
    }
}

int mdoc_print(const struct verb *verb)
{
    struct page page = {.verb = verb};

    out_head(&page, verb);
    out_text(&page, ".Sh DESCRIPTION\n");
    out_description(&page, verb);
    for (const struct verb *const *sub = verb->verbs; sub && *sub; sub++) {
        json_out_format(&page.out, ".Ss %s\n", verb_word(*sub));
        out_description(&page, *sub);
    }
    page.verb = verb;
    for (const struct verb_section *section = verb->sections;
         section && section->title; section++) {
        out_title(&page, section->title);
        out_paragraphs(&page, section->text);
    }
    out_text(&page, ".Sh SEE ALSO\n.Xr msock 1\n");
    json_out(&page.out, "", 1);
    int code = page.out.failed ? CLI_FAILURE : cli_print(page.out.bytes);
    free(page.out.bytes);
    return code;
}
