"""Plain data: what a probe sends back, as text, and read again without any trust in the sender.

Numbers, words, lists and dictionaries as JSON has them; an array is a dictionary of its kind, its
shape and its bytes.  No object of a student comes through: what claims to equal everything, or to
be a number, stays behind.  Tuples arrive as lists.

It needs NumPy alone, since it runs beside student code too.
"""

import base64
import json
import math

import numpy

LARGEST = 4_000_000  # characters of all together
LONGEST = 10_000  # characters of one text
DEEPEST = 20  # lists in lists
WHOLE = 2**63  # the numbers of JSON end nowhere; those of arrays do here
KINDS = ("float32", "float64", "int32", "int64", "uint8", "bool")


class NotPlain(ValueError):
    """What a probe gave is not plain data.  The message says what was found."""


def encode(value) -> str:
    """Plain data as text.  Arrays are NumPy's, or whatever has `asnumpy`."""
    try:
        return json.dumps(value, default=_as_plain)
    except (TypeError, ValueError, RecursionError) as error:
        raise NotPlain(f"{error}; expected numbers, text, lists, dictionaries, arrays") from None


def _as_plain(value):
    value = value.asnumpy() if hasattr(value, "asnumpy") else value
    if isinstance(value, numpy.generic):
        return value.item()
    if not isinstance(value, numpy.ndarray) or value.dtype.kind not in "fiub":
        raise TypeError(f"an object of type {type(value).__name__}")
    if value.dtype.name not in KINDS:  # float16, int8, ...
        value = value.astype("float32" if value.dtype.kind == "f" else "int64")
    data = base64.b64encode(numpy.ascontiguousarray(value).tobytes()).decode()
    return {"array": value.dtype.name, "shape": list(value.shape), "data": data}


def decode(text: str):
    """The data that a text holds.  Raises NotPlain with the reason for anything else."""
    if not isinstance(text, str) or len(text) > LARGEST:
        raise NotPlain(f"more than {LARGEST:,} characters")
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise NotPlain(f"no data: {str(error)[:100]}") from None
    return _checked(data, DEEPEST)


def _checked(value, depth: int):
    if depth < 0:
        raise NotPlain(f"lists nested more than {DEEPEST} deep")
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int) and abs(value) >= WHOLE:
        raise NotPlain("a whole number of more than 63 bits")
    if isinstance(value, float) and not math.isfinite(value):
        raise NotPlain(f"the number {value}")  # with nan, `found > most` is never true
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, list):
        return [_checked(each, depth - 1) for each in value]
    if isinstance(value, dict) and "array" in value:
        return _array(value)
    if isinstance(value, dict):
        return {_text(name): _checked(each, depth - 1) for name, each in value.items()}
    return value


def _text(value: str) -> str:
    if len(value) > LONGEST:
        raise NotPlain(f"a text of {len(value):,} characters")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise NotPlain("a text with halves of characters") from None
    return value


def _array(value: dict) -> numpy.ndarray:
    kind, shape, data = value["array"], value.get("shape"), value.get("data")
    if kind not in KINDS or not isinstance(shape, list) or not isinstance(data, str):
        raise NotPlain("an array without kind, shape or data")
    if len(shape) > 8 or not all(type(n) is int and 0 <= n <= LARGEST for n in shape):
        raise NotPlain(f"an array of shape {str(shape)[:100]}")
    try:
        numbers = base64.b64decode(data, validate=True)
    except ValueError:
        raise NotPlain("an array whose data are no base64") from None
    one = numpy.dtype("uint8" if kind == "bool" else kind)
    if math.prod(shape) * one.itemsize != len(numbers):
        raise NotPlain(f"{len(numbers)} bytes for an array of shape {shape}, {kind}")
    found = numpy.frombuffer(numbers, one).reshape(shape).astype(kind)
    if not numpy.isfinite(found).all():
        raise NotPlain("an array with nan or inf in it")
    return found
