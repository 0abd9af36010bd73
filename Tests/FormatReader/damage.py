"""What a reader says of a file that is not as docs/FORMAT.md describes it."""


class Damage(Exception):
    """One line: what was expected, what was found, and where."""

    def __init__(self, what: str, offset: int | None = None) -> None:
        super().__init__(what if offset is None else f"offset {offset}: {what}")
