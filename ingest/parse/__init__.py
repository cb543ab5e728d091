"""From bytes to normalised text and blocks: one file per format."""
