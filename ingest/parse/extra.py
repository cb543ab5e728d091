"""A package that is not installed enters, the error that names its install command leaves."""

from ingest.errors import ParseError

INSTALL = "pip install 'runcite[office]'"


def extra_missing(what: str, error: ModuleNotFoundError) -> ParseError:
    """Say how to install what a kind of file needs.

    Args:
        what: The kind of file, in the plural.
        error: What the import raised.
    """
    return ParseError(f"{what} need the package {error.name!r}, which is not installed; run {INSTALL}")
