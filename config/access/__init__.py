"""Everything that can be called from outside, with who may call it: default deny."""
