# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 lerobot_arena_ros maintainers
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except
# in compliance with the License. You may obtain a copy of the License at
# http://www.apache.org/licenses/LICENSE-2.0 Unless required by applicable law or agreed to in
# writing, software distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
# language governing permissions and limitations under the License.

"""
Conversion between JSON text and Python objects, with orjson if it is installed.

Rules of this file:

- Reading gives exactly the values and errors of Python's ``json``. Input that orjson rejects, or
  would read differently, is read by ``json``.
- Output is ASCII without NaN or Infinity. A number that orjson writes may look different
  (``1e16``, not ``1e+16``) but has the same value. orjson also writes an Enum, a UUID or a
  datetime, which ``json`` rejects.
"""

from __future__ import annotations

import json

try:
    import orjson
# Coverage is measured with it.
except ImportError:  # pragma: no cover
    orjson = None  # type: ignore[assignment]

__all__ = ['dump', 'load', 'plain_dump', 'plain_load']

_DIGITS = bytes.maketrans(b'123456789', b'0' * 9)
_MANY_DIGITS = b'0' * 20
_NEGATIVE_MANY_DIGITS = b'-' + b'0' * 19
"""
Integers of this many digits may exceed 64 bits, and orjson would read them as floats.

A stamp in nanoseconds has 19 digits and no sign.
"""


def load(text: str) -> object:
    """
    Parse a JSON text.

    :raises ValueError: it is not JSON.
    :raises RecursionError: it is nested too deeply.
    """
    if orjson is not None:
        try:
            data = text.encode()
            digits = data.translate(_DIGITS)
            if _MANY_DIGITS not in digits and _NEGATIVE_MANY_DIGITS not in digits:
                return orjson.loads(data)
        except ValueError:
            pass  # NaN, a lone surrogate, too deep, or not JSON: parsed below.
    return plain_load(text)


def plain_load(text: str) -> object:
    """Parse a JSON text with Python's ``json``, like :func:`load`."""
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        raise
    except ValueError:
        # Python rejects integers of thousands of digits, which JSON allows, even in an emergency
        # stop. Parsed as a float it is infinite, and therefore not a valid joint value.
        return json.loads(text, parse_int=float)


def dump(value: object) -> str:
    """
    Serialize a value to ASCII JSON without spaces.

    :raises TypeError: it contains something that JSON cannot represent.
    :raises ValueError: it contains a number that is not finite, or contains itself.
    :raises RecursionError: it is nested too deeply.
    """
    if orjson is not None:
        try:
            data = orjson.dumps(value, option=orjson.OPT_PASSTHROUGH_DATACLASS)
        except TypeError:
            return plain_dump(value)  # Integers beyond 64 bits, invalid keys, or too deep.
        # orjson writes null for a number that is not finite.
        if data.isascii() and b'null' not in data:
            return data.decode()
    return plain_dump(value)


def plain_dump(value: object) -> str:
    """Serialize a value with Python's ``json``, like :func:`dump`."""
    return json.dumps(value, allow_nan=False, separators=(',', ':'))
