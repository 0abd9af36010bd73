"""Events in exactly the form of `spanreel dump --json`."""

import math
from decimal import Decimal

from attributes import Value
from events import Event
from names import KINDS, OPERATIONS, PHASES, SPAN, STATUSES, TOKENS

_SHORT = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def is_unsafe(scalar: int) -> bool:
    """Control characters, line separators, zero-width characters and direction overrides."""
    return (scalar < 0x20 or 0x7F <= scalar < 0xA0 or 0x200B <= scalar <= 0x200F or 0x2028 <= scalar <= 0x202E
            or 0x2066 <= scalar <= 0x2069 or scalar == 0xFEFF)


def quoted(text: str) -> str:
    return '"' + "".join(
        _SHORT.get(character) or (f"\\u{ord(character):04x}" if is_unsafe(ord(character)) else character)
        for character in text) + '"'


def double(number: float) -> str:
    """The shortest digits that read back, as Swift prints them: with an exponent above 2^53 and below 10^-4."""
    if math.isnan(number):
        return quoted("nan")
    if math.isinf(number):
        return quoted("inf" if number > 0 else "-inf")
    if number == 0 or 1e-4 <= abs(number) <= 2 ** 53:
        return repr(number)
    sign, digits, exponent = Decimal(repr(number)).normalize().as_tuple()
    first, *rest = map(str, digits)
    mantissa = f"{first}.{''.join(rest)}" if rest else first
    return f"{'-' * sign}{mantissa}e{int(exponent) + len(rest):+03d}"


def value_text(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, bytes):
        return quoted(f"<blob {value.hex()}>")
    return double(value) if isinstance(value, float) else str(value)


def name_of(number: int, names: list[str]) -> str:
    """A number that this version does not name, since tags may be added, counts as the first."""
    return names[number] if number < len(names) else names[0]


def line(event: Event, device: str) -> str:
    role = event.role
    fields = [
        f'"timeUnixNanos":"{event.time}"', f'"device":{quoted(device)}', f'"incarnation":"{event.incarnation:016x}"',
        f'"sequence":{event.sequence}', f'"kind":"{KINDS[event.kind]}"', f'"name":{quoted(role.name)}',
        f'"operation":"{name_of(role.operation, OPERATIONS)}"',
    ]
    if phase := name_of(role.phase, PHASES):
        fields.append(f'"phase":"{phase}"')
    if role.layer is not None:
        fields.append(f'"layer":{role.layer}')
    if role.stage is not None:
        fields.append(f'"stage":{role.stage}')
    if role.link is not None:
        fields.append(f'"link":{quoted(">".join(role.link))}')
    if event.span:
        fields.append(f'"span":"{event.span:016x}"')
    if event.parent:
        fields.append(f'"parent":"{event.parent:016x}"')
    if event.trace:
        fields.append(f'"trace":"{event.trace:032x}"')
    if event.kind == SPAN:
        fields.append(f'"durationNanos":{event.duration}')
    if event.kind == TOKENS:
        fields.append(f'"tokens":{event.value}')
    if event.status:
        fields.append(f'"status":"{STATUSES[event.status]}"')
    if event.attributes:
        pairs = (f"{quoted(key)}:{value_text(value)}" for key, value in event.attributes)
        fields.append(f'"attributes":{{{",".join(pairs)}}}')
    return "{" + ",".join(fields) + "}"
