"""The driver of the bench: what to run, in which order, and what the figures say against the bars."""
