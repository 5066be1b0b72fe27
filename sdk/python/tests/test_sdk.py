"""What the SDK does without an engine: what its build program finds in modules, and errors with the contract's names."""

import sys
import tempfile
import types
import unittest
from dataclasses import dataclass
from pathlib import Path

from postlude import Continue, Deny, Failure, HostError, Redirect, TokenRequest, Unavailable, _abi, _action, build, event, log, login


class Seeds(unittest.TestCase):
    """The seed of the interpreter's hashes, in the library for reproducible builds."""

    LIBRARY = b"before PYTHONHASHSEED\0" + b"0" * 10 + b"\0 after"

    def seeded(self, files: dict[str, str]) -> bytes:
        with tempfile.TemporaryDirectory() as folder:
            for name, text in files.items():
                Path(folder, name).write_text(text, encoding="utf-8")
            return build.with_seed(self.LIBRARY, Path(folder))

    def test_the_seed_is_that_of_the_modules(self) -> None:
        one = self.seeded({"plugin.py": "a = 1", "README.md": "one"})
        self.assertEqual(one, self.seeded({"README.md": "two", "plugin.py": "a = 1"}))
        self.assertNotEqual(one, self.seeded({"plugin.py": "a = 2"}))
        self.assertNotEqual(one, self.seeded({"other.py": "a = 1"}))
        seed = one.removeprefix(b"before PYTHONHASHSEED\0").removesuffix(b"\0 after")
        self.assertEqual(len(seed), 10)
        self.assertTrue(0 < int(seed) < 2**32)

    def test_a_library_of_another_release_is_refused(self) -> None:
        with tempfile.TemporaryDirectory() as folder, self.assertRaisesRegex(build.BuildError, "--update-sdk"):
            build.with_seed(b"another", Path(folder))


class Uses(unittest.TestCase):
    """The functions of the contract that a project names."""

    def used(self, files: dict[str, str], entry: str = "plugin") -> list[str]:
        with tempfile.TemporaryDirectory() as folder:
            for name, text in files.items():
                path = Path(folder, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
            return sorted(build.used_functions(Path(folder), entry) - {"log.log", "log.panic"})

    def test_names_and_other_names_of_namespaces(self) -> None:
        text = "from postlude import session, event as e\nimport postlude.reply as r\nimport postlude\n"
        text += "session.record_factor('f')\ne.email()\nr.parameter('p')\npostlude.clock.now()\n"
        expected = ["clock.now", "event.get", "reply.form", "reply.query", "session.record-factor"]
        self.assertEqual(self.used({"plugin.py": text}), expected)

    def test_functions_by_themselves(self) -> None:
        self.assertEqual(self.used({"plugin.py": "from postlude.cache import set\nset('k', 1, 2)\n"}), ["cache.set"])

    def test_a_namespace_that_is_passed_on_brings_in_all_of_it(self) -> None:
        used = self.used({"plugin.py": "from postlude import claims\nhelp(claims)\n"})
        self.assertEqual(used, ["claims.add-scope", "claims.remove-scope", "claims.set-access-token", "claims.set-id-token"])

    def test_other_modules_of_the_project_are_read(self) -> None:
        files = {
            "plugin.py": "from pack import one\nimport json\n",
            "pack/__init__.py": "from .two import f\n",
            "pack/one.py": "from . import two\n",
            "pack/two.py": "from postlude import random\nf = lambda: random.bytes(1)\n",
            "unused.py": "from postlude import http\nhttp.send('x')\n",
        }
        self.assertEqual(self.used(files), ["random.bytes"])

    def test_a_syntax_error_has_its_place(self) -> None:
        with self.assertRaisesRegex(build.BuildError, r"^plugin\.py:2: "):
            self.used({"plugin.py": "x = 1\ndef f(:\n"})

    def test_every_function_of_every_namespace_is_known(self) -> None:
        for namespace in build._NAMESPACES:
            for name, calls in build.namespace_calls(namespace).items():
                self.assertTrue(calls, f"{namespace}.{name}")


class Calls(unittest.TestCase):
    """Calls of the host and what comes of them, over modules that stand in for componentize-py's."""

    def setUp(self) -> None:
        self.modules, self.running = dict(_abi._modules), _abi._running
        self.lines: list[tuple[str, str]] = []
        level = types.SimpleNamespace(DEBUG="debug", INFO="info", WARN="warn", ERROR="error")

        def line(level: str, message: str, fields: list[tuple[str, str]]) -> None:
            self.lines.append((level, message))

        def panic(message: str) -> None:
            self.lines.append(("panic", message))

        _abi._modules["log"] = types.SimpleNamespace(Level=level, log=line, panic=panic)
        record = lambda *names: lambda *values: tuple(values)  # noqa: E731
        _abi._modules["decisions"] = types.SimpleNamespace(
            Decision_Continue=lambda: "continue",
            Decision_Deny=lambda value: ("deny", value),
            Decision_Redirect=lambda value: ("redirect", value),
            Denial=record(),
            RedirectRequest=record(),
            TokenRequest=record(),
            Failure_Other=lambda text: ("other", text),
            Failure_Unavailable=lambda text: ("unavailable", text),
        )

        class Err(Exception):
            def __init__(self, value: object) -> None:
                self.value = value

        self.err = Err
        sys.modules["componentize_py_types"] = types.ModuleType("componentize_py_types")
        sys.modules["componentize_py_types"].Err = Err  # type: ignore[attr-defined]

    def tearDown(self) -> None:
        _abi._modules.clear()
        _abi._modules.update(self.modules)
        _abi._running = self.running
        del sys.modules["componentize_py_types"]

    def run_plugin(self, handler: object) -> object:
        plugin = _action.Action()
        plugin.on_login = handler  # type: ignore[assignment, method-assign]
        try:
            return _action.run(plugin, "on_login")
        except self.err as error:
            return error.value

    def raising(self, error: Exception) -> object:
        def handler() -> None:
            raise error

        return self.run_plugin(handler)

    def test_decisions(self) -> None:
        self.assertEqual(self.run_plugin(Continue), "continue")
        self.assertEqual(self.run_plugin(lambda: Deny("code", "Sentence.")), ("deny", ("code", "Sentence.")))
        redirect = Redirect("https://p.example", {"n": "1"}, factor="f", token=TokenRequest("request", "partner", {"c": 1}))
        token = ("request", "partner", '{"c":1}', 600)
        self.assertEqual(self.run_plugin(lambda: redirect), ("redirect", ("https://p.example", [("n", "1")], "f", token)))

    def test_failures_are_the_contracts(self) -> None:
        self.assertEqual(self.raising(Failure("undecided")), ("other", "undecided"))
        self.assertEqual(self.raising(Unavailable("closed")), ("unavailable", "closed"))
        self.assertEqual(self.raising(HostError("http", "timeout")), ("unavailable", "http: no answer within 2 seconds"))
        self.assertEqual(self.raising(HostError("http", "not-granted"))[0], "other")  # type: ignore[index]
        self.assertEqual([level for level, _ in self.lines], ["error"] * 4)

    def test_other_exceptions_end_the_run(self) -> None:
        for error, said in [(ValueError("odd"), "ValueError: odd\nat raising"), (KeyError("k"), "KeyError: 'k'")]:
            with self.assertRaises(type(error)):
                self.raising(error)
            self.assertEqual(self.lines[-1][0], "panic")
            self.assertTrue(self.lines[-1][1].startswith(said.split("\n")[0]), self.lines[-1])
        with self.assertRaisesRegex(TypeError, "the handler returned None: return Continue"):
            self.run_plugin(lambda: None)

    def test_refusals_have_the_contracts_names(self) -> None:
        class EventError_NotGranted:  # noqa: N801
            pass

        def get(pointer: str) -> None:
            raise self.err(EventError_NotGranted())

        _abi._modules["event"] = types.SimpleNamespace(get=get)
        _abi.run_begins()
        with self.assertRaises(HostError) as caught:
            event.email()
        self.assertEqual((caught.exception.kind, caught.exception.code), ("event", "not-granted"))
        self.assertEqual(str(caught.exception), "event: this part of the event is not granted to the action")

    def test_settings_become_a_dataclass(self) -> None:
        @dataclass
        class Settings:
            url: str
            often: int = 3

        _abi._modules["login"] = types.SimpleNamespace(settings=lambda: '{"url": "u", "more": 1}')
        _abi.run_begins()
        self.assertEqual(login.settings(Settings), Settings("u"))
        self.assertEqual(login.settings(), {"url": "u", "more": 1})
        _abi._modules["login"] = types.SimpleNamespace(settings=lambda: "{}")
        with self.assertRaisesRegex(HostError, "do not fit Settings"):
            login.settings(Settings)

    def test_the_host_is_not_there_while_the_plugin_is_built(self) -> None:
        _abi._running = False
        with self.assertRaisesRegex(RuntimeError, "`log.log` was called while the plugin was built"):
            log.info("early")
        with self.assertRaisesRegex(RuntimeError, "`http` is not in this plugin's world"):
            _abi.call("http", "send")


if __name__ == "__main__":
    unittest.main()
