"""Say what the system's errors mean for a user."""


def reworded(error: OSError, message: str) -> OSError:
    """Return an error of the same class and number with another message.

    Args:
        error: What the system said.
        message: One line for a user.
    """
    if error.errno is None:
        return type(error)(message)
    return OSError(error.errno, message)  # OSError picks its subclass by the number
