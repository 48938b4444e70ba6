"""The one error tree. Each message is one line: what is wrong, where, and what to do.

.. the tree: written by `python -m tests.docs --write`
EarfulError                     exit 1
├─ UserError                    exit 2
│  ├─ ConfigError
│  │  └─ QueryError
│  └─ InputError
├─ StoreError
│  ├─ StoreLockedError
│  ├─ StoreFullError
│  ├─ StoreCorruptError
│  │  └─ StoreRowError
│  ├─ StoreReadOnlyError
│  ├─ StoreTooNewError
│  ├─ StoreUnreachableError
│  └─ StoreRefusedError
├─ ModelError
│  └─ ModelDiedError
├─ CrawlError
│  └─ PageError                 in crawler.entry_problems
├─ StoppedError
├─ DeliveryError
└─ TranslationError             in earful.translation.translator
.. end of the tree

A class without a code of its own has its base's; the code is the command's.
"""


class EarfulError(Exception):
    """Base of all errors Earful raises on purpose; `exit_code` is the command's."""

    exit_code = 1

    def __str__(self) -> str:
        """Give the message in one line, also where a library's own words in it are several."""
        return " ".join(line.strip() for line in super().__str__().splitlines() if line.strip())


class UserError(EarfulError):
    """The user's input or config is wrong; nothing was changed."""

    exit_code = 2


class ConfigError(UserError):
    """`earful.toml` or a secret is missing or wrong."""


class QueryError(ConfigError):
    """A brand's query cannot be parsed."""


class InputError(UserError):
    """A file or an argument given to a command is wrong."""


class StoreError(EarfulError):
    """The SQLite store cannot be opened, migrated, read or written."""


class StoreLockedError(StoreError):
    """Another process holds the store; nothing was changed, and trying again may help."""


class StoreFullError(StoreError):
    """No space is left for the store; what was being written is not stored."""


class StoreCorruptError(StoreError):
    """The store's file is damaged or is no store: a backup is needed."""


class StoreRowError(StoreCorruptError):
    """One row of the store holds what Earful cannot read; the others are sound."""


class StoreReadOnlyError(StoreError):
    """The store may be read at most: its permissions or its medium forbid to write."""


class StoreTooNewError(StoreError):
    """A newer Earful has migrated the store."""


class StoreUnreachableError(StoreError):
    """The store's file or its folder is gone, or its disk fails."""


class StoreRefusedError(StoreError):
    """SQLite refuses a statement: a broken constraint, or words that it does not understand."""


class ModelError(EarfulError):
    """The classifier's weights are missing, altered or do not fit."""


class ModelDiedError(ModelError):
    """The process that holds the model ended while it was asked: nobody knows by which text."""


class CrawlError(EarfulError):
    """A source could not be read."""


class StoppedError(EarfulError):
    """Work was ended on purpose before it was done: nothing failed, and it is done later."""


class DeliveryError(EarfulError):
    """Slack refused or could not be reached."""
