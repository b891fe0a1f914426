"""Files of generated rows: written, read and verified."""
