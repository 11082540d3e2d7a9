"""Write plain Python values as YAML, so that the tests feed files as people write them."""

import json
import re

_PLAIN = re.compile(r"[A-Za-z_/][A-Za-z0-9_./-]*\Z")
_RESERVED = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}


def _scalar(value):
    if value is None or isinstance(value, (bool, int, float)):
        return json.dumps(value)
    if isinstance(value, str):
        if _PLAIN.match(value) and value.lower() not in _RESERVED:
            return value
        return json.dumps(value)
    if value == {}:
        return "{}"
    if value == []:
        return "[]"
    raise TypeError(f"no YAML for {value!r}")


def dump(value, indent=0):
    """The document as text; mappings and lists in block style, two spaces deep."""
    pad = " " * indent
    lines = []
    if isinstance(value, dict) and value:
        for key, item in value.items():
            name = _scalar(str(key))
            if isinstance(item, (dict, list)) and item:
                lines += [f"{pad}{name}:", dump(item, indent + 2).rstrip("\n")]
            else:
                lines.append(f"{pad}{name}: {_scalar(item)}")
    elif isinstance(value, list) and value:
        for item in value:
            if isinstance(item, (dict, list)) and item:
                text = dump(item, indent + 2).rstrip("\n")
                lines.append(f"{pad}- {text[indent + 2:]}")
            else:
                lines.append(f"{pad}- {_scalar(item)}")
    else:
        lines.append(pad + _scalar(value))
    return "\n".join(lines) + "\n"
