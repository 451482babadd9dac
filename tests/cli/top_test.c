/* SPDX-License-Identifier: Apache-2.0 */
/* What msock top shows, without a terminal and without a network. */
#define _XOPEN_SOURCE 700 /* wcswidth */

#include "tools/msock/top/view.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>

static struct top_model model;
static struct top_snapshot snapshot = {.channel = "udp://[ff02::1]:7"};
static struct top_order order;
static struct top_view view;
static struct cells line;

static void begin(void)
{
    cr_assert(ne(ptr, setlocale(LC_CTYPE, "C.UTF-8"), NULL));
    view = top_view_first();
}

static void end(void)
{
    top_order_fini(&order);
    top_snapshot_fini(&snapshot);
    top_model_fini(&model);
}

/* A message at this time. */
static void add(const char *topic, const char *data, int64_t now_ms)
{
    msock_message message = {.topic = topic,
                             .sender = "hub",
                             .data = data,
                             .topic_size = strlen(topic),
                             .sender_size = 3,
                             .data_size = strlen(data),
                             .session = 7};

    top_model_add(&model, &message, now_ms);
}

static void look(int64_t now_ms)
{
    cr_assert(eq(int, top_snapshot_rows(&snapshot, &model, now_ms), 0));
    cr_assert(eq(int, top_order_make(&order, &view, &snapshot), 0));
}

static const char *put(const char *text, int columns)
{
    cells_begin(&line, 80, false);
    cells_put(&line, text, strlen(text), columns);
    return line.text;
}

static const char *row(size_t index)
{
    cells_begin(&line, 80, view.ascii);
    top_view_row(&view, &snapshot, &order, index, &line);
    return line.text;
}

/* The columns that a terminal gives to a text. */
static int columns_of(const char *text)
{
    wchar_t wide[CELLS_MAX * 3 + 1];
    size_t count = mbstowcs(wide, text, CELLS_MAX * 3 + 1);

    cr_assert(ne(sz, count, (size_t)-1), "not UTF-8: %s", text);
    return wcswidth(wide, count);
}

TestSuite(top, .init = begin, .fini = end);

/* -- Cells -- */

Test(top, text_is_padded_or_cut_with_a_mark)
{
    cr_assert(eq(str, (char *)put("abc", 5), "abc  "));
    cr_assert(eq(str, (char *)put("abcde", 5), "abcde"));
    cr_assert(eq(str, (char *)put("abcdef", 5), "abcd>"));
    cr_assert(eq(str, (char *)put("abc", 0), ""));
    cr_assert(eq(str, (char *)put("abc", 1), ">"));
}

Test(top, wide_letters_take_two_columns_and_are_not_halved)
{
    cr_assert(eq(str, (char *)put("中文", 5), "中文 "));
    cr_assert(eq(str, (char *)put("中文字", 4), "中> "));
}

Test(top, marks_stay_with_their_letter_and_are_few)
{
    cr_assert(eq(str, (char *)put("e\u0301x", 3), "e\u0301x "));
    cr_assert(eq(str, (char *)put("\u0301x", 12), "\\u{0301}x   "));
    cr_assert(eq(str, (char *)put("e\u0301\u0301\u0301", 12),
                 "e\u0301\u0301\\u{0301}   "));
}

Test(top, what_terminals_disagree_about_is_escaped)
{
    cr_assert(eq(str, (char *)put("\u2764\ufe0f", 12), "\u2764\\u{fe0f}   "));
    cr_assert(eq(str, (char *)put("\U0001f3fb", 12), "\\u{1f3fb}   "));
    cr_assert(eq(str, (char *)put("\U000e0fff", 12), "\\u{e0fff}   "));
}

Test(top, nothing_harmful_is_left_and_columns_stay)
{
    static const char *const texts[] = {
        "\x1b[2J\x1b]0;title\x07",
        "\xc2\x9b"
        "31m",
        "\u202eevil\u2066\u200b\u200d",
        "\xff\xc3(\xed\xa0\x80\xf8",
        "e\u0301\u0301\u0301\u0301",
        "中\u0301文字\u3000\u1100\u1161",
        "\U0001f468\u200d\U0001f469",
        "\t\r\n\x7f",
    };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        for (int width = 0; width < 30; width++) {
            const char *shown = put(texts[i], width);
            cr_assert(eq(int, columns_of(shown), width), "%s", shown);
            for (const char *at = shown; *at != '\0'; at++) {
                cr_assert(ge(int, (unsigned char)*at, ' '), "%s", shown);
                cr_assert(ne(int, (unsigned char)*at, 0x7F), "%s", shown);
            }
        }
    }
}

Test(top, without_utf_8_all_is_ascii)
{
    cells_begin(&line, 20, true);
    cells_put(&line, "é中", strlen("é中"), 20);

    cr_assert(eq(str, line.text, "\\u{00e9}\\u{4e2d}    "));
}

/* -- Rates -- */

Test(top, a_rate_is_that_of_the_last_seconds)
{
    for (int64_t now_ms = 100000; now_ms < 110000; now_ms += 10) {
        add("a", "1", now_ms);
    }

    look(110000);
    cr_assert(ge(dbl, snapshot.rows[0].per_s, 99));
    cr_assert(le(dbl, snapshot.rows[0].per_s, 101));
    cr_assert(ge(dbl, snapshot.rows[0].bytes_per_s, 198));
    look(115000);
    cr_assert(eq(dbl, snapshot.rows[0].per_s, 0));
    cr_assert(eq(u64, snapshot.rows[0].count, 1000));
    cr_assert(eq(i64, snapshot.rows[0].age_ms, 5010));
}

/* -- Topics -- */

Test(top, more_topics_than_there_is_room_for_are_counted_together)
{
    char name[32];

    for (int i = 0; i < TOP_TOPICS_MAX + 5; i++) {
        snprintf(name, sizeof(name), "t/%d", i);
        add(name, "1", 1000);
    }
    add("t/3", "2", 1001);

    look(1002);
    cr_assert(eq(sz, snapshot.row_count, TOP_TOPICS_MAX + 1));
    cr_assert(eq(u64, snapshot.messages, TOP_TOPICS_MAX + 6));
    cr_assert(eq(u64, model.others, 5));
    cr_assert(ne(ptr, strstr(row(order.count - 1), "(all other topics)"), 0));
}

Test(top, a_row_has_the_last_value_and_stays_as_it_was_taken)
{
    add("a/b", "\"text\"", 1000);
    look(1000);
    add("a/b", "{\"x\":1}", 1500);

    cr_assert(ne(ptr, strstr(row(0), " hub          text "), NULL));
    look(1500);
    cr_assert(ne(ptr, strstr(row(0), " hub          {\"x\":1} "), NULL));
}

Test(top, a_long_value_is_cut_between_characters)
{
    char data[1001] = "x";

    for (size_t i = 1; i + 3 <= 1000; i += 3) {
        memcpy(data + i, "中", 3);
    }
    add("a", data, 1000);
    look(1000);

    cr_assert(eq(sz, snapshot.rows[0].value_size % 3, 1));
    cr_assert(le(sz, snapshot.rows[0].value_size, TOP_VALUE_MAX));
}

Test(top, all_lines_are_as_wide_as_the_screen)
{
    add("\u202eevil/中文e\u0301\u0301\u0301", "\"\\u009b31m 中\"", 1000);
    look(1000);

    for (int width = 1; width <= 130; width++) {
        for (int number = 0; number < 10; number++) {
            cells_begin(&line, width, false);
            top_view_line(&view, &snapshot, &order, number, 10, &line);
            cr_assert(eq(int, columns_of(line.text), width), "%s", line.text);
        }
    }
}

/* Where the words of a line begin and end. */
struct words {
    size_t begin[40], end[40];
    size_t count;
};

static struct words words_of(const char *text)
{
    struct words words = {.count = 0};
    size_t at = 0;

    while (text[at += strspn(text + at, " ")] != '\0') {
        words.begin[words.count] = at;
        at += strcspn(text + at, " ");
        words.end[words.count++] = at;
    }
    return words;
}

/* Whether a word is one of the words of a line. */
static bool is_among(const char *word, size_t size, const char *line_text)
{
    struct words words = words_of(line_text);
    bool found = false;

    for (size_t i = 0; i < words.count; i++) {
        found |= words.end[i] - words.begin[i] == size &&
                 strncmp(line_text + words.begin[i], word, size) == 0;
    }
    return found;
}

static const char *line_at(int number, int width)
{
    cells_begin(&line, width, false);
    top_view_line(&view, &snapshot, &order, number, 10, &line);
    return line.text;
}

/* Every word with a digit is whole, or not there. */
static void check_numbers(int number, int width, const char *whole)
{
    const char *shown = line_at(number, width);
    struct words words = words_of(shown);

    for (size_t i = 0; i < words.count; i++) {
        size_t size = words.end[i] - words.begin[i];
        const char *word = shown + words.begin[i];
        if (strcspn(word, "0123456789") < size) {
            cr_assert(is_among(word, size, whole), "at %d: %s", width, shown);
        }
    }
}

/* Titles are whole and begin or end where the row's columns do; a mark says
 * that there are fewer. */
static void check_titles(int width, const char *whole)
{
    char titles[201];
    snprintf(titles, sizeof titles, "%s", line_at(TOP_HEAD - 1, width));
    struct words words = words_of(titles);
    bool marked = titles[width - 1] == '>';

    cr_assert(eq(int, marked, words.count - marked < words_of(whole).count),
              "at %d: %s", width, titles);
    for (size_t i = 0; i < words.count - marked; i++) {
        cr_assert(is_among(titles + words.begin[i],
                           words.end[i] - words.begin[i], whole),
                  "at %d: %s", width, titles);
    }
    const char *row_text = line_at(TOP_HEAD, width);
    for (size_t i = 1; i < words.count - marked; i++) {
        bool there = row_text[words.begin[i]] != ' ' ||
                     row_text[words.end[i] - 1] != ' ';
        cr_assert(there, "at %d: %s", width, row_text);
    }
}

Test(top, a_narrow_screen_shows_fewer_numbers_and_none_cut)
{
    char whole[6][201];

    for (int i = 0; i < 1234; i++) {
        add("ab", "false", 1000);
    }
    look(1900);
    snapshot.per_s = 123456789;
    snapshot.bytes_per_s = 98765.4;
    snapshot.loss = 12.3;
    snapshot.lost = 1234567890123;
    snapshot.drops = 98765432109876;
    snapshot.rows[0].loss = 100;
    snapshot.rows[0].size = 99999;
    for (int i = 0; i < 6; i++) {
        snprintf(whole[i], sizeof whole[i], "%s", line_at(i, 200));
    }

    for (int width = 10; width <= 200; width++) {
        for (int i = 1; i < TOP_HEAD + 1; i++) {
            check_numbers(i, width, whole[i]);
        }
        if (width > 10) {
            check_titles(width, whole[TOP_HEAD - 1]);
        }
    }
}

/* -- Order and keys -- */

static enum top_act press(int key)
{
    enum top_act act = top_view_key(&view, key, order.count, 2);

    look(2000);
    return act;
}

static void add_three(void)
{
    add("b", "1", 1000);
    add("a", "12345", 1000);
    add("c", "1", 1000);
    add("c", "1", 1000);
    look(2000);
}

static const char *names(void)
{
    static char text[64];

    text[0] = '\0';
    for (size_t i = 0; i < order.count; i++) {
        strcat(text, order.entries[i].name);
    }
    return text;
}

Test(top, keys_choose_the_order)
{
    add_three();

    cr_assert(eq(str, (char *)names(), "cab"));
    cr_assert(eq(int, press('r'), TOP_DRAW));
    cr_assert(eq(str, (char *)names(), "bac"));
    press('r');
    press('<');
    cr_assert(eq(str, (char *)names(), "abc"));
    press('s');
    press('>');
    press('s');
    cr_assert(eq(str, (char *)names(), "abc")); /* by size, then by name */
    press('<');
    press('<');
    press('<');
    press('S');
    cr_assert(eq(str, (char *)top_sorts(TOP_TOPICS)[view.sort[0]], "sender"));
}

Test(top, a_filter_is_typed_and_escape_takes_it_away)
{
    add_three();

    press('/');
    press('c');
    press('q'); /* a letter now */
    cr_assert(eq(str, (char *)names(), ""));
    press(TOP_KEY_BACKSPACE);
    cr_assert(eq(str, (char *)names(), "c"));
    press('\n');
    cr_assert(not(view.typing));
    press(TOP_KEY_ESCAPE);
    cr_assert(eq(str, (char *)names(), "cab"));
    press('/');
    press('+');
    cr_assert(eq(str, (char *)names(), "cab"));
    press(TOP_KEY_ESCAPE);
    cr_assert(not(view.typing));
}

Test(top, a_filter_has_an_end_and_is_rubbed_out_by_characters)
{
    press('/');
    for (int i = 0; i < 2 * TOP_FILTER_MAX; i++) {
        press('x');
    }
    cr_assert(eq(sz, strlen(view.filter), TOP_FILTER_MAX));
    press(TOP_KEY_ESCAPE);
    press('/');
    press('a');
    press(0xC3);
    press(0xA9);
    press(127);
    cr_assert(eq(str, view.filter, "a"));
    press(127);
    press(127);
    cr_assert(eq(str, view.filter, ""));
}

Test(top, scrolling_ends_with_the_last_page)
{
    add_three();

    press(TOP_KEY_UP);
    cr_assert(eq(sz, view.scroll, 0));
    press(TOP_KEY_DOWN);
    press(TOP_KEY_DOWN);
    cr_assert(eq(sz, view.scroll, 1));
    press(TOP_KEY_HOME);
    cr_assert(eq(sz, view.scroll, 0));
    press(TOP_KEY_END);
    cr_assert(eq(sz, view.scroll, 1));
    press(TOP_KEY_PAGE_UP);
    cr_assert(eq(sz, view.scroll, 0));
}

Test(top, views_pause_help_and_the_end_have_their_keys)
{
    cr_assert(eq(int, press('\t'), TOP_DRAW));
    cr_assert(eq(int, view.kind, TOP_NODES));
    press('3');
    cr_assert(eq(int, view.kind, TOP_DROPS));
    press('\t');
    cr_assert(eq(int, view.kind, TOP_TOPICS));
    press(' ');
    cr_assert(view.paused);
    press('p');
    cr_assert(not(view.paused));
    press('?');
    cr_assert(view.help);
    press('x');
    cr_assert(not(view.help));
    cr_assert(eq(int, press(0), TOP_NOTHING));
    cr_assert(eq(int, press('q'), TOP_QUIT));
}
