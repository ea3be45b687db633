"""What is wrong with a task, each statement with its evidence."""
