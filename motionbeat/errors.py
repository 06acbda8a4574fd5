"""The one exception that a user is meant to read."""


class UserError(Exception):
    """Something the user gave cannot be used.

    The message is one or two plain sentences: what is wrong (with the file or option named) and what to do.
    Command lines print it without a traceback and exit with status 2.
    """
