"""From a source of runbooks to articles cut into chunks. Writes nothing."""
