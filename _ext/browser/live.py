"""The live cells of a page: which to run and what they give, asked and answered in JSON.

The page keeps the code; here are the names that the cells have made, and which cell made them.
A worker that is ended takes both with it, so that the next run begins anew.
"""

import ast
import json
import linecache
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from traceback import StackSummary, TracebackException

import d2lres

MOST = 50_000  # letters that a cell may print; an endless loop prints more

names = {"__name__": "__main__", "d2lres": d2lres}  # as the first cell of a chapter leaves them
ran: "dict[int, str]" = {}  # the code of each cell when it was last run, in the order of running
makers: "dict[str, int]" = {}  # the cell that last made or changed what bears a name


# --- which cells a cell needs --------------------------------------------------------------------


def plan(asked: str) -> str:
    """The numbers of the cells to run so that one gives what it would from top to bottom.

    Argument: an object with the code of all `cells`, in their order, and the number `wanted`.
    Cells that were run as they stand, in their order, are left out up to the first that was not.
    """
    asked = json.loads(asked)
    codes, wanted = asked["cells"], asked["wanted"]
    needed = providers([Names.of(code) for code in codes], wanted)
    order, fresh, latest = sorted(needed), 0, -1
    when = {cell: time for time, cell in enumerate(ran)}
    for cell in order:  # those that were run in this order, and nothing of them is lost
        taken = any(makers.get(name) != cell for name in needed[cell])
        if ran.get(cell) != codes[cell] or taken or when[cell] < latest:
            break
        fresh, latest = fresh + 1, when[cell]
    return json.dumps([*order[fresh:], wanted])


def providers(cells: "list[Names]", wanted: int) -> "dict[int, set[str]]":
    """The cells above that make what is used, each with the names that are taken from it."""
    needed, open_ = {}, [wanted]
    while open_:
        user = open_.pop()
        for name in cells[user].used:
            maker = next((i for i in reversed(range(user)) if name in cells[i].made), None)
            if maker is not None:
                open_ += [maker] * (maker not in needed)
                needed.setdefault(maker, set()).add(name)
    for i in range(wanted):  # what cannot be read may make anything
        if cells[i].unread:
            needed.setdefault(i, set())
    return needed


class Names(ast.NodeVisitor):
    """The names that the code of a cell makes or changes, and those that it uses from before."""

    def __init__(self):
        self.made, self.used, self.unread = set(), set(), False

    @classmethod
    def of(cls, code: str) -> "Names":
        found = cls()
        try:
            found.visit(ast.parse(code))
        except (SyntaxError, ValueError):
            found.unread = True
        return found

    def visit_Name(self, node):
        if not isinstance(node.ctx, ast.Load):
            self.made.add(node.id)
        elif node.id not in self.made:
            self.used.add(node.id)

    def visit_Import(self, node):
        self.made.update((each.asname or each.name).split(".")[0] for each in node.names)

    visit_ImportFrom = visit_Import

    def visit_Assign(self, node):
        """The value is there before the name; so it is of a loop, and of what changes a name."""
        self.visit(node.value)
        for target in node.targets:
            self.visit(target)

    def visit_For(self, node):
        for each in (node.iter, node.target, *node.body, *node.orelse):
            self.visit(each)

    def visit_AugAssign(self, node):
        self.change(node.target)
        self.generic_visit(node)

    def visit_Attribute(self, node):
        if not isinstance(node.ctx, ast.Load):
            self.change(node.value)
        self.generic_visit(node)

    visit_Subscript = visit_Attribute

    def visit_Expr(self, node):
        """A call for its effect, such as list.append(x), may change what it is called on."""
        if isinstance(node.value, ast.Call) and isinstance(node.value.func, ast.Attribute):
            self.change(node.value.func.value)
        self.generic_visit(node)

    def change(self, node):
        while isinstance(node, (ast.Attribute, ast.Subscript)):
            node = node.value
        if isinstance(node, ast.Name):
            self.used |= {node.id} - self.made
            self.made.add(node.id)

    def visit_FunctionDef(self, node):
        """A function may use what is made below it, when it is called; its own names stay in it."""
        for each in (
            *node.decorator_list,
            *node.args.defaults,
            *filter(None, node.args.kw_defaults),
        ):
            self.visit(each)
        self.made.add(node.name)
        self.within(node.body, {each.arg for each in ast.walk(node.args) if hasattr(each, "arg")})

    def visit_Lambda(self, node):
        self.within([node.body], {each.arg for each in ast.walk(node.args) if hasattr(each, "arg")})

    def visit_ClassDef(self, node):
        self.made.add(node.name)
        self.within([*node.bases, *node.body], set())

    def visit_ListComp(self, node):
        inner = [each for each in ast.walk(node) if isinstance(each, ast.Name)]
        own = {each.id for each in inner if isinstance(each.ctx, ast.Store)}
        self.within(node.generators, own)
        self.within(
            [each for each in ast.iter_child_nodes(node) if each not in node.generators], own
        )

    visit_SetComp = visit_DictComp = visit_GeneratorExp = visit_ListComp

    def within(self, nodes, own: "set[str]"):
        """What code with names of its own uses of those around it."""
        inner = Names()
        inner.made |= own
        for node in nodes:
            inner.visit(node)
        self.used |= inner.used - self.made


# --- running one ---------------------------------------------------------------------------------


def run(asked: str) -> str:
    """The outputs of a cell: a list of texts, HTML, SVG and errors, each with its `kind`.

    Argument: an object with the `number` of the cell and its `code`.
    """
    asked = json.loads(asked)
    number, code = asked["number"], asked["code"]
    file, printed = f"<cell {number + 1}>", Printed()
    linecache.cache[file] = (len(code), None, code.splitlines(keepends=True), file)
    ran.pop(number, None)
    makers.update(dict.fromkeys(Names.of(code).made, number))
    value = failed = None
    try:
        with redirect_stdout(printed), redirect_stderr(printed):
            value = shown(evaluated(code, file))
        ran[number] = code
    except BaseException as error:  # whatever the reader's code raises is shown
        failed = {"kind": "error", "text": told(error)}
    text = {"kind": "stream", "text": printed.getvalue()}
    return json.dumps([each for each in (text, value, failed) if each and each["text"]])


class Printed(StringIO):
    """What is printed, up to a length that a page can show."""

    def write(self, text: str) -> int:
        left = MOST - self.tell()
        if 0 < left <= len(text):
            text = text[:left] + "\n... and more, which is not shown\n"
        return super().write(text) if left > 0 else len(text)


def evaluated(code: str, file: str):
    """Run the code; the value of its last line, where that is an expression."""
    tree = ast.parse(code, file)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, file, "exec"), names)
    if last:
        return eval(compile(ast.Expression(last.value), file, "eval"), names)


def shown(value) -> "dict | None":
    """A value as a notebook shows it."""
    if value is None:
        return None
    for kind, method in (("svg", "_repr_svg_"), ("html", "_repr_html_")):
        if hasattr(value, method):
            return {"kind": kind, "text": getattr(value, method)()}
    return {"kind": "text", "text": repr(value)}


def told(error: BaseException) -> str:
    """The error as Python tells it, with the lines of cells alone."""
    found = TracebackException.from_exception(error)
    part = found
    while part is not None:
        own = [line for line in part.stack if line.filename.startswith("<cell")]
        part.stack = StackSummary.from_list(own)
        part = part.__cause__ or part.__context__
    return "".join(found.format())
