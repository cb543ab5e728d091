"""A command enters; who acts by it, as the audit log names them, leaves."""

import os
import pwd


def actor(command: str) -> str:
    """Name who acts: the command, and whose process it is."""
    user = os.getuid()
    try:
        return f"{command} by {pwd.getpwuid(user).pw_name}"
    except KeyError:  # a container's user need have no name
        return f"{command} by user {user}"
