"""The steps of ``postlude build`` that need Python; a step's answer is JSON on standard output.

python -m postlude.build facts --dir DIR --entry MODULE
python -m postlude.build componentize --dir DIR --entry MODULE --wit FILE --world NAME --out FILE --library FILE
"""

from __future__ import annotations

import argparse
import ast
import hashlib
import importlib.metadata
import json
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

_SDK = Path(__file__).parent
_NAMESPACES = {
    path.stem for path in _SDK.glob("*.py") if not path.stem.startswith("_") and path.stem not in {"build"}
}
#: What the SDK itself calls in every plugin, for failures and exceptions.
_ALWAYS = {"log.log", "log.panic"}

#: What is in a project's folder and no module of the plugin.
_NOT_MODULES = (".*", "__pycache__", "build", "node_modules", "postlude-sdk", "*.egg-info", "*.wasm")

#: The release of componentize-py whose memory the library for reproducible builds knows.
_REPRODUCIBLE = "0.25.1"
#: What stands in the library for the seed of the interpreter's hashes.
_SEED = b"PYTHONHASHSEED\0%010d\0"

_APP = """import {entry}
import wit_world
from postlude._action import run
{imports}

class WitWorld(wit_world.WitWorld):
    def __init__(self):
        {begin}

    def on_login(self):
        return run({entry}.plugin, "on_login")

    def on_continue(self):
        return run({entry}.plugin, "on_continue")
"""


class BuildError(Exception):
    """The plugin was not built; the sentence says where and what to do."""


def namespace_calls(namespace: str) -> dict[str, set[str]]:
    """The functions of the contract that each function of a namespace calls, as ``session.record-factor``."""
    tree = ast.parse((_SDK / f"{namespace}.py").read_text(encoding="utf-8"))
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    calls: dict[str, set[str]] = {}
    inner: dict[str, set[str]] = {}
    for function in functions:
        own, others = calls.setdefault(function.name, set()), inner.setdefault(function.name, set())
        for node in ast.walk(function):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
                continue
            texts = [argument.value for argument in node.args if isinstance(argument, ast.Constant)]
            if node.func.id == "call":
                own.add(f"{texts[0]}.{texts[1].replace('_', '-')}")
            elif node.func.id == "attempt":
                own.add(f"{texts[1]}.{texts[2].replace('_', '-')}")
            else:
                others.add(node.func.id)
    for _ in functions:
        for name, others in inner.items():
            for other in others & calls.keys():
                calls[name] |= calls[other]
    return {name: found for name, found in calls.items() if not name.startswith("_")}


class _Uses(ast.NodeVisitor):
    """Collects what a module uses of the SDK's namespaces, and which modules it imports."""

    def __init__(self) -> None:
        self.aliases: dict[str, str] = {}
        self.packages: set[str] = set()
        self.functions: set[tuple[str, str | None]] = set()
        self.imports: set[str] = set()

    def visit_Import(self, node: ast.Import) -> None:
        for name in node.names:
            self.imports.add(name.name)
            first, _, rest = name.name.partition(".")
            if first == "postlude":
                if name.asname and rest in _NAMESPACES:
                    self.aliases[name.asname] = rest
                else:
                    self.packages.add(name.asname or "postlude")

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        module = node.module or ""
        if node.level == 0 and module == "postlude":
            for name in node.names:
                if name.name in _NAMESPACES:
                    self.aliases[name.asname or name.name] = name.name
                elif name.name == "*":
                    self.aliases.update({one: one for one in _NAMESPACES})
        elif node.level == 0 and module.startswith("postlude."):
            self.functions.update((module.removeprefix("postlude."), name.name) for name in node.names)
        else:
            prefix = "." * node.level + module
            self.imports.add(prefix)
            self.imports.update(f"{prefix}.{name.name}" if module else f"{prefix}{name.name}" for name in node.names)


def _uses_of(tree: ast.Module) -> _Uses:
    uses = _Uses()
    uses.visit(tree)
    inside: set[ast.AST] = set()
    for node in ast.walk(tree):
        if not isinstance(node, ast.Attribute):
            continue
        value = node.value
        if isinstance(value, ast.Name) and value.id in uses.aliases:
            uses.functions.add((uses.aliases[value.id], node.attr))
            inside.add(value)
        elif isinstance(value, ast.Attribute) and isinstance(value.value, ast.Name) and value.value.id in uses.packages:
            if value.attr in _NAMESPACES:
                uses.functions.add((value.attr, node.attr))
                inside.add(value)
    for node in ast.walk(tree):
        # A namespace that is passed on may be used in any way.
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in uses.aliases and node not in inside:
            uses.functions.add((uses.aliases[node.id], None))
    return uses


def used_functions(directory: Path, entry: str) -> set[str]:
    """The functions of the contract that a project's modules name, from its entry on."""
    found = set(_ALWAYS)
    waiting, seen = [entry], set()
    while waiting:
        module = waiting.pop()
        path = _module_path(directory, module)
        if path is None or path in seen:
            continue
        seen.add(path)
        try:
            tree = ast.parse(path.read_text(encoding="utf-8"), str(path.relative_to(directory)))
        except SyntaxError as why:
            raise BuildError(f"{why.filename}:{why.lineno}: {why.msg}") from None
        uses = _uses_of(tree)
        for namespace, function in uses.functions:
            if namespace not in _NAMESPACES:
                continue
            calls = namespace_calls(namespace)
            for name in calls if function is None else [function]:
                found |= calls.get(name, set())
        package = module.split(".") if path.name == "__init__.py" else module.split(".")[:-1]
        waiting += [_absolute(name, package) for name in uses.imports]
    return found


def _absolute(name: str, package: list[str]) -> str:
    dots = len(name) - len(name.lstrip("."))
    if dots == 0:
        return name
    base = package[: len(package) - dots + 1]
    return ".".join([*base, name.lstrip(".")]).strip(".")


def _module_path(directory: Path, module: str) -> Path | None:
    """The file of a module of the project itself."""
    base = directory.joinpath(*module.split("."))
    for path in (base.with_name(f"{base.name}.py"), base / "__init__.py"):
        if path.is_file():
            return path
    return None


def _facts(arguments: argparse.Namespace) -> dict[str, object]:
    directory = Path(arguments.dir)
    if _module_path(directory, arguments.entry) is None:
        raise BuildError(f"`{directory}` has no module `{arguments.entry}`: a plugin is a module with a variable `plugin`")
    return {"functions": sorted(used_functions(directory, arguments.entry))}


def _componentize(arguments: argparse.Namespace) -> dict[str, object]:
    with tempfile.TemporaryDirectory() as scratch:
        # Copies: the interpreter of the plugin leaves compiled modules beside what it imports.
        work, project, sdk = (str(Path(scratch, name)) for name in ("app", "project", "sdk"))
        shutil.copytree(arguments.dir, project, ignore=shutil.ignore_patterns(*_NOT_MODULES))
        shutil.copytree(_SDK, Path(sdk, _SDK.name), ignore=shutil.ignore_patterns(*_NOT_MODULES))
        Path(work).mkdir()
        version = importlib.metadata.version("componentize-py")
        reproducible = version == _REPRODUCIBLE
        imports, begin = "", "pass"
        if reproducible:
            imports, begin = "from postlude import _reproducible", "_reproducible.clear()"
            library = Path(arguments.library).read_bytes()
            Path(work, "postlude_reproducible.abi3.so").write_bytes(with_seed(library, Path(project)))
        app = _APP.format(entry=arguments.entry, imports=imports, begin=begin)
        Path(work, "postlude_app.py").write_text(app, encoding="utf-8")
        command = [sys.executable, "-c", "import sys, componentize_py; sys.exit(componentize_py.script())", "--quiet"]
        command += ["--wit-path", arguments.wit, "--world", arguments.world, "componentize"]
        for folder in (work, project, sdk, *_site_packages()):
            command += ["--python-path", folder]
        command += ["--output", arguments.out, "postlude_app"]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=sys.stderr, check=False)
        if done.returncode != 0:
            raise BuildError("componentize-py failed, see above")
    return {"tools": f"python {platform.python_version()}, componentize-py {version}", "reproducible": reproducible}


def with_seed(library: bytes, project: Path) -> bytes:
    """The library with a seed for the interpreter's hashes. It is made of the project's modules: who does not have them cannot choose keys
    of a dictionary that all fall into one place, and the same modules have the same seed."""
    modules = hashlib.sha256()
    for path in sorted(project.rglob("*.py")):
        modules.update(f"{path.relative_to(project).as_posix()}\0".encode())
        modules.update(hashlib.sha256(path.read_bytes()).digest())
    # 0 would leave the hashes without a seed.
    seed = int.from_bytes(modules.digest()[:4], "big") or 1
    before, found, after = library.partition(_SEED % 0)
    if not found:
        raise BuildError("the library for reproducible builds has no place for a seed: run `postlude new --update-sdk`")
    return before + _SEED % seed + after


def _site_packages() -> list[str]:
    """The folders of installed packages, where the plugin's own are."""
    return [path for path in sys.path if path.endswith(("site-packages", "dist-packages")) and path != str(_SDK.parent)]


def main() -> int:
    """Runs a step."""
    parser = argparse.ArgumentParser(prog="postlude.build")
    steps = parser.add_subparsers(dest="step", required=True)
    facts, componentize = steps.add_parser("facts"), steps.add_parser("componentize")
    for step in (facts, componentize):
        step.add_argument("--dir", required=True)
        step.add_argument("--entry", required=True)
    for option in ("--wit", "--world", "--out", "--library"):
        componentize.add_argument(option, required=True)
    arguments = parser.parse_args()
    try:
        answer = _facts(arguments) if arguments.step == "facts" else _componentize(arguments)
    except BuildError as why:
        print(why, file=sys.stderr)
        return 1
    print(json.dumps(answer))
    return 0


if __name__ == "__main__":
    sys.exit(main())
