# SPDX-License-Identifier: Apache-2.0
"""msock hub --test-config: what is wrong with a configuration, and where."""

import json
import os
import re
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "e2e"))
import netns

LO = f"udp://{netns.GROUP}:{netns.PORT}?iface=lo"
WRONG = 78  # exit code of a configuration that is wrong


class TestConfig(netns.Case):
    def setUp(self):
        super().setUp()
        build = os.path.dirname(os.path.dirname(netns.msock))
        self.plugins = self.path("plugins")
        os.mkdir(self.plugins, 0o755)
        self.plugin = shutil.copy(
            os.path.join(build, "tests/farewell/early.so"), self.plugins)
        self.file = self.path("hub.json")

    def check(self, text, code=0, **options):
        """Checks a configuration.  Returns what was said."""
        with open(self.file, "wb") as file:
            file.write(text if isinstance(text, bytes) else text.encode())
        result = self.run_msock("hub", "--config", self.file, "--test-config",
                                code=code, **options)
        self.assertRegex(
            result.out, "^$" if code else r"^configuration ok\b.*\n$")
        self.verdict = result.out
        return result.err

    def whole(self, **more):
        """A configuration in which everything is said."""
        return json.dumps({
            "channel": "udp://239.255.77.83:7783?iface=lo", "name": "hub",
            "key_file": None, "plugins_directory": self.plugins,
            "plugins": [{"name": "early", "config": {"number": 7}}],
            "slow_ms": 20, "slow_max": 9, "fail_max": 3,
            "subscriptions_max": 65536, "timers_max": 4096,
            "log_level": "warning",
            "status": {"file": self.path("status.json"), "every_s": 9,
                       "filters": ["+/lights/state", "#"]}, **more})

    def test_nothing_hides_behind_a_nul_byte(self):
        said = self.check(b'{"key_file": null}\0 {not json', code=WRONG)
        self.assertIn("NUL", said)

    def test_what_is_right_is_ok(self):
        for text in (self.whole(), '{"key_file": null}',
                     self.whole(key_file=self.key()),
                     self.whole(plugins=[{"name": self.plugin}]),
                     ' // a comment\n{ // "another"\n"name": "a//b", '
                     '"key_file":null}// the last'):
            self.assertEqual(self.check(text), "", text)

    def test_the_page_about_the_service_shows_one_that_is_right(self):
        page = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                            "..", "..", "docs", "service.md")
        build = os.path.dirname(os.path.dirname(netns.msock))
        shutil.copy(os.path.join(build, "plugins/lights.so"), self.plugins)
        with open(page, encoding="utf-8") as file:
            shown = file.read().split("```json\n")[1].split("```")[0]
        self.key("hub.key")
        leds = self.path("leds")
        os.makedirs(os.path.join(leds, "ACT"))
        for name in ("brightness", "max_brightness"):
            with open(os.path.join(leds, "ACT", name), "w",
                      encoding="ascii") as file:
                file.write("1\n")

        there = shown.replace(
            "{", json.dumps({"plugins_directory": self.plugins})[:-1] + ",", 1
        ).replace('"leds":', f'"directory": {json.dumps(leds)}, "leds":')
        self.assertIn(leds, there)
        self.check(there)

    def test_nothing_is_joined_and_no_plugin_started(self):
        self.check(self.whole(channel="udp://239.255.77.83:7783?iface=none"))

    def test_a_key_that_is_read_needs_no_word(self):
        key = self.key()
        for text in (self.whole(key_file=key),
                     json.dumps({"channel": LO + "&key_file=" + key})):
            self.check(text)
            self.assertEqual(self.verdict, "configuration ok\n")

    def test_an_open_channel_is_asked_for_and_told(self):
        self.check('{"key_file": null}')

        self.assertIn("an open channel", self.verdict)

    def test_no_key_at_all_is_a_problem_as_it_is_at_a_start(self):
        told = self.check("{}", WRONG)

        self.assertEqual(told.count("\n"), 1)
        self.assertIn('there is no key: give "key_file", or', told)
        self.assertEqual(
            re.sub("^.*? hub: ", "msock: ", self.run_msock(
                "hub", "--config", self.file, code=WRONG).err), told)

    def test_the_key_of_the_unit_lies_beside_the_configuration(self):
        key = self.key("hub.key")

        self.assertEqual(self.check("{}"), "")
        self.assertIn('if the service manager loads the key', self.verdict)
        os.chmod(key, 0o644)
        self.assertIn("chmod 600", self.check("{}", WRONG))

    def test_a_key_that_the_service_manager_hides_is_awaited(self):
        hidden = dict(os.environ, CREDENTIALS_DIRECTORY=self.path("hidden"))

        self.check("{}", env=hidden)
        self.assertIn('the credential "key"', self.verdict)
        self.check("{}", WRONG, env={**hidden, "CREDENTIALS_DIRECTORY": ""})

    def test_a_credential_that_is_shown_is_read(self):
        self.key("key")
        shown = dict(os.environ, CREDENTIALS_DIRECTORY=self.folder)

        self.check("{}", env=shown)
        self.assertEqual(self.verdict, "configuration ok\n")

    def test_each_problem_names_file_line_and_remedy(self):
        cases = (
            ('{\n"chanel": "x"}', 2, 'unknown key "chanel"; the nearest is '
             '"channel"'),
            ('{"plugin": []}', 1, 'the nearest is "plugins"'),
            ('{"status": {"files": 1}}', 1, 'the nearest is "file"'),
            ('{"plugins": [{"name": "a", "conf": {}}]}', 1,
             'the nearest is "config"'),
            ('{"name": 1}', 1, '"name" must be a text'),
            ('{"name": ""}', 1, '"name" must be a text'),
            ('{"name": "a",\n"name": "b"}', 2, '"name" comes twice'),
            ('{"key_file": "key"}', 1, 'an absolute path'),
            ('{"plugins_directory": "plugins"}', 1, 'an absolute path'),
            ('{"status":\n{\n"file": "x"}}', 3, 'an absolute path'),
            ('{"status": {"every_s": 0}}', 1, 'from 1 to 86400'),
            ('{"status": {"every_s": 86401}}', 1, 'from 1 to 86400'),
            ('{"slow_ms": 99999999999999999999}', 1, 'from 1 to 60000'),
            ('{"slow_ms": -1}', 1, 'from 1 to 60000'),
            ('{"slow_ms": "1"}', 1, 'from 1 to 60000'),
            ('{"fail_max": 1.5}', 1, 'from 1 to 1000000'),
            ('{"slow_max": 0}', 1, 'from 1 to 1000000'),
            ('{"subscriptions_max": 65537}', 1, 'from 1 to 65536'),
            ('{"timers_max": 4097}', 1, 'from 1 to 4096'),
            ('{"log_level": "loud"}', 1, '"debug", "info", "warning"'),
            ('{"status": {"filters": "#"}}', 1, 'a list'),
            ('{"status": {"filters": ["a/#/b"]}}', 1,
             '"filters[0]" must be a filter, such as "+/lights/state"'),
            ('{"status": {"filters": ["#",\n7]}}', 2, '"filters[1]" must be'),
            ('{"status": {"filters": [%s]}}' % ",".join(['"#"'] * 17), 1,
             'over 16 filters'),
            ('{"plugins": {}}', 1, 'a list'),
            ('{"plugins": [7]}', 1, '"plugins[0]" must be an object, such as '
             '{"name": "lights"}'),
            ('{"plugins": [\n{"config": {}}]}', 2,
             '"plugins[0]" needs a name: {"name": "lights"}'),
            ('{"status": 7}', 1, '"status" must be an object, such as {"file"'),
            ('{"plugins": [{"name": "a", "config": []}]}', 1, 'an object'),
            ('{"plugins": [{"name": "a"},\n{"name": "/x/a.so"}]}', 2,
             'a second plugin'),
            ('{"plugins": [%s]}' % ",".join(
                '{"name": "p%d"}' % number for number in range(65)), 1,
             'over 64 plugins'),
            ('[]', 1, 'the configuration must be an object, such as {"name"'),
            ('{\n\n"name": }', 3, 'not valid JSON'),
            ('{"name": "a" // "b"\n"x"}', 2, 'not valid JSON'),
            ('{"name": "a",\n}', 2, ': a comma, and nothing follows'),
            ('{"plugins": [\n{"name": "a"}, // b\n]}', 3,
             ': a comma, and nothing follows'),
            ('{"name": "a", # b\n"key_file": null}', 1,
             ': comments begin with //'),
            ('{"name": "a", /* b */ "key_file": null}', 1,
             ': comments begin with //'),
            ("{'name': 'a'}", 1, ': texts have double quotes'),
            ('', 1, 'not valid JSON'))
        for text, line, said in cases:
            told, *more = self.check(text, WRONG).splitlines()
            self.assertTrue(told.startswith(f"msock: {self.file}:{line}: "),
                            (text, told))
            self.assertIn(said, told, text)
            for follows in more:
                self.assertRegex(follows, "there is no key|no directory of "
                                 "plugins|plugin's directory /x/", text)

    def test_all_problems_are_told_at_once(self):
        self.assertEqual(self.check('{"a": 1,\n"slow_ms": 0,\n"b": 1}',
                                    WRONG).count("\n"), 3)

    def test_what_is_named_is_checked_in_a_file_with_problems_too(self):
        told = self.check(self.whole(
            slow_ms=0, channel="udp://10.0.0.1:1", key_file="/none",
            plugins=[{"name": "early", "config": {"nmber": 1}, "conf": 1},
                     {"name": "/etc/late.so"}],
            status={"file": "/none/status.json"}), WRONG)

        for said in ('"slow_ms" must be', "10.0.0.1", '"nmber"', '"conf"',
                     "/etc/late.so", "/none/status.json"):
            self.assertIn(said.replace("/status.json", ":"), told)
        self.assertEqual(told.count("\n"), 6, told)

    def test_what_was_not_understood_is_not_missed(self):
        for text in ('{"key_fiel": "/none"}', '{"key_file": "key"}',
                     '{"plugins_directry": "/", "plugins": [{"name": "a"}]}',
                     '{"plugins_directory": "./", "plugins": [{"name": "a"}]}'):
            self.assertEqual(self.check(text, WRONG).count("\n"), 1, text)

    def test_a_plugin_says_what_would_keep_it_from_starting(self):
        build = os.path.dirname(os.path.dirname(netns.msock))
        for name in ("exec", "journal"):
            shutil.copy(os.path.join(build, "plugins", name + ".so"),
                        self.plugins)
        begin = '{"key_file": null, "plugins_directory": "%s",\n' % (
            self.plugins)
        for name, config, said in (
                ("exec", '{"commands":[{"filter":"a","program":"ls"}]}',
                 'the program "ls" must be an absolute path'),
                ("exec", '{"commands":[]}', "no command"),
                ("journal", '{"directory":"/none"}', "/none: No such file")):
            told = self.check(f'{begin}"plugins": [\n{{"name": "{name}", '
                              f'"config": {config}}}]}}', WRONG)
            self.assertTrue(told.startswith(
                f"msock: {self.file}:3: plugin {name} would not start: "), told)
            self.assertIn(said, told)

    def test_what_the_unit_makes_is_not_missed(self):
        for folder in ("/run/multisock-hub", "/var/lib/multisock-hub"):
            self.check(self.whole(status={"file": folder + "/status.json"}))
        self.assertIn("/run/multisock-hub/a: No such file", self.check(
            self.whole(status={"file": "/run/multisock-hub/a/b"}), WRONG))

    def test_what_the_file_names_is_checked_too(self):
        open_key = self.key("open.key")
        os.chmod(open_key, 0o644)
        for more, said in (
                ({"channel": "udp://10.0.0.1:1"}, ": channel: "),
                ({"channel": "udp://239.1.1.1:1?ifcae=lo"}, "iface"),
                ({"name": "n" * 64}, "63"),
                ({"key_file": "/none"}, ": key_file: "),
                ({"key_file": open_key}, "chmod 600"),
                ({"status": {"file": "/none/s"}}, "/none: No such file"),
                ({"plugins": [{"name": "late"}]}, "late.so"),
                ({"plugins": [{"name": "../early"}]}, "../early"),
                ({"plugins": [{"name": "early", "config": {"nmber": 1}}]},
                 "number")):
            told = self.check(self.whole(**more), WRONG)
            self.assertIn(said, told, more)
            self.assertEqual(told.count("\n"), 1, told)

    def test_problems_of_a_plugin_name_file_and_line_too(self):
        begin = '{"key_file": null, "plugins_directory": "%s",\n' % (
            self.plugins)
        for plugins, line, said in (
                ('[\n{"name": "early",\n"config":\n{"nmber": 1}}]', 5,
                 'configuration of plugin early: unknown key "nmber"'),
                ('[\n{"config": {"number": "a"}, // 1\n"name": "early"}]', 3,
                 '"number" must be a whole number'),
                ('[\n\n{"name":\n"late"}]', 4, "late.so"),
                ('[{"name": "early"},\n{"name": "/etc/late",'
                 '\n"config": {}}]', 3, "/etc/late")):
            told = self.check(f'{begin}"plugins": {plugins}}}', WRONG)
            self.assertTrue(told.startswith(f"msock: {self.file}:{line}: "),
                            (plugins, told))
            self.assertIn(said, told)
            self.assertEqual(told.count("\n"), 1, told)

    def test_what_others_may_write_is_refused(self):
        os.chmod(self.plugin, 0o775)
        self.assertIn("chmod go-w", self.check(self.whole(), WRONG))
        os.chmod(self.plugin, 0o755)
        os.chmod(self.plugins, 0o777)
        self.assertIn("chmod go-w", self.check(self.whole(), WRONG))
        os.chmod(self.plugins, 0o755)
        os.chmod(self.file, 0o666)
        self.assertIn("chmod go-w", self.check(self.whole(), WRONG))

    def test_what_is_no_configuration_is_refused(self):
        for file, said in ((self.path("none"), "No such file"),
                           (self.folder, "not a regular file"),
                           ("/dev/null", "not a regular file")):
            self.assertIn(said, self.run_msock(
                "hub", "--config", file, "-t", code=WRONG).err)
        self.assertIn("over 262144 bytes", self.check(" " * 262145, WRONG))

    def test_damage_anywhere_is_told(self):
        whole = b'{"name":"h","plugins":[{"name":"/x"}],"status":{"every_s":9}}'
        damaged = [whole[:size] for size in range(len(whole))]
        damaged += [whole[:at] + bytes([whole[at] ^ 0x15]) + whole[at + 1:]
                    for at in range(len(whole))]
        for text in damaged:
            self.assertTrue(self.check(text, WRONG), text)

    def test_wrong_calls_end_with_2(self):
        for words, said in ((["--config"], "--config needs a value"),
                            (["--foreground"], "unknown option --foreground"),
                            (["hub.json"], "unknown word hub.json")):
            self.assertIn(said, self.run_msock("hub", *words, code=2).err)
        self.assertIn("usage: msock hub", self.run_msock("hub", "-h").out)


if __name__ == "__main__":
    netns.main()
