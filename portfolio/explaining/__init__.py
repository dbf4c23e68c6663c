"""Why a figure is what it is: its formula, what went into it, and that they give it."""
