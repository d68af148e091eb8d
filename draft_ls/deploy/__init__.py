"""Helm, rollout, failure diagnosis, routes and tunnels."""
