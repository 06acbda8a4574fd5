"""The one exception that a user is meant to read."""

from collections.abc import Callable


class UserError(Exception):
    """Something the user gave cannot be used.

    The message is one or two plain sentences: what is wrong (with the file or option named) and what to do.
    Command lines print it without a traceback and exit with status 2.
    """


Refuse = Callable[[UserError], None]
"""What a reader of many files does with the error of one of them; it goes on with the next if this returns."""


def raise_it(error: UserError) -> None:
    """The :data:`Refuse` that lets no file be wrong."""
    raise error
