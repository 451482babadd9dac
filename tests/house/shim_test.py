# SPDX-License-Identifier: Apache-2.0
"""The stand-in for Criterion tells what holds from what does not, and knows
every word that the tests use.

    shim_test.py SOURCE_DIR C_COMPILER

tests/support/criterion_shim runs the tests on other machines (tools/cross.sh).
"""

import os
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import house

SHIM = "tests/support/criterion_shim"
PROGRAM = r"""
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>

static int value;
static void set(void) { value = 7; }
static void fini(void) { printf("fini %d\n", value); }
static void fini_fails(void) { cr_assert(false); }

TestSuite(suite, .init = set, .fini = fini);
Test(suite, has_its_init) { cr_expect(eq(int, value, 7), "%d", value); }
Test(suite, fini_runs_after_a_failure) { value = 8; cr_assert(false); }
Test(alone, has_no_init) { cr_assert(eq(int, value, 0)); }
Test(alone, all_comparisons_hold)
{
    cr_expect(lt(sz, 1, 2)); cr_expect(le(sz, 2, 2)); cr_expect(ne(u8, 1, 2));
    cr_expect(gt(int, 1, -1)); cr_expect(ge(int, -1, -1));
    cr_expect(gt(uint, -1, 1)); cr_expect(eq(u8, 257, 1));
    cr_expect(eq(str, "a", "a")); cr_expect(lt(str, "a", "b"));
    cr_expect(eq(dbl, 0.5, 0.5)); cr_expect(zero(ptr, NULL));
    cr_expect(not(eq(chr, 'a', 'b')));
}
Test(alone, fails_eq) { cr_expect(eq(int, 1, 2), "with %s", "words"); }
Test(alone, fails_ne) { cr_expect(ne(u64, 1, 1)); }
Test(alone, fails_lt) { cr_expect(lt(int, 1, 1)); }
Test(alone, fails_le) { cr_expect(le(int, 2, 1)); }
Test(alone, fails_gt) { cr_expect(gt(int, 1, 1)); }
Test(alone, fails_ge) { cr_expect(ge(int, 1, 2)); }
Test(alone, fails_text) { cr_expect(eq(str, "a", "b")); }
Test(alone, fails_nan) { cr_expect(ge(dbl, strtod("nan", NULL), 0)); }
Test(alone, fails_not) { cr_expect(not(eq(int, 1, 1))); }
Test(alone, fails_before_it_ends) { cr_expect(false); cr_expect(true); }
Test(alone, fails_in_fini, .fini = fini_fails) { cr_expect(true); }
Test(alone, assert_ends_it) { cr_assert(false); printf("not reached\n"); }
Test(alone, crashes) { abort(); }
Test(alone, leaves_early) { exit(0); }
Test(alone, is_skipped) { cr_skip_test("because %d", 5); }
"""


def compile_program(folder, text):
    source = os.path.join(folder, "program.c")
    with open(source, "w", encoding="utf-8") as file:
        file.write(text)
    program = os.path.join(folder, "program")
    subprocess.run(
        [COMPILER, "-std=c11", "-D_POSIX_C_SOURCE=200809L", "-Wall", "-Wextra",
         "-Wpedantic", "-isystem", SHIM, source, SHIM + "/shim.c",
         "-o", program], cwd=ROOT, check=True)
    return subprocess.run([program], capture_output=True, text=True)


class Shim(unittest.TestCase):
    def test_failures_are_seen(self):
        with tempfile.TemporaryDirectory() as folder:
            done = compile_program(folder, PROGRAM)
        self.assertEqual(done.returncode, 1)
        self.assertIn("[====] Tested: 18 | Passing: 3 | Failing: 13 | "
                      "Crashing: 2 | Skipped: 1", done.stdout)
        for text in ("fini 8", "with words", "last compared: 1 == 2",
                     "[SKIP] alone::is_skipped: because 5",
                     "alone::crashes: ended by signal",
                     "alone::leaves_early: left by exit(0)"):
            self.assertIn(text, done.stdout)
        self.assertNotIn("not reached", done.stdout)

    def test_success_is_seen(self):
        with tempfile.TemporaryDirectory() as folder:
            done = compile_program(
                folder, "#include <criterion/criterion.h>\n"
                        "Test(one, holds) { cr_assert(1 == 1); }\n")
        self.assertEqual(done.returncode, 0)
        self.assertIn("Tested: 1 | Passing: 1", done.stdout)

    def test_no_test_is_a_failure(self):
        with tempfile.TemporaryDirectory() as folder:
            done = compile_program(folder, "extern int nothing;\n")
        self.assertEqual(done.returncode, 1)

    def test_every_test_of_ours_compiles(self):
        found = [path for path in house.sources(ROOT, ("tests",), ("_test.c",))
                 if "criterion/" in "".join(house.lines(ROOT, path))]
        done = subprocess.run(
            [COMPILER, "-std=c11", "-D_POSIX_C_SOURCE=200809L",
             "-fsyntax-only", "-DMSOCK_SOURCE_DIR=\"\"",
             "-DMSOCK_BINARY_DIR=\"\"", "-isystem", SHIM, "-I.", "-Iinclude",
             *found], cwd=ROOT, capture_output=True, text=True)
        self.assertGreater(len(found), 0)
        self.assertEqual((done.returncode, done.stderr), (0, ""))


ROOT, COMPILER = sys.argv[1:]
unittest.main(argv=sys.argv[:1])
