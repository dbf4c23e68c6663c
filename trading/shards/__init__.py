"""What one matcher owns, reads and writes: books, batches, commands, wake-ups."""
