"""Training: one loop, its schedules, its optimisers and its stream of events."""
