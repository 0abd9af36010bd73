"""A description payload: what a stream or the session says of itself, as (key, value) strings."""

from container import Block
from damage import Damage
from values import Cursor

PAYLOAD_VERSION = 0


def description(block: Block) -> dict[str, str]:
    cursor = Cursor(block.main)
    version = cursor.byte()
    if version != PAYLOAD_VERSION:
        raise Damage(f"expected description version {PAYLOAD_VERSION}, found {version}", block.offset)
    pairs = {cursor.text(): cursor.text() for _ in range(cursor.count(2))}
    cursor.finish()
    return pairs
