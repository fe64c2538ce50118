"""CIFAR-10 for Python: its pickles, read as the plain data that they describe.

A pickle is a program for a small machine with a stack.  Python's own machine, `pickle`, imports and
calls whatever the program names, so a pickle from elsewhere can do anything to its reader.  The
machine below has no instruction that imports or calls.  It notes the few names that NumPy's arrays
need, and what they were to be called with; any other name ends the reading.  NumPy itself sees
nothing but the bytes of the pixels.
"""

import pickletools

import numpy as np

from .formats import Damaged

ADMITTED = {
    "numpy.core.multiarray._reconstruct",
    "numpy._core.multiarray._reconstruct",  # its name since NumPy 2
    "numpy.ndarray",
    "numpy.dtype",
    "_codecs.encode",  # bytes, where Python 3 wrote what Python 2 can read
}
MOST = 200_000  # instructions; Python 2.7 writes a batch in about thirty thousand
# Instructions that push what they bring along, and those that push something of their own.
BRINGING = {
    *("BININT", "BININT1", "BININT2", "LONG1", "BINBYTES", "SHORT_BINBYTES"),
    *("BINSTRING", "SHORT_BINSTRING", "BINUNICODE", "SHORT_BINUNICODE"),
}
MAKING = {
    "EMPTY_LIST": list,
    "EMPTY_DICT": dict,
    "EMPTY_TUPLE": tuple,
    "NONE": lambda: None,
    "NEWTRUE": lambda: True,
    "NEWFALSE": lambda: False,
}


class Refused(ValueError):
    """What a pickle asks for and does not get."""


class Name(str):
    """A name that a pickle would import."""


class Noted:
    """What a pickle would make: the arguments of its call, and the state that it would get."""

    def __init__(self, arguments):
        self.arguments, self.state = arguments, None


def name_of(module, attribute) -> Name:
    """A name that is admitted; Refused for any other."""
    if type(module) is not str or type(attribute) is not str:
        raise Refused("asks for a name that is no text")
    name = f"{module}.{attribute}"
    if name not in ADMITTED:
        raise Refused(f"asks for {name[:80]!r}")
    return Name(name)


def call(name, arguments):
    """What stands for the call of a name: a note, or the text that `encode` would make bytes of."""
    if type(name) is not Name:
        raise Refused("calls something without a name")
    if name != "_codecs.encode":
        return Noted(arguments)
    text, encoding = arguments
    if type(text) is not str or encoding != "latin1":
        raise Refused("encodes other than to latin1")
    return text


def described(pickle: bytes):
    """What a pickle describes: bytes, text, numbers, tuples, lists, dicts and notes.

    The strings of Python 2, which are bytes, come out as text of the first 256 letters.  Raises
    Refused for every instruction that does not describe, and ValueError, LookupError, TypeError or
    AttributeError for a program that makes no sense.
    """
    stack, marks, memo = [], [], {}

    def since_mark() -> list:
        start = marks.pop()
        items = stack[start:]
        del stack[start:]
        return items

    def put_into_dict(items: list) -> None:
        for key, value in zip(items[::2], items[1::2], strict=True):
            # Only text, since the hash of tuples in tuples has no end that Python looks after.
            if type(stack[-1]) is not dict or type(key) not in (str, bytes):
                raise Refused("has a key that is no text")
            stack[-1][key] = value

    for count, (instruction, argument, _) in enumerate(pickletools.genops(pickle)):
        if count == MOST:
            raise Refused(f"has more than {MOST:,} instructions")
        match instruction.name:
            case "PROTO" | "FRAME":
                pass
            case name if name in BRINGING:
                stack.append(argument)
            case name if name in MAKING:
                stack.append(MAKING[name]())
            case "MARK":
                marks.append(len(stack))
            case "TUPLE":
                stack.append(tuple(since_mark()))
            case "TUPLE1" | "TUPLE2" | "TUPLE3" as name:
                n = int(name[-1])
                stack[-n:] = [tuple(stack[-n:])]
            case "APPEND":
                value = stack.pop()
                stack[-1].append(value)
            case "APPENDS":
                items = since_mark()
                stack[-1].extend(items)
            case "SETITEM":
                value, key = stack.pop(), stack.pop()
                put_into_dict([key, value])
            case "SETITEMS":
                put_into_dict(since_mark())
            case "BINPUT" | "LONG_BINPUT":
                memo[argument] = stack[-1]
            case "MEMOIZE":
                memo[len(memo)] = stack[-1]
            case "BINGET" | "LONG_BINGET":
                stack.append(memo[argument])
            case "GLOBAL":
                stack.append(name_of(*argument.split(" ", 1)))
            case "STACK_GLOBAL":
                attribute, module = stack.pop(), stack.pop()
                stack.append(name_of(module, attribute))
            case "REDUCE":
                arguments, name = stack.pop(), stack.pop()
                stack.append(call(name, arguments))
            case "BUILD":
                state = stack.pop()
                if type(stack[-1]) is not Noted:
                    raise Refused("changes something that is no array")
                stack[-1].state = state
            case "STOP":
                return stack.pop()
            case name:
                raise Refused(f"has the instruction {name}")


def records(batch, images: int, pixels: int) -> bytes:
    """The released records, <label byte><pixels>, of what a pickle of CIFAR-10 describes."""
    if type(batch) is not dict:
        raise Refused("holds no dict")
    labels, array = (batch.get(key, batch.get(key.encode())) for key in ("labels", "data"))
    if type(labels) is not list or len(labels) != images:
        raise Refused(f"has no list of {images:,} 'labels'")
    if type(array) is not Noted or type(array.state) is not tuple or len(array.state) != 5:
        raise Refused("has no array as 'data'")
    _, shape, dtype, columns_first, content = array.state  # as ndarray.__reduce__ gives it
    if shape != (images, pixels):
        raise Refused(f"has 'data' of another shape than {images:,} x {pixels:,}")
    if type(dtype) is not Noted or dtype.arguments[0] not in ("u1", b"u1"):
        raise Refused("has 'data' that are no bytes")
    content = content.encode("latin1") if type(content) is str else content
    if type(content) is not bytes or len(content) != images * pixels:
        raise Refused(f"has 'data' of another size than {images * pixels:,} bytes")
    rows = np.empty((images, 1 + pixels), np.uint8)
    rows[:, 0] = np.frombuffer(bytes(labels), np.uint8)
    order = "F" if columns_first is True else "C"
    rows[:, 1:] = np.frombuffer(content, np.uint8).reshape(shape, order=order)
    return rows.tobytes()


def released(pickle: bytes, images: int, pixels: int, path, name: str) -> bytes:
    """The content of the released binary file with the same `images` images as a pickle.

    Args: `pixels`, the bytes an image; `path` and `name`, the file and the set that an error names.
    Raises Damaged for a pickle that holds anything else, or asks for more.
    """
    expected = "labels and an array of pixels, and nothing to import or to call"
    try:
        return records(described(pickle), images, pixels)
    except Refused as error:
        raise Damaged(path, f"a pickle that {error}", expected, name) from error
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise Damaged(path, "a damaged pickle", expected, name) from error
