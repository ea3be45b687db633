"""A result that travels: what an audit found of a task, beside the task, bound to its content, signed where asked."""
