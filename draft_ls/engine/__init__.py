"""The loop: watcher → planner → pipeline, one session per (app, environment); events and history."""
