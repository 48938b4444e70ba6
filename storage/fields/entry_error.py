"""The error of one field that cannot be read."""

from storage.models.ledger_models import RefusalReason


class EntryError(ValueError):
    """One entry that is not a mention; the message says what is wrong with which field.

    `kind` is what the ledger counts it under.
    """

    def __init__(self, message: str, kind: RefusalReason = RefusalReason.SHAPE) -> None:
        super().__init__(message)
        self.kind = kind


def kind_of(value: object) -> str:
    """Name a value's type for people: `a list`."""
    names = {dict: "an object", list: "a list", bool: "a truth value"}
    return names.get(type(value), f"of type {type(value).__name__}")
