"""
JSON as a text and as Python's objects; orjson, where it is installed, does most of it.

Rules of this file:

- What is read is what Python's own ``json`` reads, to the last digit, and so are errors: all that
  orjson does not take, and what it would take for something else, is left to ``json``.
- What is written is ASCII, and no NaN or Infinity. Where orjson writes, a number may look
  otherwise (``1e16``, not ``1e+16``) and is the same; and an Enum, a UUID or a time of Python's
  is written where ``json`` would refuse it.
"""

from __future__ import annotations

import json

try:
    import orjson
except ImportError:
    orjson = None  # type: ignore[assignment]

__all__ = ['dump', 'load', 'plain_dump', 'plain_load']

_DIGITS = bytes.maketrans(b'123456789', b'0' * 9)
_MANY_DIGITS = b'0' * 19
"""Of so many digits an integer may be larger than 64 bits, which orjson reads as a float."""


def load(text: str) -> object:
    """
    Read a JSON text.

    :raises ValueError: it is none.
    :raises RecursionError: it is nested too deeply.
    """
    if orjson is not None:
        try:
            data = text.encode()
            if _MANY_DIGITS not in data.translate(_DIGITS):
                return orjson.loads(data)
        except ValueError:
            pass  # Numbers that are none, half a surrogate, too deep, or no JSON: as below.
    return plain_load(text)


def plain_load(text: str) -> object:
    """Read a JSON text with Python's own library, like :func:`load`."""
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        raise
    except ValueError:
        # Python reads no integer of thousands of digits, though JSON may have one, in a stop's
        # reason as well. As a float it is infinite, and so no value of a joint.
        return json.loads(text, parse_int=float)


def dump(value: object) -> str:
    """
    Write a value in ASCII and without spaces.

    :raises TypeError: something in it is no JSON.
    :raises ValueError: a number in it is not finite, or it holds itself.
    :raises RecursionError: it is nested too deeply.
    """
    if orjson is not None:
        try:
            data = orjson.dumps(value, option=orjson.OPT_PASSTHROUGH_DATACLASS)
        except TypeError:
            return plain_dump(value)  # Integers beyond 64 bits, keys that are none, too deep.
        # It writes null for a number that is not finite.
        if data.isascii() and b'null' not in data:
            return data.decode()
    return plain_dump(value)


def plain_dump(value: object) -> str:
    """Write a value with Python's own library, like :func:`dump`."""
    return json.dumps(value, allow_nan=False, separators=(',', ':'))
