"""The program inside the sandbox: an IPython kernel that keeps what the tests rely on as it was.

    python -P kernel.py SETTINGS CONNECTION_FILE

It starts before any code of the student: it gives up its rights, sets the limits that hold for each
process, imports what the tests need, and remembers it.  Before every cell it puts back the
functions, classes and hooks that have been replaced since, in the packages that the tests use, in
`builtins` and in IPython itself; before a test also the names that the given cells have defined.

Student code shares this process, so this is a hurdle and no wall: see `running` for the second one.
It needs ipykernel and nothing of d2lres.
"""

import ast
import builtins
import contextlib
import importlib
import json
import os
import resource
import sys
import types

from ipykernel.iostream import OutStream
from ipykernel.ipkernel import IPythonKernel
from ipykernel.kernelapp import IPKernelApp

# The packages that every test relies on, whatever it imports.
ALWAYS = {"builtins", "sys", "math", "IPython", "ipykernel", "unittest"}
LIVELY = {"matplotlib"}  # it puts other functions in place by itself, when it first draws
KINDS = (
    types.FunctionType, types.BuiltinFunctionType, types.ModuleType, type,
    property, staticmethod, classmethod,
)  # fmt: skip
MISSING = object()


def give_up_rights(settings: dict) -> None:
    """Become a user without rights where root started us, then limit each process."""
    if settings["uid"]:
        os.setgroups([])
        os.setresgid(*[settings["uid"]] * 3)
        os.setresuid(*[settings["uid"]] * 3)
    for name, value in settings["rlimits"].items():
        hard = resource.getrlimit(getattr(resource, name))[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(getattr(resource, name), (value, value))


class Pristine:
    """What modules, classes and a few objects held before the student's first cell."""

    def __init__(self, packages: set[str]):
        self.packages, self.known, self.things = packages, set(), []
        self.look()

    def look(self) -> None:
        """Remember the modules that have been loaded since the last look."""
        for name, module in list(sys.modules.items()):
            if name not in self.known and name.partition(".")[0] in self.packages:
                self.known.add(name)
                if isinstance(module, types.ModuleType):
                    self.remember(name, module)
                    for value in list(vars(module).values()):
                        if isinstance(value, type) and value.__module__ == name:
                            self.remember(f"{name}.{value.__qualname__}", value)

    def remember(self, name: str, owner) -> None:
        held = {key: value for key, value in vars(owner).items() if isinstance(value, KINDS)}
        inner = [(f, f.__code__, f.__defaults__, f.__kwdefaults__)
                 for f in held.values() if isinstance(f, types.FunctionType)]  # fmt: skip
        self.things.append((name, owner, held, inner))

    def restore(self) -> list[str]:
        """Put everything back; return the names of what had been replaced."""
        changed = []
        for name, owner, held, inner in self.things:
            now = vars(owner)
            for key, value in held.items():
                if now.get(key, MISSING) is not value:
                    with contextlib.suppress(AttributeError, TypeError):
                        setattr(owner, key, value)
                        changed.append(f"{name}.{key}")
            for f, code, defaults, keywords in inner:
                if f.__code__ is not code or f.__defaults__ is not defaults:
                    f.__code__, f.__defaults__, f.__kwdefaults__ = code, defaults, keywords
                    changed.append(f"{name}.{f.__name__}")
        self.look()
        return changed


class Hooks:
    """The lists and methods by which IPython lets a cell change how later cells run."""

    def __init__(self, kernel):
        shell = kernel.shell
        manager = shell.input_transformer_manager
        self.kernel, self.shell = kernel, shell
        lists = [
            shell.ast_transformers, manager.cleanup_transforms, manager.line_transforms,
            manager.token_transformers, shell.events.callbacks["pre_execute"],
            shell.events.callbacks["pre_run_cell"],
        ]  # fmt: skip
        self.lists = [(each, list(each)) for each in lists]
        self.handlers = dict(kernel.shell_handlers)
        owners = (shell, kernel, kernel.session, shell.display_pub, shell.events, shell.compile)
        self.owners = [(owner, dict(vars(owner))) for owner in owners]
        self.streams = sys.stdout, sys.stderr

    def restore(self) -> list[str]:
        """Put everything back; return the names of what had been replaced."""
        changed = []
        for each, held in self.lists:
            if each != held:
                each[:] = held
                changed.append("IPython's transformers or hooks")
        for owner, held in self.owners:
            # A method laid over an object's own: only callables, since data changes as it should.
            for key, value in list(vars(owner).items()):
                if key not in held and callable(value) and hasattr(type(owner), key):
                    delattr(owner, key)
                    changed.append(f"{type(owner).__name__}.{key}")
        if self.shell.custom_exceptions:
            self.shell.custom_exceptions = ()
            changed.append("IPython's exception handler")
        if (sys.stdout, sys.stderr) != self.streams:
            sys.stdout, sys.stderr = self.streams
            changed.append("sys.stdout")
        self.kernel.shell_handlers.update(self.handlers)
        sys.settrace(None)
        sys.setprofile(None)
        return changed


class Kernel(IPythonKernel):
    """The kernel: each request is run with what the tests rely on put back first."""

    pristine = hooks = restored = None  # `restored`: under which type to send what was put back
    given = at_start = None  # names that given cells have defined, with their values; IPython's

    async def execute_request(self, stream, ident, parent):
        kind = parent.get("metadata", {}).get("d2lres")
        code = parent["content"]["code"]
        changed = self.pristine.restore() + self.hooks.restore()
        if kind == "test":
            changed += self.restore_names(code)
        sys.stdout.left = sys.stderr.left = Stream.most
        if changed:
            self.send_response(
                self.iopub_socket,
                "display_data",
                {"data": {self.restored: sorted(set(changed))[:20]}, "metadata": {}},
            )
        await super().execute_request(stream, ident, parent)
        if kind in ("given", "test"):
            self.remember_names(code)

    def restore_names(self, code: str) -> list[str]:
        """Names of given cells that the student has bound to something else; builtins laid over."""
        names, changed = self.shell.user_ns, []
        for name, value in self.given.items():
            now = names.get(name, MISSING)
            other_module = isinstance(now, types.ModuleType) and now in sys.modules.values()
            if now is not value and not (isinstance(value, types.ModuleType) and other_module):
                names[name] = value
                changed.append(name)
        used = {node.id for node in ast.walk(parsed(code)) if isinstance(node, ast.Name)}
        for name in used & vars(builtins).keys() & names.keys() - self.at_start:
            del names[name]
            changed.append(name)
        return changed

    def remember_names(self, code: str) -> None:
        """The functions, classes and modules that a given cell has bound at its top level."""
        kinds = (ast.FunctionDef, ast.ClassDef)
        for node in parsed(code).body:
            bound = [node.name] if isinstance(node, kinds) else []
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                bound = [alias.asname or alias.name.partition(".")[0] for alias in node.names]
            self.given |= {n: self.shell.user_ns[n] for n in bound if n in self.shell.user_ns}


def parsed(code: str) -> ast.Module:
    """The syntax tree of a cell; an empty one where it is no plain Python."""
    try:
        return ast.parse(code)
    except (SyntaxError, ValueError):
        return ast.Module([], [])


class Stream(OutStream):
    """stdout or stderr that drops what a cell prints beyond `most` characters."""

    most = 0
    left = 0

    def write(self, text):
        if self.left > 0:
            cut = len(text) > self.left
            kept = text[: self.left] + "\n[the rest of the output was dropped]\n" * cut
            self.left -= len(text)
            super().write(kept)
        return len(text)


def main(settings_file: str, connection_file: str) -> None:
    with open(settings_file) as file:
        settings = json.load(file)
    give_up_rights(settings)
    Stream.most = Stream.left = settings["output"]
    app = IPKernelApp.instance(kernel_class=Kernel, outstream_class=f"{__name__}.Stream")
    app.initialize(["-f", connection_file, "--HistoryManager.enabled=False"])
    before = set(sys.modules)
    for name in settings["imports"]:
        with contextlib.suppress(BaseException):  # the cell that imports it will say why it fails
            importlib.import_module(name)
    kernel = app.kernel
    kernel.given, kernel.at_start = {}, set(kernel.shell.user_ns)
    kernel.restored = settings["restored"]
    loaded = {name.partition(".")[0] for name in sys.modules.keys() - before}
    loaded |= {name.partition(".")[0] for name in settings["imports"]}
    kernel.pristine = Pristine(ALWAYS | loaded - sys.stdlib_module_names - LIVELY)
    kernel.hooks = Hooks(kernel)
    app.start()


if __name__ == "__main__":
    main(*sys.argv[1:])
