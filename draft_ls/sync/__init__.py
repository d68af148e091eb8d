"""Sync: changed files into running containers, without a build."""
