"""The Kubernetes client: contexts, watch, exec, logs, port-forward. The only room that imports kubernetes."""
