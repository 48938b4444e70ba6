"""The one error tree. Each message is one line: what is wrong, where, and what to do."""


class EarfulError(Exception):
    """Base of all errors Earful raises on purpose; `exit_code` is the command's."""

    exit_code = 1


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
    """The SQLite store cannot be opened, migrated or written."""


class ModelError(EarfulError):
    """The classifier's weights are missing, altered or do not fit."""


class CrawlError(EarfulError):
    """A source could not be read."""


class DeliveryError(EarfulError):
    """Slack refused or could not be reached."""
