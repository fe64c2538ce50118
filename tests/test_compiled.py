"""MXNet's functions are compiled once, and are what they would have been.

Truth: the functions of an import that compiles every text; and a stand-in for MXNet's module, whose
function returns the address that its text holds.
"""

import sys
from types import ModuleType

import pytest
from processes import python

from d2lres.machine import compiled

REGISTER = """
_imperative_invoke = int
names = {}
exec(f"def f(a=1):\\n    return [_imperative_invoke({address}), a]", None, names)
"""


@pytest.fixture
def load(tmp_path, monkeypatch):
    """load(address): what the stand-in's function gives, imported with this address."""
    monkeypatch.setattr(sys, "dont_write_bytecode", False)

    def load(address):
        module = ModuleType("mxnet.ndarray.register")
        module.__file__, module.address = f"{tmp_path}/mxnet/ndarray/register.py", address
        compiled.compiled_once(lambda module: exec(REGISTER, vars(module)))(module)
        assert "exec" not in vars(module)
        return module.names["f"]()

    return load


def kept(tmp_path):
    [file] = tmp_path.glob("mxnet/__pycache__/mxnet.ndarray.register.*.d2lres")
    return file


def test_the_second_import_compiles_nothing_and_has_its_own_addresses(load, monkeypatch):
    assert load(94468574460768) == [94468574460768, 1]
    monkeypatch.setattr(compiled, "compile", None, raising=False)
    assert load(7) == [7, 1]


@pytest.mark.parametrize("damage", ["cut", "changed", "empty", "folder"])
def test_a_damaged_file_is_made_anew_by_the_next_import(damage, load, tmp_path):
    load(1)
    file = kept(tmp_path)
    whole = file.read_bytes()
    if damage == "folder":
        file.unlink()
        file.mkdir()
        assert load(2) == [2, 1]
        return
    changed = {"cut": whole[:-1], "changed": whole[:-1] + b"?", "empty": b""}[damage]
    file.write_bytes(changed)
    assert load(2) == [2, 1]
    assert file.read_bytes() == whole


def test_no_file_where_python_may_not_write(load, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    assert load(1) == [1, 1]
    assert not list(tmp_path.rglob("*.d2lres"))


def test_mxnets_import_has_the_functions_that_it_would_compile():
    code = """
import hashlib, inspect, d2lres
from d2lres.machine import compiled
if os.environ["COMPILE"]:
    compiled.Kept.compile = lambda self, text: compile(text, "<string>", "exec")
import mxnet
found, functions = [], set()
for module in [m for name, m in sorted(sys.modules.items()) if name.startswith("mxnet.")]:
    for name, each in sorted(vars(module).items(), key=str):
        if inspect.isfunction(each) and each.__code__.co_filename == "<string>":
            code = each.__code__
            functions.add(id(each))
            # without the operator's address, which differs between processes
            constants = [c for c in code.co_consts if type(c) is not int or c < 10**6]
            found.append([module.__name__, name, each.__name__, each.__module__, each.__doc__,
                each.__defaults__, each.__kwdefaults__, code.co_code, constants, code.co_names,
                code.co_varnames, code.co_argcount, code.co_kwonlyargcount, code.co_flags])
print(len(functions), hashlib.sha256(repr(found).encode()).hexdigest())
"""
    ours = python(f"import os, sys{code}", COMPILE="")
    assert ours == python(f"import os, sys{code}", COMPILE="1", PYTHONDONTWRITEBYTECODE="1")
    assert 2400 < int(ours.split()[0]) < 2600  # "some 2,500", says the appendix
